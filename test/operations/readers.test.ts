import { cutover, rowCount, rows, sql } from "cutover";
import { expect, test } from "vitest";
import { batch, day, daysTable, failure, itemsPipeline, itemsTable } from "../support/fixtures.js";
import { readers, tally } from "../support/readers.js";
import { type Db, onEveryWarehouse } from "../support/warehouse.js";

const now = async (db: Db, q: string): Promise<string> => {
  const c = await db.connect();
  return JSON.stringify((await c.runAndReadAll(q)).getRowsJson());
};

onEveryWarehouse((open) => {
  test("invariant 1: readers see released states only, during publishes, refusals, rollbacks and redos in place", async () => {
    const db = await open();
    const etl = itemsPipeline(db, { checks: [rowCount({ max: 4000 })], keep: 10 });
    await etl.run({ items: rows(batch(1, 2000, 1)) });
    const q = tally("items");
    const released = new Set([await now(db, q)]);
    const watch = await readers(db, q);
    const step = async (call: () => Promise<unknown>): Promise<void> => {
      await watch.turn();
      await call();
      released.add(await now(db, q));
      await watch.turn();
    };
    for (let v = 2; v < 6; v++) await step(() => etl.run({ items: rows(batch(v * 100, 1500 + v * 100, v)) }));
    await step(() => failure(etl.run({ items: rows(batch(1, 5000, 9)) }), "CHECKS_FAILED"));
    await step(() => etl.rollback());
    await step(() => etl.rollback());
    await step(() => etl.redo());
    await step(() => etl.redo());
    await step(() => etl.rollback({ to: 1 }));
    const { reads, seen, errors } = await watch.stop();
    expect(errors).toEqual([]);
    expect(seen.filter((s) => !released.has(s))).toEqual([]);
    expect(seen.length).toBeGreaterThanOrEqual(4);
    expect(reads).toBeGreaterThan(20);
    expect((await etl.audit()).ok).toBe(true);
  });

  test("invariant 1: readers see released states only, and never a missing table, during swaps and their rollbacks", async () => {
    const db = await open();
    await db.query("CREATE TABLE items (id BIGINT PRIMARY KEY, name VARCHAR, v BIGINT NOT NULL, seq BIGINT)");
    await db.query("CREATE INDEX by_name ON items(name)");
    await db.query("CREATE VIEW shown AS SELECT id, v FROM items");
    const etl = itemsPipeline(db, { keep: 10 });
    await etl.run({ items: rows(batch(1, 2000, 1)) });
    const q =
      "SELECT (SELECT count(*) || ':' || sum(hash(id, v)) FROM shown), (SELECT count(*) || ':' || sum(hash(id, v)) FROM items)";
    const released = new Set([await now(db, q)]);
    const watch = await readers(db, q);
    const step = async (call: () => Promise<unknown>): Promise<void> => {
      await watch.turn();
      await call();
      released.add(await now(db, q));
      await watch.turn();
    };
    for (let v = 2; v < 4; v++) {
      const candidate = await etl.clone();
      await candidate.load({ items: rows(batch(v * 100, 1500 + v * 100, v)) });
      await candidate.transform(sql`UPDATE ${candidate.refs.items} SET v = v * 10 WHERE id % 2 = 0`);
      expect((await candidate.validate()).ok).toBe(true);
      await step(() => candidate.swap());
    }
    const rebuilt = await etl.rebuild();
    await rebuilt.load({ items: rows(batch(1, 50, 9)) });
    await step(() => rebuilt.swap());
    await step(() => etl.rollback());
    await step(() => etl.rollback({ to: 1 }));
    await step(() => etl.redo());
    await step(() => etl.redo());
    const { seen, errors } = await watch.stop();
    expect(errors).toEqual([]);
    expect(seen.filter((s) => !released.has(s))).toEqual([]);
    expect(seen.length).toBeGreaterThanOrEqual(3);
  });

  test("invariant 1: several tables in one release change together for readers", async () => {
    const db = await open();
    const tables = { items: itemsTable(), days: daysTable() };
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "both", tables, keep: 10 }));
    const load = (v: number) =>
      etl.run({ items: rows(batch(1, 800, v)), days: rows(day(1, ...batch(1, 800, v).map((i) => [`p${i.id}`, v] as const))) });
    await load(1);
    const q = "SELECT (SELECT min(v) || '-' || max(v) FROM items) || ' ' || (SELECT min(n) || '-' || max(n) FROM days)";
    const watch = await readers(db, q);
    for (let v = 2; v < 6; v++) {
      await load(v);
      await watch.turn();
    }
    await etl.rollback({ to: 2 });
    await watch.turn();
    const { seen, errors } = await watch.stop();
    expect(errors).toEqual([]);
    for (const s of seen) expect(s).toMatch(/^\[\["(\d)-\1 \1-\1"\]\]$/);
    expect(seen.length).toBeGreaterThanOrEqual(5);
  });

  test("invariant 1: control: the same change by two bare statements is caught by these readers", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 10, 1)) });
    const q = tally("items");
    const before = await now(db, q);
    const watch = await readers(db, q);
    await watch.turn();
    await db.query("DELETE FROM items WHERE id > 5");
    await watch.turn();
    await db.query("INSERT INTO items SELECT i, 'x', 2, 2 FROM range(6, 16) t(i)");
    await watch.turn();
    const after = await now(db, q);
    const { seen } = await watch.stop();
    expect(seen.filter((s) => s !== before && s !== after)).toHaveLength(1);
  });

  test("invariant 1: a transaction that began before a publish keeps reading the old release to its end", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 10, 1)) });
    const c = await db.connect();
    await c.run("BEGIN");
    const read = async () => JSON.stringify((await c.runAndReadAll(tally("items"))).getRowsJson());
    const before = await read();
    await etl.run({ items: rows(batch(5, 15, 2)) });
    expect(await read()).toBe(before);
    const candidate = await etl.clone();
    await candidate.load({ items: rows(batch(1, 1, 3)) });
    await candidate.swap();
    expect(await read()).toBe(before);
    await etl.rollback();
    expect(await read()).toBe(before);
    await c.run("COMMIT");
    expect(await read()).not.toBe(before);
  });
});
