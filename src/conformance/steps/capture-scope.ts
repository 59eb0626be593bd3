import type { Scope } from "../../adapter/steps.js";
import type { CaseDefinition } from "../case.js";
import { shapes } from "../columns.js";
import {
  around,
  bag,
  bags,
  capture,
  capturing,
  createWith,
  images,
  is,
  type Load,
  type Rows,
  type Specs,
  setUp,
} from "./words.js";

const specs: Specs = { id: "int64?", p: "string?", v: "string?" };
const within = (...values: string[]): Load => ({ scope: { partition: "p", type: "string", values }, key: ["id"] });
const all: Load = { scope: "all", key: ["id"] };

/** What a load changes that speaks for partitions, or for the whole table. */
export const captureByScopeCases: readonly CaseDefinition[] = [
  {
    name: "capture by partitions takes what the load does not bring for gone, and leaves other partitions alone",
    invariant: 4,
    async run(place) {
      const live = [
        [1n, "a", "same"],
        [2n, "a", "old"],
        [3n, "a", "goes"],
        [4n, "emptied", "goes"],
        [5n, "other", "stays"],
        [6n, null, "stays"],
      ];
      const desk = await setUp(place, specs, {
        live,
        delta: [
          [1n, "a", "same"],
          [2n, "a", "new"],
          [7n, "a", "comes"],
        ],
      });
      await capture(desk, within("a", "emptied", "was never there"));
      const wanted = [
        [1n, "before", "update", 2n, "a", "old"],
        [1n, "after", "update", 2n, "a", "new"],
        [1n, "before", "delete", 3n, "a", "goes"],
        [1n, "before", "delete", 4n, "emptied", "goes"],
        [1n, "after", "insert", 7n, "a", "comes"],
      ];
      bag(await images(desk), wanted, "images of a load of two partitions, one of them emptied");
    },
  },
  {
    name: "capture by partitions tells them apart by values of any type that a partition may have",
    invariant: 4,
    async run(place) {
      const moment = 1_709_210_096_789_012n;
      const pairs = {
        int64: [2n ** 53n, 2n ** 53n + 1n],
        date: [19_781, 19_782],
        timestamp: [moment, moment + 1n],
        datetime: [moment, moment + 1n],
        string: ["a", "A"],
        bool: [true, false],
      } as const;
      for (const [type, [inside, outside]] of Object.entries(pairs) as [keyof typeof pairs, readonly unknown[]][]) {
        const live = [
          [1n, inside, "goes"],
          [2n, outside, "stays"],
        ];
        const typed: Specs = { id: "int64", p: `${type}?`, v: "string?" };
        const desk = await setUp(place, typed, { live, delta: [] }, { name: `by_${type}` });
        const scope: Scope = { partition: "p", type, values: [inside] };
        await capture(desk, { scope, key: ["id"] });
        is(await images(desk), [[1n, "before", "delete", 1n, inside, "goes"]], `images of an emptied partition by ${type}`);
      }
    },
  },
  {
    name: "capture by the partitions that a table has rows of does as by their names, and refuses keys outside of them",
    invariant: 4,
    also: [6],
    skip: (c) => (c.transaction === "none" ? "the engine has no transactions" : false),
    async run(place) {
      const live = [
        [1n, "a", "same"],
        [2n, "a", "goes"],
        [3n, "b", "goes"],
        [4n, "other", "stays"],
        [5n, null, "stays"],
      ];
      const delta = [
        [1n, "a", "same"],
        [6n, "b", "comes"],
      ];
      for (const key of [["id"], []]) {
        const desk = await setUp(place, specs, { live, delta }, { name: key.length > 0 ? "keyed" : "bagged" });
        const load: Load = { scope: { partition: "p", type: "string", from: desk.delta }, key };
        await capture(desk, load);
        const wanted = [
          [1n, "before", "delete", 2n, "a", "goes"],
          [1n, "before", "delete", 3n, "b", "goes"],
          [1n, "after", "insert", 6n, "b", "comes"],
        ];
        bag(await images(desk), wanted, `images of a load that names its partitions by its rows, ${desk.live.ref.path.at(-1)}`);
        if (key.length === 0) continue;
        await place.stage(desk.delta, shapes(place.adapter, specs), [[4n, "a", "moves"]]);
        const result = await place.block([capturing(desk, load, 2)]);
        is(result.outcome, "refused", "a load of partition a with a key that lives in another");
      }
    },
  },
  {
    name: "capture by partitions refuses keys that live outside of them, and records nothing",
    invariant: 6,
    skip: (c) => (c.transaction === "none" ? "the engine has no transactions" : false),
    async run(place) {
      for (const [name, elsewhere] of Object.entries({ named: "b", unnamed: null })) {
        const live = [
          [1n, elsewhere, "here"],
          [2n, "a", "old"],
        ];
        const desk = await setUp(
          place,
          specs,
          {
            live,
            delta: [
              [1n, "a", "moves"],
              [2n, "a", "new"],
            ],
          },
          { name },
        );
        const result = await place.block([capturing(desk, within("a"))]);
        is(result.outcome, "refused", `a load of partition a with a key that lives in ${elsewhere}`);
        is(await images(desk), [], "images of a load that was refused");
      }
    },
  },
  {
    name: "capture of all takes the load for the whole table",
    invariant: 4,
    async run(place) {
      const live = [
        [1n, "a", "same"],
        [2n, null, "old"],
        [3n, "b", "goes"],
      ];
      const desk = await setUp(place, specs, {
        live,
        delta: [
          [1n, "a", "same"],
          [2n, "c", "new"],
          [4n, null, "comes"],
        ],
      });
      await capture(desk, all);
      const wanted = [
        [1n, "before", "update", 2n, null, "old"],
        [1n, "after", "update", 2n, "c", "new"],
        [1n, "before", "delete", 3n, "b", "goes"],
        [1n, "after", "insert", 4n, null, "comes"],
      ];
      bag(await images(desk), wanted, "images of a load of the whole table");
      const emptied = await setUp(place, specs, { live, delta: [] }, { name: "emptied" });
      await capture(emptied, all);
      bag(
        await images(emptied),
        live.map((r) => [1n, "before", "delete", ...r]),
        "images of a load of nothing",
      );
    },
  },
  {
    name: "capture of a scope keeps live's value of a column that is not given, and takes its default for a new row",
    invariant: 3,
    async run(place) {
      const ref = await createWith(place, "live", {
        id: ["int64", ""],
        p: ["string", ""],
        n: ["int64", "DEFAULT 42"],
        bare: ["string", ""],
      });
      const columns = shapes(place.adapter, { id: "int64?", p: "string?", n: "int64?", bare: "string?" });
      await place.add(ref, columns, [
        [1n, "a", 7n, "x"],
        [2n, "a", 8n, "y"],
        [3n, "a", 9n, "z"],
      ]);
      const given = shapes(place.adapter, { p: "string?", id: "int64?" });
      const delta = [
        ["a", 1n],
        ["b", 2n],
        ["a", 4n],
      ];
      const desk = await around(place, await place.describe(ref), given, delta);
      await capture(desk, { ...all, given: ["p", "id"] });
      const wanted = [
        [1n, "before", "update", 2n, "a", 8n, "y"],
        [1n, "after", "update", 2n, "b", 8n, "y"],
        [1n, "before", "delete", 3n, "a", 9n, "z"],
        [1n, "after", "insert", 4n, "a", 42n, null],
      ];
      bag(await images(desk), wanted, "images of a load that gives two columns of four");
    },
  },
  {
    name: "capture without a key compares rows as bags: each copy counts",
    invariant: 4,
    async run(place) {
      const bagged: Specs = { a: "string?", x: "float64?" };
      const live = [
        ...copies(3, ["a", 1]),
        ...copies(2, [null, null]),
        ...copies(1, ["b", Number.NaN]),
        ...copies(1, ["goes", 0]),
      ];
      const delta = [
        ...copies(1, ["a", 1]),
        ...copies(2, [null, null]),
        ...copies(3, ["b", Number.NaN]),
        ...copies(2, ["comes", 0]),
      ];
      const desk = await setUp(place, bagged, { live, delta });
      await capture(desk, bags);
      const wanted = [
        ...copies(2, [1n, "before", "delete", "a", 1]),
        ...copies(1, [1n, "before", "delete", "goes", 0]),
        ...copies(2, [1n, "after", "insert", "b", Number.NaN]),
        ...copies(2, [1n, "after", "insert", "comes", 0]),
      ];
      bag(await images(desk), wanted, "images of bags");
    },
  },
  {
    name: "capture without a key tells rows apart that differ by a bit",
    invariant: 4,
    async run(place, note) {
      const bagged: Specs = { a: "string?", x: "float64?" };
      const live = [
        ["a", 0],
        ["", 1],
        ["e\u0301", 1],
      ];
      const delta = [
        ["a", -0],
        [null, 1],
        ["\u00e9", 1],
      ];
      const desk = await setUp(place, bagged, { live, delta });
      const staged = await place.rows(desk.delta, shapes(place.adapter, bagged));
      const holds = staged.some((r) => Object.is(r[1], -0));
      if (!holds) note("the engine holds no −0");
      await capture(desk, bags);
      const of = (rows: Rows, ...head: readonly unknown[]): Rows =>
        rows.filter((r) => holds || r[0] !== "a").map((r) => [1n, ...head, ...r]);
      bag(
        await images(desk),
        [...of(live, "before", "delete"), ...of(delta, "after", "insert")],
        "images of rows that differ by a bit",
      );
    },
  },
  {
    name: "capture without a key stays within its partitions",
    invariant: 4,
    async run(place) {
      const live = [...copies(2, [1n, "a", "x"]), ...copies(2, [1n, "b", "x"])];
      const desk = await setUp(place, specs, { live, delta: copies(3, [1n, "a", "x"]) });
      await capture(desk, { ...within("a"), key: [] });
      is(await images(desk), [[1n, "after", "insert", 1n, "a", "x"]], "images of one copy more in one partition");
    },
  },
];

const copies = (n: number, row: readonly unknown[]): Rows => Array.from({ length: n }, () => row);
