import assert from "node:assert/strict";
import { rows } from "../../source/source.js";
import type { CaseDefinition } from "../case.js";
import type { Place } from "../place.js";
import { needs } from "./needs.js";
import {
  bothPipeline,
  contents,
  day,
  failure,
  type Item,
  itemsPipeline,
  load,
  picture,
  still,
  unsupported,
  whole,
} from "./world.js";

type Etl = ReturnType<typeof itemsPipeline>;
/** A queue of items: what it gave and was told of it may forget. Offsets are not the cursor. */
function queue(...offsets: readonly number[]) {
  const told: string[] = [];
  const seen: (string | undefined)[] = [];
  const source = (ack: (p: string) => Promise<void> = async (p) => void told.push(p)) =>
    rows(
      offsets.map((o): Item => ({ id: o, name: `q${o}`, v: o, seq: o })),
      { rewindable: false, position: (r) => `at ${r.id}`, ack },
    );
  const run = (etl: Etl, ack?: (p: string) => Promise<void>) =>
    etl.run(({ positions }) => {
      seen.push(positions["items"]);
      return { items: source(ack) };
    });
  return { told, seen, source, run };
}
const ids = async (place: Place) => (await contents(place, "items"))?.rows.map((r) => r[0]) ?? [];

/** Sources that give nothing twice. */
export const pendingCases: readonly CaseDefinition[] = [
  {
    name: "a source that cannot rewind is told how far it is published, once that is durable, and the next feed as well",
    invariant: 2,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      const first = queue(1, 2);
      const lives: unknown[] = [];
      await first.run(etl, async (p) => void lives.push([p, (await etl.status()).live, await ids(place)]));
      assert.deepEqual(lives, [["at 2", 1, [1n, 2n]]], "told before it was published, or not");
      const second = queue(3);
      const report = await second.run(etl, () => Promise.reject(new Error("the queue is down")));
      assert.deepEqual([report.status, report.warnings.map((w) => w.code)], ["published", ["ACK"]]);
      const third = queue();
      assert.equal((await third.run(etl)).status, "nothing-to-do");
      assert.deepEqual([third.told, third.seen], [["at 3"], ["at 3"]], "what the source was not told is not told again");
      const again = queue(3, 3);
      await again.run(etl);
      assert.deepEqual(again.told, ["at 3"], "rows that it gave again were not taken from it");
      const equal = rows([{ id: 3, name: "q3", v: 3, seq: 3 }], { rewindable: false, position: () => "at 4" });
      assert.equal((await etl.run({ items: equal })).status, "published", "rows that change nothing were read for nothing");
      await whole(etl);
    },
  },
  {
    name: "what a source that rewinds had read beyond a queue is read again after a rollback over both, and after a discard",
    invariant: 2,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      const again = (from: number, to: number, seq: number) => etl.run(load(from, to, seq));
      await again(1, 1, 1);
      await queue(5).run(etl);
      await again(6, 9, 9);
      await etl.rollback({ to: 1 });
      assert.equal((await etl.status()).watermarks.items, "5", "the watermark is not where the queue was read to");
      await etl.redo();
      assert.equal((await etl.status()).watermarks.items, "9");
      await etl.rollback({ to: 2 });
      await etl.rollback({ to: 1 });
      assert.equal((await etl.status()).watermarks.items, "5");
      await etl.discard();
      await etl.unhold();
      const since: unknown[] = [];
      await etl.run((ctx) => {
        since.push(ctx.since.items);
        return load(6, 9, 9);
      });
      assert.deepEqual(since, [5n], "rows of the source that rewinds are skipped");
      assert.deepEqual(await ids(place), [1n, 6n, 7n, 8n, 9n]);
      await whole(etl);
    },
  },
  {
    name: "a rollback leaves its changes pending: nothing is published, also after unhold, until a redo brings them back",
    invariant: 4,
    also: [2],
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await queue(1, 2).run(etl);
      await queue(2, 3).run(etl);
      const before = await picture(place, etl, "items");
      await etl.rollback();
      assert.deepEqual(await ids(place), [1n, 2n]);
      const { pending, watermarks } = await etl.status();
      assert.deepEqual([pending, watermarks.items], [[2], "3"], "how far the source was read moved back");
      const refused = async () => {
        for (const next of [() => queue(4).run(etl), () => etl.run(load(4, 4, 4)), () => etl.adopt()]) {
          const e = await failure(next(), "PENDING");
          assert.deepEqual(e.context.releases, [2]);
          assert.match(e.message, /redo\(\).*discard\(\)/);
        }
        await using release = await etl.begin();
        await release.load(load(4, 4, 4));
        await failure(release.publish(), "PENDING");
      };
      await refused();
      await etl.unhold();
      await refused();
      await etl.rollback();
      assert.deepEqual([await ids(place), (await etl.status()).pending], [[], [1, 2]], "the first load kept no images");
      await etl.redo();
      await etl.redo();
      assert.deepEqual(await still(place, etl, "items"), before);
      const next = queue(4);
      await next.run(etl);
      assert.deepEqual([next.seen, await ids(place)], [["at 3"], [1n, 2n, 3n, 4n]]);
      await whole(etl);
    },
  },
  {
    name: "what a source will not give again can be redone, also beside or above the first load of another table",
    invariant: 4,
    also: [2],
    skip: needs("blocks"),
    async run(place) {
      const etl = bothPipeline(place);
      const first = rows(day(1, ["s0", 1]));
      await etl.run({ days: first, items: queue(1, 2).source() });
      const before = [await picture(place, etl, "items"), await picture(place, etl, "days")];
      await etl.rollback();
      await etl.redo();
      assert.deepEqual([await still(place, etl, "items"), await still(place, etl, "days")], before);
      await etl.rollback();
      await etl.discard();
      await etl.run({ days: first });
      await etl.run({ items: queue(3, 4).source() });
      const { live, watermarks } = await etl.status();
      const stranded = () => etl.rollback({ to: 0 });
      await unsupported(stranded(), /first load/, /discard\(\)/);
      assert.deepEqual(await ids(place), [3n, 4n]);
      await etl.rollback();
      await unsupported(stranded(), /first load/, /discard\(\)/);
      await etl.redo();
      const now = await etl.status();
      assert.deepEqual([now.live, now.watermarks, await ids(place)], [live, watermarks, [3n, 4n]]);
      await whole(etl);
    },
  },
  {
    name: "discard gives pending changes up: the pipeline goes on from where the source was read",
    invariant: 2,
    also: [12],
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await queue(1, 2).run(etl);
      await queue(2, 3).run(etl);
      await etl.rollback({ to: 0 });
      await etl.discard();
      assert.deepEqual([(await etl.status()).pending, (await etl.status()).held], [[], null]);
      await failure(etl.redo(), "NOTHING_TO_REDO");
      await whole(etl);
      const next = queue(4);
      await next.run(etl);
      assert.deepEqual([next.seen, await ids(place), (await etl.status()).watermarks.items], [["at 3"], [4n], "4"]);
      await etl.discard();
      assert.equal((await etl.status()).live, 3, "without anything pending it did something");
      await etl.rollback();
      await etl.redo();
      assert.deepEqual(await ids(place), [4n]);
      await whole(etl);
    },
  },
  {
    name: "of several tables, those whose sources rewind go back with their watermarks, and wait with the others",
    invariant: 4,
    skip: needs("blocks"),
    async run(place) {
      const etl = bothPipeline(place);
      await etl.run({ ...load(1, 2, 1), days: rows(day(1, ["a", 1])) });
      await etl.run({ items: queue(5).source(), days: rows(day(2, ["b", 1])) });
      const before = await picture(place, etl, "items", "days");
      await etl.hold("somebody's own");
      await etl.rollback();
      assert.deepEqual((await etl.status()).watermarks, { items: "5", days: null });
      await failure(etl.run({ days: rows(day(3, ["c", 1])) }), "PENDING");
      await etl.redo();
      assert.deepEqual(await still(place, etl, "items", "days"), before);
      await etl.rollback();
      await etl.discard();
      assert.equal((await etl.status()).held, "somebody's own", "a hold of somebody's own was lifted");
      await etl.unhold();
      await etl.run({ days: rows(day(2, ["b", 1])) });
      await whole(etl);
    },
  },
  {
    name: "a source that cannot rewind is not read into a candidate, nor without a position",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      const bad = async (o: object, path: string) => {
        const e = await failure(etl.run({ items: rows([{ id: 1, v: 1, seq: 1 }], o) }), "CONFIG");
        assert.deepEqual(
          e.context.issues.map((i) => i.path),
          [`feed.items.${path}`],
        );
      };
      await bad({ rewindable: false }, "position");
      await bad({ ack: async () => undefined, position: () => 1 }, "ack");
      await bad({ rewindable: "no" }, "rewindable");
      await bad({ rewindable: false, position: 7 }, "position");
      assert.equal((await etl.status()).live, null);
      if (place.adapter.capabilities.swap === "none") return;
      await using candidate = await etl.rebuild();
      await unsupported(candidate.load({ items: queue(1).source() }), /cannot rewind/, /in place/);
    },
  },
  {
    name: "a sandbox consumes no source that cannot rewind",
    invariant: 8,
    skip: needs("blocks", "clones"),
    async run(place) {
      const etl = itemsPipeline(place);
      await queue(1).run(etl);
      await using box = await etl.sandbox({ ttl: "1h" });
      const next = queue(2);
      await unsupported(box.run({ items: next.source() }), /sandbox/, /rewindable: true/);
      assert.deepEqual(next.told, []);
    },
  },
];
