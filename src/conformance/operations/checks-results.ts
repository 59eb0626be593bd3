import assert from "node:assert/strict";
import { between, check, notNull, rowCount } from "../../check/checks.js";
import { rows } from "../../source/source.js";
import { ident, template } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import type { Place } from "../place.js";
import { needs } from "./needs.js";
import { all, col, failure, itemsPipeline, itemsTable, load } from "./world.js";

/** The whole journal as text. */
async function journal(place: Place): Promise<string> {
  const path = [...place.at("any").path.slice(0, -2), place.ledgerSchema, "journal"];
  const rows = await place.query(template`SELECT ${col("payload")} FROM ${ident(path)}`, { payload: "string" });
  return rows.map((r) => String(r["payload"])).join("\n");
}
const told = (checks: readonly { check: string; outcome: string; observed: unknown }[]) =>
  checks.map((c) => `${c.check} ${c.outcome} ${String(c.observed)}`);

/** What checks found is kept, and what they must not tell is not. */
export const checkResultCases: readonly CaseDefinition[] = [
  {
    name: "history tells what the checks of each release found, of refused ones too, and keeps no row of theirs",
    invariant: 10,
    skip: needs("blocks"),
    async run(place) {
      const checks = [rowCount({ min: 1 }), notNull(["name"], { severity: "warn" }), between("v", { max: 9 })];
      const etl = itemsPipeline(place, { checks });
      await etl.run(load(1, 3, 1));
      const bad = { items: [{ id: 4, name: "a name that nobody may see", v: 10, seq: 2 }] };
      const { context } = await failure(etl.run({ items: load(4, 4, 10).items }), "CHECKS_FAILED");
      assert.equal(context.checks.at(-1)?.samples.length, 1, "the error shows the row that offends");
      const release = await etl.begin();
      await release.load({ items: rows(bad.items) });
      await failure(release.publish(), "CHECKS_FAILED");
      const found = ["rowCount pass 4", "notNull(name) pass 0", "between(v) fail 1"];
      assert.deepEqual(told((await etl.status()).open[0]?.checks ?? []), found, "an open release tells its last validation");
      await release.reject();
      const history = await all(etl.history());
      assert.deepEqual(
        history.map((h) => [h.release, h.state, told(h.checks)]),
        [
          [3, "rejected", found],
          [2, "rejected", found],
          [1, "published", ["rowCount pass 3", "notNull(name) pass 0", "between(v) pass 0"]],
        ],
      );
      assert.deepEqual(JSON.parse(JSON.stringify(history)), history, "history is not JSON-safe");
      assert.ok(history.every((h) => h.checks.every((c) => c.samples.length === 0)));
      assert.ok(!(await journal(place)).includes("nobody may see"), "the journal holds a row that a check showed");
    },
  },
  {
    name: "a candidate's validation is told while it is open, until it is loaded anew, and once it is rejected",
    invariant: 10,
    skip: needs("blocks", "candidates"),
    async run(place) {
      const etl = place.pipeline({ pipeline: "items", tables: { items: itemsTable([between("v", { max: 9 })]) } });
      await etl.run(load(1, 3, 1));
      const candidate = await etl.rebuild();
      await candidate.load(load(1, 3, 10));
      assert.equal((await candidate.validate()).ok, false);
      const open = async () => told((await etl.status()).open[0]?.checks ?? []);
      assert.deepEqual(await open(), ["between(v) fail 3"]);
      await candidate.load(load(1, 2, 11));
      assert.deepEqual(await open(), [], "a result of what was there before");
      await failure(candidate.swap(), "CHECKS_FAILED");
      await candidate.reject();
      assert.deepEqual(
        (await all(etl.history())).map((h) => [h.state, told(h.checks)]),
        [
          ["rejected", ["between(v) fail 3"]],
          ["published", ["between(v) pass 0"]],
        ],
      );
    },
  },
  {
    name: "what a check of one's own threw is told to the caller, and not written down",
    invariant: 10,
    skip: needs("blocks", "javascript"),
    async run(place) {
      const broken = check("asks somebody else", () => Promise.reject(new Error("refused with token s3cr3t")));
      const etl = itemsPipeline(place, { checks: [broken] });
      assert.match((await failure(etl.run(load(1, 1, 1)), "CHECKS_FAILED")).message, /s3cr3t/);
      assert.deepEqual(
        (await all(etl.history())).map((h) => h.checks.map((c) => [c.check, c.outcome, c.message])),
        [[["asks somebody else", "fail", "it threw"]]],
      );
      assert.ok(!(await journal(place)).includes("s3cr3t"), "the journal holds what the check threw");
    },
  },
];
