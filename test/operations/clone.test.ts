import { cutover, rows, sql, table } from "cutover";
import { expect, test } from "vitest";
import { failure } from "../support/fixtures.js";
import { type Db, onEveryWarehouse } from "../support/warehouse.js";

const definition = [
  `CREATE TABLE things (id BIGINT PRIMARY KEY, name VARCHAR NOT NULL DEFAULT 'it''s', v DECIMAL(9,2) DEFAULT 1.50 CHECK (v >= 0), twice DECIMAL(18,2) GENERATED ALWAYS AS (v * 2), kind ENUM('a','b'), "odd ""name" INTEGER, at TIMESTAMPTZ DEFAULT now(), UNIQUE (name, "odd ""name"))`.replace(
    " at ",
    ' "at" ',
  ),
  `CREATE INDEX "by ""kind" ON things(kind)`,
  'CREATE UNIQUE INDEX by_odd ON things(("odd ""name" + 1), id)',
  "COMMENT ON TABLE things IS 'all of the ''things'''",
  "COMMENT ON COLUMN things.v IS 'worth; in €'",
  "COMMENT ON INDEX by_odd IS 'odd ones'",
  "CREATE VIEW dear AS SELECT id, name FROM things WHERE v > 1",
  "CREATE VIEW dearest AS SELECT count(*) AS n FROM dear",
  "COMMENT ON VIEW dear IS 'a view'",
  `INSERT INTO things (id, name, v, kind, "odd ""name") SELECT i, 'n' || i, i, CASE WHEN i % 2 = 0 THEN 'a' END, i FROM range(10) t(i)`,
];
const things = table("things", { columns: { id: "int64", name: "string" }, key: "id" });

/** All that the catalog knows of the live table, free of its physical name. */
async function faces(db: Db, name = "things") {
  const own = `table_name = '${name}'`;
  const q = async (text: string) => (await db.query(text)).map((r) => JSON.stringify(r).replaceAll(name, "things"));
  return {
    table: await q(`SELECT sql, comment, has_primary_key, estimated_size > 0 AS filled FROM duckdb_tables() WHERE ${own}`),
    columns: await q(
      `SELECT column_index, column_name, data_type, is_nullable, column_default, comment FROM duckdb_columns() WHERE ${own} ORDER BY column_index`,
    ),
    constraints: await q(`SELECT constraint_type, constraint_text FROM duckdb_constraints() WHERE ${own} ORDER BY ALL`),
    indexes: await q(`SELECT index_name, is_unique, expressions, comment FROM duckdb_indexes() WHERE ${own} ORDER BY ALL`),
  };
}
const views = (db: Db) => db.query("SELECT view_name, sql, comment FROM duckdb_views() WHERE NOT internal ORDER BY 1");

onEveryWarehouse((open) => {
  const prepared = async () => {
    const db = await open();
    for (const statement of definition) await db.query(statement);
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "things", tables: { things } }));
    await etl.adopt();
    return { db, etl };
  };

  test("invariant 9: a clone is faithful, stays so as live, and so is the version that a rollback brings back", async () => {
    const { db, etl } = await prepared();
    const before = { ...(await faces(db)), views: await views(db) };
    const content = await db.content("things");
    const candidate = await etl.clone();
    const [name] = (await db.litter()).map((t) => t.slice("main.".length));
    const cloned = await faces(db, name);
    expect({ ...cloned, indexes: cloned.indexes.length }).toEqual({
      table: before.table,
      columns: before.columns,
      constraints: before.constraints,
      indexes: before.indexes.length,
    });
    expect(await db.content(`"${name}"`)).toEqual(content);
    await candidate.load({
      things: rows([
        { id: 1, name: "new" },
        { id: 100, name: "more" },
      ]),
    });
    await candidate.swap();
    expect({ ...(await faces(db)), views: await views(db) }).toEqual(before);
    expect(await db.query("SELECT n::INT AS n FROM dearest")).toEqual([{ n: 9 }]);
    expect(await db.query("SELECT name, v::VARCHAR AS v, twice::VARCHAR AS twice FROM things WHERE id = 100")).toEqual([
      { name: "more", v: "1.50", twice: "3.00" },
    ]);
    await expect(db.query("INSERT INTO things (id, name) VALUES (1, 'again')")).rejects.toThrow(/[Cc]onstraint/);
    await etl.rollback();
    expect({ ...(await faces(db)), views: await views(db) }).toEqual(before);
    expect(await db.content("things")).toEqual(content);
    await etl.redo();
    expect({ ...(await faces(db)), views: await views(db) }).toEqual(before);
    await etl.run({ things: rows([{ id: 100, name: "later" }]) });
    expect((await etl.audit()).ok).toBe(true);
  });

  test("invariant 9: an empty rebuild has the same definition", async () => {
    const { db, etl } = await prepared();
    const before = await faces(db);
    const candidate = await etl.rebuild();
    await candidate.load({ things: rows([{ id: 1, name: "only" }]) });
    await candidate.swap();
    expect(await faces(db)).toEqual(before);
    expect(await db.query("SELECT id::INT AS id FROM things")).toEqual([{ id: 1 }]);
    expect(await db.query("SELECT n::INT AS n FROM dearest")).toEqual([{ n: 1 }]);
  });

  test("invariant 9: a schema change by transform is live after the swap and gone after the rollback, with its views", async () => {
    const { db, etl } = await prepared();
    await db.query("CREATE VIEW whole AS SELECT * FROM things");
    const before = { ...(await faces(db)), views: await views(db) };
    const candidate = await etl.clone();
    await candidate.transform(sql`ALTER TABLE ${candidate.refs.things} ADD COLUMN note VARCHAR DEFAULT 'x'`);
    expect(await candidate.transform(sql`UPDATE ${candidate.refs.things} SET note = ${"it's"} WHERE id < ${3}`)).toEqual({
      affected: 3,
    });
    await candidate.swap();
    expect(await db.query("SELECT count(*)::INT AS n FROM things WHERE note = 'it''s'")).toEqual([{ n: 3 }]);
    await db.query("SELECT * FROM whole");
    await etl.rollback();
    expect({ ...(await faces(db)), views: await views(db) }).toEqual(before);
    await db.query("SELECT * FROM whole");
    await etl.redo();
    await db.query("SELECT note FROM things");
    await db.query("SELECT * FROM whole");
  });

  test("invariant 9: a table with a foreign key is published in place, and its swap is refused with nothing changed", async () => {
    const db = await open();
    await db.query("CREATE TABLE things (id BIGINT PRIMARY KEY, name VARCHAR)");
    await db.query("CREATE TABLE parts (id BIGINT, thing BIGINT REFERENCES things(id))");
    await db.query("INSERT INTO things VALUES (1, 'a'), (2, 'b')");
    await db.query("INSERT INTO parts VALUES (1, 1)");
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "things", tables: { things } }));
    await etl.adopt();
    expect(
      (
        await etl.run({
          things: rows([
            { id: 2, name: "z" },
            { id: 3, name: "c" },
          ]),
        })
      ).status,
    ).toBe("published");
    const candidate = await etl.clone().catch((e: unknown) => e);
    if (!(candidate instanceof Error)) await failure((candidate as { swap(): Promise<unknown> }).swap(), "UNSUPPORTED");
    else expect(candidate).toMatchObject({ code: "UNSUPPORTED" });
    expect(await db.query("SELECT count(*)::INT AS n FROM things")).toEqual([{ n: 3 }]);
  });
});
