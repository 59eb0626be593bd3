import { ident, template } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import { shapes } from "../columns.js";
import { bag, byKey, capture, captureStale, content, images, is, type Rows, type Specs, setUp } from "./words.js";

const specs: Specs = { id: "int64", v: "string?", c: "int64?" };
const byId = byKey("id");

/** What an upsert changes. */
export const captureByKeyCases: readonly CaseDefinition[] = [
  {
    name: "capture by key records what goes and what comes, and nothing of rows that stay",
    invariant: 4,
    async run(place) {
      const live = [
        [1n, "same", 1n],
        [2n, "old", 1n],
        [3n, "untouched", 1n],
      ];
      const desk = await setUp(place, specs, {
        live,
        delta: [
          [1n, "same", 1n],
          [2n, "new", 2n],
          [4n, "comes", 1n],
        ],
      });
      is(await captureStale(desk, { ...byId, cursor: "c" }, 7), 0n, "stale rows");
      const wanted = [
        [7n, "before", "update", 2n, "old", 1n],
        [7n, "after", "update", 2n, "new", 2n],
        [7n, "after", "insert", 4n, "comes", 1n],
      ];
      bag(await images(desk), wanted, "images");
      bag(await content(desk), live, "live, which a capture does not touch");
    },
  },
  {
    name: "capture takes NULL for equal to NULL, and a float that is no number for equal to itself",
    invariant: 4,
    async run(place) {
      const rows = [
        [1n, null, null],
        [2n, Number.NaN, ""],
        [3n, null, "x"],
        [4n, -0, null],
      ];
      const desk = await setUp(place, { id: "int64", v: "float64?", s: "string?" }, { live: rows, delta: rows });
      await capture(desk, byId);
      is(await images(desk), [], "images of rows that came as they were");
    },
  },
  {
    name: "capture tells values apart that differ by a bit: −0 from 0, NULL from an empty text, letters by case",
    invariant: 4,
    async run(place, note) {
      const floats: Specs = { id: "int64", v: "float64?", s: "string?" };
      const live = [
        [1n, 0, "a"],
        [2n, 1, null],
        [3n, 1, "a"],
        [4n, 1, "\u00e9"],
        [5n, 0.1, "a"],
        [6n, null, "a"],
        [7n, 1, "a"],
      ];
      const delta = [
        [1n, -0, "a"],
        [2n, 1, ""],
        [3n, 1, "A"],
        [4n, 1, "e\u0301"],
        [5n, 0.1 + 2 ** -56, "a"],
        [6n, 0, "a"],
        [7n, 1, "a "],
      ];
      const desk = await setUp(place, floats, { live, delta });
      const staged = await place.rows(desk.delta, shapes(place.adapter, floats));
      // An engine that holds no −0 cannot be asked to tell it apart.
      const holds = staged.some((r) => Object.is(r[1], -0));
      if (!holds) note("the engine holds no −0");
      await capture(desk, byId);
      const changed = (rows: Rows): Rows => rows.filter((r) => holds || r[0] !== 1n);
      const head = (image: string, rows: Rows): Rows => changed(rows).map((r) => [1n, image, "update", ...r]);
      bag(await images(desk), [...head("before", live), ...head("after", delta)], "images of rows that differ by a bit");
    },
  },
  {
    name: "capture leaves out, and tally counts, rows that are older than live; an equal cursor and an unknown one apply",
    invariant: 2,
    async run(place) {
      const live = [
        [1n, "newer", 9n],
        [2n, "equal", 5n],
        [3n, "unknown", null],
        [4n, "known", 5n],
        [5n, "older", 1n],
        [6n, "same", 9n],
      ];
      const delta = [
        [1n, "stale", 8n],
        [2n, "applies", 5n],
        [3n, "applies", 1n],
        [4n, "applies", null],
        [5n, "applies", 2n],
        [6n, "same", 8n],
      ];
      const desk = await setUp(place, specs, { live, delta });
      is(await captureStale(desk, { ...byId, cursor: "c" }), 2n, "stale rows");
      const applied = [1, 2, 3, 4];
      const wanted = applied.flatMap((i) => [
        [1n, "before", "update", ...(live[i] ?? [])],
        [1n, "after", "update", ...(delta[i] ?? [])],
      ]);
      bag(await images(desk), wanted, "images of rows that are not stale");
    },
  },
  {
    name: "capture takes rows marked as deletes for deletes; where there is no such key nothing is done",
    invariant: 4,
    async run(place) {
      const rows = {
        live: [
          [1n, "goes", 1n],
          [2n, "stays", 1n],
          [3n, "stays too", 1n],
          [4n, "newer", 9n],
          [5n, "changes", 1n],
        ],
        delta: [
          [1n, "whatever", 1n, true],
          [2n, "stays", 1n, false],
          [3n, "stays too", 1n, null],
          [4n, "stale", 8n, true],
          [5n, "changed", 2n, false],
          [6n, "never was", 1n, true],
          [7n, "comes", 1n, null],
        ],
      };
      const desk = await setUp(place, specs, rows, { delta: { ...specs, gone: "bool?" } });
      is(await captureStale(desk, { ...byId, cursor: "c", deletes: "gone" }), 1n, "stale rows: a delete that is older than live");
      const wanted = [
        [1n, "before", "delete", 1n, "goes", 1n],
        [1n, "before", "update", 5n, "changes", 1n],
        [1n, "after", "update", 5n, "changed", 2n],
        [1n, "after", "insert", 7n, "comes", 1n],
      ];
      bag(await images(desk), wanted, "images of a load with deletes");
    },
  },
  {
    name: "capture finds the same with a predicate that leaves out what the load cannot touch",
    invariant: 4,
    async run(place) {
      const live = [
        [1n, "out of reach", 100n],
        [2n, "old", 1n],
        [3n, "same", 2n],
      ];
      const desk = await setUp(place, specs, {
        live,
        delta: [
          [2n, "new", 3n],
          [3n, "same", 2n],
          [4n, "comes", 3n],
        ],
      });
      await capture(desk, { ...byId, prune: template`${ident(["l", "c"])} <= ${{ value: 3n, type: "int64" }}` });
      const wanted = [
        [1n, "before", "update", 2n, "old", 1n],
        [1n, "after", "update", 2n, "new", 3n],
        [1n, "after", "insert", 4n, "comes", 3n],
      ];
      bag(await images(desk), wanted, "images of a pruned load");
    },
  },
];
