import type { TableRef } from "../../adapter/shapes.js";
import type { Observation, ScanItem } from "../../adapter/steps.js";
import { ident, type Sql, type TypedValue, template } from "../../sql/sql.js";
import type { ColumnType } from "../../table/types.js";
import type { CaseDefinition } from "../case.js";
import { shape, shapes } from "../columns.js";
import type { Place } from "../place.js";
import { types } from "../values.js";
import { columnOf, wide, wideRows } from "./wide.js";
import { is, publish, type Specs, setUp } from "./words.js";

const whole = (n: bigint): TypedValue => ({ value: n, type: "int64" });
const item = (observe: Observation, o: Partial<ScanItem> = {}): ScanItem => ({
  name: observe.of,
  observe,
  min: null,
  max: whole(0n),
  blocks: true,
  ...o,
});
interface Observed {
  readonly ok: boolean;
  /** What each item observed, as a number; null where there was nothing to compare. */
  readonly found: readonly (number | null)[];
  readonly passed: readonly unknown[];
}
async function validate(place: Place, on: Sql, scan: readonly ScanItem[]): Promise<Observed> {
  const { ok, rows } = await place.step({ kind: "validate", on, scan });
  const row = rows[0] ?? {};
  const numbers = scan.map((_, i) => (row[`c${i}`] === null ? null : Number(row[`c${i}`])));
  is(row["ok"], ok, "`ok` of validate, against its expectation");
  return { ok, found: numbers, passed: scan.map((_, i) => row[`p${i}`]) };
}
const named = (ref: TableRef): Sql => ident(ref.path);

/** Four values of each type that has an order, in this order. */
const ladder = {
  int64: [-(2n ** 63n), 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n],
  float64: [Number.NEGATIVE_INFINITY, 0.1, 0.30000000000000004, Number.MAX_VALUE],
  "decimal(38,10)": [
    "-1.5",
    "0.0000000001",
    "1234567890123456789012345678.0123456788",
    "1234567890123456789012345678.0123456789",
  ],
  string: ["", "A", "B", "C"],
  date: [-719_162, -1, 19_781, 19_782],
  time: [0n, 1n, 45_296_789_011n, 45_296_789_012n],
  timestamp: [-62_135_596_800_000_000n, -1n, 1_709_210_096_789_011n, 1_709_210_096_789_012n],
  datetime: [-62_135_596_800_000_000n, -1n, 1_709_210_096_789_011n, 1_709_210_096_789_012n],
} as const satisfies Partial<Record<ColumnType, readonly [unknown, unknown, unknown, unknown]>>;

/** The checks of a table in one query. */
export const validateCases: readonly CaseDefinition[] = [
  {
    name: "validate passes what lies within its bounds, both included",
    invariant: 3,
    async run(place) {
      const live = place.at("live");
      await place.stage(live, shapes(place.adapter, { id: "int64" }), [[1n], [2n], [3n]]);
      const rows = (min: bigint | null, max: bigint | null): ScanItem =>
        item({ of: "rows" }, { min: min === null ? null : whole(min), max: max === null ? null : whole(max) });
      const passing = await validate(place, named(live), [rows(3n, 3n), rows(null, 3n), rows(3n, null), rows(null, null)]);
      is(passing, { ok: true, found: [3, 3, 3, 3], passed: [true, true, true, true] }, "three rows, bounds that allow them");
      const failing = await validate(place, named(live), [rows(4n, null), rows(null, 2n), rows(3n, 3n)]);
      is(failing, { ok: false, found: [3, 3, 3], passed: [false, false, true] }, "three rows, bounds that do not");
    },
  },
  {
    name: "validate is refused by a check that blocks, not by one that warns",
    invariant: 3,
    async run(place) {
      const live = place.at("live");
      await place.stage(live, shapes(place.adapter, { id: "int64?" }), [[null], [2n]]);
      const nulls = (blocks: boolean): ScanItem => item({ of: "nulls", column: "id" }, { blocks });
      is(await validate(place, named(live), [nulls(false)]), { ok: true, found: [1], passed: [false] }, "a warning");
      is((await validate(place, named(live), [nulls(false), nulls(true)])).ok, false, "a warning and a failure");
    },
  },
  {
    name: "validate counts NULLs in columns of every type",
    invariant: 3,
    async run(place) {
      const live = place.at("live");
      await place.stage(live, wide(place), wideRows());
      const found = await validate(
        place,
        named(live),
        types.map((t) => item({ of: "nulls", column: columnOf(t) })),
      );
      is(
        found.found,
        types.map(() => 1),
        `NULLs in columns of ${types.join(", ")}`,
      );
    },
  },
  {
    name: "validate counts values outside of an interval, of every type that has an order",
    invariant: 3,
    async run(place) {
      for (const [i, [name, values]] of Object.entries(ladder).entries()) {
        const type = name as ColumnType;
        const live = place.at(`live${i}`);
        await place.stage(live, [shape(place.adapter, "v", `${type}?`)], [...values.map((v) => [v]), [null]]);
        const outside = (min: number | null, max: number | null): ScanItem => {
          const bound = (at: number | null): TypedValue | null => (at === null ? null : { value: values[at], type });
          return item({ of: "outside", column: "v", min: bound(min), max: bound(max) });
        };
        const scan = [outside(1, 2), outside(1, null), outside(null, 2), outside(0, 3), outside(2, 2)];
        const { found } = await validate(place, named(live), scan);
        is(found, [2, 1, 1, 0, 3], `values of ${type} outside of five intervals; the ends are inside, NULL is not outside`);
      }
    },
  },
  {
    name: "validate counts a float that is no number as outside of an interval",
    invariant: 3,
    async run(place) {
      const live = place.at("live");
      await place.stage(live, shapes(place.adapter, { v: "float64?" }), [[Number.NaN], [0.5], [null]]);
      const bound = (value: number): TypedValue => ({ value, type: "float64" });
      const { found } = await validate(place, named(live), [item({ of: "outside", column: "v", min: bound(0), max: bound(1) })]);
      is(found, [1], "values outside of 0 to 1 among NaN, 0.5 and NULL");
    },
  },
  {
    name: "validate counts values that are not accepted, of every type that can be listed",
    invariant: 3,
    async run(place) {
      const bytes = [[], [1], [1, 2], [0]].map((b) => Uint8Array.from(b));
      const listed = { ...ladder, bytes, bool: [true, true, true, false] } as Readonly<Record<string, readonly unknown[]>>;
      for (const [i, [name, values]] of Object.entries(listed).entries()) {
        const type = name as ColumnType;
        const live = place.at(`live${i}`);
        await place.stage(live, [shape(place.adapter, "v", `${type}?`)], [...values.map((v) => [v]), [null]]);
        const accepted = (...at: readonly number[]): ScanItem =>
          item({ of: "unaccepted", column: "v", values: at.map((k) => ({ value: values[k], type })) });
        const { found } = await validate(place, named(live), [accepted(0, 1, 2), accepted(0, 1, 2, 3)]);
        is(found, [1, 0], `values of ${type} that are not accepted; NULL is not counted`);
      }
      const texts = place.at("texts");
      await place.stage(texts, shapes(place.adapter, { v: "string?" }), [["it's"], ["It's"], ["a\\"], [`"`]]);
      const values = ["it's", "a\\", `"`].map((value): TypedValue => ({ value, type: "string" }));
      is((await validate(place, named(texts), [item({ of: "unaccepted", column: "v", values })])).found, [1], "texts by case");
    },
  },
  {
    name: "validate counts rows beyond the first of each value, of every type that can be compared, and of several columns",
    invariant: 3,
    async run(place) {
      for (const [i, [name, values]] of Object.entries(ladder).entries()) {
        const live = place.at(`live${i}`);
        const [a, b, c] = values;
        await place.stage(
          live,
          [shape(place.adapter, "v", `${name as ColumnType}?`)],
          [a, b, a, c, a, b, null, null].map((v) => [v]),
        );
        const { found } = await validate(place, named(live), [item({ of: "duplicates", columns: ["v"] })]);
        is(found, [3], `rows that repeat a value of ${name}; NULLs are not compared`);
      }
      const pairs = place.at("pairs");
      const rows = [
        [1n, "x"],
        [1n, "y"],
        [1n, "x"],
        [2n, "x"],
        [1n, "X"],
        [null, "x"],
        [null, "x"],
        [1n, null],
        [1n, null],
      ];
      await place.stage(pairs, shapes(place.adapter, { a: "int64?", b: "string?" }), rows);
      const { found } = await validate(place, named(pairs), [item({ of: "duplicates", columns: ["a", "b"] })]);
      is(found, [1], "rows that repeat a pair; a pair with a NULL is not compared");
    },
  },
  {
    name: "validate sums columns of numbers exactly; a sum that is no number passes no bound",
    invariant: 3,
    async run(place) {
      const live = place.at("live");
      const columns = shapes(place.adapter, { n: "int64?", d: "decimal(18,2)?", f: "float64?", nan: "float64?" });
      await place.stage(live, columns, [
        [2n ** 53n, "0.10", 0.5, Number.NaN],
        [1n, "0.20", 0.25, 1],
        [null, null, null, null],
      ]);
      const sum = (column: string, value: unknown, type: ColumnType): ScanItem =>
        item({ of: "sum", column }, { min: { value, type }, max: { value, type } });
      const found = await validate(place, named(live), [
        sum("n", 2n ** 53n + 1n, "int64"),
        sum("d", "0.30", "decimal(18,2)"),
        sum("f", 0.75, "float64"),
      ]);
      is([found.ok, found.passed], [true, [true, true, true]], "sums that are what they should be");
      const wrong = [sum("n", 2n ** 53n, "int64"), sum("d", "0.31", "decimal(18,2)"), sum("nan", 1, "float64")];
      is((await validate(place, named(live), wrong)).passed, [false, false, false], "sums that are not");
    },
  },
  {
    name: "validate finds the partition that lost or gained most against another table",
    invariant: 3,
    async run(place) {
      const specs: Specs = { id: "int64", p: "string?" };
      const columns = shapes(place.adapter, specs);
      const [live, table] = [place.at("live"), place.at("before")];
      const rows = (counts: Readonly<Record<string, number>>): unknown[][] =>
        Object.entries(counts).flatMap(([p, n]) => Array.from({ length: n }, (_, i) => [BigInt(i), p]));
      await place.stage(table, columns, rows({ shrinks: 4, emptied: 2, grows: 4, stays: 3 }));
      await place.stage(live, columns, rows({ shrinks: 3, grows: 6, stays: 3, new: 9 }));
      const change = (direction: "drop" | "growth", max: number): ScanItem =>
        item({ of: "partition-change", partition: "p", direction, against: { table } }, { max: { value: max, type: "float64" } });
      const scan = [change("drop", 1), change("drop", 0.75), change("growth", 0.5), change("growth", 0.25)];
      const found = await validate(place, named(live), scan);
      is(found, { ok: false, found: [1, 1, 0.5, 0.5], passed: [true, false, true, false] }, "the largest changes of a partition");
      await place.stage(table, columns, []);
      const nothing = await validate(place, named(live), [change("drop", 0), change("growth", 0)]);
      is(nothing, { ok: true, found: [null, null], passed: [true, true] }, "changes where there was nothing before");
    },
  },
  {
    name: "validate finds the partition that lost or gained most by a release, from its images",
    invariant: 3,
    async run(place) {
      const live = [
        [1n, "a"],
        [2n, "a"],
        [3n, "a"],
        [4n, "a"],
        [5n, "b"],
        [6n, "b"],
        [7n, "c"],
      ];
      const delta = [
        [1n, "a", true],
        [6n, "b", true],
        [5n, "b", true],
        [8n, "c", null],
        [9n, "new", null],
      ];
      const desk = await setUp(
        place,
        { id: "int64", p: "string?" },
        { live, delta },
        { delta: { id: "int64", p: "string?", gone: "bool?" } },
      );
      await publish(desk, { scope: { keys: ["id"] }, key: ["id"], deletes: "gone" });
      const against = { changes: desk.changes, release: 1 };
      const change = (direction: "drop" | "growth", max: number): ScanItem =>
        item({ of: "partition-change", partition: "p", direction, against }, { max: { value: max, type: "float64" } });
      const found = await validate(place, named(desk.live.ref), [change("drop", 1), change("drop", 0.5), change("growth", 1)]);
      is(found, { ok: false, found: [1, 1, 1], passed: [true, false, true] }, "the largest changes of a partition");
    },
  },
  {
    name: "validate counts the rows of a query, and looks at rows of a query",
    invariant: 3,
    async run(place) {
      const live = place.at("live");
      await place.stage(live, shapes(place.adapter, { id: "int64", v: "string?" }), [
        [1n, "a"],
        [2n, null],
        [3n, "b"],
        [4n, null],
      ]);
      const id = ident(["id"]);
      const query = (from: bigint): ScanItem =>
        item({ of: "query", sql: template`SELECT ${id} FROM ${named(live)} WHERE ${id} > ${whole(from)}` });
      is((await validate(place, named(live), [query(1n), query(4n)])).found, [3, 0], "rows that two queries return");
      const part = template`(SELECT * FROM ${named(live)} WHERE ${id} <= ${whole(2n)})`;
      const scan = [item({ of: "rows" }), item({ of: "nulls", column: "v" }), item({ of: "duplicates", columns: ["id"] })];
      is((await validate(place, part, scan)).found, [2, 1, 0], "observations of a part of a table");
    },
  },
  {
    name: "validate of no rows counts none, and what there is nothing to compare with passes",
    invariant: 3,
    async run(place) {
      const live = place.at("live");
      await place.create(live, shapes(place.adapter, { id: "int64", p: "string?" }));
      const scan: ScanItem[] = [
        item({ of: "rows" }),
        item({ of: "nulls", column: "p" }),
        item({ of: "outside", column: "id", min: whole(1n), max: null }),
        item({ of: "unaccepted", column: "id", values: [whole(1n)] }),
        item({ of: "duplicates", columns: ["id"] }),
        item({ of: "sum", column: "id" }, { min: whole(0n), max: whole(0n) }),
        item({ of: "partition-change", partition: "p", direction: "drop", against: { table: live } }),
      ];
      const found = await validate(place, named(live), scan);
      is(found, { ok: true, found: [0, 0, 0, 0, 0, 0, null], passed: scan.map(() => true) }, "observations of an empty table");
    },
  },
];
