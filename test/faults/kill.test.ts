import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { long } from "../support/long.js";
import { KEYS, pipeline } from "./loop.js";

const KILLS = long ? 200 : 8;
/** The longest that a process may work before it is killed, in milliseconds: some dozen releases. */
const LONGEST = 1500;

/** Starts the loop, and kills it at a moment that nobody chose. */
function killedAtRandom(path: string): Promise<void> {
  const child = fileURLToPath(new URL("./loop.ts", import.meta.url));
  const p = spawn(process.execPath, ["--import", "tsx", "--conditions=cutover-source", child, path], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let told = "";
  p.stderr.on("data", (d) => {
    told += String(d);
  });
  p.stdout.once("data", () => setTimeout(() => p.kill("SIGKILL"), Math.random() * LONGEST));
  return new Promise((resolve, reject) => {
    p.on("error", reject);
    p.on("exit", (code, signal) => {
      if (signal === "SIGKILL") resolve();
      else reject(new Error(`the loop ended by itself (${code}): ${told}`));
    });
  });
}

/** What a reader without this library sees. */
async function seen(path: string): Promise<readonly (readonly number[])[]> {
  const instance = await DuckDBInstance.create(path);
  const c = await instance.connect();
  try {
    const there = await c.runAndReadAll("SELECT 1 FROM duckdb_tables() WHERE table_name = 'events'");
    if (there.currentRowCount === 0) return [];
    const found = await c.runAndReadAll("SELECT id::INTEGER, v::INTEGER FROM events ORDER BY id");
    return found.getRows() as number[][];
  } finally {
    c.closeSync();
    instance.closeSync();
  }
}
/** The rows that follow from having read the source up to here. */
function released(watermark: number): readonly (readonly number[])[] {
  const rows = Array.from({ length: Math.min(watermark, KEYS) }, (_, i) => watermark - i);
  return rows.map((k) => [k % KEYS, k] as const).sort(([a], [b]) => a - b);
}

test(`invariants 1, 2, 7: ${KILLS} times kill -9 in the middle of releases: the file opens, live is a released state, the watermark agrees`, {
  timeout: 3_600_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "cutover-kill-"));
  const path = join(folder, "warehouse.duckdb");
  const watermarks = new Set<string>();
  try {
    for (let n = 1; n <= KILLS; n++) {
      await killedAtRandom(path);
      const before = await seen(path);
      const etl = pipeline(path);
      await etl.recover();
      const { watermarks: at, open, lease } = await etl.status();
      expect(before, `after kill ${n}`).toEqual(released(Number(at.events ?? 0)));
      expect(open).toEqual([]);
      expect(lease).toBeNull();
      expect((await etl.audit()).ok).toBe(true);
      watermarks.add(String(at.events));
      await etl.close();
      expect(await seen(path), `after recovery ${n}`).toEqual(before);
    }
    console.log(`${KILLS} kills, at ${watermarks.size} different watermarks`);
    expect(watermarks.size).toBeGreaterThan(1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
