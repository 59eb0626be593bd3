import assert from "node:assert/strict";
import { anomaly, freshness, matches } from "../../check/checks.js";
import { rows } from "../../source/source.js";
import { table } from "../../table/define.js";
import type { CaseDefinition } from "../case.js";
import { needs } from "./needs.js";
import { batch, contents, failure, itemsPipeline, load } from "./world.js";

const HOUR = 3_600_000;
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

/** Checks whose SQL is the engine's own, or that look back in the ledger. */
export const checkKindCases: readonly CaseDefinition[] = [
  {
    name: "checks: matches refuses text unlike its pattern, and reads only the rows that come once it has held",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place, { checks: [matches("name", /^n\d+(-x)?$/)] });
      const first = await etl.run(load(1, 3, 1));
      assert.deepEqual([first.checks[0]?.outcome, first.checks[0]?.trust], ["pass", "scan"]);
      const before = await contents(place, "items");
      const bad = [{ id: 4, name: "n4\n", v: 2, seq: 2 }, { id: 5, name: null, v: 2, seq: 2 }, ...batch(6, 6, 2)];
      const { context } = await failure(etl.run({ items: rows(bad) }), "CHECKS_FAILED");
      const [check] = context.checks;
      assert.deepEqual([check?.check, check?.trust, check?.observed], ["matches(name)", "incremental", 1]);
      assert.equal(check?.samples[0]?.["name"], "n4\n");
      assert.deepEqual(await contents(place, "items"), before, "a refused release changed something");
      assert.equal((await etl.run({ items: rows([{ id: 4, name: "n4-x", v: 2, seq: 2 }]) })).checks[0]?.trust, "incremental");
    },
  },
  {
    name: "checks: freshness tells old rows from new by the warehouse's clock, and has nothing to say of none",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const columns = { id: "int64", at: "timestamp?" } as const;
      const seen = table("seen", { columns, key: "id", checks: [freshness("at", { maxAge: "6h" })] });
      const etl = place.pipeline({ pipeline: "seen", tables: { seen } });
      const run = (id: number, at: string | null) => etl.run({ seen: rows([{ id, at }]) });
      assert.equal((await run(1, null)).checks[0]?.outcome, "insufficient");
      // A row ahead of the clock would keep any table fresh for good.
      await failure(
        etl.run({
          seen: rows([
            { id: 2, at: ago(8 * HOUR) },
            { id: 3, at: ago(-9000 * HOUR) },
          ]),
        }),
        "CHECKS_FAILED",
      );
      const { checks } = await run(2, ago(2 * HOUR));
      assert.deepEqual([checks[0]?.outcome, checks[0]?.bound], ["pass", { max: 6 * HOUR }]);
      assert.ok(Math.abs(Number(checks[0]?.observed) - 2 * HOUR) < HOUR, `an age of ${String(checks[0]?.observed)} ms`);
    },
  },
  {
    name: "checks: anomaly judges a release by those published before it, once there are enough, and rollback takes them back",
    invariant: 4,
    also: [3],
    skip: needs("blocks"),
    async run(place) {
      const o = { minHistory: 3, ratio: 0.5 };
      const warns = { ...o, severity: "warn" as const };
      const checks = [anomaly("rows", o), anomaly("changed", warns), anomaly({ sum: "v" }, warns)];
      const etl = itemsPipeline(place, { checks, keep: 5 });
      const outcomes = (found: readonly { outcome: string; observed: unknown }[]) =>
        found.map((c) => `${c.outcome} ${String(c.observed)}`);
      // 10, 11, 12 rows: their sums by v are 10, 12, 15.
      assert.deepEqual(outcomes((await etl.run(load(1, 10, 1))).checks), [
        "insufficient 10",
        "insufficient 10",
        "insufficient 10",
      ]);
      assert.deepEqual(outcomes((await etl.run(load(11, 11, 2))).checks), [
        "insufficient 11",
        "insufficient 1",
        "insufficient 12",
      ]);
      assert.deepEqual(outcomes((await etl.run(load(12, 12, 3))).checks), [
        "insufficient 12",
        "insufficient 1",
        "insufficient 15",
      ]);
      // The median of 10, 11, 12 is 11: half of it is allowed.
      const { context } = await failure(etl.run(load(13, 17, 4)), "CHECKS_FAILED");
      assert.deepEqual(context.checks[0]?.bound, { min: 6, max: 16, median: 11 });
      assert.deepEqual(outcomes(context.checks), ["fail 17", "pass 5", "warn 35"]);
      await etl.rollback();
      await etl.unhold();
      const again = await etl.run(load(12, 13, 3));
      assert.deepEqual(
        outcomes(again.checks),
        ["insufficient 13", "insufficient 2", "insufficient 18"],
        "a release that was refused or rolled back is remembered",
      );
      assert.deepEqual(outcomes((await etl.run(load(14, 14, 5))).checks), ["pass 14", "pass 1", "warn 23"]);
    },
  },
  {
    name: "checks: a candidate is judged by all of its rows, and by the releases before it",
    invariant: 3,
    skip: needs("blocks", "candidates"),
    async run(place) {
      const checks = [matches("name", "^n"), anomaly("rows", { minHistory: 3 }), anomaly("changed", { minHistory: 3 })];
      const etl = itemsPipeline(place, { checks, keep: 5 });
      for (const n of [10, 11, 12]) await etl.run(load(1, n, n));
      const candidate = await etl.rebuild();
      await candidate.load({ items: rows([...batch(1, 4, 20), { id: 5, name: "other", v: 1, seq: 20 }]) });
      const { ok, checks: found } = await candidate.validate();
      assert.equal(ok, false);
      assert.deepEqual(
        found.map((c) => [c.check, c.outcome, c.trust, c.observed]),
        [
          ["matches(name)", "fail", "scan", 1],
          ["anomaly(rows)", "fail", "scan", 5],
          ["anomaly(changed)", "insufficient", "scan", null],
        ],
      );
      await candidate.load({ items: rows(batch(1, 12, 21)) });
      assert.equal((await candidate.swap()).status, "published");
    },
  },
];
