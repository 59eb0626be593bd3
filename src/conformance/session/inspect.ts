import assert from "node:assert/strict";
import type { Inspect } from "../../adapter/operations.js";
import type { Row } from "../../sql/sql.js";
import { ident, template } from "../../sql/sql.js";
import { type CaseDefinition, reason } from "../case.js";
import { calm } from "../place.js";
import { assertUnsupported, assertUsable, blockOf, faultOf, id, idsOf, insert, numbers, op, thrownBy } from "./words.js";

export const interactive: NonNullable<CaseDefinition["skip"]> = (c) =>
  reason({ "the engine runs no JavaScript inside a block": c.transaction !== "interactive" });
export const inspect = (name: string, look: Inspect["inspect"]): Inspect => ({ id: name, inspect: look });

/** JavaScript inside a block. */
export const inspectCases: readonly CaseDefinition[] = [
  {
    name: "an inspection sees the block's own changes, and its row is a result",
    skip: interactive,
    async run(place) {
      const ref = await numbers(place, "seen", [1n]);
      let seen: readonly Row[] = [];
      const look = inspect("look", async (query) => {
        seen = await query(template`SELECT ${id} FROM ${ident(ref.path)} ORDER BY ${id}`);
        return { ok: true, found: seen.length };
      });
      const { outcome, results } = await place.session.atomic(blockOf([op("insert", insert(ref, 2n)), look]), calm());
      assert.equal(outcome, "committed");
      assert.deepEqual(
        seen.map((r) => String(r["id"])),
        ["1", "2"],
      );
      assert.deepEqual(results.get("look")?.rows, [{ ok: true, found: 2 }]);
    },
  },
  ...[false, null, undefined, "true"].map(
    (answer): CaseDefinition => ({
      name: `an inspection that answers ${JSON.stringify(answer) ?? "nothing"} refuses the block`,
      invariant: 3,
      skip: interactive,
      async run(place) {
        const ref = await numbers(place, "looked", [1n]);
        const ops = [op("insert", insert(ref, 2n)), inspect("look", async () => ({ ok: answer })), op("never", insert(ref, 3n))];
        const result = await place.session.atomic(blockOf(ops), calm());
        assert.equal(result.outcome === "refused" && result.at, "look");
        assert.deepEqual(result.results.get("look")?.rows, [{ ok: answer }], "its row is a result all the same");
        assert.deepEqual(await idsOf(place, ref), [1n]);
        await assertUsable(place);
      },
    }),
  ),
  {
    name: "what an inspection throws comes out as it is, and leaves nothing behind",
    invariant: 3,
    skip: interactive,
    async run(place) {
      const ref = await numbers(place, "thrown", [1n]);
      const error = new Error("of the check");
      const look = inspect("look", () => Promise.reject(error));
      const e = await thrownBy(
        () => place.session.atomic(blockOf([op("insert", insert(ref, 2n)), look]), calm()),
        "a block whose inspection throws",
      );
      assert.ok(e === error || (e instanceof Error && e.cause === error), "the error itself, or as the cause of one");
      assert.deepEqual(await idsOf(place, ref), [1n]);
      await assertUsable(place);
    },
  },
  {
    name: "a query of an inspection that fails refuses the block with its error",
    skip: interactive,
    async run(place) {
      const ref = await numbers(place, "asked", [1n]);
      const look = inspect("look", async (query) => {
        await query(template`SELECT ${id} FROM ${ident(place.at("absent").path)}`);
        return { ok: true };
      });
      const fault = await faultOf(place, "a block whose inspection fails", () =>
        place.session.atomic(blockOf([op("insert", insert(ref, 2n)), look]), calm()),
      );
      assert.equal(fault.kind, "missing-object");
      assert.deepEqual(await idsOf(place, ref), [1n]);
      await assertUsable(place);
    },
  },
  {
    name: "an inspection in a block is refused where a block is a script",
    skip: (c) => reason({ "the engine runs JavaScript inside a block": c.transaction === "interactive" }),
    async run(place) {
      const ref = await numbers(place, "scripted", [1n]);
      let looked = false;
      const look = inspect("look", async () => {
        looked = true;
        return { ok: true };
      });
      await assertUnsupported(place, "an inspection is refused", () =>
        place.session.atomic(blockOf([op("insert", insert(ref, 2n)), look]), calm()),
      );
      assert.equal(looked, false, "and not run");
      assert.deepEqual(await idsOf(place, ref), [1n], "and nothing is left behind");
    },
  },
];
