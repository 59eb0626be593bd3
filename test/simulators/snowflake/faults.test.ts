import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Fault } from "./server.js";
import { type Account, accounts, type Client } from "./support.js";

const pool = accounts();
let account: Account;
let client: Client;

beforeEach(async () => {
  account = await pool.start();
  client = await account.connect();
  await client.run("CREATE TABLE T (A INTEGER)");
});
afterEach(() => pool.end());

const insert = () => client.run("INSERT INTO T VALUES (1)", { streamResult: true });
const rows = async (): Promise<unknown> => (await client.run("SELECT COUNT(*) AS N FROM T")).rows[0]?.["N"];

describe("a fault that the driver gives up on at once", () => {
  it.each<[string, Fault, number]>([
    ["HTTP 400 before the effect", { status: 400 }, 0],
    ["HTTP 400 after it", { status: 400, at: "after" }, 1],
    ["a body that is no JSON", { body: "malformed" }, 1],
    ["a body that ends in the middle", { body: "truncated" }, 1],
  ])("%s", async (_, fault, found) => {
    account.sim.faults.add({ kind: "INSERT" }, fault);
    await expect(insert()).rejects.toMatchObject({ name: expect.stringMatching(/^(NetworkError|RequestFailedError)$/) });
    expect(await rows()).toBe(found);
  });
});

describe("a fault that the driver bridges: it repeats the request with the same id, so there is one effect", () => {
  it.each<[string, Fault]>([
    ["a connection lost before the effect", { drop: true }],
    ["a connection lost while it runs", { drop: true, at: "running", delay: 1 }],
    ["a connection lost after it", { drop: true, at: "after" }],
    ["HTTP 503 after it", { status: 503, at: "after" }],
    ["HTTP 429", { status: 429 }],
  ])("%s", async (_, fault) => {
    const struck = account.sim.faults.add({ kind: "INSERT" }, fault);
    await insert();
    expect(struck.times).toBe(1);
    expect(await rows()).toBe(1);
  });
});

describe("a fault", () => {
  it("can be an answer of the service's", async () => {
    account.sim.faults.add({ sql: /INSERT/ }, { error: { code: "000625", sqlState: "57014", message: "too many waiters" } });
    await expect(insert()).rejects.toMatchObject({ code: "000625", sqlState: "57014", message: "too many waiters" });
    expect(await rows()).toBe(0);
  });

  it("can be a token that has run out", async () => {
    account.sim.faults.add({ kind: "INSERT" }, { token: "expired" });
    await insert();
    expect(await rows()).toBe(1);
    expect(account.sim.counts.endpoints["renew"]).toBe(1);
  });

  it("can refuse a login, or lose it", async () => {
    account.sim.faults.add({ endpoint: "login" }, { error: { code: "390100", message: "no" } });
    await expect(account.connect()).rejects.toMatchObject({ code: "390100" });
    account.sim.faults.add({ endpoint: "login" }, { drop: true });
    await expect(account.connect({ sfRetryMaxLoginRetries: 0 } as object)).rejects.toMatchObject({ name: "NetworkError" });
  });

  it("strikes as often as told, from the n-th on, and only in its session", async () => {
    const other = await account.connect();
    const [mine] = account.sim.sessions;
    const refuse: Fault = { error: { code: "000001", message: "struck" } };
    const struck = account.sim.faults.add({ kind: "SELECT", nth: 2, session: mine?.id ?? 0 }, refuse, 2);
    await other.run("SELECT 1");
    await other.run("SELECT 1");
    await client.run("SELECT 1");
    await expect(client.run("SELECT 1")).rejects.toThrow("struck");
    await expect(client.run("SELECT 1")).rejects.toThrow("struck");
    await client.run("SELECT 1");
    expect(struck.times).toBe(2);
  });

  it("can be taken back", async () => {
    account.sim.faults.add({}, { error: { code: "000001", message: "struck" } }).remove();
    await client.run("SELECT 1");
    account.sim.faults.add({}, { error: { code: "000001", message: "struck" } });
    account.sim.faults.clear();
    await client.run("SELECT 1");
  });

  it("can hold a request until it is let go", async () => {
    const held = account.sim.faults.hold({ kind: "INSERT" }, "before");
    const inserted = insert();
    expect(await held.reached).toMatchObject({ endpoint: "query", kind: "INSERT" });
    expect(await (await account.connect()).run("SELECT COUNT(*) AS N FROM T")).toMatchObject({ rows: [{ N: 0 }] });
    held.release();
    await inserted;
    expect(await rows()).toBe(1);
  });
});
