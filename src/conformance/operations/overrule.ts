import assert from "node:assert/strict";
import { rows } from "../../source/source.js";
import { ident, raw, template } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import { allTables } from "../ledger.js";
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
  intrude,
  itemsPipeline,
  litter,
  live,
  load,
  picture,
} from "./world.js";

/** Somebody else changes a row, deletes one, and inserts one of their own. */
async function meddle(place: Place): Promise<void> {
  await place.execute(template`UPDATE ${live(place)} SET ${col("name")} = 'theirs' WHERE ${col("id")} = 2`);
  await place.execute(template`DELETE FROM ${live(place)} WHERE ${col("id")} = 3`);
}
const overwrite = { onDrift: "overwrite" } as const;
/** Names of rows in the images tables: what is kept of the rows of others. */
async function keptNames(place: Place): Promise<readonly unknown[]> {
  const { ledger } = await allTables(place);
  const paths = ledger.map((t) => t.split(".")).filter((path) => path.at(-1)?.startsWith("changes_") === true);
  const images = await Promise.all(paths.map((path) => place.describe({ path })));
  const named = images.filter((t) => t.columns.some((c) => c.name === "name"));
  const found = await Promise.all(
    named.map((t) => place.query(template`SELECT ${col("name")} FROM ${ident(t.ref.path)}`, { name: "string" })),
  );
  return found.flat().map((r) => r["name"]);
}

/** A rollback over rows of others that were to give way. */
export const overruleCases: readonly CaseDefinition[] = [
  {
    name: "a rollback that overwrites what others wrote restores the release, keeps what it overwrote, and can be redone",
    invariant: 6,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 6, 1));
      const first = await picture(place, etl, "items");
      await etl.run(load(1, 4, 2));
      const second = await picture(place, etl, "items");
      await etl.run(load(2, 3, 3));
      await meddle(place);
      const before = await picture(place, etl, "items");
      await failure(etl.rollback({ to: 1 }), "DRIFTED");
      assert.deepEqual(
        (await etl.rollback({ to: 1, ...overwrite, dryRun: true })).warnings.length,
        1,
        "a rehearsal tells of nothing",
      );
      assert.deepEqual(await picture(place, etl, "items"), before, "a rehearsal changed something");
      const report = await etl.rollback({ to: 1, ...overwrite });
      assert.deepEqual(
        report.warnings.map((w) => w.code),
        ["FOREIGN_WRITES"],
      );
      assert.deepEqual({ ...(await picture(place, etl, "items")), held: null }, first, "live is not what the release had");
      assert.ok((await etl.audit()).ok, "the books do not agree after the rollback");
      assert.ok((await keptNames(place)).includes("theirs"), "the row of others that was overwritten is kept nowhere");
      assert.deepEqual(await litter(place), [], "something staged is left");
      await etl.redo();
      await etl.rollback();
      assert.deepEqual({ ...(await picture(place, etl, "items")), held: null }, second, "redo and rollback lead elsewhere");
      await etl.unhold();
      await etl.run(load(7, 7, 4));
      await etl.run(load(8, 8, 5));
      assert.ok((await keptNames(place)).includes("theirs"), "what was overwritten was forgotten by the releases after");
    },
  },
  {
    name: "a rollback that overwrites leaves rows of others under keys that the releases did not touch",
    invariant: 6,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 6, 1));
      await etl.run(load(1, 4, 2));
      await intrude(place);
      await meddle(place);
      await etl.rollback(overwrite);
      const ids = (await contents(place, "items"))?.rows.map((r) => Number(r[0])).toSorted((a, b) => a - b);
      assert.deepEqual(ids, [1, 2, 3, 4, 5, 6, 900]);
    },
  },
  {
    name: "the rollback of a first load that overwrites empties the table and keeps what others wrote",
    invariant: 6,
    skip: needs("blocks"),
    async run(place) {
      const etl = bothPipeline(place);
      await etl.run({ ...load(1, 3, 1), days: rows(day(1, ...cells(2))) } as never);
      await meddle(place);
      await etl.rollback({ to: 0, ...overwrite });
      assert.deepEqual((await contents(place, "items"))?.rows, []);
      assert.deepEqual((await contents(place, "days"))?.rows, []);
      assert.ok((await keptNames(place)).includes("theirs"), "what others wrote is kept nowhere");
    },
  },
  {
    name: "a rollback over a swap that overwrites keeps a copy of the version with the rows of others, beyond later releases",
    invariant: 6,
    also: [4],
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = itemsPipeline(place, { keep: 1 });
      await etl.run(load(1, 3, 1));
      const first = await picture(place, etl, "items");
      await etl.run(load(4, 5, 2), { strategy: "swap" });
      await meddle(place);
      const report = await etl.rollback(overwrite);
      assert.deepEqual({ ...(await picture(place, etl, "items")), held: null }, first);
      assert.deepEqual(
        report.warnings.map((w) => w.code),
        ["FOREIGN_WRITES"],
      );
      await etl.unhold();
      await etl.run(load(7, 7, 4));
      await etl.recover();
      const kept = (await allTables(place)).beside.filter((t) => t.includes("_foreign_"));
      assert.equal(kept.length, 1, "the copy is not there, or there are several");
      const copy = ident((kept[0] as string).split("."));
      const [row] = await place.query(template`SELECT ${col("name")} FROM ${copy} WHERE ${col("id")} = 2`, { name: "string" });
      assert.equal(row?.["name"], "theirs");
    },
  },
  {
    name: "a rollback over a swap that is refused though it may overwrite leaves no copy behind",
    invariant: 6,
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 3, 1));
      await etl.run(load(1, 3, 2));
      await etl.run(load(4, 5, 3), { strategy: "swap" });
      await meddle(place);
      const kept = (await allTables(place)).beside.find((t) => t.includes("_before_")) ?? "";
      await place.execute(template`DELETE FROM ${ident(kept.split("."))} WHERE ${col("id")} = 1`);
      const before = await picture(place, etl, "items");
      await failure(etl.rollback({ to: 1, ...overwrite }), "DRIFTED");
      assert.deepEqual(await picture(place, etl, "items"), before);
      assert.deepEqual(
        (await allTables(place)).beside.filter((t) => t.includes("_foreign_")),
        [],
      );
    },
  },
  {
    name: "a rollback that should overwrite without a key is refused, and names another way",
    invariant: 6,
    skip: needs("blocks"),
    async run(place) {
      const etl = daysPipeline(place);
      await etl.run({ days: rows(day(1, ...cells(3))) });
      await etl.run({ days: rows(day(1, ...cells(2, 5))) });
      await place.execute(template`DELETE FROM ${live(place, "days")} WHERE ${raw("TRUE")}`);
      const before = await picture(place, etl, "days");
      const e = await failure(etl.rollback(overwrite), "UNSUPPORTED");
      assert.match(e.context.alternative, /adopt/);
      assert.deepEqual(await picture(place, etl, "days"), before);
    },
  },
];
