import assert from "node:assert/strict";
import { check, noRows } from "../../check/checks.js";
import type { RunReport } from "../../pipeline/look/reports.js";
import { files, rows } from "../../source/source.js";
import { sql, template } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import { allTables } from "../ledger.js";
import { narrowed } from "../narrow.js";
import type { Place } from "../place.js";
import { needs } from "./needs.js";
import {
  after,
  all,
  batch,
  col,
  day,
  daysPipeline,
  failure,
  itemsPipeline,
  load,
  picture,
  still,
  unsupported,
  whole,
} from "./world.js";

/** A pipeline on an engine that can do less, after a first release. */
async function less(place: Place, lacks: Parameters<typeof narrowed>[1]) {
  await itemsPipeline(place).run(load(1, 5, 1));
  const etl = itemsPipeline(place, { warehouse: narrowed(place.warehouse, lacks) });
  const before = await picture(place, etl, "items");
  const tables = await allTables(place);
  const unchanged = async (): Promise<void> => {
    assert.deepEqual(await picture(place, etl, "items"), before, "what was refused changed something");
    assert.deepEqual(await allTables(place), tables, "what was refused left tables");
    assert.equal((await etl.status()).lease, null, "what was refused keeps the lease");
  };
  return { etl, unchanged };
}
const codes = (report: RunReport): readonly string[] => report.warnings.map((w) => w.code);
const inPlaceStill = async (etl: ReturnType<typeof itemsPipeline>): Promise<void> => {
  assert.equal((await etl.run(load(4, 8, 2))).tables.items?.rows, 8, "releases in place do not work beside the refusal");
  await etl.rollback();
  await etl.redo();
  await whole(etl);
};

/** What an engine cannot do is refused with another way; asked of every engine, narrowed. */
export const capabilityCases: readonly CaseDefinition[] = [
  {
    name: "where no table can be cloned, clone and runs by swap are refused with the way by rebuild",
    invariant: 3,
    skip: needs("blocks", "candidates"),
    async run(place) {
      const { etl, unchanged } = await less(place, { clone: "none" });
      await unsupported(etl.clone(), /clone/, /rebuild/);
      await unsupported(etl.run(load(6, 9, 2), { strategy: "swap" }), /clone/, /rebuild/);
      await unchanged();
      await inPlaceStill(etl);
    },
  },
  {
    name: "where no table can be cloned, rebuild works, for a table that is there and for one that is not",
    invariant: 4,
    skip: needs("blocks", "candidates"),
    async run(place) {
      const warehouse = narrowed(place.warehouse, { clone: "none" });
      const days = await daysPipeline(place, [], { warehouse }).rebuild();
      await days.load({ days: rows(day(1, ["a", 1])) });
      const made = await days.swap();
      assert.equal(made.tables.days?.rows, 1);
      assert.deepEqual(codes(made), [], "a table that is new has nothing to lose");
      const { etl } = await less(place, { clone: "none" });
      const before = await still(place, etl, "items");
      const rebuilt = await etl.rebuild();
      await rebuilt.load(load(2, 3, 2));
      const report = await rebuilt.swap();
      assert.equal(report.tables.items?.rows, 2);
      assert.deepEqual(codes(report), ["PLAIN_TABLE"], "nothing warns that the new table has columns only");
      await etl.rollback();
      assert.deepEqual(await still(place, etl, "items"), before);
      await whole(etl);
    },
  },
  {
    name: "where no tables can be swapped, candidates are refused, and releases in place work",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const { etl, unchanged } = await less(place, { swap: "none" });
      for (const call of [() => etl.clone(), () => etl.rebuild(), () => etl.run(load(6, 9, 2), { strategy: "swap" })])
        await unsupported(call(), /swap/, /in place/);
      await unchanged();
      await inPlaceStill(etl);
    },
  },
  {
    name: "where DDL is not transactional and tables bear no marks, candidates are refused, and releases in place work, the first one too",
    invariant: 3,
    skip: (c) =>
      needs("blocks", "candidates")(c) || (c.transactionalDdl ? false : "the engine swaps tables in steps of their own"),
    async run(place) {
      const { etl, unchanged } = await less(place, { transactionalDdl: false });
      for (const call of [() => etl.rebuild(), ...(place.adapter.capabilities.clone === "none" ? [] : [() => etl.clone()])])
        await unsupported(call(), /DDL/, /in place/);
      await unchanged();
      await inPlaceStill(etl);
      const days = daysPipeline(place, [], { warehouse: narrowed(place.warehouse, { transactionalDdl: false }) });
      await days.run({ days: rows(day(1, ["a", 1])) });
      await days.run({ days: rows(day(1, ["a", 2])) });
      await days.rollback();
      await whole(days);
    },
  },
  {
    name: "where there are no transactions, releases in place are refused with the way by swap",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const { etl, unchanged } = await less(place, { transaction: "none" });
      for (const call of [() => etl.run(load(6, 9, 2)), () => etl.begin()]) await unsupported(call(), /transaction/, /swap/);
      await unchanged();
      const { clone, swap } = place.adapter.capabilities;
      if (clone === "none" || swap === "none") return;
      assert.equal((await etl.run(load(6, 9, 2), { strategy: "swap" })).tables.items?.rows, 9);
    },
  },
  {
    name: "where a block is one script, checks in JavaScript are refused, and noRows works",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      await itemsPipeline(place).run(load(1, 5, 1));
      const warehouse = narrowed(place.warehouse, { transaction: "script" });
      let asked = false;
      const mine = check("mine", async () => {
        asked = true;
        return { pass: true };
      });
      const strict = itemsPipeline(place, { warehouse, checks: [mine] });
      const before = await picture(place, strict, "items");
      await unsupported(strict.run(load(6, 9, 2)), /transaction/, /noRows/);
      const release = await strict.begin();
      await release.load(load(6, 9, 2));
      await unsupported(release.validate(), /transaction/, /noRows/);
      await unsupported(release.publish(), /transaction/, /noRows/);
      await release.reject();
      await unsupported(strict.check(), /transaction/, /noRows/);
      assert.equal(asked, false, "the check was run");
      assert.deepEqual(await picture(place, strict, "items"), before);
      const none = noRows("none above 5", template`SELECT * FROM ${sql.self} WHERE ${col("v")} > 5`);
      const etl = itemsPipeline(place, { warehouse, checks: [none] });
      assert.equal((await failure(etl.run(load(6, 9, 6)), "CHECKS_FAILED")).context.checks[0]?.observed, 4);
      await inPlaceStill(etl);
    },
  },
  {
    name: "where files of a format, or any, cannot be read, they are refused with the way by rows",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const formats = ["csv", "ndjson", "parquet"] as const;
      const { etl, unchanged } = await less(place, { files: [] });
      for (const format of formats)
        await unsupported(etl.run({ items: files(`nowhere.${format}`) }), new RegExp(format), /rows\(\)/);
      const { capabilities } = place.adapter;
      for (const format of formats) {
        const others = capabilities.files.filter((f) => f !== format);
        const without = itemsPipeline(place, { warehouse: narrowed(place.warehouse, { files: others }) });
        await unsupported(without.run({ items: files(`nowhere.${format}`) }), new RegExp(format), /rows\(\)/);
      }
      await unchanged();
      await inPlaceStill(etl);
    },
  },
  {
    name: "with one session at a time everything works, one call after the other",
    invariant: 5,
    also: [2, 4],
    skip: needs("blocks"),
    async run(place) {
      const { etl } = await less(place, { concurrentSessions: false });
      const reports = await Promise.all([etl.run(load(4, 8, 2)), etl.status(), etl.audit(), etl.check(), all(etl.history())]);
      assert.equal(reports[0].tables.items?.rows, 8);
      const release = await etl.begin();
      await release.load({ items: after(batch(8, 9, 3), 1, () => new Promise((resolve) => setImmediate(resolve))) });
      assert.equal((await release.validate()).ok, true);
      await release.publish();
      assert.equal((await all(etl.diff("items", { from: 1, to: 3 }))).length, 6);
      const abort = new AbortController();
      const stuck = after(batch(10, 11, 4), 1, () => abort.abort());
      await failure(etl.run({ items: stuck }, { signal: abort.signal }), "CANCELLED");
      const { clone, swap } = place.adapter.capabilities;
      if (clone !== "none" && swap !== "none") await etl.run(load(1, 10, 5), { strategy: "swap" });
      else await etl.run(load(1, 10, 5));
      await etl.rollback({ to: 1 });
      await etl.redo();
      assert.deepEqual(await etl.recover(), { settled: [], dropped: [] });
      assert.equal((await etl.status()).tallies.items?.rows, 10);
      await whole(etl);
    },
  },
];
