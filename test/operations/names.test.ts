import { accepted, between, cutover, maxDrop, noRows, notNull, rows, sql, table, unique } from "cutover";
import { expect, test } from "vitest";
import { all, failure } from "../support/fixtures.js";
import { onEveryWarehouse } from "../support/warehouse.js";

const hostile = [
  'a"b',
  "a'b",
  "a.b",
  "a b",
  "select",
  "日本語",
  "🚀 to",
  "x;--",
  "\\",
  "%s$1{}",
  "constructor",
  "toString",
  "n",
  "t",
  "c0",
  "rows",
  "_cutover",
  "d",
  "l",
];
const id = (name: string): string => `"${name.replaceAll('"', '""')}"`;

onEveryWarehouse((open) => {
  for (const name of hostile) {
    test(`invariant 8: ${JSON.stringify(name)} as the name of schema, table, column, alias and pipeline`, async () => {
      const db = await open();
      const schema = `s ${name}`;
      await db.query(`CREATE SCHEMA ${id(schema)}`);
      await db.query(`CREATE TABLE bystander AS SELECT 1 AS a`);
      const before = await db.tables();
      const other = `${name} 2`;
      const t = table([schema, name], {
        columns: { [name]: "int64", [other]: "string?", seq: "int64" } as Record<string, "int64" | "string?">,
        key: name,
        cursor: "seq",
        checks: [
          unique(name),
          unique(name, other),
          notNull(name),
          accepted(other, ["x", "y", name]),
          between(name, { min: 0, max: 10 }),
          noRows("none", sql`SELECT * FROM ${sql.self} WHERE ${sql.id(name)} < 0`),
        ],
      });
      const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: name, tables: { [name]: t } }));
      const run = (...list: (readonly [number, string, number])[]) =>
        etl.run({ [name]: rows(list.map(([k, v, seq]) => ({ [name]: k, [other]: v, seq }))) });
      await run([1, "x", 1], [2, name, 1]);
      expect((await run([2, "y", 2], [3, "x", 2])).tables[name]).toMatchObject({
        inserted: 1,
        updated: 1,
        rows: 3,
        watermark: { after: "2" },
      });
      const e = await failure(run([4, "bad", 3], [11, "x", 3]), "CHECKS_FAILED");
      expect(e.context.checks.filter((c) => c.outcome === "fail").map((c) => [c.table, c.samples.length])).toEqual([
        [name, 1],
        [name, 1],
      ]);
      const candidate = await etl.clone();
      await candidate.load({ [name]: rows([{ [name]: 5, [other]: "x", seq: 5 }]) });
      await candidate.transform(
        sql`UPDATE ${candidate.refs[name] as never} SET ${sql.id(other)} = ${name} WHERE ${sql.id(name)} = 1`,
      );
      await candidate.swap();
      expect((await all(etl.diff(name, { from: 1, to: 4 }))).map((c) => c.op)).toEqual(["update", "update", "insert", "insert"]);
      await etl.rollback({ to: 1 });
      await etl.redo();
      expect((await etl.audit()).ok).toBe(true);
      expect((await etl.check()).ok).toBe(true);
      expect(String(await etl.plan({ rollback: {} }))).toContain("ALTER");
      expect((await etl.status()).tallies[name]).toMatchObject({ rows: 4 });
      const made = (await db.tables()).filter(
        (x) => !before.includes(x) && !x.startsWith("cutover_ledger.") && !x.includes("._cutover_"),
      );
      expect(made).toEqual([`${schema}.${name}`]);
      expect(await db.query("SELECT * FROM bystander")).toEqual([{ a: 1 }]);
    });
  }

  test("invariant 8: a partition column may bear any name", async () => {
    const db = await open();
    for (const name of ["n", "now_rows", "before_rows", "day", "net", 'q"']) {
      const t = table(`t ${name}`.replaceAll('"', "") as never, {
        columns: { [name]: "date", v: "int64" } as Record<string, "date" | "int64">,
        mode: "partition",
        partition: name,
        checks: [maxDrop(0.5, { per: "partition" })],
      });
      const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: `p ${name}`, tables: { t } }));
      const load = (n: number) => etl.run({ t: rows(Array.from({ length: n }, (_, v) => ({ [name]: "2001-01-01", v: v * n }))) });
      await load(10);
      expect([name, (await load(6)).status]).toEqual([name, "published"]);
      await failure(load(2), "CHECKS_FAILED");
      await load(5);
      await failure(etl.run({ t: rows([{ [name]: "2001-01-01", v: 1 }]) }, { strategy: "swap" }), "CHECKS_FAILED");
    }
  });

  test("invariant 8: a column named like something of Object may be left out of a row", async () => {
    const db = await open();
    const t = table("cars", {
      columns: { id: "int64", constructor: "string?", toString: "string?", __proto__x: "string?" },
      key: "id",
    });
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "cars", tables: { t } }));
    await etl.run({ t: rows([{ id: 1 } as never, { id: 2, constructor: "Lotus", toString: "x" } as never]) });
    expect(await db.query('SELECT id::INT AS id, "constructor" AS c FROM cars ORDER BY id')).toEqual([
      { id: 1, c: null },
      { id: 2, c: "Lotus" },
    ]);
  });

  test("invariant 8: names in text fold as the engine folds; a quoted or dotted part of a tuple is exact", async () => {
    const db = await open();
    await db.query('CREATE TABLE "Orders" ("ID" BIGINT, "Name" VARCHAR)');
    const t = table("orders", {
      columns: { id: "int64", name: "string?" },
      key: "id",
      checks: [unique("id"), notNull("name")],
      redact: ["name"],
    });
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "o", tables: { t } }));
    await etl.run({ t: rows([{ id: 1, name: "a" }]) });
    await etl.run({
      t: rows([
        { id: 1, name: "b" },
        { id: 2, name: "c" },
      ]),
    });
    expect(await db.query('SELECT "ID"::INT AS id, "Name" AS n FROM "Orders" ORDER BY 1')).toEqual([
      { id: 1, n: "b" },
      { id: 2, n: "c" },
    ]);
    const dotted = table(["main", "a.b"], { columns: { id: "int64" }, key: "id" });
    const second = db.own(cutover({ warehouse: db.warehouse, pipeline: "d", tables: { dotted } }));
    await second.run({ dotted: rows([{ id: 1 }]) });
    expect(await db.tables()).toContain("main.a.b");
  });
});
