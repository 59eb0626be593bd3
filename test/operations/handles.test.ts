import { check, cutover, reconcile, rows, sql, table } from "cutover";
import { expect, test } from "vitest";
import { loseAnswer } from "../support/faults.js";
import { all, batch, failure, type Item, itemsPipeline } from "../support/fixtures.js";
import { type Hooks, interpose } from "../support/interpose.js";
import { onEveryWarehouse } from "../support/warehouse.js";

const told = (from: readonly Item[]) => ({ items: rows(from, { totals: { rows: from.length } }) });

onEveryWarehouse((open) => {
  test("invariant 2: a load into a candidate that brings nothing, or fails, leaves what is compared with its totals", async () => {
    const db = await open();
    const etl = itemsPipeline(db, { checks: [reconcile()] });
    await etl.run(told(batch(1, 3, 1)));
    const candidate = await etl.clone();
    await candidate.load(told(batch(4, 5, 2)));
    const outcome = async () => (await candidate.validate()).checks.map((c) => [c.outcome, c.observed]);
    expect(await outcome()).toEqual([["pass", 2]]);
    await candidate.load({ items: rows([]) });
    expect(await outcome()).toEqual([["pass", 2]]);
    for (let i = 0; i < 2; i++) await failure(candidate.load({ items: rows([{ id: "none" } as never]) }), "BAD_ROW");
    expect(await outcome()).toEqual([["pass", 2]]);
    await candidate.load(told(batch(6, 6, 2)));
    await candidate.load({ items: rows([]) });
    expect(await outcome()).toEqual([["insufficient", null]]);
    expect((await candidate.swap()).tables).toMatchObject({ items: { inserted: 3, rows: 6 } });
    expect(await db.litter()).toEqual(expect.not.arrayContaining([expect.stringContaining("delta_")]));
  });

  for (const [what, block] of [
    ["release", "publish"],
    ["candidate", "swap"],
  ] as const) {
    test(`invariant 2: the handle of a ${what} whose answer was lost knows that it is out, and nothing lies about`, async () => {
      const db = await open();
      const hooks: Hooks = {};
      const etl = itemsPipeline(db, { warehouse: interpose(db.warehouse, hooks) });
      await etl.run({ items: rows(batch(1, 3, 1)) });
      const handle = await (what === "release" ? etl.begin() : etl.clone());
      await handle.load({ items: rows(batch(4, 5, 2)) });
      loseAnswer(hooks, block, "after");
      expect(await handle.publish()).toMatchObject({ status: "published", release: 2 });
      expect(handle.state).toBe("published");
      expect((await failure(handle.publish(), "NOT_OPEN")).context.state).toBe("published");
      expect((await db.litter()).filter((t) => !t.includes("_before_2"))).toEqual([]);
      expect((await etl.status()).open).toEqual([]);
    });

    test(`invariant 2: the handle of a ${what} that no longer validates is loaded, as the ledger says`, async () => {
      const db = await open();
      let pass = true;
      const etl = itemsPipeline(db, { checks: [check("asked", async () => ({ pass }))] });
      await etl.run({ items: rows(batch(1, 3, 1)) });
      const handle = await (what === "release" ? etl.begin() : etl.clone());
      const states = async () => [handle.state, (await etl.status()).open[0]?.state];
      await handle.load({ items: rows(batch(4, 5, 2)) });
      await handle.validate();
      expect(await states()).toEqual(["validated", "validated"]);
      pass = false;
      expect((await handle.validate()).ok).toBe(false);
      expect(await states()).toEqual(["loaded", "loaded"]);
      pass = true;
      await handle.validate();
      pass = false;
      await failure(handle.publish(), "CHECKS_FAILED");
      const [seen, recorded] = await states();
      expect(seen).toBe(recorded);
    });
  }

  test("invariant 2: a key that is already published brings its report back on hold as well", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    const load = { items: rows(batch(1, 3, 1)) };
    await etl.run(load, { idempotencyKey: "monday" });
    await etl.hold("by hand");
    for (const strategy of ["in-place", "swap"] as const) {
      expect(await etl.run(load, { idempotencyKey: "monday", strategy })).toMatchObject({
        status: "already-published",
        release: 1,
      });
      await failure(etl.run(load, { idempotencyKey: "tuesday", strategy }), "HELD");
    }
    await etl.unhold();
    expect((await etl.begin()).id).toBe(2);
  });

  for (const [what, change] of [
    ["dropped", sql`DROP COLUMN name`],
    ["given another type", sql`ALTER COLUMN name TYPE BLOB USING encode(name)`],
  ] as const) {
    test(`invariant 6: a release whose column was ${what} by a swap since its load is refused`, async () => {
      const db = await open();
      await db.query("CREATE TABLE items (id BIGINT, name VARCHAR, v BIGINT, seq BIGINT)");
      const items = table("items", { key: "id", cursor: "seq" });
      const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "items", tables: { items } }));
      const load = (from: readonly Item[]) => ({ items: rows(from as readonly never[]) });
      await etl.run(load(batch(1, 2, 1)));
      const release = await etl.begin();
      await release.load(load(batch(9, 9, 9)));
      const candidate = await etl.clone();
      await candidate.transform(sql`ALTER TABLE ${candidate.refs.items} ${change}`);
      await candidate.swap();
      const before = await db.content("items");
      for (const call of [() => release.publish(), () => release.validate(), () => release.plan()]) {
        const e = await failure(call(), "BAD_SOURCE");
        expect(e.message).toContain("name");
      }
      expect(await db.content("items")).toEqual(before);
      await release.reject();
      expect((await etl.status()).open).toEqual([]);
    });
  }

  test("history: with a limit, those that were settled last, whatever rollbacks and redos lie between", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    for (const v of [1, 2, 3]) await etl.run({ items: rows(batch(v, v + 1, v)) });
    for (let i = 0; i < 6; i++) {
      await etl.rollback();
      if (i < 5) await etl.redo();
    }
    const whole = await all(etl.history());
    expect(whole.map((r) => [r.release, r.state])).toEqual([
      [3, "rolled-back"],
      [2, "published"],
      [1, "published"],
    ]);
    for (const limit of [0, 1, 2, 3, 4, Number.POSITIVE_INFINITY])
      expect(await all(etl.history({ limit }))).toEqual(whole.slice(0, limit));
    // Pages of four events, each of them wholly of rollbacks, or of releases.
    for (let v = 4; v < 8; v++) await etl.unhold().then(() => etl.run({ items: rows(batch(v, v + 1, v)) }));
    expect((await all(etl.history({ limit: 1 }))).map((r) => r.release)).toEqual([7]);
    for (const limit of [-1, Number.NaN]) await failure(all(etl.history({ limit })), "CONFIG");
  });
});
