import { query, rows, sql, table } from "cutover";
import { describe, expect, test } from "vitest";
import { order, refused, type World, world } from "./support.js";

describe("an empty source is nothing to do", () => {
  test.each([
    ["no rows", { orders: rows([]) }],
    ["an empty generator", { orders: rows(async function* () {}) }],
    ["an empty query", { orders: query(sql`SELECT * FROM main.orders WHERE FALSE`) }],
    ["no sources", {}],
    ["a source that is undefined", { orders: undefined }],
  ])("%s", async (_, feed) => {
    const w = await world();
    const before = await w.snapshot();
    const report = await w.etl.run(feed as never);
    expect(report).toMatchObject({ status: "nothing-to-do", release: 2, tables: {}, checks: [], warnings: [] });
    expect(await w.snapshot()).toEqual(before);
    await w.goodRun();
    expect((await w.etl.status()).live).toBe(3);
  });
  test("rows that live has already are nothing to do either", async () => {
    const w = await world();
    const before = await w.snapshot();
    expect(await w.etl.run({ orders: rows([order(1), order(2)]) })).toMatchObject({ status: "nothing-to-do", release: 2 });
    expect(await w.snapshot()).toEqual(before);
  });
  test("by candidate", async () => {
    const w = await world();
    const before = await w.snapshot();
    expect(await w.etl.run({ orders: rows([]) }, { strategy: "swap" })).toMatchObject({ status: "nothing-to-do", release: 2 });
    expect(await w.snapshot()).toEqual(before);
    await w.goodRun();
  });
  test("by steps", async () => {
    const w = await world();
    const before = await w.snapshot();
    const release = await w.etl.begin();
    expect((await release.load({ orders: rows([]) })).staged).toEqual({ orders: { rows: 0, quarantined: 0 } });
    expect(await release.publish()).toMatchObject({ status: "nothing-to-do", release: 2 });
    expect(await w.snapshot()).toEqual(before);
    await w.goodRun();
  });
});

test("a cursor in the future is a warning: the row loads, the watermark stays", async () => {
  const w = await world();
  const future = { ...order(9), updated_at: new Date(Date.now() + 86_400_000 * 365) };
  const before = (await w.etl.status()).watermarks["orders"];
  const report = await w.etl.run({ orders: rows([future]) });
  expect(report).toMatchObject({
    status: "published",
    tables: { orders: { inserted: 1, watermark: { before, after: before } } },
  });
  expect(report.warnings).toEqual([{ code: "FUTURE_CURSOR", message: expect.stringMatching(/orders.*future/) }]);
  expect((await w.etl.status()).watermarks["orders"]).toBe(before);
  await w.goodRun();
});

describe("a feed that is none", () => {
  test.each<[string, unknown]>([
    ["undefined", undefined],
    ["null", null],
    ["text", "orders.csv"],
    ["a list", [order(9)]],
    ["a source without its table", rows([order(9)])],
    ["rows instead of a source", { orders: [order(9)] }],
    ["a source that is null", { orders: null }],
    ["a function that gives nothing", () => undefined],
    ["a function that gives a promise of text", async () => "orders"],
  ])("%s", async (_, feed) => {
    const w = await world();
    const e = await refused(w, () => w.etl.run(feed as never), "CONFIG");
    expect(e.context.issues[0]?.path).toMatch(/^feed/);
    expect(e.message).toMatch(/source/);
  });
  test.each<[string, unknown]>([
    ["a number", 5],
    ["a row", { id: 1 }],
    ["undefined", undefined],
  ])("rows() of %s", async (_, from) => {
    const w = await world();
    const e = await refused(w, () => w.etl.run({ orders: rows(from as never) }), "CONFIG");
    expect(e.context.issues[0]?.path).toBe("feed.orders");
  });
});

describe("a source that throws", () => {
  const boom = new TypeError("boom");
  const isBoom = async (w: World, act: () => unknown, where: object) => {
    const e = await refused(w, act, "SOURCE");
    expect(e.cause).toBe(boom);
    expect(e.context).toMatchObject({ reason: "boom", pipeline: "p", release: 3, ...where });
    expect(e.message).toMatch(/boom/);
    expect(e.retryable).toBe(true);
  };
  const fail = (): never => {
    throw boom;
  };
  test("a feed function", async () => {
    const w = await world();
    await isBoom(w, () => w.etl.run(fail), {});
  });
  test("an async feed function", async () => {
    const w = await world();
    await isBoom(w, () => w.etl.run(async () => fail()), {});
  });
  test("the function that opens the rows", async () => {
    const w = await world();
    await isBoom(w, () => w.etl.run({ orders: rows(fail) }), { table: "orders" });
  });
  test("an iterable, after some batches", async () => {
    const w = await world();
    const some = function* () {
      for (let n = 100; n < 25_000; n++) yield order(n);
      fail();
    };
    await isBoom(w, () => w.etl.run({ orders: rows(some()) }), { table: "orders" });
  });
  test("an async iterable, at its first row", async () => {
    const w = await world();
    await isBoom(
      w,
      () =>
        w.etl.run({
          orders: rows(
            (async function* () {
              yield await Promise.reject(boom);
            })(),
          ),
        }),
      { table: "orders" },
    );
  });
  test("at its first row, of a table whose columns come from that row", async () => {
    const w = await world();
    const tables = { orders: table("main.orders", { key: "id", cursor: "updated_at" } as never) };
    const t = w.pipeline({ pipeline: "p", tables });
    await isBoom(
      w,
      () =>
        t.run({
          orders: rows(
            (function* () {
              yield fail();
            })(),
          ),
        }),
      { table: "orders" },
    );
  });
  test("by candidate", async () => {
    const w = await world();
    await isBoom(
      w,
      () =>
        w.etl.run(
          {
            orders: rows(
              (function* () {
                yield order(9);
                fail();
              })(),
            ),
          },
          { strategy: "swap" },
        ),
      { table: "orders" },
    );
  });
  test("a row whose getter throws", async () => {
    const w = await world();
    const row = Object.defineProperty({ ...order(9) }, "customer", { enumerable: true, get: fail });
    const e = await refused(w, () => w.etl.run({ orders: rows([order(8), row]) }), "BAD_ROW");
    expect(e.cause).toBe(boom);
    expect(e.context).toMatchObject({ row: 2, table: "orders", pipeline: "p", release: 3 });
  });
  test("something that is no error", async () => {
    const w = await world();
    const e = await refused(
      w,
      () =>
        w.etl.run({
          orders: rows(
            (function* () {
              yield order(9);
              throw "just text";
            })(),
          ),
        }),
      "SOURCE",
    );
    expect(e.cause).toBe("just text");
    expect(e.context.reason).toBe("just text");
  });
  test("the second of two tables' sources leaves the first as it was", async () => {
    const w = await world();
    await w.sql("CREATE TABLE main.lines (id BIGINT, n BIGINT)");
    const two = w.pipeline({ pipeline: "p", tables: { ...w.etl.tables, lines: table("main.lines", { key: "id" } as never) } });
    await isBoom(
      w,
      () =>
        two.run({
          orders: rows([order(9)]),
          lines: rows(
            (function* () {
              yield { id: 1, n: 1 };
              fail();
            })(),
          ),
        }),
      { table: "lines" },
    );
  });
});
