import { type CutoverEvent, isCutoverError, type Observer, rows } from "cutover";
import { expect, test } from "vitest";
import { after, batch, failure, itemsPipeline, picture } from "../support/fixtures.js";
import { type Hooks, interpose } from "../support/interpose.js";
import { type Db, onEveryWarehouse } from "../support/warehouse.js";

/** Every row once, as the second load leaves it. */
const whole = async (db: Db): Promise<void> => {
  expect(await db.query("SELECT count(*)::INT AS n, count(DISTINCT id)::INT AS ids, sum(v)::INT AS v FROM items")).toEqual([
    { n: 30, ids: 30, v: 10 * 1 + 20 * 2 },
  ]);
};
const second = () => rows(batch(11, 30, 2));

onEveryWarehouse((open) => {
  test("invariant 2: a source that throws in the middle changes nothing; the repeated run loads every row once", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 20, 1)) });
    const before = await picture(db, etl, "items");
    for (const n of [0, 1, 19, 20]) {
      const broken = after(batch(11, 30, 2), n, () => {
        throw new Error("the API is down");
      });
      const e = await failure(etl.run({ items: broken }), "SOURCE");
      expect(e.message).toContain("the API is down");
      expect(e.cause).toBeInstanceOf(Error);
      expect(await picture(db, etl, "items")).toEqual(before);
    }
    await failure(
      etl.run(() => {
        throw new Error("no token");
      }),
      "SOURCE",
    );
    const report = await etl.run({ items: second() });
    expect(report.release).toBe(2);
    await whole(db);
    expect(await db.litter()).toEqual([]);
  });

  test("invariant 2: an abort at any event of a run ends as not published or as published, and a repeat gives every row once", async () => {
    const db = await open();
    let seen = 0;
    let stopAt = Number.POSITIVE_INFINITY;
    let stop = new AbortController();
    const told: CutoverEvent[] = [];
    const observer: Observer = {
      event(e) {
        told.push(e);
        seen += 1;
        if (seen === stopAt) stop.abort();
      },
    };
    const etl = itemsPipeline(db, { observers: [observer], keep: 50 });
    await etl.run({ items: rows(batch(1, 20, 1)) });
    for (let k = 1; ; k++) {
      const before = await picture(db, etl, "items");
      stop = new AbortController();
      seen = 0;
      stopAt = k;
      const watermark = String(k + 1);
      const load = () => rows(batch(11, 30, 2, k + 1));
      let done: unknown;
      try {
        done = await etl.run({ items: load() }, { signal: stop.signal });
      } catch (e) {
        done = e;
      }
      const reached = seen;
      stopAt = Number.POSITIVE_INFINITY;
      const now = await picture(db, etl, "items");
      if (done instanceof Error) {
        // Whoever gets an error must find everything as it was.
        expect([k, isCutoverError(done, "CANCELLED") ? "CANCELLED" : done]).toEqual([k, "CANCELLED"]);
        expect([k, now]).toEqual([k, before]);
        await etl.run({ items: load() });
      }
      expect([k, (await etl.status()).watermarks.items]).toEqual([k, watermark]);
      await whole(db);
      if (reached < k) break;
    }
    expect((await etl.audit()).ok).toBe(true);
    await etl.recover();
    expect(await db.litter()).toEqual([]);
    expect((await etl.status()).lease).toBeNull();
  });

  test("invariant 2: a signal that has already fired starts nothing", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 3, 1)) });
    const signal = AbortSignal.abort();
    const release = await etl.begin();
    const calls = [
      etl.run({ items: second() }, { signal }),
      etl.begin({ signal }),
      etl.clone({ signal }),
      etl.rebuild({ signal }),
      etl.rollback({ signal }),
      etl.redo({ signal }),
      etl.hold("x", { signal }),
      etl.unhold({ signal }),
      etl.status({ signal }),
      etl.audit({ signal }),
      etl.check({ signal }),
      etl.adopt({ signal }),
      etl.recover({ signal }),
      etl.plan({ strategy: "in-place", signal }),
      etl.history({ signal })[Symbol.asyncIterator]().next(),
      etl.diff("items", { from: 0, to: 1, signal })[Symbol.asyncIterator]().next(),
      release.load({ items: second() }, { signal }),
      release.validate({ signal }),
      release.publish({ signal }),
      release.plan({ signal }),
      release.reject("x", { signal }),
    ];
    const codes = (await Promise.allSettled(calls)).map((r) =>
      r.status === "rejected" && isCutoverError(r.reason) ? r.reason.code : r,
    );
    expect(codes).toEqual(calls.map(() => "CANCELLED"));
    expect(await etl.status()).toMatchObject({ live: 1, held: null });
  });

  test("invariant 2: a failure at any operation of the publish changes nothing; the repeated run loads every row once", async () => {
    const db = await open();
    const hooks: Hooks = {};
    const etl = itemsPipeline(db, { warehouse: interpose(db.warehouse, hooks), keep: 50 });
    await etl.run({ items: rows(batch(1, 20, 1)) });
    const before = await picture(db, etl, "items");
    const count = await operations(hooks, "publish", async () => {
      await failure(etl.run({ items: second() }), "ADAPTER");
      expect(await picture(db, etl, "items")).toEqual(before);
    });
    expect(count).toBeGreaterThan(5);
    expect(await etl.run({ items: second() })).toMatchObject({
      status: "published",
      tables: { items: { watermark: { after: "2" } } },
    });
    await whole(db);
    expect((await etl.audit()).ok).toBe(true);
    expect(await db.litter()).toEqual([]);
  });

  test("invariant 2: a failure at any operation of a rollback or redo changes nothing; the repeated one completes", async () => {
    const db = await open();
    const hooks: Hooks = {};
    const etl = itemsPipeline(db, { warehouse: interpose(db.warehouse, hooks) });
    await etl.run({ items: rows(batch(1, 20, 1)) });
    const one = await picture(db, etl, "items");
    const candidate = await etl.clone();
    await candidate.load({ items: second() });
    await candidate.swap();
    await etl.run({ items: rows(batch(31, 40, 3)) });
    const three = await picture(db, etl, "items");
    await operations(hooks, "rollback", async () => {
      await failure(etl.rollback({ to: 1 }), "ADAPTER");
      expect(await picture(db, etl, "items")).toEqual(three);
    });
    await etl.rollback({ to: 1 });
    const back = await picture(db, etl, "items");
    expect({ ...back, held: null }).toEqual(one);
    await operations(hooks, "redo", async () => {
      await failure(etl.redo(), "ADAPTER");
      expect(await picture(db, etl, "items")).toEqual(back);
    });
    await etl.redo();
    expect(await picture(db, etl, "items")).toEqual(three);
  });

  test("invariant 2: an answer lost after the commit is settled by the journal: the run tells that it was published", async () => {
    const db = await open();
    let lost = 0;
    const hooks: Hooks = {
      afterBlock(block) {
        if (block === "publish" && lost++ === 0) throw Object.assign(new Error("IO Error: connection lost"), {});
      },
    };
    const etl = itemsPipeline(db, { warehouse: interpose(db.warehouse, hooks) });
    let report: unknown;
    try {
      report = await etl.run({ items: rows(batch(1, 10, 1)) });
    } catch (e) {
      // Not known to be ambiguous: then a repeat must still load every row once.
      expect(isCutoverError(e)).toBe(true);
    }
    if (report !== undefined) expect(report).toMatchObject({ status: "published", release: 1 });
    await etl.run({ items: rows(batch(1, 10, 1)) });
    await etl.run({ items: second() });
    await whole(db);
  });
});

/** Calls `body` with a failure at each operation of a block, one after the other. */
async function operations(hooks: Hooks, wanted: string, body: () => Promise<void>): Promise<number> {
  for (let k = 0; ; k++) {
    let met = false;
    let last = false;
    hooks.inBlock = (block, id, index) => {
      if (block !== wanted || index !== k) return;
      met = true;
      last = id === "end";
      throw new Error(`the disk gave up at ${id}`);
    };
    await body();
    delete hooks.inBlock;
    if (!met) throw new Error(`${wanted} has no operation ${k}`);
    if (last) return k + 1;
  }
}
