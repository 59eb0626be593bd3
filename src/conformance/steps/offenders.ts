import type { ColumnShape } from "../../adapter/shapes.js";
import type { Observation } from "../../adapter/steps.js";
import { ident, type TypedValue, template } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import { shapes } from "../columns.js";
import type { Place } from "../place.js";
import { bag, is, type Rows } from "./words.js";

const whole = (n: bigint): TypedValue => ({ value: n, type: "int64" });
const text = (value: string): TypedValue => ({ value, type: "string" });
const rows: Rows = [
  [1n, "a", 5n],
  [2n, "b", null],
  [3n, null, 9n],
  [4n, "a", -1n],
  [5n, "c", 12n],
  [6n, "a", 5n],
];
const shown = (place: Place): readonly ColumnShape[] => shapes(place.adapter, { id: "int64", v: "string?", n: "int64?" });

async function offenders(place: Place, observe: Observation, limit = 10, columns = shown(place)): Promise<Rows> {
  const found = await place.step({ kind: "offenders", on: ident(place.at("live").path), observe, columns, limit });
  return found.rows.map((r) => columns.map((c) => r[c.name]));
}
const rowwise: readonly (readonly [Observation, readonly number[]])[] = [
  [{ of: "nulls", column: "v" }, [2]],
  [{ of: "outside", column: "n", min: whole(5n), max: whole(9n) }, [3, 4]],
  [{ of: "outside", column: "n", min: null, max: whole(8n) }, [2, 4]],
  [{ of: "unaccepted", column: "v", values: [text("a"), text("it's")] }, [1, 4]],
];

/** Rows that explain what a check found. */
export const offenderCases: readonly CaseDefinition[] = [
  {
    name: "offenders are the rows that an observation counts",
    async run(place) {
      await place.stage(place.at("live"), shown(place), rows);
      for (const [observe, at] of rowwise) {
        const wanted = at.map((i) => rows[i] ?? []);
        bag(await offenders(place, observe), wanted, `rows that ${observe.of} counts`);
      }
      const pair: Observation = { of: "duplicates", columns: ["v", "n"] };
      const [first, ...others] = await offenders(place, pair);
      is([first?.slice(1), others], [["a", 5n], []], "the row beyond the first of its values");
      const ids = shapes(place.adapter, { id: "int64" });
      is(await offenders(place, { of: "nulls", column: "v" }, 10, ids), [[3n]], "an offending row, of which one column is asked");
    },
  },
  {
    name: "offenders are no more than the limit",
    async run(place) {
      await place.stage(place.at("live"), shown(place), rows);
      const observe: Observation = { of: "unaccepted", column: "v", values: [text("b")] };
      const found = await offenders(place, observe, 3);
      is([found.length, new Set(found.map((r) => r[0])).size], [3, 3], "offenders of four, limited to three");
      is(
        found.every((r) => r[1] === "a" || r[1] === "c"),
        true,
        "whether all of them offend",
      );
      const copies = await offenders(place, { of: "duplicates", columns: ["v"] }, 1);
      is([copies.length, copies[0]?.[1]], [1, "a"], "offenders of two, limited to one");
      const query = template`SELECT * FROM ${ident(place.at("live").path)} WHERE ${ident(["n"])} > ${whole(0n)}`;
      is((await offenders(place, { of: "query", sql: query }, 2)).length, 2, "offenders of four by a query, limited to two");
    },
  },
  {
    name: "offenders of a query are the rows that it returns, by the names asked for",
    async run(place) {
      await place.stage(place.at("live"), shown(place), rows);
      const [id, n] = [ident(["id"]), ident(["n"])];
      const sql = template`SELECT ${n}, ${id} FROM ${ident(place.at("live").path)} WHERE ${n} > ${whole(8n)}`;
      const columns = shapes(place.adapter, { id: "int64", n: "int64?" });
      bag(
        await offenders(place, { of: "query", sql }, 10, columns),
        [
          [3n, 9n],
          [5n, 12n],
        ],
        "rows of a query",
      );
    },
  },
  {
    name: "offenders of a change are partitions, the worst first",
    async run(place) {
      const columns = shapes(place.adapter, { id: "int64", v: "string?" });
      const part = (p: string, n: number): unknown[][] => Array.from({ length: n }, (_, i) => [BigInt(i), p]);
      await place.stage(place.at("before"), columns, [
        ...part("half", 4),
        ...part("gone", 2),
        ...part("grew", 2),
        ...part("most", 4),
      ]);
      await place.stage(place.at("live"), columns, [...part("half", 2), ...part("grew", 3), ...part("most", 1)]);
      const partition = shapes(place.adapter, { v: "string?" });
      const drop: Observation = {
        of: "partition-change",
        partition: "v",
        direction: "drop",
        against: { table: place.at("before") },
      };
      is(await offenders(place, drop, 3, partition), [["gone"], ["most"], ["half"]], "partitions that lost rows");
      is((await offenders(place, { ...drop, direction: "growth" }, 1, partition))[0], ["grew"], "the partition that grew most");
    },
  },
];
