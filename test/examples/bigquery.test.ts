import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { BigQuery } from "@google-cloud/bigquery";
import { expect, onTestFinished, test } from "vitest";
import { project } from "../bigquery/place.js";
import { inTurn } from "../support/long.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tsx = createRequire(import.meta.url).resolve("tsx/cli");

test.runIf(inTurn(4, 8))(
  "invariant 1: the demo runs on BigQuery with another warehouse and the same pipeline, and its reader sees released states only",
  async () => {
    const p = await project();
    onTestFinished(() => p.close());
    const TMPDIR = await mkdtemp(join(tmpdir(), "cutover-examples-"));
    onTestFinished(() => rm(TMPDIR, { recursive: true, force: true }));
    const { dataset, ...o } = p.sim.connectionOptions();
    const env = {
      ...process.env,
      TMPDIR,
      NO_COLOR: "1",
      BIGQUERY_PROJECT: o.projectId,
      BIGQUERY_LOCATION: o.location,
      BIGQUERY_DATASET: dataset,
      BIGQUERY_ACCESS_TOKEN: p.sim.token(),
      BIGQUERY_API_ENDPOINT: o.apiEndpoint,
    };
    const demo = ["examples/demo/main.ts", "--on", "bigquery", "--days", "18", "--one-in", "20"];
    const { stdout } = await promisify(execFile)(process.execPath, [tsx, "--conditions=cutover-source", ...demo], {
      cwd: root,
      env,
    });
    const figure = (pattern: RegExp): number => Number(pattern.exec(stdout)?.[1]?.replaceAll(",", ""));
    expect(figure(/reads made\s+([\d,]+)/)).toBeGreaterThan(0);
    expect(figure(/reads failed\s+(\d+)/)).toBe(0);
    expect(figure(/half-published states seen\s+(\d+)/)).toBe(0);
    expect(figure(/\(control: (\d+)\)/)).toBeGreaterThan(0);
    for (const told of ["CHECKS_FAILED", "one column more", "rolled back", "recorded and found", "every promise kept"])
      expect(stdout).toContain(told);
    // Nothing is left: no table, no ledger.
    const client = new BigQuery(o);
    expect((await client.dataset(dataset).getTables())[0].map((t) => t.id)).toEqual([]);
    expect(await client.dataset("cutover_ledger").exists()).toEqual([false]);
    const left = (await readdir(TMPDIR)).filter((name) => !name.startsWith("tsx-") && !name.startsWith("node-compile"));
    expect(left).toEqual([]);
  },
  300_000,
);
