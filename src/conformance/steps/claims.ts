import assert from "node:assert/strict";
import type { Inspect } from "../../adapter/operations.js";
import type { TableRef } from "../../adapter/shapes.js";
import { ledgerShapes } from "../../ledger/shapes.js";
import type { PlannedStep } from "../../plan/compile.js";
import { ident, template } from "../../sql/sql.js";
import { type CaseDefinition, reason } from "../case.js";
import type { Place } from "../place.js";
import { overlapping } from "./ledger.js";
import { bag, committed, is, type Rows } from "./words.js";

interface Books {
  readonly turn: TableRef;
  readonly claims: TableRef;
  readonly claim: (pipeline: string, ...tables: string[]) => PlannedStep;
  readonly takeOver: (pipeline: string, instead: string, ...tables: string[]) => PlannedStep;
  readonly owners: (...tables: string[]) => Promise<Rows>;
}
async function booksOf(place: Place): Promise<Books> {
  const shapes = ledgerShapes(place.adapter.syntax);
  const [turn, claims] = [place.at("turn"), place.at("claims")];
  await place.step({
    kind: "seed",
    ref: turn,
    columns: shapes.turn,
  });
  await place.create(claims, shapes.claims);
  return {
    turn,
    claims,
    claim: (pipeline, ...tables) => ({ id: "claim", step: { kind: "claim", turn, claims, tables, pipeline } }),
    takeOver: (pipeline, instead, ...tables) => ({
      id: "claim",
      step: { kind: "claim", turn, claims, tables, pipeline, instead },
    }),
    owners: async (...tables) =>
      (await place.step({ kind: "readClaims", claims, tables })).rows.map((r) => [r["table_name"], r["pipeline"]]),
  };
}

/** Which pipeline owns a table. */
export const claimCases: readonly CaseDefinition[] = [
  {
    name: "claim takes tables without an owner, and none from another",
    invariant: 5,
    async run(place) {
      const { claim, owners } = await booksOf(place);
      await committed(place, [claim("first", "a", "b")]);
      await committed(place, [claim("second", "b", "c", `it's "d"`)]);
      await committed(place, [claim("first", "a", "b", "c")]);
      const wanted = [
        ["a", "first"],
        ["b", "first"],
        ["c", "second"],
        [`it's "d"`, "second"],
      ];
      bag(await owners("a", "b", "c", `it's "d"`, "nobody's"), wanted, "owners, each named once");
      bag(await owners("c"), [["c", "second"]], "the owner of one table");
      is(await owners("nobody's"), [], "the owner of a table that nobody claimed");
    },
  },
  {
    name: "claim instead of a pipeline takes over those of the tables that are its own, and no others",
    invariant: 5,
    async run(place) {
      const { claim, takeOver, owners } = await booksOf(place);
      await committed(place, [claim("first", "a", "b"), { ...claim("second", "c"), id: "second" }]);
      await committed(place, [takeOver("third", "first", "a", "c", "d")]);
      const wanted = [
        ["a", "third"],
        ["b", "first"],
        ["c", "second"],
        ["d", "third"],
      ];
      bag(
        await owners("a", "b", "c", "d"),
        wanted,
        "owners: asked for and of that pipeline, not asked for, of another, of nobody",
      );
    },
  },
  {
    name: "claim in a block that is refused takes nothing",
    invariant: 3,
    skip: (c) => reason({ "the engine has no transactions": c.transaction === "none" }),
    async run(place) {
      const { claim, owners, claims } = await booksOf(place);
      const refused: PlannedStep = { id: "count", step: { kind: "count", on: claims, rows: 9 } };
      is((await place.block([claim("first", "a"), refused])).outcome, "refused", "a block that is refused after its claim");
      is(await owners("a"), [], "owners after that");
    },
  },
  {
    name: "of two pipelines that claim a table at the same time one gets it",
    invariant: 5,
    skip: (c) =>
      reason({
        "the engine has one session at a time": !c.concurrentSessions,
        "the engine has no transactions": c.transaction === "none",
      }),
    async run(place) {
      const { claim, owners, claims } = await booksOf(place);
      const look = template`SELECT count(*) AS n FROM ${ident(claims.path)}`;
      const side = (pipeline: string, own: string) => (gate: readonly Inspect[]) => [...gate, claim(pipeline, "shared", own)];
      const [a, b] = await overlapping(place, look, side("first", "a"), side("second", "b"));
      assert.ok(a.ending === "done" || b.ending === "done", "neither of two pipelines could claim");
      const found = await owners("shared", "a", "b");
      const ownerOf = (table: string): readonly unknown[] => found.filter((r) => r[0] === table).map((r) => r[1]);
      is(ownerOf("shared").length, 1, `owners of a table that two claimed at the same time (${ownerOf("shared").join(" and ")})`);
      is(ownerOf("a"), a.ending === "done" ? ["first"] : [], "owners of a table that the first claimed as well");
      is(ownerOf("b"), b.ending === "done" ? ["second"] : [], "owners of a table that the second claimed as well");
    },
  },
];
