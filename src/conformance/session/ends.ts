import assert from "node:assert/strict";
import type { Fault } from "../../adapter/session.js";
import { ident, join, type Row, type Sql, template } from "../../sql/sql.js";
import { type CaseDefinition, reason } from "../case.js";
import { calm, type Place } from "../place.js";
import { inspect, interactive } from "./inspect.js";
import { assertUsable, blockOf, explained, faultOf, id, idsOf, insert, numbers, op, thrownBy, within } from "./words.js";

const together: NonNullable<CaseDefinition["skip"]> = (c, given) =>
  reason({ "the engine has one session at a time": !c.concurrentSessions }) || interactive(c, given);

const stoppable: CaseDefinition["skip"] = (c) =>
  reason({ "the engine has one session, and nobody to stop it by": !c.concurrentSessions });

/** A query that takes days, and little memory. */
async function endless(place: Place): Promise<Sql> {
  const many = Array.from({ length: 2000 }, (_, i) => BigInt(i));
  const [t, at] = [ident((await numbers(place, "busy", many)).path), (alias: string) => ident([alias, "id"])];
  const four = join(
    ["a", "b", "c", "d"].map((alias) => template`${t} ${ident([alias])}`),
    ", ",
  );
  return template`SELECT count(*) AS ${id} FROM ${four} WHERE ${at("a")} * ${at("b")} + ${at("c")} * ${at("d")} < 0`;
}
/** The fault of a call that must end soon, and not well. */
async function cancelled(place: Place, call: Promise<unknown>, otherwise: string): Promise<Fault> {
  call.catch(() => undefined);
  const e = await thrownBy(() => within(call, otherwise), "what was cancelled is not done");
  if (e instanceof assert.AssertionError) throw e;
  return explained(place.adapter, e);
}

/** What ends blocks and statements before their time, and who else is there. */
export const endCases: readonly CaseDefinition[] = [
  {
    name: "the time limit ends a block, and leaves nothing behind",
    invariant: 5,
    also: [3],
    skip: interactive,
    async run(place) {
      const ref = await numbers(place, "limited", [1n]);
      let settle = (_row: Row): void => undefined;
      const never = new Promise<Row>((resolve) => {
        settle = resolve;
      });
      const look = inspect("look", () => never);
      const block = blockOf([op("insert", insert(ref, 2n)), look, op("more", insert(ref, 3n))], { timeoutMs: 200 });
      try {
        const fault = await cancelled(place, place.session.atomic(block, calm()), "the block goes on long after its time limit");
        assert.equal(fault.kind, "cancelled", "what classify() makes of it");
      } finally {
        settle({ ok: false });
      }
      assert.deepEqual(await idsOf(place, ref), [1n]);
      await assertUsable(place);
    },
  },
  {
    name: "an abort inside a block ends it, and leaves nothing behind",
    invariant: 3,
    skip: interactive,
    async run(place) {
      const ref = await numbers(place, "aborted", [1n]);
      const controller = new AbortController();
      const look = inspect("look", async () => {
        controller.abort();
        return { ok: true };
      });
      const block = blockOf([op("insert", insert(ref, 2n)), look, op("more", insert(ref, 3n))]);
      const fault = await faultOf(place, "an aborted block is not committed", () =>
        place.session.atomic(block, { tag: "conformance", signal: controller.signal }),
      );
      assert.equal(fault.kind, "cancelled");
      assert.deepEqual(await idsOf(place, ref), [1n]);
      await assertUsable(place);
    },
  },
  {
    name: "an abort before a block begins leaves nothing behind",
    invariant: 3,
    async run(place) {
      const ref = await numbers(place, "early", [1n]);
      const fault = await faultOf(place, "an aborted block is not run", () =>
        place.session.atomic(blockOf([op("insert", insert(ref, 2n))]), { tag: "conformance", signal: AbortSignal.abort() }),
      );
      assert.equal(fault.kind, "cancelled");
      assert.equal(fault.outcome, "not-applied");
      assert.deepEqual(await idsOf(place, ref), [1n]);
      await assertUsable(place);
    },
  },
  {
    name: "an abort before a statement begins keeps it from being run",
    async run(place) {
      const ref = await numbers(place, "early", [1n]);
      const gone = { tag: "conformance", signal: AbortSignal.abort() };
      const calls: Readonly<Record<string, () => Promise<unknown>>> = {
        execute: () => place.session.execute({ sql: insert(ref, 2n) }, gone),
        describe: () => place.session.describe(ref, gone),
        list: () => place.session.list({ path: ref.path.slice(0, -1) }, "", gone),
        columnsOf: () => place.session.columnsOf(template`SELECT ${id} FROM ${ident(ref.path)}`, gone),
      };
      for (const [what, call] of Object.entries(calls))
        assert.equal((await faultOf(place, `an aborted ${what} is not run`, call)).kind, "cancelled", what);
      assert.deepEqual(await idsOf(place, ref), [1n]);
      await assertUsable(place);
    },
  },
  {
    name: "an abort ends a statement that is running, also in the engine",
    skip: stoppable,
    async run(place) {
      const sql = await endless(place);
      const controller = new AbortController();
      const call = place.session.execute({ sql, returns: { id: "int64" } }, { tag: "conformance", signal: controller.signal });
      const timer = setTimeout(() => controller.abort(), 100);
      const fault = await cancelled(place, call, "the statement goes on after the abort");
      clearTimeout(timer);
      assert.equal(fault.kind, "cancelled");
      await within(assertUsable(place), "the session is still busy with what was aborted");
    },
  },
  {
    name: "the time limit of a block ends the statement that is running",
    invariant: 5,
    also: [3],
    skip: stoppable,
    async run(place) {
      const sql = await endless(place);
      const ref = await numbers(place, "limited", [1n]);
      const ops = [op("insert", insert(ref, 2n)), op("endless", sql, { returns: { id: "int64" } })];
      const call = place.session.atomic(blockOf(ops, { timeoutMs: 200 }), calm());
      const fault = await cancelled(place, call, "the block goes on long after its time limit");
      assert.equal(fault.kind, "cancelled");
      await within(assertUsable(place), "the session is still busy with what was ended");
      assert.deepEqual(await idsOf(place, ref), [1n]);
    },
  },
  {
    name: "what a block has not committed is not seen by others",
    invariant: 1,
    skip: together,
    async run(place) {
      const other = await place.open();
      const ref = await numbers(place, "hidden", [1n]);
      const count = template`SELECT count(*) AS ${id} FROM ${ident(ref.path)}`;
      let seen: unknown;
      const look = inspect("look", async () => {
        seen = (await other.execute({ sql: count, returns: { id: "int64" } }, calm())).rows[0]?.["id"];
        return { ok: true };
      });
      await place.session.atomic(blockOf([op("insert", insert(ref, 2n)), look]), calm());
      assert.equal(seen, 1n, "in the middle of the block");
      const { rows } = await other.execute({ sql: count, returns: { id: "int64" } }, calm());
      assert.equal(rows[0]?.["id"], 2n, "and after it");
    },
  },
  {
    name: "of two blocks that write one row, none is lost",
    invariant: 5,
    skip: together,
    async run(place) {
      const other = await place.open();
      const ref = await numbers(place, "fought", [0n]);
      const more = op("more", template`UPDATE ${ident(ref.path)} SET ${id} = ${id} + 1 WHERE TRUE`, { expect: { affected: 1 } });
      let second: Promise<boolean> = Promise.resolve(false);
      const look = inspect("look", async (query) => {
        second = other.atomic(blockOf([more]), calm()).then(
          (r) => r.outcome === "committed",
          (e: unknown) => {
            const { kind } = explained(place.adapter, e);
            assert.ok(["conflict", "transient"].includes(kind), `a block that lost may be tried again: ${kind} is no conflict`);
            return false;
          },
        );
        await query(template`SELECT ${id} FROM ${ident(ref.path)}`);
        return { ok: true };
      });
      const { outcome } = await place.session.atomic(blockOf([more, look]), calm());
      const committed = [outcome === "committed", await second].filter(Boolean).length;
      assert.ok(committed > 0, "at least one of them");
      assert.deepEqual(await idsOf(place, ref), [BigInt(committed)], `${committed} blocks committed`);
    },
  },
];
