import assert from "node:assert/strict";
import type { BlockOp } from "../../adapter/operations.js";
import type { TableRef } from "../../adapter/shapes.js";
import { ident, template } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import { calm } from "../place.js";
import { assertUsable, blockOf, expecting, holds, id, idsOf, insert, ok, op, tables, wanted } from "./words.js";

/** An expectation that is not met, by the last of these operations; the table has one row. */
const unmet: Readonly<Record<string, (t: TableRef) => readonly [...BlockOp[], BlockOp]>> = {
  "another number of rows": (t) => [op("at", insert(t, 5n), expecting({ affected: 2 }))],
  "a row, and none changed": (t) => [
    op("at", template`DELETE FROM ${ident(t.path)} WHERE ${id} > 99`, expecting({ affected: 1 })),
  ],
  "as many rows as an earlier operation changed, and they are fewer": (t) => [
    op("two", insert(t, 7n, 8n)),
    op("one", insert(t, 5n)),
    op("at", template`DELETE FROM ${ident(t.path)} WHERE ${id} = 5`, expecting({ affected: { sameAs: "two" } })),
  ],
  "as many rows as an earlier operation returned, and they are fewer": (t) => [
    op("counted", wanted(3n), { returns: { wanted: "int64" } }),
    op("at", insert(t, 5n), expecting({ affected: { sameAs: "counted", column: "wanted" } })),
  ],
  "what holds, and it is FALSE": () => [op("at", holds(false), { returns: { ok: "bool" }, ...expecting({ holds: true }) })],
  "what holds, and it is NULL": () => [op("at", holds(null), { returns: { ok: "bool" }, ...expecting({ holds: true }) })],
  "what holds, and no row comes": (t) => [
    op("at", template`SELECT ${id} = 1 AS ${ok} FROM ${ident(t.path)} WHERE ${id} > 99`, {
      returns: { ok: "bool" },
      ...expecting({ holds: true }),
    }),
  ],
  "what an earlier operation had to hold as well, and did not": () => [
    op("before", holds(false), { returns: { ok: "bool" } }),
    op("at", holds(true), { returns: { ok: "bool" }, ...expecting({ holds: true, also: ["before"] }) }),
  ],
};

/** Blocks whose expectations are not met. */
export const refusalCases: readonly CaseDefinition[] = Object.entries(unmet).map(
  ([what, make]): CaseDefinition => ({
    name: `a block is refused, and leaves nothing behind, where it expects ${what}`,
    invariant: 3,
    async run(place) {
      const [first, second] = await tables(place);
      const ops = [op("begin", insert(first, 2n, 3n)), ...make(second), op("never", insert(first, 4n))];
      const result = await place.session.atomic(blockOf(ops), calm());
      assert.equal(result.outcome, "refused", "an expectation that is not met refuses the block");
      assert.equal(result.outcome === "refused" && result.at, "at", "and tells at which operation");
      assert.equal(result.results.get("begin")?.affected, 2, "results so far are handed back");
      assert.ok(result.results.has("at"), "also that of the operation itself");
      assert.equal(result.results.has("never"), false, "nothing after it is run");
      assert.deepEqual(await idsOf(place, first), [1n], "what came before it is rolled back");
      assert.deepEqual(await idsOf(place, second), [1n], "and so is it");
      await assertUsable(place);
    },
  }),
);
