import assert from "node:assert/strict";
import { rowCount } from "../../check/checks.js";
import { rows } from "../../source/source.js";
import { ident, template } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import { later } from "../faults/later.js";
import { ledgerOf } from "../ledger.js";
import type { Place } from "../place.js";
import { type Hooks, hooked } from "./hooked.js";
import { needs } from "./needs.js";
import { all, batch, bothPipeline, col, contents, day, failure, itemsPipeline, litter, load, picture, whole } from "./world.js";

/** The release was opened by a process that is not this one. */
async function elsewhere(place: Place, release: number): Promise<void> {
  const journal = ident(ledgerOf(place).journal.path);
  const at = template`${col("pipeline")} = 'items' AND ${col("release")} = ${release} AND ${col("event")} = 'opened'`;
  const [row] = await place.query(template`SELECT ${col("payload")} FROM ${journal} WHERE ${at}`, { payload: "string" });
  const payload = String(row?.["payload"]).replace(/"process":"[^"]*"/, '"process":"elsewhere:1:1"');
  await place.execute(template`UPDATE ${journal} SET ${col("payload")} = ${payload} WHERE ${at}`);
}
/** Somebody who comes so many hours later. */
const after = (place: Place, hours: number) => itemsPipeline(place, { warehouse: later(place.warehouse, hours) });

async function candidateOf(p: ReturnType<typeof itemsPipeline>, release: number) {
  const found = await p.resume(release);
  if (found.strategy !== "swap") throw new Error(`release ${release} is in place`);
  return found;
}

export const approvalCases: readonly CaseDefinition[] = [
  {
    name: "a release in place goes on under every handle that resumes it, as one release",
    invariant: 2,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      const etl = bothPipeline(place);
      const other = bothPipeline(place);
      await etl.run({ items: rows(batch(1, 5, 1)), days: rows(day(1, ["s0", 1])) });
      const first = await etl.begin();
      await first.load({ items: rows(batch(4, 6, 2)) });
      const second = await other.resume(first.id);
      assert.deepEqual([second.strategy, second.id, second.state], ["in-place", first.id, "loaded"]);
      await second.load({ items: rows(batch(7, 7, 3)), days: rows(day(2, ["s0", 2])) });
      const { ok, digest } = await first.validate();
      assert.equal(ok, true);
      const third = await other.resume(first.id);
      const report = await third.publish({ expect: digest });
      assert.deepEqual([report.tables.items?.rows, report.tables.items?.watermark.after, report.tables.days?.rows], [7, "3", 2]);
      assert.deepEqual([report.tables.items?.inserted, report.tables.items?.updated], [2, 2]);
      for (const late of [() => first.publish(), () => second.load({}), () => other.resume(first.id)])
        assert.equal((await failure(late(), "NOT_OPEN")).context.state, "published");
      assert.deepEqual(await litter(place), [], "staged rows are left");
      await other.rollback();
      assert.equal((await failure(etl.resume(first.id), "NOT_OPEN")).context.state, "rolled-back");
      await whole(other);
    },
  },
  {
    name: "a candidate goes on under every handle that resumes it: loads, transforms, checks and watermark",
    invariant: 2,
    also: [4],
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = itemsPipeline(place, { checks: [rowCount({ min: 8 })] });
      const other = itemsPipeline(place, { checks: [rowCount({ min: 8 })] });
      await failure(etl.run(load(1, 5, 1)), "CHECKS_FAILED");
      const made = await etl.rebuild();
      await made.load(load(1, 8, 1));
      await made.swap();
      const first = await etl.clone();
      await first.load(load(8, 9, 2));
      const second = await candidateOf(other, first.id);
      await second.load(load(10, 10, 3));
      await second.transform(template`DELETE FROM ${second.refs.items} WHERE ${col("id")} = ${1n}`);
      assert.equal((await first.validate()).ok, true);
      const third = await candidateOf(other, first.id);
      assert.equal(third.state, "validated");
      const report = await third.swap();
      assert.deepEqual([report.tables.items?.rows, report.tables.items?.watermark.after], [9, "3"]);
      assert.deepEqual([report.tables.items?.inserted, report.tables.items?.updated], [2, 1]);
      assert.equal((await failure(first.swap(), "NOT_OPEN")).context.state, "published");
      const fourth = await etl.clone();
      const fifth = await other.resume(fourth.id);
      await fifth.reject("not wanted");
      const { context } = await failure(fourth.load(load(11, 11, 4)), "NOT_OPEN");
      assert.deepEqual([context.state, context.reason, fourth.state], ["rejected", "not wanted", "rejected"]);
      await etl.rollback();
      await whole(etl);
    },
  },
  {
    name: "a release of another process is resumed once it is held, and not before; one that the pipeline does not have never",
    invariant: 5,
    also: [7],
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      const bare = await etl.begin();
      await bare.load(load(6, 6, 2));
      await elsewhere(place, bare.id);
      // Where a process has the warehouse to itself, one that is not here is dead, and its release abandoned.
      const { code } = await failure(itemsPipeline(place).resume(bare.id), "NOT_HELD", "NOT_OPEN");
      assert.equal(code, place.adapter.capabilities.exclusiveProcess ? "NOT_OPEN" : "NOT_HELD");
      const release = await etl.begin();
      await release.load(load(6, 7, 2));
      const { digest } = await release.validate();
      await release.hold({ for: "2d" });
      await elsewhere(place, release.id);
      const other = itemsPipeline(place);
      await other.recover();
      const found = await other.resume(release.id);
      assert.equal((await found.publish({ expect: digest })).tables.items?.rows, 7);
      const { context } = await failure(other.resume(77), "NOT_FOUND");
      assert.deepEqual(context, { what: "release", name: "77", pipeline: "items" });
      await whole(other);
    },
  },
  {
    name: "a held release is left alone by disposal, recovery and runs, and holds nobody up; when its time is over it is abandoned, and told so",
    invariant: 7,
    also: [3],
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      const before = await picture(place, etl, "items");
      let id = 0;
      {
        await using release = await etl.begin();
        await release.load(load(6, 7, 2));
        await release.hold({ for: "48h" });
        assert.equal((await etl.status()).lease, null, "a hold keeps the lease");
        id = release.id;
      }
      await elsewhere(place, id);
      assert.deepEqual((await after(place, 40).recover()).settled, []);
      await after(place, 41).run(load(8, 8, 3));
      assert.deepEqual(
        (await etl.status()).open.map((r) => r.release),
        [id],
      );
      const kept = await etl.resume(id);
      assert.equal((await kept.validate()).ok, true);
      await kept.hold({ for: "50h" });
      await etl.rollback();
      const late = after(place, 51);
      const { code, message, context } = await failure(late.resume(id), "NOT_OPEN");
      assert.deepEqual([code, context.state], ["NOT_OPEN", "abandoned"]);
      assert.match(message, /its hold expired at \d{4}-\d\d-\d\dT/);
      assert.equal((await failure(kept.publish(), "NOT_OPEN")).context.state, "abandoned");
      assert.equal(kept.state, "abandoned");
      assert.deepEqual(await litter(place), [], "the abandoned release left staged rows");
      assert.deepEqual({ ...(await picture(place, etl, "items")), held: null }, before);
      const [latest] = (await all(etl.history())).filter((h) => h.release === id);
      assert.equal(latest?.state, "abandoned");
    },
  },
  {
    name: "publish with the digest that was approved publishes exactly that; anything else is refused, and nothing is changed",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place, { checks: [rowCount({ max: 9 })] });
      await etl.run(load(1, 5, 1));
      const release = await etl.begin();
      await release.load(load(5, 7, 2));
      const one = await release.validate();
      assert.equal((await release.validate()).digest, one.digest, "the same release has two digests");
      const before = await picture(place, etl, "items");
      await release.load(load(8, 8, 3));
      const two = await release.validate();
      assert.notEqual(two.digest, one.digest);
      const { context } = await failure(release.publish({ expect: one.digest }), "STALE_APPROVAL");
      assert.deepEqual([context.expected, context.found], [one.digest, two.digest]);
      assert.deepEqual(await picture(place, etl, "items"), before);
      // What was approved would not come out the same: another release has written since.
      await etl.run(load(6, 6, 1));
      const moved = await picture(place, etl, "items");
      await failure(release.publish({ expect: two.digest }), "STALE_APPROVAL");
      assert.deepEqual(await picture(place, etl, "items"), moved);
      const three = await release.validate();
      assert.equal((await release.publish({ expect: three.digest })).tables.items?.rows, 8);
      const bad = await etl.begin();
      await bad.load(load(1, 20, 4));
      assert.deepEqual(await bad.validate().then((v) => [v.ok, v.digest]), [false, ""]);
      await failure(bad.publish({ expect: "" }), "CONFIG");
      await failure(bad.publish({ expect: three.digest }), "CHECKS_FAILED");
      assert.equal(bad.state, "loaded");
      await bad.reject();
      await etl.rollback();
      await whole(etl);
    },
  },
  {
    name: "a candidate is swapped by the digest that was approved, and by no other",
    invariant: 3,
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      const before = await picture(place, etl, "items");
      const candidate = await etl.clone();
      await candidate.load(load(5, 7, 2));
      const { digest } = await candidate.validate();
      await candidate.transform(template`UPDATE ${candidate.refs.items} SET ${col("v")} = 3 WHERE ${col("id")} = 2`);
      await failure(candidate.swap({ expect: digest }), "STALE_APPROVAL");
      assert.deepEqual(await picture(place, etl, "items"), before);
      const again = await candidate.validate();
      assert.equal((await candidate.swap({ expect: again.digest })).tables.items?.rows, 7);
      await whole(etl);
    },
  },
  {
    name: "a candidate that live has left behind is rebased: what was loaded comes in again and transforms run again, on what live is now",
    invariant: 6,
    also: [2, 4],
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const hooks: Hooks = {};
      const etl = itemsPipeline(place, { warehouse: hooked(place.warehouse, hooks) });
      await etl.run(load(1, 5, 1));
      const candidate = await etl.clone();
      await candidate.load(load(5, 6, 2));
      await candidate.transform(
        template`UPDATE ${candidate.refs.items} SET ${col("v")} = ${col("v")} + ${100n}, ${col("name")} = ${"it's"} WHERE ${col("id")} < 7`,
      );
      await candidate.load(load(6, 7, 3));
      const stale = await candidate.validate();
      await etl.run(load(4, 9, 2));
      const one = await picture(place, etl, "items");
      const { context } = await failure(candidate.swap({ expect: stale.digest }), "STALE_CANDIDATE");
      assert.deepEqual([context.clonedFrom, context.live], [1, 3]);
      // Half-way: the transform fails, and so what the candidate holds is nobody's to publish.
      hooks.beforeStatement = (tag) => {
        if (tag.endsWith(" transform")) throw new Error("in the middle");
      };
      await assert.rejects(candidate.rebase());
      delete hooks.beforeStatement;
      for (const call of [() => candidate.swap(), () => candidate.validate(), () => candidate.load(load(8, 8, 4))])
        await failure(call(), "STALE_CANDIDATE");
      assert.deepEqual(await picture(place, etl, "items"), one);
      await candidate.hold({ for: "1d" });
      await elsewhere(place, candidate.id);
      const resumed = await candidateOf(itemsPipeline(place), candidate.id);
      await resumed.rebase();
      assert.equal(resumed.state, "loaded");
      const { ok, digest } = await resumed.validate();
      assert.deepEqual([ok, digest === stale.digest], [true, false]);
      const report = await resumed.swap({ expect: digest });
      assert.deepEqual([report.tables.items?.rows, report.tables.items?.watermark.after], [9, "3"]);
      const found = (await contents(place, "items"))?.rows.map((r) => [r[0], r[1] === "it's", r[2]]);
      const v = (id: number): bigint => (id < 4 ? 101n : id < 6 ? 102n : id < 8 ? 3n : 2n);
      assert.deepEqual(
        found,
        [1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => [BigInt(id), id < 6, v(id)]),
      );
      await etl.rollback();
      assert.deepEqual({ ...(await picture(place, etl, "items")), held: null }, one);
      await etl.redo();
      await whole(etl);
    },
  },
  {
    name: "a rebuilt candidate is rebased from nothing, and one whose rows were read beyond a watermark that was rolled back is refused",
    invariant: 6,
    also: [2],
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      await etl.run(load(6, 6, 2));
      const built = await etl.rebuild();
      await built.load(load(1, 3, 3));
      const cloned = await etl.clone();
      await cloned.load(load(7, 7, 3));
      await etl.rollback();
      await etl.unhold();
      const before = await picture(place, etl, "items");
      await failure(cloned.rebase(), "GAP");
      assert.equal(cloned.state, "loaded");
      await failure(cloned.swap(), "STALE_CANDIDATE");
      await cloned.reject();
      await built.rebase();
      assert.deepEqual(await picture(place, etl, "items"), before);
      const report = await built.swap();
      assert.deepEqual([report.tables.items?.rows, report.tables.items?.watermark.after], [3, "3"]);
      const left = (await litter(place)).filter((t) => !t.includes("_before_"));
      assert.deepEqual(left, [], "staged rows or candidates are left");
      await whole(etl);
    },
  },
  {
    name: "a candidate that was loaded from beyond where live has been read to is not swapped; several loads of one are rebased together",
    invariant: 2,
    also: [6],
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      const candidate = await etl.clone();
      // Live is read further, so the next load begins there; then that is taken back, and live is what was cloned again.
      await etl.run(load(6, 6, 3));
      await candidate.load(load(7, 7, 5));
      await etl.rollback();
      await etl.unhold();
      const before = await picture(place, etl, "items");
      await failure(candidate.swap(), "GAP");
      assert.deepEqual(await picture(place, etl, "items"), before);
      await candidate.reject();
      const again = await etl.clone();
      await again.load(load(7, 7, 5));
      await again.load(load(8, 8, 6));
      await etl.run(load(6, 6, 4));
      await again.rebase();
      const report = await again.swap();
      assert.deepEqual([report.tables.items?.rows, report.tables.items?.watermark.after], [8, "6"]);
      await whole(etl);
    },
  },
];
