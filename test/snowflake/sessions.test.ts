import { rows } from "cutover";
import snowflakeSdk from "snowflake-sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failure, goodRun, manyOrders, order, type Region, region, type World } from "./world.js";

let here: Region;
beforeAll(async () => {
  here = await region();
});
afterAll(() => here.close());

async function begun(more: Parameters<World["etl"]>[0] = {}): Promise<World & { readonly p: ReturnType<World["etl"]> }> {
  const w = await here.world();
  const p = w.etl(more);
  await goodRun(p, 1);
  return { ...w, p };
}
const change = { orders: rows(() => [order(1, "new"), order(2)]) };
const before = ["1=v1"];
const after = ["1=new", "2=v2"];
const first = (kind: string) => ({ sql: new RegExp(`^/\\*.*?\\*/ ${kind}`) });

describe("tokens that run out", () => {
  test("between two runs: they are renewed, and nothing is seen of it", async () => {
    const { sim, p, live } = await begun();
    sim.expireTokens("session");
    const mark = sim.counts.mark();
    expect(await p.run(change)).toMatchObject({ status: "published", release: 2 });
    expect(sim.counts.since(mark).endpoints["renew"]).toBeGreaterThan(0);
    expect(await live()).toEqual(after);
  });
  test.each(["BEGIN", "INSERT", "MERGE", "COMMIT", "CREATE"])("at %s, in the middle of a release: it goes on", async (kind) => {
    const w = await begun();
    const struck = w.sim.faults.add(first(kind), { token: "expired" });
    expect(await w.p.run(change)).toMatchObject({ status: "published", release: 2 });
    expect(struck.times).toBe(1);
    expect(await w.live()).toEqual(after);
  });
  test("while a large load is uploaded: it goes on", async () => {
    const w = await begun();
    const struck = w.sim.faults.add({ kind: "PUT" }, { token: "expired" });
    const copied = w.sim.faults.add({ kind: "COPY" }, { token: "expired" });
    expect(await w.p.run({ orders: rows(() => manyOrders()) })).toMatchObject({ status: "published" });
    expect([struck.times, copied.times]).toEqual([1, 1]);
  });
});

describe("a session that is gone", () => {
  test.each(["master", "gone"] as const)(
    "between two runs (%s): a clear error, and the next run works in a new one",
    async (token) => {
      const w = await begun();
      w.sim.faults.add({ kind: "UPDATE" }, { token });
      const e = await failure(() => w.p.run(change), "ADAPTER");
      expect(e.context).toMatchObject({ kind: "transient", outcome: "not-applied", pipeline: "p" });
      expect(e.message).toMatch(/run again, a new one is opened/);
      expect(e.retryable).toBe(true);
      expect(await w.live()).toEqual(before);
      expect(await w.p.run(change)).toMatchObject({ status: "published" });
      expect(await w.live()).toEqual(after);
    },
  );
  test.each(["BEGIN", "INSERT", "MERGE"])(
    "at %s, in the middle of a release: nothing is changed, and the next run works",
    async (kind) => {
      const w = await begun();
      const struck = w.sim.faults.add(first(kind), { token: "gone" });
      const e = await failure(() => w.p.run(change), "ADAPTER");
      expect(struck.times).toBe(1);
      expect(e.context).toMatchObject({ kind: "transient", outcome: "not-applied" });
      expect(await w.live()).toEqual(before);
      expect(await w.p.run(change)).toMatchObject({ status: "published" });
      expect(await w.live()).toEqual(after);
      expect((await w.p.audit()).ok).toBe(true);
    },
  );
  test("at the COMMIT: it was rolled back, and that is what the error says", async () => {
    const w = await begun();
    w.sim.faults.add({ kind: "COMMIT" }, { token: "gone" });
    const e = await failure(() => w.p.run(change), "PUBLISH_FAILED");
    expect(e.context.state).toBe("before");
    expect(await w.live()).toEqual(before);
    expect(await w.p.run(change)).toMatchObject({ status: "published" });
  });
});

describe("an answer of COMMIT that is lost", () => {
  test("once: the request is sent again under its id, and the release is out once", async () => {
    const w = await begun();
    w.sim.faults.add({ kind: "COMMIT" }, { at: "after", body: "truncated" });
    expect(await w.p.run(change)).toMatchObject({ status: "published", release: 2 });
    expect(await w.live()).toEqual(after);
  });
  test.each([
    ["when it was committed: published", "after", true],
    ["when it was not: PUBLISH_FAILED, before", "before", false],
  ] as const)("for good, %s", async (_, at, out) => {
    const w = await begun();
    // As often as one statement is sent; the next COMMIT is another's.
    w.sim.faults.add({ kind: "COMMIT" }, { at, status: 400 }, 1);
    const running = w.p.run(change);
    if (out) expect(await running).toMatchObject({ status: "published", release: 2 });
    else expect((await failure(() => running, "PUBLISH_FAILED")).context.state).toBe("before");
    expect(await w.live()).toEqual(out ? after : before);
    expect((await w.p.audit()).ok).toBe(true);
    await goodRun(w.p, 3);
  });
  test("of a rollback: it is out once", async () => {
    const w = await begun();
    await w.p.run(change);
    w.sim.faults.add({ kind: "COMMIT" }, { at: "after", status: 400 });
    expect(await w.p.rollback()).toMatchObject({ from: 2, to: 1 });
    expect(await w.live()).toEqual(before);
  });
  test("of a swap, or of either of its renames: the version is out once", async () => {
    for (const when of [{ kind: "COMMIT" }, { sql: /SWAP WITH/ }, { sql: /RENAME TO/ }]) {
      const w = await begun();
      const candidate = await w.p.clone();
      await candidate.load(change);
      w.sim.faults.add(when, { at: "after", status: 400 });
      const end = await candidate.swap().catch((e: unknown) => e);
      if (end instanceof Error) await w.p.recover();
      expect(await w.live(), String(when.sql ?? when.kind)).toEqual(after);
      expect((await w.p.audit()).ok).toBe(true);
      await goodRun(w.p, 3);
    }
  });
});

describe("a storm of 503", () => {
  test("at the statements of a release is bridged by the driver, and nothing is there twice", async () => {
    const w = await begun();
    const kinds = ["MERGE", "COMMIT"];
    const struck = kinds.map((kind) => w.sim.faults.add({ kind, repeated: false }, { status: 503, at: "after" }));
    expect(await w.p.run(change)).toMatchObject({ status: "published", release: 2 });
    expect(struck.map((s) => s.times)).toEqual([1, 1]);
    expect(await w.live()).toEqual(after);
  });
});

describe("a client that has vanished with its locks", () => {
  /** Another hand that has written to a table in a transaction, and says nothing more. */
  async function vanished(w: World, write: string): Promise<number> {
    const connection = snowflakeSdk.createConnection(w.login);
    await connection.connectAsync(() => undefined);
    const id = w.sim.sessions.at(-1)?.id ?? 0;
    for (const sqlText of ["BEGIN", write.replaceAll("$", w.database)])
      await new Promise<void>((done, fail) => connection.execute({ sqlText, complete: (e) => (e ? fail(e) : done()) }));
    await w.sim.detach(id);
    return id;
  }
  const onLease = async (w: World): Promise<string> => {
    const [lease] = await w.sql("SHOW TABLES LIKE 'lease_p_%' IN SCHEMA $.\"cutover_ledger\"");
    return `UPDATE $."cutover_ledger"."${String(lease?.["name"])}" SET "owner" = 'gone'`;
  };

  test("on the lease: LEASE_HELD, with what to do; and it gets through once the service has given the client up", async () => {
    const w = await begun();
    const gone = await vanished(w, await onLease(w));
    const e = await failure(
      () => w.etl({ lease: { ttl: "2s", wait: 0 }, warehouse: { lockTimeoutSeconds: 1 } }).run(change),
      "LEASE_HELD",
    );
    expect(e.retryable).toBe(true);
    expect(e.message).toMatch(/being worked on.*wait \(lease\.wait\) or try again/);
    expect(await w.live()).toEqual(before);
    expect(await w.sim.expireDetached()).toContain(gone);
    expect(await w.p.run(change)).toMatchObject({ status: "published" });
    expect(await w.live()).toEqual(after);
  });
  test("on the table: the run waits, and goes on where the service has given the client up", async () => {
    const w = await begun();
    const gone = await vanished(w, "UPDATE $.PUBLIC.ORDERS SET V = 'gone'");
    const sent = w.sim.faults.hold({ kind: "MERGE" });
    const running = w.p.run(change);
    await sent.reached;
    sent.release();
    expect(await w.sim.expireDetached()).toContain(gone);
    expect(await running).toMatchObject({ status: "published", release: 2 });
    expect(await w.live()).toEqual(after);
  });
});
