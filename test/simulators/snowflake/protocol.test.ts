import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Account, accounts, type Client, manyRows } from "./support.js";

const pool = accounts();
let account: Account;
let client: Client;

beforeEach(async () => {
  account = await pool.start({ patience: 30 });
  client = await account.connect();
});
afterEach(() => pool.end());

describe("a statement", () => {
  it("answers with its rows, its id and the session's names", async () => {
    const { rows, statement } = await client.run("SELECT 1 AS A, 'x' AS B");
    expect(rows).toEqual([{ A: 1, B: "x" }]);
    expect(statement.getQueryId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    expect((statement.getSessionState() as { getCurrentDatabase(): string }).getCurrentDatabase()).toBe("DB");
  });

  it("takes binds by position", async () => {
    const { rows } = await client.run("SELECT ? AS A, ? AS B", { binds: ["it's", null as unknown as string] });
    expect(rows).toEqual([{ A: "it's", B: null }]);
  });

  it("takes a list of rows as binds and reports how many it inserted", async () => {
    await client.run("CREATE TABLE T (A INTEGER, B VARCHAR)");
    const { statement } = await client.run("INSERT INTO T VALUES (?, ?)", {
      binds: [
        [1, "a"],
        [2, "b"],
      ],
    });
    expect(statement.getNumUpdatedRows()).toBe(2);
  });

  it("that has an error gives code, SQL state and query id", async () => {
    const refused = await client.run("SELECT * FROM NOWHERE").catch((e: unknown) => e);
    expect(refused).toMatchObject({ code: expect.stringMatching(/^\d{6}$/), sqlState: expect.stringMatching(/^.{5}$/) });
    expect(account.sim.counts.log.at(-1)?.outcome).toBe((refused as { code: string }).code);
  });

  it("is only one: two in a request are refused, and none of them runs", async () => {
    await expect(client.run("CREATE TABLE T (A INTEGER); SELECT 1")).rejects.toMatchObject({ code: "000008", sqlState: "0A000" });
    await expect(client.run("SELECT * FROM T")).rejects.toMatchObject({ code: expect.any(String) });
    await expect(client.run("SELECT ';' AS A -- ;\n;")).resolves.toMatchObject({ rows: [{ A: ";" }] });
  });

  it("that is empty is refused", async () => {
    await expect(client.run("-- nothing")).rejects.toMatchObject({ code: "000900" });
  });

  it("has one megabyte of text at most", async () => {
    await expect(client.run(`SELECT '${"x".repeat(1_048_577)}' AS A`)).rejects.toThrow("longer than 1 MB");
  });

  it("takes parameters of its own; an unknown one is refused", async () => {
    await client.run("SELECT 1", { parameters: { QUERY_TAG: "mine" } });
    await client.run("SELECT 1");
    expect(account.sim.counts.log.map((s) => s.tag)).toEqual(["mine", ""]);
    await expect(client.run("SELECT 1", { parameters: { NO_SUCH_THING: 1 } })).rejects.toMatchObject({ code: "001006" });
  });

  it("can be described without running", async () => {
    await client.run("CREATE TABLE T (A INTEGER)");
    const { rows, statement } = await client.run("SELECT A FROM T", { describeOnly: true } as object);
    expect(rows).toEqual([]);
    expect(statement.getColumns()?.map((c) => c.getName())).toEqual(["A"]);
  });
});

describe("a repeated request", () => {
  it("gets the first outcome, and nothing runs twice", async () => {
    await client.run("CREATE TABLE T (A INTEGER)");
    const requestId = "11111111-2222-3333-4444-555555555555";
    const first = await client.run("INSERT INTO T VALUES (1)", { requestId });
    const second = await client.run("INSERT INTO T VALUES (1)", { requestId });
    expect(second.statement.getQueryId()).toBe(first.statement.getQueryId());
    expect((await client.run("SELECT COUNT(*) AS N FROM T")).rows).toEqual([{ N: 1 }]);
    expect(account.sim.counts.log[1]).toMatchObject({ requests: 2, outcome: "ok" });
  });

  it("gets the first outcome from another session of the same user, and an error is an outcome too", async () => {
    const requestId = "11111111-2222-3333-4444-666666666666";
    await expect(client.run("SELECT * FROM NOWHERE", { requestId })).rejects.toMatchObject({ code: expect.any(String) });
    await client.run("CREATE TABLE NOWHERE (A INTEGER)");
    const other = await account.connect();
    await expect(other.run("SELECT * FROM NOWHERE", { requestId })).rejects.toMatchObject({ code: expect.any(String) });
  });

  it("joins the first one while that runs", async () => {
    const held = account.sim.faults.hold({ kind: "SELECT" });
    const requestId = "11111111-2222-3333-4444-777777777777";
    const first = client.run("SELECT 1 AS A", { requestId });
    await held.reached;
    const second = client.run("SELECT 1 AS A", { requestId });
    const again = account.sim.faults.hold({ endpoint: "result" }, "before");
    await again.reached;
    held.release();
    again.release();
    expect((await first).rows).toEqual([{ A: 1 }]);
    expect((await second).rows).toEqual([{ A: 1 }]);
    expect(account.sim.counts.statements).toBe(1);
  });
});

describe("a statement that lasts", () => {
  it("is answered with where to ask again, and the driver asks until it has ended", async () => {
    const held = account.sim.faults.hold({ kind: "SELECT" });
    const asked = account.sim.faults.hold({ endpoint: "result", nth: 2 }, "before");
    const { answer } = client.begin("SELECT 1 AS A");
    await asked.reached;
    asked.release();
    held.release();
    expect((await answer).rows).toEqual([{ A: 1 }]);
    expect(account.sim.counts.endpoints["result"]).toBeGreaterThan(1);
  });

  it("can be asked for without waiting, watched, and fetched by its id", async () => {
    const held = account.sim.faults.hold({ kind: "SELECT" });
    const { statement } = await client.run("SELECT 1 AS A", { asyncExec: true });
    const queryId = statement.getQueryId();
    expect(await client.connection.getQueryStatus(queryId)).toBe("RUNNING");
    held.release();
    const found = (await client.connection.getResultsFromQueryId({ queryId, sqlText: "" })) as typeof statement;
    const rows: unknown[] = [];
    for await (const row of found.streamRows()) rows.push(row);
    expect(rows).toEqual([{ A: 1 }]);
    expect(await client.connection.getQueryStatus(queryId)).toBe("SUCCESS");
  });

  it("is cancelled by request id: 000604, and it has no effect", async () => {
    await client.run("CREATE TABLE T (A INTEGER)");
    const held = account.sim.faults.hold({ kind: "INSERT" });
    const { statement, answer } = client.begin("INSERT INTO T VALUES (1)");
    await held.reached;
    await client.cancel(statement);
    await expect(answer).rejects.toMatchObject({ code: "000604", sqlState: "57014" });
    expect((await client.run("SELECT * FROM T")).rows).toEqual([]);
    await expect(client.cancel(statement)).rejects.toMatchObject({ code: "000605" });
  });

  it("is cancelled by query id, also from another session", async () => {
    const held = account.sim.faults.hold({ kind: "SELECT", sql: "held" });
    const { statement } = await client.run("SELECT 'held' AS A", { asyncExec: true });
    await held.reached;
    const other = await account.connect();
    await other.run(`SELECT SYSTEM$CANCEL_QUERY('${statement.getQueryId()}')`);
    await expect(client.connection.getQueryStatusThrowIfError(statement.getQueryId())).rejects.toMatchObject({
      message: expect.stringContaining("SQL execution canceled"),
    });
  });

  it("ends at STATEMENT_TIMEOUT_IN_SECONDS: 000630", async () => {
    await expect(client.run("CALL SYSTEM$WAIT(60)", { parameters: { STATEMENT_TIMEOUT_IN_SECONDS: 1 } })).rejects.toMatchObject({
      code: "000630",
      sqlState: "57014",
    });
    await client.run("ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 1");
    await expect(client.run("CALL SYSTEM$WAIT(60)")).rejects.toMatchObject({ code: "000630" });
  });

  it("keeps the session's next statement waiting, and that one can be cancelled while it waits", async () => {
    const held = account.sim.faults.hold({ sql: "'first'" });
    const first = client.begin("SELECT 'first' AS A");
    await held.reached;
    const second = client.begin("SELECT 'second' AS A");
    const asked = account.sim.faults.hold({ endpoint: "result", sql: "'second'" }, "before");
    await asked.reached;
    asked.release();
    await client.cancel(second.statement);
    await expect(second.answer).rejects.toMatchObject({ code: "000604" });
    held.release();
    expect((await first.answer).rows).toEqual([{ A: "first" }]);
  });
});

describe("results", () => {
  it("of statements that nobody knows are refused", async () => {
    const id = "01c00000-0000-0000-0000-000000000000";
    expect(await client.connection.getQueryStatus(id)).toBe("NO_QUERY_DATA");
    const fetched = new Promise((done) => client.connection.fetchResult({ queryId: id, sqlText: "", complete: done }));
    expect(await fetched).toMatchObject({ code: "000709", sqlState: "02000" });
  });

  it("come in chunks where they are large", async () => {
    const { rows } = await client.run(manyRows(30_000));
    expect(rows).toHaveLength(30_000);
    expect(account.sim.counts.chunks).toBeGreaterThan(1);
    expect(account.sim.counts.bytes.chunk).toBeGreaterThan(0);
  });
});

describe("counts", () => {
  it("tell what came after a mark", async () => {
    await client.run("SELECT 1");
    const mark = account.sim.counts.mark();
    await client.run("SELECT 2");
    await client.run("CREATE TABLE T (A INTEGER)");
    const { statements, kinds, log, logins, bytes } = account.sim.counts.since(mark);
    expect({ statements, kinds, logins }).toEqual({ statements: 2, kinds: { SELECT: 1, CREATE: 1 }, logins: 0 });
    expect(log.map((s) => s.sql)).toEqual(["SELECT 2", "CREATE TABLE T (A INTEGER)"]);
    expect(bytes.up).toBeGreaterThan(0);
  });
});
