import { type CutoverEvent, check, isCutoverError, rows } from "cutover";
import { expect, test } from "vitest";
import { expire, leaseOf, loseAnswer, lost } from "../support/faults.js";
import { after, all, batch, failure, gate, itemsPipeline, picture } from "../support/fixtures.js";
import { type Hooks, interpose } from "../support/interpose.js";
import { onEveryWarehouse } from "../support/warehouse.js";

onEveryWarehouse((open) => {
  const world = async (releases = 1) => {
    const db = await open();
    const hooks: Hooks = {};
    const events: CutoverEvent[] = [];
    const warehouse = interpose(db.warehouse, hooks);
    const etl = itemsPipeline(db, { warehouse, observers: [{ event: (e) => void events.push(e) }] });
    for (let v = 1; v <= releases; v++) await etl.run({ items: rows(batch(v, v + 4, v)) });
    return { db, hooks, etl, events };
  };

  for (const strategy of ["in-place", "swap"] as const) {
    const block = strategy === "swap" ? "swap" : "publish";

    test(`invariant 2: whoever cancels while the answer to the commit is lost is told that it was published (${strategy})`, async () => {
      const { db, hooks, etl } = await world();
      const stop = new AbortController();
      loseAnswer(hooks, block, "after", () => stop.abort());
      const report = await etl.run({ items: rows(batch(3, 8, 2)) }, { signal: stop.signal, strategy });
      expect(report).toMatchObject({ status: "published", release: 2, tables: { items: { rows: 8 } } });
      expect(await etl.status()).toMatchObject({ live: 2, watermarks: { items: "2" }, lease: null });
      expect(await etl.run({ items: rows(batch(8, 9, 3)) })).toMatchObject({ release: 3 });
      expect((await etl.audit()).ok).toBe(true);
      await etl.recover();
      expect((await db.litter()).filter((t) => !t.includes("_before_"))).toEqual([]);
    });

    test(`invariant 2: whoever cancels a commit that was never sent is told that nothing was published (${strategy})`, async () => {
      const { db, hooks, etl } = await world();
      const before = await picture(db, etl, "items");
      const stop = new AbortController();
      loseAnswer(hooks, block, "before", () => stop.abort());
      const e = await failure(etl.run({ items: rows(batch(3, 8, 2)) }, { signal: stop.signal, strategy }), "PUBLISH_FAILED");
      expect(e.context.state).toBe("before");
      expect(await picture(db, etl, "items")).toEqual(before);
      expect(await etl.run({ items: rows(batch(3, 8, 2)) })).toMatchObject({ status: "published" });
      expect((await etl.audit()).ok).toBe(true);
    });

    test(`invariant 2: close waits until it is known what became of a commit whose answer was lost (${strategy})`, async () => {
      const { db, hooks, etl } = await world();
      let closing: Promise<void> = Promise.resolve();
      let closed = false;
      loseAnswer(hooks, block, "after", () => {
        closing = etl.close().then(() => {
          closed = true;
        });
      });
      const running = etl.run({ items: rows(batch(3, 8, 2)) }, { strategy }).then((r) => [r.status, closed]);
      expect(await running).toEqual(["published", false]);
      await closing;
      expect(await itemsPipeline(db).status()).toMatchObject({ live: 2, lease: null });
    });

    test(`invariant 2: an answer that is lost together with the lease does not hide what was published (${strategy})`, async () => {
      const { db, hooks, etl } = await world();
      const quick = itemsPipeline(db);
      loseAnswer(hooks, block, "after", async () => {
        await expire(db);
        await quick.hold("mine now");
      });
      const report = await etl.run({ items: rows(batch(3, 8, 2)) }, { strategy });
      expect(report).toMatchObject({ status: "published", release: 2 });
      expect(await quick.status()).toMatchObject({ live: 2, held: "mine now", lease: null });
    });
  }

  for (const when of ["after", "before"] as const) {
    test(`invariant 2: an answer is settled while another owner works already (lost ${when} the commit)`, async () => {
      const { db, hooks, etl } = await world();
      const quick = itemsPipeline(db);
      const inside = gate();
      const go = gate();
      let other: Promise<unknown> = Promise.resolve();
      loseAnswer(hooks, "publish", when, async () => {
        await expire(db);
        const pause = (): Promise<void> => {
          inside.open();
          return go.passed;
        };
        other = quick.run({ items: after(batch(20, 21, 5), 1, pause) });
        await Promise.race([inside.passed, other]);
      });
      const run = etl.run({ items: rows(batch(3, 8, 2)) });
      try {
        if (when === "after") expect(await run).toMatchObject({ status: "published", release: 2 });
        else expect((await failure(run, "PUBLISH_FAILED")).context.state).toBe("before");
      } finally {
        go.open();
      }
      expect(await other).toMatchObject({ status: "published", release: 3 });
      expect((await etl.audit()).ok).toBe(true);
    });
  }

  for (const cancelled of [false, true]) {
    const also = cancelled ? ", also when it is cancelled meanwhile" : "";
    const cancel = (stop: AbortController): void => (cancelled ? stop.abort() : undefined);

    test(`invariant 4: a rollback and a redo whose answers are lost are settled by the journal${also}`, async () => {
      const { db, hooks, etl, events } = await world(2);
      const two = await picture(db, etl, "items");
      const call = async (block: "rollback" | "redo", when: "before" | "after"): Promise<unknown> => {
        const stop = new AbortController();
        loseAnswer(hooks, block, when, () => cancel(stop));
        return etl[block]({ signal: stop.signal });
      };
      expect((await failure(call("rollback", "before"), "PUBLISH_FAILED")).context.state).toBe("before");
      expect(await picture(db, etl, "items")).toEqual(two);
      const back = await call("rollback", "after");
      expect(back).toMatchObject({ from: 2, to: 1, tables: { items: { rows: 5, watermark: { before: "2", after: "1" } } } });
      expect(await etl.status()).toMatchObject({ live: 1, held: "release 2 was rolled back to 1", lease: null });
      const one = await picture(db, etl, "items");
      expect((await failure(call("redo", "before"), "PUBLISH_FAILED")).context.state).toBe("before");
      expect(await picture(db, etl, "items")).toEqual(one);
      expect(await call("redo", "after")).toMatchObject({ from: 1, to: 2, tables: { items: { rows: 6 } } });
      expect(await picture(db, etl, "items")).toEqual(two);
      const moved = events.flatMap((e) => (e.type === "rolled-back" ? [[e.from, e.to]] : []));
      expect(moved).toEqual([
        [2, 1],
        [1, 2],
      ]);
      expect((await etl.audit()).ok).toBe(true);
    });

    test(`invariant 2: an adopt whose answer is lost is settled by the journal${also}`, async () => {
      const { db, hooks, etl } = await world(2);
      await db.query("INSERT INTO items VALUES (900, 'theirs', 7, 0)");
      const drifted = await picture(db, etl, "items");
      for (const when of ["before", "after"] as const) {
        const stop = new AbortController();
        loseAnswer(hooks, "adopt", when, () => cancel(stop));
        const call = etl.adopt({ signal: stop.signal });
        if (when === "after") expect(await call).toEqual(await etl.audit());
        else {
          expect((await failure(call, "PUBLISH_FAILED")).context.state).toBe("before");
          expect(await picture(db, etl, "items")).toEqual(drifted);
        }
      }
      expect((await etl.audit()).tables["items"]).toMatchObject({ recorded: { rows: 7 }, found: { rows: 7 } });
      await failure(etl.rollback(), "RETENTION_PASSED");
      expect(await etl.run({ items: rows(batch(3, 3, 8)) })).toMatchObject({ status: "published", warnings: [] });
    });
  }

  test("invariant 4: a rollback over a swap whose answer is lost is settled by the journal", async () => {
    const { db, hooks, etl } = await world(1);
    const one = await db.content("items");
    await etl.run({ items: rows(batch(3, 8, 2)) }, { strategy: "swap" });
    const two = await db.content("items");
    loseAnswer(hooks, "rollback", "after");
    expect(await etl.rollback()).toMatchObject({ from: 2, to: 1 });
    expect(await db.content("items")).toEqual(one);
    loseAnswer(hooks, "redo", "after");
    expect(await etl.redo()).toMatchObject({ from: 1, to: 2 });
    expect(await db.content("items")).toEqual(two);
    expect((await etl.audit()).ok).toBe(true);
  });

  test("invariant 2: where not even the journal answers, the error says that the outcome is unknown", async () => {
    const { hooks, etl } = await world(2);
    const gone = (block: string): void =>
      loseAnswer(hooks, block, "after", () => {
        hooks.beforeStatement = (tag) => {
          if (/ (lease|readState|findEvents)$/.test(tag)) throw lost();
        };
      });
    for (const block of ["rollback", "adopt", "publish"] as const) {
      gone(block);
      const call = {
        rollback: () => etl.rollback(),
        adopt: () => etl.adopt(),
        publish: () => etl.run({ items: rows(batch(9, 9, 9)) }),
      };
      const e = await failure<"ROLLBACK_FAILED" | "PUBLISH_FAILED">(call[block](), "ROLLBACK_FAILED", "PUBLISH_FAILED");
      delete hooks.beforeStatement;
      if (isCutoverError(e, "ROLLBACK_FAILED"))
        expect([block, isCutoverError(e.context.first, "ADAPTER")]).toEqual(["rollback", true]);
      else expect([block === "rollback", e.context]).toMatchObject([false, { state: "unknown" }]);
      await etl.recover();
      if (block === "rollback") await etl.unhold();
    }
    expect(await etl.status()).toMatchObject({ live: 3, lease: null });
    expect((await etl.audit()).ok).toBe(true);
  });

  test("invariant 5: a lease whose answer is lost is had all the same, and given up", async () => {
    const { db, hooks, etl } = await world();
    for (const when of ["after", "before"] as const) {
      loseAnswer(hooks, "lease", when);
      expect(await etl.run({ items: rows(batch(3, 8, when === "after" ? 2 : 3)) })).toMatchObject({ status: "published" });
      expect((await etl.status()).lease).toBeNull();
    }
    loseAnswer(hooks, "lease", "after");
    await etl.hold("by hand");
    expect(await itemsPipeline(db).status()).toMatchObject({ held: "by hand", lease: null });
  });

  test("invariant 5: a journal that cannot be read keeps nobody out, and costs no release number", async () => {
    const { db, etl } = await world();
    const lease = await leaseOf(db);
    const journal = "cutover_ledger.journal";
    await db.query(`INSERT INTO ${journal} SELECT pipeline, 1, seq + 1, 'held', recorded_at, fence, '{}' FROM ${journal}`);
    await expect(etl.run({ items: rows(batch(3, 8, 2)) })).rejects.toThrow();
    expect(await db.query(`SELECT owner, releases::INT AS releases FROM ${lease}`)).toEqual([{ owner: null, releases: 1 }]);
    await db.query(`DELETE FROM ${journal} WHERE payload = '{}'`);
    expect(await etl.run({ items: rows(batch(3, 8, 2)) })).toMatchObject({ status: "published", release: 2 });
  });

  test("invariant 5: what an owner says after it was replaced is refused, and counts for nothing", async () => {
    const { db, hooks, etl } = await world();
    const quick = itemsPipeline(db);
    const replaced =
      (meanwhile: () => Promise<unknown>) =>
      async (block: string): Promise<void> => {
        if (block !== "record") return;
        delete hooks.beforeBlock;
        await expire(db);
        await meanwhile();
      };
    hooks.beforeBlock = replaced(() => quick.run({ items: rows(batch(11, 12, 2)) }));
    await failure(etl.hold("stale"), "LEASE_LOST");
    hooks.beforeBlock = replaced(() => quick.recover());
    await failure(etl.hold("stale"), "LEASE_LOST");
    hooks.beforeBlock = replaced(() => quick.hold("theirs"));
    await failure(etl.unhold(), "LEASE_LOST");
    expect(await quick.status()).toMatchObject({ live: 2, held: "theirs" });
    const release = await etl.begin();
    hooks.beforeBlock = replaced(() => quick.recover());
    await failure(release.load({ items: rows(batch(13, 14, 3)) }), "LEASE_LOST");
    expect(release.state).toBe("open");
  });

  test("invariant 5: a run that is refused after its lease was taken leaves no record, and nothing behind", async () => {
    const { db, hooks } = await world();
    const bad = itemsPipeline(db, {
      warehouse: interpose(db.warehouse, hooks),
      checks: [check("no", async () => ({ pass: false }))],
    });
    const quick = itemsPipeline(db);
    hooks.afterBlock = async (block) => {
      if (block !== "publish") return;
      delete hooks.afterBlock;
      await expire(db);
      await quick.hold("mine now");
    };
    await failure(bad.run({ items: rows(batch(3, 8, 2)) }), "CHECKS_FAILED");
    expect((await all(quick.history())).map((r) => [r.release, r.state])).toEqual([[1, "published"]]);
    expect(await db.litter()).toEqual([]);
  });
});
