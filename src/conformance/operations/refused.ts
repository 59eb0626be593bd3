import assert from "node:assert/strict";
import {
  accepted,
  between,
  type Check,
  check,
  maxDrop,
  maxGrowth,
  noRows,
  notNull,
  reconcile,
  rowCount,
  unique,
} from "../../check/checks.js";
import type { CheckResult } from "../../check/result.js";
import { rows, type SourceTotals } from "../../source/source.js";
import { sql, template } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import type { Place } from "../place.js";
import { needs } from "./needs.js";
import {
  batch,
  cells,
  col,
  day,
  daysPipeline,
  failure,
  type Item,
  itemsPipeline,
  litter,
  load,
  picture,
  whole,
} from "./world.js";

/** A check that good rows pass and bad ones fail, on top of items 1 to 5 with `v` 1. */
interface Trial {
  readonly name: string;
  readonly check: Check<"id" | "name" | "v" | "seq">;
  readonly bad: readonly Item[];
  readonly observed: CheckResult["observed"];
  readonly bound: CheckResult["bound"];
  readonly samples: number;
  readonly totals?: SourceTotals;
  readonly javascript?: true;
}
const one = (name: string | null, v: number): Item[] => [{ id: 3, name, v, seq: 2 }];
const trials: readonly Trial[] = [
  { name: "rowCount", check: rowCount({ max: 10 }), bad: batch(5, 12, 2), observed: 12, bound: { max: 10 }, samples: 0 },
  { name: "maxGrowth", check: maxGrowth(0.2), bad: batch(5, 12, 2), observed: 12, bound: { max: 6 }, samples: 0 },
  { name: "notNull(name)", check: notNull("name"), bad: one(null, 2), observed: 1, bound: { max: 0 }, samples: 1 },
  { name: "unique(name)", check: unique("name"), bad: one("n1", 2), observed: 1, bound: { max: 0 }, samples: 1 },
  {
    name: "accepted(v)",
    check: accepted("v", [1, 2]),
    bad: one("n3", 3),
    observed: 1,
    bound: { max: 0, values: ["1", "2"] },
    samples: 1,
  },
  {
    name: "between(v)",
    check: between("v", { min: 0, max: 5 }),
    bad: one("n3", 6),
    observed: 1,
    bound: { max: 0, from: "0", to: "5" },
    samples: 1,
  },
  {
    name: "no seven",
    check: noRows("no seven", template`SELECT * FROM ${sql.self} WHERE ${col("v")} = 7`),
    bad: one("n3", 7),
    observed: 1,
    bound: { max: 0 },
    samples: 1,
  },
  {
    name: "reconcile(rows)",
    check: reconcile(),
    bad: batch(5, 6, 2),
    observed: 2,
    bound: { min: 3, max: 3 },
    samples: 0,
    totals: { rows: 3 },
  },
  {
    name: "mine",
    check: check("mine", async ({ query, self }) => {
      const [row] = await query(template`SELECT COUNT(*) AS ${col("n")} FROM ${self}`);
      const n = Number(row?.["n"]);
      return { pass: n <= 6, observed: n, message: `${n} rows` };
    }),
    bad: batch(5, 12, 2),
    observed: 12,
    bound: null,
    samples: 0,
    javascript: true,
  },
];
const asked = (place: Place): readonly Trial[] =>
  trials.filter((t) => t.javascript === undefined || place.adapter.capabilities.transaction === "interactive");
const bad = (t: Trial) => ({ items: rows(t.bad, t.totals === undefined ? {} : { totals: t.totals }) });
const failed = (checks: readonly CheckResult[]) => checks.filter((c) => c.outcome === "fail");

export const refusedCases: readonly CaseDefinition[] = [
  {
    name: "a failed check of every kind leaves live, watermark and status as they were, and tells what it saw",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const plain = itemsPipeline(place);
      await plain.run(load(1, 5, 1));
      const before = await picture(place, plain, "items");
      for (const t of asked(place)) {
        const etl = itemsPipeline(place, { checks: [t.check] });
        const [c, ...others] = failed((await failure(etl.run(bad(t)), "CHECKS_FAILED")).context.checks);
        assert.deepEqual([c?.table, c?.check, c?.severity, others.length], ["items", t.name, "error", 0]);
        assert.deepEqual(c?.observed, t.observed, `${t.name} observed something else`);
        assert.deepEqual(c?.bound, t.bound, `${t.name} was held against another bound`);
        assert.equal(c?.samples.length, t.samples, `${t.name} shows ${c?.samples.length} samples`);
        assert.deepEqual(await picture(place, etl, "items"), before, `a failed ${t.name} changed something`);
      }
      assert.deepEqual(await litter(place), [], "staged rows are left");
      await whole(plain);
    },
  },
  {
    name: "a check of every kind lets good rows pass, and warns instead where it is told to",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      await itemsPipeline(place).run(load(1, 5, 1));
      for (const [i, t] of asked(place).entries()) {
        const v = 1 + (i % 2);
        const good = { items: rows([{ id: 5, name: "n5", v, seq: 10 + i }], { totals: { rows: 1, sums: { v } } }) };
        const report = await itemsPipeline(place, { checks: [t.check] }).run(good);
        const outcomes = new Set(report.checks.map((c) => c.outcome));
        assert.deepEqual(outcomes, new Set(["pass"]), `${t.name} refused good rows`);
      }
      const lenient = itemsPipeline(place, {
        checks: [between("v", { max: 2 }, { severity: "warn", samples: 1 }), maxDrop(0.1), reconcile()],
      });
      const report = await lenient.run(load(1, 2, 9, 30));
      assert.deepEqual(
        report.checks.map((c) => [c.check, c.outcome, c.samples.length]),
        [
          ["between(v)", "warn", 1],
          ["maxDrop", "pass", 0],
          ["reconcile", "insufficient", 0],
        ],
      );
      const { ok, checks } = await itemsPipeline(place, { checks: [between("v", { max: 2 })] }).check();
      assert.deepEqual([ok, checks[0]?.observed, checks[0]?.trust], [false, 2, "scan"], "check() does not read live");
    },
  },
  {
    name: "a failed check refuses a candidate, which leaves live as it was",
    invariant: 3,
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const plain = itemsPipeline(place);
      await plain.run(load(1, 5, 1));
      const before = await picture(place, plain, "items");
      for (const t of asked(place).filter((_, n) => n % 2 === 0)) {
        const etl = itemsPipeline(place, { checks: [t.check] });
        const candidate = await etl.clone();
        await candidate.load(bad(t));
        const rehearsed = await candidate.validate();
        assert.deepEqual([rehearsed.ok, failed(rehearsed.checks).map((c) => c.check)], [false, [t.name]]);
        const { context } = await failure(candidate.swap(), "CHECKS_FAILED");
        assert.deepEqual(failed(context.checks)[0]?.observed, t.observed);
        await candidate.reject();
        assert.deepEqual(await picture(place, etl, "items"), before, `a candidate that failed ${t.name} changed something`);
      }
      await failure(
        itemsPipeline(place, { checks: [rowCount({ max: 3 })] }).run(load(1, 5, 2), { strategy: "swap" }),
        "CHECKS_FAILED",
      );
      assert.deepEqual(await picture(place, plain, "items"), before);
      assert.deepEqual(await litter(place), [], "refused candidates are left");
    },
  },
  {
    name: "a partition that loses or gains too much is refused, although the table as a whole does not",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      await daysPipeline(place).run({ days: rows([...day(1, ...cells(10)), ...day(2, ...cells(10))]) });
      const checks = [maxDrop(0.2, { per: "partition" }), maxGrowth(0.5, { per: "partition" }), maxGrowth(9)];
      const etl = daysPipeline(place, checks);
      const before = await picture(place, etl, "days");
      const lost = await failure(etl.run({ days: rows([...day(2, ...cells(5)), ...day(3, ...cells(50))]) }), "CHECKS_FAILED");
      assert.deepEqual(
        lost.context.checks.map((c) => c.outcome),
        ["fail", "pass", "pass"],
      );
      assert.equal(lost.context.checks[0]?.observed, 0.5);
      assert.match(JSON.stringify(lost.context.checks[0]?.samples), /2001-01-02/, "the sample does not name the partition");
      const gained = await failure(etl.run({ days: rows(day(2, ...cells(16))) }), "CHECKS_FAILED");
      assert.deepEqual(
        gained.context.checks.map((c) => c.outcome),
        ["pass", "fail", "pass"],
      );
      assert.deepEqual(await picture(place, etl, "days"), before);
      assert.equal((await etl.run({ days: rows(day(2, ...cells(15))) })).status, "published");
    },
  },
  {
    name: "a check in JavaScript that throws refuses the release, and its error is the cause",
    invariant: 3,
    skip: needs("blocks", "javascript"),
    async run(place) {
      await itemsPipeline(place).run(load(1, 5, 1));
      const boom = new Error("the check itself is broken");
      const etl = itemsPipeline(place, { checks: [check("broken", () => Promise.reject(boom))] });
      const before = await picture(place, etl, "items");
      const e = await failure(etl.run(load(6, 7, 2)), "CHECKS_FAILED");
      assert.equal(e.cause, boom);
      assert.deepEqual(await picture(place, etl, "items"), before);
    },
  },
  {
    name: "checks read all rows at first, then only those that change, and all again when nothing can be trusted",
    invariant: 3,
    also: [6],
    skip: needs("blocks"),
    async run(place) {
      const checks = [rowCount({ min: 1 }), notNull("v"), unique("id"), unique("name")];
      const etl = itemsPipeline(place, { checks, scanEvery: 3 });
      const trust = async (n: number) => (await etl.run(load(n, n + 1, n))).checks.map((c) => c.trust);
      const scan = ["scan", "scan", "scan", "scan"];
      const incremental = ["scan", "incremental", "incremental", "scan"];
      assert.deepEqual(await trust(1), scan);
      assert.deepEqual(await trust(2), incremental);
      assert.deepEqual(await trust(3), incremental);
      assert.deepEqual(await trust(4), scan, "every third release (scanEvery) reads all rows");
    },
  },
];
