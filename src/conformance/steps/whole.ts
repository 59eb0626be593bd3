import type { PlannedStep } from "../../plan/compile.js";
import { type CaseDefinition, reason } from "../case.js";
import { shapes } from "../columns.js";
import { wide, wideRows } from "./wide.js";
import { around, bag, committed, content, createWith, type Desk, is, type Specs, setUp, text } from "./words.js";

const specs: Specs = { id: "int64", v: "string?" };
const filling = ({ live, delta }: Desk, given: readonly string[], inserts: number): PlannedStep => ({
  id: "fill",
  step: { kind: "fill", live, delta, given, deletes: null, inserts },
});
const undoable = (c: { readonly transaction: string }): string | false =>
  reason({ "the engine has no transactions": c.transaction === "none" });

/** Tables as a whole: filled, emptied, counted. */
export const wholeCases: readonly CaseDefinition[] = [
  {
    name: "fill puts all of a delta into an empty table, of every type bit for bit",
    invariant: 2,
    async run(place) {
      const columns = wide(place);
      await place.create(place.at("live"), columns);
      const desk = await around(place, await place.describe(place.at("live")), columns, wideRows());
      const rows = wideRows().length;
      await committed(place, [
        filling(
          desk,
          columns.map((c) => c.name),
          rows,
        ),
      ]);
      bag(await content(desk), await place.rows(desk.delta, columns), "live after the first load");
    },
  },
  {
    name: "fill gives a column that does not come its default",
    invariant: 3,
    async run(place) {
      const rest = { n: ["int64", "DEFAULT 42"], s: ["string", `DEFAULT ${text(place, "it's")}`], bare: ["string", ""] } as const;
      const ref = await createWith(place, "live", { id: ["int64", "NOT NULL"], ...rest });
      const given = shapes(place.adapter, { bare: "string?", id: "int64?" });
      const desk = await around(place, await place.describe(ref), given, [
        ["x", 1n],
        [null, 2n],
      ]);
      await committed(place, [filling(desk, ["bare", "id"], 2)]);
      const columns = shapes(place.adapter, { id: "int64", n: "int64?", s: "string?", bare: "string?" });
      bag(
        await place.rows(ref, columns),
        [
          [1n, 42n, "it's", "x"],
          [2n, 42n, "it's", null],
        ],
        "live after a load of two columns",
      );
    },
  },
  {
    name: "fill refuses a delta of another number of rows, and nothing is filled",
    invariant: 3,
    skip: undoable,
    async run(place) {
      const desk = await setUp(place, specs, {
        live: [],
        delta: [
          [1n, "a"],
          [2n, "b"],
        ],
      });
      for (const inserts of [0, 1, 3]) {
        is((await place.block([filling(desk, ["id", "v"], inserts)])).outcome, "refused", `filling in 2 rows, told ${inserts}`);
      }
      is(await content(desk), [], "live after loads that were refused");
    },
  },
  {
    name: "empty removes every row, and refuses where there are more or fewer than were told",
    invariant: 6,
    skip: undoable,
    async run(place) {
      const live = place.at("live");
      const columns = shapes(place.adapter, specs);
      const rows = [
        [1n, "a"],
        [2n, "b"],
        [3n, null],
      ];
      await place.make(live, columns, rows);
      const shape = await place.describe(live);
      for (const told of [0, 2, 4]) {
        const result = await place.block([{ id: "empty", step: { kind: "empty", live: shape, rows: told } }]);
        is(result.outcome, "refused", `emptying a table of 3 rows, told ${told}`);
      }
      bag(await place.rows(live, columns), rows, "live after it was refused");
      await committed(place, [{ id: "empty", step: { kind: "empty", live: shape, rows: 3 } }]);
      is(await place.rows(live, columns), [], "live after it was emptied");
      await committed(place, [{ id: "empty", step: { kind: "empty", live: shape, rows: 0 } }]);
    },
  },
  {
    name: "count returns the rows of a table, and refuses another number",
    invariant: 6,
    async run(place) {
      const on = place.at("live");
      const columns = shapes(place.adapter, specs);
      await place.create(on, columns);
      const count = async (rows: number) => {
        const found = await place.step({ kind: "count", on, rows });
        return [found.ok, found.rows[0]?.["rows"]];
      };
      is(await count(0), [true, 0n], "counting an empty table");
      is(await count(1), [false, 0n], "counting an empty table, told 1");
      await place.add(on, columns, [
        [1n, "a"],
        [2n, null],
      ]);
      is(await count(2), [true, 2n], "counting two rows");
      is(
        [await count(1), await count(3)],
        [
          [false, 2n],
          [false, 2n],
        ],
        "counting two rows, told 1 and 3",
      );
    },
  },
];
