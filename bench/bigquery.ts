import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { type Simulator, startBigQuery } from "../test/simulators/bigquery/server.js";
import type { Job, Took } from "./bigquery-child.js";
import { figure, type Group } from "./support.js";

interface Side extends Took {
  /** Without what the load job took, whose speed is the simulator's own. */
  readonly before: number;
  /** MB that were uploaded. */
  readonly sent: number;
}

async function measure(sim: Simulator, side: Job["side"], rows: number, round: number, dir: string): Promise<Side> {
  const file = fileURLToPath(new URL("./bigquery-child.ts", import.meta.url));
  const { authClient: _client, ...login } = sim.connectionOptions();
  const job: Job = { side, rows, table: `${side}_${round}`, login, token: sim.token() };
  const env = { ...process.env, TMPDIR: mkdtempSync(join(dir, "temp-")), TSX_DISABLE_CACHE: "1" };
  const mark = sim.counts.mark();
  const args = ["--import", "tsx", "--conditions=cutover-source", file, JSON.stringify(job)];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  if (child.exitCode !== 0) throw new Error(`staging by ${side} failed: ${errors}`);
  const took = JSON.parse(out) as Took;
  const { log, bytes } = sim.counts.since(mark);
  const loading = log.filter((j) => j.kind === "load").reduce((sum, j) => sum + j.milliseconds, 0);
  return { ...took, before: took.ms - loading, sent: bytes.uploaded / 1024 / 1024 };
}

/** Rows of six types into a table of a project, by the adapter and by the client alone; the project is simulated here. */
export const loaded: Group = async (scale, dir) => {
  const rows = Math.min(Math.max(scale.rows, 20_000), 1_000_000);
  const sim = await startBigQuery();
  const all: { readonly adapter: Side; readonly hand: Side }[] = [];
  try {
    for (let i = 0; i < scale.runs; i++) {
      const first = i % 2 === 0 ? await measure(sim, "adapter", rows, i, dir) : null;
      const hand = await measure(sim, "hand", rows, i, dir);
      all.push({ adapter: first ?? (await measure(sim, "adapter", rows, i, dir)), hand });
    }
  } finally {
    await sim.close();
  }
  const against = "a load job of JSON lines written by hand";
  const ratio = (what: keyof Side): readonly number[] => all.map((r) => r.adapter[what] / r.hand[what]);
  const own = (what: keyof Side): readonly number[] => all.map((r) => r.adapter[what]);
  const job = `bigquery: staging ${rows} rows`;
  return [
    figure({ job, against, bar: 1.3 }, ratio("ms")),
    figure({ job: `${job}, all but the load job`, against, bar: 1.3 }, ratio("before")),
    figure({ job: `${job}, bytes sent`, against, bar: 1.3 }, ratio("sent")),
    figure({ job: `${job}, memory (MB)`, against: "what it began with, in MB beyond it", bar: 150 }, own("memory")),
  ];
};
