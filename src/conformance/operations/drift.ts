import assert from "node:assert/strict";
import { rowCount, unique } from "../../check/checks.js";
import { template } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import { calm, type Place } from "../place.js";
import { needs } from "./needs.js";
import { col, contents, failure, intrude, itemsPipeline, litter, live, load, picture, whole } from "./world.js";

const foreign: readonly (readonly [what: string, write: (place: Place) => Promise<unknown>])[] = [
  ["inserted", (place) => intrude(place)],
  ["updated", (place) => place.execute(template`UPDATE ${live(place)} SET ${col("v")} = 99 WHERE ${col("id")} = 2`)],
  ["deleted", (place) => place.execute(template`DELETE FROM ${live(place)} WHERE ${col("id")} = 2`)],
];
const ids = async (place: Place) => ((await contents(place, "items"))?.rows ?? []).map((r) => Number(r[0])).sort((a, b) => a - b);

const refusesSwap = ([what, write]: (typeof foreign)[number]): CaseDefinition => ({
  name: `a swap over rows that others ${what} is refused, and adopt is the way out`,
  invariant: 6,
  skip: needs("blocks", "candidates", "clones"),
  async run(place) {
    const etl = itemsPipeline(place);
    await etl.run(load(1, 10, 1));
    const candidate = await etl.clone();
    await candidate.load(load(11, 12, 3));
    await write(place);
    const before = await picture(place, etl, "items");
    const e = await failure(candidate.swap(), "DRIFTED");
    assert.equal(e.context.expected.rows, 10);
    assert.notDeepEqual(e.context.found, e.context.expected);
    assert.deepEqual(await picture(place, etl, "items"), before, "a refused swap changed something");
    await candidate.reject();
    await etl.adopt();
    const again = await etl.clone();
    await again.load(load(11, 12, 3));
    assert.equal((await again.swap()).status, "published");
    await whole(etl);
  },
});
const refusesRollback = ([what, write]: (typeof foreign)[number]): CaseDefinition => ({
  name: `a rollback over rows that others ${what} ${what === "inserted" ? "keeps them" : "is refused, and nothing is changed"}`,
  invariant: 6,
  also: [4],
  skip: needs("blocks"),
  async run(place) {
    const etl = itemsPipeline(place);
    await etl.run(load(1, 10, 1));
    await etl.run(load(1, 5, 2));
    await write(place);
    const before = await picture(place, etl, "items");
    assert.equal((await etl.audit()).ok, false, "audit() does not find what others wrote");
    if (what === "inserted") {
      await etl.rollback();
      assert.deepEqual(await ids(place), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 900]);
      return;
    }
    const e = await failure(etl.rollback(), "DRIFTED");
    assert.equal(e.context.table, "items");
    assert.notDeepEqual(e.context.found, e.context.expected);
    assert.deepEqual(await picture(place, etl, "items"), before, "a refused rollback changed something");
    await etl.adopt();
    await whole(etl);
    await failure(etl.rollback(), "RETENTION_PASSED");
  },
});

export const driftCases: readonly CaseDefinition[] = [
  ...foreign.map(refusesSwap),
  ...foreign.map(refusesRollback),
  {
    name: "a candidate of a version that is no longer live is refused, by clone or from scratch, after a run, a rollback and a baseline",
    invariant: 6,
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 10, 1));
      const moved = [
        () => etl.run(load(20, 21, 2)),
        async () => {
          await etl.rollback();
          await etl.unhold();
        },
        () => etl.adopt(),
      ];
      for (const [i, move] of moved.entries()) {
        const candidate = await (i % 2 === 0 ? etl.clone() : etl.rebuild());
        await candidate.load(load(11, 12, 3));
        await move();
        const before = await picture(place, etl, "items");
        const e = await failure(candidate.swap(), "STALE_CANDIDATE");
        assert.equal(e.context.live, (await etl.status()).live ?? 0);
        assert.deepEqual(await picture(place, etl, "items"), before, "a refused swap changed something");
        await candidate.reject();
      }
      assert.deepEqual(await litter(place), [], "refused candidates are left");
      await whole(etl);
    },
  },
  {
    name: "rows that others inserted or deleted before a run are kept and told, all is read again, and the books agree",
    invariant: 6,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place, { checks: [unique("id"), rowCount({ min: 1 })] });
      await etl.run(load(1, 10, 1));
      await etl.run(load(1, 1, 2));
      await intrude(place);
      const report = await etl.run(load(8, 12, 3));
      assert.deepEqual(
        [report.warnings.map((w) => w.code), report.checks.map((c) => c.trust)],
        [["FOREIGN_WRITES"], ["scan", "scan"]],
      );
      assert.deepEqual([report.tables.items?.rows, report.tables.items?.inserted, report.tables.items?.updated], [13, 2, 3]);
      await whole(etl);
      assert.deepEqual((await etl.run(load(13, 13, 4))).warnings, [], "what was told once is told again");
      await place.execute(template`DELETE FROM ${live(place)} WHERE ${col("id")} = 3`);
      assert.deepEqual(
        (await etl.run(load(14, 14, 5))).warnings.map((w) => w.code),
        ["FOREIGN_WRITES"],
      );
      assert.ok(!(await ids(place)).includes(3), "a row that others deleted is there again");
      await whole(etl);
      await etl.rollback();
      await etl.rollback();
      await etl.rollback();
      assert.ok((await ids(place)).includes(900), "the rollbacks took away a row of others");
    },
  },
  {
    name: "the rollback of a first load does not destroy what others wrote since",
    invariant: 6,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 3, 1));
      await intrude(place);
      const before = await picture(place, etl, "items");
      await failure(etl.rollback(), "DRIFTED");
      assert.deepEqual(await picture(place, etl, "items"), before);
    },
  },
  {
    name: "the rollback of a swap keeps what others wrote since, in live or in the version that leaves",
    invariant: 6,
    also: [4],
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 3, 1));
      await etl.run(load(4, 5, 2), { strategy: "swap" });
      await intrude(place);
      const before = await picture(place, etl, "items");
      const failed = await etl.rollback().then(
        () => null,
        (e: unknown) => e,
      );
      if (failed !== null) {
        await failure(Promise.reject(failed), "DRIFTED");
        assert.deepEqual(await picture(place, etl, "items"), before, "a refused rollback changed something");
        return;
      }
      const left = (await place.session.list({ path: place.at("x").path.slice(0, -1) }, "_cutover_", calm())).map((ref) =>
        contents(place, ref),
      );
      const kept = (await Promise.all(left)).some((t) => t?.rows.some((r) => r[0] === 900n));
      assert.ok(kept, "the row of others is in no table any more");
    },
  },
  {
    name: "a table that holds rows which no release accounts for is refused until it is adopted",
    invariant: 6,
    skip: needs("blocks"),
    async run(place) {
      const { adapter } = place;
      const columns = (["id", "name", "v", "seq"] as const).map((name) => {
        const type = name === "name" ? "string" : "int64";
        return { name, type, nullable: true, native: adapter.syntax.type(type) } as const;
      });
      await place.make(
        place.folded("items"),
        columns,
        [1n, 2n, 3n, 4n, 5n].map((id) => [id, `n${id}`, 1n, 1n]),
      );
      const before = await contents(place, "items");
      await failure(itemsPipeline(place, { checks: [rowCount({ min: 10 })] }).adopt(), "CHECKS_FAILED");
      const etl = itemsPipeline(place);
      assert.equal((await failure(etl.run(load(5, 6, 2)), "NOT_ADOPTED")).context.rows, 5);
      await failure(etl.adopt({ watermarks: { items: "x" as never } }), "CONFIG");
      assert.deepEqual((await etl.status()).tallies.items, null, "a refused adoption left a baseline");
      const baseline = await etl.adopt({ watermarks: { items: 1n } });
      assert.deepEqual([baseline.ok, baseline.tables["items"]?.found.rows], [true, 5]);
      const first = await etl.run(({ since }) => {
        assert.equal(since.items, 1n, "the feed is not asked from the adopted watermark on");
        return load(5, 6, 2);
      });
      assert.deepEqual([first.tables.items?.updated, first.tables.items?.inserted, first.tables.items?.rows], [1, 1, 6]);
      await etl.rollback();
      assert.deepEqual(await contents(place, "items"), before, "the rollback does not bring the baseline back");
      assert.equal((await etl.status()).watermarks.items, "1");
      await whole(etl);
    },
  },
  {
    name: "a table belongs to one pipeline",
    invariant: 6,
    skip: needs("blocks"),
    async run(place) {
      await itemsPipeline(place).run(load(1, 5, 1));
      const other = itemsPipeline(place, { pipeline: "other" });
      for (const call of [() => other.run(load(1, 1, 2)), () => other.adopt()])
        assert.equal((await failure(call(), "CLAIMED")).context.by, "items");
      assert.equal((await other.status()).lease, null);
    },
  },
];
