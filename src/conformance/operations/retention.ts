import assert from "node:assert/strict";
import { ident, template } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import { allTables } from "../ledger.js";
import type { Place } from "../place.js";
import { needs } from "./needs.js";
import { all, col, contents, failure, itemsPipeline, litter, load, still, whole } from "./world.js";

/** Rows in the tables of the ledger, beyond the journal. */
async function size(place: Place): Promise<number> {
  let n = 0;
  for (const t of (await allTables(place)).ledger.filter((x) => !x.endsWith(".journal"))) {
    const [row] = await place.query(template`SELECT COUNT(*) AS ${col("n")} FROM ${ident(t.split("."))}`, { n: "int64" });
    n += Number(row?.["n"]);
  }
  return n;
}

const lastOf = (keep: number): CaseDefinition => ({
  name: `with keep ${keep}, so many releases can be rolled back to, and older ones are refused by name`,
  invariant: 12,
  also: [4],
  skip: needs("blocks"),
  async run(place) {
    const etl = itemsPipeline(place, { keep });
    const states = new Map<number, Awaited<ReturnType<typeof still>>>();
    for (let v = 1; v <= 5; v++) {
      await etl.run(load(v, v + 5, v));
      states.set(v, await still(place, etl, "items"));
    }
    const oldest = 5 - keep;
    const possible = (await all(etl.history())).filter((h) => h.canRollBackTo).map((h) => h.release);
    assert.deepEqual(
      possible,
      Array.from({ length: keep }, (_, i) => 4 - i),
    );
    const e = await failure(etl.rollback({ to: oldest - 1 }), "RETENTION_PASSED");
    assert.equal(e.context.oldest, oldest, "the refusal does not name the oldest release");
    assert.equal((await failure(all(etl.diff("items", { from: oldest - 1, to: 5 })), "RETENTION_PASSED")).context.oldest, oldest);
    await failure(etl.rollback({ to: 77 }), "NOT_FOUND");
    assert.deepEqual(await still(place, etl, "items"), states.get(5), "refused rollbacks changed something");
    for (const to of possible) {
      await etl.rollback({ to });
      assert.deepEqual(await still(place, etl, "items"), states.get(to));
      await etl.redo();
    }
    await etl.rollback({ to: oldest });
    await failure(etl.rollback(), "RETENTION_PASSED");
    await etl.redo();
    assert.deepEqual(await still(place, etl, "items"), states.get(5));
    await whole(etl);
  },
});

export const retentionCases: readonly CaseDefinition[] = [
  lastOf(3),
  lastOf(1),
  {
    name: "the ledger does not grow with the number of releases beyond the journal, and staged rows are gone",
    invariant: 12,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place, { keep: 2 });
      const tables: unknown[] = [];
      const sizes: number[] = [];
      for (let v = 1; v <= 9; v++) {
        await etl.run(load(1, 10, v));
        if (v <= 3) continue;
        tables.push(await allTables(place));
        sizes.push(await size(place));
      }
      assert.deepEqual(
        tables,
        tables.map(() => tables[0]),
        "the ledger, or what stands beside live, gets more tables",
      );
      // Images that no release needs any more may wait for a later release.
      assert.equal(Math.max(...sizes.slice(3)), Math.max(...sizes.slice(0, 3)), `the ledger grows: ${sizes.join(", ")} rows`);
      assert.deepEqual(await litter(place), []);
      await whole(etl);
    },
  },
  {
    name: "whole tables that swaps kept go when they are too old, and what was undone goes with the next publish",
    invariant: 12,
    also: [4],
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = itemsPipeline(place, { keep: 2 });
      await etl.run(load(1, 10, 1));
      for (let v = 2; v <= 5; v++) {
        await etl.run(load(1, 10, v), { strategy: "swap" });
        assert.ok((await litter(place)).length <= 2, `${(await litter(place)).length} tables beside live, with keep 2`);
      }
      const four = await contents(place, "items");
      await etl.rollback();
      await etl.recover();
      await etl.redo();
      assert.deepEqual(await contents(place, "items"), four, "recover() took away what redo needs");
      await etl.rollback({ to: 3 });
      await etl.unhold();
      for (let v = 6; v <= 8; v++) await etl.run(load(1, 10, v));
      assert.deepEqual(await litter(place), [], "versions that nothing needs are left");
      await whole(etl);
    },
  },
  {
    name: "failed runs, empty runs and refused loads leave no litter and no gap in the numbers",
    invariant: 12,
    also: [3],
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 3, 1));
      await failure(etl.run({ items: load(4, 4, "x" as never, 1).items }), "BAD_ROW");
      assert.equal((await etl.run(load(1, 0, 1))).status, "nothing-to-do");
      assert.equal((await etl.run({})).status, "nothing-to-do");
      const release = await etl.begin();
      await release.load(load(4, 5, 2));
      await failure(release.load(load(6, 6, null as never, 1)), "BAD_ROW");
      assert.equal((await release.publish()).tables.items?.rows, 5, "a refused load spoiled those before it");
      assert.deepEqual([await litter(place), (await etl.status()).live], [[], 2]);
    },
  },
];
