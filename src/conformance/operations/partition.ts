import assert from "node:assert/strict";
import { unique } from "../../check/checks.js";
import { rows } from "../../source/source.js";
import { table } from "../../table/define.js";
import type { CaseDefinition } from "../case.js";
import { needs } from "./needs.js";
import { contents, day, daysPipeline, failure, picture, still, whole } from "./world.js";

const visits = table("visits", {
  columns: { id: "int64", day: "date", n: "int64" },
  mode: "partition",
  partition: "day",
  key: "id",
  checks: [unique("id")],
});
const visit = (id: number, d: number, n: number) => ({ id, day: `2001-01-0${d}`, n });

/** Loads that replace whole partitions. */
export const partitionCases: readonly CaseDefinition[] = [
  {
    name: "partitions that a load has rows of are replaced whole, the others stay, and equal rows keep their number",
    invariant: 2,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      const etl = daysPipeline(place);
      await etl.run({ days: rows([...day(1, ["a", 1], ["a", 1], ["b", 2]), ...day(2, ["c", 3])]) });
      const one = await still(place, etl, "days");
      const report = await etl.run({ days: rows([...day(1, ["a", 1], ["a", 1], ["a", 1]), ...day(3, ["d", 4], ["d", 4])]) });
      const { inserted, deleted, unchanged, updated, rows: count } = report.tables.days ?? {};
      assert.deepEqual([inserted, deleted, unchanged, updated, count], [3, 1, 2, 0, 6]);
      const spots = ((await contents(place, "days"))?.rows ?? []).map((r) => `${String(r[1])}${String(r[2])}`).sort();
      assert.deepEqual(spots, ["a1", "a1", "a1", "c3", "d4", "d4"]);
      assert.equal((await etl.run({ days: rows(day(3, ["d", 4], ["d", 4])) })).status, "nothing-to-do");
      await etl.rollback();
      assert.deepEqual(await still(place, etl, "days"), one);
      await whole(etl);
    },
  },
  {
    name: "a partition of which a load brings no row is left alone, and a load of none has nothing to do",
    invariant: 2,
    skip: needs("blocks"),
    async run(place) {
      const etl = daysPipeline(place);
      await etl.run({ days: rows([...day(1, ["a", 1], ["b", 1]), ...day(2, ["c", 1])]) });
      assert.equal((await etl.run({ days: rows([]) })).status, "nothing-to-do");
      const { deleted, rows: count } = (await etl.run({ days: rows(day(2, ["c", 2])) })).tables.days ?? {};
      assert.deepEqual([deleted, count], [1, 3]);
      await whole(etl);
    },
  },
  {
    name: "with a key, a changed row of a partition is an update, and a key that lives in another partition is refused",
    invariant: 2,
    also: [3, 4],
    skip: needs("blocks"),
    async run(place) {
      const etl = place.pipeline({ pipeline: "visits", tables: { visits } });
      await etl.run({ visits: rows([visit(1, 1, 1), visit(2, 1, 1), visit(3, 2, 1)]) });
      const {
        updated,
        inserted,
        deleted,
        rows: count,
      } = (await etl.run({ visits: rows([visit(1, 1, 2), visit(4, 1, 1)]) })).tables.visits ?? {};
      assert.deepEqual([updated, inserted, deleted, count], [1, 1, 1, 3]);
      const before = await picture(place, etl, "visits");
      const e = await failure(etl.run({ visits: rows([visit(3, 1, 9)]) }), "BAD_ROW");
      assert.equal(e.context.table, "visits");
      assert.deepEqual(await picture(place, etl, "visits"), before, "a refused load changed something");
      const moved = await etl.run({ visits: rows([visit(3, 1, 9), visit(1, 2, 9)]) });
      assert.equal(moved.status, "published", "a key moves between partitions that are both in the load");
      await etl.rollback();
      assert.deepEqual(await still(place, etl, "visits"), before);
      await whole(etl);
    },
  },
  {
    name: "NULL in the partition column is a BAD_ROW",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const t = table("days", { columns: { day: "date?", n: "int64" }, mode: "partition", partition: "day" });
      const etl = place.pipeline({ pipeline: "days", tables: { t } });
      await failure(etl.run({ t: rows([{ day: null, n: 1 }]) }), "BAD_ROW");
    },
  },
];
