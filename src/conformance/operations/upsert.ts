import assert from "node:assert/strict";
import { rows } from "../../source/source.js";
import { raw, template } from "../../sql/sql.js";
import { table } from "../../table/define.js";
import type { CaseDefinition } from "../case.js";
import { needs } from "./needs.js";
import { col, contents, itemsPipeline, live, load, told, whole } from "./world.js";

/** What a load by key makes of the rows that live has. */
export const upsertCases: readonly CaseDefinition[] = [
  {
    name: "what comes is told as inserted, updated, unchanged or stale",
    invariant: 2,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 4, 1, 5));
      const { items } = (
        await etl.run({
          items: rows([
            { id: 1, name: "n1", v: 1, seq: 5 }, // equal to live
            { id: 2, name: "n2", v: 9, seq: 4 }, // older than live
            { id: 3, name: "new", v: 1, seq: 5 }, // an equal cursor applies
            { id: 4, name: "n4", v: 1, seq: 6 }, // the cursor alone is a change too
            { id: 5, name: null, v: 1, seq: 6 },
          ]),
        })
      ).tables;
      assert.deepEqual(told(items, "inserted", "updated", "deleted", "unchanged", "stale", "rows"), [1, 2, 0, 1, 1, 5]);
      assert.deepEqual((await contents(place, "items"))?.rows, [
        [1n, "n1", 1n, 5n],
        [2n, "n2", 1n, 5n],
        [3n, "new", 1n, 5n],
        [4n, "n4", 1n, 6n],
        [5n, null, 1n, 6n],
      ]);
      await whole(etl);
    },
  },
  {
    name: "of rows with one key the highest cursor wins, and equal rows count once",
    invariant: 2,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      for (const v of [0, 10]) {
        const of = (id: number, n: number, seq = n) => ({ id, v: v + n, seq: v + seq });
        const { items } = (await etl.run({ items: rows([of(1, 1), of(1, 3), of(1, 2), of(2, 7, 1), of(2, 7, 1)]) })).tables;
        assert.equal(items?.rows, 2);
        assert.deepEqual(
          (await contents(place, "items"))?.rows.map((r) => [r[0], r[2]]),
          [
            [1n, BigInt(v + 3)],
            [2n, BigInt(v + 7)],
          ],
        );
      }
      await whole(etl);
    },
  },
  {
    name: "a key may have several columns",
    invariant: 2,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      const lines = table("lines", { columns: { doc: "string", line: "int64", text: "string?" }, key: ["doc", "line"] });
      const etl = place.pipeline({ pipeline: "lines", tables: { lines } });
      const line = (doc: string, n: number, text: string | null = null) => ({ doc, line: n, text });
      await etl.run({ lines: rows([line("a", 1, "x"), line("a", 2), line("b", 1)]) });
      const one = await contents(place, "lines");
      const report = await etl.run({ lines: rows([line("a", 1, "y"), line("b", 1), line("b", 2)]) });
      assert.deepEqual(told(report.tables.lines, "inserted", "updated", "unchanged", "rows"), [1, 1, 1, 4]);
      await etl.rollback();
      assert.deepEqual(await contents(place, "lines"), one);
      await whole(etl);
    },
  },
  {
    name: "rows dated after the warehouse's clock load, and do not move the watermark",
    invariant: 2,
    skip: needs("blocks"),
    async run(place) {
      const seen = table("seen", { columns: { id: "int64", at: "timestamp" }, key: "id", cursor: "at" });
      const etl = place.pipeline({ pipeline: "seen", tables: { seen } });
      const report = await etl.run({
        seen: rows([
          { id: 1, at: "2001-01-01T00:00:00.000001Z" },
          { id: 2, at: "2999-01-01T00:00:00Z" },
        ]),
      });
      assert.deepEqual(
        report.warnings.map((w) => w.code),
        ["FUTURE_CURSOR"],
      );
      assert.deepEqual([report.tables.seen?.rows, report.tables.seen?.watermark.after], [2, "2001-01-01T00:00:00.000001Z"]);
    },
  },
  {
    name: "columns that the definition leaves out keep their values on an update, and take their default on an insert",
    invariant: 2,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      const { syntax } = place.adapter;
      const [int, text] = [raw(syntax.type("int64")), raw(syntax.type("string"))];
      const columns = template`${col("id")} ${int}, ${col("name")} ${text}, ${col("v")} ${int}, ${col("seq")} ${int}, ${col("extra")} ${text} DEFAULT 'none'`;
      await place.execute(template`CREATE TABLE ${live(place)} (${columns})`);
      await place.execute(template`INSERT INTO ${live(place)} VALUES (1, 'a', 1, 1, 'mine')`);
      await etl.adopt();
      await etl.run(load(1, 2, 4));
      const extras = async () => (await contents(place, "items"))?.rows.map((r) => [r[0], r[2], r[4]]);
      assert.deepEqual(await extras(), [
        [1n, 4n, "mine"],
        [2n, 4n, "none"],
      ]);
      await etl.rollback();
      assert.deepEqual(await extras(), [[1n, 1n, "mine"]]);
      await whole(etl);
    },
  },
];
