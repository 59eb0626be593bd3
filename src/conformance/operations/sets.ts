import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { Capabilities } from "../../adapter/capabilities.js";
import { rowCount } from "../../check/checks.js";
import { rows } from "../../source/source.js";
import { ident, type Sql, template } from "../../sql/sql.js";
import type { Tables } from "../../table/define.js";
import type { CaseDefinition } from "../case.js";
import { calm, type Place } from "../place.js";
import { type Hooks, hooked } from "./hooked.js";
import { needs } from "./needs.js";
import {
  batch,
  bothPipeline,
  cells,
  col,
  contents,
  day,
  daysTable,
  failure,
  intrude,
  itemsTable,
  litter,
  live,
  load,
  picture,
  still,
  unsupported,
  whole,
} from "./world.js";

/** Both tables at once, whatever the engine calls it. */
const sets = (place: Place, o: Parameters<typeof bothPipeline>[1] = {}) => bothPipeline(place, { mixedReads: "allow", ...o });
const feed = (v: number, n = 5) => ({ items: rows(batch(1, n, v)), days: rows(day(1, ...cells(3, v))) });
const names = ["items", "days"] as const;
const oneByOne = (c: Capabilities): string | false => (c.swap === "set" ? "the engine swaps sets of tables" : false);
const atOnce = (c: Capabilities): string | false => (c.swap === "set" ? false : "the engine swaps one table at a time");

export const setCases: readonly CaseDefinition[] = [
  {
    name: "a candidate of two tables is loaded, transformed, checked and swapped as one release, and taken back and redone as one",
    invariant: 4,
    also: [2, 9],
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = sets(place);
      await etl.run(feed(1));
      const one = await still(place, etl, ...names);
      const candidate = await etl.clone();
      assert.deepEqual(Object.keys(candidate.refs), ["items", "days"]);
      await candidate.load({ items: rows(batch(4, 7, 2)), days: rows(day(2, ["s0", 5])) });
      await candidate.load({ items: rows(batch(8, 8, 3)) });
      const { items, days } = candidate.refs;
      await candidate.transform(
        template`UPDATE ${items} SET ${col("v")} = (SELECT SUM(${col("n")}) FROM ${days}) WHERE ${col("id")} = 1`,
      );
      assert.deepEqual(await still(place, etl, ...names), one, "the candidate shows in live");
      assert.equal((await candidate.validate()).ok, true);
      const report = await candidate.swap();
      assert.deepEqual([report.tables.items?.rows, report.tables.items?.watermark.after, report.tables.days?.rows], [8, "3", 4]);
      assert.deepEqual([report.tables.items?.inserted, report.tables.items?.updated, report.tables.days?.inserted], [3, 2, 1]);
      assert.deepEqual((await contents(place, "items"))?.rows[0]?.[2], 8n);
      const two = await picture(place, etl, ...names);
      await etl.run({ items: rows(batch(9, 9, 4)) });
      await etl.rollback({ to: 1 });
      assert.deepEqual(await still(place, etl, ...names), one);
      await etl.redo();
      await etl.rollback();
      assert.deepEqual(await still(place, etl, ...names), { ...two, held: null });
      await etl.redo();
      await whole(etl);
    },
  },
  {
    name: "a run by swap takes the tables that the feed has rows for, and makes those that are not there",
    invariant: 2,
    also: [3],
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = sets(place);
      const made = await etl.run(feed(1), { strategy: "swap" });
      assert.deepEqual([made.tables.items?.rows, made.tables.days?.rows], [5, 3]);
      const one = await etl.run({ items: rows(batch(6, 6, 2)), days: rows([]) }, { strategy: "swap" });
      assert.deepEqual([Object.keys(one.tables), one.tables.items?.rows], [["items"], 6]);
      const before = await picture(place, etl, ...names);
      assert.equal((await etl.run({ days: rows([]), items: rows([]) }, { strategy: "swap" })).status, "nothing-to-do");
      assert.equal((await etl.run({}, { strategy: "swap" })).status, "nothing-to-do");
      assert.deepEqual(await picture(place, etl, ...names), before);
      const beside = (await litter(place)).filter((t) => !t.includes("_before_"));
      assert.deepEqual(beside, [], "candidates are left");
      await etl.rollback();
      await whole(etl);
    },
  },
  {
    name: "a load into two tables of a candidate that fails in one changes neither",
    invariant: 3,
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = sets(place);
      await etl.run(feed(1));
      const candidate = await etl.clone();
      const bad = { items: rows(batch(1, 9, 2)), days: rows([{ day: "never", spot: "s", n: 1 }]) };
      await failure(candidate.load(bad), "BAD_ROW");
      const there = await place.query(template`SELECT COUNT(*) AS ${col("n")} FROM ${candidate.refs.items}`, { n: "int64" });
      assert.equal(there[0]?.["n"], 5n, "the table before the bad one was loaded");
      await candidate.load({ days: rows(day(1, ["s9", 9])) });
      const report = await candidate.swap();
      assert.deepEqual([report.tables.items?.rows, report.tables.items?.watermark.after, report.tables.days?.rows], [5, "1", 1]);
      await whole(etl);
    },
  },
  {
    name: "a check that fails for one table of a candidate, or foreign rows in one of live's, keep all tables where they are",
    invariant: 3,
    also: [6],
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const tables = { items: itemsTable(), days: daysTable([rowCount({ max: 5 })]) };
      const etl = place.pipeline({ pipeline: "both", tables, mixedReads: "allow" });
      await etl.run(feed(1));
      const before = await picture(place, etl, ...names);
      const candidate = await etl.clone();
      await candidate.load({ items: rows(batch(6, 9, 2)), days: rows(day(2, ...cells(3))) });
      assert.equal((await candidate.validate()).ok, false);
      const { context } = await failure(candidate.swap(), "CHECKS_FAILED");
      assert.deepEqual(
        context.checks.filter((c) => c.outcome === "fail").map((c) => c.table),
        ["days"],
      );
      assert.deepEqual(await picture(place, etl, ...names), before);
      await candidate.load({ days: rows(day(2, ["s0", 1])) });
      await intrude(place);
      const foreign = await picture(place, etl, ...names);
      assert.equal((await failure(candidate.swap(), "DRIFTED")).context.table, "items");
      assert.deepEqual(await picture(place, etl, ...names), foreign);
      await candidate.reject();
      assert.deepEqual(await litter(place), []);
    },
  },
  {
    name: "a table that is added comes with the next release and is emptied by going back before it; one that is removed keeps its claim until adopt()",
    invariant: 4,
    also: [8],
    skip: needs("blocks"),
    async run(place) {
      const of = <T extends Tables>(tables: T, name = "shop") => place.pipeline({ pipeline: name, tables });
      const one = of({ items: itemsTable() });
      await one.run(load(1, 3, 1));
      const both = of({ items: itemsTable(), days: daysTable() });
      assert.equal((await both.status()).tallies.days, null);
      await both.run({ items: rows(batch(4, 4, 2)), days: rows(day(1, ["s0", 1])) });
      await both.rollback();
      assert.deepEqual([(await contents(place, "items"))?.rows.length, (await contents(place, "days"))?.rows], [3, []]);
      await both.unhold();
      await both.run({ items: rows(batch(4, 4, 2)), days: rows(day(1, ["s0", 1])) });
      // Removed again: the others go on; what concerns it needs it back.
      await one.run(load(5, 5, 3));
      await one.rollback();
      assert.equal((await failure(one.rollback(), "NOT_FOUND")).context.what, "table");
      const theirs = of({ days: daysTable() }, "days");
      const more = { days: rows(day(2, ["s0", 2])) };
      assert.equal((await failure(theirs.run(more), "CLAIMED")).context.by, "shop");
      await both.rollback();
      await both.unhold();
      await both.run({ items: rows(batch(4, 4, 2)), days: rows(day(1, ["s0", 1])) });
      await one.adopt();
      await failure(theirs.run(more), "NOT_ADOPTED");
      await theirs.adopt();
      assert.equal((await theirs.run(more)).tables.days?.rows, 2);
      assert.equal((await failure(both.run(more), "CLAIMED")).context.by, "days");
      await whole(one);
      await whole(theirs);
    },
  },
  {
    name: "readers of two tables see both before a swap of the set or both after it, and so while it is taken back",
    invariant: 1,
    skip: (c) => needs("blocks", "candidates", "clones", "sessions")(c) || atOnce(c),
    async run(place) {
      const etl = sets(place);
      await etl.run(feed(1));
      const seen = watch(place);
      for (const v of [2, 3]) {
        const candidate = await etl.clone();
        await candidate.load(feed(v));
        await candidate.swap();
      }
      await etl.rollback({ to: 1 });
      await etl.redo();
      assert.deepEqual([...(await seen())].sort(), ["1 1", "2 2", "3 3"]);
    },
  },
  {
    name: "where tables are swapped one at a time, a release, plan or rollback that swaps several is refused unless mixed reads are allowed",
    invariant: 1,
    also: [3],
    skip: (c) => needs("blocks", "candidates", "clones")(c) || oneByOne(c),
    async run(place) {
      const strict = bothPipeline(place);
      const mixed = sets(place);
      await strict.run(feed(1));
      const before = await picture(place, strict, ...names);
      for (const call of [() => strict.clone(), () => strict.rebuild(), () => strict.run(feed(2), { strategy: "swap" })])
        await unsupported(call(), /swap: set/, /mixedReads: "allow"/);
      assert.deepEqual([await picture(place, strict, ...names), await litter(place)], [before, []]);
      const one = await strict.clone({ tables: ["items"] });
      await one.load(load(1, 6, 2));
      await one.swap();
      const two = await mixed.clone();
      await two.load(feed(3, 7));
      await two.swap();
      const after = await picture(place, strict, ...names);
      await unsupported(strict.rollback(), /swap: set/, /mixedReads: "allow"/);
      await unsupported(strict.plan({ rollback: {} }), /swap: set/, /mixedReads: "allow"/);
      assert.deepEqual(await picture(place, strict, ...names), after);
      await mixed.rollback();
      await unsupported(strict.redo(), /swap: set/, /mixedReads: "allow"/);
      await mixed.redo();
      await whole(strict);
    },
  },
  {
    name: "where tables are swapped one at a time, whoever comes after a crash between two swaps carries the set on",
    invariant: 7,
    also: [2, 4],
    skip: (c) => needs("blocks", "candidates", "clones")(c) || oneByOne(c),
    async run(place) {
      const hooks: Hooks = {};
      const etl = sets(place, { warehouse: hooked(place.warehouse, hooks) });
      await etl.run(feed(1));
      const one = await contents(place, "items");
      const candidate = await etl.clone();
      await candidate.load(feed(2, 7));
      hooks.beforeStatement = async (tag) => {
        if (!tag.endsWith(" swap") || isDeepStrictEqual(await contents(place, "items"), one)) return;
        throw new Error("the process is gone");
      };
      await assert.rejects(candidate.swap());
      delete hooks.beforeStatement;
      assert.notDeepEqual(await contents(place, "items"), one, "the first table was not swapped");
      assert.equal((await contents(place, "days"))?.rows.length, 3);
      const next = sets(place);
      await next.recover();
      assert.equal((await next.status()).live, 2);
      const { tables } = await next.audit();
      assert.deepEqual([tables["items"]?.found.rows, tables["days"]?.found.rows], [7, 3]);
      await next.rollback();
      assert.deepEqual(await contents(place, "items"), one);
      await whole(next);
    },
  },
];

/** Reads `v` of both tables in one statement, again and again; in the end, what was seen. */
function watch(place: Place): () => Promise<ReadonlySet<string>> {
  const max = (name: string, value: string): Sql => template`(SELECT MAX(${col(value)}) FROM ${live(place, name)})`;
  const statement = template`SELECT ${max("items", "v")} AS ${ident(["low"])}, ${max("days", "n")} AS ${ident(["high"])}`;
  const seen = new Set<string>();
  let on = true;
  const loop = (async () => {
    const session = await place.open();
    while (on) {
      const { rows: found } = await session.execute({ sql: statement, returns: { low: "int64", high: "int64" } }, calm());
      seen.add(`${String(found[0]?.["low"])} ${String(found[0]?.["high"])}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  return async () => {
    on = false;
    await loop;
    return seen;
  };
}
