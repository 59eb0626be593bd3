import { adapterOf, raw, template } from "cutover/adapter";
import snowflakeSdk from "snowflake-sdk";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { snowflake } from "../../adapters/snowflake/index.js";
import { type Account, account, at, calm, failure } from "./place.js";

let a: Account;
beforeAll(async () => {
  a = await account();
  await a.sql('CREATE TABLE "T" ("ID" NUMBER(19,0), "V" VARCHAR)', `INSERT INTO "T" SELECT 1, 'a'`);
});
afterAll(() => a.close());
beforeEach(() => a.sim.faults.clear());

const insert = { sql: template`INSERT INTO "T" SELECT ${2n}, ${"b"}` };

it("opens a session by one statement beside the login", async () => {
  const mark = a.sim.counts.mark();
  const session = await a.open();
  const { log, logins } = a.sim.counts.since(mark);
  expect(logins).toBe(1);
  expect(log.map((s) => s.kind)).toEqual(["ALTER"]);
  for (const set of [
    "TIMEZONE = 'UTC'",
    "LOCK_TIMEOUT = 60",
    "STATEMENT_TIMEOUT_IN_SECONDS = 3600",
    "ABORT_DETACHED_QUERY = TRUE",
  ])
    expect(log[0]?.sql).toContain(set);
  expect(session.home).toEqual(["DB", "PUBLIC"]);
});

it("names each call by its tag, in the query tag and in a comment that nothing ends", async () => {
  const session = await a.open();
  const mark = a.sim.counts.mark();
  await session.execute({ sql: raw("SELECT 1") }, calm("cutover orders */ DROP TABLE x; -- \n'publish"));
  const [said] = a.sim.counts.since(mark).log;
  expect(said?.tag).toBe("cutover orders */ DROP TABLE x; -- \n'publish");
  expect(said?.sql).toBe("/* cutover orders __ DROP TABLE x_ -- __publish */ SELECT 1");
});

it("sends a request whose answer was lost again under its own id, and it has its effect once", async () => {
  const session = await a.open();
  const struck = a.sim.faults.add({ kind: "INSERT" }, { at: "after", body: "truncated" });
  const mark = a.sim.counts.mark();
  expect((await session.execute(insert, calm())).affected).toBe(1);
  expect(struck.times).toBe(1);
  const [said, ...others] = a.sim.counts.since(mark).log;
  expect([others.length, said?.requests]).toEqual([0, 2]);
});

it("ends a statement on the server when its signal fires, and works on", async () => {
  const session = await a.open();
  const held = a.sim.faults.hold({ sql: /SLOW/ });
  const stop = new AbortController();
  const running = session.execute({ sql: raw("SELECT 1 AS SLOW") }, { tag: "t", signal: stop.signal });
  const failed = failure(running);
  await held.reached;
  stop.abort();
  expect(a.adapter.classify(await failed)).toMatchObject({ kind: "cancelled", outcome: "not-applied" });
  held.release();
  expect((await session.execute({ sql: raw("SELECT 2 AS N") }, calm())).rows).toEqual([{ N: 2n }]);
});

it("ends a statement by its own time limit, whatever the driver would wait for", async () => {
  const session = await a.open();
  const held = a.sim.faults.hold({ sql: /SLOW/ });
  const failed = failure(session.execute({ sql: raw("SELECT 1 AS SLOW") }, { ...calm(), timeoutMs: 50 }));
  expect(a.adapter.classify(await failed)).toMatchObject({ kind: "cancelled" });
  held.release();
});

it("does not know of a COMMIT without an answer whether it was one", async () => {
  const session = await a.open();
  a.sim.faults.add({ kind: "COMMIT" }, { at: "after", error: { code: "000000", message: "?" }, body: "malformed" }, 100);
  const block = { id: "b", end: "commit", timeoutMs: 60_000, ops: [{ id: "i", step: "append", op: insert }] } as const;
  const e = await failure(session.atomic(block, calm()));
  expect(a.adapter.classify(e)).toMatchObject({ kind: "transient", outcome: "unknown" });
  expect(a.adapter.classify(await failure(session.execute(insert, calm())))).toMatchObject({
    kind: "transient",
    outcome: "not-applied",
  });
});

it("tells that another transaction holds the table", async () => {
  const [one, two] = [await a.open(), await a.other({ lockTimeoutSeconds: 1 }).open(calm())];
  await one.execute({ sql: raw("BEGIN") }, calm());
  await one.execute({ sql: raw(`UPDATE "T" SET "V" = 'x'`) }, calm());
  const e = await failure(two.execute({ sql: raw(`UPDATE "T" SET "V" = 'y'`) }, calm()));
  expect(a.adapter.classify(e)).toMatchObject({ kind: "conflict", outcome: "not-applied" });
  await one.execute({ sql: raw("ROLLBACK") }, calm());
  await two.close();
});

it("tells no secret when the login fails", async () => {
  const wrong = a.other({ password: "open sesame" });
  const e = await failure(wrong.open(calm()));
  expect(wrong.classify(e)).toMatchObject({ kind: "denied", outcome: "not-applied" });
  expect(JSON.stringify([e, (e as Error).message, (e as Error).stack, wrong.classify(e)])).not.toContain("sesame");
});

it("ends the sessions that it opened, and none that was given to it", async () => {
  const before = a.sim.sessions.length;
  const own = await a.open();
  await own.close();
  expect(a.sim.sessions).toHaveLength(before);
  const connection = snowflakeSdk.createConnection(a.sim.connectionOptions());
  await connection.connectAsync(() => undefined);
  const given = adapterOf(snowflake({ connection: connection as never }));
  const session = await given?.open(calm());
  await session?.close();
  expect(a.sim.sessions).toHaveLength(before + 1);
  await new Promise<void>((done) => connection.destroy(() => done()));
});

it("refuses a session that stands nowhere", async () => {
  const e = await failure(a.other({ schema: "NO_SUCH" }).open(calm()));
  expect(a.adapter.classify(e)).toMatchObject({ kind: "missing-object" });
});

it("describes the columns of a table by one statement, and the whole of it by six", async () => {
  const session = await a.open();
  expect(await a.sent(() => session.describe(at("T"), calm(), "columns"))).toHaveLength(1);
  expect(await a.sent(() => session.describe(at("T"), calm()))).toHaveLength(6);
});

it("refuses what is no table that can be published to, and says what it is", async () => {
  const session = await a.open();
  await a.sql('CREATE VIEW "V" AS SELECT * FROM "T"', 'CREATE TABLE "NUMBERED" ("A" NUMBER IDENTITY)');
  for (const [name, what] of [
    ["V", "is a view"],
    ["NUMBERED", "identity column"],
  ] as const) {
    const e = await failure(session.describe(at(name), calm(), "columns"));
    expect(a.adapter.classify(e).kind, name).toBe("unsupported");
    expect(String(e)).toContain(what);
  }
});

it("tells which columns the service computes, where the whole of a table is asked for", async () => {
  const session = await a.open();
  await a.sql('CREATE TABLE "COMPUTED" ("A" NUMBER(19,0), "B" NUMBER(19,0) AS ("A" + 1))');
  const whole = await session.describe(at("COMPUTED"), calm());
  expect(whole?.columns.map((c) => [c.name, c.generated])).toEqual([
    ["A", undefined],
    ["B", true],
  ]);
});

it("takes connections of a pool, clean, and gives them back", async () => {
  const pool = snowflakeSdk.createPool(a.sim.connectionOptions(), { max: 1, min: 0 });
  const dirty = await pool.acquire();
  const ran = (sqlText: string) =>
    new Promise<void>((done, fail) => dirty.execute({ sqlText, streamResult: true, complete: (e) => (e ? fail(e) : done()) }));
  await ran("BEGIN");
  await ran(`INSERT INTO "T" SELECT 99, 'dirty'`);
  await pool.release(dirty);
  const pooled = adapterOf(snowflake({ pool }));
  const session = await pooled?.open(calm());
  await session?.execute({ sql: raw("SELECT 1") }, calm());
  await session?.close();
  expect([pool.borrowed, pool.available]).toEqual([0, 1]);
  expect(await a.sql('SELECT COUNT(*) AS N FROM "T" WHERE "ID" = 99')).toEqual([{ N: 0n }]);
  await pool.drain();
  await pool.clear();
});
