import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { account } from "../snowflake/place.js";
import { inTurn } from "../support/long.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tsx = createRequire(import.meta.url).resolve("tsx/cli");

test.runIf(inTurn(0, 8))(
  "invariant 1: the demo runs on Snowflake with another warehouse and the same pipeline, and its reader sees released states only",
  async () => {
    const a = await account();
    onTestFinished(() => a.close());
    const TMPDIR = await mkdtemp(join(tmpdir(), "cutover-examples-"));
    onTestFinished(() => rm(TMPDIR, { recursive: true, force: true }));
    const o = a.sim.connectionOptions();
    const env = {
      ...process.env,
      TMPDIR,
      NO_COLOR: "1",
      SNOWFLAKE_ACCOUNT: o.account,
      SNOWFLAKE_USER: o.username,
      SNOWFLAKE_PASSWORD: o.password,
      SNOWFLAKE_DATABASE: o.database,
      SNOWFLAKE_SCHEMA: o.schema,
      SNOWFLAKE_WAREHOUSE: o.warehouse,
      SNOWFLAKE_ACCESS_URL: o.accessUrl,
    };
    const demo = ["examples/demo/main.ts", "--on", "snowflake", "--days", "18", "--one-in", "20"];
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
    // Nothing is left: no table, no ledger, no session.
    expect(await a.sql("SHOW TABLES IN DATABASE")).toEqual([]);
    expect(await a.sql("SHOW SCHEMAS LIKE 'cutover_ledger'")).toEqual([]);
    expect(a.sim.sessions).toHaveLength(1);
    const left = (await readdir(TMPDIR)).filter((name) => !name.startsWith("tsx-") && !name.startsWith("node-compile"));
    expect(left).toEqual([]);
  },
  120_000,
);
