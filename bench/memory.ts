import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { figure, type Group } from "./support.js";

/** The most memory that a process of its own took beyond what it began with and what the engine may use, in MB. */
function measure(job: "stage" | "diff", count: number, path: string): number {
  const child = fileURLToPath(new URL("./memory-child.ts", import.meta.url));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", "--conditions=cutover-source", child, job, String(count), path],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`${job} of ${count} rows failed: ${stderr}`);
  return Number(stdout.trim());
}

export const memory: Group = async ({ rows, runs }, dir) => {
  const objects = Math.ceil(rows / 2);
  const changes = Math.ceil(rows / 10);
  const each = (job: "stage" | "diff", count: number): readonly number[] =>
    Array.from({ length: runs }, (_, i) => measure(job, count, `${dir}/${job}-${i}.duckdb`));
  const against = "the engine's own limit, in MB beyond it";
  return [
    figure({ job: `memory: staging ${objects} objects (MB)`, against, bar: 150 }, each("stage", objects)),
    figure({ job: `memory: diff of ${changes} changes (MB)`, against, bar: 150 }, each("diff", changes)),
  ];
};
