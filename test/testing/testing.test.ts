import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cutover, isCutoverError, query, rows, sql, table } from "cutover";
import { duckdb } from "cutover/duckdb";
import { failAt, type HowToFail, memory, read, seed } from "cutover/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { failure } from "../support/fixtures.js";

const orders = table("orders", { columns: { id: "int64", who: "string?", at: "timestamp?" }, key: "id" });
const pipeline = (warehouse: ReturnType<typeof memory>) => cutover({ warehouse, pipeline: "orders", tables: { orders } });
const paths = (body: () => unknown): readonly string[] => {
  try {
    body();
  } catch (e) {
    if (isCutoverError(e, "CONFIG")) return e.context.issues.map((i) => i.path);
    throw e;
  }
  throw new Error("it was taken");
};

describe("memory()", () => {
  test("keeps its data while pipelines come and go, and shares it with no other", async () => {
    const [one, other] = [memory(), memory()];
    const first = pipeline(one);
    await first.run({ orders: rows([{ id: 1 }]) });
    await first.close();
    const second = pipeline(one);
    expect((await second.status()).live).toBe(1);
    expect((await pipeline(other).status()).live).toBeNull();
    await second.close();
  });
  test("refuses what is no option", () => {
    expect(paths(() => memory({ maxSessions: 0 }))).toEqual(["maxSessions"]);
    expect(paths(() => memory({ path: "x.duckdb" } as never))).toEqual(["path"]);
  });
});

describe("seed() and read()", () => {
  test("types are guessed, declared, said, or those of the table that is there; rows come back in order, typed", async () => {
    const w = memory();
    const at = new Date("2026-01-02T03:04:05.678Z");
    expect(
      await seed(w, "raw.orders", [
        { id: 2, who: "b", x: 1, ok: true, at },
        { id: 1n, x: 0.5, raw: new Uint8Array([1]) },
      ]),
    ).toBe(2);
    expect(await read(w, "raw.orders", { orderBy: "id" })).toEqual([
      { id: 1n, who: null, x: 0.5, ok: null, at: null, raw: new Uint8Array([1]) },
      { id: 2n, who: "b", x: 1, ok: true, at: "2026-01-02T03:04:05.678000Z", raw: null },
    ]);
    expect(await seed(w, "raw.orders", [{ id: 3 }])).toBe(1);
    expect(await read(w, sql`SELECT count(*) AS n, max(who) AS who FROM raw.orders WHERE id > ${1}`)).toEqual([
      { n: 2n, who: "b" },
    ]);
    await seed(w, "raw.empty", { columns: { id: "int64", price: "decimal(9,2)?" }, rows: [] });
    await seed(w, ["memory", "raw", "empty"], [{ id: 1, price: "1.50" }]);
    expect(await read(w, "raw.empty")).toEqual([{ id: 1n, price: "1.50" }]);
    const days = table("days", {
      columns: z.object({ id: z.number(), at: z.date(), n: z.number().default(7) }),
      types: { id: "int64" },
      key: "id",
    });
    await seed(w, days, [
      { id: 2, at },
      { id: 1, at, n: 1 },
    ]);
    const found = await read(w, days, { orderBy: ["at", "id"] });
    expect(found.map((d) => [d.id, d.at.getTime(), d.n])).toEqual([
      [1, at.getTime(), 1],
      [2, at.getTime(), 7],
    ]);
    const etl = cutover({ warehouse: w, pipeline: "p", tables: { orders } });
    await etl.run({ orders: query(sql`SELECT id, who, "at" FROM raw.orders`) });
    expect((await read(w, orders, { orderBy: "id" })).map((o) => o.id)).toEqual([1n, 2n, 3n]);
    // Nothing is left beside the tables.
    expect(await read(w, sql`SELECT table_name FROM duckdb_tables() WHERE table_name LIKE '%seed%'`)).toEqual([]);
    await etl.close();
  });

  test("what does not fit is refused, and nothing is added", async () => {
    const w = memory();
    await seed(w, orders, [{ id: 1 }]);
    expect(await failure(seed(w, "orders", [{ id: 2 }, { id: "x" }]), "BAD_ROW")).toMatchObject({
      context: { row: 2, column: "id" },
    });
    await failure(seed(w, "orders", [{ id: 2, nothing: 1 }]), "BAD_ROW");
    await failure(seed(w, "orders", [{ who: "no key" }]), "BAD_ROW");
    expect(await read(w, orders)).toHaveLength(1);
    const config = async (call: () => Promise<unknown>) =>
      (await failure(Promise.resolve().then(call), "CONFIG")).context.issues.map((i) => i.path);
    expect(
      await config(() =>
        seed(w, "t", [
          { a: 1, b: "x" },
          { a: "1", b: null },
        ]),
      ),
    ).toEqual(["columns.a"]);
    expect(await config(() => seed(w, "t", [{ a: null }]))).toEqual(["columns.a"]);
    expect(await config(() => seed(w, "t", []))).toEqual(["rows"]);
    expect(await config(() => seed(w, "t", { columns: { a: "int" as never }, rows: [] }))).toEqual(["columns.a"]);
    expect(await config(() => seed(w, "a..b", [{ a: 1 }]))).toEqual(["name"]);
    expect(await config(() => seed(w, "t", 5 as never))).toEqual(["rows"]);
    expect(await config(() => seed(w, {} as never, [{ a: 1 }]))).toEqual(["into"]);
    expect(await config(() => seed({} as never, "t", [{ a: 1 }]))).toEqual(["warehouse"]);
    expect(await config(() => read(w, 5 as never))).toEqual(["from"]);
    await failure(read(w, "t"), "NOT_FOUND");
    await failure(read(w, orders, { orderBy: "nothing" as never }), "NOT_FOUND");
    await failure(read(w, sql`SELECT * FROM nowhere`), "ADAPTER");
  });
});

describe("failAt()", () => {
  const load = async (warehouse: ReturnType<typeof memory>): Promise<void> => {
    const etl = pipeline(warehouse);
    try {
      await etl.run({
        orders: rows([
          { id: 1, who: "a" },
          { id: 2, who: "b" },
        ]),
      });
    } finally {
      await etl.close();
    }
  };
  const whole = [
    { id: 1n, who: "a", at: null },
    { id: 2n, who: "b", at: null },
  ];
  test("at a call, however it fails: what is run again is whole, and a crash is taken over at once", async () => {
    const counted = failAt(memory(), Number.POSITIVE_INFINITY);
    await load(counted);
    expect(counted.failed()).toBe(false);
    expect(counted.calls()).toBeGreaterThan(10);
    const ways: readonly HowToFail[] = ["before", "after", "lost", "crash"];
    let failed = 0;
    // Every call, in the example of the package's documentation.
    for (let at = 1; at <= counted.calls() + 1; at += 3) {
      const warehouse = memory();
      const failing = failAt(warehouse, { at, how: ways[at % ways.length] as HowToFail });
      const e = await load(failing).catch((thrown: unknown) => thrown);
      if (e !== undefined) failed += 1;
      expect(failing.failed(), `at call ${at}`).toBe(at <= counted.calls());
      await load(warehouse);
      expect(await read(warehouse, orders, { orderBy: "id" }), `at call ${at}`).toEqual(whole);
    }
    expect(failed).toBeGreaterThan(5);
  });
  test("on a file too: a session that was lost leaves none open", async () => {
    const folder = await mkdtemp(join(tmpdir(), "cutover-testing-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, "w.duckdb");
    const failing = failAt(duckdb({ path }), { at: 1, how: "lost" });
    await load(failing);
    expect(failing.failed()).toBe(true);
    // Refused while anybody has the file open with other settings.
    const w = duckdb({ path, config: { threads: "1" } });
    expect(await read(w, orders, { orderBy: "id" })).toEqual(whole);
  });
  test("refuses what is no fault", () => {
    for (const at of [0, -1, 1.5, "2", undefined]) expect(paths(() => failAt(memory(), at as never))).toEqual(["at"]);
    expect(paths(() => failAt(memory(), { at: 1, how: "never" as never }))).toEqual(["how"]);
    expect(paths(() => failAt(memory(), { at: 1, when: 2 } as never))).toEqual(["when"]);
    expect(paths(() => failAt(null as never, 1))).toEqual(["warehouse"]);
  });
});
