import assert from "node:assert/strict";
import { besideLive } from "../../ledger/names.js";
import { ident, template } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import { shapes } from "../columns.js";
import { allTables, expire, ledgerOf } from "../ledger.js";
import type { Place } from "../place.js";
import { needs } from "./needs.js";
import { after, all, batch, col, failure, itemsPipeline, litter, load, picture, whole } from "./world.js";

const nothing = { settled: [], dropped: [] };
/** Nobody will continue this release: its grace is over. */
async function forsake(place: Place, release: number): Promise<void> {
  const journal = ident(ledgerOf(place).journal.path);
  const at = template`${col("pipeline")} = 'items' AND ${col("release")} = ${release}`;
  const events = await place.query(template`SELECT ${col("seq")}, ${col("payload")} FROM ${journal} WHERE ${at}`, {
    seq: "int64",
    payload: "string",
  });
  for (const e of events) {
    const payload = String(e["payload"]).replace(/"until":"[^"]*"/, '"until":"2001-01-01T00:00:00.000Z"');
    await place.execute(
      template`UPDATE ${journal} SET ${col("payload")} = ${payload} WHERE ${at} AND ${col("seq")} = ${Number(e["seq"])}`,
    );
  }
}

export const recoverCases: readonly CaseDefinition[] = [
  {
    name: "recover has nothing to do where there is no ledger, and where nothing was interrupted",
    invariant: 7,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      assert.deepEqual(await etl.recover(), nothing);
      await etl.run(load(1, 5, 1));
      await etl.run(load(4, 9, 2));
      const before = [await picture(place, etl, "items"), await allTables(place)];
      assert.deepEqual(await etl.recover(), nothing);
      assert.deepEqual([await picture(place, etl, "items"), await allTables(place)], before, "recover() changed something");
      await etl.rollback();
      await etl.recover();
      await etl.redo();
      assert.deepEqual(await picture(place, etl, "items"), before[0], "recover() took away what redo needs");
    },
  },
  {
    name: "recover closes a release that nobody will continue, and its handle says NOT_OPEN",
    invariant: 7,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      const before = await picture(place, etl, "items");
      const release = await etl.begin();
      await release.load(load(6, 7, 2));
      await forsake(place, release.id);
      const { settled, dropped } = await etl.recover();
      assert.deepEqual(settled, [{ release: release.id, as: "not-published" }]);
      assert.ok(dropped.length > 0, "the staged rows were not dropped");
      await failure(release.publish(), "NOT_OPEN");
      assert.equal(release.state, "abandoned");
      assert.deepEqual(await litter(place), [], "staged rows are left");
      assert.deepEqual(await picture(place, etl, "items"), before);
      assert.deepEqual(
        (await all(etl.history())).map((h) => h.state),
        ["abandoned", "published"],
      );
      assert.deepEqual(await etl.recover(), nothing, "a second recovery finds more");
    },
  },
  {
    name: "recover drops tables that belong to nothing, and spares what is held, what is kept and what is not its own",
    invariant: 7,
    also: [8, 12],
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      await etl.run(load(4, 6, 2), { strategy: "swap" });
      const release = await etl.begin();
      await release.load(load(6, 7, 3));
      const candidate = await etl.clone();
      await candidate.load(load(8, 9, 3));
      const columns = shapes(place.adapter, { id: "int64" });
      for (const name of ["_cutover_items_mine", "items_copy", "other"]) await place.create(place.at(name), columns);
      const { path } = place.folded("items");
      const orphans = [
        ledgerOf(place).delta("nothing", 77, "0r"),
        besideLive(path, "candidate", 77),
        besideLive(path, "before", 78),
        besideLive(path, "undone", 79),
      ];
      const there = await allTables(place);
      for (const ref of orphans) await place.create(ref, columns);
      const { settled, dropped } = await etl.recover();
      assert.deepEqual([settled, [...dropped].sort()], [[], orphans.map((o) => o.path.join(".")).sort()]);
      assert.deepEqual(await allTables(place), there, "recover() dropped what is needed, or left what is not");
      assert.equal((await candidate.swap()).tables.items?.rows, 8);
      assert.equal((await release.publish()).tables.items?.rows, 9);
      await etl.rollback({ to: 1 });
      await whole(etl);
    },
  },
  {
    name: "an owner who fell silent is told by the next, who settles what is left and goes on",
    invariant: 7,
    also: [2, 5],
    skip: needs("blocks", "sessions"),
    async run(place) {
      const silent = itemsPipeline(place);
      const next = itemsPipeline(place);
      await next.run(load(1, 5, 1));
      let report: Awaited<ReturnType<typeof next.run>> | undefined;
      const stuck = after(batch(6, 9, 2), 2, async () => {
        await expire(place);
        report = await next.run(load(6, 9, 2));
      });
      await failure(silent.run({ items: stuck }), "LEASE_LOST");
      assert.deepEqual(
        report?.warnings.map((w) => w.code),
        ["TOOK_OVER"],
      );
      assert.equal(report?.tables.items?.rows, 9);
      await next.recover();
      assert.deepEqual(await litter(place), [], "the silent owner's staged rows are left");
      await whole(next);
    },
  },
];
