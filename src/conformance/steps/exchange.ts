import assert from "node:assert/strict";
import { ident, type Sql, template } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import { shapes } from "../columns.js";
import { wide, wideRows } from "./wide.js";
import {
  around,
  bag,
  bags,
  byKey,
  content,
  type Desk,
  exchange,
  images,
  is,
  type Load,
  publish,
  type Rows,
  type Specs,
  setUp,
} from "./words.js";

const specs: Specs = { id: "int64", v: "string?", x: "float64?" };
const byId = byKey("id");
/** Publishes, goes back and forward again, and looks at live each time. */
async function thereAndBack(desk: Desk, load: Load, wanted: Rows | null): Promise<void> {
  const before = await content(desk);
  const counts = await publish(desk, load);
  const after = await content(desk);
  if (wanted !== null) bag(after, wanted, "live after the exchange");
  is((await exchange(desk, load, "after", counts)).outcome, "committed", "going back");
  bag(await content(desk), before, "live after going back");
  is((await exchange(desk, load, "before", counts)).outcome, "committed", "going forward again");
  bag(await content(desk), after, "live after going forward again");
}

export const oneCopy = (desk: Desk): Sql =>
  template`INSERT INTO ${ident(desk.live.ref.path)} (${ident(["id"])}, ${ident(["v"])}, ${ident(["x"])}) VALUES (7, 'copy', 1.5)`;

/** Images change places with rows of live. */
export const exchangeCases: readonly CaseDefinition[] = [
  {
    name: "exchange goes back and forward and restores every value of every type bit for bit",
    invariant: 4,
    async run(place) {
      const columns = wide(place);
      await place.make(place.at("live"), columns, wideRows());
      const more = [BigInt(wideRows().length + 1), ...(wideRows(3)[0] ?? []).slice(1)];
      const desk = await around(place, await place.describe(place.at("live")), columns, [...wideRows(1), more]);
      const staged = await place.rows(desk.delta, columns);
      await thereAndBack(desk, byId, staged);
    },
  },
  {
    name: "exchange goes back and forward over an upsert with deletes",
    invariant: 4,
    async run(place) {
      const live = [
        [1n, "goes", 1],
        [2n, "old", 2],
        [3n, "stays", 3],
      ];
      const delta = [
        [1n, null, null, true],
        [2n, "new", -0, false],
        [4n, "comes", Number.NaN, null],
      ];
      const desk = await setUp(place, specs, { live, delta }, { delta: { ...specs, gone: "bool?" } });
      const [comes] = (await place.rows(desk.delta, shapes(place.adapter, specs))).filter((r) => r[0] === 4n);
      assert.ok(comes !== undefined);
      await thereAndBack(desk, { ...byId, deletes: "gone" }, null);
      is(
        (await content(desk)).map((r) => r.slice(0, 2)),
        [
          [2n, "new"],
          [3n, "stays"],
          [4n, "comes"],
        ],
        "live in the end",
      );
    },
  },
  {
    name: "exchange goes back and forward over partitions, an emptied one too",
    invariant: 4,
    async run(place) {
      const live = [
        [1n, "a", 1],
        [2n, "b", 2],
        [3n, null, 3],
        [4n, "c", 4],
      ];
      const desk = await setUp(place, specs, {
        live,
        delta: [
          [1n, "a", 9],
          [5n, "a", 5],
        ],
      });
      const load: Load = { scope: { partition: "v", type: "string", values: ["a", "b"] }, key: ["id"] };
      await thereAndBack(desk, load, [
        [1n, "a", 9],
        [5n, "a", 5],
        [3n, null, 3],
        [4n, "c", 4],
      ]);
    },
  },
  {
    name: "exchange goes back and forward over bags, each copy counted",
    invariant: 4,
    async run(place) {
      const one = [7n, "copy", 1.5];
      const live = [one, one, one, [8n, null, null], [8n, null, null], [9n, "goes", Number.NaN]];
      const delta = [one, [8n, null, null], [8n, null, null], [8n, null, null], [6n, "", -0], [6n, "", -0]];
      const desk = await setUp(place, specs, { live, delta });
      await thereAndBack(desk, bags, await place.rows(desk.delta, shapes(place.adapter, specs)));
    },
  },
  {
    name: "exchange without a key removes as many copies as were recorded, and no more",
    invariant: 4,
    async run(place) {
      const one = [7n, "copy", 1.5];
      const desk = await setUp(place, specs, { live: [one], delta: [one, one, one] });
      const counts = await publish(desk, bags);
      is(counts, { before: 0, after: 2 }, "images of two copies more");
      await place.execute(oneCopy(desk));
      is((await exchange(desk, bags, "after", counts)).outcome, "committed", "going back where another wrote one copy more");
      is(await content(desk), [one, one], "live: the copy that was there, and the one of another");
      is((await images(desk)).length, 2, "images, which an exchange does not use up");
    },
  },
  {
    name: "exchange of no rows changes nothing",
    invariant: 4,
    async run(place) {
      const live = [
        [1n, "a", 1],
        [2n, "b", 2],
      ];
      for (const [name, load] of Object.entries({ keyed: byId, bagged: bags })) {
        const desk = await setUp(place, specs, { live, delta: live }, { name });
        is(await publish(desk, load), { before: 0, after: 0 }, "images of a load that brings what is there");
        for (const remove of ["before", "after"] as const) {
          is((await exchange(desk, load, remove, { before: 0, after: 0 })).outcome, "committed", "an exchange of nothing");
        }
        bag(await content(desk), live, "live after exchanges of nothing");
      }
    },
  },
  {
    name: "capture, tally and exchange quote the names of tables and columns",
    invariant: 8,
    async run(place) {
      const words: Specs = { order: "int64", group: "string?", select: "float64?", end: "timestamp?" };
      const desk = await setUp(
        place,
        words,
        {
          live: [[1n, "a", 1, 1n]],
          delta: [
            [1n, "b", 1, 2n],
            [2n, "c", 2, 3n],
          ],
        },
        { name: "table" },
      );
      await thereAndBack(desk, { ...byKey("order"), cursor: "end" }, [
        [1n, "b", 1, 2n],
        [2n, "c", 2, 3n],
      ]);
    },
  },
  {
    name: "exchange moves twenty thousand rows and brings them back",
    invariant: 4,
    async run(place) {
      const row = (from: number, v: string) => (_: unknown, i: number) => [BigInt(from + i), `${v} ${i % 97}`, i / 8];
      const live = Array.from({ length: 20_000 }, row(0, "old"));
      const desk = await setUp(place, specs, { live, delta: Array.from({ length: 20_000 }, row(10_000, "new")) });
      const scan = { kind: "scan", on: desk.live.ref, columns: desk.live.columns, expected: null } as const;
      const state = async (): Promise<unknown> => (await place.step(scan)).rows[0];
      const before = await state();
      const counts = await publish(desk, byId);
      is(counts, { before: 10_000, after: 20_000 }, "images of 10,000 updates and 10,000 inserts");
      const after = await state();
      is((await exchange(desk, byId, "after", counts)).outcome, "committed", "going back");
      is(await state(), before, "rows and checksum after going back");
      is((await exchange(desk, byId, "before", counts)).outcome, "committed", "going forward again");
      is(await state(), after, "rows and checksum after going forward again");
    },
  },
];
