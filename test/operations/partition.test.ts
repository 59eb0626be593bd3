import { cutover, rows, table, unique } from "cutover";
import { expect, test } from "vitest";
import { day, daysPipeline, failure } from "../support/fixtures.js";
import { onEveryWarehouse } from "../support/warehouse.js";

onEveryWarehouse((open) => {
  test("partition: those that a load has rows of are replaced whole, the others stay; duplicates keep their number", async () => {
    const db = await open();
    const etl = daysPipeline(db);
    await etl.run({ days: rows([...day(1, ["a", 1], ["a", 1], ["b", 2]), ...day(2, ["c", 3])]) });
    const report = await etl.run({ days: rows([...day(1, ["a", 1], ["a", 1], ["a", 1]), ...day(3, ["d", 4], ["d", 4])]) });
    expect(report.tables.days).toMatchObject({ inserted: 3, deleted: 1, unchanged: 2, updated: 0, rows: 6 });
    expect(await db.query("SELECT day::VARCHAR AS day, place, count(*)::INT AS n FROM days GROUP BY ALL ORDER BY ALL")).toEqual([
      { day: "2001-01-01", place: "a", n: 3 },
      { day: "2001-01-02", place: "c", n: 1 },
      { day: "2001-01-03", place: "d", n: 2 },
    ]);
    expect((await etl.run({ days: rows(day(3, ["d", 4], ["d", 4])) })).status).toBe("nothing-to-do");
    expect((await etl.audit()).ok).toBe(true);
  });

  test("partition: with a key, a row that changes is an update, and a key that lives elsewhere is refused", async () => {
    const db = await open();
    const t = table("visits", {
      columns: { id: "int64", day: "date", n: "int64" },
      mode: "partition",
      partition: "day",
      key: "id",
      checks: [unique("id")],
    });
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "visits", tables: { t } }));
    const visit = (id: number, d: number, n: number) => ({ id, day: `2001-01-0${d}`, n });
    await etl.run({ t: rows([visit(1, 1, 1), visit(2, 1, 1), visit(3, 2, 1)]) });
    const report = await etl.run({ t: rows([visit(1, 1, 2), visit(4, 1, 1)]) });
    expect(report.tables.t).toMatchObject({ updated: 1, inserted: 1, deleted: 1, unchanged: 0, rows: 3 });
    const before = await db.content("visits");
    const e = await failure(etl.run({ t: rows([visit(3, 1, 9)]) }), "BAD_ROW");
    expect(e.message).toContain("partition");
    expect(await db.content("visits")).toEqual(before);
    // Both partitions in the load: then a key may move.
    expect((await etl.run({ t: rows([visit(3, 1, 9), visit(1, 2, 9)]) })).status).toBe("published");
    expect((await etl.audit()).ok).toBe(true);
    await etl.rollback();
    expect(await db.content("visits")).toEqual(before);
  });

  test("partition: NULL in the partition column is a BAD_ROW", async () => {
    const db = await open();
    const t = table("days", { columns: { day: "date?", n: "int64" }, mode: "partition", partition: "day" });
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "days", tables: { t } }));
    await failure(etl.run({ t: rows([{ day: null, n: 1 }]) }), "BAD_ROW");
  });

  test("partition: partitions of every type", async () => {
    const db = await open();
    const cases = [
      ["int64", 1, 2],
      ["string", "a'b", "é\0"],
      ["bool", true, false],
      ["timestamp", "2001-01-01T00:00:00.000001Z", "2001-01-01T00:00:00.000002Z"],
      ["datetime", "2001-01-01T00:00:00", "2001-01-02T00:00:00"],
      ["decimal(9,2)", "1.50", "-2"],
      ["float64", 0.1, -0.5],
      ["bytes", Buffer.from([0, 255]), Buffer.from([])],
    ] as const;
    for (const [type, a, b] of cases) {
      const name = `p_${type.replaceAll(/\W/g, "_")}`;
      const t = table(name, { columns: { p: type, n: "int64" } as never, mode: "partition", partition: "p" as never });
      const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: name, tables: { t } }));
      const load = (...list: object[]) => etl.run({ t: rows(list as never[]) });
      await load({ p: a, n: 1 }, { p: b, n: 1 }, { p: b, n: 2 });
      const report = await load({ p: b, n: 3 });
      expect([type, report.tables.t?.rows, report.tables.t?.deleted]).toEqual([type, 2, 2]);
      await etl.rollback();
      expect([type, (await etl.audit()).ok]).toEqual([type, true]);
    }
  });
});
