import {
  anomaly,
  between,
  type Candidate,
  type CheckResult,
  check,
  cutover,
  files,
  freshness,
  isCutoverError,
  type Json,
  matches,
  maxDrop,
  noRows,
  notNull,
  type Observer,
  query,
  type RunReport,
  references,
  rowCount,
  rows,
  type Sandbox,
  sql,
  table,
  unique,
  type Warehouse,
} from "cutover";
import { duckdb } from "cutover/duckdb";
import { describe, expectTypeOf, test } from "vitest";
import * as z from "zod";
import { z as zm } from "zod/mini";

interface Order {
  readonly id: bigint;
  readonly customer: string;
  readonly amount: number;
  readonly updated_at: Date;
}
declare const warehouse: Warehouse;
declare function fetchOrders(o: { updatedFrom?: Date | undefined; signal?: AbortSignal }): AsyncIterable<Order>;

const orders = table("main.orders", {
  columns: z.object({ id: z.bigint(), customer: z.string(), amount: z.number(), updated_at: z.date() }),
  types: { amount: "decimal(18,2)" },
  key: "id",
  cursor: "updated_at",
  lookback: "10m",
  checks: [rowCount({ min: 1 }), notNull("id", "amount"), unique("id"), maxDrop(0.2)],
});
const items = table("main.items", {
  columns: { order_id: "int64", line: "int64", price: "decimal(18,2)?", seq: "int64" },
  key: ["order_id", "line"],
  cursor: "seq",
  checks: [
    between("price", { min: 0 }, { severity: "warn", samples: 3 }),
    noRows("lines", sql`SELECT * FROM ${sql.self} WHERE line < 1`),
  ],
});
const days = table("main.days", { columns: { day: "date", total: "float64" }, mode: "partition", partition: "day" });
const config = { pipeline: "orders", tables: { orders, items, days } };
const etl = cutover({ ...config, warehouse });

describe("uses", () => {
  test("the example of the README", async () => {
    await using pipeline = cutover({ ...config, warehouse: duckdb({ path: "warehouse.duckdb" }) });
    const report = await pipeline.run(({ since, signal }) => ({
      orders: rows(fetchOrders({ updatedFrom: since.orders, signal })),
      items: query(sql`SELECT * FROM raw.items WHERE ${sql.since("seq", since.items)}`),
    }));
    report.tables.orders?.updated satisfies number | undefined;
    const candidate = await pipeline.clone({ tables: ["orders"] });
    await candidate.load({ orders: files("orders/*.parquet") });
    await candidate.transform(sql`UPDATE ${candidate.refs.orders} SET customer = trim(customer)`);
    const result = await candidate.validate();
    if (result.ok) await candidate.swap();
    else await candidate.reject();
    await pipeline.rollback();
    for await (const c of pipeline.diff("items", { from: 1, to: 2 })) {
      if (c.op === "update") c.after.price satisfies string | null;
    }
  });

  test("a service: metrics, loggers, signals, errors by code", async () => {
    const seconds = new Map<string, number>();
    const metrics: Observer = {
      event(e) {
        if (e.type === "stage.end") seconds.set(`${e.pipeline} ${e.stage}`, e.ms / 1000);
      },
    };
    const pino = {
      debug(_context: object, _message?: string, ..._more: unknown[]): void {},
      info(_context: object, _message?: string, ..._more: unknown[]): void {},
      warn(_context: object, _message?: string, ..._more: unknown[]): void {},
      error(_context: object, _message?: string, ..._more: unknown[]): void {},
    };
    cutover({ ...config, warehouse, logger: console });
    const service = cutover({ ...config, warehouse, logger: pino, observers: [metrics], lease: { wait: "5s" } });
    const stop = new AbortController();
    try {
      const r: RunReport = await service.run(
        ({ since, signal }) => ({ orders: rows(() => fetchOrders({ updatedFrom: since.orders, signal })) }),
        { signal: stop.signal, idempotencyKey: "2001-01-01" },
      );
      expectTypeOf(r.status).toEqualTypeOf<"published" | "already-published" | "nothing-to-do">();
    } catch (e) {
      if (isCutoverError(e, "CHECKS_FAILED")) {
        expectTypeOf(e.context.checks).toEqualTypeOf<readonly CheckResult[]>();
        e.context.checks.filter((c) => c.outcome === "fail");
      }
      if (isCutoverError(e, "LEASE_HELD")) [e.context.owner, e.context.expires] satisfies string[];
      if (isCutoverError(e) && e.retryable) e.code satisfies string;
    } finally {
      await service.close();
    }
  });

  test("zod/mini, plain columns, and no columns at all", () => {
    table("m", { columns: zm.object({ id: zm.bigint(), at: zm.date() }), key: "id", cursor: "at" });
    const loose = table("raw.events", { key: "id" });
    const p = cutover({ warehouse, pipeline: "p", tables: { loose } });
    p.run({ loose: rows([{ id: 1, anything: "x", list: [1, 2] }]) });
    p.run({ loose: files(["a.csv", new URL("file:///b.csv")], { format: "csv" }) });
  });

  test("checks with options", () => {
    const columns = z.object({ id: z.bigint(), status: z.string() });
    const checks = [notNull(["id", "status"], { severity: "warn" }), unique(["status"], { samples: 1 })];
    table("t", { columns, key: "id", checks });
    table("t", {
      columns,
      key: "id",
      checks: [
        anomaly("rows"),
        anomaly({ sum: "id" }),
        references("id", orders, "id"),
        references("id", "main.ids", "id"),
        matches("status", "^[a-z]+$"),
      ],
    });
    table("t", {
      columns,
      key: "id",
      checks: [notNull(["status"], { severity: "warn" }), unique(["id", "status"], { samples: 1 })],
    });
  });

  test("a check in JavaScript", () => {
    const checks = [
      check("few", async ({ query, self, signal }) => {
        signal.throwIfAborted();
        const found = await query(sql`SELECT 1 FROM ${self} LIMIT 1`);
        return { pass: found.length === 1, observed: found.length };
      }),
    ];
    table("t", { columns: { id: "int64" }, key: "id", checks });
  });
});

describe("inference", () => {
  const columns = z.object({ id: z.bigint(), status: z.string(), at: z.date() });
  const a = table("a", { columns, key: "id", cursor: "at", checks: [notNull("id", "status")] });
  const b = table("b", { columns: { id: "int64", n: "decimal(10,2)?" }, key: "id" });
  const m = table("m", { columns: zm.object({ id: zm.bigint(), at: zm.date() }), key: "id", cursor: "at" });
  const p = cutover({ warehouse, pipeline: "p", tables: { a, b, m } });

  test("rows on their way in: nullable columns may be left out, int64 may be a number", () => {
    p.run({ b: rows([{ id: 1 }, { id: 2n, n: "1.10" }, { id: 3, n: null }]) });
    p.run({ a: rows([{ id: 1n, status: "x", at: new Date() }]) });
  });
  test("rows on their way out are exact", async () => {
    for await (const c of p.diff("b", { from: 1, to: 2 })) {
      if (c.op === "delete") expectTypeOf(c.before).toEqualTypeOf<{ readonly id: bigint; readonly n: string | null }>();
      else expectTypeOf(c.after.id).toEqualTypeOf<bigint>();
    }
  });
  test("since has the cursor's type, for tables with a cursor", () => {
    p.run(({ since }) => {
      expectTypeOf(since.a).toEqualTypeOf<Date | undefined>();
      expectTypeOf(since.m).toEqualTypeOf<Date | undefined>();
      return {};
    });
    etl.run(({ since }) => {
      expectTypeOf(since.items).toEqualTypeOf<bigint | undefined>();
      return {};
    });
  });
  test("until has the type of the cursors; a window and a watermark are of tables with one", () => {
    p.run(
      ({ until }) => {
        expectTypeOf(until).toEqualTypeOf<Date | undefined>();
        return {};
      },
      { window: { from: new Date(0), until: "2026-01-01T00:00:00Z", allowGap: true } },
    );
    etl.setWatermark("items", 5n);
    etl.setWatermark("items", null);
    // @ts-expect-error the cursor is a bigint
    etl.setWatermark("items", "5");
    // @ts-expect-error a window ends somewhere
    etl.run({}, { window: { from: 1 } });
    // @ts-expect-error no such column
    table("t", { columns: { id: "int64" }, key: "id", deleteWhen: { column: "gone", equals: true } });
    // @ts-expect-error a release column is for appends
    table("t", { columns: { id: "int64" }, mode: "replace", releaseColumn: "r" });
  });
  test("a sandbox has the tables of its pipeline, and an end", async () => {
    await using box = await p.sandbox({ ttl: "1h" });
    box.clone({ tables: ["a"] }).then((candidate: Candidate<{ a: typeof a }>) => candidate);
    box satisfies Pick<Sandbox, "schema" | "expires">;
    box.schema satisfies string;
    box.expires satisfies string;
    box.drop() satisfies Promise<void>;
    // @ts-expect-error a sandbox has a time to live
    p.sandbox({});
    // @ts-expect-error no duration
    p.sandbox({ ttl: "an hour" });
  });
  test("a candidate has the tables that it was cloned with", () => {
    p.clone({ tables: ["a"] }).then((c: Candidate<{ a: typeof a }>) => c);
    p.rebuild({ tables: ["a", "b"] }).then((c) => expectTypeOf(c.refs).toHaveProperty("b"));
  });
  test("an error's context follows its code", () => {
    const e: unknown = null;
    if (isCutoverError(e, "CHECKS_FAILED", "LEASE_HELD")) {
      if (e.code === "LEASE_HELD") expectTypeOf(e.context.owner).toEqualTypeOf<string>();
      else expectTypeOf(e.context.checks).toEqualTypeOf<readonly CheckResult[]>();
    }
    if (isCutoverError(e)) {
      if (e.code === "LEASE_HELD") expectTypeOf(e.context.owner).toEqualTypeOf<string>();
    }
  });
  test("json is a value, to any depth", () => {
    ({ a: [1, "x", null, { b: true }] }) satisfies Json;
  });
});

describe("what must not compile", () => {
  const columns = z.object({ id: z.bigint(), status: z.string(), at: z.date() });
  const a = table("a", { columns, key: "id", cursor: "at" });
  const b = table("b", { columns: { id: "int64", n: "decimal(10,2)?" }, key: "id" });
  const p = cutover({ warehouse, pipeline: "p", tables: { a, b } });

  test("a table with a typo in key, cursor, partition, types, check or column type", () => {
    // @ts-expect-error typo in key
    table("t", { columns, key: "idd" });
    // @ts-expect-error typo in a key of several columns
    table("t", { columns, key: ["id", "statuss"] });
    // @ts-expect-error typo in cursor
    table("t", { columns, key: "id", cursor: "att" });
    // @ts-expect-error typo in partition
    table("t", { columns, mode: "partition", partition: "statuss" });
    // @ts-expect-error typo in a check
    table("t", { columns, key: "id", checks: [notNull("id", "statuss")] });
    // @ts-expect-error typo in a check with options
    table("t", { columns, key: "id", checks: [notNull(["id", "statuss"], { severity: "warn" })] });
    // @ts-expect-error typo in the column of a pattern
    table("t", { columns, key: "id", checks: [matches("statuss", /^[a-z]+$/)] });
    // @ts-expect-error typo in the column that refers
    table("t", { columns, key: "id", checks: [references("idd", orders, "id")] });
    // @ts-expect-error typo in the column that is referred to
    table("t", { columns, key: "id", checks: [references("id", orders, "idd")] });
    // @ts-expect-error typo in the column of an age
    table("t", { columns, key: "id", checks: [freshness("att", { maxAge: "1h" })] });
    // @ts-expect-error typo in the column of a sum
    table("t", { columns, key: "id", checks: [anomaly({ sum: "idd" })] });
    // @ts-expect-error no unit of time
    freshness("at", { maxAge: "1 hour" });
    // @ts-expect-error no such metric
    anomaly("colour");
    // @ts-expect-error typo in types
    table("t", { columns, key: "id", types: { statuss: "int64" } });
    // @ts-expect-error not a column type
    table("t", { columns: { id: "int" }, key: "id" });
    // @ts-expect-error typo in key of plain columns
    table("t", { columns: { id: "int64" }, key: "idd" });
  });
  test("a table that does not say how it is loaded", () => {
    // @ts-expect-error upsert needs a key
    table("t", { columns });
    // @ts-expect-error partition mode needs a partition
    table("t", { columns, mode: "partition" });
    // @ts-expect-error no such mode
    table("t", { columns, mode: "merge", key: "id" });
  });
  test("rows of another type", () => {
    // @ts-expect-error id is not bigint
    p.run({ a: rows([{ id: "1", status: "x", at: new Date() }]) });
    // @ts-expect-error at is missing
    p.run({ a: rows([{ id: 1n, status: "x" }]) });
    // @ts-expect-error a decimal is text or a number
    p.run({ b: rows([{ id: 1, n: true }]) });
  });
  test("a table that the pipeline does not have", () => {
    // @ts-expect-error no such table
    p.run({ c: rows([{ id: 1n }]) });
    // @ts-expect-error no such table, in a callback
    p.run(() => ({ c: rows([{ id: 1n }]) }));
    // @ts-expect-error no such table
    p.diff("c", { from: 1, to: 2 });
    // @ts-expect-error no such table
    p.clone({ tables: ["c"] });
    // @ts-expect-error not in this candidate
    p.clone({ tables: ["a"] }).then((c) => c.load({ b: rows([{ id: 1 }]) }));
    // @ts-expect-error not in this candidate
    p.clone({ tables: ["a"] }).then((c) => c.refs.b);
  });
  test("a watermark of a table without a cursor", () => {
    p.run(({ since }) => {
      // @ts-expect-error b has no cursor
      since.b;
      return {};
    });
  });
  test("undefined in SQL", () => {
    // @ts-expect-error undefined cannot be bound
    sql`select ${undefined}`;
    const since = undefined as bigint | undefined;
    // @ts-expect-error what may be undefined cannot be bound
    sql`select ${since}`;
    // @ts-expect-error a bare object cannot be bound
    sql`select ${{ a: 1 }}`;
  });
  test("a verb of the other strategy", () => {
    // @ts-expect-error a release in place has no swap
    p.begin().then((r) => r.swap());
    // @ts-expect-error a release in place has no transform
    p.begin().then((r) => r.transform(sql`SELECT 1`));
  });
  test("an error code that does not exist, and a fact of another code", () => {
    const e: unknown = null;
    // @ts-expect-error no such code
    isCutoverError(e, "CHECKS_FALIED");
    // @ts-expect-error owner belongs to LEASE_HELD
    if (isCutoverError(e, "CHECKS_FAILED")) e.context.owner;
  });
  test("a configuration with a wrong or missing part", () => {
    // @ts-expect-error no warehouse
    cutover({ pipeline: "p", tables: { a } });
    // @ts-expect-error not a table
    cutover({ warehouse, pipeline: "p", tables: { a: {} } });
    // @ts-expect-error not a duration
    cutover({ warehouse, pipeline: "p", tables: { a }, lease: { wait: "5 seconds" } });
    // @ts-expect-error no such option
    duckdb({ file: "warehouse.duckdb" });
  });
});
