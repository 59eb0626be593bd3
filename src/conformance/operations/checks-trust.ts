import assert from "node:assert/strict";
import { between, check } from "../../check/checks.js";
import { template } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import { needs } from "./needs.js";
import { col, failure, itemsPipeline, live, load, picture } from "./world.js";

/** What a check reads, and when. */
export const checkTrustCases: readonly CaseDefinition[] = [
  {
    name: "checks: what was proven is scanned again every scanEvery releases, and shows what others have written since",
    invariant: 6,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place, { checks: [between("v", { max: 9 })], scanEvery: 3 });
      const trust = async (n: number) => (await etl.run(load(n, n, n))).checks[0]?.trust;
      assert.deepEqual([await trust(1), await trust(2)], ["scan", "incremental"]);
      // As many rows as before: no count can tell.
      await place.execute(template`UPDATE ${live(place)} SET ${col("v")} = ${99n} WHERE ${col("id")} = ${1n}`);
      assert.equal(await trust(3), "incremental");
      const { context } = await failure(etl.run(load(4, 4, 4)), "CHECKS_FAILED");
      assert.deepEqual([context.checks[0]?.trust, context.checks[0]?.observed], ["scan", 1]);
      assert.equal(context.checks[0]?.samples[0]?.["id"], "1");
    },
  },
  {
    name: "checks: JavaScript sees a release before anybody else does, in place and on a candidate, and can refuse it",
    invariant: 3,
    also: [1],
    skip: needs("blocks", "javascript", "sessions", "candidates"),
    async run(place) {
      const seen: (readonly number[])[] = [];
      const looks = check("few rows", async ({ query, self }) => {
        const inside = (await query(template`SELECT ${col("id")} FROM ${self}`)).length;
        const outside = (await place.query(template`SELECT ${col("id")} FROM ${live(place)}`, { id: "int64" })).length;
        seen.push([inside, outside]);
        return { pass: inside <= 8, observed: inside, message: `${inside} rows` };
      });
      await itemsPipeline(place).run(load(1, 5, 1));
      const etl = itemsPipeline(place, { checks: [looks] });
      await etl.run(load(6, 7, 2));
      const before = await picture(place, etl, "items");
      const { context } = await failure(etl.run(load(8, 9, 3)), "CHECKS_FAILED");
      assert.deepEqual([context.checks[0]?.observed, context.checks[0]?.message], [9, "9 rows"]);
      assert.deepEqual(await picture(place, etl, "items"), before, "a refused release changed something");
      const candidate = await etl.rebuild();
      await candidate.load(load(1, 9, 4));
      assert.equal((await candidate.validate()).ok, false);
      await failure(candidate.swap(), "CHECKS_FAILED");
      await candidate.reject();
      assert.deepEqual(seen, [
        [7, 5],
        [9, 7],
        [9, 7],
        [9, 7],
      ]);
    },
  },
];
