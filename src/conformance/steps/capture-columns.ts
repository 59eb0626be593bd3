import type { CaseDefinition } from "../case.js";
import { shapes } from "../columns.js";
import { wide, wideRows } from "./wide.js";
import { around, bag, byKey, capture, createWith, images, is, publish, type Rows, type Specs, setUp, text } from "./words.js";

const byId = byKey("id");

/** What an upsert makes of columns: those of the key, those that do not come, and each type. */
export const captureColumnCases: readonly CaseDefinition[] = [
  {
    name: "capture keeps live's value of a column that is not given, and takes its default for a new row",
    invariant: 3,
    async run(place) {
      const ref = await createWith(place, "live", {
        id: ["int64", "NOT NULL"],
        v: ["string", ""],
        n: ["int64", "DEFAULT 42"],
        s: ["string", `DEFAULT ${text(place, "it's")}`],
        bare: ["string", ""],
      });
      const columns = shapes(place.adapter, { id: "int64", v: "string?", n: "int64?", s: "string?", bare: "string?" });
      const rows = [
        [1n, "old", 7n, "own", "x"],
        [2n, "same", 8n, null, null],
      ];
      await place.add(ref, columns, rows);
      const given = shapes(place.adapter, { v: "string?", id: "int64?" });
      const desk = await around(place, await place.describe(ref), given, [
        ["new", 1n],
        ["same", 2n],
        ["comes", 3n],
      ]);
      await capture(desk, { ...byId, given: ["v", "id"] });
      const wanted = [
        [1n, "before", "update", 1n, "old", 7n, "own", "x"],
        [1n, "after", "update", 1n, "new", 7n, "own", "x"],
        [1n, "after", "insert", 3n, "comes", 42n, "it's", null],
      ];
      bag(await images(desk), wanted, "images of a load that gives two columns of five");
    },
  },
  {
    name: "capture and exchange leave columns out that the engine computes",
    invariant: 9,
    async run(place) {
      const columns = shapes(place.adapter, { id: "int64", v: "string?", computed: "int64?" });
      const ref = place.at("live");
      await place.make(ref, columns, [
        [1n, "old", null],
        [2n, "same", null],
      ]);
      // The words for such columns differ from engine to engine; a compiler is told by the shape.
      const described = await place.describe(ref);
      const live = {
        ...described,
        columns: described.columns.map((c) => (c.name === "computed" ? { ...c, generated: true } : c)),
      };
      const desk = await around(place, live, shapes(place.adapter, { id: "int64?", v: "string?" }), [
        [1n, "new"],
        [2n, "same"],
        [3n, "comes"],
      ]);
      is(await publish(desk, byId), { before: 1, after: 2 }, "images of a table with a computed column");
      bag(
        await place.rows(ref, columns),
        [
          [1n, "new", null],
          [2n, "same", null],
          [3n, "comes", null],
        ],
        "live after the exchange",
      );
    },
  },
  {
    name: "capture takes composite keys whole",
    invariant: 4,
    async run(place) {
      const composite: Specs = { a: "int64", b: "string", v: "string?" };
      const live = [
        [1n, "x", "one"],
        [1n, "y", "two"],
        [2n, "x", "three"],
      ];
      const desk = await setUp(place, composite, {
        live,
        delta: [
          [1n, "y", "TWO"],
          [2n, "y", "four"],
          [2n, "x", "three"],
        ],
      });
      await capture(desk, byKey("a", "b"));
      const wanted = [
        [1n, "before", "update", 1n, "y", "two"],
        [1n, "after", "update", 1n, "y", "TWO"],
        [1n, "after", "insert", 2n, "y", "four"],
      ];
      bag(await images(desk), wanted, "images by a key of two columns");
    },
  },
  {
    name: "capture finds every value of every type unchanged when it comes again",
    invariant: 4,
    async run(place) {
      const columns = wide(place);
      await place.make(place.at("live"), columns, wideRows());
      const desk = await around(place, await place.describe(place.at("live")), columns, wideRows());
      await capture(desk, byId);
      is(await images(desk), [], "images of a load that brings what is there");
    },
  },
  {
    name: "capture writes every value of every type into images as live and delta have it",
    invariant: 4,
    async run(place) {
      const columns = wide(place);
      await place.make(place.at("live"), columns, wideRows());
      const desk = await around(place, await place.describe(place.at("live")), columns, wideRows(1));
      await capture(desk, byId);
      const found = (await images(desk)).map((r) => r.slice(1));
      // The row of NULLs comes as it was.
      const changed = async (image: string, from: typeof desk.delta): Promise<Rows> =>
        (await place.rows(from, columns)).filter((r) => r[1] !== null).map((r) => [image, "update", ...r]);
      bag(found, [...(await changed("before", desk.live.ref)), ...(await changed("after", desk.delta))], "images of all types");
    },
  },
];
