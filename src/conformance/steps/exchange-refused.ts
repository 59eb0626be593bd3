import { ident, type Sql, template } from "../../sql/sql.js";
import { type CaseDefinition, reason } from "../case.js";
import { shapes } from "../columns.js";
import { oneCopy } from "./exchange.js";
import { bag, bags, byKey, capturing, committed, content, exchange, images, is, publish, type Specs, setUp } from "./words.js";

const specs: Specs = { id: "int64", v: "string?", x: "float64?" };
const byId = byKey("id");
const undoable = (c: { readonly transaction: string }): string | false =>
  reason({ "the engine has no transactions": c.transaction === "none" });

/** Rows that others wrote between a release and its way back. */
const foreign: Readonly<Record<string, (t: Sql, id: Sql, v: Sql) => readonly Sql[]>> = {
  "changed a value": (t, id, v) => [template`UPDATE ${t} SET ${v} = 'theirs' WHERE ${id} = 2`],
  "changed a letter's case": (t, id, v) => [template`UPDATE ${t} SET ${v} = 'New' WHERE ${id} = 2`],
  "made a value NULL": (t, id, v) => [template`UPDATE ${t} SET ${v} = NULL WHERE ${id} = 2`],
  "gave a NULL a value": (t, id, v) => [template`UPDATE ${t} SET ${v} = '' WHERE ${id} = 4`],
  "removed a row": (t, id) => [template`DELETE FROM ${t} WHERE ${id} = 2`],
  "put a row in twice": (t, id, v) => [template`INSERT INTO ${t} (${id}, ${v}, ${ident(["x"])}) VALUES (4, NULL, 1.5)`],
  "took a key again that the release had removed": (t, id, v) => [template`INSERT INTO ${t} (${id}, ${v}) VALUES (3, 'theirs')`],
};

/** What others wrote is not destroyed. */
export const exchangeRefusedCases: readonly CaseDefinition[] = [
  {
    name: "exchange refuses rows that others changed, removed or put in, and changes nothing then",
    invariant: 6,
    skip: undoable,
    async run(place) {
      for (const [i, [what, statements]] of Object.entries(foreign).entries()) {
        const live = [
          [1n, "same", 1],
          [2n, "old", 2],
          [3n, "goes", 3],
        ];
        const delta = [
          [1n, "same", 1, null],
          [2n, "new", 2, null],
          [3n, null, null, true],
          [4n, null, 1.5, null],
        ];
        const desk = await setUp(place, specs, { live, delta }, { delta: { ...specs, gone: "bool?" }, name: `t${i}` });
        const load = { ...byId, deletes: "gone" };
        const counts = await publish(desk, load);
        for (const s of statements(ident(desk.live.ref.path), ident(["id"]), ident(["v"]))) await place.execute(s);
        const [before, recorded] = [await content(desk), await images(desk)];
        is((await exchange(desk, load, "after", counts)).outcome, "refused", `going back where another ${what}`);
        bag(await content(desk), before, `live after an exchange that was refused, where another ${what}`);
        bag(await images(desk), recorded, "images after an exchange that was refused");
      }
    },
  },
  {
    name: "exchange refuses bags of which others took a copy, and changes nothing then",
    invariant: 6,
    skip: undoable,
    async run(place) {
      const one = [7n, "copy", 1.5];
      const desk = await setUp(place, specs, { live: [[1n, "same", 1]], delta: [[1n, "same", 1], one, one] });
      const counts = await publish(desk, bags);
      await place.execute(template`DELETE FROM ${ident(desk.live.ref.path)} WHERE ${ident(["id"])} = 7`);
      await place.execute(oneCopy(desk));
      const before = await content(desk);
      is((await exchange(desk, bags, "after", counts)).outcome, "refused", "going back where one copy of two is gone");
      bag(await content(desk), before, "live after an exchange that was refused");
      is((await images(desk)).length, 2, "images after an exchange that was refused");
    },
  },
  {
    name: "exchange refuses where the rows found are not as many as it was told",
    invariant: 6,
    skip: undoable,
    async run(place) {
      const live = [
        [1n, "old", 1],
        [2n, "same", 2],
      ];
      const desk = await setUp(place, specs, {
        live,
        delta: [
          [1n, "new", 1],
          [3n, "comes", 3],
        ],
      });
      await committed(place, [capturing(desk, byId)]);
      for (const counts of [
        { before: 2, after: 2 },
        { before: 1, after: 3 },
        { before: 1, after: 1 },
      ]) {
        is(
          (await exchange(desk, byId, "before", counts)).outcome,
          "refused",
          `exchanging 1 row for 2, told ${JSON.stringify(counts)}`,
        );
        bag(await content(desk), live, "live after an exchange that was refused");
      }
      is((await exchange(desk, byId, "before", { before: 1, after: 2 })).outcome, "committed", "exchanging as many as there are");
    },
  },
  {
    name: "exchange of one release leaves the images of others alone, and older ones wait for newer",
    invariant: 4,
    skip: undoable,
    async run(place) {
      const desk = await setUp(place, specs, { live: [[1n, "first", 1]], delta: [[1n, "second", 1]] });
      const one = await publish(desk, byId, 1);
      await place.stage(desk.delta, shapes(place.adapter, specs), [
        [1n, "third", 1],
        [2n, "new", 2],
      ]);
      const two = await publish(desk, byId, 2);
      const tally = async (release: number): Promise<unknown> =>
        (await images(desk)).filter((r) => r[0] === BigInt(release)).length;
      is([await tally(1), await tally(2)], [2, 3], "images of two releases");
      is((await exchange(desk, byId, "after", one, 1)).outcome, "refused", "going back over the older release first");
      is((await exchange(desk, byId, "after", two, 2)).outcome, "committed", "going back over the newer release");
      is(await content(desk), [[1n, "second", 1]], "live after one release was taken back");
      is((await exchange(desk, byId, "after", one, 1)).outcome, "committed", "going back over the older release");
      is(await content(desk), [[1n, "first", 1]], "live after both were taken back");
    },
  },
];
