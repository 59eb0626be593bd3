import assert from "node:assert/strict";
import type { ColumnShape } from "../../adapter/shapes.js";
import type { Step } from "../../adapter/steps.js";
import { compileStep } from "../../plan/compile.js";
import type { CaseDefinition } from "../case.js";
import { shape, shapes } from "../columns.js";
import { calm, type Place } from "../place.js";
import { wide, wideRows } from "./wide.js";
import { bag, byKey, exchange, images, is, publish, type Rows, type Specs, setUp } from "./words.js";

type Asked = Omit<Step<"difference">, "kind">;

/** The difference as a pipeline reads it: one query, streamed; each row with its number at the end. */
async function difference(place: Place, asked: Asked): Promise<Rows> {
  const ops = compileStep(place.adapter, { kind: "difference", ...asked });
  const [op] = ops;
  assert.ok(op !== undefined && ops.length === 1 && !("native" in op), "a difference is one query");
  const n: ColumnShape = shape(place.adapter, "_cutover_n", "int64");
  const found: unknown[][] = [];
  for await (const rows of place.session.stream(op.sql, [...asked.columns, n], calm())) {
    for (const row of rows) found.push([...asked.columns.map((c) => row[c.name]), row[n.name]]);
  }
  return found;
}
const specs: Specs = { id: "int64", v: "string?" };

/** By which rows two states differ. */
export const differenceCases: readonly CaseDefinition[] = [
  {
    name: "difference of two tables is ordered by key, and shows the two sides of an update together",
    async run(place) {
      const columns = shapes(place.adapter, specs);
      const [old, current] = [place.at("old"), place.at("current")];
      await place.stage(old, columns, [
        [1n, "same"],
        [2n, "before"],
        [3n, "goes"],
        [10n, null],
      ]);
      await place.stage(current, columns, [
        [10n, "after"],
        [4n, "comes"],
        [2n, "after"],
        [1n, "same"],
      ]);
      const parts = [
        { table: current, sign: 1 },
        { table: old, sign: -1 },
      ] as const;
      const found = await difference(place, { parts, columns, key: ["id"] });
      const wanted = [
        [2n, "before", -1n],
        [2n, "after", 1n],
        [3n, "goes", -1n],
        [4n, "comes", 1n],
        [10n, null, -1n],
        [10n, "after", 1n],
      ];
      is(found, wanted, "rows more and rows fewer, in order");
      is(
        await difference(place, { parts: [parts[0], { ...parts[0], sign: -1 }], columns, key: ["id"] }),
        [],
        "a table less itself",
      );
    },
  },
  {
    name: "difference of tables with equal rows says how many there are more or fewer",
    async run(place) {
      const columns = shapes(place.adapter, specs);
      const [old, current] = [place.at("old"), place.at("current")];
      await place.stage(old, columns, [
        [1n, "a"],
        [2n, "b"],
        [2n, "b"],
        [2n, "b"],
        [3n, null],
        [4n, null],
      ]);
      await place.stage(current, columns, [
        [1n, "a"],
        [1n, "a"],
        [1n, "a"],
        [2n, "b"],
        [3n, null],
      ]);
      const parts = [
        { table: current, sign: 1 },
        { table: old, sign: -1 },
      ] as const;
      bag(
        await difference(place, { parts, columns, key: [] }),
        [
          [1n, "a", 2n],
          [2n, "b", -2n],
          [4n, null, -1n],
        ],
        "copies",
      );
    },
  },
  {
    name: "difference of images is what the releases changed together, either way",
    invariant: 4,
    async run(place) {
      const desk = await setUp(place, specs, {
        live: [
          [1n, "one"],
          [2n, "one"],
        ],
        delta: [
          [1n, "two"],
          [3n, "two"],
        ],
      });
      const before = await place.rows(desk.live.ref, desk.live.columns);
      await publish(desk, byKey("id"), 1);
      await place.stage(desk.delta, desk.live.columns, [
        [1n, "one"],
        [3n, "three"],
      ]);
      const counts = await publish(desk, byKey("id"), 2);
      const of = (release: number, sign: 1 | -1) => ({ changes: desk.changes, release, sign });
      const asked = { columns: desk.live.columns, key: ["id"] };
      is(
        await difference(place, { ...asked, parts: [of(1, 1), of(2, 1)] }),
        [[3n, "three", 1n]],
        "two releases, one undone in part",
      );
      is(
        await difference(place, { ...asked, parts: [of(2, -1)] }),
        [
          [1n, "one", -1n],
          [1n, "two", 1n],
          [3n, "three", -1n],
          [3n, "two", 1n],
        ],
        "one release backwards",
      );
      const older = { ...asked, parts: [{ table: desk.live.ref, sign: 1 as const }, of(1, -1), of(2, -1)] };
      is(
        (await difference(place, older)).map((r) => r.slice(0, -1)),
        before,
        "live less the images since: the state before",
      );
      is((await exchange(desk, byKey("id"), "after", counts, 2)).outcome, "committed", "going back");
      is((await images(desk)).length, 7, "images, which a difference only reads");
    },
  },
  {
    name: "difference looks at the columns given, by a key of several",
    async run(place) {
      const columns = shapes(place.adapter, { a: "int64", b: "int64", v: "string?", hidden: "int64?" });
      const [old, current] = [place.at("old"), place.at("current")];
      await place.stage(old, columns, [
        [1n, 2n, "x", 1n],
        [1n, 10n, "x", 1n],
        [2n, 1n, "x", 1n],
      ]);
      await place.stage(current, columns, [
        [2n, 1n, "y", 9n],
        [1n, 10n, "y", 9n],
        [1n, 2n, "x", 9n],
      ]);
      const parts = [
        { table: current, sign: 1 },
        { table: old, sign: -1 },
      ] as const;
      const found = await difference(place, { parts, columns: columns.slice(0, 3), key: ["a", "b"] });
      is(
        found,
        [
          [1n, 10n, "x", -1n],
          [1n, 10n, "y", 1n],
          [2n, 1n, "x", -1n],
          [2n, 1n, "y", 1n],
        ],
        "rows by two columns",
      );
    },
  },
  {
    name: "difference compares values of every type",
    async run(place) {
      const columns = wide(place);
      const [old, current] = [place.at("old"), place.at("current")];
      await place.stage(old, columns, wideRows());
      await place.stage(current, columns, wideRows().toReversed());
      const parts = [
        { table: current, sign: 1 },
        { table: old, sign: -1 },
      ] as const;
      is(await difference(place, { parts, columns, key: ["id"] }), [], "two tables with the same rows");
      await place.stage(current, columns, [...wideRows(), ...wideRows()]);
      const twice = await difference(place, { parts, columns, key: ["id"] });
      is(
        twice.map((r) => r.at(-1)),
        wideRows().map(() => 1n),
        "a table that has each row once more",
      );
    },
  },
];
