import { rows } from "cutover";
import { expect, test } from "vitest";
import { all, batch, failure, itemsPipeline } from "../support/fixtures.js";
import { onEveryWarehouse } from "../support/warehouse.js";

onEveryWarehouse((open) => {
  test("hold: run and publish are refused until unhold, whatever began before", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 5, 1)) });
    const release = await etl.begin();
    await release.load({ items: rows(batch(6, 6, 2)) });
    const candidate = await etl.clone();
    await candidate.load({ items: rows(batch(7, 7, 2)) });
    await etl.hold("month end");
    for (const call of [
      () => etl.run({ items: rows(batch(8, 8, 2)) }),
      () => etl.run({ items: rows(batch(8, 8, 2)) }, { strategy: "swap" }),
      () => release.publish(),
      () => candidate.swap(),
    ]) {
      const e = await failure(call(), "HELD");
      expect(e.context.reason).toBe("month end");
    }
    expect(await etl.status()).toMatchObject({ live: 1, held: "month end" });
    await failure(etl.redo(), "NOTHING_TO_REDO");
    await etl.unhold();
    expect((await candidate.swap()).status).toBe("published");
    expect((await release.publish()).tables.items).toMatchObject({ inserted: 1, rows: 7 });
    expect((await etl.audit()).ok).toBe(true);
  });

  test("idempotencyKey: a key already published returns its report; given back by a rollback, taken again by its redo", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 2, 1)) }, { idempotencyKey: "2000-12-31" });
    const run = (o: object = {}) =>
      etl.run({ items: rows(batch(1, 5, 2)) }, { idempotencyKey: "2001-01-01", note: "new year", ...o });
    const first = await run();
    expect(first.status).toBe("published");
    await etl.run({ items: rows(batch(6, 7, 3)) });
    let read = false;
    const again = await etl.run(
      () => {
        read = true;
        return {};
      },
      { idempotencyKey: "2001-01-01" },
    );
    expect(read).toBe(false);
    expect(again).toEqual({ ...first, status: "already-published", stages: [], warnings: [] });
    expect((await run({ strategy: "swap" })).status).toBe("already-published");
    await etl.rollback({ to: 1 });
    await etl.redo();
    expect((await run()).status).toBe("already-published");
    await etl.rollback({ to: 1 });
    await failure(run(), "HELD");
    await etl.unhold();
    expect((await etl.run({}, { idempotencyKey: "2000-12-31" })).status).toBe("already-published");
    expect(await run()).toMatchObject({ status: "published", release: 4 });
    expect(await run()).toMatchObject({ status: "already-published", release: 4 });
    expect(await etl.run({}, { idempotencyKey: "another" })).toMatchObject({ status: "nothing-to-do", release: 4 });
  });

  test("history and status tell every release and its fate", async () => {
    const db = await open();
    const etl = itemsPipeline(db, { keep: 2 });
    expect(await all(etl.history())).toEqual([]);
    expect(await etl.status()).toEqual({
      live: null,
      open: [],
      watermarks: { items: null },
      tallies: { items: null },
      lease: null,
      held: null,
      pending: [],
    });
    await etl.run({ items: rows(batch(1, 5, 1)) }, { note: "first" });
    await etl.run({ items: rows(batch(6, 7, 2)) }, { strategy: "swap" });
    await etl.run({ items: rows(batch(8, 9, 3)) });
    await etl.rollback();
    const list = await all(etl.history());
    expect(
      list.map(({ release, state, strategy, canRollBackTo, note }) => [release, state, strategy, canRollBackTo, note]),
    ).toEqual([
      [3, "rolled-back", "in-place", false, undefined],
      [2, "published", "swap", false, undefined],
      [1, "published", "in-place", true, "first"],
    ]);
    expect(list.every((h) => Math.abs(Date.parse(h.at) - Date.now()) < 600_000)).toBe(true);
    expect(await all(etl.history({ limit: 1 }))).toHaveLength(1);
    await etl.redo();
    expect((await all(etl.history()))[0]).toMatchObject({ release: 3, state: "published" });
    expect((await etl.status()).tallies.items?.rows).toBe(9);
  });
});
