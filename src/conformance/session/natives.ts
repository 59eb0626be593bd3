import assert from "node:assert/strict";
import type { ColumnShape } from "../../adapter/shapes.js";
import { ident, type Row, raw, template } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import { batches, calm, type Place } from "../place.js";
import { same, shown } from "../values.js";
import { explained } from "./words.js";

/** A table with one column of a type in the engine's own words; null: the engine has no such type. */
async function tableOf(place: Place, native: string): Promise<readonly ColumnShape[] | null> {
  try {
    await place.execute(template`CREATE TABLE ${ident(place.at("native").path)} (${ident(["value"])} ${raw(native)})`);
  } catch {
    return null;
  }
  return (await place.describe(place.at("native"))).columns;
}
/** What `stage` made of it is such a table again. */
async function assertKept(place: Place, columns: readonly ColumnShape[]): Promise<void> {
  assert.deepEqual((await place.describe(place.at("native"))).columns, columns, "a staged table has the native types given");
}
async function stored(place: Place, columns: readonly ColumnShape[]): Promise<readonly unknown[]> {
  const found: Row[] = [];
  const query = template`SELECT ${ident(["value"])} FROM ${ident(place.at("native").path)}`;
  for await (const rows of place.session.stream(query, columns, calm())) found.push(...rows);
  return found.map((r) => r["value"]);
}

/** Narrow types, and for each canonical type that they may be described as, a value beyond them. */
const narrow: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  SMALLINT: { int64: 40_000n, decimal: "40000" },
  INTEGER: { int64: 2n ** 31n, decimal: "2147483648" },
  "VARCHAR(3)": { string: "four" },
  "NUMERIC(5,2)": { decimal: "1234.567" },
};

/** Types beside the canonical ones. */
export const nativeCases: readonly CaseDefinition[] = [
  ...Object.entries(narrow).map(
    ([native, beyond]): CaseDefinition => ({
      name: `a value beyond ${native} is staged whole or refused`,
      async run(place, note) {
        const columns = await tableOf(place, native);
        if (columns === null) return note("the engine has no such type");
        const type = columns[0]?.type ?? "string";
        const value = beyond[type.replace(/\(.*$/, "")];
        assert.notEqual(value, undefined, `${native} is described as ${Object.keys(beyond).join(" or ")}, not ${type}`);
        try {
          await place.session.stage(place.at("native"), columns, batches([[value]], 1), calm());
        } catch (e) {
          return note(`refused: ${explained(place.adapter, e).kind}`);
        }
        const [found] = await stored(place, columns);
        await assertKept(place, columns);
        assert.ok(same(type, found, value), `${shown(value)} came back as ${shown(found)}: it is cut, or rounded`);
      },
    }),
  ),
  {
    name: "a type without a canonical one travels as text",
    async run(place, note) {
      const columns = await tableOf(place, "UUID");
      if (columns === null) return note("the engine has no UUID");
      assert.equal(columns[0]?.type, "string", "it is described as string");
      const value = "123e4567-e89b-12d3-a456-426614174000";
      await place.session.stage(place.at("native"), columns, batches([[value], [null]], 1), calm());
      assert.deepEqual([...(await stored(place, columns))].sort(), [value, null].sort());
      await assertKept(place, columns);
    },
  },
];
