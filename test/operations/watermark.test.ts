import { cutover, query, rows, sql, table } from "cutover";
import { expect, test } from "vitest";
import * as z from "zod";
import { onEveryWarehouse } from "../support/warehouse.js";

onEveryWarehouse((open) => {
  test("watermark: a Date cursor rounds down, less the lookback; the ledger keeps every microsecond", async () => {
    const db = await open();
    const t = table("at", { columns: z.object({ id: z.bigint(), seen: z.date() }), key: "id", cursor: "seen", lookback: "10m" });
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "at", tables: { t } }));
    await etl.run({ t: query(sql`SELECT 1 AS id, TIMESTAMPTZ '2001-01-01 12:00:00.123999+00' AS seen`) });
    expect((await etl.status()).watermarks.t).toBe("2001-01-01T12:00:00.123999Z");
    let since: unknown;
    await etl.run((c) => {
      since = c.since.t;
      return {};
    });
    expect(since).toEqual(new Date("2001-01-01T11:50:00.123Z"));
  });

  const cursors = [
    ["int64", 5, 9_007_199_254_740_993n, "9007199254740993", 9_007_199_254_740_993n - 10n],
    ["date", "2001-01-01", "2001-03-01", "2001-03-01", "2001-02-28"],
    ["datetime", "2001-01-01T00:00:00", "2001-01-01T00:00:00.000001", "2001-01-01T00:00:00.000001", "2000-12-31T00:00:00.000001"],
    [
      "timestamp",
      "2001-01-01T00:00:00Z",
      "2001-01-01T01:00:00.000001+01:00",
      "2001-01-01T00:00:00.000001Z",
      "2000-12-31T00:00:00.000001Z",
    ],
    ["decimal(20,3)", "1.5", "12.25", "12.250", "2.250"],
    ["string", "a", "é", "é", "é"],
  ] as const;
  for (const [type, low, high, watermark, from] of cursors) {
    test(`watermark: a cursor of type ${type} is exact, and never moves back`, async () => {
      const db = await open();
      const lookback = type === "string" ? {} : { lookback: type === "int64" || type === "decimal(20,3)" ? 10 : ("1d" as const) };
      const t = table("c", { columns: { id: "int64", c: `${type}?` as "int64?" }, key: "id", cursor: "c", ...lookback });
      const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "c", tables: { t } }));
      const load = (...list: unknown[]) => etl.run({ t: rows(list.map((c, id) => ({ id, c })) as never[]) });
      await load(low, high, null);
      expect((await etl.status()).watermarks.t).toBe(watermark);
      const report = await etl.run(({ since }) => {
        expect(since.t).toEqual(from);
        return { t: rows([{ id: 9, c: low }] as never[]) };
      });
      expect(report.tables.t?.watermark).toEqual({ before: watermark, after: watermark });
    });
  }

  test("watermark: rows dated in the future load, but do not move it; a warning says so", async () => {
    const db = await open();
    const t = table("f", { columns: { id: "int64", at: "timestamp" }, key: "id", cursor: "at" });
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "f", tables: { t } }));
    const report = await etl.run({
      t: rows([
        { id: 1, at: "2001-01-01T00:00:00Z" },
        { id: 2, at: "2999-01-01T00:00:00Z" },
      ]),
    });
    expect(report.warnings.map((w) => w.code)).toEqual(["FUTURE_CURSOR"]);
    expect(report.tables.t).toMatchObject({ rows: 2, watermark: { after: "2001-01-01T00:00:00Z" } });
    const only = await etl.run({ t: rows([{ id: 3, at: "2999-01-01T00:00:00Z" }]) });
    expect(only.tables.t).toMatchObject({ rows: 3, watermark: { after: "2001-01-01T00:00:00Z" } });
  });

  test("watermark: in partition mode it moves with the partitions", async () => {
    const db = await open();
    const t = table("p", {
      columns: { day: "date", n: "int64" },
      mode: "partition",
      partition: "day",
      cursor: "day",
      lookback: "2d",
    });
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "p", tables: { t } }));
    await etl.run({
      t: rows([
        { day: "2001-01-30", n: 1 },
        { day: "2001-02-01", n: 1 },
      ]),
    });
    await etl.run(({ since }) => {
      expect(since.t).toBe("2001-01-30");
      return { t: rows([{ day: "2001-01-31", n: 2 }]) };
    });
    expect((await etl.status()).watermarks.t).toBe("2001-02-01");
  });
});
