import { cutover, rows, table, type Warehouse } from "cutover";
import { type Adapter, adapterOf, type Capabilities, type Native, type Session } from "cutover/adapter";
import { afterEach, expect, test, vi } from "vitest";
import { type Wrap, wrapped } from "../../src/conformance/wrapped.js";
import { poolOf } from "../../src/pipeline/session/pool.js";
import { conflict, transient } from "../support/faults.js";
import { after, batch, failure, gate, itemsPipeline } from "../support/fixtures.js";
import { type Hooks, interpose } from "../support/interpose.js";
import { long } from "../support/long.js";
import { onEveryWarehouse } from "../support/warehouse.js";

/** The same warehouse with other sessions. */
const changed = (warehouse: Warehouse, session: NonNullable<Wrap["session"]>): Warehouse => wrapped(warehouse, { session });
/** Counts how many sessions are open at once. */
function counted(warehouse: Warehouse, capabilities: Partial<Capabilities> = {}, maxSessions = 8) {
  const seen = { open: 0, most: 0 };
  const counting = wrapped(warehouse, {
    capabilities,
    maxSessions,
    session: (s) => {
      seen.open += 1;
      seen.most = Math.max(seen.most, seen.open);
      return {
        close: async () => {
          await s.close();
          seen.open -= 1;
        },
      };
    },
  });
  return { seen, warehouse: counting, pool: poolOf(adapterOf(counting) as Adapter) };
}
const calm = () => ({ signal: new AbortController().signal, tag: "test" });

onEveryWarehouse((open) => {
  test("a connection that is lost takes the lease with it for nobody: another one gives it up", async () => {
    const db = await open();
    let gone = false;
    const warehouse = changed(db.warehouse, (s) => {
      const own = { gone: false };
      return {
        stage: async () => {
          gone = own.gone = true;
          throw transient();
        },
        execute: async (op, o) => {
          if (own.gone) throw transient();
          return s.execute(op, o);
        },
      };
    });
    const etl = itemsPipeline(db, { warehouse });
    await failure(etl.run({ items: rows(batch(1, 3, 1)) }), "ADAPTER");
    expect(gone).toBe(true);
    expect((await etl.status()).lease).toBeNull();
  });

  afterEach(() => void vi.useRealTimers());

  for (const [most, capabilities] of [
    [8, {}],
    [1, { concurrentSessions: false }],
  ] as const) {
    test(`sessions: no more than ${most} are open at once, however many are asked for at once`, async () => {
      const db = await open();
      const { seen, pool } = counted(db.warehouse, capabilities);
      const leave = pool.join();
      const full = gate();
      let held = 0;
      const all = Array.from({ length: 20 }, async (_, i) => {
        const session = await pool.take(calm());
        held += 1;
        if (held === most) full.open();
        await full.passed;
        await pool.give(session, i % 3 === 0);
      });
      await Promise.all(all);
      expect(seen.most).toBe(most);
      await leave();
      expect(seen.open).toBe(0);
    });
  }

  test("sessions: of many pipelines that begin at once with maxSessions 4 each is served, four work at once, and close closes all", async () => {
    const db = await open();
    const { seen, warehouse } = counted(db.warehouse, {}, 4);
    const many = Array.from({ length: long ? 200 : 30 }, (_, i) => {
      const t = table(`t${i}`, { columns: { id: "int64" }, key: "id" });
      return db.own(cutover({ warehouse, pipeline: `p${i}`, tables: { t } }));
    });
    await Promise.all(many.map((p) => p.run({ t: rows([{ id: 1 }]) })));
    expect(seen.most).toBeLessThanOrEqual(5);
    await Promise.all(many.map((p) => p.close()));
    expect(seen.open).toBe(0);
  }, 120_000);

  test("sessions: first come, first served: no newcomer and no abort takes a place, and one that does not open is the next one's turn", async () => {
    const db = await open();
    let refuse = false;
    const warehouse = wrapped(db.warehouse, {
      maxSessions: 2,
      open: (own, o) => {
        if (!refuse) return own(o);
        refuse = false;
        return Promise.reject(new Error("does not open"));
      },
    });
    const pool = poolOf(adapterOf(warehouse) as Adapter);
    const leave = pool.join();
    const [a, b] = await Promise.all([pool.take(calm()), pool.take(calm())]);
    const served: string[] = [];
    const stop = new AbortController();
    const take = async (who: string, o = calm()): Promise<Session<Native> | null> => {
      try {
        const session = await pool.take(o);
        served.push(who);
        return session;
      } catch (e) {
        served.push(`${who}: ${(e as Error).message}`);
        return null;
      }
    };
    const early = [take("first"), take("gone", { ...calm(), signal: stop.signal }), take("second"), take("third")];
    stop.abort(new Error("aborted"));
    await Promise.resolve();
    const given = pool.give(a, false);
    const late = take("newcomer");
    await given;
    const [first] = await Promise.all(early.slice(0, 2));
    refuse = true;
    await pool.give(b, true); // makes room for "second", who cannot use it
    await early[2];
    const third = await early[3];
    await pool.give(first as Session<Native>, false);
    await pool.give((await late) as Session<Native>, false);
    await pool.give(third as Session<Native>, false);
    expect(served).toEqual(["gone: aborted", "first", "second: does not open", "third", "newcomer"]);
    await leave();
  });

  test("lease.wait: those of one process who wait for a lease get it in the order in which they came", async () => {
    const db = await open();
    const etl = itemsPipeline(db, { lease: { wait: "60s" } });
    const order: number[] = [];
    const reading = gate();
    const done = gate();
    const first = etl.run({
      items: after(batch(1, 2, 1), 1, () => {
        reading.open();
        return done.passed;
      }),
    });
    await reading.passed;
    const others = [2, 3, 4, 5].map((n) => etl.run({ items: rows(batch(n, n, n)) }).then(() => order.push(n)));
    const brief = itemsPipeline(db, { lease: { wait: 30 } });
    await failure(brief.run({ items: rows(batch(9, 9, 9)) }), "LEASE_HELD");
    done.open();
    await Promise.all([first, ...others]);
    expect(order).toEqual([2, 3, 4, 5]);
  });

  test("sessions: whoever waits for one gets it also when the one given back does not close", async () => {
    const db = await open();
    let fail = true;
    const warehouse = changed(db.warehouse, (s) => ({
      close: async () => {
        await s.close();
        if (fail) throw new Error("the connection did not close");
      },
    }));
    const pool = poolOf(adapterOf(warehouse) as Adapter);
    const leave = pool.join();
    const taken = await Promise.all(Array.from({ length: 8 }, () => pool.take(calm())));
    const waiting = pool.take(calm());
    await expect(pool.give(taken[0] as Session<Native>, true)).rejects.toThrow("did not close");
    fail = false;
    for (const s of [await waiting, ...taken.slice(1)]) await pool.give(s, false);
    await leave();
  });

  test("sessions: a signal that has fired takes none, and whoever waits behind it goes on", async () => {
    const db = await open();
    const pool = poolOf(adapterOf(changed(db.warehouse, () => ({}))) as Adapter);
    const leave = pool.join();
    const taken = await Promise.all(Array.from({ length: 8 }, () => pool.take(calm())));
    await expect(pool.take({ signal: AbortSignal.abort(new Error("too late")), tag: "test" })).rejects.toThrow("too late");
    const stop = new AbortController();
    const first = pool.take({ signal: stop.signal, tag: "test" });
    const second = pool.take(calm());
    await Promise.resolve();
    // Woken and aborted in one turn: the session that it was woken for is the other one's.
    const given = pool.give(taken[0] as Session<Native>, false);
    stop.abort(new Error("aborted"));
    await given;
    await expect(first).rejects.toThrow("aborted");
    for (const s of [await second, ...taken.slice(1)]) await pool.give(s, false);
    await leave();
  });

  test("heartbeat: one that does not answer holds nobody up: the run goes on, and others' heartbeats too", async () => {
    const db = await open();
    const hooks: Hooks = {};
    const warehouse = interpose(db.warehouse, hooks);
    const etl = itemsPipeline(db, { warehouse, lease: { ttl: "60s" } });
    const t = table("others", { columns: { id: "int64" }, key: "id" });
    const other = db.own(cutover({ warehouse, pipeline: "other", tables: { t }, lease: { ttl: "60s" } }));
    await etl.run({ items: rows(batch(1, 3, 1)) });
    await other.run({ t: rows([{ id: 0 }]) });
    const [stuck, beats, ready] = [gate(), gate(), gate()];
    hooks.beforeStatement = (tag) => {
      if (!tag.endsWith(" renew")) return;
      hooks.beforeStatement = (next) => (next.endsWith(" renew") ? beats.open() : undefined);
      stuck.open();
      return new Promise(() => undefined);
    };
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout"], shouldAdvanceTime: true });
    const source = after(batch(3, 5, 2), 1, async () => {
      await ready.passed;
      vi.advanceTimersByTime(20_000); // a third of the lease: both heartbeats are due, and the first hangs
      await stuck.passed;
      vi.advanceTimersByTime(16_000); // … and is given up
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(5_000); // both are due again
      await beats.passed;
    });
    const otherSource = after([{ id: 1 }], 1, () => {
      ready.open();
      return beats.passed;
    });
    const reports = await Promise.all([etl.run({ items: source }), other.run({ t: otherSource })]);
    expect(reports.map((r) => r.status)).toEqual(["published", "published"]);
    expect(await etl.status()).toMatchObject({ live: 2, lease: null });
  });

  test("heartbeat: one that does not answer does not keep a run from being cancelled", async () => {
    const db = await open();
    const hooks: Hooks = {};
    const etl = itemsPipeline(db, { warehouse: interpose(db.warehouse, hooks) });
    await etl.run({ items: rows(batch(1, 3, 1)) });
    const stuck = gate();
    hooks.beforeStatement = (tag) => {
      if (!tag.endsWith(" renew")) return;
      stuck.open();
      return new Promise(() => undefined);
    };
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const stop = new AbortController();
    const source = after(batch(3, 5, 2), 1, async () => {
      vi.advanceTimersByTime(101_000);
      await stuck.passed;
      stop.abort();
    });
    await failure(etl.run({ items: source }, { signal: stop.signal }), "CANCELLED");
    delete hooks.beforeStatement;
    expect(await etl.status()).toMatchObject({ live: 1, lease: null });
    expect(await etl.run({ items: rows(batch(3, 5, 2)) })).toMatchObject({ status: "published" });
  });

  test("events: observers and loggers that fail later fail nothing either", async () => {
    const db = await open();
    const unhandled: unknown[] = [];
    const told: string[] = [];
    const listen = (e: unknown): void => void unhandled.push(e);
    process.on("unhandledRejection", listen);
    try {
      const later = async (): Promise<void> => {
        throw new Error("later");
      };
      const warn = async (_c: object, message: string): Promise<void> => {
        told.push(message);
        throw new Error("the logger failed");
      };
      const etl = itemsPipeline(db, { observers: [{ event: later }], logger: { debug: later, info: later, warn, error: later } });
      expect(await etl.run({ items: rows(batch(1, 3, 1)) })).toMatchObject({ status: "published" });
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect([unhandled, told.includes("an observer threw")]).toEqual([[], true]);
    } finally {
      process.off("unhandledRejection", listen);
    }
  });

  test("conflicts: a block that is tried again has only the time that is left of its lease", async () => {
    const db = await open();
    const limits: number[] = [];
    const warehouse = changed(db.warehouse, (s) => ({
      atomic: async (b, io) => {
        if (b.id !== "publish") return s.atomic(b, io);
        limits.push(b.timeoutMs);
        if (limits.length < 4) throw conflict();
        return s.atomic(b, io);
      },
    }));
    const etl = itemsPipeline(db, { warehouse });
    expect(await etl.run({ items: rows(batch(1, 3, 1)) })).toMatchObject({ status: "published" });
    expect(limits).toHaveLength(4);
    expect(limits).toEqual([...new Set(limits)].sort((a, b) => b - a));
  });
});
