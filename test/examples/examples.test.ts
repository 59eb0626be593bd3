import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { long } from "../support/long.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tsx = createRequire(import.meta.url).resolve("tsx/cli");

/** Runs a script of `examples/` with a temporary folder of its own; resolves what it printed and what it left there. */
async function run(script: string, ...args: string[]): Promise<{ readonly out: string; readonly left: readonly string[] }> {
  const TMPDIR = await mkdtemp(join(tmpdir(), "cutover-examples-"));
  onTestFinished(() => rm(TMPDIR, { recursive: true, force: true }));
  const env = { ...process.env, TMPDIR, NO_COLOR: "1", TZ: "UTC" };
  const command = [tsx, "--conditions=cutover-source", join("examples", script), ...args];
  const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: root, env, maxBuffer: 1e8 });
  return {
    out: stdout,
    left: (await readdir(TMPDIR)).filter((name) => !name.startsWith("tsx-") && !name.startsWith("node-compile")),
  };
}

test("examples/first-load-to-rollback.ts tells its story and cleans up", async () => {
  const { out, left } = await run("first-load-to-rollback.ts");
  expect(out).toMatchInlineSnapshot(`
    "release 1: 3 inserted
    release 2: 1 inserted, 1 updated, 2 unchanged
    nothing new: nothing-to-do
    refused: between(amount): rows with amount out of bounds: 1, allowed at most 0
    update: 20.5 to 25
    insert: - to 40
    rolled back from 2 to 1: 3 rows
    held: release 2 was rolled back to 1
    redone to 2: 4 rows, audit ok
    "
  `);
  expect(left).toEqual([]);
}, 60_000);

test("examples/partitions.ts tells its story and cleans up", async () => {
  const { out, left } = await run("partitions.ts");
  expect(out).toMatchInlineSnapshot(`
    "release 1: 8 came, 0 went, 0 stayed; 8 rows up to 2026-01-06
    release 2: 1 came, 0 went, 4 stayed; 9 rows up to 2026-01-06
    refused: maxDrop per partition: largest drop of a partition of day: 0.5, allowed at most 0.25
    rolled back to 1: 8 rows
    "
  `);
  expect(left).toEqual([]);
}, 60_000);

test("examples/maintenance: rehearsed in a sandbox, mended, done on a candidate, taken back and done again", async () => {
  const { out, left } = await run("maintenance/main.ts");
  expect(out).toMatchInlineSnapshot(`
    "adopted: 120000 orders; amounts are VARCHAR, 5 spellings of countries, 0 indexes
    rehearsal, as planned
      index by customer
      countries in one spelling: 96000 rows
      UNSUPPORTED: it fails, and nobody but us has noticed
    rehearsal, mended
      countries in one spelling: 96000 rows
      amounts as numbers
      index by customer
      checks: rowCount pass, notNull(id) pass, notNull(customer) pass, notNull(amount) pass, unique(id) pass, accepted(country) pass
      in the sandbox: amounts are DECIMAL(18,2), 4 spellings of countries, 1 index; the audit is ok
      beside live: 120000 orders in both, 96000 spelled otherwise, 0 of another amount
      tomorrow: 500 orders came, as release 3
      and back: amounts are VARCHAR, 5 spellings of countries, 0 indexes
    meanwhile live: amounts are VARCHAR, 5 spellings of countries, 0 indexes
    in earnest
      countries in one spelling: 96000 rows
      amounts as numbers
      index by customer
      checks: rowCount pass, notNull(id) pass, notNull(customer) pass, notNull(amount) pass, unique(id) pass, accepted(country) pass
    live: amounts are DECIMAL(18,2), 4 spellings of countries, 1 index
    rolled back: amounts are VARCHAR, 5 spellings of countries, 0 indexes
    and again: amounts are DECIMAL(18,2), 4 spellings of countries, 1 index
    sandboxes left: 0
    "
  `);
  expect(left).toEqual([]);
}, 60_000);

test("examples/testing: a project's own tests pass, a crash at each call included", async () => {
  const args = [
    "--import",
    "tsx",
    "--conditions=cutover-source",
    "--test-reporter=tap",
    "--test",
    "examples/testing/orders.test.ts",
  ];
  // A runner of another kind must not be taken for part of this one.
  const { NODE_TEST_CONTEXT: _none, ...outer } = process.env;
  const env = { ...outer, EVERY: long ? "1" : "6" };
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env });
  expect(stdout).toMatch(/^# pass 3$/m);
  expect(stdout).toMatch(/^# fail 0$/m);
}, 120_000);

test("invariant 1: in the demo a reader without pause sees released states only, and the control is caught", async () => {
  const { out, left } = await run("demo/main.ts", "--days", "18");
  const figure = (pattern: RegExp): number => Number(pattern.exec(out)?.[1]?.replaceAll(",", ""));
  expect(figure(/reads made\s+([\d,]+)/)).toBeGreaterThan(0);
  expect(figure(/reads failed\s+(\d+)/)).toBe(0);
  expect(figure(/half-published states seen\s+(\d+)/)).toBe(0);
  expect(figure(/\(control: (\d+)\)/)).toBeGreaterThan(0);
  expect(out).toContain("CHECKS_FAILED");
  expect(out).toContain("every promise kept");
  expect(left).toEqual([]);
}, 300_000);
