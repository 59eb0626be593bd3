import assert from "node:assert/strict";
import type { TableRef } from "../../adapter/shapes.js";
import type { Sql } from "../../sql/sql.js";
import { type CaseDefinition, reason } from "../case.js";
import { shapes } from "../columns.js";
import { lostOf, refusal, told } from "./clone.js";
import { bag, byKey, committed, is, publishing, setUp } from "./words.js";

const specs = { id: "int64", note: "string?" } as const;

/** What live was, and the grants of a table: where the engine has such things. */
export const restoreCases = (decorate: (table: TableRef) => readonly Sql[]): readonly CaseDefinition[] => [
  {
    name: "restore makes a copy of live as it was at a tally, after further releases, with what is on live now",
    invariant: 12,
    skip: (c) => reason({ "the engine cannot read a table as it was": !c.timeTravel }),
    async run(place) {
      const live = [
        [1n, "old"],
        [2n, null],
      ];
      const desk = await setUp(place, specs, { live, delta: [[1n, "first"]] });
      for (const statement of decorate(desk.live.ref)) await place.execute(statement);
      const published = async (release: number, count: number): Promise<string> => {
        const { results } = await committed(place, publishing(desk, byKey("id"), release, { on: desk.live.ref, rows: count }));
        const before = results.get("tally")?.rows[0]?.["before"];
        assert.ok(typeof before === "string" && before !== "", "with time travel a tally tells `before`");
        return before;
      };
      const first = await published(1, 2);
      await place.stage(desk.delta, shapes(place.adapter, specs), [
        [2n, "second"],
        [3n, "second"],
      ]);
      const second = await published(2, 2);
      const now = await place.rows(desk.live.ref, desk.live.columns);
      const shape = await place.describe(desk.live.ref);
      const states = { [first]: live, [second]: [[1n, "first"], live[1] ?? []] };
      for (const [i, [before, rows]] of Object.entries(states).entries()) {
        const to = place.at(`restored${i}`);
        await place.step({ kind: "restore", live: shape, to, before });
        bag(await place.rows(to, shape.columns), rows, `live as it was before release ${i + 1}`);
        const copy = await place.describe(to);
        is(copy.columns, shape.columns, "columns of what was restored");
        const names = ["restored0", "restored1", "live"];
        is(lostOf(told(shape, names), told(copy, names)), [], "what is on live and not on what was restored");
      }
      bag(await place.rows(desk.live.ref, shape.columns), now, "live, which a restore does not touch");
    },
  },
  {
    name: "regrant gives a table the grants of another, and takes them back",
    invariant: 9,
    skip: (c, given) =>
      reason({ "grants go with a table's name": !c.grants, "the harness decorates no table": !given.decorated }),
    async run(place) {
      const [ref, other] = [place.at("bare"), place.at("adorned")];
      for (const at of [ref, other]) await place.make(at, shapes(place.adapter, specs), [[1n, "a"]]);
      for (const statement of decorate(other)) await place.execute(statement);
      const tell = async (at: TableRef) => told(await place.describe(at), ["bare", "adorned"]);
      const recorded = async (at: TableRef): Promise<unknown> =>
        JSON.parse(JSON.stringify((await place.describe(at)).fingerprint ?? null));
      const [bare, had, adorned] = [await recorded(ref), await tell(ref), await tell(other)];
      await place.step({ kind: "regrant", ref, before: bare, after: await recorded(other), owner: true });
      const has = await tell(ref);
      assert.ok(lostOf(has, had).length > 0, "regrant gave nothing, or the harness puts no grant on a table");
      is(lostOf(lostOf(has, had), adorned), [], "what regrant gave that the other table does not have");
      is(lostOf(had, has), [], "what regrant took from a table that had fewer grants");
      await place.step({ kind: "regrant", ref, before: await recorded(ref), after: bare, owner: true });
      is(await recorded(ref), bare, "what describe finds after the grants were taken back");
    },
  },
  ...(["restore", "regrant"] as const).map(
    (kind): CaseDefinition => ({
      name: `an engine that cannot ${kind} says so, and what to do instead`,
      skip: (c) => reason({ [`the engine can ${kind}`]: kind === "restore" ? c.timeTravel : c.grants }),
      async run(place) {
        const ref = place.at("live");
        await place.create(ref, shapes(place.adapter, specs));
        const live = await place.describe(ref);
        const step =
          kind === "restore"
            ? ({ kind, live, to: place.at("restored"), before: "1" } as const)
            : ({ kind, ref, before: live.fingerprint, after: live.fingerprint, owner: true } as const);
        await assert.rejects(place.step(step), refusal(kind));
      },
    }),
  ),
];
