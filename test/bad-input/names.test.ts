import { cutover, notNull, rows, table, unique } from "cutover";
import { duckdb } from "cutover/duckdb";
import { describe, expect, test } from "vitest";
import { failure, order, orders, refused, world } from "./support.js";

const loose = (name: string, options: Record<string, unknown>) => table(name, options as never);

describe("unknown tables", () => {
  test("an alias in a feed", async () => {
    const w = await world();
    const e = await refused(w, () => w.etl.run({ ordesr: rows([order(9)]) }), "NOT_FOUND");
    expect(e.context).toMatchObject({ what: "table", name: "ordesr", pipeline: "p" });
    expect(e.message).toMatch(/no table "ordesr".*orders/);
  });
  test("a name that every object has", async () => {
    const w = await world();
    const e = await refused(w, () => w.etl.run({ constructor: rows([order(9)]) }), "NOT_FOUND");
    expect(e.context.name).toBe("constructor");
  });
  test("an alias that a feed function gives", async () => {
    const w = await world();
    const e = await refused(w, () => w.etl.run(() => ({ nothing: rows([order(9)]) })), "NOT_FOUND");
    expect(e.context.name).toBe("nothing");
  });
  test.each([
    ["clone", (w) => w.etl.clone({ tables: ["nothing"] })],
    ["rebuild", (w) => w.etl.rebuild({ tables: ["nothing"] })],
    ["check", (w) => w.etl.check({ tables: ["nothing"] })],
    ["adopt", (w) => w.etl.adopt({ watermarks: { nothing: "2024-01-01T00:00:00Z" } as never })],
    ["diff", (w) => w.etl.diff("nothing", { from: 1, to: 2 })[Symbol.asyncIterator]().next()],
  ] satisfies [string, (w: Awaited<ReturnType<typeof world>>) => unknown][])("an alias in %s()", async (_, act) => {
    const w = await world();
    const e = await refused(w, () => act(w), "NOT_FOUND");
    expect(e.context).toMatchObject({ what: "table", name: "nothing", pipeline: "p" });
  });
  test("a table that neither exists nor says its columns cannot be made from rows", async () => {
    const w = await world();
    const other = w.pipeline({ pipeline: "q", tables: { t: loose("main.nowhere", { key: "id" }) } });
    const e = await refused(w, () => other.run({ t: rows([{ id: 1 }]) }), "CONFIG");
    expect(e.context.issues.map((i) => i.path)).toEqual(["tables.t.columns"]);
  });
  test("a clone of a table that does not exist yet names the way out", async () => {
    const w = await world();
    const other = w.pipeline({ pipeline: "q", tables: { t: loose("main.nowhere", { columns: { id: "int64" }, key: "id" }) } });
    const e = await failure(() => other.clone(), "NOT_FOUND");
    expect(e.message).toMatch(/rebuild\(\)/);
    expect(e.context).toMatchObject({ what: "table", name: "t", pipeline: "q" });
  });
  test("a view cannot be published to", async () => {
    const w = await world();
    await w.sql("CREATE VIEW main.v AS SELECT * FROM main.orders");
    const other = w.pipeline({ pipeline: "q", tables: { v: loose("main.v", { key: "id" }) } });
    const e = await refused(w, () => other.run({ v: rows([order(9)]) }), "UNSUPPORTED");
    expect(e.message).toMatch(/view/);
  });
});

describe("unknown columns", () => {
  const columns = { id: "int64", day: "date", n: "int64" };
  test.each([
    ["key", { columns, key: "idd" }, "tables.t.key"],
    ["key of several", { columns, key: ["id", "nn"] }, "tables.t.key"],
    ["cursor", { columns, key: "id", cursor: "updated" }, "tables.t.cursor"],
    ["partition", { columns, mode: "partition", partition: "dayy" }, "tables.t.partition"],
    ["redact", { columns, key: "id", redact: ["email"] }, "tables.t.redact"],
    ["types", { columns, key: "id", types: { m: "money" } }, "tables.t.types.m"],
    ["notNull", { columns, key: "id", checks: [notNull("idd")] }, "tables.t.checks[0]"],
    ["unique", { columns, key: "id", checks: [notNull("id"), unique("id", "m")] }, "tables.t.checks[1]"],
    ["mode", { columns, key: "id", mode: "merge" }, "tables.t.mode"],
    ["option", { columns, key: "id", curser: "n" }, "tables.t.curser"],
    ["type", { columns: { id: "int" }, key: "id" }, "tables.t.columns.id"],
  ])("declared: %s", async (_, options, path) => {
    const make = () => cutover({ warehouse: duckdb(), pipeline: "p", tables: { t: loose("t", options) } });
    const e = await failure(make, "CONFIG");
    expect(e.context.issues.map((i) => i.path)).toContain(path);
    expect(e.message).toContain(path);
  });
  test("a key and a cursor that the live table has not", async () => {
    const w = await world();
    await w.sql("CREATE TABLE main.other (id BIGINT, n BIGINT)");
    const other = w.pipeline({ pipeline: "q", tables: { t: loose("main.other", { key: "idd", cursor: "nn" }) } });
    const e = await refused(w, () => other.run({ t: rows([{ id: 1, n: 1 }]) }), "CONFIG");
    expect(e.context.issues.map((i) => i.path)).toEqual(["tables.t.key", "tables.t.cursor"]);
    expect(e.message).toContain("it has id, n");
  });
  test("the column of a check that the live table has not", async () => {
    const w = await world();
    await w.sql("CREATE TABLE main.other (id BIGINT, n BIGINT)");
    const other = w.pipeline({ pipeline: "q", tables: { t: loose("main.other", { key: "id", checks: [notNull("nn")] }) } });
    const e = await refused(w, () => other.run({ t: rows([{ id: 1, n: 1 }]) }), "CONFIG");
    expect(e.context.issues.map((i) => i.path)).toEqual(["tables.t.checks[0]"]);
  });
  test("a declared column that the live table has not, or has of another type", async () => {
    const w = await world();
    await w.sql("CREATE TABLE main.other (id BIGINT, n BOOLEAN)");
    const t = loose("main.other", { columns: { id: "int64", n: "date", extra: "string?" }, key: "id" });
    const other = w.pipeline({ pipeline: "q", tables: { t } });
    const e = await refused(w, () => other.run({ t: rows([{ id: 1, n: "2024-01-01" }]) }), "CONFIG");
    expect(e.context.issues.map((i) => i.path).sort()).toEqual(["tables.t.columns.extra", "tables.t.columns.n"]);
  });
});

describe("a table of another pipeline", () => {
  test.each([
    ["run", (p) => p.run({ orders: rows([order(9)]) })],
    ["adopt", (p) => p.adopt()],
    ["clone", (p) => p.clone()],
  ] satisfies [string, (p: ReturnType<Awaited<ReturnType<typeof world>>["pipeline"]>) => unknown][])("%s", async (_, act) => {
    const w = await world();
    const thief = w.pipeline({ pipeline: "thief", tables: { orders } });
    const e = await refused(w, () => act(thief), "CLAIMED");
    expect(e.context).toMatchObject({ by: "p", table: "orders", pipeline: "thief" });
    expect(e.message).toMatch(/belongs to pipeline p/);
  });
  test("rows that no release accounts for", async () => {
    const w = await world();
    await w.sql("CREATE TABLE main.old AS SELECT range AS id FROM range(5)");
    const other = w.pipeline({ pipeline: "q", tables: { t: loose("main.old", { key: "id" }) } });
    const e = await failure(() => other.run({ t: rows([{ id: 9 }]) }), "NOT_ADOPTED");
    expect(e.context).toMatchObject({ rows: 5, table: "t", pipeline: "q" });
    expect(e.message).toMatch(/adopt\(\)/);
    expect(await w.sql("SELECT count(*)::INT AS n FROM main.old")).toEqual([{ n: 5 }]);
  });
});
