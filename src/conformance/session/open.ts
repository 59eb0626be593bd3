import assert from "node:assert/strict";
import { ident, raw, template } from "../../sql/sql.js";
import { type CaseDefinition, reason } from "../case.js";
import { shapes } from "../columns.js";
import { calm } from "../place.js";
import { blockOf, explained, id, idsOf, insert, numbers, op } from "./words.js";

const several: CaseDefinition["skip"] = (c) => reason({ "the engine has one session at a time": !c.concurrentSessions });

/** Sessions: how they begin, where they stand, how they end. */
export const openCases: readonly CaseDefinition[] = [
  {
    name: "home is where unqualified names stand",
    async run(place) {
      assert.ok(place.session.home.length > 0, "home has at least one name");
      await place.execute(
        template`CREATE TABLE ${ident(["homely"])} (${ident(["id"])} ${raw(place.adapter.syntax.type("int64"))})`,
      );
      assert.notEqual(await place.session.describe(place.at("homely"), calm()), null, "home + name is the table's path");
      await place.execute(insert({ path: ["homely"] }, 1n));
      assert.deepEqual(await idsOf(place, place.at("homely")), [1n]);
    },
  },
  {
    name: "every session stands at the same home",
    skip: several,
    async run(place) {
      assert.deepEqual((await place.open()).home, place.session.home);
    },
  },
  {
    name: "sessions see what others committed",
    skip: several,
    async run(place) {
      const other = await place.open();
      const ref = await numbers(place, "shared");
      await place.execute(insert(ref, 1n), other);
      assert.deepEqual(await idsOf(place, ref), [1n], "a statement of another session");
      await other.atomic(blockOf([op("insert", insert(ref, 2n))]), calm());
      assert.deepEqual(await idsOf(place, ref), [1n, 2n], "a block of another session");
      await other.stage(ref, shapes(place.adapter, { id: "int64" }), one(3n), calm());
      assert.deepEqual(await idsOf(place, ref), [3n], "what another session staged");
    },
  },
  {
    name: "a failure in one session leaves the other alone",
    skip: several,
    async run(place) {
      const other = await place.open();
      const ref = await numbers(place, "alone");
      await assert.rejects(other.execute({ sql: template`SELECT * FROM ${ident(place.at("missing").path)}` }, calm()));
      await place.execute(insert(ref, 1n));
      assert.deepEqual(await idsOf(place, ref), [1n]);
    },
  },
  {
    name: "closing a session lets the others live on",
    skip: several,
    async run(place) {
      const other = await place.adapter.open(calm());
      const ref = await numbers(place, "living");
      await place.execute(insert(ref, 1n), other);
      await other.close();
      await place.execute(insert(ref, 2n));
      assert.deepEqual(await idsOf(place, ref), [1n, 2n], "rows of both, the closed one's too");
      const third = await place.open();
      const { rows } = await third.execute(
        { sql: template`SELECT count(*) AS ${id} FROM ${ident(ref.path)}`, returns: { id: "int64" } },
        calm(),
      );
      assert.deepEqual(rows, [{ id: 2n }], "a session opened afterwards sees them as well");
    },
  },
  {
    name: "an abort before it begins keeps a session from opening, or leaves one that works",
    async run(place) {
      const opened = await place.adapter
        .open({ tag: "conformance", signal: AbortSignal.abort() })
        .catch((e: unknown) => void assert.equal(explained(place.adapter, e).kind, "cancelled", "what classify() makes of it"));
      if (opened !== undefined) {
        const sql = template`SELECT ${{ value: 1n, type: "int64" }} AS ${id}`;
        assert.deepEqual((await opened.execute({ sql, returns: { id: "int64" } }, calm())).rows, [{ id: 1n }]);
        await opened.close();
      }
      const ref = await numbers(place, "after");
      await place.execute(insert(ref, 1n));
      assert.deepEqual(await idsOf(place, ref), [1n]);
    },
  },
];

async function* one(n: bigint) {
  yield { rows: 1, columns: [[n]] };
}
