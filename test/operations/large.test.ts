import { cutover, query, sql, table } from "cutover";
import { afterEach, describe, expect, test } from "vitest";
import { readers } from "../support/readers.js";
import { type Db, openDb } from "../support/warehouse.js";

// Many times what an engine keeps in one row group, so that it takes its way for large inserts.
const days = table("days", {
  columns: { day: "date", place: "int64", n: "int64" },
  mode: "partition",
  partition: "day",
});
const daysOf = (db: Db) => db.own(cutover({ warehouse: db.warehouse, pipeline: "days", tables: { days } }));
const items = table("items", { columns: { id: "int64", v: "int64" }, key: "id" });
const itemsOf = (db: Db) => db.own(cutover({ warehouse: db.warehouse, pipeline: "items", tables: { items } }));
/** 17,000 rows a day. */
const spread = (from: number, to: number) =>
  query(
    sql`SELECT DATE '2001-01-01' + CAST(i // 17000 AS INTEGER) AS day, i % 17000 AS place, i AS n FROM range(${from}, ${to}) r(i)`,
  );
/** The rows by which a table differs from a query, in both directions. */
async function differs(db: Db, name: string, wanted: string): Promise<unknown> {
  const [row] = await db.query(
    `SELECT (SELECT count(*) FROM (FROM ${name} EXCEPT ALL (${wanted})))::INT AS more, (SELECT count(*) FROM ((${wanted}) EXCEPT ALL FROM ${name}))::INT AS less`,
  );
  return row;
}
const same = { more: 0, less: 0 };
/** Rows kept to go back over the releases. */
async function images(db: Db): Promise<number> {
  let n = 0;
  for (const t of (await db.tables()).filter((x) => x.startsWith("cutover_ledger.changes_")))
    n += Number((await db.query(`SELECT count(*) AS n FROM ${t}`))[0]?.["n"]);
  return n;
}

describe("duckdb", { timeout: 120_000 }, () => {
  const opened: Db[] = [];
  afterEach(async () => {
    for (const db of opened.splice(0)) await db.dispose();
  });
  const open = async (): Promise<Db> => {
    const db = await openDb("duckdb");
    opened.push(db);
    return db;
  };

  test("invariants 1 and 2: a large load of whole partitions, of which some are there unchanged, is in live row for row", async () => {
    const db = await open();
    const etl = daysOf(db);
    const wanted = (from: number, to: number) =>
      `SELECT DATE '2001-01-01' + CAST(i // 17000 AS INTEGER), i % 17000, i FROM range(${from}, ${to}) r(i)`;
    const early = `${wanted(0, 34_000)} UNION ALL ${wanted(561_000, 612_000)}`;
    await etl.run({ days: spread(0, 34_000) });
    await etl.run({ days: spread(561_000, 612_000) });
    const kept = await images(db);
    const report = await etl.run({ days: spread(0, 549_000) });
    expect(report.tables.days).toMatchObject({ inserted: 515_000, updated: 0, deleted: 0, unchanged: 34_000, rows: 600_000 });
    expect(await differs(db, "days", `${wanted(0, 549_000)} UNION ALL ${wanted(561_000, 612_000)}`)).toEqual(same);
    expect((await images(db)) - kept).toBe(515_000);
    expect((await etl.audit()).ok).toBe(true);
    await etl.rollback();
    expect(await differs(db, "days", early)).toEqual(same);
    await etl.redo();
    expect(await differs(db, "days", `${wanted(0, 549_000)} UNION ALL ${wanted(561_000, 612_000)}`)).toEqual(same);
    expect((await etl.audit()).ok).toBe(true);
    expect((await etl.run({ days: spread(0, 549_000) })).status).toBe("nothing-to-do");
  });

  test("invariants 1 and 2: a large upsert that updates nothing is in live row for row", async () => {
    const db = await open();
    const etl = itemsOf(db);
    const load = (from: number, to: number) =>
      etl.run({ items: query(sql`SELECT i AS id, i AS v FROM range(${from}, ${to}) r(i)`) });
    const wanted = (to: number) => `SELECT i, i FROM range(0, ${to}) r(i)`;
    await load(0, 1000);
    expect((await load(1000, 501_000)).tables.items).toMatchObject({
      inserted: 500_000,
      updated: 0,
      deleted: 0,
      unchanged: 0,
      rows: 501_000,
    });
    expect(await differs(db, "items", wanted(501_000))).toEqual(same);
    expect(await images(db)).toBe(500_000);
    expect((await etl.audit()).ok).toBe(true);
    await etl.rollback();
    expect(await differs(db, "items", wanted(1000))).toEqual(same);
    await etl.redo();
    expect(await differs(db, "items", wanted(501_000))).toEqual(same);
    // Some of it is there already.
    expect((await load(400_000, 1_000_000)).tables.items).toMatchObject({
      inserted: 499_000,
      unchanged: 101_000,
      rows: 1_000_000,
    });
    expect(await differs(db, "items", wanted(1_000_000))).toEqual(same);
    expect((await etl.audit()).ok).toBe(true);
  });

  test("invariant 1: readers see released tallies only while large partitions are replaced", async () => {
    const db = await open();
    const etl = daysOf(db);
    const load = (v: number) =>
      etl.run({
        days: query(
          sql`SELECT DATE '2001-01-01' + CAST(i // 50000 AS INTEGER) AS day, i AS place, ${v} AS n FROM range(300000) r(i)`,
        ),
      });
    await etl.run({ days: query(sql`SELECT DATE '2002-01-01' AS day, i AS place, 0 AS n FROM range(1000) r(i)`) });
    await load(1);
    const watch = await readers(db, "SELECT count(*)::VARCHAR || ':' || sum(n)::VARCHAR AS tally FROM days");
    await watch.turn();
    const releases = [2, 3, 4, 5, 6, 7];
    for (const v of releases) {
      expect((await load(v)).tables.days).toMatchObject({ inserted: 300_000, deleted: 300_000, rows: 301_000 });
      await watch.turn();
    }
    const { seen, errors } = await watch.stop();
    expect(errors).toEqual([]);
    const released = [1, ...releases].map((v) => JSON.stringify([[`301000:${v * 300_000}`]]));
    expect(new Set(seen)).toEqual(new Set(released));
    expect((await etl.audit()).ok).toBe(true);
  });
});
