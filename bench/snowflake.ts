import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { type Simulator, startSnowflake } from "../test/simulators/snowflake/server.js";
import type { Job, Took } from "./snowflake-child.js";
import { figure, type Group } from "./support.js";

interface Side extends Took {
  /** Without what COPY took, whose speed is the simulator's own. */
  readonly before: number;
  /** MB that went to the stage. */
  readonly sent: number;
}

async function measure(sim: Simulator, side: Job["side"], rows: number, round: number, dir: string): Promise<Side> {
  const file = fileURLToPath(new URL("./snowflake-child.ts", import.meta.url));
  const job: Job = { side, rows, table: `${side}_${round}`.toUpperCase(), login: sim.connectionOptions() };
  // What the side puts on the disk is measured in a folder of its own.
  const env = { ...process.env, TMPDIR: mkdtempSync(join(dir, "temp-")), TSX_DISABLE_CACHE: "1" };
  const mark = sim.counts.mark();
  const args = ["--import", "tsx", "--conditions=cutover-source", file, JSON.stringify(job)];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  if (child.exitCode !== 0) throw new Error(`staging by ${side} failed: ${errors}`);
  const took = JSON.parse(out) as Took;
  const { log, bytes } = sim.counts.since(mark);
  const copying = log.filter((s) => s.kind === "COPY").reduce((sum, s) => sum + s.milliseconds, 0);
  return { ...took, before: took.ms - copying, sent: bytes.put / 1024 / 1024 };
}

/** Rows of six types into a table of an account, by the adapter and by the driver alone; the account is simulated here. */
export const staged: Group = async (scale, dir) => {
  const rows = Math.min(Math.max(scale.rows, 20_000), 1_000_000);
  const sim = await startSnowflake();
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
  const against = "PUT and COPY of a CSV file written by hand";
  const ratio = (what: keyof Side): readonly number[] => all.map((r) => r.adapter[what] / r.hand[what]);
  const own = (what: keyof Side): readonly number[] => all.map((r) => r.adapter[what]);
  const job = `snowflake: staging ${rows} rows`;
  return [
    figure({ job, against, bar: 1.3 }, ratio("ms")),
    figure({ job: `${job}, all but the COPY`, against, bar: 1.3 }, ratio("before")),
    figure({ job: `${job}, bytes sent`, against, bar: 1.3 }, ratio("sent")),
    figure({ job: `${job}, MB sent`, against: "one MB", bar: 60 }, own("sent")),
    figure({ job: `${job}, memory (MB)`, against: "what it began with, in MB beyond it", bar: 150 }, own("memory")),
    figure({ job: `${job}, temporary files (MB)`, against: "the most at once, in MB", bar: 60 }, own("disk")),
  ];
};
