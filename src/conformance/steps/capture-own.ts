import type { Deletes, Interval, Scope } from "../../adapter/steps.js";
import type { ColumnType } from "../../table/types.js";
import type { CaseDefinition } from "../case.js";
import { bag, capture, committed, content, deletesOf, images, is, type Load, type Rows, type Specs, setUp } from "./words.js";

const specs: Specs = { id: "int64?", at: "int64?", v: "string?", own: "int64?" };
const given = ["id", "at", "v"];
const deltaSpecs: Specs = { id: "int64?", at: "int64?", v: "string?" };
/** Rows from 10 on and below 20. */
const window = { column: "at", type: "int64", from: 10n, until: 20n } as const;
const comes = (...row: readonly unknown[]) => [7n, "after", "insert", ...row];
const moment = 1_709_210_096_789_012n;
/** Of each type that a cursor may have: the last value before a bound, the bound, the last before the next, and that. */
const bounds: Partial<Record<ColumnType, readonly [unknown, unknown, unknown, unknown]>> = {
  int64: [2n ** 53n, 2n ** 53n + 1n, 2n ** 53n + 2n, 2n ** 53n + 3n],
  float64: [0.1, 0.30000000000000004, 0.3000000000000001, 0.30000000000000016],
  "decimal(38,10)": [
    "-0.0000000002",
    "-0.0000000001",
    "1234567890123456789012345678.0123456788",
    "1234567890123456789012345678.0123456789",
  ],
  string: ["A", "a", "a'b", "b"],
  date: [19_780, 19_781, 19_782, 19_783],
  timestamp: [moment, moment + 1n, moment + 2n, moment + 3n],
  datetime: [moment, moment + 1n, moment + 2n, moment + 3n],
};
const nulls: Deletes = { column: "v", equals: { value: null, type: "string" } };
const gone: Deletes = { column: "v", equals: { value: "it's gone", type: "string" } };

/** What a load changes that speaks for an interval, or for rows that releases appended; and rows that stand for deleted ones. */
export const captureOwnCases: readonly CaseDefinition[] = [
  {
    name: "capture of an interval speaks for values from its lower bound on and below its upper one, of every type to the last digit",
    invariant: 4,
    async run(place) {
      for (const [type, [below, from, last, until]] of Object.entries(bounds) as [ColumnType, readonly unknown[]][]) {
        const typed: Specs = { id: "int64", p: `${type}?` };
        const live = [below, from, last, until, null].map((p, i) => [BigInt(i), p]);
        const desk = await setUp(place, typed, { live, delta: [] }, { name: `by_${type.replaceAll(/\W/g, "_")}` });
        const within = (interval: Interval): Load => ({ scope: { partition: "p", type, interval }, key: ["id"] });
        const wanted = (release: bigint, ...ids: readonly number[]) =>
          ids.map((i) => [release, "before", "delete", ...(live[i] ?? [])]);
        await capture(desk, within({ from, until }), 1);
        await capture(desk, within({ from: null, until: from }), 2);
        await capture(desk, within({ from: until, until: null }), 3);
        bag(await images(desk), [...wanted(1n, 1, 2), ...wanted(2n, 0), ...wanted(3n, 3)], `images of intervals by ${type}`);
      }
    },
  },
  {
    name: "capture of own rows by content adds the copies that they lack in the window, and nothing goes or changes",
    invariant: 2,
    async run(place) {
      const live = [
        ...copies(2, [1n, 10n, "same", 3n]),
        [2n, 15n, "stays", 3n],
        [3n, 15n, "theirs", null],
        [4n, 9n, "before", 3n],
        [5n, 20n, "after", 3n],
        [6n, 19n, null, 4n],
      ];
      const delta = [
        ...copies(3, [1n, 10n, "same"]),
        [3n, 15n, "theirs"],
        [4n, 9n, "before"],
        [5n, 20n, "after"],
        [6n, 19n, null],
        [7n, 19n, "late"],
      ];
      const desk = await setUp(place, specs, { live, delta }, { delta: deltaSpecs });
      const wanted = [
        comes(1n, 10n, "same", null),
        comes(3n, 15n, "theirs", null),
        comes(4n, 9n, "before", null),
        comes(5n, 20n, "after", null),
        comes(7n, 19n, "late", null),
      ];
      await capture(desk, { scope: { own: "own", window }, key: [], given }, 7);
      bag(await images(desk), wanted, "images of an append in a window");
      is((await content(desk)).length, live.length, "rows of live after a capture");
    },
  },
  {
    name: "capture of own rows gives what comes the default that the step names for a column",
    invariant: 3,
    async run(place) {
      for (const key of [["id"], []]) {
        const name = key.length > 0 ? "keyed" : "bagged";
        const desk = await setUp(
          place,
          specs,
          { live: [[1n, 10n, "a", 3n]], delta: [[2n, 11n, "b"]] },
          { delta: deltaSpecs, name },
        );
        const columns = desk.live.columns.map((c) => (c.name === "own" ? { ...c, default: "7" } : c));
        const scope: Scope = { own: "own", window: key.length > 0 ? null : window };
        await capture({ ...desk, live: { ...desk.live, columns } }, { scope, key, given }, 7);
        is(await images(desk), [comes(2n, 11n, "b", 7n)], `images of a ${name} append`);
      }
    },
  },
  {
    name: "capture of own rows with a key leaves out every key that live has, whoever brought it",
    invariant: 2,
    async run(place) {
      const live = [
        [1n, 10n, "same", 3n],
        [2n, 15n, "other", 3n],
        [3n, 1n, "theirs", null],
      ];
      const delta = [
        [1n, 10n, "same"],
        [2n, 15n, "changed"],
        [3n, 15n, "changed"],
        [4n, 15n, "comes"],
      ];
      const desk = await setUp(place, specs, { live, delta }, { delta: deltaSpecs });
      await capture(desk, { scope: { own: "own", window: null }, key: ["id"], given }, 7);
      is(await images(desk), [comes(4n, 15n, "comes", null)], "images of an append by key");
    },
  },
  {
    name: "capture of own rows tells apart what differs by a bit",
    invariant: 4,
    async run(place, note) {
      const typed: Specs = { a: "string?", x: "float64?", own: "int64?" };
      const live = [
        ["a", 0, 3n],
        ["", 1, 3n],
        ["e\u0301", 1, 3n],
        ["nan", Number.NaN, 3n],
      ];
      const delta = [
        ["a", -0],
        [null, 1],
        ["\u00e9", 1],
        ["nan", Number.NaN],
      ];
      const desk = await setUp(place, typed, { live, delta }, { delta: { a: "string?", x: "float64?" } });
      const holds = place.adapter.capabilities.negativeZero;
      if (!holds) note("the engine holds no −0");
      await capture(desk, { scope: { own: "own", window: null }, key: [], given: ["a", "x"] }, 7);
      const wanted = delta.filter((r) => r[0] !== "nan" && (holds || r[0] !== "a")).map((r) => comes(...r, null));
      bag(await images(desk), wanted, "images of rows that differ by a bit");
    },
  },
  {
    name: "rows of a delta that have the value of a deleted row are deletes by key, and elsewhere are not loaded; NULL may be that value",
    invariant: 2,
    async run(place) {
      const typed: Specs = { id: "int64", v: "string?", own: "int64?" };
      const live = [
        [1n, "a", 3n],
        [2n, "b", 3n],
      ];
      for (const [what, deletes, value] of [
        ["text", gone, "it's gone"],
        ["null", nulls, null],
      ] as const) {
        const delta = [
          [1n, value],
          [3n, value],
          [4n, "It's gone"],
        ];
        const loads: Readonly<Record<string, readonly [Load, Rows]>> = {
          key: [{ scope: { keys: ["id"] }, key: ["id"] }, [["before", "delete", 1n, "a", 3n]]],
          all: [{ scope: "all", key: [] }, live.map((r) => ["before", "delete", ...r])],
          keyed: [{ scope: "all", key: ["id"] }, live.map((r) => ["before", "delete", ...r])],
          own: [{ scope: { own: "own", window: null }, key: [] }, []],
          own_keyed: [{ scope: { own: "own", window: null }, key: ["id"] }, []],
        };
        for (const [name, [load, goes]] of Object.entries(loads)) {
          const desk = await setUp(
            place,
            typed,
            { live, delta },
            { delta: { id: "int64", v: "string?" }, name: `${what}_${name}` },
          );
          await capture(desk, { ...load, deletes, given: ["id", "v"] }, 7);
          const wanted = [...goes.map((r) => [7n, ...r]), comes(4n, "It's gone", null)];
          bag(await images(desk), wanted, `images of a load (${name}) with deletes by ${what}`);
        }
        const empty = await setUp(
          place,
          typed,
          { live: [], delta },
          { delta: { id: "int64", v: "string?" }, name: `${what}_fill` },
        );
        const { live: filled, delta: from } = empty;
        const step = {
          kind: "fill",
          live: filled,
          delta: from,
          given: ["id", "v"],
          deletes: deletesOf(deletes),
          inserts: 1,
        } as const;
        await committed(place, [{ id: "fill", step }]);
        is(await content(empty), [[4n, "It's gone", null]], `a table filled with deletes by ${what}`);
      }
    },
  },
];
const copies = (n: number, row: readonly unknown[]): Rows => Array.from({ length: n }, () => row);
