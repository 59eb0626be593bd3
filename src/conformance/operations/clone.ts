import assert from "node:assert/strict";
import type { TableRef } from "../../adapter/shapes.js";
import { besideLive } from "../../ledger/names.js";
import { rows } from "../../source/source.js";
import { ident, raw, type Sql, template } from "../../sql/sql.js";
import { table } from "../../table/define.js";
import type { CaseDefinition } from "../case.js";
import { shapes } from "../columns.js";
import type { Place } from "../place.js";
import { needs } from "./needs.js";
import { col, contents, itemsPipeline, litter, load, picture, whole } from "./world.js";

const things = table("things", { columns: { id: "int64", note: "string?" }, key: "id" });
/** The columns as they are, or as a twin must have them; what names them is left out. */
const columnsOf = async (place: Place, ref: TableRef) => (await place.describe(ref)).columns;
const face = async (place: Place) => {
  const { columns, fingerprint } = await place.describe(place.folded("things"));
  return { columns, fingerprint, rows: (await contents(place, "things"))?.rows };
};

export const cloneCases = (decorate: (table: TableRef) => readonly Sql[]): readonly CaseDefinition[] => [
  {
    name: "a clone has live's rows and columns, with order, types, nullability and defaults, and so has live after swap and rollback",
    invariant: 9,
    also: [4],
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const type = (t: "int64" | "string" | "decimal(18,2)" | "timestamp") => raw(place.adapter.syntax.type(t));
      const ref = place.folded("things");
      await place.execute(
        template`CREATE TABLE ${ident(ref.path)} (${col("id")} ${type("int64")} NOT NULL, ${col("note")} ${type("string")} DEFAULT 'none', ${col("worth")} ${type("decimal(18,2)")}, ${col("must")} ${type("string")} DEFAULT ${raw(place.adapter.syntax.literal({ value: "it's", type: "string" }))} NOT NULL, ${col("at")} ${type("timestamp")})`,
      );
      await place.execute(template`INSERT INTO ${ident(ref.path)} (${col("id")}, ${col("worth")}) VALUES (1, 1.50), (2, NULL)`);
      const etl = place.pipeline({ pipeline: "things", tables: { things } });
      await etl.adopt();
      const before = await face(place);
      const candidate = await etl.clone();
      const twin = besideLive(ref.path, "candidate", candidate.id);
      assert.deepEqual(await columnsOf(place, twin), before.columns, "the clone has other columns");
      assert.deepEqual((await contents(place, twin))?.rows, before.rows, "the clone has other rows");
      await candidate.load({ things: rows([{ id: 2, note: "new" }, { id: 3 }]) });
      await candidate.swap();
      const after = await face(place);
      assert.deepEqual(after.columns, before.columns, "live has other columns after the swap");
      assert.deepEqual(after.rows?.at(-1)?.slice(0, 4), [3n, null, null, "it's"], "a default of live is lost");
      await etl.rollback();
      assert.deepEqual(await face(place), before, "the version that came back is another");
      await etl.redo();
      assert.deepEqual(await face(place), after, "the version that was redone is another");
      const empty = await etl.rebuild();
      const bare = besideLive(ref.path, "candidate", empty.id);
      assert.deepEqual(await columnsOf(place, bare), before.columns, "the empty twin has other columns");
      assert.deepEqual((await contents(place, bare))?.rows, [], "the empty twin has rows");
      await empty.reject();
      await whole(etl);
    },
  },
  {
    name: "what decorates live is there after clone and swap, after the rollback, and after rebuild",
    invariant: 9,
    also: [4],
    skip: (c, given) =>
      needs("blocks", "candidates", "clones")(c) || (given.decorated ? false : "the harness decorates no tables"),
    async run(place) {
      const ref = place.folded("things");
      const columns = shapes(place.adapter, { id: "int64", note: "string?" });
      await place.create(ref, columns);
      for (const statement of decorate(ref)) await place.execute(statement);
      await place.execute(template`INSERT INTO ${ident(ref.path)} (${col("id")}, ${col("note")}) VALUES (1, 'a'), (2, 'b')`);
      const etl = place.pipeline({ pipeline: "things", tables: { things } });
      await etl.adopt();
      const { fingerprint } = await face(place);
      const same = async (when: string) =>
        assert.deepEqual((await face(place)).fingerprint, fingerprint, `${when}, live bears other decorations`);
      const candidate = await etl.clone();
      await candidate.load({ things: rows([{ id: 2, note: "new" }]) });
      await candidate.swap();
      await same("after clone and swap");
      await etl.run({ things: rows([{ id: 3, note: "c" }]) });
      await same("after a release in place");
      await etl.rollback({ to: 0 });
      await same("after the rollback");
      await etl.redo();
      await same("after the redo");
      const rebuilt = await etl.rebuild();
      await rebuilt.load({ things: rows([{ id: 9, note: "z" }]) });
      await rebuilt.swap();
      await same("after rebuild and swap");
      await etl.rollback();
      await same("after its rollback");
      await whole(etl);
    },
  },
  {
    name: "a candidate is apart from live, and live from it, until they change places",
    invariant: 9,
    also: [3],
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      const before = await picture(place, etl, "items");
      const candidate = await etl.clone();
      await candidate.load(load(4, 9, 2));
      const affected = await candidate.transform(
        template`UPDATE ${candidate.refs.items} SET ${col("v")} = 50 WHERE ${col("id")} < 3`,
      );
      assert.deepEqual(affected, { affected: 2 });
      await candidate.transform(template`DELETE FROM ${candidate.refs.items} WHERE ${col("id")} = 9`);
      assert.deepEqual(await picture(place, etl, "items"), before, "what was done to the candidate shows in live");
      await candidate.reject();
      assert.deepEqual(await picture(place, etl, "items"), before);
      assert.deepEqual(await litter(place), [], "the rejected candidate is left");
      const report = await etl.run(load(4, 9, 2), { strategy: "swap" });
      assert.deepEqual([report.strategy, report.tables.items?.inserted, report.tables.items?.updated], ["swap", 4, 2]);
      await whole(etl);
    },
  },
  {
    name: "a candidate built from nothing reads from the start, and what it does not hold is gone",
    invariant: 4,
    also: [2],
    skip: needs("blocks", "candidates"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      const one = await contents(place, "items");
      const rebuilt = await etl.rebuild();
      await rebuilt.load(({ since }) => {
        assert.equal(since.items, undefined, "a rebuild is not read from the start");
        return load(4, 6, 3);
      });
      const report = await rebuilt.swap();
      assert.deepEqual([report.tables.items?.rows, report.tables.items?.watermark.after], [3, "3"]);
      await etl.rollback();
      assert.deepEqual(await contents(place, "items"), one);
      await etl.redo();
      await whole(etl);
    },
  },
];
