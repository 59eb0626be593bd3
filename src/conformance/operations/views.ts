import assert from "node:assert/strict";
import { between, rowCount } from "../../check/checks.js";
import { tableKey } from "../../ledger/portable.js";
import { rows } from "../../source/source.js";
import { ident, type Row, template } from "../../sql/sql.js";
import { table } from "../../table/define.js";
import type { ColumnType } from "../../table/types.js";
import type { CaseDefinition } from "../case.js";
import { ledgerOf } from "../ledger.js";
import type { Place } from "../place.js";
import { needs } from "./needs.js";
import { batch, col, failure, itemsPipeline, load, whole } from "./world.js";

/** Rows of a view of the ledger, as text. null: there is no such view. */
async function view(place: Place, path: readonly string[], columns: readonly string[]): Promise<readonly Row[] | null> {
  const returns = Object.fromEntries(columns.map((c): [string, ColumnType] => [c, c === "release" ? "int64" : "string"]));
  try {
    return await place.query(template`SELECT * FROM ${ident(path)}`, returns);
  } catch (e) {
    if (place.adapter.classify(e).kind === "missing-object") return null;
    throw e;
  }
}
/** The releases of the pipeline, oldest first. */
async function releases(place: Place): Promise<readonly (readonly unknown[])[]> {
  const found = await place.query(
    template`SELECT ${col("release")}, ${col("state")}, ${col("strategy")}, ${col("note")}, ${col("idempotency_key")} FROM ${ident(ledgerOf(place).releases.path)} ORDER BY ${col("release")}`,
    { release: "int64", state: "string", strategy: "string", note: "string", idempotency_key: "string" },
  );
  return found.map((r) => [Number(r["release"]), r["state"], r["strategy"], r["note"], r["idempotency_key"]]);
}
/** What the view of a table's changes tells: release, change and image of each row, with some of its columns. */
async function changes(place: Place, name: string, ...columns: readonly string[]): Promise<readonly string[] | null> {
  const { path } = place.folded(name);
  const { capabilities } = place.adapter;
  const names = ledgerOf(place);
  const id = tableKey(path, names.database, capabilities.identifiers.caseSensitive);
  const heads = ["release", "change", "image", ...columns];
  const found = await view(place, names.changesView(id, path.at(-1) ?? "").path, heads);
  return found?.map((r) => heads.map((c) => String(r[c])).join(" ")).toSorted() ?? null;
}

export const viewCases: readonly CaseDefinition[] = [
  {
    name: "the ledger's views tell what history and the images tell, through rollbacks, open releases and prune",
    invariant: 12,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place, { keep: 2 });
      await etl.run(load(1, 3, 1), { note: "it's the first", idempotencyKey: "k1" });
      await etl.run({ items: rows([...batch(3, 3, 2), ...batch(4, 4, 2)]) });
      await etl.run(load(4, 4, 3));
      const release = await etl.begin();
      const told = [
        [1, "published", "in-place", "it's the first", "k1"],
        [2, "published", "in-place", null, null],
        [3, "published", "in-place", null, null],
        [release.id, "open", "in-place", null, null],
      ];
      assert.deepEqual(await releases(place), told);
      const both = ["2 insert after 4 2", "2 update after 3 2", "2 update before 3 1"];
      const last = ["3 update after 4 3", "3 update before 4 2"];
      assert.deepEqual(await changes(place, "items", "id", "v"), [...both, ...last]);
      await etl.rollback();
      told[2] = [3, "rolled-back", "in-place", null, null];
      assert.deepEqual(await releases(place), told);
      await etl.prune();
      assert.deepEqual(await releases(place), told, "a prune made the view tell something else");
      await etl.unhold();
      await release.reject("not wanted");
      for (let v = 5; v <= 7; v++) await etl.run(load(4, 4, v));
      await etl.prune();
      told[3] = [release.id, "rejected", "in-place", null, null];
      const since = [5, 6, 7].map((r) => [r, "published", "in-place", null, null]);
      assert.deepEqual(await releases(place), [...told, ...since]);
      assert.deepEqual(
        (await changes(place, "items", "id", "v"))?.map((c) => c[0]),
        ["6", "6", "7", "7"],
        "images that no release needs are shown",
      );
      await whole(etl);
    },
  },
  {
    name: "the view of checks tells what the checks of each release found, of refused ones and of swaps too, as history does",
    invariant: 3,
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = itemsPipeline(place, { checks: [between("v", { max: 5 }), rowCount({ min: 4 }, { severity: "warn" })] });
      await etl.run(load(1, 3, 1));
      await failure(etl.run(load(3, 4, 9)), "CHECKS_FAILED");
      await etl.run(load(3, 4, 2), { strategy: "swap" });
      // A ledger that an older version made has no such table: it is made on first need.
      const { checkResults } = ledgerOf(place);
      const found = async () => {
        const rows = await place.query(template`SELECT * FROM ${ident(ledgerOf(place).checks.path)}`, {
          release: "int64",
          ...{ table_name: "string", check_name: "string", outcome: "string", observed: "string", message: "string" },
        });
        return rows
          .map((r) => [r["release"], r["table_name"], r["check_name"], r["outcome"], r["message"]].join(" | "))
          .toSorted();
      };
      const told: string[] = [];
      for await (const h of etl.history())
        for (const c of h.checks) told.push([h.release, c.table, c.check, c.outcome, c.message].join(" | "));
      assert.deepEqual(await found(), told.toSorted());
      assert.equal(told.length, 6);
      await place.step({ kind: "drop", ref: checkResults });
      await etl.run(load(3, 5, 3));
      assert.deepEqual(
        (await found()).map((r) => r.split(" | ")[3]),
        ["pass", "pass"],
        "a ledger without the table of results",
      );
    },
  },
  {
    name: "a table's view of changes spans its schemas, and never names an images table that is gone",
    invariant: 12,
    also: [8],
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const name = '"Ein Tisch-1 ä"';
      const hostile = table(name, { columns: { id: "int64", v: "string?" }, key: "id" });
      const etl = place.pipeline({ pipeline: "items", tables: { hostile }, keep: 2 });
      const run = (v: string) => etl.run({ hostile: rows([{ id: 1, v }]) });
      await run("a");
      await run("b");
      assert.deepEqual(await changes(place, name, "id", "v"), ["2 update after 1 b", "2 update before 1 a"]);
      const candidate = await etl.clone();
      const ref = candidate.refs["hostile"] ?? assert.fail();
      await place.execute(template`ALTER TABLE ${ref} ADD COLUMN ${col("more")} ${{ raw: place.adapter.syntax.type("int64") }}`);
      await candidate.validate();
      await candidate.swap();
      await run("c");
      const wider = ["4 update after 1 c", "4 update before 1 b"].map((c) => `${c} null`);
      const found = await changes(place, name, "id", "v", "more");
      assert.deepEqual(found, [...["2 update after 1 b", "2 update before 1 a"].map((c) => `${c} null`), ...wider]);
      for (const v of ["d", "e"]) await run(v);
      await etl.prune();
      assert.deepEqual(
        (await changes(place, name, "id", "v", "more"))?.map((c) => c[0]),
        ["5", "5", "6", "6"],
        "the images of the schema before are still shown",
      );
    },
  },
];
