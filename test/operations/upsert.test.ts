import { cutover, rows, table } from "cutover";
import { expect, test } from "vitest";
import { batch, failure, itemsPipeline } from "../support/fixtures.js";
import { onEveryWarehouse } from "../support/warehouse.js";

const counts = (report: { readonly tables: { readonly items?: object } }) => {
  const { inserted, updated, deleted, unchanged, stale, rows: total } = (report.tables.items ?? {}) as Record<string, number>;
  return { inserted, updated, deleted, unchanged, stale, rows: total };
};

onEveryWarehouse((open) => {
  test("upsert: what comes is counted as inserted, updated, unchanged or stale", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    const first = await etl.run({ items: rows(batch(1, 4, 1, 5)) });
    expect(first.status).toBe("published");
    expect(counts(first)).toEqual({ inserted: 4, updated: 0, deleted: 0, unchanged: 0, stale: 0, rows: 4 });
    const second = await etl.run({
      items: rows([
        { id: 1, name: "n1", v: 1, seq: 5 }, // unchanged
        { id: 2, name: "n2", v: 9, seq: 4 }, // stale
        { id: 3, name: "new", v: 1, seq: 5 }, // an equal cursor applies
        { id: 4, name: "n4", v: 1, seq: 6 }, // the cursor alone is a change too
        { id: 5, name: null, v: 1, seq: 6 },
      ]),
    });
    expect(counts(second)).toEqual({ inserted: 1, updated: 2, deleted: 0, unchanged: 1, stale: 1, rows: 5 });
    expect(second.tables.items?.watermark).toEqual({ before: "5", after: "6" });
    expect(await db.query("SELECT id::INT AS id, name, v::INT AS v, seq::INT AS seq FROM items ORDER BY id")).toEqual([
      { id: 1, name: "n1", v: 1, seq: 5 },
      { id: 2, name: "n2", v: 1, seq: 5 },
      { id: 3, name: "new", v: 1, seq: 5 },
      { id: 4, name: "n4", v: 1, seq: 6 },
      { id: 5, name: null, v: 1, seq: 6 },
    ]);
    expect((await etl.audit()).ok).toBe(true);
  });

  test("upsert: of rows with one key the highest cursor wins; equal ones collapse", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    for (const v of [0, 10]) {
      const report = await etl.run({
        items: rows([
          { id: 1, v: v + 1, seq: v + 1 },
          { id: 1, v: v + 3, seq: v + 3 },
          { id: 1, v: v + 2, seq: v + 2 },
          { id: 2, v: v + 7, seq: v + 1 },
          { id: 2, v: v + 7, seq: v + 1 },
        ]),
      });
      expect(report.tables.items?.rows).toBe(2);
      const found = await db.query("SELECT id::INT AS id, v::INT AS v FROM items ORDER BY id");
      expect(found).toEqual([
        { id: 1, v: v + 3 },
        { id: 2, v: v + 7 },
      ]);
    }
    expect((await etl.audit()).ok).toBe(true);
  });

  test("upsert: one key and cursor with different content is a BAD_ROW, and nothing changes", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 2, 1)) });
    const before = await db.content("items");
    const e = await failure(
      etl.run({
        items: rows([
          { id: 1, v: 5, seq: 9 },
          { id: 1, v: 6, seq: 9 },
        ]),
      }),
      "BAD_ROW",
    );
    expect(e.message).toMatch(/1/);
    expect(e.context.table).toBe("items");
    expect(await db.content("items")).toEqual(before);
    expect(await db.litter()).toEqual([]);
  });

  test("upsert: NULL in the key is a BAD_ROW that names the row", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    const e = await failure(
      etl.run({
        items: rows([
          { id: 1, v: 1, seq: 1 },
          { id: null as never, v: 1, seq: 1 },
        ]),
      }),
      "BAD_ROW",
    );
    expect(e.context).toMatchObject({ row: 2, column: "id", table: "items" });
  });

  test("upsert: undeclared live columns keep their value on update and take their default on insert; generated ones follow", async () => {
    const db = await open();
    await db.query(
      `CREATE TABLE items (id BIGINT, name VARCHAR, v BIGINT, seq BIGINT, extra VARCHAR DEFAULT 'fresh', twice BIGINT GENERATED ALWAYS AS (v * 2))`,
    );
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 2, 1)) });
    await db.query("UPDATE items SET extra = 'mine' WHERE id = 1");
    await etl.adopt();
    await etl.run({ items: rows(batch(1, 3, 4)) });
    expect(await db.query("SELECT id::INT AS id, v::INT AS v, extra, twice::INT AS twice FROM items ORDER BY id")).toEqual([
      { id: 1, v: 4, extra: "mine", twice: 8 },
      { id: 2, v: 4, extra: "fresh", twice: 8 },
      { id: 3, v: 4, extra: "fresh", twice: 8 },
    ]);
    expect((await etl.audit()).ok).toBe(true);
    await etl.rollback();
    expect(await db.query("SELECT id::INT AS id, v::INT AS v, extra FROM items ORDER BY id")).toEqual([
      { id: 1, v: 1, extra: "mine" },
      { id: 2, v: 1, extra: "fresh" },
    ]);
  });

  test("upsert: a default in live fills a column that the rows of the first load leave out", async () => {
    const db = await open();
    await db.query("CREATE TABLE marks (id BIGINT NOT NULL, size INTEGER DEFAULT 7, name VARCHAR)");
    const marks = table("marks", { columns: { id: "int64", name: "string?" }, key: "id" });
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "marks", tables: { marks } }));
    await etl.run({ marks: rows([{ id: 1, name: "a" }]) });
    await etl.run({ marks: rows([{ id: 2 }]) });
    expect(await db.query("SELECT id::INT AS id, size, name FROM marks ORDER BY id")).toEqual([
      { id: 1, size: 7, name: "a" },
      { id: 2, size: 7, name: null },
    ]);
  });

  test("upsert: an empty source, and a re-read of equal rows, are nothing to do", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    expect((await etl.run({ items: rows([]) })).status).toBe("nothing-to-do");
    expect((await etl.run({})).status).toBe("nothing-to-do");
    expect(await etl.status()).toMatchObject({ live: null });
    const first = await etl.run({ items: rows(batch(1, 3, 1)) });
    const again = await etl.run({ items: rows(batch(1, 3, 1)) });
    expect(again).toMatchObject({ status: "nothing-to-do", release: first.release });
    expect((await etl.run({ items: rows([]) })).status).toBe("nothing-to-do");
    const next = await etl.run({ items: rows(batch(4, 4, 2)) });
    expect(next.release).toBe(first.release + 1);
    expect(await db.litter()).toEqual([]);
  });

  test("upsert: a key of several columns", async () => {
    const db = await open();
    const lines = table("lines", { columns: { doc: "string", line: "int64", text: "string?" }, key: ["doc", "line"] });
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "lines", tables: { lines } }));
    await etl.run({
      lines: rows([
        { doc: "a", line: 1, text: "x" },
        { doc: "a", line: 2 },
        { doc: "b", line: 1 },
      ]),
    });
    const report = await etl.run({
      lines: rows([
        { doc: "a", line: 1, text: "y" },
        { doc: "b", line: 1 },
        { doc: "b", line: 2 },
      ]),
    });
    expect(report.tables.lines).toMatchObject({ inserted: 1, updated: 1, unchanged: 1, rows: 4 });
  });
});
