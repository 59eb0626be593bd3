import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { BigQuery } from "@google-cloud/bigquery";
import { expect, onTestFinished, test } from "vitest";
import { project } from "./place.js";

const live = async (env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<string> => {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(BIGQUERY|GOOGLE)_/.test(name)));
  const command = ["--import", "tsx", "--conditions=cutover-source", "scripts/live.ts", "bigquery", ...args];
  return (await promisify(execFile)(process.execPath, command, { env: { ...clean, ...env } })).stdout;
};

test("the live tests say loudly that they were skipped, and what they need", async () => {
  const said = await live({});
  expect(said).toMatch(/!!! SKIPPED: nothing was tested/);
  expect(said).toContain("BIGQUERY_PROJECT, BIGQUERY_LOCATION");
}, 30_000);

test("with a project in the environment they run the kit in datasets of their own, and remove them", async () => {
  const p = await project();
  onTestFinished(() => p.close());
  const o = p.sim.connectionOptions();
  const names = async (): Promise<readonly (string | undefined)[]> =>
    (await new BigQuery(o).getDatasets())[0].map((d) => d.id).sort();
  const before = await names();
  const said = await live(
    {
      BIGQUERY_PROJECT: o.projectId,
      BIGQUERY_LOCATION: o.location,
      BIGQUERY_ACCESS_TOKEN: p.sim.token(),
      BIGQUERY_API_ENDPOINT: o.apiEndpoint,
    },
    "--only",
    "a repeat adds nothing",
  );
  const summary = JSON.parse(said.trim().split("\n").at(-1) ?? "") as Record<string, number>;
  expect(summary, said).toMatchObject({ service: "bigquery", failed: 0 });
  expect(summary["passed"]).toBeGreaterThan(0);
  expect(p.sim.counts.endpoints["datasets.insert"]).toBeGreaterThan(0);
  expect(await names()).toEqual(before);
}, 60_000);
