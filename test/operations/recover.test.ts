import { rows } from "cutover";
import { expect, test } from "vitest";
import { batch, failure, itemsPipeline } from "../support/fixtures.js";
import { killed } from "../support/kill.js";
import { onEveryWarehouse } from "../support/warehouse.js";

onEveryWarehouse((open, warehouse) => {
  test("invariant 7: candidates and releases that live handles hold are spared by recovery", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 5, 1)) });
    const release = await etl.begin();
    await release.load({ items: rows(batch(6, 7, 2)) });
    const candidate = await etl.clone();
    await candidate.load({ items: rows(batch(8, 9, 3)) });
    const there = await db.litter();
    expect(there).toHaveLength(3);
    expect(await etl.recover()).toEqual({ settled: [], dropped: [] });
    expect(await itemsPipeline(db).recover()).toEqual({ settled: [], dropped: [] });
    expect(await db.litter()).toEqual(there);
    expect((await candidate.swap()).status).toBe("published");
    expect(await release.publish()).toMatchObject({ status: "published", tables: { items: { rows: 9 } } });
    expect((await etl.status()).open).toEqual([]);
  });

  test("invariant 7: what a dead process left open is closed for good by the next run", { timeout: 60_000 }, async () => {
    const db = await open();
    await itemsPipeline(db).run({ items: rows(batch(1, 20, 1)) });
    await db.release();
    expect(await killed({ warehouse, path: db.path, what: "load", kill: { after: "load" } })).toBe("SIGKILL");
    const etl = itemsPipeline(db);
    expect((await etl.status()).open).toHaveLength(1);
    const report = await etl.run({ items: rows(batch(11, 30, 2)) });
    expect(report.status).toBe("published");
    expect(await db.litter()).toEqual([]);
    expect((await etl.status()).open).toEqual([]);
    await etl.run({ items: rows(batch(31, 31, 3)) });
    expect((await etl.status()).open).toEqual([]);
    expect(await etl.recover()).toEqual({ settled: [], dropped: [] });
    const states = [];
    for await (const h of etl.history()) states.push([h.release, h.state]);
    expect(states).toEqual([
      [4, "published"],
      [3, "published"],
      [2, "abandoned"],
      [1, "published"],
    ]);
    expect(await db.query("SELECT count(*)::INT AS n FROM cutover_ledger.journal WHERE event = 'abandoned'")).toEqual([{ n: 1 }]);
  });

  test("invariant 7: a handle whose release was closed by recovery says NOT_OPEN", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 5, 1)) });
    const candidate = await etl.clone();
    await db.query(
      'UPDATE cutover_ledger.journal SET payload = regexp_replace(payload, \'"until":"[^"]*"\', \'"until":"2001-01-01T00:00:00.000Z"\') WHERE event = \'opened\'',
    );
    const { settled, dropped } = await etl.recover();
    expect(settled).toEqual([{ release: 2, as: "not-published" }]);
    expect(dropped).toHaveLength(1);
    await failure(candidate.load({ items: rows(batch(1, 1, 2)) }), "NOT_OPEN");
    expect(candidate.state).toBe("abandoned");
    await failure(candidate.swap(), "NOT_OPEN");
  });

  test("invariant 7: recovery of a warehouse without a ledger has nothing to do", async () => {
    const db = await open();
    expect(await itemsPipeline(db).recover()).toEqual({ settled: [], dropped: [] });
  });

  test("invariant 7: tables of other pipelines, and tables that only look like ours, are left alone", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 5, 1)) });
    const other = itemsPipeline(db, { pipeline: "items 2" });
    await failure(other.run({ items: rows(batch(1, 1, 1)) }), "CLAIMED");
    await db.query("CREATE TABLE _cutover_items_mine AS SELECT 1 AS a");
    await db.query("CREATE TABLE items_copy AS FROM items");
    await etl.recover();
    await etl.run({ items: rows(batch(6, 7, 2)) });
    expect(await db.tables()).toEqual(expect.arrayContaining(["main._cutover_items_mine", "main.items_copy"]));
  });
});
