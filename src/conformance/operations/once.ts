import assert from "node:assert/strict";
import { rows } from "../../source/source.js";
import { table } from "../../table/define.js";
import type { CaseDefinition } from "../case.js";
import { sorted } from "../place.js";
import { needs } from "./needs.js";
import { after, batch, bothPipeline, day, failure, itemsPipeline, litter, load, picture, still, whole } from "./world.js";

/** Every source row is in live once, and the watermark says so. */
export const onceCases: readonly CaseDefinition[] = [
  {
    name: "a run publishes what its source gives, with the watermark; a repeat adds nothing",
    invariant: 2,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      const seen: unknown[] = [];
      const run = (to: number, v: number) =>
        etl.run(({ since }) => {
          seen.push(since.items);
          return load(1, to, v);
        });
      const first = await run(10, 5);
      assert.equal(first.status, "published");
      assert.deepEqual(first.tables.items?.watermark, { before: null, after: "5" });
      const one = await picture(place, etl, "items");
      assert.deepEqual(
        (one.found["items"] as { rows: unknown } | null)?.rows,
        sorted(batch(1, 10, 5).map((r) => [BigInt(r.id), r.name, 5n, 5n])),
        "live does not hold the rows of the source",
      );
      const again = await run(10, 5);
      assert.deepEqual([again.status, again.release], ["nothing-to-do", first.release]);
      assert.deepEqual(await picture(place, etl, "items"), one, "a repeated run changed something");
      assert.equal((await run(12, 6)).release, first.release + 1, "what had nothing to do used up a release");
      assert.deepEqual(seen, [undefined, 5n, 5n], "the feed was not asked from the watermark on");
      assert.equal((await etl.status()).watermarks.items, "6");
      assert.deepEqual(await litter(place), [], "staged rows are left");
      await whole(etl);
    },
  },
  {
    name: "a source that throws anywhere changes nothing, and the repeated run loads every row once",
    invariant: 2,
    also: [3],
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 20, 1));
      const before = await picture(place, etl, "items");
      const cause = new Error("the source is down");
      for (const n of [0, 1, 19, 20]) {
        const broken = after(batch(11, 30, 2), n, () => Promise.reject(cause));
        const e = await failure(etl.run({ items: broken }), "SOURCE");
        assert.equal(e.cause, cause);
        assert.deepEqual(await picture(place, etl, "items"), before, `a source that threw after ${n} rows changed something`);
      }
      const report = await etl.run(load(11, 30, 2));
      assert.deepEqual([report.release, report.tables.items?.updated, report.tables.items?.inserted], [2, 10, 10]);
      assert.deepEqual(await litter(place), [], "staged rows are left");
      await whole(etl);
    },
  },
  {
    name: "a lookback is read again: late rows come in, known ones change nothing, and the watermark never moves back",
    invariant: 2,
    skip: needs("blocks"),
    async run(place) {
      const items = table("items", {
        columns: { id: "int64", v: "int64", seq: "int64" },
        key: "id",
        cursor: "seq",
        lookback: 10,
      });
      const etl = place.pipeline({ pipeline: "items", tables: { items } });
      await etl.run({ items: rows([100, 105, 110].map((seq) => ({ id: seq, v: 1, seq }))) });
      const report = await etl.run(({ since }) => {
        assert.equal(since.items, 100n, "since is not the watermark less the lookback");
        return { items: rows([100, 103, 105, 110].map((seq) => ({ id: seq, v: 1, seq }))) };
      });
      assert.deepEqual(report.tables.items?.watermark, { before: "110", after: "110" });
      assert.deepEqual([report.tables.items?.inserted, report.tables.items?.unchanged], [1, 3]);
      await whole(etl);
    },
  },
  {
    name: "several tables of a release move together or not at all",
    invariant: 2,
    also: [3],
    skip: needs("blocks"),
    async run(place) {
      const etl = bothPipeline(place);
      await etl.run({ ...load(1, 5, 1), days: rows(day(1, ["a", 1])) });
      const before = await picture(place, etl, "items", "days");
      const broken = after(day(2, ["b", 2]), 1, () => Promise.reject(new Error("no more")));
      await failure(etl.run({ ...load(1, 9, 2), days: broken }), "SOURCE");
      assert.deepEqual(await picture(place, etl, "items", "days"), before, "one table moved without the other");
      const report = await etl.run({ ...load(1, 9, 2), days: rows(day(2, ["b", 2])) });
      assert.deepEqual([report.release, report.tables.items?.rows, report.tables.days?.rows], [2, 9, 2]);
      await etl.rollback();
      assert.deepEqual(await still(place, etl, "items", "days"), before, "one table went back without the other");
      await whole(etl);
    },
  },
  {
    name: "an idempotency key publishes once; a rollback gives it back, a redo takes it again",
    invariant: 2,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      const eve = () => etl.run(load(1, 2, 1), { idempotencyKey: "2000-12-31" });
      await eve();
      const run = () => etl.run(load(1, 5, 2), { idempotencyKey: "2001-01-01", note: "once" });
      const first = await run();
      assert.equal(first.status, "published", "another key was taken for this one");
      await etl.run(load(6, 7, 3));
      assert.deepEqual(await run(), { ...first, status: "already-published", stages: [], warnings: [] });
      await etl.rollback({ to: 1 });
      await etl.redo();
      assert.equal((await run()).status, "already-published", "the redo did not take the key again");
      await etl.rollback({ to: 1 });
      await etl.unhold();
      assert.equal((await eve()).release, 1, "the rollback gave back a key of an earlier release");
      assert.equal((await run()).status, "published", "the rollback did not give the key back");
      await whole(etl);
    },
  },
  {
    name: "a load of several batches arrives whole, by its first release and by the next",
    invariant: 2,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      const first = await etl.run(load(1, 25_000, 1));
      assert.equal(first.tables.items?.rows, 25_000, "rows of the first load are missing");
      const { items } = (await etl.run(load(12_345, 40_000, 2))).tables;
      assert.deepEqual([items?.updated, items?.inserted, items?.rows], [12_656, 15_000, 40_000], "rows of the load are missing");
      await etl.rollback();
      await whole(etl);
    },
  },
  {
    name: "rows read from a watermark that a rollback took back are refused",
    invariant: 2,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      await etl.run(load(6, 9, 3));
      const release = await etl.begin();
      await release.load(load(10, 12, 4));
      await etl.rollback();
      await etl.unhold();
      const before = await picture(place, etl, "items");
      const e = await failure(release.publish(), "GAP");
      assert.deepEqual([e.context.watermark, e.context.from], ["1", "3"]);
      assert.deepEqual(await picture(place, etl, "items"), before);
      await etl.redo();
      assert.equal((await release.publish()).status, "published", "the redo brought its watermark back");
      await whole(etl);
    },
  },
];
