import { rows } from "cutover";
import { expect, test } from "vitest";
import type { Job } from "../support/child.js";
import { batch, itemsPipeline, picture } from "../support/fixtures.js";
import { killed } from "../support/kill.js";
import { shareOf } from "../support/long.js";
import { type Db, onEveryWarehouse } from "../support/warehouse.js";

const ways: readonly (readonly [Job["what"], Job["kill"], "before" | "after"])[] = [
  ["first", { source: 3 }, "before"],
  ["first", { block: "publish", at: "end" }, "before"],
  ["run", { source: 12 }, "before"],
  ["run", { statement: "stage" }, "before"],
  ["run", { block: "publish", at: 1 }, "before"],
  ["run", { block: "publish", at: "end" }, "before"],
  ["run", { after: "publish" }, "after"],
  ["run", { statement: "drop" }, "after"],
  ["clone", { block: "clone", at: "end" }, "before"],
  ["clone", { after: "clone" }, "before"],
  ["load", { after: "load" }, "before"],
  ["swap", { block: "swap", at: "end" }, "before"],
  ["swap", { after: "swap" }, "after"],
  ["rollback", { block: "rollback", at: "end" }, "before"],
  ["rollback", { after: "rollback" }, "after"],
  ["redo", { block: "redo", at: "end" }, "before"],
];

onEveryWarehouse((open, warehouse) => {
  // What differs between the two is inside the transactions.
  for (const [what, kill, side] of warehouse === "duckdb"
    ? shareOf(ways, 3)
    : ways.filter(([, k]) => "block" in k && k.at === "end")) {
    test(`invariant 7: kill -9 in the middle of ${what} (${JSON.stringify(kill)}) leaves a released state, and the next run publishes once`, {
      timeout: 60_000,
    }, async () => {
      const db = await open();
      const first = itemsPipeline(db);
      if (what !== "first") await first.run({ items: rows(batch(1, 20, 1)) });
      if (what === "rollback" || what === "redo") await first.run({ items: rows(batch(11, 30, 2)) });
      if (what === "redo") await first.rollback();
      const before = what === "first" ? null : await picture(db, first, "items");
      await db.release();
      expect(await killed({ warehouse, path: db.path, what, kill })).toBe("SIGKILL");
      const etl = itemsPipeline(db);
      const recovered = await etl.recover();
      expect(recovered.settled.every((s) => s.as === "not-published")).toBe(true);
      if (before === null) expect(await tablesOf(db)).not.toContain("main.items");
      else {
        const now = await picture(db, etl, "items");
        if (side === "before") expect(now).toEqual(before);
        else expect(now.live).not.toBe(before.live);
        expect((await etl.audit()).ok).toBe(true);
      }
      expect((await etl.status()).open).toEqual([]);
      expect((await etl.status()).lease).toBeNull();
      const { kept } = await keptTables(db);
      expect((await db.litter()).filter((t) => !kept.includes(t))).toEqual([]);
      if ((await etl.status()).held !== null) await etl.unhold();
      if (what === "first") await etl.run({ items: rows(batch(1, 20, 1)) });
      await etl.run({ items: rows(batch(11, 30, 2)) });
      await etl.run({ items: rows(batch(11, 30, 2)) });
      expect(await db.query("SELECT count(*)::INT AS n, count(DISTINCT id)::INT AS ids, sum(v)::INT AS v FROM items")).toEqual([
        { n: 30, ids: 30, v: 50 },
      ]);
      expect(await etl.status()).toMatchObject({ watermarks: { items: "2" }, open: [] });
      expect((await etl.audit()).ok).toBe(true);
    });
  }
});

const tablesOf = (db: Db) => db.tables();
/** Versions that the ledger still needs: named by the last events that mention them. */
async function keptTables(db: Db): Promise<{ readonly kept: readonly string[] }> {
  const found = await db.query("SELECT payload FROM cutover_ledger.journal ORDER BY seq");
  const text = JSON.stringify(found);
  const kept = (await db.litter())
    .filter((t) => t.includes("_before_") || t.includes("_undone_"))
    .filter((t) => text.includes(t.slice("main.".length)));
  return { kept };
}
