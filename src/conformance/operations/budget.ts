import assert from "node:assert/strict";
import { type CaseDefinition, reason } from "../case.js";
import { narrowed } from "../narrow.js";
import { needs } from "./needs.js";
import { failure, itemsPipeline, litter, load, picture } from "./world.js";

/** What a block may read. */
export const budgetCases: readonly CaseDefinition[] = [
  {
    name: "a block that would read more than maxBytes is refused before anything is spent",
    invariant: 3,
    skip: (c) => needs("blocks")(c) || reason({ "the engine cannot tell what a block would read": !c.estimates }),
    async run(place) {
      await itemsPipeline(place).run(load(1, 50, 1));
      const etl = itemsPipeline(place, { maxBytes: 1 });
      const before = await picture(place, etl, "items");
      const e = await failure(etl.run(load(40, 60, 2)), "BUDGET");
      assert.equal(e.context.maxBytes, 1);
      assert.ok(e.context.bytes > 1, "the refusal does not tell what it would have read");
      assert.deepEqual(await picture(place, etl, "items"), before, "what was refused changed something");
      assert.deepEqual(await litter(place), [], "staged rows are left");
      const enough = itemsPipeline(place, { maxBytes: 1e9 });
      const report = await enough.run(load(40, 60, 2));
      assert.equal(report.tables.items?.rows, 60);
      const read = report.stages.reduce((sum, s) => sum + (s.bytes ?? 0), 0);
      assert.ok(read > 0, "the report does not tell what was read");
      const [block] = (await enough.plan({ rollback: {} })).blocks;
      assert.ok((block?.bytes ?? 0) > 0, "the plan does not tell what it would read");
    },
  },
  {
    name: "where the engine cannot tell what a block would read, maxBytes is refused",
    invariant: 3,
    async run(place) {
      const warehouse = narrowed(place.warehouse, { estimates: false });
      assert.throws(
        () => itemsPipeline(place, { warehouse, maxBytes: 1e9 }),
        (e) => (e as { context: { issues: readonly { path: string }[] } }).context.issues[0]?.path === "maxBytes",
      );
    },
  },
];
