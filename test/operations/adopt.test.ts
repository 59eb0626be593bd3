import { rowCount, rows } from "cutover";
import { expect, test } from "vitest";
import { batch, failure, itemsPipeline } from "../support/fixtures.js";
import { onEveryWarehouse } from "../support/warehouse.js";

const existing = "CREATE TABLE items AS SELECT i AS id, 'n' || i AS name, 1::BIGINT AS v, 1::BIGINT AS seq FROM range(1, 6) t(i)";

onEveryWarehouse((open) => {
  test("adopt: existing rows are refused without it, and are the baseline after it", async () => {
    const db = await open();
    await db.query(existing);
    const etl = itemsPipeline(db);
    const e = await failure(etl.run({ items: rows(batch(5, 6, 2)) }), "NOT_ADOPTED");
    expect(e.context.rows).toBe(5);
    await failure(etl.clone(), "NOT_ADOPTED");
    const report = await etl.adopt({ watermarks: { items: 1n } });
    expect(report).toMatchObject({ ok: true, tables: { items: { found: { rows: 5 } } } });
    expect(await etl.status()).toMatchObject({ live: null, watermarks: { items: "1" } });
    let since: unknown;
    const first = await etl.run((c) => {
      since = c.since.items;
      return { items: rows(batch(5, 6, 2)) };
    });
    expect(since).toBe(1n);
    expect(first.tables.items).toMatchObject({ updated: 1, inserted: 1, rows: 6 });
    await etl.rollback();
    expect(await db.query("SELECT count(*)::INT AS n, sum(v)::INT AS v FROM items")).toEqual([{ n: 5, v: 5 }]);
    expect(await etl.status()).toMatchObject({ live: null, watermarks: { items: "1" } });
    expect((await etl.audit()).ok).toBe(true);
  });

  test("adopt: refuses rows that fail the checks, and wrong watermarks", async () => {
    const db = await open();
    await db.query(existing);
    await failure(itemsPipeline(db, { checks: [rowCount({ min: 10 })] }).adopt(), "CHECKS_FAILED");
    const etl = itemsPipeline(db);
    await failure(etl.adopt({ watermarks: { items: "x" as never } }), "CONFIG");
    await failure(etl.adopt({ watermarks: { nothing: 1n } as never }), "NOT_FOUND");
    expect((await etl.status()).tallies.items).toBeNull();
  });

  test("adopt: a table belongs to one pipeline", async () => {
    const db = await open();
    await db.query(existing);
    await itemsPipeline(db).adopt();
    const other = itemsPipeline(db, { pipeline: "other" });
    for (const call of [
      () => other.adopt(),
      () => other.run({ items: rows(batch(1, 1, 2)) }),
      () => other.clone(),
      () => other.rebuild(),
    ]) {
      const e = await failure(call(), "CLAIMED");
      expect(e.context.by).toBe("items");
    }
    expect((await other.status()).lease).toBeNull();
  });

  test("adopt: takes drift into the baseline; what was before can no longer be gone back to", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 5, 1)) });
    await etl.run({ items: rows(batch(5, 6, 2)) });
    await db.query("UPDATE items SET v = 50 WHERE id = 5");
    expect((await etl.audit()).ok).toBe(false);
    await etl.adopt();
    expect((await etl.audit()).ok).toBe(true);
    expect((await etl.status()).watermarks.items).toBe("2");
    await failure(etl.rollback(), "RETENTION_PASSED");
    await etl.run({ items: rows(batch(7, 7, 3)) });
    await etl.rollback();
    expect(await db.query("SELECT v::INT AS v FROM items WHERE id = 5")).toEqual([{ v: 50 }]);
  });
});
