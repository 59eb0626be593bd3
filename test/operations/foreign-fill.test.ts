import { rows, sql } from "cutover";
import { expect, test } from "vitest";
import { batch, failure, itemsPipeline, picture } from "../support/fixtures.js";
import { onEveryWarehouse } from "../support/warehouse.js";

const empty = "CREATE TABLE items (id BIGINT, name VARCHAR, v BIGINT, seq BIGINT)";

onEveryWarehouse((open) => {
  for (const [what, write, rest, scanEvery] of [
    ["when a full scan is due", "INSERT INTO items VALUES (1, 'theirs', 0, 0)", {}, 1],
    [
      "with a column of their own",
      "ALTER TABLE items ADD COLUMN x INTEGER; INSERT INTO items VALUES (1, 'theirs', 0, 0, 7)",
      { x: 7 },
      50,
    ],
  ] as const) {
    test(`invariant 6: rows that others wrote into an empty table are not filled over, and survive a rollback (${what})`, async () => {
      const db = await open();
      await db.query(empty);
      const etl = itemsPipeline(db, { scanEvery });
      await etl.adopt();
      for (const statement of write.split("; ")) await db.query(statement);
      const report = await etl.run({ items: rows(batch(1, 3, 1)) });
      expect(report.tables.items).toMatchObject({ inserted: 2, updated: 1, rows: 3 });
      expect(report.warnings.map((w) => w.code)).toEqual(["FOREIGN_WRITES"]);
      expect(await db.query("SELECT id::INT AS id FROM items ORDER BY id")).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
      expect((await etl.audit()).ok).toBe(true);
      await etl.rollback();
      expect(await db.content("items")).toEqual([JSON.stringify({ id: "1", name: "theirs", v: "0", seq: "0", ...rest })]);
    });
  }

  test("invariant 6: a first load for which a full scan is due warns of nothing that nobody did", async () => {
    const db = await open();
    await db.query(empty);
    const etl = itemsPipeline(db, { scanEvery: 1 });
    await etl.adopt();
    expect(await etl.run({ items: rows(batch(1, 3, 1)) })).toMatchObject({ status: "published", warnings: [] });
  });

  for (const from of ["rebuild", "clone"] as const) {
    test(`invariant 6: a swap over a table of no release is refused when others have written there since (${from})`, async () => {
      const db = await open();
      await db.query(empty);
      const etl = itemsPipeline(db);
      const candidate = await etl[from]();
      await candidate.load({ items: rows(batch(1, 3, 1)) });
      await db.query("INSERT INTO items VALUES (900, 'theirs', 0, 0)");
      const before = [await picture(db, etl, "items"), await db.tables()];
      const e = await failure(candidate.swap(), "DRIFTED");
      expect(e.context).toMatchObject({ table: "items", expected: { rows: 0 }, found: { rows: 1 } });
      expect([await picture(db, etl, "items"), await db.tables()]).toEqual(before);
      await db.query("DELETE FROM items");
      expect(await candidate.swap()).toMatchObject({ status: "published", tables: { items: { rows: 3 } } });
    });
  }

  test("invariant 6: a redo of a swap over a table of no release is refused when others have written there since", async () => {
    const db = await open();
    await db.query(empty);
    const etl = itemsPipeline(db);
    const candidate = await etl.rebuild();
    await candidate.load({ items: rows(batch(1, 3, 1)) });
    await candidate.swap();
    await etl.rollback();
    await db.query("INSERT INTO items VALUES (900, 'theirs', 0, 0)");
    const before = [await picture(db, etl, "items"), await db.tables()];
    const e = await failure(etl.redo(), "DRIFTED");
    expect(e.context).toMatchObject({ table: "items", expected: { rows: 0 }, found: { rows: 1 } });
    expect([await picture(db, etl, "items"), await db.tables()]).toEqual(before);
    await db.query("DELETE FROM items");
    expect(await etl.redo()).toMatchObject({ from: 0, to: 1 });
    expect((await etl.audit()).ok).toBe(true);
  });

  test("invariant 4: after a rollback over a change of columns the next run finds its images table, also when recovery looked on", async () => {
    const db = await open();
    const etl = itemsPipeline(db, { keep: 1 });
    await etl.run({ items: rows(batch(1, 3, 1)) });
    await etl.run({ items: rows(batch(2, 5, 2)) });
    const one = await db.content("items");
    const candidate = await etl.clone();
    await candidate.transform(sql`ALTER TABLE ${candidate.refs.items} ADD COLUMN extra VARCHAR`);
    await candidate.swap();
    await etl.recover();
    await etl.rollback();
    await etl.recover();
    expect(await db.content("items")).toEqual(one);
    await etl.unhold();
    expect(await etl.run({ items: rows(batch(5, 6, 3)) })).toMatchObject({ status: "published", tables: { items: { rows: 6 } } });
    expect((await etl.audit()).ok).toBe(true);
    await etl.rollback();
    expect(await db.content("items")).toEqual(one);
  });

  test("invariant 12: images tables of columns that no kept release has any more are dropped", async () => {
    const db = await open();
    const etl = itemsPipeline(db, { keep: 1 });
    await etl.run({ items: rows(batch(1, 3, 1)) });
    await etl.run({ items: rows(batch(2, 5, 2)) });
    const images = async () => (await db.tables()).filter((t) => t.includes(".changes_"));
    const old = await images();
    const candidate = await etl.clone();
    await candidate.transform(sql`ALTER TABLE ${candidate.refs.items} ADD COLUMN extra VARCHAR`);
    await candidate.swap();
    for (const v of [3, 4]) await etl.run({ items: rows(batch(5, 6, v)) });
    const now = await images();
    expect([old.length, now.length]).toEqual([1, 1]);
    expect(now).not.toEqual(old);
  });
});
