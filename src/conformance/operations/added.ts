import assert from "node:assert/strict";
import { query, rows } from "../../source/source.js";
import { raw, template } from "../../sql/sql.js";
import { table } from "../../table/define.js";
import type { CaseDefinition } from "../case.js";
import type { Place } from "../place.js";
import { needs } from "./needs.js";
import { col, contents, failure, live, whole } from "./world.js";

const items = (onUnknownColumn: "add" | "ignore" = "add") =>
  table("items", { columns: { id: "int64", v: "int64" }, key: "id", onUnknownColumn });
const pipeline = (place: Place) => place.pipeline({ pipeline: "items", tables: { items: items() } });
/** Rows by column name, whatever the engine makes of a name. */
async function shown(place: Place): Promise<readonly unknown[]> {
  const found = await contents(place, "items");
  const names = found?.columns.map((c) => c.name.toLowerCase()) ?? [];
  return (found?.rows ?? [])
    .map((r) => Object.fromEntries(names.map((n, i) => [n, typeof r[i] === "bigint" ? Number(r[i]) : r[i]])))
    .toSorted((a, b) => Number(a["id"]) - Number(b["id"]));
}

/** Columns that come with a source. */
export const addedCases: readonly CaseDefinition[] = [
  {
    name: "a column that a source has beside is added where that is asked for, by rows and by a query, and rollbacks go back over it",
    invariant: 3,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      const etl = pipeline(place);
      await etl.run({ items: rows([{ id: 1, v: 1 }]) });
      await etl.run({
        items: rows([
          { id: 1, v: 2 },
          { id: 2, v: 2 },
        ]),
      });
      const report = await etl.run({
        items: rows([
          { id: 2, v: 3, note: "new", flag: true },
          { id: 3, v: 3, flag: false },
        ]),
      });
      assert.deepEqual(
        report.warnings.map((w) => w.code),
        ["ADDED_COLUMNS"],
      );
      assert.deepEqual(await shown(place), [
        { id: 1, v: 2, note: null, flag: null },
        { id: 2, v: 3, note: "new", flag: true },
        { id: 3, v: 3, note: null, flag: false },
      ]);
      await whole(etl);
      const cast = (v: string, type: "string" | "float64") => raw(`CAST(${v} AS ${place.adapter.syntax.type(type)})`);
      const more = template`SELECT ${raw("4")} AS ${col("id")}, ${raw("4")} AS ${col("v")}, ${cast("'q'", "string")} AS ${raw("note")}, ${cast("1.5", "float64")} AS ${raw("extra")}`;
      await etl.run({ items: query(more) });
      assert.deepEqual((await shown(place)).at(-1), { id: 4, v: 4, note: "q", flag: null, extra: 1.5 });
      await whole(etl);
      await etl.rollback({ to: 1 });
      assert.deepEqual(await shown(place), [{ id: 1, v: 1, note: null, flag: null, extra: null }]);
      await whole(etl);
      await etl.redo();
      assert.equal((await shown(place)).length, 4);
      await whole(etl);
    },
  },
  {
    name: "what others wrote into a column that came later is not lost by a rollback to before it",
    invariant: 6,
    skip: needs("blocks"),
    async run(place) {
      const etl = pipeline(place);
      await etl.run({ items: rows([{ id: 1, v: 1 }]) });
      await etl.run({ items: rows([{ id: 1, v: 2 }]) });
      await etl.run({ items: rows([{ id: 2, v: 3, note: "new" }]) });
      const note = (await contents(place, "items"))?.columns.find((c) => c.name.toLowerCase() === "note")?.name ?? "";
      await place.execute(template`UPDATE ${live(place)} SET ${col(note)} = 'theirs' WHERE ${col("id")} = 1`);
      const before = await shown(place);
      await failure(etl.rollback({ to: 1 }), "DRIFTED");
      assert.deepEqual(await shown(place), before);
    },
  },
  {
    name: "a column is added to a candidate alone, and comes to live with it, also after a rebase",
    invariant: 3,
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = pipeline(place);
      await etl.run({ items: rows([{ id: 1, v: 1 }]) });
      const candidate = await etl.clone();
      await candidate.load({ items: rows([{ id: 2, v: 2, note: "c" }]) });
      assert.deepEqual(await shown(place), [{ id: 1, v: 1 }]);
      await etl.run({ items: rows([{ id: 3, v: 3 }]) });
      await failure(candidate.swap(), "STALE_CANDIDATE");
      await candidate.rebase();
      await candidate.swap();
      assert.deepEqual(await shown(place), [
        { id: 1, v: 1, note: null },
        { id: 2, v: 2, note: "c" },
        { id: 3, v: 3, note: null },
      ]);
      await whole(etl);
    },
  },
  {
    name: "a column whose type the first row does not tell, and one that only later rows have, are refused",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const etl = pipeline(place);
      await etl.run({ items: rows([{ id: 1, v: 1 }]) });
      const untold = await failure(etl.run({ items: rows([{ id: 2, v: 2, note: null }]) }), "BAD_ROW");
      assert.equal(untold.context.column, "note");
      const late = await failure(
        etl.run({
          items: rows([
            { id: 2, v: 2 },
            { id: 3, v: 2, note: "x" },
          ]),
        }),
        "BAD_ROW",
      );
      assert.equal(late.context.column, "note");
      assert.deepEqual(await shown(place), [{ id: 1, v: 1 }]);
      await whole(etl);
    },
  },
];
