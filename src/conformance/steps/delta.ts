import type { ColumnShape } from "../../adapter/shapes.js";
import { imageShapes } from "../../ledger/shapes.js";
import type { Row } from "../../sql/sql.js";
import type { ColumnType } from "../../table/types.js";
import type { CaseDefinition } from "../case.js";
import { shape, shapes } from "../columns.js";
import { type Place, textOf } from "../place.js";
import { bag, is, type Rows } from "./words.js";

interface Asked {
  readonly key?: readonly string[];
  readonly cursor?: string;
  readonly partition?: string;
}
async function inspect(place: Place, name: string, columns: readonly ColumnShape[], rows: Rows, o: Asked): Promise<Row> {
  const delta = place.at(name);
  await place.stage(delta, columns, rows);
  const cursor = columns.find((c) => c.name === o.cursor) ?? null;
  const found = await place.step({ kind: "inspect", delta, key: o.key ?? [], cursor, partition: o.partition ?? null });
  is(found.rows.length, 1, "rows that inspect returns");
  return found.rows[0] ?? {};
}
/** Rows that others do not have. */
const lacking = (of: Rows, rows: Rows): Rows => rows.filter((r) => !of.some((o) => textOf(o) === textOf(r)));
const day = 86_400_000_000n;
const [past, now] = [1_709_210_096_789_012n, (): bigint => BigInt(Date.now()) * 1000n];
const future = (): bigint => now() + 400n * day;
/** For each type that can be a cursor: values in order, the highest last, that differ in the last digit. */
const cursors = {
  int64: [-(2n ** 63n), 2n ** 63n - 2n, 2n ** 63n - 1n],
  float64: [-Number.MAX_VALUE, 0.30000000000000004, 0.3000000000000001],
  "decimal(38,10)": ["-0.0000000001", "1234567890123456789012345678.0123456788", "1234567890123456789012345678.0123456789"],
  string: ["", "a", "a'b"],
  date: [-719_162, 19_781, 19_782],
  time: [0n, 45_296_789_011n, 45_296_789_012n],
  timestamp: [past - day, past - 1n, past],
  datetime: [past - day, past - 1n, past],
} as const satisfies Partial<Record<ColumnType, readonly unknown[]>>;

/** What a staged delta is asked. */
export const deltaCases: readonly CaseDefinition[] = [
  {
    name: "recall brings back what each key was before the first of some releases, and says where there was none",
    invariant: 4,
    async run(place) {
      const columns = shapes(place.adapter, { id: "int64", v: "string?" });
      const changes = place.at("images");
      const images = [
        [3n, "before", "update", 1n, "oldest"],
        [3n, "after", "update", 1n, "middle"],
        [2n, "before", "update", 1n, "middle"],
        [2n, "after", "update", 1n, "newest"],
        [2n, "before", "delete", 2n, null],
        [3n, "after", "insert", 3n, "came"],
        [2n, "before", "delete", 3n, "came"],
        [2n, "after", "insert", 4n, "came"],
        [9n, "before", "delete", 5n, "another release"],
      ];
      await place.make(changes, imageShapes(place.adapter.syntax, columns), images);
      const to = place.at("told");
      const gone = shape(place.adapter, "gone", "bool?");
      await place.create(to, [...columns, gone]);
      await place.step({ kind: "recall", changes, releases: [3, 2], key: ["id"], columns, gone: "gone", to });
      bag(
        await place.rows(to, [...columns, gone]),
        [
          [1n, "oldest", false],
          [2n, null, false],
          [3n, "came", true],
          [4n, "came", true],
        ],
        "what was recalled",
      );
    },
  },
  {
    name: "inspect counts rows, NULL keys, different keys and NULL partitions",
    invariant: 2,
    async run(place) {
      const columns = shapes(place.adapter, { a: "int64?", b: "string?", p: "date?" });
      const rows = [
        [1n, "x", 1],
        [1n, "x", 2],
        [1n, "y", null],
        [2n, "x", 1],
        [null, "x", 1],
        [1n, null, null],
      ];
      const found = await inspect(place, "delta", columns, rows, { key: ["a", "b"], partition: "p" });
      is([found["rows"], found["null_keys"], found["null_partitions"]], [6n, 2n, 2n], "rows, null_keys, null_partitions");
      const whole = rows.slice(0, 4);
      const keyed = await inspect(place, "keyed", columns, whole, { key: ["a", "b"] });
      is([keyed["rows"], keyed["null_keys"], keyed["keys"]], [4n, 0n, 3n], "rows, null_keys and keys of a composite key");
      is([keyed["max_cursor"], keyed["settled_cursor"]], [null, null], "the cursors of a table without one");
      const keyless = await inspect(place, "keyless", columns, whole, {});
      is([keyless["rows"], keyless["null_keys"], keyless["keys"]], [4n, 0n, 4n], "rows, null_keys and keys without a key");
    },
  },
  {
    name: "inspect of an empty delta counts nothing and has no cursor",
    async run(place) {
      const columns = shapes(place.adapter, { id: "int64?", p: "string?", c: "timestamp?" });
      const found = await inspect(place, "delta", columns, [], { key: ["id"], cursor: "c", partition: "p" });
      is([found["rows"], found["null_keys"], found["keys"], found["null_partitions"]], [0n, 0n, 0n, 0n], "counts of no rows");
      is([found["max_cursor"], found["settled_cursor"]], [null, null], "cursors of no rows");
    },
  },
  {
    name: "inspect finds the highest cursor of every type to its last digit",
    invariant: 2,
    async run(place) {
      for (const [i, [type, values]] of Object.entries(cursors).entries()) {
        const columns = [shape(place.adapter, "c", `${type as ColumnType}?`)];
        const rows = [values[1], null, values[2], values[0], values[1]].map((v) => [v]);
        const found = await inspect(place, `delta${i}`, columns, rows, { cursor: "c" });
        is(found["max_cursor"], values[2], `max_cursor of ${type}`);
        is(found["settled_cursor"], values[2], `settled_cursor of ${type}, of which nothing lies in the future`);
      }
    },
  },
  {
    name: "inspect settles on no cursor beyond the clock",
    invariant: 2,
    async run(place) {
      const spoiled = {
        timestamp: [past, future()],
        datetime: [past, future()],
        date: [19_782, Number(future() / day)],
      } as const satisfies Partial<Record<ColumnType, unknown>>;
      for (const [type, [settled, beyond]] of Object.entries(spoiled)) {
        const columns = [shape(place.adapter, "c", `${type as ColumnType}?`)];
        const found = await inspect(place, `delta_${type}`, columns, [[beyond], [settled], [null]], { cursor: "c" });
        is(found["max_cursor"], beyond, `max_cursor of ${type}, dated in the future`);
        is(found["settled_cursor"], settled, `settled_cursor of ${type}, the highest that is not in the future`);
        const only = await inspect(place, `only_${type}`, columns, [[beyond]], { cursor: "c" });
        is(only["settled_cursor"], null, `settled_cursor of ${type} where all is dated in the future`);
      }
    },
  },
  {
    name: "partitions lists each partition that a delta has rows of, once, or so many of them as were asked for",
    async run(place) {
      const values = {
        int64: [2n ** 53n + 1n, 2n ** 53n, -1n],
        string: ["b", "B", "", "it's"],
        date: [-1, 0, 19_782],
        timestamp: [past, past + 1n],
        datetime: [past, past + 1n],
        bool: [true, false],
      } as const satisfies Partial<Record<ColumnType, readonly unknown[]>>;
      for (const [type, found] of Object.entries(values)) {
        const partition = shape(place.adapter, "p", `${type as ColumnType}?`);
        const delta = place.at(`delta_${type}`);
        await place.stage(
          delta,
          [partition],
          [...found, ...found].map((v) => [v]),
        );
        const { rows } = await place.step({ kind: "partitions", delta, partition });
        const got = rows.map((r) => [r["value"]]);
        bag(
          got,
          found.map((v) => [v]),
          `partitions of ${type}`,
        );
        const some = (await place.step({ kind: "partitions", delta, partition, limit: 2 })).rows.map((r) => [r["value"]]);
        is(new Set(some.map(textOf)).size, 2, `partitions of ${type}, at most 2 of them`);
        is(lacking(got, some), [], "partitions among the first two that a delta has no rows of");
      }
      const partition = shape(place.adapter, "p", "date?");
      await place.create(place.at("none"), [partition]);
      is((await place.step({ kind: "partitions", delta: place.at("none"), partition })).rows, [], "partitions of no rows");
    },
  },
  {
    name: "append adds the rows of a further load by name, and keeps both",
    async run(place) {
      const first = shapes(place.adapter, { id: "int64?", v: "string?", w: "string?" });
      const [from, to] = [place.at("further"), place.at("delta")];
      await place.stage(to, first, [
        [1n, "a", "x"],
        [2n, "b", "y"],
      ]);
      await place.stage(from, shapes(place.adapter, { v: "string?", id: "int64?" }), [
        ["b", 2n],
        [null, 3n],
      ]);
      await place.step({ kind: "append", from, to, columns: ["id", "v"] });
      const rows = [
        [1n, "a", "x"],
        [2n, "b", "y"],
        [2n, "b", null],
        [3n, null, null],
      ];
      bag(await place.rows(to, first), rows, "the delta after a further load");
      is((await place.rows(from, first.slice(0, 2))).length, 2, "rows of the further load, which stay where they were");
    },
  },
];
