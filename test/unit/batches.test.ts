import type { ColumnShape } from "cutover/adapter";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { batches, type RowTarget } from "../../src/source/batches.js";

const BATCH = 10_240;
const int = (name: string, nullable = true): ColumnShape => ({ name, type: "int64", nullable, native: "BIGINT" });
const text: ColumnShape = { name: "s", type: "string", nullable: true, native: "VARCHAR" };
const target = ({ columns = [int("id"), text], ...more }: Partial<RowTarget> = {}): RowTarget => ({
  table: "t",
  columns,
  names: columns.map((c) => c.name),
  schema: null,
  onUnknownColumn: "reject",
  ignored: () => undefined,
  ...more,
});
const never = new AbortController().signal;

/** Endless rows that tell how many were asked for, and whether they were closed. */
function endless() {
  const seen = { read: 0, closed: 0 };
  const from = {
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: false, value: { id: seen.read++ } }) as const,
      return: async () => {
        seen.closed++;
        return { done: true, value: undefined } as const;
      },
    }),
  };
  return { seen, from };
}

test("every row comes out once, in order, as one array a column", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ id: fc.maxSafeInteger(), s: fc.option(fc.string()) })),
      fc.boolean(),
      async (rows, sync) => {
        const from = sync
          ? rows
          : (async function* () {
              yield* rows;
            })();
        const found: unknown[] = [];
        for await (const b of batches(from, target(), never)) {
          expect(b.columns.map((c) => c.length)).toEqual([b.rows, b.rows]);
          for (let i = 0; i < b.rows; i++) found.push([b.columns[0]?.[i], b.columns[1]?.[i]]);
        }
        expect(found).toEqual(rows.map((r) => [BigInt(r.id), r.s]));
      },
    ),
    { numRuns: 50 },
  );
});
test.each([0, 1, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH])("%d rows: full batches and a rest, never an empty one", async (n) => {
  const sizes: number[] = [];
  const from = Array.from({ length: n }, (_, id) => ({ id }));
  for await (const b of batches(from, target(), never)) sizes.push(b.rows);
  expect(sizes.reduce((a, b) => a + b, 0)).toBe(n);
  expect(sizes.every((s, i) => (i < sizes.length - 1 ? s === BATCH : s > 0 && s <= BATCH))).toBe(true);
});

describe("back-pressure", () => {
  test("nothing is read before the first batch is asked for", () => {
    const { seen, from } = endless();
    batches(from, target(), never);
    expect(seen.read).toBe(0);
  });
  test("no more than a batch is read ahead of what was taken", async () => {
    const { seen, from } = endless();
    const out = batches(from, target(), never);
    for (let taken = 1; taken <= 3; taken++) {
      await out.next();
      expect(seen.read).toBe(taken * BATCH);
    }
    await out.return(undefined);
  });
  test("batches do not share their arrays", async () => {
    const out = batches(endless().from, target(), never);
    const [first, second] = [(await out.next()).value, (await out.next()).value];
    expect(first?.columns[0]?.[0]).toBe(0n);
    expect(second?.columns[0]?.[0]).toBe(BigInt(BATCH));
    await out.return(undefined);
  });
});

describe("the source is closed", () => {
  test("when the reader stops early", async () => {
    const { seen, from } = endless();
    for await (const _ of batches(from, target(), never)) break;
    expect(seen.closed).toBe(1);
  });
  test("when a row is refused", async () => {
    const { seen, from } = endless();
    const columns = [{ ...int("id"), type: "string" as const }];
    await expect(batches(from, target({ columns }), never).next()).rejects.toMatchObject({ code: "BAD_ROW" });
    expect(seen.closed).toBe(1);
  });
  test("when the signal fires", async () => {
    const { seen, from } = endless();
    const abort = new AbortController();
    const out = batches(from, target(), abort.signal);
    await out.next();
    abort.abort(new Error("enough"));
    await expect(out.next()).rejects.toThrow("enough");
    expect(seen.closed).toBe(1);
    expect(seen.read).toBeLessThanOrEqual(2 * BATCH);
  });
  test("not when it threw itself: it has ended already", async () => {
    let closed = 0;
    const from = {
      [Symbol.iterator]: () => ({
        next: () => {
          throw new Error("boom");
        },
        return: () => {
          closed++;
          return { done: true, value: undefined } as const;
        },
      }),
    };
    await expect(batches(from as Iterable<object>, target(), never).next()).rejects.toMatchObject({
      code: "SOURCE",
      cause: new Error("boom"),
    });
    expect(closed).toBe(0);
  });
});

describe("rows", () => {
  test("missing columns are NULL where they may be", async () => {
    const out = await batches([{ id: 1 }, { s: "x" }], target(), never).next();
    expect(out.value?.columns).toEqual([
      [1n, null],
      [null, "x"],
    ]);
  });
  test("missing columns are refused where they may not", async () => {
    const out = batches([{ id: 1 }, {}], target({ columns: [int("id", false)] }), never);
    await expect(out.next()).rejects.toMatchObject({ code: "BAD_ROW", context: { row: 2, column: "id", table: "t" } });
  });
  test("unknown columns that are ignored are told once each", async () => {
    const told: string[] = [];
    const rows = Array.from({ length: 3 }, () => ({ id: 1, x: 1, y: 2 }));
    await batches(rows, target({ onUnknownColumn: "ignore", ignored: (n) => told.push(...n) }), never).next();
    expect(told).toEqual(["x", "y"]);
  });
  test("a column called __proto__ is a column", async () => {
    const row = JSON.parse('{"id":1,"__proto__":5}') as object;
    await expect(batches([row], target(), never).next()).rejects.toMatchObject({
      code: "BAD_ROW",
      context: { column: "__proto__" },
    });
    const out = await batches([row], target({ columns: [int("id"), int("__proto__")] }), never).next();
    expect(out.value?.columns).toEqual([[1n], [5n]]);
  });
  test("a column that every object inherits is not given by inheritance", async () => {
    const columns = [int("id"), { name: "toString", type: "json", nullable: true, native: "JSON" } as const];
    const out = await batches([{ id: 1 }], target({ columns }), never).next();
    expect(out.value?.columns).toEqual([[1n], [null]]);
  });
  test("getters of a class are values", async () => {
    class Row {
      get id(): number {
        return 7;
      }
    }
    const out = await batches([new Row()], target({ columns: [int("id")] }), never).next();
    expect(out.value?.columns).toEqual([[7n]]);
  });
});
