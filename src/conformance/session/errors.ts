import assert from "node:assert/strict";
import { ident, raw, type Sql, template } from "../../sql/sql.js";
import { type CaseDefinition, reason } from "../case.js";
import { shapes } from "../columns.js";
import { batches, calm, type Place } from "../place.js";
import { assertUsable, blockOf, explained, faultOf, id, insert, numbers, op, thrownBy } from "./words.js";

/** Every way in which a session runs a statement that somebody wrote. */
const entrances: Readonly<Record<string, (place: Place, sql: Sql) => Promise<unknown>>> = {
  execute: (place, sql) => place.session.execute({ sql, returns: { id: "int64" } }, calm()),
  "a block": (place, sql) => place.session.atomic(blockOf([op("wrong", sql, { returns: { id: "int64" } })]), calm()),
  stream: async (place, sql) => {
    for await (const rows of place.session.stream(sql, shapes(place.adapter, { id: "int64" }), calm())) void rows;
  },
  columnsOf: (place, sql) => place.session.columnsOf(sql, calm()),
  "stage from a query": async (place, sql) => {
    const into = place.at("filled");
    return place.session.stage(into, shapes(place.adapter, { id: "int64" }), sql, calm());
  },
};
const wrong: Readonly<Record<string, { readonly sql: (place: Place) => Sql; readonly kind: string | null }>> = {
  "a missing table": { kind: "missing-object", sql: (p) => template`SELECT ${id} FROM ${ident(p.at("absent").path)}` },
  "what is no SQL": { kind: "syntax", sql: () => raw("SELEC 1 FROMM") },
  "a value that cannot be converted": {
    kind: null,
    sql: (p) => template`SELECT CAST(${{ value: "abc", type: "string" }} AS ${raw(p.adapter.syntax.type("int64"))}) AS ${id}`,
  },
};

const notSwallowed = Object.entries(wrong).flatMap(([what, { sql, kind }]) =>
  Object.entries(entrances)
    // A query need not be run to know its columns.
    .filter(([entrance]) => kind !== null || entrance !== "columnsOf")
    .map(
      ([entrance, enter]): CaseDefinition => ({
        name: `${what} is an error of ${entrance}${kind === null ? "" : `, of kind ${kind}`}`,
        async run(place) {
          const fault = await faultOf(place, "the error is thrown, not turned into a result", () => enter(place, sql(place)));
          if (kind !== null) assert.equal(fault.kind, kind, "what classify() makes of it");
          assert.equal(fault.outcome, "not-applied", "a refused statement has taken no effect");
          await assertUsable(place);
        },
      }),
    ),
);

/** How sessions fail, and how that is explained. */
export const errorCases: readonly CaseDefinition[] = [
  ...notSwallowed,
  {
    name: "a missing column is an error",
    async run(place) {
      const ref = await numbers(place, "narrow", [1n]);
      await faultOf(place, "a column that is not there is not NULL", () =>
        place.query(template`SELECT ${ident(["absent"])} AS ${id} FROM ${ident(ref.path)}`, { id: "int64" }),
      );
      await assertUsable(place);
    },
  },
  {
    name: "a value that does not fit its column is never written",
    async run(place) {
      const ref = await numbers(place, "strict", [1n]);
      const into = template`INSERT INTO ${ident(ref.path)} (${id})`;
      // Not every engine has an integer of 64 bits; none that stands for it has so many digits.
      for (const value of ["abc", "100000000000000000000"]) {
        const cast = template`SELECT CAST(${{ value, type: "string" }} AS ${raw(place.adapter.syntax.type("int64"))})`;
        await faultOf(place, `${value} is no int64`, () => place.execute(template`${into} ${cast}`));
      }
      await faultOf(place, "NULL is refused by a column that is NOT NULL", () =>
        place.execute(template`${into} SELECT ${{ value: null, type: "int64" }}`),
      );
      assert.deepEqual(await place.rows(ref, shapes(place.adapter, { id: "int64" })), [[1n]], "what was there, and no more");
    },
  },
  {
    name: "making a table that is there is an error, and leaves it as it is",
    async run(place) {
      const ref = await numbers(place, "taken", [1n]);
      await faultOf(place, "the table is not replaced", () => place.create(ref, shapes(place.adapter, { other: "string" })));
      assert.deepEqual(await place.rows(ref, shapes(place.adapter, { id: "int64" })), [[1n]]);
    },
  },
  {
    name: "staging into a missing schema is an error of kind missing-object",
    skip: (c) => reason({ "the engine has no schemas": c.identifiers.depth < 2 }),
    async run(place) {
      const columns = shapes(place.adapter, { id: "int64" });
      const nowhere = { path: [...place.at("absent").path.slice(0, -2), "no_such_schema", "absent"] };
      const fault = await faultOf(place, "no row is lost", () =>
        place.session.stage(nowhere, columns, batches([[1n]], 1), calm()),
      );
      assert.equal(fault.kind, "missing-object");
      await assertUsable(place);
    },
  },
  {
    name: "a failed statement leaves nothing of itself behind",
    async run(place) {
      const ref = await numbers(place, "whole", [1n, 2n]);
      const text = ident(["text"]);
      const mixed = place.at("mixed");
      await place.make(mixed, shapes(place.adapter, { text: "string" }), [["1"], ["2"], ["no number"]]);
      const cast = template`SELECT CAST(${text} AS ${raw(place.adapter.syntax.type("int64"))}) FROM ${ident(mixed.path)}`;
      await thrownBy(() => place.execute(template`INSERT INTO ${ident(ref.path)} (${id}) ${cast}`), "a text is no number");
      assert.deepEqual(await place.rows(ref, shapes(place.adapter, { id: "int64" })), [[1n], [2n]]);
    },
  },
  {
    name: "after an error the next statement works",
    async run(place) {
      const ref = await numbers(place, "next");
      for (let i = 0n; i < 3n; i++) {
        await thrownBy(() => place.execute(raw("SELEC 1 FROMM")), "what is no SQL is refused");
        await place.execute(insert(ref, i));
      }
      await assertUsable(place);
    },
  },
  {
    name: "classify answers for anything, and never throws",
    async run({ adapter }) {
      const hostile = Object.defineProperty(new Error("hostile"), "code", { get: () => undefined });
      const things = [null, undefined, "text", "", 0, 1n, true, Symbol("s"), {}, [], () => 1, { code: 5, message: null }];
      const bare: unknown = Object.create(null);
      for (const e of [...things, bare, hostile, new Error(), new TypeError("t"), new AggregateError([], "a")]) {
        const fault = explained(adapter, e);
        assert.equal(typeof (fault.hint ?? ""), "string", "a hint is a sentence");
      }
    },
  },
  {
    name: "classify tells a cancelled call",
    async run({ adapter }) {
      assert.equal(explained(adapter, AbortSignal.abort().reason).kind, "cancelled", "the reason of an AbortSignal");
    },
  },
];
