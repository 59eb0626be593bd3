import assert from "node:assert/strict";
import { rows } from "../../source/source.js";
import { raw, template } from "../../sql/sql.js";
import { table } from "../../table/define.js";
import type { CaseDefinition } from "../case.js";
import { needs } from "./needs.js";
import { batch, col, contents, failure, live, picture, still, told, whole } from "./world.js";

const columns = { id: "int64", name: "string?", v: "int64", seq: "int64" } as const;
const items = table("items", { columns, mode: "replace", key: "id" });
const bag = table("bag", { columns: { a: "string?", x: "float64?" }, mode: "replace" });
const cells = (...list: readonly (readonly [string | null, number | null])[]) => rows(list.map(([a, x]) => ({ a, x })));

/** Loads that are the whole table, and rows that stand for deleted ones. */
export const replaceCases: readonly CaseDefinition[] = [
  {
    name: "a replacement is told as inserted, updated, deleted and unchanged, and goes back and forward bit for bit",
    invariant: 4,
    also: [2],
    skip: needs("blocks"),
    async run(place) {
      const etl = place.pipeline({ pipeline: "items", tables: { items } });
      await etl.run({ items: rows(batch(1, 5, 1)) });
      const one = await still(place, etl, "items");
      const report = await etl.run({ items: rows([...batch(4, 5, 1), ...batch(3, 3, 2), ...batch(6, 7, 2)]) });
      assert.deepEqual(told(report.tables.items, "inserted", "updated", "deleted", "unchanged", "rows"), [2, 1, 2, 2, 5]);
      const two = await still(place, etl, "items");
      assert.equal(
        (await etl.run({ items: rows([...batch(3, 3, 2), ...batch(6, 7, 2), ...batch(4, 5, 1)]) })).status,
        "nothing-to-do",
      );
      await etl.rollback();
      assert.deepEqual(await still(place, etl, "items"), one);
      await etl.redo();
      assert.deepEqual(await still(place, etl, "items"), two);
      await whole(etl);
    },
  },
  {
    name: "a replacement without a key compares bags: equal rows keep their number",
    invariant: 4,
    skip: needs("blocks"),
    async run(place) {
      const etl = place.pipeline({ pipeline: "bag", tables: { bag } });
      await etl.run({ bag: cells(["a", 1], ["a", 1], [null, null], ["b", 0.1]) });
      const one = await still(place, etl, "bag");
      const report = await etl.run({ bag: cells(["a", 1], ["a", 1], ["a", 1], [null, null]) });
      assert.deepEqual(told(report.tables.bag, "inserted", "updated", "deleted", "unchanged"), [1, 0, 1, 3]);
      await etl.rollback();
      assert.deepEqual(await still(place, etl, "bag"), one);
      await whole(etl);
    },
  },
  {
    name: "a replacement by swap holds what was loaded and nothing else, of several loads all of it",
    invariant: 2,
    also: [4],
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = place.pipeline({ pipeline: "set", tables: { items, bag }, mixedReads: "allow" });
      await etl.run({ items: rows(batch(1, 3, 1)), bag: cells(["a", 1], ["a", 1]) });
      const one = await still(place, etl, "items", "bag");
      for (const alias of ["items", "bag"] as const) {
        const candidate = await etl.clone({ tables: [alias] });
        const load = (n: number) =>
          candidate.load((alias === "items" ? { items: rows(batch(n, n + 1, 2)) } : { bag: cells(["b", n]) }) as never);
        await load(7);
        await load(9);
        await candidate.swap();
      }
      assert.deepEqual(
        (await contents(place, "items"))?.rows.map((r) => r[0]),
        [10n, 7n, 8n, 9n],
      );
      assert.deepEqual((await contents(place, "bag"))?.rows, [
        ["b", 7],
        ["b", 9],
      ]);
      const report = await etl.run({ items: rows(batch(1, 2, 3)) }, { strategy: "swap" });
      assert.deepEqual(told(report.tables.items, "inserted", "rows"), [2, 2]);
      await whole(etl);
      await etl.rollback({ to: 1 });
      assert.deepEqual(await still(place, etl, "items", "bag"), one);
    },
  },
  {
    name: "a replacement by nothing is refused, in place and by swap, unless the table allows it",
    invariant: 3,
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = place.pipeline({ pipeline: "items", tables: { items } });
      assert.equal((await etl.run({ items: rows([]) })).status, "nothing-to-do");
      await etl.run({ items: rows(batch(1, 3, 1)) });
      const before = await picture(place, etl, "items");
      for (const strategy of ["in-place", "swap"] as const)
        await failure(etl.run({ items: rows([]) }, { strategy }), "BAD_SOURCE");
      assert.deepEqual(await picture(place, etl, "items"), before);
      await etl.close();
      const willing = table("items", { columns, mode: "replace", key: "id", allowEmpty: true });
      const other = place.pipeline({ pipeline: "items", tables: { items: willing } });
      const { deleted, rows: left } = (await other.run({ items: rows([]) })).tables.items ?? {};
      assert.deepEqual([deleted, left], [3, 0]);
      await other.rollback();
      assert.deepEqual(await still(place, other, "items"), { ...before, held: null });
    },
  },
  {
    name: "a row that its flag says is deleted goes by key, and is not loaded where rows come by scope; the counts tell it",
    invariant: 2,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      const flagged = { id: "int64", seq: "int64", gone: "string?" } as const;
      const deleteWhen = { column: "gone", equals: "it's so" } as const;
      const upsert = table("upsert", { columns: flagged, key: "id", cursor: "seq", deleteWhen });
      const replace = table("full", { columns: flagged, mode: "replace", deleteWhen });
      const parts = table("parts", { columns: flagged, mode: "partition", partition: "seq", deleteWhen });
      const etl = place.pipeline({ pipeline: "flags", tables: { upsert, replace, parts } });
      const row = (id: number, seq: number, gone: string | null = null) => ({ id, seq, gone });
      const feed = (...list: ReturnType<typeof row>[]) => ({ upsert: rows(list), replace: rows(list), parts: rows(list) });
      const first = await etl.run(feed(row(1, 1), row(2, 1), row(3, 1, "it's so"), row(4, 2, "its so"), row(6, 9)));
      for (const t of ["upsert", "replace", "parts"] as const)
        assert.deepEqual(told(first.tables[t], "inserted", "unchanged", "rows"), [4, 0, 4], `a first load in mode ${t}`);
      const one = await still(place, etl, "upsert", "full", "parts");
      // Deletes a row, one that is not there, one that live has a newer version of, and empties a partition.
      const gone = [row(1, 2, "it's so"), row(9, 2, "it's so"), row(4, 1, "it's so"), row(6, 9)];
      const { tables } = await etl.run(feed(...gone, row(2, 2)));
      const shown = (t: "upsert" | "replace" | "parts") =>
        told(tables[t], "inserted", "updated", "deleted", "unchanged", "stale", "rows");
      assert.deepEqual(shown("upsert"), [0, 1, 1, 2, 1, 3]);
      assert.deepEqual(shown("replace"), [1, 0, 3, 1, 0, 2]);
      assert.deepEqual(shown("parts"), [1, 0, 3, 1, 0, 2]);
      await whole(etl);
      await etl.rollback();
      assert.deepEqual(await still(place, etl, "upsert", "full", "parts"), one);
    },
  },
  {
    name: "columns that a definition leaves out keep their value by key, and take their default, in every mode that replaces rows",
    invariant: 2,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      const { syntax } = place.adapter;
      const [int, text] = [raw(syntax.type("int64")), raw(syntax.type("string"))];
      const declared = { id: "int64", p: "int64" } as const;
      const tables = {
        full: table("full", { columns: declared, mode: "replace", key: "id" }),
        full_bag: table("full_bag", { columns: declared, mode: "replace" }),
        parts: table("parts", { columns: declared, mode: "partition", partition: "p", key: "id" }),
      };
      for (const name of Object.keys(tables)) {
        await place.execute(
          template`CREATE TABLE ${live(place, name)} (${col("id")} ${int}, ${col("p")} ${int}, ${col("extra")} ${text} DEFAULT 'none')`,
        );
        await place.execute(template`INSERT INTO ${live(place, name)} VALUES (1, 1, 'mine'), (2, 1, 'mine')`);
      }
      const etl = place.pipeline({ pipeline: "left", tables });
      await etl.adopt();
      const list = [
        { id: 1, p: 2 },
        { id: 2, p: 1 },
        { id: 3, p: 1 },
      ];
      await etl.run({ full: rows(list), full_bag: rows(list), parts: rows(list) });
      const extras = async (name: string) => (await contents(place, name))?.rows.map((r) => [r[0], r[2]]);
      const kept = [
        [1n, "mine"],
        [2n, "mine"],
        [3n, "none"],
      ];
      assert.deepEqual(await extras("full"), kept);
      assert.deepEqual(await extras("parts"), kept);
      assert.deepEqual(
        await extras("full_bag"),
        kept.map(([id]) => [id, "none"]),
      );
      await whole(etl);
      await etl.rollback();
      for (const name of Object.keys(tables))
        assert.deepEqual(await extras(name), [
          [1n, "mine"],
          [2n, "mine"],
        ]);
    },
  },
];
