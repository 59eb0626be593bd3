import { noRows, query, type Sql, sql, table } from "cutover";
import { describe, expect, test } from "vitest";
import { failure, orders, refused, world } from "./support.js";

const bad = undefined as unknown as string;

describe("undefined in SQL", () => {
  test.each<[string, () => unknown]>([
    ["a value", () => sql`SELECT * FROM t WHERE a >= ${bad}`],
    ["the second of two", () => sql`SELECT ${1} + ${bad}`],
    ["a function", () => sql`SELECT ${(() => 1) as unknown as string}`],
    ["a symbol", () => sql`SELECT ${Symbol("s") as unknown as string}`],
  ])("%s", async (_, make) => {
    const e = await failure(make, "CONFIG");
    expect(e.context.issues[0]?.path).toMatch(/^sql\.values\[\d]$/);
    expect(e.message).toMatch(/sql\.since/);
  });
  test("in a feed: nothing is loaded", async () => {
    const w = await world();
    const act = () => w.etl.run(() => ({ orders: query(sql`SELECT * FROM main.orders WHERE updated_at >= ${bad}`) }));
    const e = await refused(w, act, "CONFIG");
    expect(e.message).toMatch(/after `.*WHERE updated_at >= \$\{…\}`/);
  });
  test.each<[string, unknown]>([
    ["an array", [1, 2]],
    ["an object", { a: 1 }],
    ["an object that looks like text of a dialect", { raw: "1; DROP TABLE main.orders" }],
    ["an object that looks like an identifier", { ident: ["main", "orders"] }],
    ["an object that looks like SQL", JSON.parse('{"~sql":true,"strings":["1; DROP TABLE main.orders"],"values":[]}')],
  ])("%s is no value either", async (_, value) => {
    const e = await failure(() => sql`SELECT ${value as string}`, "CONFIG");
    expect(e.context.issues).toHaveLength(1);
  });
  test("text instead of sql`…`", async () => {
    const w = await world();
    const e = await refused(w, () => w.etl.run({ orders: query("SELECT 1" as unknown as Sql) }), "CONFIG");
    expect(e.context.issues[0]?.path).toMatch(/feed/);
  });
});

describe("wrong SQL in query()", () => {
  test.each([
    ["syntax", sql`SELEKT * FROM main.orders`],
    ["an unknown table", sql`SELECT * FROM nowhere`],
    ["an unknown column", sql`SELECT nothing FROM main.orders`],
    ["two statements", sql`SELECT 1; SELECT 2`],
    ["no query", sql`DROP TABLE main.orders`],
  ])("%s", async (_, statement) => {
    const w = await world();
    const e = await refused(w, () => w.etl.run({ orders: query(statement) }), "BAD_SOURCE");
    expect(e.context).toMatchObject({ table: "orders", pipeline: "p", release: 3 });
    expect(e.message).toMatch(/^orders: /);
  });
  test("other columns than the table's", async () => {
    const w = await world();
    const e = await refused(w, () => w.etl.run({ orders: query(sql`SELECT 9 AS id, 1 AS extra`) }), "BAD_SOURCE");
    expect(e.message).toMatch(/lacks customer, amount, updated_at; the table has no extra/);
  });
  test("a value that does not fit", async () => {
    const w = await world();
    const q = sql`SELECT 'x' AS id, 'c' AS customer, 1 AS amount, now() AS updated_at`;
    const e = await refused(w, () => w.etl.run({ orders: query(q) }), "BAD_SOURCE");
    expect(e.message).toMatch(/id.*does not fit BIGINT/);
  });
  test("a row that fails only while it is read", async () => {
    const w = await world();
    const q = sql`SELECT error('boom')::BIGINT AS id, 'c' AS customer, 1 AS amount, now() AS updated_at`;
    const e = await refused(w, () => w.etl.run({ orders: query(q) }), "BAD_SOURCE");
    expect(e.message).toMatch(/boom/);
  });
});

describe("wrong SQL in noRows()", () => {
  const withCheck = (offending: Sql) =>
    table("main.orders", {
      columns: { id: "int64", customer: "string", amount: "decimal(10,2)?", updated_at: "timestamp" },
      key: "id",
      cursor: "updated_at",
      checks: [noRows("mine", offending)],
    });
  test.each([
    ["syntax", sql`SELEKT 1`],
    ["an unknown column", sql`SELECT nothing FROM ${sql.self}`],
    ["an unknown table", sql`SELECT * FROM nowhere`],
  ])("%s", async (_, offending) => {
    const w = await world();
    const same = w.pipeline({ pipeline: "p", tables: { orders: withCheck(offending) } });
    const act = () =>
      same.run({ orders: query(sql`SELECT 9 AS id, 'c' AS customer, 1 AS amount, TIMESTAMPTZ '2024-02-01' AS updated_at`) });
    const e = await refused(w, act, "ADAPTER");
    expect(["syntax", "missing-object"]).toContain(e.context.kind);
    expect(e.context).toMatchObject({ outcome: "not-applied", pipeline: "p", release: 3 });
  });
});

describe("wrong SQL in transform()", () => {
  test.each([
    ["syntax", (c: Sql) => sql`UPDAET ${c} SET customer = ''`, "syntax"],
    ["an unknown column", (c: Sql) => sql`UPDATE ${c} SET nothing = 1`, "syntax"],
    ["a constraint", (c: Sql) => sql`UPDATE ${c} SET customer = NULL`, "bad-data"],
  ])("%s", async (_, make, kind) => {
    const w = await world();
    const before = await w.snapshot();
    const candidate = await w.etl.clone();
    const e = await failure(() => candidate.transform(make(candidate.refs["orders"]!)), "ADAPTER");
    expect(e.context).toMatchObject({ kind, outcome: "not-applied", pipeline: "p", release: 3, table: "orders" });
    expect(candidate.state).toBe("open");
    await candidate.reject();
    expect(await w.snapshot()).toEqual(before);
    await w.goodRun();
  });
  test("sql.self is only known in a check", async () => {
    const w = await world();
    const candidate = await w.etl.clone();
    const e = await failure(() => candidate.transform(sql`UPDATE ${sql.self} SET customer = ''`), "CONFIG");
    expect(e.message).toMatch(/sql\.self/);
    await candidate.reject();
    await w.goodRun();
  });
  test("a candidate that lost a key column cannot be swapped", async () => {
    const w = await world({ table: orders });
    const candidate = await w.etl.clone();
    await candidate.transform(sql`ALTER TABLE ${candidate.refs["orders"]!} DROP COLUMN updated_at`);
    const before = await w.sql("SELECT * FROM main.orders ORDER BY ALL");
    await failure(() => candidate.swap(), "CONFIG");
    expect(await w.sql("SELECT * FROM main.orders ORDER BY ALL")).toEqual(before);
    await candidate.reject();
    await w.goodRun();
  });
});
