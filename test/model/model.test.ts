import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Warehouse } from "cutover";
import { adapterOf } from "cutover/adapter";
import fc from "fast-check";
import { expect, test } from "vitest";
import { wrapped } from "../../src/conformance/wrapped.js";
import { long, seedOr } from "../support/long.js";
import { rollback } from "./drafts.js";
import type { Draft } from "./feeds.js";
import { disagreement } from "./property.js";

const seed = seedOr(20_010_101);
const times = long ? 20 : 1;

test(`whatever happens, library and model agree (CUTOVER_SEED=${seed})`, { timeout: 300_000 * times }, async () => {
  const failure = await disagreement({ seed, runs: long ? 480 : 12, commands: 40 });
  if (failure !== null) throw new Error(failure.message);
});

/** The same warehouse, whose rollbacks put nothing back. */
function careless(warehouse: Warehouse): Warehouse {
  const steps = adapterOf(warehouse)?.steps ?? {};
  const exchange: typeof steps.exchange = (s) => {
    const ops = steps.exchange?.(s) ?? [];
    return s.captured || s.remove === "before" || s.inserts === 0 ? ops : ops.slice(0, -1);
  };
  return wrapped(warehouse, { steps: { ...steps, exchange } });
}

test("the model finds a rollback that does too little, and prints the shortest way there as a program", {
  timeout: 300_000,
}, async () => {
  const load = fc.record({ id: fc.nat(2), v: fc.nat(2) }).map(
    ({ id, v }): Draft =>
      (m) => [{ do: "run", by: 0, feed: { items: [{ id, name: null, v, seq: m.events }] } }],
  );
  const drafts = fc.oneof(load, load, rollback);
  const failure = await disagreement({ seed: 6, runs: 50, commands: 8, drafts, wrap: careless });
  if (failure === null) throw new Error("the model took it for right");
  expect(failure.message).toContain("CUTOVER_SEED=6");
  expect(failure.trace.map((call) => /\.(\w+)\(/.exec(call)?.[1])).toEqual(["run", "run", "rollback"]);
  for (const call of failure.trace) expect(failure.script).toContain(`() => ${call})`);
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const args = ["--import", "tsx", "--conditions=cutover-source", "--input-type=module", "--eval", failure.script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  expect(stdout).toMatch(/^1 → .*"published".*\n2 → .*"published".*\n3 → \{"from":2,"to":1/);
  expect(stdout).toMatch(/\naudit → \{"ok":true/);
});
