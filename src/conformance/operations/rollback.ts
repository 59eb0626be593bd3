import assert from "node:assert/strict";
import { rows } from "../../source/source.js";
import { raw, template } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import type { Place } from "../place.js";
import { needs } from "./needs.js";
import {
  bothPipeline,
  cells,
  col,
  contents,
  day,
  daysPipeline,
  failure,
  itemsPipeline,
  litter,
  load,
  still,
  whole,
} from "./world.js";

type Picture = Awaited<ReturnType<typeof still>>;
type Items = ReturnType<typeof itemsPipeline>;

/** Goes to each state in turn: what is there then must be what was there when it was live. */
async function tour(
  place: Place,
  etl: Items,
  states: readonly Picture[],
  moves: readonly (readonly [to: number, by: () => Promise<unknown>])[],
) {
  for (const [n, [to, by]] of moves.entries()) {
    await by();
    assert.deepEqual(await still(place, etl, "items"), states[to], `move ${n + 1}: not bit for bit what release ${to + 1} was`);
    await whole(etl);
  }
}
const note = (place: Place) => template`${col("note")} ${raw(place.adapter.syntax.type("string"))}`;

export const rollbackCases: readonly CaseDefinition[] = [
  {
    name: "rollback over several releases in place restores rows, schema and watermark bit for bit, and redo brings them back",
    invariant: 4,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place, { keep: 10 });
      const states: Picture[] = [];
      for (const feed of [load(1, 20, 1), load(11, 30, 2), load(5, 12, 3), load(31, 31, 4)]) {
        await etl.run(feed);
        states.push(await still(place, etl, "items"));
      }
      const report = await etl.rollback({ dryRun: true, to: 1 });
      assert.deepEqual([report.from, report.to, report.tables["items"]?.watermark], [4, 1, { before: "4", after: "1" }]);
      await tour(place, etl, states, [
        [2, () => etl.rollback()],
        [0, () => etl.rollback({ to: 1 })],
        [2, () => etl.redo()],
        [3, () => etl.redo()],
        [1, () => etl.rollback({ to: 2 })],
        [0, () => etl.rollback()],
        [1, () => etl.redo()],
        [3, () => etl.redo()],
      ]);
      await failure(etl.redo(), "NOTHING_TO_REDO");
      assert.equal((await etl.status()).held, null, "the last redo did not lift the hold");
    },
  },
  {
    name: "rollback restores rows without a key, as often as they were there",
    invariant: 4,
    skip: needs("blocks"),
    async run(place) {
      const etl = daysPipeline(place);
      await etl.run({ days: rows([...day(1, ["a", 1], ["a", 1], ["a", 1], ["b", 2]), ...day(2, ["c", 3])]) });
      const one = await still(place, etl, "days");
      await etl.run({ days: rows([...day(1, ["a", 1], ["b", 2], ["b", 2]), ...day(3, ["d", 4], ["d", 4])]) });
      const two = await still(place, etl, "days");
      await etl.rollback();
      assert.deepEqual(await still(place, etl, "days"), one);
      await etl.redo();
      assert.deepEqual(await still(place, etl, "days"), two);
      await whole(etl);
    },
  },
  {
    name: "rollback and redo go over swaps and changed columns as over releases in place, whatever their mix",
    invariant: 4,
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = itemsPipeline(place, { keep: 10 });
      const states: Picture[] = [];
      const released = async (by: () => Promise<unknown>): Promise<void> => {
        await by();
        states.push(await still(place, etl, "items"));
      };
      await released(() => etl.run(load(1, 10, 1)));
      await released(() => etl.run(load(6, 15, 2)));
      await released(async () => {
        const candidate = await etl.clone();
        await candidate.transform(template`ALTER TABLE ${candidate.refs.items} ADD COLUMN ${note(place)}`);
        await candidate.transform(template`UPDATE ${candidate.refs.items} SET ${col("note")} = 'noted' WHERE ${col("id")} < 4`);
        await candidate.load(load(1, 3, 3));
        await candidate.swap();
      });
      await released(() => etl.run(load(14, 20, 4)));
      await released(async () => {
        const candidate = await etl.rebuild();
        await candidate.load(load(3, 6, 5));
        await candidate.swap();
      });
      await released(() => etl.run(load(6, 8, 6)));
      await tour(place, etl, states, [
        [4, () => etl.rollback()],
        [3, () => etl.rollback()],
        [0, () => etl.rollback({ to: 1 })],
        [3, () => etl.redo()],
        [4, () => etl.redo()],
        [5, () => etl.redo()],
        [0, () => etl.rollback({ to: 1 })],
        [5, () => etl.redo()],
        [2, () => etl.rollback({ to: 3 })],
      ]);
      await etl.recover();
      await tour(place, etl, states, [[5, () => etl.redo()]]);
    },
  },
  {
    name: "after a rollback the pipeline is on hold; a new run after unhold converges to what would have been",
    invariant: 4,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 10, 1));
      await etl.run(load(5, 15, 2));
      const wanted = await contents(place, "items");
      await etl.rollback();
      const held = await failure(etl.run(load(5, 15, 2)), "HELD");
      assert.equal(held.context.reason, (await etl.status()).held);
      const waiting = await etl.begin();
      await waiting.load(load(5, 15, 2));
      await failure(waiting.publish(), "HELD");
      await etl.unhold();
      assert.equal((await waiting.publish()).release, waiting.id);
      assert.deepEqual(await contents(place, "items"), wanted, "the new release is another than the one rolled back");
      await failure(etl.redo(), "NOTHING_TO_REDO");
      assert.equal((await etl.status()).watermarks.items, "2");
      await whole(etl);
    },
  },
  {
    name: "rollback of a first load empties the table and forgets the watermark; it is run again, not redone",
    invariant: 4,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 10, 1));
      const one = await contents(place, "items");
      const { from, to } = await etl.rollback();
      assert.deepEqual([from, to, (await contents(place, "items"))?.rows], [1, 0, []]);
      const { live, watermarks } = await etl.status();
      assert.deepEqual([live, watermarks.items], [null, null]);
      await failure(etl.redo(), "NOTHING_TO_REDO");
      await failure(etl.rollback(), "NOT_FOUND");
      await etl.unhold();
      await etl.run(({ since }) => {
        assert.equal(since.items, undefined, "the watermark of the first load is still there");
        return load(1, 10, 1);
      });
      assert.deepEqual(await contents(place, "items"), one);
      await whole(etl);
    },
  },
  {
    name: "releases that touch different tables roll back by table",
    invariant: 4,
    skip: needs("blocks"),
    async run(place) {
      const etl = bothPipeline(place, { keep: 10 });
      await etl.run(load(1, 5, 1));
      await etl.run({ days: rows(day(1, ...cells(3))) });
      const two = await still(place, etl, "items", "days");
      await etl.run({ ...load(3, 8, 2), days: rows(day(2, ...cells(2))) });
      await etl.run({ days: rows(day(1, ...cells(2, 9))) });
      const four = await still(place, etl, "items", "days");
      await etl.rollback({ to: 2 });
      assert.deepEqual(await still(place, etl, "items", "days"), two);
      await etl.redo();
      assert.deepEqual(await still(place, etl, "items", "days"), four);
      await whole(etl);
    },
  },
  {
    name: "a table that began as a candidate has nothing to go back to, and is not dropped",
    invariant: 4,
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = itemsPipeline(place);
      assert.equal((await etl.run(load(1, 5, 1), { strategy: "swap" })).status, "published");
      const before = await still(place, etl, "items");
      const e = await failure(etl.rollback(), "UNSUPPORTED");
      assert.ok(e.context.alternative.length > 0);
      assert.deepEqual(await still(place, etl, "items"), before);
      await etl.run(load(4, 7, 2), { strategy: "swap" });
      await etl.rollback();
      assert.deepEqual(await still(place, etl, "items"), before);
      assert.equal((await litter(place)).length, 1, "the version that redo needs is not the only table beside live");
    },
  },
];
