import assert from "node:assert/strict";
import { between, rowCount } from "../../check/checks.js";
import type { ErrorCode } from "../../errors/index.js";
import { query, rows, type Source } from "../../source/source.js";
import { raw, type Sql, template } from "../../sql/sql.js";
import { table } from "../../table/define.js";
import type { ColumnType } from "../../table/types.js";
import type { CaseDefinition } from "../case.js";
import { shapes } from "../columns.js";
import { allTables } from "../ledger.js";
import type { Place } from "../place.js";
import { needs } from "./needs.js";
import {
  batch,
  bothPipeline,
  col,
  day,
  daysTable,
  failure,
  itemsPipeline,
  itemsTable,
  litter,
  load,
  picture,
  whole,
} from "./world.js";

const value = (place: Place, v: string | number | null, type: ColumnType, name: string): Sql =>
  template`CAST(${v} AS ${raw(place.adapter.syntax.type(type))}) AS ${col(name)}`;
const item = (place: Place, o: { readonly v?: Sql; readonly more?: Sql } = {}): Source<never> => {
  const { v = value(place, 1, "int64", "v"), more } = o;
  const base = template`SELECT ${value(place, 9, "int64", "id")}, ${value(place, "x", "string", "name")}, ${v}, ${value(place, 9, "int64", "seq")}`;
  return query(more === undefined ? base : template`${base}, ${more}`);
};
/** Loads that do not fit, each with the code that says so. */
const unfit = (place: Place): readonly (readonly [what: string, code: ErrorCode, source: () => Source<never>])[] => {
  const of = (...list: readonly object[]) => rows(list as never[]);
  return [
    ["a value of another type", "BAD_ROW", () => of({ id: 1, v: "x", seq: 1 })],
    ["a number beyond int64", "BAD_ROW", () => of({ id: 2n ** 63n, v: 1, seq: 1 })],
    ["a missing value", "BAD_ROW", () => of({ id: 1, seq: 1 })],
    ["NULL in the key", "BAD_ROW", () => of({ id: null, v: 1, seq: 1 })],
    ["an unknown column", "BAD_ROW", () => of({ id: 1, v: 1, seq: 1, colour: "red" })],
    ["a row that is no object", "BAD_ROW", () => of(7 as never)],
    ["one key twice with different content", "BAD_ROW", () => of({ id: 1, v: 5, seq: 9 }, { id: 1, v: 6, seq: 9 })],
    ["a query without a column", "BAD_SOURCE", () => query(template`SELECT ${value(place, 9, "int64", "id")}`)],
    ["a query with a column more", "BAD_SOURCE", () => item(place, { more: value(place, "red", "string", "colour") })],
    ["a query whose value does not fit", "BAD_SOURCE", () => item(place, { v: value(place, "nine", "string", "v") })],
    [
      "a query with NULL in the key",
      "BAD_ROW",
      () =>
        query(
          template`SELECT ${value(place, null, "int64", "id")}, ${value(place, "x", "string", "name")}, ${value(place, 1, "int64", "v")}, ${value(place, 9, "int64", "seq")}`,
        ),
    ],
    ["a query of a table that is not there", "BAD_SOURCE", () => query(template`SELECT * FROM ${col("nowhere_to_be_found")}`)],
    ["a query that is no SQL", "BAD_SOURCE", () => query(template`SELECT FROM WHERE`)],
  ];
};

/** Loads, rejections and rehearsals that must leave no trace. */
export const badCases: readonly CaseDefinition[] = [
  {
    name: "a load that does not fit is refused by its code, and leaves live, watermark and status as they were",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      const before = await picture(place, etl, "items");
      const tables = await allTables(place);
      for (const [what, code, source] of unfit(place)) {
        const e = await failure(etl.run({ items: source() }), code);
        assert.equal(e.context.table, "items", `${what}: the error does not name the table: ${e.message}`);
        assert.deepEqual(await picture(place, etl, "items"), before, `${what} changed something`);
      }
      assert.deepEqual(await allTables(place), tables, "refused loads leave tables");
      assert.equal((await etl.run({ items: item(place) })).release, 2, "refused loads used up releases");
      await whole(etl);
    },
  },
  {
    name: "a load that does not fit a candidate is refused by its code, and the candidate can go on",
    invariant: 3,
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      const before = await picture(place, etl, "items");
      const candidate = await etl.clone();
      for (const [, code, source] of unfit(place)) await failure(candidate.load({ items: source() }), code);
      assert.deepEqual(await picture(place, etl, "items"), before);
      await candidate.load(load(6, 7, 2));
      assert.equal((await candidate.swap()).tables.items?.rows, 7);
      await whole(etl);
    },
  },
  {
    name: "a row without a value that live requires is a BAD_ROW that names row and column, also where none are declared",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const { adapter } = place;
      await place.create(place.folded("strict"), shapes(adapter, { id: "int64", must: "string", may: "string?" }));
      const strict = table("strict", { key: "id" });
      const etl = place.pipeline({ pipeline: "strict", tables: { strict } });
      const given = rows([
        { id: 1, must: "x" },
        { id: 2, must: null },
      ] as never[]);
      const e = await failure(etl.run({ strict: given }), "BAD_ROW");
      assert.deepEqual([e.context.row, e.context.column], [2, "must"]);
      assert.equal((await etl.run({ strict: rows([{ id: 1, must: "x", may: null }] as never[]) })).status, "published");
    },
  },
  {
    name: "rejected and abandoned releases leave nothing behind",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      const before = await picture(place, etl, "items");
      {
        await using release = await etl.begin();
        await release.load(load(1, 9, 2));
        assert.deepEqual(await picture(place, etl, "items"), before, "a load changed live before its release was published");
      }
      const rejected = await etl.begin();
      await rejected.load(load(1, 9, 2));
      await rejected.reject("not today");
      assert.equal(rejected.state, "rejected");
      await failure(rejected.publish(), "NOT_OPEN");
      assert.deepEqual(await picture(place, etl, "items"), before);
      assert.deepEqual((await etl.status()).open, []);
      assert.deepEqual(await litter(place), [], "staged rows are left");
    },
  },
  {
    name: "the rehearsals of a release and of a rollback tell what would be, and change nothing",
    invariant: 3,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      await itemsPipeline(place).run(load(1, 5, 1));
      const etl = itemsPipeline(place, { checks: [rowCount({ max: 6 })] });
      await etl.run(load(5, 5, 2));
      const before = await picture(place, etl, "items");
      const release = await etl.begin();
      await release.load(load(6, 6, 3));
      const first = await release.validate();
      assert.deepEqual([first.ok, await release.validate()], [true, first], "a second rehearsal finds something else");
      assert.deepEqual(await picture(place, etl, "items"), before, "validate() changed something");
      const { to, tables } = await etl.rollback({ dryRun: true });
      assert.deepEqual([to, tables["items"]?.rows, tables["items"]?.watermark.after], [1, 5, "1"]);
      assert.deepEqual(await picture(place, etl, "items"), before, "a dry run of a rollback changed something");
      await release.load(load(7, 7, 3));
      assert.equal((await release.validate()).ok, false);
      await release.reject();
      await whole(etl);
    },
  },
  {
    name: "one table's failed check keeps every table of the release as it was",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const plain = bothPipeline(place);
      await plain.run({ items: rows(batch(1, 5, 1)), days: rows(day(1, ["a", 1])) });
      const before = await picture(place, plain, "items", "days");
      const strict = place.pipeline({
        pipeline: "both",
        tables: { items: itemsTable(), days: daysTable([between("n", { max: 5 })]) },
      });
      const e = await failure(strict.run({ items: rows(batch(1, 9, 2)), days: rows(day(2, ["b", 9])) }), "CHECKS_FAILED");
      assert.deepEqual(
        e.context.checks.map((c) => [c.table, c.outcome]),
        [["days", "fail"]],
      );
      assert.deepEqual(await picture(place, plain, "items", "days"), before);
    },
  },
];
