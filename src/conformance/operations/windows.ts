import assert from "node:assert/strict";
import { rows } from "../../source/source.js";
import type { SqlValue } from "../../sql/sql.js";
import { table } from "../../table/define.js";
import type { ColumnType } from "../../table/types.js";
import type { CaseDefinition } from "../case.js";
import { needs } from "./needs.js";
import { batch, contents, day, failure, itemsPipeline, load, picture, still, told, whole } from "./world.js";

const days = table("days", {
  columns: { day: "date", spot: "string", n: "int64" },
  mode: "partition",
  partition: "day",
  cursor: "day",
});
/** A value, the next one, and the next, which differ in the last digit that the type has. Other types: by the steps. */
const cursors: Partial<Record<ColumnType, readonly [SqlValue, SqlValue, SqlValue]>> = {
  int64: [9_007_199_254_740_992n, 9_007_199_254_740_993n, 9_007_199_254_740_994n],
  "decimal(38,10)": [
    "1234567890123456789012345678.0123456787",
    "1234567890123456789012345678.0123456788",
    "1234567890123456789012345678.0123456789",
  ],
  timestamp: ["2001-01-01T00:00:00.000001Z", "2001-01-01T00:00:00.000002Z", "2001-01-01T00:00:00.000003Z"],
};

/** Loads of an interval of the cursor, and of partitions by name. */
export const windowCases: readonly CaseDefinition[] = [
  {
    name: "a window moves the watermark to its end, an empty one too; a backfill before the watermark never moves it",
    invariant: 2,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      const given: unknown[] = [];
      const run = (from: number, to: number, v: number, window: { readonly from?: number; readonly until: number }) =>
        etl.run(
          ({ since, until }) => {
            given.push([since.items, until]);
            return load(from, to, v);
          },
          { window },
        );
      const moved = async (report: ReturnType<typeof run>) => (await report).tables.items?.watermark;
      assert.deepEqual(await moved(run(1, 3, 5, { until: 10 })), { before: null, after: "10" });
      assert.deepEqual(await moved(run(4, 5, 12, { until: 20 })), { before: "10", after: "20" });
      const one = await still(place, etl, "items");
      assert.deepEqual(await moved(run(6, 7, 2, { from: 0, until: 4 })), { before: "20", after: "20" });
      assert.deepEqual(await moved(run(1, 0, 0, { until: 30 })), { before: "20", after: "30" });
      assert.equal((await run(1, 0, 0, { until: 30 })).status, "nothing-to-do");
      assert.deepEqual(given, [
        [undefined, 10n],
        [10n, 20n],
        [0n, 4n],
        [20n, 30n],
        [30n, 30n],
      ]);
      await whole(etl);
      await etl.rollback({ to: 2 });
      assert.deepEqual(await still(place, etl, "items"), one);
    },
  },
  {
    name: "a window that begins beyond the watermark is a GAP unless that is allowed, and so is one that was read before a rollback",
    invariant: 2,
    also: [3],
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 3, 1), { window: { until: 10 } });
      await etl.run(load(4, 5, 10), { window: { until: 20 } });
      const before = await picture(place, etl, "items");
      const e = await failure(etl.run(load(6, 7, 30), { window: { from: 21, until: 40 } }), "GAP");
      assert.deepEqual([e.context.watermark, e.context.from], ["20", "21"]);
      assert.deepEqual(await picture(place, etl, "items"), before);
      const release = await etl.begin();
      await release.load(load(6, 7, 20), { window: { from: 20, until: 30 } });
      await release.load(load(8, 9, 30), { window: { from: 30, until: 40 } });
      await etl.rollback();
      await etl.unhold();
      await failure(release.publish(), "GAP");
      await release.reject();
      const allowed = await etl.run(load(6, 7, 30), { window: { from: 21, until: 40, allowGap: true } });
      assert.deepEqual(allowed.tables.items?.watermark, { before: "10", after: "40" });
    },
  },
  {
    name: "windows that follow each other may be loaded into one release; its watermark is the end of the last",
    invariant: 2,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await using release = await etl.begin();
      await release.load(load(1, 2, 1), { window: { from: 0, until: 10 } });
      await release.load(load(3, 4, 10), { window: { from: 10, until: 20 } });
      const report = await release.publish();
      assert.deepEqual(told(report.tables.items, "inserted", "rows", "watermark"), [4, 4, { before: null, after: "20" }]);
    },
  },
  {
    name: "a window bounds cursors to the last digit, as rows and as the watermark",
    invariant: 2,
    skip: needs("blocks"),
    async run(place) {
      for (const [type, [low, from, until]] of Object.entries(cursors) as [
        ColumnType,
        readonly [SqlValue, SqlValue, SqlValue],
      ][]) {
        const name = `by_${type.replaceAll(/\W/g, "_")}`;
        const t = table(name, { columns: { id: "int64", c: type as "int64" }, mode: "append", cursor: "c" });
        const etl = place.pipeline({ pipeline: name, tables: { t } });
        const run = (list: readonly SqlValue[], window: { from?: SqlValue; until: SqlValue }) =>
          etl.run({ t: rows(list.map((c, id) => ({ id, c })) as never[]) }, { window });
        await run([low], { from: low, until: from });
        assert.deepEqual((await run([from], { until })).tables.t?.inserted, 1, type);
        await failure(run([until], { from, until }), "BAD_ROW");
        assert.equal((await run([from], { from, until })).status, "nothing-to-do", type);
        const text = String((await etl.status()).watermarks.t);
        assert.ok(
          text === String(until) || Number(text) === Number(until),
          `the watermark by ${type} is ${text}, not ${String(until)}`,
        );
      }
    },
  },
  {
    name: "a window of partitions is widened to whole ones, and empties those that the source has no more",
    invariant: 2,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      const etl = place.pipeline({ pipeline: "days", tables: { days } });
      await etl.run({ days: rows([1, 2, 3, 4].flatMap((d) => day(d, ["a", 1], ["b", 1]))) });
      const one = await still(place, etl, "days");
      const window = { from: "2001-01-02T13:00:00Z", until: new Date("2001-01-03T01:00:00Z") };
      const report = await etl.run({ days: rows(day(3, ["a", 1], ["c", 1])) }, { window });
      assert.deepEqual(told(report.tables.days, "inserted", "deleted", "unchanged", "rows"), [1, 3, 1, 6]);
      assert.equal(report.tables.days?.watermark.after, "2001-01-04");
      const empty = await etl.run({ days: rows([]) }, { window: { from: "2001-01-01", until: "2001-01-02" } });
      assert.deepEqual(told(empty.tables.days, "deleted", "rows"), [2, 4]);
      const before = await picture(place, etl, "days");
      await failure(
        etl.run({ days: rows(day(3, ["a", 9])) }, { window: { from: "2001-01-01", until: "2001-01-03" } }),
        "BAD_ROW",
      );
      assert.deepEqual(await picture(place, etl, "days"), before);
      await whole(etl);
      await etl.rollback({ to: 1 });
      assert.deepEqual(await still(place, etl, "days"), one);
    },
  },
  {
    name: "partitions by name are emptied where no row comes, rows of others are refused, and the watermark stays",
    invariant: 2,
    also: [3],
    skip: needs("blocks"),
    async run(place) {
      const states = table("states", {
        columns: { id: "int64", state: "string" },
        mode: "partition",
        partition: "state",
        key: "id",
      });
      const etl = place.pipeline({ pipeline: "named", tables: { states, days } });
      const row = (id: number, state: string) => ({ id, state });
      await etl.run({ states: rows([row(1, "open"), row(2, "paid"), row(3, "it's")]), days: rows(day(3, ["a", 1])) });
      const report = await etl.run(
        { states: rows([row(1, "paid"), row(2, "paid")]), days: rows([]) },
        { partitions: { states: ["open", "paid", "never", "open"], days: ["2001-01-09"] } },
      );
      assert.deepEqual(told(report.tables.states, "inserted", "updated", "deleted", "rows"), [0, 1, 0, 3]);
      assert.equal(report.tables.days?.watermark.after, "2001-01-03");
      const before = await picture(place, etl, "states");
      await failure(etl.run({ states: rows([row(9, "paid")]) }, { partitions: { states: ["open"] } }), "BAD_ROW");
      assert.deepEqual(await picture(place, etl, "states"), before);
      await whole(etl);
    },
  },
  {
    name: "a window that ends after the warehouse's clock loads, moves the watermark to the highest cursor, and tells it",
    invariant: 2,
    skip: needs("blocks"),
    async run(place) {
      const seen = table("seen", { columns: { id: "int64", at: "timestamp" }, key: "id", cursor: "at" });
      const etl = place.pipeline({ pipeline: "seen", tables: { seen } });
      const report = await etl.run(
        { seen: rows([{ id: 1, at: "2001-01-01T00:00:00.000001Z" }]) },
        { window: { until: new Date("2999-01-01T00:00:00Z") } },
      );
      assert.deepEqual(
        report.warnings.map((w) => w.code),
        ["FUTURE_CURSOR"],
      );
      assert.equal(report.tables.seen?.watermark.after, "2001-01-01T00:00:00.000001Z");
    },
  },
  {
    name: "setWatermark says where the next run reads on, publishes nothing, and goes back and forward with the last release",
    invariant: 4,
    also: [2],
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await failure(etl.setWatermark("items", 5n), "NOT_FOUND");
      await etl.run(load(1, 3, 10));
      const before = await picture(place, etl, "items");
      await etl.setWatermark("items", 4n);
      assert.deepEqual(await picture(place, etl, "items"), { ...before, watermarks: { items: "4" } });
      let since: unknown;
      const next = await etl.run((c) => {
        since = c.since.items;
        return load(4, 5, 7);
      });
      assert.deepEqual([since, next.tables.items?.watermark], [4n, { before: "4", after: "7" }]);
      await etl.rollback();
      assert.equal((await etl.status()).watermarks.items, "4");
      await etl.redo();
      await etl.setWatermark("items", null);
      assert.equal((await etl.status()).watermarks.items, null);
      await etl.rollback({ to: 0 });
      assert.equal((await etl.status()).watermarks.items, null);
      assert.equal((await contents(place, "items"))?.rows.length, 0);
      await etl.unhold();
      await etl.run(load(1, 3, 10));
      await whole(etl);
    },
  },
  {
    name: "a candidate that was made before the watermark was set is stale",
    invariant: 6,
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run({ items: rows(batch(1, 3, 10)) });
      await using candidate = await etl.clone();
      await candidate.load(load(4, 5, 12));
      await etl.setWatermark("items", 2n);
      await failure(candidate.swap(), "STALE_CANDIDATE");
      assert.equal((await etl.status()).watermarks.items, "2");
    },
  },
];
