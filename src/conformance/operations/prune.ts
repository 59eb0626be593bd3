import assert from "node:assert/strict";
import { notNull, rowCount } from "../../check/checks.js";
import { besideLive } from "../../ledger/names.js";
import { tableKey } from "../../ledger/portable.js";
import { ident, template } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import { shapes } from "../columns.js";
import { allTables, ledgerOf } from "../ledger.js";
import type { Place } from "../place.js";
import { needs } from "./needs.js";
import { after, all, batch, col, failure, itemsPipeline, litter, live, load, picture, still, whole } from "./world.js";

/** The events of a pipeline in the journal, oldest first. */
async function journal(place: Place, pipeline = "items"): Promise<readonly string[]> {
  const rows = await place.query(
    template`SELECT ${col("seq")}, ${col("event")} FROM ${ident(ledgerOf(place).journal.path)} WHERE ${col("pipeline")} = ${pipeline}`,
    { seq: "int64", event: "string" },
  );
  return rows.toSorted((a, b) => Number(a["seq"]) - Number(b["seq"])).map((r) => String(r["event"]));
}
/** Years pass: what the engine's own history could still tell is over. */
async function age(place: Place, pipeline = "items"): Promise<void> {
  const past = { value: 0n, type: "timestamp" as const };
  await place.execute(
    template`UPDATE ${ident(ledgerOf(place).journal.path)} SET ${col("recorded_at")} = ${past} WHERE ${col("pipeline")} = ${pipeline}`,
  );
}

export const pruneCases: readonly CaseDefinition[] = [
  {
    name: "prune leaves the journal of kept releases and a snapshot; rows, history, rollback and redo are what they were",
    invariant: 12,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place, { keep: 2 });
      assert.deepEqual(await etl.prune(), { removed: [] }, "there was nothing to prune");
      for (let v = 1; v <= 6; v++) await etl.run(load(v, v + 5, v), { note: `load ${v}` });
      await failure(etl.run({ items: load(1, 1, null as never).items }), "BAD_ROW");
      await etl.hold("by hand");
      await etl.unhold();
      await age(place);
      const before = [await picture(place, etl, "items"), await all(etl.history())];
      const told = await etl.prune({ dryRun: true });
      assert.deepEqual([await picture(place, etl, "items"), await all(etl.history())], before, "a dry run changed something");
      assert.ok(
        told.removed.some((t) => t.includes("journal")),
        `the dry run tells of no event: ${told.removed.join("; ")}`,
      );
      assert.equal((await journal(place)).length, 8, "a dry run compacted the journal");
      assert.deepEqual(await etl.prune(), told, "the dry run told something else");
      assert.deepEqual([await picture(place, etl, "items"), await all(etl.history())], before, "prune() changed what is told");
      assert.deepEqual(await journal(place), [...Array(4).fill("summary"), "published", "published", "snapshot"]);
      assert.deepEqual(await etl.prune(), { removed: [] }, "a second prune() finds more");
      const six = await still(place, etl, "items");
      await etl.rollback({ to: 4 });
      await age(place);
      await etl.prune();
      assert.deepEqual(
        (await all(etl.history())).map((h) => h.state),
        ["rolled-back", "rolled-back", "published", "published", "published", "published"],
      );
      await etl.redo();
      assert.deepEqual(await still(place, etl, "items"), six, "prune() took away what redo needs");
      await failure(etl.rollback({ to: 3 }), "RETENTION_PASSED");
      assert.equal((await etl.run(load(9, 12, 7))).release, 7);
      await whole(etl);
    },
  },
  {
    name: "a key that was published long ago is still known after prune, and one that was rolled back is free",
    invariant: 2,
    also: [12],
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place, { keep: 1, checks: [notNull("id"), rowCount({ min: 9 }, { severity: "warn" })] });
      const first = await etl.run(load(1, 5, 1), { idempotencyKey: "it's 1" });
      await etl.run(load(4, 7, 2), { idempotencyKey: "two" });
      await etl.rollback();
      await etl.unhold();
      for (let v = 3; v <= 4; v++) await etl.run(load(v, v + 5, v));
      await age(place);
      await etl.prune();
      const again = await etl.run(load(1, 9, 9), { idempotencyKey: "it's 1" });
      assert.deepEqual(
        [again.status, again.release, again.strategy, again.tables],
        ["already-published", 1, "in-place", first.tables],
      );
      assert.deepEqual([again.checks, again.warnings], [first.checks, []]);
      assert.equal((await etl.run(load(1, 9, 9), { idempotencyKey: "two" })).status, "published");
    },
  },
  {
    name: "prune removes what belongs to nothing and images beyond the retention, and spares open releases and what is not its own",
    invariant: 12,
    also: [7, 8],
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place, { keep: 3 });
      for (let v = 1; v <= 5; v++) await etl.run(load(1, 5, v));
      const release = await etl.begin();
      await release.load(load(6, 7, 6));
      const columns = shapes(place.adapter, { id: "int64" });
      await place.create(place.at("_cutover_items_mine"), columns);
      const there = await allTables(place);
      const orphans = [ledgerOf(place).delta("nothing", 77, "0r"), besideLive(place.folded("items").path, "candidate", 77)];
      for (const ref of orphans) await place.create(ref, columns);
      const names = orphans.map((o) => o.path.join("."));
      const { removed } = await etl.prune({ dryRun: true });
      assert.deepEqual(removed.slice(0, 2).toSorted(), names.toSorted());
      assert.ok(
        removed.some((r) => /^\d+ images /.test(r)),
        `no images beyond the retention are told: ${removed.join("; ")}`,
      );
      assert.deepEqual(await etl.prune(), { removed });
      assert.deepEqual(await allTables(place), there, "prune() dropped what is needed, or left what is not");
      assert.equal((await release.publish()).tables.items?.rows, 7);
      await etl.rollback({ to: 3 });
      assert.deepEqual(await litter(place), [place.at("_cutover_items_mine").path.join(".")]);
      await whole(etl);
    },
  },
  {
    name: "prune spares what a rollback overwrote of others, and an approval that waits for its people",
    invariant: 6,
    also: [12],
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place, { keep: 2 });
      for (let v = 1; v <= 3; v++) await etl.run(load(1, 3, v));
      await place.execute(template`UPDATE ${live(place)} SET ${col("v")} = 99 WHERE ${col("id")} = 2`);
      await etl.rollback({ onDrift: "overwrite" });
      const { path } = place.folded("items");
      const { capabilities } = place.adapter;
      const names = ledgerOf(place);
      const view = names.changesView(tableKey(path, names.database, capabilities.identifiers.caseSensitive), path.at(-1) ?? "");
      const theirs = async () =>
        (await place.query(template`SELECT ${col("v")} FROM ${ident(view.path)} WHERE ${col("v")} = 99`, { v: "int64" })).length;
      assert.equal(await theirs(), 1, "what was overwritten is not kept");
      const release = await etl.begin();
      await release.load(load(7, 7, 7));
      await release.hold({ for: "1h" });
      await age(place);
      await etl.prune();
      assert.equal(await theirs(), 1, "prune() took away what a rollback had overwritten");
      await etl.unhold();
      const resumed = await etl.resume(release.id);
      assert.equal((await resumed.validate()).ok, true);
      assert.equal(resumed.strategy === "in-place" ? (await resumed.publish()).tables.items?.rows : 0, 4);
      await whole(etl);
    },
  },
  {
    name: "prune beside a running release is refused and changes nothing; a release after a prune beside it goes on",
    invariant: 5,
    also: [12],
    skip: needs("blocks", "sessions"),
    async run(place) {
      const etl = itemsPipeline(place, { keep: 1 });
      const other = itemsPipeline(place, { keep: 1 });
      for (let v = 1; v <= 3; v++) await etl.run(load(1, 5, v));
      await age(place);
      const events = await journal(place);
      const slow = after(batch(6, 9, 4), 2, async () => {
        await failure(other.prune(), "LEASE_HELD");
        assert.deepEqual(await journal(place), events);
      });
      assert.equal((await etl.run({ items: slow })).status, "published");
      await age(place);
      await other.prune();
      assert.equal((await etl.run(load(6, 9, 5))).status, "published");
      await whole(etl);
    },
  },
];
