import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startSnowflake } from "../simulators/snowflake/server.js";

const live = async (env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<string> => {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SNOWFLAKE_")));
  const command = ["--import", "tsx", "--conditions=cutover-source", "scripts/live.ts", "snowflake", ...args];
  return (await promisify(execFile)(process.execPath, command, { env: { ...clean, ...env } })).stdout;
};

test("the live tests say loudly that they were skipped, and what they need", async () => {
  const said = await live({});
  expect(said).toMatch(/!!! SKIPPED: nothing was tested/);
  expect(said).toContain("SNOWFLAKE_ACCOUNT, SNOWFLAKE_USER, SNOWFLAKE_DATABASE, SNOWFLAKE_WAREHOUSE");
});

test("with an account in the environment they run the kit in schemas of their own, and remove them", {
  timeout: 60_000,
}, async () => {
  const sim = await startSnowflake();
  const o = sim.connectionOptions();
  const said = await live(
    {
      SNOWFLAKE_ACCOUNT: o.account,
      SNOWFLAKE_USER: o.username,
      SNOWFLAKE_PASSWORD: o.password,
      SNOWFLAKE_DATABASE: o.database,
      SNOWFLAKE_WAREHOUSE: o.warehouse,
      SNOWFLAKE_ACCESS_URL: o.accessUrl,
    },
    "--only",
    "a repeat adds nothing",
  );
  const summary = JSON.parse(said.trim().split("\n").at(-1) ?? "") as Record<string, number>;
  expect(summary, said).toMatchObject({ service: "snowflake", failed: 0 });
  expect(summary["passed"]).toBeGreaterThan(0);
  const statements = sim.counts.log.map((s) => s.sql);
  const made = statements.filter((s) => /CREATE SCHEMA/.test(s)).length;
  expect(made).toBeGreaterThan(0);
  expect(statements.filter((s) => /DROP SCHEMA/.test(s)).length).toBeGreaterThanOrEqual(made);
  await sim.close();
});
