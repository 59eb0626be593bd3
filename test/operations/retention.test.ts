import { rows } from "cutover";
import { expect, test } from "vitest";
import { all, batch, failure, itemsPipeline } from "../support/fixtures.js";
import { onEveryWarehouse } from "../support/warehouse.js";

onEveryWarehouse((open) => {
  test("invariant 12: the last N releases can be rolled back to; older ones are refused", async () => {
    const db = await open();
    const etl = itemsPipeline(db, { keep: 3 });
    const contents = new Map<number, readonly string[]>();
    for (let v = 1; v <= 6; v++) {
      await etl.run({ items: rows(batch(v, v + 5, v)) });
      contents.set(v, await db.content("items"));
    }
    const back = (await all(etl.history())).filter((h) => h.canRollBackTo).map((h) => h.release);
    expect(back).toEqual([5, 4, 3]);
    const e = await failure(etl.rollback({ to: 2 }), "RETENTION_PASSED");
    expect(e.context.oldest).toBe(3);
    await failure(etl.rollback({ to: 77 }), "NOT_FOUND");
    await failure(etl.rollback({ to: 6 }), "NOT_FOUND");
    await failure(all(etl.diff("items", { from: 1, to: 6 })), "RETENTION_PASSED");
    expect(await db.content("items")).toEqual(contents.get(6));
    await etl.rollback({ to: 3 });
    expect(await db.content("items")).toEqual(contents.get(3));
    await failure(etl.rollback(), "RETENTION_PASSED");
    await etl.redo();
    expect(await db.content("items")).toEqual(contents.get(6));
  });

  test("invariant 12: the ledger does not grow with the number of releases, in place or by swap", async () => {
    const db = await open();
    const etl = itemsPipeline(db, { keep: 3 });
    const images = async () => {
      let n = 0;
      for (const t of (await db.tables()).filter((x) => x.startsWith("cutover_ledger.changes_")))
        n += Number((await db.query(`SELECT count(*) AS n FROM ${t}`))[0]?.["n"]);
      return n;
    };
    const sizes: { tables: number; images: number }[] = [];
    for (let v = 1; v <= 20; v++) {
      await etl.run({ items: rows(batch(1, 10, v)) }, { strategy: v % 5 === 0 ? "swap" : "in-place" });
      if (v % 5 === 4) sizes.push({ tables: (await db.tables()).length, images: await images() });
    }
    expect(sizes.slice(1).map((s) => s.tables)).toEqual(sizes.slice(1).map(() => sizes[1]?.tables));
    // A release has 20 images here. Those of three are kept, and what is kept no longer is forgotten every third release.
    for (const { images: n } of sizes) expect(n).toBeLessThanOrEqual(2 * 3 * 20);
    for (let v = 21; v <= 24; v++) await etl.run({ items: rows(batch(1, 10, v)) });
    expect(await db.litter()).toEqual([]);
    expect((await etl.audit()).ok).toBe(true);
  });

  test("invariant 12: images are forgotten also where every other release number goes to a run that fails", async () => {
    const db = await open();
    const etl = itemsPipeline(db, { keep: 2 });
    for (let v = 1; v <= 12; v++) {
      await etl.run({ items: rows(batch(1, 10, v)) });
      const failing = (async function* () {
        yield* batch(1, 1, v);
        throw new Error("of the source");
      })();
      await failure(etl.run({ items: rows(failing) }), "SOURCE");
      const rejected = await etl.begin();
      await rejected.reject();
    }
    const [images] = (await db.tables()).filter((t) => t.startsWith("cutover_ledger.changes_"));
    expect(Number((await db.query(`SELECT count(*) AS n FROM ${images}`))[0]?.["n"])).toBeLessThanOrEqual(2 * 2 * 20);
    expect((await etl.audit()).ok).toBe(true);
  });

  test("invariant 12: what was undone is kept until the next publish, and not longer", async () => {
    const db = await open();
    const etl = itemsPipeline(db, { keep: 3 });
    await etl.run({ items: rows(batch(1, 10, 1)) });
    await etl.run({ items: rows(batch(1, 10, 2)) }, { strategy: "swap" });
    await etl.rollback();
    expect(await db.litter()).toHaveLength(1);
    await etl.recover();
    expect(await db.litter()).toHaveLength(1);
    await etl.unhold();
    await etl.run({ items: rows(batch(1, 10, 3)) });
    expect(await db.litter()).toEqual([]);
  });

  test("invariant 12: a failed run, a nothing-to-do and a failed load leave no litter and no gap in the numbers", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 3, 1)) });
    await failure(etl.run({ items: rows([{ id: 4, v: "x" as never, seq: 1 }]) }), "BAD_ROW");
    await etl.run({ items: rows([]) });
    const release = await etl.begin();
    await release.load({ items: rows(batch(4, 5, 2)) });
    await failure(release.load({ items: rows([{ id: 6, v: null as never, seq: 1 }]) }), "BAD_ROW");
    await release.publish();
    expect(await db.litter()).toEqual([]);
    expect((await etl.status()).live).toBe(2);
  });
});
