import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import * as z from "zod";

const result = z.strictObject({
  jobs: z.array(
    z.strictObject({
      job: z.string().min(1),
      against: z.string().min(1),
      ratio: z.number().nonnegative(),
      bar: z.number().positive(),
      min: z.number().nonnegative(),
      max: z.number().nonnegative(),
      runs: z.literal(1),
      extraMs: z.number().optional(),
    }),
  ),
});

test("the bench runs every job, and tells them in one shape", async () => {
  const args = ["--import", "tsx", "--conditions=cutover-source", "bench/main.ts", "--json", "--rows", "2000", "--runs", "1"];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { jobs } = result.parse(JSON.parse(stdout));
  expect(jobs.map((j) => j.bar)).toEqual([
    1, 2.5, 1.2, 1, 4, 1.25, 1.4, 2, 1.1, 1.3, 1.3, 150, 150, 10, 1.3, 1.3, 1.3, 60, 150, 60, 1.3, 1.3, 1.3, 150,
  ]);
}, 120_000);
