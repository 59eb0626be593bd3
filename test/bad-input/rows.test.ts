import { rows, table } from "cutover";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { failure, order, refused, world } from "./support.js";

const types = {
  n: "int64",
  f: "float64",
  m: "decimal(6,2)",
  s: "string",
  b: "bool",
  d: "date",
  t: "time",
  at: "timestamp",
  dt: "datetime",
  x: "bytes",
  j: "json",
} as const;
const columns = { id: "int64", ...Object.fromEntries(Object.entries(types).map(([c, type]) => [c, `${type}?`])) };
const wide = table("main.wide", { columns: columns as never, key: "id" } as never);
const circular: Record<string, unknown> = {};
circular["self"] = circular;

describe("a value of the wrong type", () => {
  test.each<[keyof typeof types, unknown[]]>([
    ["n", ["12", 1.5, 2 ** 53, true, new Date(0), {}, Number.NaN]],
    ["f", ["1.5", 1n, true]],
    ["m", ["abc", "", ".", "1e2", true, Number.NaN, Number.POSITIVE_INFINITY, {}]],
    ["s", [5, true, {}, "half a pair: \ud800"]],
    ["b", ["true", 1, 0]],
    ["d", ["2024-02-30", "20240101", new Date(0), 19_000, "2024-1-1"]],
    ["t", ["25:00:00", "12:60:00", "12:00:00.1234567", 12]],
    ["at", ["2024-01-01T00:00:00", new Date(Number.NaN), 0, "yesterday", "2024-13-01T00:00:00Z"]],
    ["dt", ["2024-01-01T00:00:00Z", new Date(Number.NaN), 5, "2024-01-01T24:00:00"]],
    ["x", ["ff", [1, 2], new ArrayBuffer(2)]],
    ["j", [() => 1, Symbol("s"), 5n, { big: 5n }, circular]],
  ])("column %s", async (column, values) => {
    const w = await world({ table: wide, next: (n) => ({ id: n }) });
    for (const value of values) {
      const bad = rows([{ id: 7 }, { id: 8, [column]: value }]);
      const e = await refused(w, () => w.etl.run({ orders: bad }), "BAD_ROW");
      expect(e.context).toMatchObject({ row: 2, column, table: "orders", pipeline: "p" });
      expect(e.message).toContain(`row 2 for orders, column ${column}: ${e.context.reason}`);
    }
  });
  test.each<[keyof typeof types, unknown[]]>([
    ["n", [2n ** 63n, -(2n ** 63n) - 1n]],
    ["m", ["12345", "1.234", 10_000, 1e21, 0.001, 12345n]],
  ])("a number that does not fit: %s", async (column, values) => {
    const w = await world({ table: wide, next: (n) => ({ id: n }) });
    for (const value of values) {
      const e = await refused(w, () => w.etl.run({ orders: rows([{ id: 8, [column]: value }]) }), "BAD_ROW");
      expect(e.context).toMatchObject({ row: 1, column, reason: `the number does not fit ${types[column]}` });
    }
  });
  test("a live column that is too small for what the definition allows", async () => {
    const w = await world();
    await w.sql("CREATE TABLE main.small (id INTEGER PRIMARY KEY, tiny TINYINT)");
    const t = table("main.small", { columns: { id: "int64", tiny: "int64?" }, key: "id" });
    const small = w.pipeline({ pipeline: "small", tables: { t } });
    const act = () => small.run({ t: rows([{ id: 1 }, { id: 2, tiny: 128 }]) });
    const e = await refused(w, act, "BAD_SOURCE");
    expect(e.context).toMatchObject({ table: "t", pipeline: "small" });
    expect(e.message).toMatch(/tiny.*128.*TINYINT/);
    expect((await small.run({ t: rows([{ id: 1, tiny: 127 }]) })).status).toBe("published");
  });
  test("the row number counts from 1 across batches", async () => {
    const w = await world();
    const many = function* () {
      for (let n = 100; n < 25_100; n++) yield n === 25_099 ? { ...order(n), customer: 5 } : order(n);
    };
    const e = await refused(w, () => w.etl.run({ orders: rows(many()) }), "BAD_ROW");
    expect(e.context.row).toBe(25_000);
  });
  test("what the row holds is not told", async () => {
    const w = await world();
    const e = await refused(w, () => w.etl.run({ orders: rows([{ ...order(9), amount: "s3cr3t" }]) }), "BAD_ROW");
    expect(JSON.stringify([e.message, e.context])).not.toContain("s3cr3t");
  });
});

describe("a row that is none", () => {
  test.each([
    ["null", null],
    ["a number", 5],
    ["text", "row"],
    ["undefined", undefined],
  ])("%s", async (_, item) => {
    const w = await world();
    const e = await refused(w, () => w.etl.run({ orders: rows([order(9), item as unknown as object]) }), "BAD_ROW");
    expect(e.context).toMatchObject({ row: 2, table: "orders", pipeline: "p" });
    expect(e.message).toMatch(/expected an object/);
  });
});

describe("columns of a row", () => {
  test("an unknown one", async () => {
    const w = await world();
    const e = await refused(w, () => w.etl.run({ orders: rows([order(9), { ...order(10), colour: "red" }]) }), "BAD_ROW");
    expect(e.context).toMatchObject({ row: 2, column: "colour", table: "orders" });
    expect(e.message).toMatch(/onUnknownColumn/);
  });
  test("an unknown one in the first row of a table without declared columns", async () => {
    const w = await world();
    await w.sql("CREATE TABLE main.plain (id BIGINT, n BIGINT)");
    const other = w.pipeline({ pipeline: "q", tables: { t: table("main.plain", { key: "id" } as never) } });
    const e = await refused(w, () => other.run({ t: rows([{ id: 1, n: 1, colour: "red" }]) }), "BAD_ROW");
    expect(e.context).toMatchObject({ row: 1, column: "colour" });
  });
  test("a missing one that cannot be NULL", async () => {
    const w = await world();
    const { customer: _, ...rest } = order(9);
    const e = await refused(w, () => w.etl.run({ orders: rows([rest]) }), "BAD_ROW");
    expect(e.context).toMatchObject({ row: 1, column: "customer", reason: "a value is missing" });
  });
  test("ignored when so asked, with a warning", async () => {
    const t = table("main.orders", { columns: { id: "int64" }, key: "id", onUnknownColumn: "ignore" });
    const w = await world({ table: t, next: (n) => ({ id: n }) });
    const report = await w.etl.run({ orders: rows([{ id: 9, colour: "red" } as never, { id: 10, colour: "blue" } as never]) });
    expect(report.warnings).toEqual([{ code: "IGNORED_COLUMNS", message: expect.stringMatching(/orders.*colour/) }]);
  });
});

describe("keys", () => {
  test.each([
    ["null", null],
    ["undefined", undefined],
  ])("%s", async (_, id) => {
    const w = await world();
    const e = await refused(w, () => w.etl.run({ orders: rows([order(9), { ...order(10), id }]) }), "BAD_ROW");
    expect(e.context).toMatchObject({ row: 2, column: "id", table: "orders" });
  });
  test("a NULL key in a table without declared columns", async () => {
    const w = await world();
    await w.sql("CREATE TABLE main.plain (id BIGINT, n BIGINT)");
    const other = w.pipeline({ pipeline: "q", tables: { t: table("main.plain", { key: "id" } as never) } });
    const e = await refused(
      w,
      () =>
        other.run({
          t: rows([
            { id: 1, n: 1 },
            { id: null, n: 2 },
          ]),
        }),
      "BAD_ROW",
    );
    expect(e.context).toMatchObject({ column: "id", table: "t" });
    expect(e.message).toMatch(/1 rows? ha(s|ve) NULL in the key/);
  });
  test("the same key twice with different content and the same cursor", async () => {
    const w = await world();
    const twice = rows([order(9), { ...order(9), customer: "another" }]);
    const e = await refused(w, () => w.etl.run({ orders: twice }), "BAD_ROW");
    expect(e.context).toMatchObject({ table: "orders", column: "id", row: null });
    expect(e.message).toMatch(/more than once with different content.*\(9\).*updated_at is the same/);
  });
  test("the same key twice without a cursor", async () => {
    const t = table("main.orders", { columns: { id: "int64", n: "int64" }, key: "id" });
    const w = await world({ table: t, next: (n) => ({ id: n, n }) });
    const e = await refused(
      w,
      () =>
        w.etl.run({
          orders: rows([
            { id: 9, n: 1 },
            { id: 9, n: 2 },
          ]),
        }),
      "BAD_ROW",
    );
    expect(e.message).toMatch(/no cursor to tell which is newer/);
  });
  test("the same row twice is one row; of two the newer wins", async () => {
    const w = await world();
    const newer = { ...order(10), id: 9 };
    const report = await w.etl.run({ orders: rows([order(9), order(9), newer]) });
    expect(report.tables["orders"]).toMatchObject({ inserted: 1 });
    expect(await w.sql("SELECT customer FROM main.orders WHERE id = 9")).toEqual([{ customer: "c10" }]);
  });
  test("a partition that is NULL", async () => {
    const t = table("main.days", { columns: { day: "date?", n: "int64" }, mode: "partition", partition: "day" });
    const w = await world({ table: t, next: (n) => ({ day: `2024-01-0${n}`, n }) });
    const e = await refused(
      w,
      () =>
        w.etl.run({
          orders: rows([
            { day: "2024-02-01", n: 1 },
            { day: null, n: 2 },
          ]),
        }),
      "BAD_ROW",
    );
    expect(e.context).toMatchObject({ table: "orders", column: "day" });
  });
  test("a key that lives in a partition outside the load", async () => {
    const columns = { day: "date", id: "int64" } as const;
    const t = table("main.days", { columns, mode: "partition", partition: "day", key: "id" });
    const w = await world({ table: t, next: (n) => ({ day: `2024-01-0${n}`, id: n }) });
    const e = await refused(w, () => w.etl.run({ orders: rows([{ day: "2024-02-01", id: 1 }]) }), "BAD_ROW");
    expect(e.context).toMatchObject({ table: "orders", pipeline: "p", release: 3 });
    expect(e.message).toMatch(/partitions/);
  });
});

describe("zod", () => {
  const schema = z.object({ id: z.bigint(), name: z.string().min(2), when: z.date() });
  const t = table("main.people", { columns: schema, key: "id" });
  const next = (n: number) => ({ id: BigInt(n), name: "Ann", when: new Date(0) });
  test("a row that the schema refuses, by its own words", async () => {
    const w = await world({ table: t, next });
    const e = await refused(w, () => w.etl.run({ orders: rows([next(8), { ...next(9), name: "x" }]) }), "BAD_ROW");
    expect(e.context).toMatchObject({ row: 2, column: "name", table: "orders" });
    expect(e.context.reason).toMatch(/Too small/);
  });
  test("an unknown column is not stripped silently", async () => {
    const w = await world({ table: t, next });
    const e = await refused(w, () => w.etl.run({ orders: rows([{ ...next(9), extra: 1 }]) }), "BAD_ROW");
    expect(e.context).toMatchObject({ row: 1, column: "extra" });
  });
  test("a refinement that throws keeps its error", async () => {
    const boom = new Error("boom");
    const throwing = z.object({
      id: z.bigint(),
      v: z.string().refine((v) => {
        if (v === "bad") throw boom;
        return true;
      }),
    });
    const w = await world({
      table: table("main.people", { columns: throwing, key: "id" }),
      next: (n) => ({ id: BigInt(n), v: "ok" }),
    });
    const e = await refused(w, () => w.etl.run({ orders: rows([{ id: 9n, v: "bad" }]) }), "BAD_ROW");
    expect(e.cause).toBe(boom);
  });
  test("an async refinement is waited for", async () => {
    const slow = z.object({ id: z.bigint(), v: z.string().refine(async (v) => v !== "bad", "is bad") });
    const w = await world({
      table: table("main.people", { columns: slow, key: "id" }),
      next: (n) => ({ id: BigInt(n), v: "ok" }),
    });
    const e = await refused(w, () => w.etl.run({ orders: rows([{ id: 9n, v: "bad" }]) }), "BAD_ROW");
    expect(e.context).toMatchObject({ row: 1, column: "v", reason: "is bad" });
  });
});

test("nothing of a refused row comes in by a second try", async () => {
  const w = await world();
  await failure(() => w.etl.run({ orders: rows([order(8), { ...order(9), customer: 5 }]) }), "BAD_ROW");
  await w.etl.run({ orders: rows([order(9)]) });
  expect(await w.sql("SELECT id::INT AS id FROM main.orders ORDER BY id")).toEqual([{ id: 1 }, { id: 2 }, { id: 9 }]);
});
