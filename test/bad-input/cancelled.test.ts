import { type Candidate, check, rows, type Stage, sql, table } from "cutover";
import { describe, expect, test } from "vitest";
import { failure, order, orders, refused, type World, world } from "./support.js";

/** A signal that fires when the stage begins. */
const during = (w: World, stage: Stage) => {
  const abort = new AbortController();
  const observed = w.pipeline({
    pipeline: "p",
    tables: w.etl.tables,
    observers: [{ event: (e) => void (e.type === "stage.start" && e.stage === stage && abort.abort(new Error("enough"))) }],
  });
  return { observed, signal: abort.signal };
};

describe("an abort in each stage", () => {
  test.each<[Stage, (p: World["etl"], signal: AbortSignal) => unknown]>([
    ["load", (p, signal) => p.run({ orders: rows([order(9)]) }, { signal })],
    ["publish", (p, signal) => p.run({ orders: rows([order(9)]) }, { signal })],
    ["clone", (p, signal) => p.clone({ signal })],
    ["load", (p, signal) => p.run({ orders: rows([order(9)]) }, { signal, strategy: "swap" })],
    ["swap", (p, signal) => p.run({ orders: rows([order(9)]) }, { signal, strategy: "swap" })],
    ["rollback", (p, signal) => p.rollback({ signal })],
    ["adopt", (p, signal) => p.adopt({ signal })],
    ["audit", (p, signal) => p.audit({ signal })],
    ["validate", (p, signal) => p.check({ signal })],
    ["recover", (p, signal) => p.recover({ signal })],
  ])("%s: %s", async (stage, act) => {
    const w = await world();
    const { observed, signal } = during(w, stage);
    const e = await refused(w, () => act(observed, signal), "CANCELLED");
    expect(e.context).toMatchObject({ stage, pipeline: "p" });
    expect(e.message).toMatch(new RegExp(`cancelled during ${stage}`));
    expect(signal.aborted).toBe(true);
  });
  test("a redo", async () => {
    const w = await world();
    await w.etl.rollback();
    const before = await w.snapshot();
    const { observed, signal } = during(w, "rollback");
    const e = await failure(() => observed.redo({ signal }), "CANCELLED");
    expect(e.context.stage).toBe("rollback");
    expect(await w.snapshot()).toEqual(before);
    await w.etl.redo();
    await w.goodRun();
  });
  test.each<[Stage, (c: Candidate, signal: AbortSignal) => Promise<unknown>]>([
    ["load", (c, signal) => c.load({ orders: rows([order(9)]) }, { signal })],
    ["validate", (c, signal) => c.validate({ signal })],
    ["swap", (c, signal) => c.swap({ signal })],
  ])("a step of a candidate: %s; it stays open and can go on", async (stage, act) => {
    const w = await world();
    const { observed, signal } = during(w, stage);
    const candidate = await observed.clone();
    const before = await w.snapshot();
    const e = await failure(() => act(candidate, signal), "CANCELLED");
    expect(e.context).toMatchObject({ stage, release: 3, pipeline: "p" });
    expect(await w.snapshot()).toEqual(before);
    expect(candidate.state).toBe("open");
    await candidate.load({ orders: rows([order(10)]) });
    expect((await candidate.swap()).status).toBe("published");
    expect(await w.sql("SELECT id::INT AS id FROM main.orders ORDER BY id")).toEqual([{ id: 1 }, { id: 2 }, { id: 10 }]);
  });
  test("a step of a release in place; it stays open and can go on", async () => {
    const w = await world();
    const { observed, signal } = during(w, "publish");
    const release = await observed.begin();
    await release.load({ orders: rows([order(9)]) });
    const e = await failure(() => release.publish({ signal }), "CANCELLED");
    expect(e.context).toMatchObject({ stage: "publish", release: 3, pipeline: "p" });
    expect(release.state).toBe("loaded");
    expect((await release.publish()).status).toBe("published");
  });
});

describe("an abort in the middle of the work", () => {
  test("between two batches of a source, which is closed", async () => {
    const w = await world();
    const abort = new AbortController();
    let closed = false;
    const endless = async function* () {
      try {
        for (let n = 100; ; n++) {
          if (n === 30_000) abort.abort();
          yield order(n);
        }
      } finally {
        closed = true;
      }
    };
    const e = await refused(w, () => w.etl.run({ orders: rows(endless()) }, { signal: abort.signal }), "CANCELLED");
    expect(e.context).toMatchObject({ stage: "load", pipeline: "p", table: "orders", release: 3 });
    expect(closed).toBe(true);
  });
  test("the source that gets the signal and throws its reason", async () => {
    const w = await world();
    const abort = new AbortController();
    const source = rows(async function* (signal: AbortSignal) {
      yield order(9);
      abort.abort();
      signal.throwIfAborted();
      yield order(10);
    });
    const e = await refused(w, () => w.etl.run({ orders: source }, { signal: abort.signal }), "CANCELLED");
    expect(e.context.stage).toBe("load");
  });
  test("inside the publish block", async () => {
    const abort = new AbortController();
    let armed = false;
    const inside = check("inside", async ({ query, self }) => {
      if (armed) abort.abort();
      await query(sql`SELECT count(*) FROM ${self}`);
      return { pass: true };
    });
    const columns = { id: "int64", customer: "string", amount: "decimal(10,2)?", updated_at: "timestamp" } as const;
    const w = await world({ table: table("main.orders", { columns, key: "id", cursor: "updated_at", checks: [inside] }) });
    const before = await w.snapshot();
    armed = true;
    const e = await failure(() => w.etl.run({ orders: rows([order(9)]) }, { signal: abort.signal }), "CANCELLED");
    armed = false;
    expect(e.context).toMatchObject({ stage: "publish", release: 3 });
    expect(await w.snapshot()).toEqual(before);
    await w.goodRun();
  });
  test("a diff that is no longer wanted", async () => {
    const w = await world();
    const abort = new AbortController();
    const changes = w.etl.diff("orders", { from: 1, to: 2, signal: abort.signal })[Symbol.asyncIterator]();
    abort.abort();
    const e = await refused(w, () => changes.next(), "CANCELLED");
    expect(e.context).toMatchObject({ stage: "audit", pipeline: "p" });
  });
});

describe("a signal that had fired before the call", () => {
  const signal = AbortSignal.abort();
  test.each<[string, Stage, (p: World["etl"]) => unknown]>([
    ["run", "load", (p) => p.run({ orders: rows([order(9)]) }, { signal })],
    ["run by candidate", "load", (p) => p.run({ orders: rows([order(9)]) }, { signal, strategy: "swap" })],
    ["begin", "load", (p) => p.begin({ signal })],
    ["clone", "clone", (p) => p.clone({ signal })],
    ["rebuild", "clone", (p) => p.rebuild({ signal })],
    ["rollback", "rollback", (p) => p.rollback({ signal })],
    ["redo", "rollback", (p) => p.redo({ signal })],
    ["hold", "rollback", (p) => p.hold("x", { signal })],
    ["status", "audit", (p) => p.status({ signal })],
    ["plan", "audit", (p) => p.plan({ strategy: "in-place", signal })],
    ["audit", "audit", (p) => p.audit({ signal })],
    ["check", "validate", (p) => p.check({ signal })],
    ["adopt", "adopt", (p) => p.adopt({ signal })],
    ["recover", "recover", (p) => p.recover({ signal })],
    ["history", "audit", (p) => p.history({ signal })[Symbol.asyncIterator]().next()],
    ["diff", "audit", (p) => p.diff("orders", { from: 1, to: 2, signal })[Symbol.asyncIterator]().next()],
  ])("%s", async (_, stage, act) => {
    const w = await world();
    const e = await refused(w, () => act(w.etl), "CANCELLED");
    expect(e.context).toMatchObject({ stage, pipeline: "p" });
  });
  test("the source is not opened", async () => {
    const w = await world();
    let opened = false;
    const source = rows(() => {
      opened = true;
      return [order(9)];
    });
    await refused(w, () => w.etl.run({ orders: source }, { signal }), "CANCELLED");
    expect(opened).toBe(false);
  });
  test("while another has the lease: the wait ends with the signal", async () => {
    const w = await world();
    const abort = new AbortController();
    const waiting = w.pipeline({ pipeline: "p", tables: { orders }, lease: { wait: "1h" } });
    const owner = rows(async function* () {
      const waiter = waiting.run({ orders: rows([order(8)]) }, { signal: abort.signal });
      abort.abort();
      const e = await failure(() => waiter, "CANCELLED");
      expect(e.context.stage).toBe("load");
      yield order(9);
    });
    expect((await w.etl.run({ orders: owner })).status).toBe("published");
  });
});
