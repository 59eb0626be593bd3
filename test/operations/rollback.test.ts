import { cutover, rows, sql } from "cutover";
import { expect, test } from "vitest";
import { all, batch, day, daysPipeline, daysTable, failure, itemsPipeline, itemsTable, picture } from "../support/fixtures.js";
import { type Db, onEveryWarehouse } from "../support/warehouse.js";

const schema = (db: Db) =>
  db.query(
    "SELECT column_name, data_type, is_nullable, column_default FROM duckdb_columns() WHERE table_name IN ('items', 'days') ORDER BY table_name, column_index",
  );
const seen = async (db: Db, p: { status(): Promise<unknown> }, ...tables: string[]) => ({
  ...(await picture(db, p, ...tables)),
  held: null,
  schema: await schema(db),
});

onEveryWarehouse((open) => {
  test("invariant 4: rollback restores rows, schema and watermark bit for bit (in place, upsert)", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 20, 1)) });
    const one = await seen(db, etl, "items");
    await etl.run({ items: rows(batch(11, 30, 2)) });
    const two = await seen(db, etl, "items");
    const report = await etl.rollback();
    expect(report).toMatchObject({ from: 2, to: 1, tables: { items: { rows: 20, watermark: { before: "2", after: "1" } } } });
    expect(await seen(db, etl, "items")).toEqual(one);
    expect((await etl.status()).held).toContain("2");
    expect((await etl.audit()).ok).toBe(true);
    await etl.redo();
    expect(await seen(db, etl, "items")).toEqual(two);
    expect((await etl.status()).held).toBeNull();
    expect((await etl.audit()).ok).toBe(true);
  });

  test("invariant 4: rollback restores rows bit for bit (in place, partitions without a key, exact duplicates)", async () => {
    const db = await open();
    const etl = daysPipeline(db);
    await etl.run({ days: rows([...day(1, ["a", 1], ["a", 1], ["a", 1], ["b", 2]), ...day(2, ["c", 3])]) });
    const one = await seen(db, etl, "days");
    await etl.run({ days: rows([...day(1, ["a", 1], ["b", 2], ["b", 2]), ...day(3, ["d", 4], ["d", 4])]) });
    const two = await seen(db, etl, "days");
    expect(two.contents[0]).toHaveLength(6);
    await etl.rollback();
    expect(await seen(db, etl, "days")).toEqual(one);
    await etl.redo();
    expect(await seen(db, etl, "days")).toEqual(two);
    expect((await etl.audit()).ok).toBe(true);
  });

  test("invariant 4: values of every type come back bit for bit", async () => {
    const db = await open();
    await db.query(`CREATE TABLE kinds (id BIGINT, f DOUBLE, s VARCHAR, b BOOLEAN, d DATE, t TIME, ts TIMESTAMPTZ, dt TIMESTAMP, y BLOB, j JSON, m DECIMAL(38,9),
      u UUID, l INTEGER[], st STRUCT(a INTEGER, b VARCHAR), e ENUM('x','y'), h HUGEINT, r FLOAT, i INTERVAL, ub UBIGINT, mp MAP(VARCHAR, INTEGER))`);
    await db.query(`INSERT INTO kinds VALUES
      (1, '-0.0', 'é', true, '2001-01-01', '23:59:59.999999', '2001-01-01 00:00:00.000001+00', '2001-01-01 00:00:00.000001', '\\x00\\xFF'::BLOB, '{"a": 1.10}', 12345678901234567890123456789.123456789,
       'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', [1, NULL, 3], {'a': 1, 'b': 'q'}, 'y', 170141183460469231731687303715884105727, 1.1, INTERVAL 3 DAY, 18446744073709551615, MAP {'k': 1}),
      (2, 'nan', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      (3, 'inf', '', false, '9999-12-31', '00:00:00', '0001-01-01 00:00:00+00', '9999-12-31 23:59:59.999999', ''::BLOB, 'null', -1, NULL, [], NULL, 'x', -1, '-inf', NULL, 0, MAP {})`);
    const { table } = await import("cutover");
    const kinds = table("kinds", { columns: { id: "int64", s: "string?" }, key: "id" });
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "kinds", tables: { kinds } }));
    await etl.adopt();
    const before = await db.content("kinds");
    await etl.run({ kinds: rows([{ id: 1, s: "x" }, { id: 2, s: "y" }, { id: 3, s: "z" }, { id: 4 }]) });
    expect(await db.query("SELECT count(*)::INT AS n FROM kinds WHERE s IN ('x', 'y', 'z') AND f IS NOT NULL")).toEqual([
      { n: 3 },
    ]);
    await etl.rollback();
    expect(await db.content("kinds")).toEqual(before);
    await etl.redo();
    const candidate = await etl.clone();
    await candidate.load({ kinds: rows([{ id: 1, s: "w" }]) });
    await candidate.swap();
    expect(await all(etl.diff("kinds", { from: 0, to: 2 }))).toHaveLength(4);
    await etl.rollback({ to: 0 });
    expect(await db.content("kinds")).toEqual(before);
    expect((await etl.audit()).ok).toBe(true);
  });

  test("invariant 4: several rollbacks in a row, then redo twice, in place and across a swap", async () => {
    const db = await open();
    const etl = itemsPipeline(db, { keep: 10 });
    const states = [];
    await etl.run({ items: rows(batch(1, 10, 1)) });
    states.push(await seen(db, etl, "items"));
    await etl.run({ items: rows(batch(6, 15, 2)) });
    states.push(await seen(db, etl, "items"));
    const candidate = await etl.clone();
    await candidate.transform(sql`ALTER TABLE ${candidate.refs.items} ADD COLUMN note VARCHAR DEFAULT 'n'`);
    await candidate.load({ items: rows(batch(1, 3, 3)) });
    await candidate.swap();
    states.push(await seen(db, etl, "items"));
    await etl.run({ items: rows(batch(16, 20, 4)) });
    states.push(await seen(db, etl, "items"));
    await etl.rollback();
    expect(await seen(db, etl, "items")).toEqual(states[2]);
    await etl.rollback({ to: 1 });
    expect(await seen(db, etl, "items")).toEqual(states[0]);
    expect((await etl.audit()).ok).toBe(true);
    await etl.redo();
    expect(await seen(db, etl, "items")).toEqual(states[2]);
    await etl.redo();
    expect(await seen(db, etl, "items")).toEqual(states[3]);
    await failure(etl.redo(), "NOTHING_TO_REDO");
    await etl.rollback({ to: 1 });
    expect(await seen(db, etl, "items")).toEqual(states[0]);
    await etl.redo();
    expect(await seen(db, etl, "items")).toEqual(states[3]);
    expect((await etl.audit()).ok).toBe(true);
    await etl.recover();
    expect(await seen(db, etl, "items")).toEqual(states[3]);
    await etl.rollback({ to: 2 });
    expect(await seen(db, etl, "items")).toEqual(states[1]);
  });

  test("invariant 4: rollback, then a new run, converges to never having rolled back", async () => {
    const db = await open();
    const etl = itemsPipeline(db, { keep: 10 });
    await etl.run({ items: rows(batch(1, 10, 1)) });
    await etl.run({ items: rows(batch(5, 15, 2)) });
    const wanted = await db.content("items");
    await etl.rollback();
    await failure(etl.run({ items: rows(batch(5, 15, 2)) }), "HELD");
    await etl.unhold();
    const report = await etl.run({ items: rows(batch(5, 15, 2)) });
    expect(report).toMatchObject({ release: 3, tables: { items: { updated: 6, inserted: 5 } } });
    expect(await db.content("items")).toEqual(wanted);
    await failure(etl.redo(), "NOTHING_TO_REDO");
    await etl.rollback();
    await etl.unhold();
    await etl.run({ items: rows(batch(5, 15, 2)) }, { strategy: "swap" });
    expect(await db.content("items")).toEqual(wanted);
    expect((await etl.audit()).ok).toBe(true);
  });

  test("invariant 4: rollback of the first load empties the table; it cannot be redone, but run again", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 10, 1)) });
    const one = await db.content("items");
    const report = await etl.rollback();
    expect(report).toMatchObject({ from: 1, to: 0 });
    expect(await db.content("items")).toEqual([]);
    expect(await etl.status()).toMatchObject({ live: null, watermarks: { items: null } });
    const e = await failure(etl.redo(), "NOTHING_TO_REDO");
    expect(e.message).toContain("unhold");
    await failure(etl.rollback(), "NOT_FOUND");
    await etl.unhold();
    let since: unknown = "unset";
    await etl.run((c) => {
      since = c.since.items;
      return { items: rows(batch(1, 10, 1)) };
    });
    expect(since).toBeUndefined();
    expect(await db.content("items")).toEqual(one);
    expect((await etl.audit()).ok).toBe(true);
  });

  test("invariant 4: releases that touch different tables roll back by table", async () => {
    const db = await open();
    const etl = db.own(
      cutover({ warehouse: db.warehouse, pipeline: "both", tables: { items: itemsTable(), days: daysTable() }, keep: 10 }),
    );
    await etl.run({ items: rows(batch(1, 5, 1)) });
    await etl.run({ days: rows(day(1, ["a", 1])) });
    const two = await seen(db, etl, "items", "days");
    await etl.run({ items: rows(batch(3, 8, 2)), days: rows(day(2, ["b", 1])) });
    const candidate = await etl.clone({ tables: ["days"] });
    await candidate.transform(sql`UPDATE ${candidate.refs.days} SET n = 9`);
    await candidate.swap();
    await etl.run({ items: rows(batch(8, 9, 3)) });
    const five = await seen(db, etl, "items", "days");
    await etl.rollback({ to: 2 });
    expect(await seen(db, etl, "items", "days")).toEqual(two);
    await etl.redo();
    expect(await seen(db, etl, "items", "days")).toEqual(five);
    expect((await etl.audit()).ok).toBe(true);
  });

  test("invariant 4: a dry run of a rollback tells what would be and changes nothing", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 10, 1)) });
    await etl.run({ items: rows(batch(5, 15, 2)) });
    const before = await picture(db, etl, "items");
    expect(await etl.rollback({ dryRun: true })).toMatchObject({ from: 2, to: 1, tables: { items: { rows: 10 } } });
    expect(await picture(db, etl, "items")).toEqual(before);
    expect((await etl.run({ items: rows(batch(16, 16, 3)) })).status).toBe("published");
  });
});
