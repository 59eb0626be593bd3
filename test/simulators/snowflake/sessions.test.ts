import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Account, accounts, type Client } from "./support.js";

const pool = accounts();
let account: Account;
let client: Client;

beforeEach(async () => {
  account = await pool.start();
  client = await account.connect();
});
afterEach(() => pool.end());

const terminated = { code: 407002, sqlState: "08003" };

describe("a session", () => {
  it("answers a heartbeat", async () => {
    await expect(client.connection.isValidAsync()).resolves.toBe(true);
    expect(account.sim.counts.endpoints["heartbeat"]).toBe(1);
  });

  it("whose token has run out is renewed by the driver, and the statement runs once", async () => {
    await client.run("CREATE TABLE T (A INTEGER)");
    account.sim.expireTokens("session");
    await client.run("INSERT INTO T VALUES (1)");
    expect((await client.run("SELECT COUNT(*) AS N FROM T")).rows).toEqual([{ N: 1 }]);
    expect(account.sim.counts.endpoints["renew"]).toBe(1);
  });

  it("whose master token has run out too is over for the driver", async () => {
    account.sim.expireTokens("master");
    await expect(client.run("SELECT 1")).rejects.toMatchObject(terminated);
    expect(client.connection.isUp()).toBe(false);
  });

  it("that the service has dropped is over for the driver", async () => {
    account.sim.faults.add({}, { token: "gone" });
    await expect(client.run("SELECT 1")).rejects.toMatchObject(terminated);
  });

  it("stays known by its old token: expired, not invalid", async () => {
    const beat = (token: string) =>
      fetch(`${account.sim.url}/session/heartbeat`, {
        method: "POST",
        headers: { authorization: `Snowflake Token="${token}"` },
      }).then((r) => r.json());
    expect(await beat("made up")).toMatchObject({ success: false, code: "390104" });
    const serialized = JSON.parse(client.connection.serialize()) as { services: { sf: { tokenInfo: { sessionToken: string } } } };
    const old = serialized.services.sf.tokenInfo.sessionToken;
    expect(await beat(old)).toMatchObject({ success: true });
    account.sim.expireTokens("session");
    await client.run("SELECT 1");
    expect(await beat(old)).toMatchObject({ success: false, code: "390112" });
    await client.close();
    expect(await beat(old)).toMatchObject({ success: false, code: "390111" });
  });

  it("that is closed aborts what runs in it at once, and rolls back", async () => {
    await client.run("CREATE TABLE T (A INTEGER)");
    await client.run("BEGIN");
    await client.run("INSERT INTO T VALUES (1)");
    const { answer } = client.begin("CALL SYSTEM$WAIT(60)");
    // the statement that waits must have arrived before the session is closed
    while (account.sim.sessions[0]?.running.length === 0) await client.connection.isValidAsync();
    await client.close();
    await expect(answer).rejects.toMatchObject({ name: expect.any(String) });
    expect(account.sim.sessions).toEqual([]);
    expect(account.sim.counts.log.at(-1)).toMatchObject({ outcome: "000604" });
    const other = await account.connect();
    expect((await other.run("SELECT COUNT(*) AS N FROM T")).rows).toEqual([{ N: 0 }]);
  });

  it("can be ended by another one", async () => {
    const other = await account.connect();
    const [mine] = account.sim.sessions;
    await other.run(`SELECT SYSTEM$ABORT_SESSION(${mine?.id})`);
    await expect(client.run("SELECT 1")).rejects.toMatchObject(terminated);
  });
});

describe("a session whose client has vanished", () => {
  let other: Client;
  let gone: number;
  beforeEach(async () => {
    gone = account.sim.sessions[0]?.id ?? 0;
    other = await account.connect();
    await client.run("CREATE TABLE T (A INTEGER)");
    await client.run("INSERT INTO T VALUES (1)");
    await client.run("BEGIN");
    await client.run("UPDATE T SET A = 2");
    await account.sim.detach(gone);
  });

  it("is told by its closed connections", () => {
    expect(account.sim.sessions.map((s) => s.detached)).toEqual([true, false]);
  });

  it("keeps its transaction and its locks, until five minutes have passed", async () => {
    await other.run("ALTER SESSION SET LOCK_TIMEOUT = 1");
    await expect(other.run("UPDATE T SET A = 3")).rejects.toMatchObject({ code: expect.any(String) });
    expect(await account.sim.expireDetached()).toEqual([gone]);
    await other.run("UPDATE T SET A = A + 10");
    expect((await other.run("SELECT A FROM T")).rows).toEqual([{ A: 11 }]);
  });

  it("is still there when its client comes back", async () => {
    await client.run("COMMIT");
    expect((await other.run("SELECT A FROM T")).rows).toEqual([{ A: 2 }]);
    expect(account.sim.sessions.map((s) => s.detached)).toEqual([false, false]);
  });
});

describe("a process that is killed in a transaction", () => {
  it("leaves its session and its transaction behind", async () => {
    await client.run("CREATE TABLE T (A INTEGER)");
    const child = spawn(process.execPath, ["--no-warnings", "--input-type=module", "--eval", holdsTransaction], {
      env: { ...process.env, OPTIONS: JSON.stringify(account.sim.connectionOptions()) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "close");
    const killed = () => account.sim.sessions[1];
    while (!killed()?.detached) await client.connection.isValidAsync();
    expect((await client.run("SELECT * FROM T")).rows).toEqual([]);
    expect(await account.sim.expireDetached()).toEqual([killed()?.id]);
  });
});

/** Says something when its row is inserted, and stays. */
const holdsTransaction = `
  const { default: snowflake } = await import("snowflake-sdk");
  snowflake.configure({ logLevel: "OFF" });
  const connection = snowflake.createConnection(JSON.parse(process.env.OPTIONS));
  const run = (sqlText) => new Promise((done, fail) => connection.execute({ sqlText, complete: (e) => (e ? fail(e) : done()) }));
  await new Promise((done, fail) => connection.connect((e) => (e ? fail(e) : done())));
  await run("BEGIN");
  await run("INSERT INTO T VALUES (1)");
  console.log("inserted");
  setInterval(() => {}, 1000);
`;

describe("a statement whose client has vanished", () => {
  it.each([
    ["is completed", "FALSE", "ok"],
    ["is aborted after five minutes if ABORT_DETACHED_QUERY is true", "TRUE", "000604"],
  ])("%s", async (_, value, outcome) => {
    const id = account.sim.sessions[0]?.id ?? 0;
    await client.run(`ALTER SESSION SET ABORT_DETACHED_QUERY = ${value}`);
    const held = account.sim.faults.hold({ kind: "SELECT" });
    client.begin("SELECT 1 AS A");
    await held.reached;
    await account.sim.detach(id);
    if (value === "TRUE") expect(await account.sim.expireDetached()).toEqual([id]);
    held.release();
    const again = await account.connect();
    while (account.sim.counts.log[1]?.outcome === "") await again.run("SELECT 2");
    expect(account.sim.counts.log[1]).toMatchObject({ sql: "SELECT 1 AS A", outcome });
  });
});
