import type { Observation } from "../../adapter/steps.js";
import { portable } from "../../check/pattern.js";
import { ident } from "../../sql/sql.js";
import type { ColumnType } from "../../table/types.js";
import type { CaseDefinition } from "../case.js";
import { shape, shapes } from "../columns.js";
import type { Place } from "../place.js";
import { byKey, is, setUp } from "./words.js";

/** What one observation of a table finds. */
async function observed(place: Place, table: string, observe: Observation): Promise<number | null> {
  const scan = [{ name: "it", observe, min: null, max: null, blocks: true }];
  const { rows } = await place.step({ kind: "validate", on: ident(place.at(table).path), scan });
  const found = rows[0]?.["c0"];
  return found === null || found === undefined ? null : Number(found);
}

/** Patterns and texts, and whether JavaScript finds one in the other: engines must agree. */
const patterns = [
  "^[A-Z]{2}-[0-9]+$",
  "a.c",
  "^$",
  "b",
  "^b",
  "b$",
  "(ab|cd)+x?",
  "[^a-z]",
  "[\\]\\^\\\\-]",
  "\\.\\*\\[\\(\\{\\|\\$",
  "\\d{3}|\\s",
  "\\w\\W\\w",
  "^(a|b)*$",
  "é|☃|😀",
  "'\"`",
  "%|\\\\n",
] as const;
const texts = [
  "NL-12",
  "nl-12",
  "NL-12\n",
  "",
  "a\nc",
  "abc",
  "a\nb",
  "b\na",
  "xabcdx",
  "[",
  "a]b^c\\d-e",
  ".*[({|$",
  "x123",
  "a b",
  "aabb",
  "É é",
  "☃",
  "😀",
  "'\"`",
  "100%",
  "\\n",
] as const;

const HOUR = 3_600_000;
/** Of each type that has an age: a moment so many milliseconds from the clock, as it is staged. */
const moments: readonly (readonly [ColumnType, (at: number) => unknown])[] = [
  ["timestamp", (at) => BigInt(at) * 1000n],
  ["datetime", (at) => BigInt(at) * 1000n],
  ["date", (at) => Math.floor(at / (24 * HOUR))],
];

/** Observations that take a word of the engine's own. */
export const observationCases: readonly CaseDefinition[] = [
  {
    name: "validate counts texts in which a pattern is not found anywhere, as JavaScript does; NULL is not counted",
    invariant: 3,
    async run(place) {
      await place.stage(place.at("texts"), [shape(place.adapter, "v", "string?")], [...texts.map((t) => [t]), [null]]);
      const on = ident(place.at("texts").path);
      const columns = shapes(place.adapter, { v: "string?" });
      const looks = patterns.map((source) => {
        const found = portable(source);
        const wanted = texts.filter((t) => !new RegExp(source, "u").test(t));
        return { source, wanted, observe: { of: "unlike", column: "v", pattern: "text" in found ? found.text : "" } as const };
      });
      const scan = looks.map(({ source, observe }) => ({ name: source, observe, min: null, max: null, blocks: true }));
      const { rows } = await place.step({ kind: "validate", on, scan });
      is(
        looks.map((_, i) => Number(rows[0]?.[`c${i}`])),
        looks.map((l) => l.wanted.length),
        `how many texts lack ${patterns.join(" and ")}`,
      );
      for (const { source, wanted, observe } of looks) {
        const { rows: lacking } = await place.step({ kind: "offenders", on, observe, columns, limit: 100 });
        is(lacking.map((r) => r["v"]).sort(), [...wanted].sort(), `the texts in which ${source} is not found`);
      }
    },
  },
  {
    name: "validate tells the age of the newest value that is not ahead of the clock, in milliseconds",
    invariant: 3,
    async run(place) {
      for (const [type, value] of moments) {
        const now = Date.now();
        const columns = [shape(place.adapter, "v", `${type}?`)];
        const table = `ages_${type}`;
        const age = { of: "age", column: "v", type } as const;
        await place.stage(place.at(table), columns, [[null], [value(now + 72 * HOUR)]]);
        is(await observed(place, table, age), null, `the age of ${type} where there is none but ahead of the clock`);
        await place.stage(place.at(table), columns, [49, 50, -72].map((h) => [value(now - h * HOUR)]).concat([[null]]));
        const told = await observed(place, table, age);
        const newest = type === "date" ? now - Math.floor((now - 49 * HOUR) / (24 * HOUR)) * 24 * HOUR : 49 * HOUR;
        const off = Math.abs((told ?? Number.NaN) - newest);
        // Both clocks are somewhere else, and a run may have to wait.
        is(off < HOUR / 2, true, `${type}: an age of ${told} ms, about ${newest} ms: near enough`);
      }
    },
  },
  {
    name: "validate counts the rows that a release changes, each once",
    invariant: 2,
    async run(place) {
      const columns = { id: "int64", v: "int64" } as const;
      const desk = await setUp(place, columns, {
        live: [
          [1n, 1n],
          [2n, 1n],
          [3n, 1n],
        ],
        delta: [
          [1n, 1n],
          [2n, 2n],
          [4n, 4n],
        ],
      });
      const changes = { path: desk.changes.path };
      const changed = (release: number) => observed(place, "live", { of: "changed", changes, release });
      is(await changed(7), 0, "rows that a release without images changes");
      const { scope, key } = byKey("id");
      const capture = { live: desk.live, delta: desk.delta, given: ["id", "v"], rows: null, changes: desk.changes } as const;
      await place.step({ kind: "capture", ...capture, scope, release: 7, key, cursor: null, deletes: null, prune: null });
      is(await changed(7), 2, "rows changed: one update, one insert, one that is equal");
      is(await changed(8), 0, "rows that another release changes");
    },
  },
];
