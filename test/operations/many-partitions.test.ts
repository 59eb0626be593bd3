import { cutover, rows, table } from "cutover";
import { expect, test } from "vitest";
import { all, failure } from "../support/fixtures.js";
import { onEveryWarehouse } from "../support/warehouse.js";

const many = 1500;
const numbers = (n: number, make: (i: number) => { p: number; id: number; v: number }) =>
  rows(Array.from({ length: n }, (_, i) => make(i)));

onEveryWarehouse((open) => {
  for (const key of [[], ["id"]] as const) {
    test(`partitions too many to name (${key.length === 0 ? "without" : "with"} a key) are replaced, and no others`, async () => {
      const db = await open();
      const columns = { p: "int64", id: "int64", v: "int64" } as const;
      const t = table("things", { columns, mode: "partition", partition: "p", key });
      const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "things", tables: { t } }));
      // Two rows in each partition, and one partition that no further load has rows of.
      await etl.run({ t: numbers(2 * many + 2, (i) => ({ p: i >> 1, id: i, v: 0 })) });
      const second = await etl.run({ t: numbers(many, (i) => ({ p: i, id: 2 * i, v: 1 })) });
      expect(second.tables.t).toMatchObject({ rows: many + 2, deleted: key.length === 0 ? 2 * many : many });
      const content = "SELECT count(*)::INT AS n, sum(v)::INT AS v FROM things";
      expect(await db.query(content)).toEqual([{ n: many + 2, v: many }]);
      if (key.length > 0)
        await failure(etl.run({ t: numbers(many, (i) => ({ p: i, id: i === 7 ? 2 * many : 2 * i, v: 2 })) }), "BAD_ROW");
      await etl.rollback();
      expect(await db.query(content)).toEqual([{ n: 2 * many + 2, v: 0 }]);
      await etl.redo();
      const candidate = await etl.clone();
      await candidate.load({ t: numbers(many, (i) => ({ p: i, id: 2 * i, v: 3 })) });
      await candidate.swap();
      expect(await db.query(content)).toEqual([{ n: many + 2, v: 3 * many }]);
      expect(await all(etl.diff("t", { from: 2, to: 3 }))).toHaveLength(key.length === 0 ? 2 * many : many);
    });
  }
});
