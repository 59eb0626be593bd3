import type { CaseDefinition } from "../case.js";
import { shapes } from "../columns.js";
import type { Place } from "../place.js";
import { wide, wideRows } from "./wide.js";
import { bag, is, type Rows, type Specs } from "./words.js";

interface Folded {
  readonly ok: boolean;
  readonly rows: Rows;
}
/** Folds rows in a block; what is left in the target. */
async function fold(place: Place, name: string, specs: Specs, rows: Rows, key: string[], cursor: string | null): Promise<Folded> {
  const columns = shapes(place.adapter, specs);
  const [from, to] = [place.at(`${name}_raw`), place.at(name)];
  await place.stage(from, columns, rows);
  await place.create(to, columns);
  const { ok } = await place.step({ kind: "fold", from, to, key, cursor, columns });
  return { ok, rows: await place.rows(to, columns) };
}
const versions: Specs = { id: "int64?", v: "string?", c: "timestamp?" };

/** One row a key. */
export const foldCases: readonly CaseDefinition[] = [
  {
    name: "fold keeps of each key the row with the highest cursor",
    invariant: 2,
    async run(place) {
      const rows = [
        [1n, "middle", 5n],
        [1n, "new", 6n],
        [1n, "old", -7n],
        [2n, "only", 1n],
        [3n, "b", 2n],
        [3n, "a", 1n],
      ];
      const found = await fold(place, "delta", versions, rows, ["id"], "c");
      is(found.ok, true, "folding rows whose cursors differ");
      bag(
        found.rows,
        [
          [1n, "new", 6n],
          [2n, "only", 1n],
          [3n, "b", 2n],
        ],
        "rows after the fold",
      );
    },
  },
  {
    name: "fold collapses rows that are equal in all columns",
    invariant: 2,
    async run(place) {
      const rows = [
        [1n, "a", 5n],
        [1n, "a", 5n],
        [1n, "a", 5n],
        [2n, null, null],
        [2n, null, null],
      ];
      const found = await fold(place, "delta", versions, rows, ["id"], "c");
      is(found.ok, true, "folding rows that are equal, cursor and all");
      bag(
        found.rows,
        [
          [1n, "a", 5n],
          [2n, null, null],
        ],
        "rows after the fold",
      );
    },
  },
  {
    name: "fold refuses rows of one key with one cursor that differ, and takes none",
    invariant: 2,
    also: [3],
    async run(place) {
      const ties: Readonly<Record<string, Rows>> = {
        texts: [
          [1n, "a", 5n],
          [1n, "b", 5n],
          [2n, "c", 1n],
        ],
        null: [
          [1n, "a", 5n],
          [1n, null, 5n],
        ],
        case: [
          [1n, "a", 5n],
          [1n, "A", 5n],
        ],
        cursorless: [
          [1n, "a", null],
          [1n, "b", null],
        ],
      };
      for (const [name, rows] of Object.entries(ties)) {
        const found = await fold(place, name, versions, rows, ["id"], "c");
        is([found.ok, found.rows], [false, []], `folding winners that differ (${name}), and what came of it`);
      }
      const below = [
        [1n, "a", 5n],
        [1n, "b", 5n],
        [1n, "c", 6n],
      ];
      const found = await fold(place, "below", versions, below, ["id"], "c");
      is([found.ok, found.rows], [true, [[1n, "c", 6n]]], "folding where only losers differ");
    },
  },
  {
    name: "fold lets a row with a cursor win over one without",
    invariant: 2,
    async run(place) {
      const rows = [
        [1n, "none", null],
        [1n, "some", -5n],
        [2n, "none", null],
      ];
      const found = await fold(place, "delta", versions, rows, ["id"], "c");
      is(
        [found.ok, found.rows],
        [
          true,
          [
            [1n, "some", -5n],
            [2n, "none", null],
          ],
        ],
        "rows where a cursor is missing",
      );
    },
  },
  {
    name: "fold takes composite keys whole",
    invariant: 2,
    async run(place) {
      const specs: Specs = { a: "int64?", b: "string?", c: "int64?", v: "string?" };
      const rows = [
        [1n, "x", 1n, "old"],
        [1n, "x", 2n, "new"],
        [1n, "y", 1n, "other"],
        [2n, "x", 1n, "third"],
      ];
      const found = await fold(place, "delta", specs, rows, ["a", "b"], "c");
      is(found.ok, true, "folding by two columns");
      bag(found.rows, rows.slice(1), "rows after the fold");
    },
  },
  {
    name: "fold without a cursor collapses equal rows and refuses others",
    invariant: 2,
    async run(place) {
      const specs: Specs = { id: "int64?", v: "string?" };
      const same = await fold(
        place,
        "same",
        specs,
        [
          [1n, "a"],
          [2n, null],
          [1n, "a"],
          [2n, null],
        ],
        ["id"],
        null,
      );
      is(
        [same.ok, same.rows],
        [
          true,
          [
            [1n, "a"],
            [2n, null],
          ],
        ],
        "folding equal rows without a cursor",
      );
      const unlike = await fold(
        place,
        "unlike",
        specs,
        [
          [1n, "a"],
          [1n, "b"],
        ],
        ["id"],
        null,
      );
      is([unlike.ok, unlike.rows], [false, []], "folding rows that differ without a cursor");
    },
  },
  {
    name: "fold carries every value of every type as it is",
    invariant: 2,
    async run(place) {
      const columns = wide(place);
      const [from, to] = [place.at("delta_raw"), place.at("delta")];
      await place.stage(from, columns, [...wideRows(), ...wideRows()]);
      await place.create(to, columns);
      is((await place.step({ kind: "fold", from, to, key: ["id"], cursor: null, columns })).ok, true, "folding equal rows");
      const rows = await place.rows(from, columns);
      bag(
        await place.rows(to, columns),
        rows.filter((_, i) => i % 2 === 0),
        "rows after the fold, each once",
      );
    },
  },
];
