import { cutover, rows, table } from "cutover";
import { afterEach, expect, test, vi } from "vitest";
import { after, batch, failure, gate, itemsPipeline, picture } from "../support/fixtures.js";
import { type Hooks, interpose } from "../support/interpose.js";
import { type Db, onEveryWarehouse } from "../support/warehouse.js";

/** The owner stalled for an hour. */
async function expire(db: Db): Promise<void> {
  const [lease] = (await db.tables()).filter((t) => t.startsWith("cutover_ledger.lease_"));
  await db.query(`UPDATE ${lease} SET expires_at = expires_at - INTERVAL 1 HOUR WHERE owner IS NOT NULL`);
}

onEveryWarehouse((open) => {
  afterEach(() => void vi.useRealTimers());

  test("invariant 5: an owner whose lease was taken while it read its source can not publish", async () => {
    const db = await open();
    const slow = itemsPipeline(db);
    const quick = itemsPipeline(db);
    await slow.run({ items: rows(batch(1, 10, 1)) });
    let taken: unknown;
    const stalled = after(batch(5, 15, 2), 4, async () => {
      await expire(db);
      await quick.run({ items: rows(batch(1, 3, 3)) });
      taken = await picture(db, quick, "items");
    });
    const e = await failure(slow.run({ items: stalled }), "LEASE_LOST");
    expect(e.context).toMatchObject({ pipeline: "items" });
    expect(await picture(db, slow, "items")).toEqual(taken);
    expect((await slow.run({ items: rows(batch(11, 12, 4)) })).status).toBe("published");
    expect((await slow.audit()).ok).toBe(true);
    await slow.recover();
    expect(await db.litter()).toEqual([]);
  });

  for (const block of ["publish", "swap", "rollback", "redo", "adopt"]) {
    test(`invariant 5: an owner whose lease was taken just before its block can not ${block}`, async () => {
      const db = await open();
      const hooks: Hooks = {};
      const slow = itemsPipeline(db, { warehouse: interpose(db.warehouse, hooks) });
      const quick = itemsPipeline(db);
      await slow.run({ items: rows(batch(1, 10, 1)) });
      await slow.run({ items: rows(batch(5, 15, 2)) });
      const candidate = block === "swap" ? await slow.clone() : null;
      await candidate?.load({ items: rows(batch(16, 18, 3)) });
      if (block === "redo") await slow.rollback();
      let taken: unknown;
      hooks.beforeBlock = async (b) => {
        if (b !== block) return;
        delete hooks.beforeBlock;
        await expire(db);
        await quick.hold("mine now");
        taken = await picture(db, quick, "items");
      };
      const call = {
        publish: () => slow.run({ items: rows(batch(16, 18, 3)) }),
        swap: () => candidate?.swap(),
        rollback: () => slow.rollback(),
        redo: () => slow.redo(),
        adopt: () => slow.adopt(),
      }[block] as () => Promise<unknown>;
      await failure(call(), "LEASE_LOST");
      expect(taken).toBeDefined();
      expect(await picture(db, slow, "items")).toEqual(taken);
      expect(await slow.status()).toMatchObject({ held: "mine now" });
      expect((await slow.audit()).ok).toBe(true);
    });
  }

  test("invariant 5: what a replaced owner writes to the journal later counts for nothing", async () => {
    const db = await open();
    const hooks: Hooks = {};
    const slow = itemsPipeline(db, { warehouse: interpose(db.warehouse, hooks) });
    const quick = itemsPipeline(db);
    await slow.run({ items: rows(batch(1, 10, 1)) });
    hooks.beforeBlock = async (block) => {
      if (block !== "record") return;
      delete hooks.beforeBlock;
      await expire(db);
      await quick.run({ items: rows(batch(11, 12, 2)) });
    };
    await failure(slow.hold("stale"), "LEASE_LOST");
    expect(await quick.status()).toMatchObject({ live: 2, held: null });
  });

  test("invariant 5: two pipelines of one name: the second is told who works, or waits for it", async () => {
    const db = await open();
    const first = itemsPipeline(db);
    const second = itemsPipeline(db);
    const patient = itemsPipeline(db, { lease: { wait: "30s" } });
    await first.run({ items: rows(batch(1, 2, 1)) });
    const inside = gate();
    const go = gate();
    const running = first.run({
      items: after(batch(3, 4, 2), 1, async () => {
        inside.open();
        await go.passed;
      }),
    });
    await inside.passed;
    const owner = (await second.status()).lease?.owner ?? "?";
    expect(owner).toContain(String(process.pid));
    const e = await failure(second.run({ items: rows(batch(9, 9, 3)) }), "LEASE_HELD");
    expect(e.context.owner).toBe(owner);
    expect(e.retryable).toBe(true);
    await failure(second.rollback(), "LEASE_HELD");
    await failure(second.hold("x"), "LEASE_HELD");
    const waiting = patient.run({ items: rows(batch(5, 6, 3)) });
    go.open();
    expect(await running).toMatchObject({ status: "published", release: 2 });
    expect(await waiting).toMatchObject({ status: "published", release: 3 });
    expect((await first.audit()).ok).toBe(true);
    expect((await first.status()).lease).toBeNull();
  });

  test("invariant 5: a wait for the lease ends when its signal fires, and takes nothing", async () => {
    const db = await open();
    const first = itemsPipeline(db);
    const patient = itemsPipeline(db, { lease: { wait: "60s" } });
    await first.run({ items: rows(batch(1, 2, 1)) });
    const stop = new AbortController();
    await first.run({
      items: after(batch(3, 4, 2), 1, async () => {
        const waiting = patient.run({ items: rows(batch(5, 6, 3)) }, { signal: stop.signal });
        stop.abort();
        await failure(waiting, "CANCELLED");
      }),
    });
    expect(await first.status()).toMatchObject({ live: 2, lease: null });
  });

  test("invariant 5: many pipelines share one warehouse and begin at once", async () => {
    const db = await open();
    const many = Array.from({ length: 24 }, (_, i) => {
      const t = table(`t${i}`, { columns: { id: "int64" }, key: "id" });
      return db.own(cutover({ warehouse: db.warehouse, pipeline: `p${i}`, tables: { t } }));
    });
    const reports = await Promise.all(many.map((p) => p.run({ t: rows([{ id: 1 }, { id: 2 }]) })));
    expect(reports.map((r) => r.status)).toEqual(many.map(() => "published"));
    const again = await Promise.all(many.map((p) => p.run({ t: rows([{ id: 3 }]) })));
    expect(again.map((r) => r.release)).toEqual(many.map(() => 2));
  });

  test("invariant 5: heartbeats of busy pipelines do not wait for the sessions that wait for them", async () => {
    const db = await open();
    const stop = new AbortController();
    const aborted = new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve()));
    const many = Array.from({ length: 8 }, (_, i) => {
      const t = table(`t${i}`, { columns: { id: "int64" }, key: "id" });
      return db.own(cutover({ warehouse: db.warehouse, pipeline: `p${i}`, tables: { t } }));
    });
    for (const p of many) await p.run({ t: rows([{ id: 0 }]) });
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    let inside = 0;
    const everyone = gate();
    const go = gate();
    const source = () =>
      after([{ id: 1 }, { id: 2 }], 1, async () => {
        if (++inside === many.length) everyone.open();
        await Promise.race([go.passed, aborted]);
      });
    const ended = Promise.allSettled(many.map((p) => p.run({ t: source() }, { signal: stop.signal })));
    // Far more than this takes; a deadlock must end the test, not hang it.
    const limit = setTimeout(() => {
      stop.abort();
      for (const p of many) void p.close();
    }, 15_000);
    await Promise.race([everyone.passed, aborted]);
    vi.advanceTimersByTime(101_000); // past a third of the lease: every owner's heartbeat is due
    go.open();
    expect((await ended).map((r) => r.status)).toEqual(many.map(() => "fulfilled"));
    clearTimeout(limit);
  });
});
