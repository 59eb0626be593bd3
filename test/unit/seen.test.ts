import { adapterOf, type ColumnType, type Session } from "cutover/adapter";
import { duckdb } from "cutover/duckdb";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Adapter } from "../../src/adapter/define.js";
import { compileStep } from "../../src/plan/compile.js";
import { watching } from "../../src/source/seen.js";
import type { Row } from "../../src/sql/sql.js";

const adapter = adapterOf(duckdb()) as Adapter;
const io = { signal: new AbortController().signal, tag: "test" };
const NOW = 1_700_000_000_000_000n;
const DAY = 86_400_000_000n;
let session: Session<never>;
beforeAll(async () => {
  session = (await adapter.open(io)) as Session<never>;
});
afterAll(() => session.close());

const values: { readonly [T in "int64" | "string" | "date" | "timestamp"]: fc.Arbitrary<unknown> } = {
  int64: fc.bigInt({ min: -3n, max: 3n }),
  string: fc.constantFrom("", "a", "A", "1:a", "null", "é", "e\u0301"),
  date: fc.integer({ min: Number(NOW / DAY) - 2, max: Number(NOW / DAY) - 1 }),
  timestamp: fc.constantFrom(NOW - 1n, NOW - DAY, NOW - 2n),
};
const maybe = (type: keyof typeof values) => fc.option(values[type], { nil: null, freq: 6 });
const column = (name: string, type: ColumnType) => ({ name, type, nullable: true, native: adapter.syntax.type(type) });

async function* one(rows: readonly (readonly unknown[])[]) {
  for (let at = 0; at < rows.length; at += 3) {
    const part = rows.slice(at, at + 3);
    yield { rows: part.length, columns: [0, 1, 2, 3].map((i) => part.map((r) => r[i])) };
  }
}

/** What JavaScript saw, and what the warehouse finds. */
async function both(rows: readonly (readonly unknown[])[], cursor: "c" | "d") {
  const columns = [column("k", "string"), column("n", "int64"), column("c", "timestamp"), column("d", "date")];
  const sight = { columns, key: ["k", "n"], cursor, partition: "d" };
  const { through, seen } = watching(one(rows), sight, adapter.syntax, () => NOW, 10_000);
  const delta = { path: ["memory", "main", "seen"] };
  await session.stage(delta, columns, through, io);
  const ask = async (step: Parameters<typeof compileStep>[1]): Promise<readonly Row[]> => {
    const [op] = compileStep(adapter, step);
    return (await session.execute(op as never, io)).rows;
  };
  const byCursor = columns.find((c) => c.name === cursor) ?? null;
  const [facts] = await ask({ kind: "inspect", delta, key: ["k", "n"], cursor: byCursor, partition: "d" });
  const day = columns[3] as (typeof columns)[number];
  const listed = (await ask({ kind: "partitions", delta, partition: day })).map((r) => r["value"]).filter((v) => v !== null);
  return { told: seen(), facts, listed };
}

describe("what is seen of rows as they pass", () => {
  test.each(["c", "d"] as const)("is what the warehouse finds (cursor %s)", async (cursor) => {
    const row = fc.tuple(maybe("string"), maybe("int64"), maybe("timestamp"), maybe("date"));
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 12 }), async (rows) => {
        const { told, facts, listed } = await both(rows, cursor);
        expect(told?.facts).toEqual(facts);
        expect(told?.partitions).toEqual(listed);
      }),
      { numRuns: 40 },
    );
  });

  const told = async (types: Readonly<Record<string, string>>, rows: number, clock = NOW, most = 10_000, different = rows) => {
    const columns = [
      { name: "k", type: (types["type"] ?? "string") as ColumnType, nullable: true, native: types["native"] ?? "VARCHAR" },
      column("c", "timestamp"),
    ];
    const batch = {
      rows,
      columns: [Array.from({ length: rows }, (_, i) => `${i % different}`), Array.from({ length: rows }, () => NOW + 5n)],
    };
    const from = (async function* () {
      yield batch;
    })();
    const sight = { columns, key: ["k"], cursor: "c", partition: null };
    const { through, seen } = watching(from, sight, adapter.syntax, () => clock, most);
    for await (const _ of through);
    return seen();
  };
  test("a cursor beyond the warehouse's clock moves nothing", async () => {
    expect((await told({}, 2))?.facts).toMatchObject({ max_cursor: NOW + 5n, settled_cursor: null });
    expect((await told({}, 2, NOW + 5n))?.facts).toMatchObject({ settled_cursor: NOW + 5n });
  });
  test("where a question costs much, of many rows it is told that their keys differ, and never wrongly", async () => {
    expect((await told({}, 50_000, NOW, 100_000))?.facts).toMatchObject({ rows: 50_000n, keys: 50_000n });
    expect(await told({}, 50_000, NOW, 100_000, 49_999)).toBeNull();
    expect(await told({}, 50_000, NOW, 49_999)).toBeNull();
  });
  test("of many rows, and of values that an engine tells apart in its own way, nothing is said", async () => {
    expect(await told({}, 10_000)).not.toBeNull();
    expect(await told({}, 10_001)).toBeNull();
    expect(await told({ native: "UUID" }, 2)).toBeNull();
    expect(await told({ native: "VARCHAR COLLATE NOCASE" }, 2)).toBeNull();
    expect(await told({ type: "float64", native: "DOUBLE" }, 2)).toBeNull();
  });
});
