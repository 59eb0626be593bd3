import assert from "node:assert/strict";
import { ident, raw, template } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import { shapes } from "../columns.js";
import { calm } from "../place.js";
import { assertUsable, blockOf, expecting, faultOf, holds, id, idsOf, insert, numbers, op, tables, wanted } from "./words.js";

/** Blocks: what they do, when they refuse, what they hand back. */
export const blockCases: readonly CaseDefinition[] = [
  {
    name: "a block commits all of its operations, and hands back their results by id",
    async run(place) {
      const [first, second] = await tables(place);
      const count = template`SELECT count(*) AS ${ident(["n"])}, ${{ value: "x", type: "string" }} AS ${ident(["text"])} FROM ${ident(first.path)}`;
      const { outcome, results } = await place.session.atomic(
        blockOf([
          op("insert", insert(first, 2n, 3n)),
          op("count", count, { returns: { n: "int64", text: "string" } }),
          op("delete", template`DELETE FROM ${ident(second.path)} WHERE ${id} = 1`),
        ]),
        calm(),
      );
      assert.equal(outcome, "committed");
      assert.deepEqual([...results.keys()].sort(), ["count", "delete", "insert"]);
      assert.equal(results.get("insert")?.affected, 2, "rows inserted");
      assert.equal(results.get("delete")?.affected, 1, "rows deleted");
      assert.deepEqual(
        results.get("count")?.rows.map((r) => ({ ...r })),
        [{ n: 3n, text: "x" }],
        "rows returned, canonical",
      );
      assert.deepEqual(await idsOf(place, first), [1n, 2n, 3n]);
      assert.deepEqual(await idsOf(place, second), []);
    },
  },
  {
    name: "a block without operations commits",
    async run(place) {
      const { outcome, results } = await place.session.atomic(blockOf([]), calm());
      assert.equal(outcome, "committed");
      assert.equal(results.size, 0);
    },
  },
  {
    name: "a block is applied exactly once",
    invariant: 2,
    async run(place) {
      const ref = await numbers(place, "once", [0n]);
      const more = template`UPDATE ${ident(ref.path)} SET ${id} = ${id} + 1 WHERE TRUE`;
      for (let i = 0; i < 3; i++) await place.session.atomic(blockOf([op("more", more)]), calm());
      assert.deepEqual(await idsOf(place, ref), [3n], "three blocks that each add one");
    },
  },
  {
    name: "a block sees its own changes",
    async run(place) {
      const ref = await numbers(place, "own", [1n]);
      const { results } = await place.session.atomic(
        blockOf([
          op("insert", insert(ref, 2n)),
          op("sum", template`SELECT sum(${id}) AS ${ident(["n"])} FROM ${ident(ref.path)}`, { returns: { n: "int64" } }),
        ]),
        calm(),
      );
      assert.equal(results.get("sum")?.rows[0]?.["n"], 3n);
    },
  },
  {
    name: "a block whose expectations are met, of every kind, commits",
    async run(place) {
      const [first, second] = await tables(place);
      const result = await place.session.atomic(
        blockOf([
          op("two", insert(first, 2n, 3n), expecting({ affected: 2 })),
          op("same", insert(second, 2n, 3n), expecting({ affected: { sameAs: "two" } })),
          op("counted", wanted(3n), { returns: { wanted: "int64" } }),
          op("column", insert(second, 4n, 5n, 6n), expecting({ affected: { sameAs: "counted", column: "wanted" } })),
          op("before", holds(true), { returns: { ok: "bool" } }),
          op("holds", holds(true), { returns: { ok: "bool" }, ...expecting({ holds: true, also: ["before"] }) }),
          op("none", template`DELETE FROM ${ident(first.path)} WHERE ${id} > 99`, expecting({ affected: 0 })),
        ]),
        calm(),
      );
      assert.equal(result.outcome, "committed", result.outcome === "refused" ? `refused at ${result.at}` : "");
      assert.deepEqual(await idsOf(place, second), [1n, 2n, 3n, 4n, 5n, 6n]);
    },
  },
  {
    name: "a rehearsed block leaves nothing behind, and hands back its results",
    invariant: 3,
    async run(place) {
      const ref = await numbers(place, "tried", [1n]);
      const { outcome, results } = await place.session.atomic(
        blockOf(
          [
            op("insert", insert(ref, 2n), expecting({ affected: 1 })),
            op("sum", template`SELECT sum(${id}) AS ${ident(["n"])} FROM ${ident(ref.path)}`, { returns: { n: "int64" } }),
          ],
          { end: "rollback" },
        ),
        calm(),
      );
      assert.equal(outcome, "rehearsed");
      assert.equal(results.get("insert")?.affected, 1);
      assert.equal(results.get("sum")?.rows[0]?.["n"], 3n);
      assert.deepEqual(await idsOf(place, ref), [1n]);
      await assertUsable(place);
    },
  },
  {
    name: "a rehearsed block whose expectation is not met is refused",
    async run(place) {
      const ref = await numbers(place, "tried", [1n]);
      const ops = [op("at", insert(ref, 2n), expecting({ affected: 7 }))];
      const result = await place.session.atomic(blockOf(ops, { end: "rollback" }), calm());
      assert.equal(result.outcome, "refused");
      assert.deepEqual(await idsOf(place, ref), [1n]);
    },
  },
  {
    name: "an error in the middle of a block comes out, and leaves nothing behind",
    invariant: 3,
    async run(place) {
      const ref = await numbers(place, "broken", [1n]);
      const text = template`SELECT CAST(${{ value: "abc", type: "string" }} AS ${raw(place.adapter.syntax.type("int64"))})`;
      const ops = [
        op("insert", insert(ref, 2n)),
        op("fail", template`INSERT INTO ${ident(ref.path)} (${id}) ${text}`),
        op("more", insert(ref, 3n)),
      ];
      const fault = await faultOf(place, "a block with a failed operation", () => place.session.atomic(blockOf(ops), calm()));
      assert.equal(fault.outcome, "not-applied", "the block is known not to have been applied");
      assert.deepEqual(await idsOf(place, ref), [1n]);
      await assertUsable(place);
    },
  },
  {
    name: "a block keeps the order of its operations",
    async run(place) {
      const ref = await numbers(place, "ordered", [2n]);
      const t = ident(ref.path);
      const ops = [
        op("a", template`UPDATE ${t} SET ${id} = ${id} * 10 WHERE TRUE`),
        op("b", template`UPDATE ${t} SET ${id} = ${id} + 1 WHERE TRUE`),
        op("c", template`UPDATE ${t} SET ${id} = ${id} * 10 WHERE TRUE`),
      ];
      await place.session.atomic(blockOf(ops), calm());
      assert.deepEqual(await idsOf(place, ref), [210n]);
    },
  },
  {
    name: "a block may be large",
    async run(place) {
      const ref = await numbers(place, "large");
      const n = Math.min(200, place.adapter.capabilities.limits.blockStatements ?? 200);
      const ops = Array.from({ length: n }, (_, i) => op(`o${i}`, insert(ref, BigInt(i)), expecting({ affected: 1 })));
      const { outcome, results } = await place.session.atomic(blockOf(ops), calm());
      assert.equal(outcome, "committed");
      assert.equal(results.size, n, "a result for each operation");
      assert.equal((await idsOf(place, ref)).length, n);
    },
  },
  {
    name: "an explanation runs only where its column is FALSE, and sees the block's changes",
    async run(place) {
      const ref = await numbers(place, "told", [1n]);
      const answers = template`SELECT ${{ value: false, type: "bool" }} AS ${ident(["low"])}, ${{ value: true, type: "bool" }} AS ${ident(["high"])}, ${{ value: null, type: "bool" }} AS ${ident(["none"])}`;
      const rows = { sql: template`SELECT ${id} FROM ${ident(ref.path)} ORDER BY ${id}`, returns: { id: "int64" } as const };
      const explain = ["low", "high", "none"].map((unless) => ({ id: `why ${unless}`, unless, op: rows }));
      const { outcome, results } = await place.session.atomic(
        blockOf([
          op("insert", insert(ref, 2n)),
          op("ask", answers, { returns: { low: "bool", high: "bool", none: "bool" }, explain }),
        ]),
        calm(),
      );
      assert.equal(outcome, "committed", "an explanation refuses nothing");
      assert.deepEqual(
        results.get("why low")?.rows.map((r) => r["id"]),
        [1n, 2n],
        "rows that explain FALSE",
      );
      assert.equal(results.has("why high"), false, "TRUE needs no explanation");
      assert.equal(results.has("why none"), false, "nor does NULL");
    },
  },
  {
    name: "an explanation is handed back for a refused block too",
    async run(place) {
      const ref = await numbers(place, "told", [1n]);
      const rows = { sql: template`SELECT ${id} FROM ${ident(ref.path)} ORDER BY ${id}`, returns: { id: "int64" } as const };
      const ask = op("ask", holds(false), {
        returns: { ok: "bool" },
        expect: { holds: true },
        explain: [{ id: "why", unless: "ok", op: rows }],
      });
      const { outcome, results } = await place.session.atomic(blockOf([op("insert", insert(ref, 2n)), ask]), calm());
      assert.equal(outcome, "refused");
      assert.deepEqual(
        results.get("why")?.rows.map((r) => r["id"]),
        [1n, 2n],
        "looked up before the rollback",
      );
      assert.deepEqual(await idsOf(place, ref), [1n]);
    },
  },
  {
    name: "a value may be the result of an earlier operation, as JSON",
    async run(place) {
      const ref = await numbers(place, "counted", [1n, 2n, 3n]);
      const notes = place.at("notes");
      const columns = shapes(place.adapter, { text: "string" });
      await place.create(notes, columns);
      const count = template`SELECT count(*) AS ${ident(["n"])}, ${{ value: `it's "5" \\ é`, type: "string" }} AS ${ident(["text"])} FROM ${ident(ref.path)}`;
      await place.session.atomic(
        blockOf([
          op("more", insert(ref, 4n)),
          op("count", count, { returns: { n: "int64", text: "string" } }),
          op("note", template`INSERT INTO ${ident(notes.path)} (${ident(["text"])}) SELECT ${{ resultOf: "count" }}`),
        ]),
        calm(),
      );
      const [[text] = []] = await place.rows(notes, columns);
      const [row] = JSON.parse(String(text)) as readonly Readonly<Record<string, unknown>>[];
      assert.equal(String(row?.["n"]), "4", "the count, with the block's own row");
      assert.equal(row?.["text"], `it's "5" \\ é`, "the text, as it was");
    },
  },
];
