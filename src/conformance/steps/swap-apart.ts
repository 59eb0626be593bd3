import assert from "node:assert/strict";
import type { Capabilities } from "../../adapter/capabilities.js";
import type { TableRef } from "../../adapter/shapes.js";
import { compileStep } from "../../plan/compile.js";
import type { Sql } from "../../sql/sql.js";
import { type CaseDefinition, reason } from "../case.js";
import { shapes } from "../columns.js";
import { calm, type Place } from "../place.js";
import { lostOf, told } from "./clone.js";
import { fresh, old, pair, swapping, there } from "./swap.js";
import { bag, is } from "./words.js";

const apart = (c: Capabilities): string | false =>
  reason({ "the engine swaps nothing": c.swap === "none", "a swap is part of a transaction": c.transactionalDdl });

const mark = async (place: Place, ref: TableRef, marker: string): Promise<void> => {
  is((await place.step({ kind: "mark", table: await place.describe(ref), marker })).ok, true, "marking");
};
const markOf = async (place: Place, ref: TableRef): Promise<unknown> => (await place.describe(ref)).marker;

/** A swap outside of transactions: marks tell how far it came, renames finish it. */
export const swapApartCases = (decorate: (table: TableRef) => readonly Sql[]): readonly CaseDefinition[] => [
  {
    name: "mark is what describe tells; another takes its place, and all else on the table stays",
    invariant: 7,
    skip: apart,
    async run(place) {
      const columns = shapes(place.adapter, { id: "int64", note: "string?" });
      const ref = place.at("marked");
      await place.make(ref, columns, old);
      for (const statement of decorate(ref)) await place.execute(statement);
      const before = await place.describe(ref);
      is(before.marker, null, "the mark of a table that was never marked");
      for (const marker of ["7", "orders_12"]) {
        await mark(place, ref, marker);
        const after = await place.describe(ref);
        is(after.marker, marker, "the mark that describe tells");
        is(after.fingerprint, before.fingerprint, "what describe finds on a table that was marked");
        is(after.columns, before.columns, "columns of a table that was marked");
      }
      bag(await place.rows(ref, columns), old, "rows of a table that was marked");
    },
  },
  {
    name: "rename carries rows, columns, what is on the table, and its mark; onto a table that is there it is an error",
    invariant: 9,
    also: [7],
    skip: apart,
    async run(place) {
      const columns = shapes(place.adapter, { id: "int64", note: "string?" });
      const [from, to, taken] = [place.at("before_it"), place.at("after_it"), place.at("taken")];
      await place.make(from, columns, old);
      await place.make(taken, columns, fresh);
      for (const statement of decorate(from)) await place.execute(statement);
      await mark(place, from, "7");
      const before = await place.describe(from);
      await assert.rejects(place.step({ kind: "rename", from, to: taken }), "rename took the place of a table that was there");
      is(await place.describe(from), before, "what describe finds after a rename that failed");
      await place.step({ kind: "rename", from, to });
      is(await there(place, from), false, "whether a table still bears the old name");
      const after = await place.describe(to);
      is([after.ref, after.columns, after.marker], [to, before.columns, "7"], "path, columns and mark of a renamed table");
      const names = ["before_it", "after_it"];
      is(lostOf(told(before, names), told(after, names)), [], "what is on a table and not on the renamed one");
      bag(await place.rows(to, columns), old, "rows of a renamed table");
      bag(await place.rows(taken, columns), fresh, "rows of the table whose name was taken");
    },
  },
  {
    name: "rename of a missing table is an error of kind missing-object",
    skip: apart,
    async run(place) {
      const rename = place.step({ kind: "rename", from: place.at("absent"), to: place.at("present") });
      const e = await rename.then(
        () => assert.fail("a table that is not there was renamed"),
        (thrown: unknown) => thrown,
      );
      is(place.adapter.classify(e).kind, "missing-object", "what classify() makes of it");
      is(await there(place, place.at("present")), false, "whether there is a table of the new name");
    },
  },
  {
    name: "a swap carries the mark of each table with it",
    invariant: 7,
    skip: apart,
    async run(place) {
      const { live, candidate, kept } = await pair(place);
      await mark(place, live.ref, "3");
      await mark(place, candidate.ref, "7");
      const [marked, next] = [await place.describe(live.ref), await place.describe(candidate.ref)];
      await place.step(swapping(marked, next, live.ref, kept, "7"));
      is([await markOf(place, live.ref), await markOf(place, kept)], ["7", "3"], "marks of live and of what was live");
    },
  },
  {
    name: "a swap that stops between two of its operations leaves live whole, and what was live under one of two names",
    invariant: 1,
    also: [7],
    skip: apart,
    async run(place) {
      for (let done = 0, all = 1; done <= all; done++) {
        const { live, candidate, kept, columns } = await pair(place, decorate, `_${done}`);
        const ops = compileStep(place.adapter, swapping(live, candidate, live.ref, kept));
        all = ops.length;
        for (const op of ops.slice(0, done)) await place.session.execute(op, calm());
        const rowsOf = async (ref: TableRef): Promise<string> =>
          (await there(place, ref)) ? String((await place.rows(ref, columns)).length) : "absent";
        const seen = [await rowsOf(live.ref), await rowsOf(candidate.ref), await rowsOf(kept)].join(" ");
        // Names change hands; or live is overwritten, after it was copied, and before the candidate goes.
        const between = ["2 3 absent", "3 2 absent", "3 absent 2", "2 3 2", "3 3 2"];
        const states = done === 0 ? ["2 3 absent"] : done === all ? ["3 absent 2"] : between;
        assert.ok(
          states.includes(seen),
          `after ${done} of ${all} operations live, candidate and kept have ${seen} rows, not ${states.join(" or ")}`,
        );
      }
    },
  },
];
