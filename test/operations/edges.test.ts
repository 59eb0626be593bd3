import { cutover, reconcile, rows, table, unique } from "cutover";
import { expect, test } from "vitest";
import { batch, failure, itemsPipeline, itemsTable, picture } from "../support/fixtures.js";
import { onEveryWarehouse } from "../support/warehouse.js";

onEveryWarehouse((open) => {
  test("reconcile: the totals of several loads of one release count together; on a candidate they are not taken for checked", async () => {
    const db = await open();
    const etl = itemsPipeline(db, { checks: [reconcile()] });
    await etl.run({ items: rows(batch(1, 3, 1), { totals: { rows: 3, sums: { v: 3n } } }) });
    const outcomes = [];
    for (const release of [await etl.begin(), await etl.clone()]) {
      await release.load({ items: rows(batch(4, 6, 2), { totals: { rows: 3 } }) });
      await release.load({ items: rows(batch(7, 8, 3), { totals: { rows: 2 } }) });
      outcomes.push((await release.validate()).checks.map((c) => c.outcome));
      await release.reject();
    }
    expect(outcomes).toEqual([["pass"], ["insufficient"]]);
    const short = await etl.begin();
    await short.load({ items: rows(batch(4, 6, 2), { totals: { rows: 4 } }) });
    await short.load({ items: rows(batch(7, 8, 3), { totals: { rows: 2 } }) });
    await failure(short.publish(), "CHECKS_FAILED");
    await short.reject();
  });

  test("reconcile: a sum that the source tells of rows that never came fails", async () => {
    const db = await open();
    const etl = itemsPipeline(db, { checks: [reconcile()] });
    await etl.run({ items: rows(batch(1, 3, 1), { totals: { rows: 3, sums: { v: 3n } } }) });
    const e = await failure(etl.run({ items: rows([], { totals: { sums: { v: 100n } } }) }), "CHECKS_FAILED");
    expect(e.context.checks).toMatchObject([{ check: "reconcile(v)", outcome: "fail", observed: 0 }]);
  });

  test("invariant 4: a column that was added to live before a release survives the rollback of that release; over older ones it is refused while it has values, which those never had", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 5, 1)) });
    const one = await db.query("SELECT id, name, v, seq FROM items ORDER BY id");
    await etl.run({ items: rows(batch(4, 7, 2)) });
    await db.query("ALTER TABLE items ADD COLUMN note VARCHAR DEFAULT 'n'");
    await etl.run({ items: rows(batch(7, 9, 3)) });
    expect((await etl.audit()).ok).toBe(true);
    await etl.rollback();
    expect(await db.query("SELECT count(*)::INT AS n, count(note)::INT AS notes FROM items")).toEqual([{ n: 7, notes: 7 }]);
    const seven = await db.content("items");
    const e = await failure(etl.rollback({ to: 1 }), "DRIFTED");
    expect(e.context).toMatchObject({ table: "items" });
    expect(await db.content("items")).toEqual(seven);
    await db.query("ALTER TABLE items DROP COLUMN note");
    await etl.rollback({ to: 1 });
    expect(await db.query("SELECT id, name, v, seq FROM items ORDER BY id")).toEqual(one);
  });

  test("invariant 8: aliases that begin alike or look like steps are told apart", async () => {
    const db = await open();
    const tables = {
      a: itemsTable([unique("name")]),
      "a.capture": table("second", { columns: { id: "int64", n: "int64" }, key: "id", checks: [unique("n")] }),
    };
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "alike", tables }));
    await etl.run({ a: rows(batch(1, 2, 1)), "a.capture": rows([{ id: 1, n: 1 }]) });
    const before = await picture(db, etl, "items", "second");
    const e = await failure(etl.run({ a: rows(batch(3, 3, 2)), "a.capture": rows([{ id: 2, n: 1 }]) }), "CHECKS_FAILED");
    expect(e.context.checks.filter((c) => c.outcome === "fail").map((c) => c.table)).toEqual(["a.capture"]);
    await db.query("UPDATE second SET n = 5");
    await failure(etl.rollback(), "DRIFTED");
    expect({ ...(await picture(db, etl, "items", "second")), contents: null }).toEqual({ ...before, contents: null });
  });

  test("invariant 6: rows that others changed under the key of a load are found by the next audit", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 5, 1)) });
    await db.query("UPDATE items SET v = 77 WHERE id = 2");
    await etl.run({ items: rows(batch(2, 2, 2)) });
    const found = await etl.audit();
    const content = await db.query("SELECT v::INT AS v FROM items WHERE id = 2");
    expect(content).toEqual([{ v: 2 }]);
    if (!found.ok) {
      await etl.adopt();
      expect((await etl.audit()).ok).toBe(true);
    }
  });

  test("invariant 2: one load larger than a batch, with every type of row, arrives once", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 25_000, 1)) });
    const report = await etl.run({ items: rows(batch(12_345, 40_000, 2)) });
    expect(report.tables.items).toMatchObject({ updated: 12_656, inserted: 15_000, rows: 40_000 });
    await etl.rollback();
    expect(await db.query("SELECT count(*)::INT AS n, sum(v)::INT AS v FROM items")).toEqual([{ n: 25_000, v: 25_000 }]);
    expect((await etl.audit()).ok).toBe(true);
  });
});
