import assert from "node:assert/strict";
import type { TableRef } from "../../adapter/shapes.js";
import type { Pipeline } from "../../pipeline/pipeline.js";
import { rows } from "../../source/source.js";
import { ident, type Sql, template } from "../../sql/sql.js";
import { table } from "../../table/define.js";
import type { CaseDefinition } from "../case.js";
import { shapes } from "../columns.js";
import { later } from "../faults/later.js";
import { allTables, ledgerOf, sandboxes } from "../ledger.js";
import { calm, type Place } from "../place.js";
import { lostOf, told } from "../steps/clone.js";
import { needs } from "./needs.js";
import {
  all,
  bothPipeline,
  cells,
  col,
  contents,
  day,
  failure,
  intrude,
  itemsPipeline,
  itemsTable,
  load,
  picture,
  still,
  whole,
} from "./world.js";

const clones = needs("blocks", "candidates", "clones");
const refOf = (place: Place, schema: string): TableRef => ({ path: [...place.session.home.slice(0, -1), schema] });
const there = (place: Place, schema: string): Promise<boolean> => place.session.hasSchema(refOf(place, schema), calm());
const tableIn = (box: Pick<Pipeline, "tables">, alias: string): TableRef => {
  const { name } = box.tables[alias] as { readonly name: string | readonly string[] };
  assert.ok(Array.isArray(name), `the name of ${alias} in the sandbox is not exact`);
  return { path: name as readonly string[] };
};

const journalColumns = { seq: "int64", pipeline: "string", event: "string", payload: "string" } as const;
const journal = (place: Place, pipeline: string) =>
  place.query(
    template`SELECT ${col("seq")}, ${col("pipeline")}, ${col("event")}, ${col("payload")} FROM ${ident(ledgerOf(place, pipeline).journal.path)} ORDER BY ${col("seq")}`,
    journalColumns,
  );
/** All of live and of its ledger, but for the lease, which whoever works takes, and the journal. */
async function production(place: Place, p: Pipeline) {
  const tables = await allTables(place);
  const { lease, journal: own } = ledgerOf(place, p.name);
  const apart = [lease, own].map((ref) => ref.path.join("."));
  const ledger: Record<string, unknown> = {};
  for (const path of tables.ledger.filter((t) => !apart.includes(t)))
    ledger[path] = await contents(place, { path: [...ledgerOf(place).schema.path, path.split(".").at(-1) ?? ""] });
  return { tables, ledger, status: await picture(place, p, "items", "days") };
}
const someDays = (d: number, n: number) => ({ days: rows(day(d, ...cells(3, n))) });

export const sandboxCases = (decorate: (table: TableRef) => readonly Sql[]): readonly CaseDefinition[] => [
  {
    name: "nothing that is done in a sandbox reaches live or its ledger, whose journal tells only that the sandbox was there",
    invariant: 8,
    also: [3],
    skip: clones,
    async run(place) {
      const etl = bothPipeline(place);
      await etl.run({ ...load(1, 6, 1), ...someDays(1, 1) });
      await etl.run({ ...load(4, 9, 2), ...someDays(2, 1) });
      const before = await production(place, etl);
      const events = await journal(place, "both");
      const box = await etl.sandbox({ ttl: "1h" });
      await box.run({ ...load(6, 12, 3), ...someDays(2, 5) });
      const candidate = await box.clone({ tables: ["items"] });
      await candidate.load(load(1, 2, 9));
      await candidate.transform(template`DELETE FROM ${candidate.refs.items} WHERE ${col("id")} = 3`);
      await candidate.swap();
      await box.rollback();
      await box.redo();
      await box.hold("by hand");
      await box.adopt();
      await box.unhold();
      await box.rebuild({ tables: ["days"] });
      await box.recover();
      await whole(box as unknown as Pipeline);
      assert.deepEqual(await production(place, etl), before, "what was done in the sandbox shows in live");
      await box.drop();
      await box.drop();
      assert.equal(await there(place, box.schema), false, "the sandbox was dropped, and is still there");
      assert.deepEqual(await production(place, etl), before, "the end of the sandbox shows in live");
      const added = (await journal(place, "both")).slice(events.length);
      assert.deepEqual(
        added.map((e) => [e["event"], JSON.parse(String(e["payload"]))["schema"]]),
        ["sandboxed", "sandbox-ready", "sandbox-dropped"].map((event) => [event, box.schema]),
      );
      await failure(box.run({}), "CLOSED");
      await whole(etl as unknown as Pipeline);
    },
  },
  {
    name: "a sandbox begins where live stands, rows, checksums and watermarks, and goes back to that at most",
    invariant: 9,
    also: [2, 4, 12],
    skip: clones,
    async run(place) {
      const etl = bothPipeline(place);
      await etl.run(load(1, 5, 1));
      await etl.run(load(4, 9, 2));
      await intrude(place);
      const { watermarks, tallies } = await etl.status();
      await using box = await etl.sandbox({ ttl: "1h" });
      const begun = await box.status();
      assert.deepEqual([begun.watermarks, begun.tallies, begun.live, begun.held], [watermarks, tallies, null, null]);
      assert.deepEqual((await contents(place, tableIn(box, "items")))?.rows, (await contents(place, "items"))?.rows);
      assert.deepEqual(
        (await box.audit()).tables["items"],
        (await etl.audit()).tables["items"],
        "what others wrote to live is found in the clone otherwise",
      );
      await box.adopt();
      const start = await contents(place, tableIn(box, "items"));
      const report = await box.run(({ since }) => {
        assert.equal(since.items, 2n, "the sandbox reads on from elsewhere");
        return { ...load(8, 12, 3), ...someDays(1, 1) };
      });
      assert.ok(report.release > 2, `a release of the sandbox bears the number of one of live: ${report.release}`);
      assert.equal(await place.session.describe(place.folded("days"), calm()), null, "a new table was made live");
      assert.equal((await contents(place, tableIn(box, "days")))?.rows.length, 3);
      await box.rollback();
      assert.deepEqual(await contents(place, tableIn(box, "items")), start, "the rollback did not go back to the clone");
      await failure(box.rollback(), "RETENTION_PASSED", "NOT_FOUND");
    },
  },
  {
    name: "a sandbox is dropped when its time is over by whoever comes, not before, and its handle says that it is gone",
    invariant: 7,
    also: [12],
    skip: clones,
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      const [short, long] = [await etl.sandbox({ ttl: "1h" }), await etl.sandbox({ ttl: "5h" })];
      await etl.run(load(4, 6, 2));
      assert.deepEqual(await etl.recover(), { settled: [], dropped: [] });
      assert.equal((await short.run(load(6, 7, 3))).status, "published");
      const hours = Date.parse(long.expires) - Date.parse(short.expires);
      assert.ok(hours > 3.9 * 3_600_000 && hours < 4.1 * 3_600_000, `an hour and five are ${hours} ms apart`);
      const other = itemsPipeline(place, { warehouse: later(place.warehouse, 2) });
      assert.deepEqual(await other.recover(), { settled: [], dropped: [refOf(place, short.schema).path.join(".")] });
      assert.deepEqual(await sandboxes(place), [long.schema], "the wrong one went, or both");
      const { context } = await failure(short.run(load(7, 8, 4)), "NOT_FOUND");
      assert.deepEqual([context.what, context.name], ["sandbox", short.schema]);
      await failure(short.status(), "NOT_FOUND");
      await short.drop();
      assert.equal(await there(place, short.schema), false, "who called the handle of a sandbox that is gone made it anew");
      const third = await etl.sandbox({ ttl: "1h" });
      const pruner = itemsPipeline(place, { warehouse: later(place.warehouse, 2) });
      const name = refOf(place, third.schema).path.join(".");
      assert.ok((await pruner.prune({ dryRun: true })).removed.includes(name), "a dry run does not tell of the sandbox");
      assert.equal(await there(place, third.schema), true, "a dry run dropped the sandbox");
      assert.ok((await pruner.prune()).removed.includes(name), "prune() does not tell of the sandbox");
      const left = [await there(place, third.schema), await there(place, long.schema)];
      assert.deepEqual(left, [false, true], "prune() left a sandbox whose time was over, or took one whose was not");
      const run = itemsPipeline(place, { warehouse: later(place.warehouse, 9) });
      await run.run(load(5, 8, 3));
      assert.equal(await there(place, long.schema), false, "a run left a sandbox whose time was over");
      await long.close();
      await whole(etl);
    },
  },
  {
    name: "a schema of somebody else is neither taken for a sandbox nor dropped as one",
    invariant: 8,
    skip: clones,
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      const [before, events] = [await still(place, etl, "items"), await journal(place, "items")];
      const { context } = await failure(etl.sandbox({ ttl: "1h", schema: place.ledgerSchema }), "CONFIG");
      assert.deepEqual(
        context.issues.map((i) => i.path),
        ["schema"],
      );
      assert.deepEqual([await still(place, etl, "items"), await journal(place, "items")], [before, events]);
      const box = await etl.sandbox({ ttl: "1h" });
      const [schema, columns] = [refOf(place, box.schema), shapes(place.adapter, { a: "int64" })];
      await place.step({ kind: "dropSchema", ref: schema });
      await place.step({ kind: "createSchema", ref: schema, ifNotExists: false });
      const theirs = { path: [...schema.path, "theirs"] };
      await place.make(theirs, columns, [[1n]]);
      try {
        await box.drop();
        await itemsPipeline(place, { warehouse: later(place.warehouse, 2) }).recover();
        assert.deepEqual(await place.rows(theirs, columns), [[1n]], "a table of somebody else went with the sandbox");
      } finally {
        await place.step({ kind: "dropSchema", ref: schema });
      }
    },
  },
  {
    name: "tables of hostile names, of the ledger's names, and of one name in two schemas have each a place in a sandbox",
    invariant: 8,
    skip: clones,
    async run(place) {
      const second = { path: ledgerOf(place).schema.path };
      await place.step({ kind: "createSchema", ref: second, ifNotExists: true });
      const named = ["journal", "Lease_x", "a 日本語"].map((name) => place.at(name).path);
      const paths = [...named, place.at("twin").path, [...second.path, "twin"]];
      const tables = Object.fromEntries(
        paths.map((path, i) => [
          `t${i}`,
          table(path as [string, string, string], { columns: { id: "int64", n: "int64" }, key: "id" }),
        ]),
      );
      const feed = (n: number) =>
        Object.fromEntries(
          paths.map((_, i) => [
            `t${i}`,
            rows([
              { id: 1, n },
              { id: i, n },
            ]),
          ]),
        );
      const etl = place.pipeline({ pipeline: 'a "日本語" of $1;--', tables });
      await etl.run(feed(1));
      await using box = await etl.sandbox({ ttl: "1h" });
      const inside = paths.map((_, i) => tableIn(box, `t${i}`).path);
      assert.equal(new Set(inside.map((p) => JSON.stringify(p))).size, paths.length, "two tables have one place");
      assert.deepEqual(
        inside.slice(2, 4).map((p) => p.at(-1)),
        paths.slice(2, 4).map((p) => p.at(-1)),
        "a table has another name",
      );
      for (const [i, path] of paths.entries())
        assert.deepEqual((await contents(place, { path: inside[i] ?? [] }))?.rows, (await contents(place, { path }))?.rows);
      await box.run(feed(2));
      await box.recover();
      await whole(box as unknown as Pipeline);
      await box.rollback({ to: 0 });
      for (const [i, path] of paths.entries())
        assert.deepEqual((await contents(place, { path: inside[i] ?? [] }))?.rows, (await contents(place, { path }))?.rows);
    },
  },
  {
    name: "the tables of a sandbox bear what decorates those of live",
    invariant: 9,
    skip: (c, given) => clones(c) || (given.decorated ? false : "the harness decorates no tables"),
    async run(place) {
      const ref = place.folded("things");
      await place.create(ref, shapes(place.adapter, { id: "int64", note: "string?" }));
      for (const statement of decorate(ref)) await place.execute(statement);
      const etl = place.pipeline({
        pipeline: "things",
        tables: { things: table("things", { columns: { id: "int64", note: "string?" }, key: "id" }) },
      });
      await etl.run({ things: rows([{ id: 1, note: "a" }]) });
      await using box = await etl.sandbox({ ttl: "1h" });
      const [live, twin] = [await place.describe(ref), await place.describe(tableIn(box, "things"))];
      const where = [box.schema, ...ref.path];
      assert.deepEqual(twin.columns, live.columns);
      assert.deepEqual(lostOf(told(live, where), told(twin, where)), [], "what live bears and the sandbox does not");
    },
  },
  {
    name: "one that wants too much is refused before anything is changed: a sandbox in a sandbox, for no time, for ever",
    invariant: 3,
    skip: clones,
    async run(place) {
      const etl = place.pipeline({ pipeline: "items", tables: { items: itemsTable() } });
      await etl.run(load(1, 5, 1));
      const events = await journal(place, "items");
      for (const ttl of ["31d", 0, "soon", undefined, Number.NaN, -5] as never[]) {
        const { context } = await failure(etl.sandbox({ ttl }), "CONFIG");
        assert.deepEqual(
          context.issues.map((i) => i.path),
          ["ttl"],
          String(ttl),
        );
      }
      const both = await failure(etl.sandbox({ ttl: "x", schema: "" } as never), "CONFIG");
      assert.deepEqual(
        both.context.issues.map((i) => i.path),
        ["ttl", "schema"],
      );
      assert.deepEqual(await journal(place, "items"), events);
      await using box = await etl.sandbox({ ttl: "1h" });
      const refused = await failure(box.sandbox({ ttl: "1h" }), "UNSUPPORTED");
      assert.match(refused.context.capability, /sandbox/);
      assert.deepEqual((await all(etl.history())).length, 1);
    },
  },
  {
    name: "an engine that clones nothing refuses a sandbox, and says what to do instead",
    skip: (c) => needs("blocks")(c) || (c.clone === "none" ? false : "the engine clones tables"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      const { context } = await failure(etl.sandbox({ ttl: "1h" }), "UNSUPPORTED");
      assert.deepEqual([context.capability, context.alternative.includes("rebuild()")], ["clone", true]);
    },
  },
];
