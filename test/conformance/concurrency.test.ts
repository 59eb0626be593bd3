import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { isCutoverError, rows } from "cutover";
import { duckdb } from "cutover/duckdb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { contend, turnsPipeline } from "../../src/conformance/operations/contend.js";
import type { Task } from "./concurrency-child.js";

let folder = "";
let children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cutover-"));
  children = [];
});
afterEach(async () => {
  for (const c of children) c.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});
const path = (): string => join(folder, "warehouse.duckdb");

/** A process of its own: `line()` is the next thing that it says, `go()` lets it go on. */
function start(task: Task) {
  const file = fileURLToPath(new URL("./concurrency-child.ts", import.meta.url));
  const p = spawn(process.execPath, ["--import", "tsx", "--conditions=cutover-source", file, JSON.stringify(task)], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  children.push(p);
  let errors = "";
  p.stderr.on("data", (d) => (errors += String(d)));
  const lines = createInterface({ input: p.stdout })[Symbol.asyncIterator]();
  return {
    async line(): Promise<Record<string, unknown>> {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`the child ended without a word: ${errors}`);
      return JSON.parse(String(value)) as Record<string, unknown>;
    },
    go: () => p.stdin.write("go\n"),
  };
}
const all = async (): Promise<{ rows: number | undefined; watermark: string | null; ok: boolean; lease: unknown }> => {
  await using etl = turnsPipeline(duckdb({ path: path() }));
  const { ok } = await etl.audit();
  const { tallies, watermarks, lease } = await etl.status();
  return { rows: tallies.turns?.rows, watermark: watermarks.turns, ok, lease };
};

describe("processes on one DuckDB file", { timeout: 120_000 }, () => {
  test("invariant 5: a second process is told who has the file, or waits for it as asked", async () => {
    const sitter = start({ path: path(), sit: true });
    const { inside } = await sitter.line();
    await using hasty = turnsPipeline(duckdb({ path: path() }));
    const source = { turns: rows([{ id: "second", n: 2, seq: 2 }]) };
    for (const call of [() => hasty.run(source), () => hasty.status(), () => hasty.rollback()]) {
      const e: unknown = await call().catch((x: unknown) => x);
      if (!isCutoverError(e, "LEASE_HELD")) throw e;
      expect(e.context.owner).toContain(String(inside));
      expect(e.retryable).toBe(true);
    }
    await using patient = turnsPipeline(duckdb({ path: path() }), "100s");
    const waiting = patient.run(source);
    sitter.go();
    expect(await sitter.line()).toEqual({ releases: [1] });
    expect(await waiting).toMatchObject({ status: "published", release: 2, tables: { turns: { rows: 2 } } });
  });

  test("invariant 5: a wait for another process ends with its signal", async () => {
    const sitter = start({ path: path(), sit: true });
    await sitter.line();
    await using patient = turnsPipeline(duckdb({ path: path() }), "100s");
    const abort = new AbortController();
    const waiting = patient.run({ turns: rows([{ id: "second", n: 2, seq: 2 }]) }, { signal: abort.signal });
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: "CANCELLED" });
    sitter.go();
    expect(await sitter.line()).toEqual({ releases: [1] });
  });

  test("invariant 5: several processes and this one contend for one file: one publishes at a time, and none is starved", async () => {
    const rounds = 3;
    const who = ["a", "b", "c"];
    const others = who.map((name) => start({ path: path(), contend: { who: name, rounds, wait: "100s" } }));
    const own = contend(duckdb({ path: path() }), { who: "own", rounds, wait: "100s" });
    const results = [await own, ...(await Promise.all(others.map((c) => c.line())))];
    const releases = results.flatMap((r) => r["releases"] as number[]).sort((a, b) => a - b);
    const turns = (who.length + 1) * rounds;
    expect(releases).toEqual(Array.from({ length: turns }, (_, i) => i + 1));
    expect(await all()).toEqual({ rows: turns + 1, watermark: String(turns), ok: true, lease: null });
  });
});
