import { createHash, createSign, generateKeyPairSync, type KeyObject } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { User } from "./server.js";
import { type Account, accounts } from "./support.js";

const pool = accounts();
let account: Account;
const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
const others = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();
const user: User = {
  name: "ETL",
  password: "open sesame",
  roles: ["SYSADMIN"],
  publicKey: keys.publicKey.export({ type: "spki", format: "pem" }).toString(),
  oauthToken: "oauth-good",
  expiredOauthToken: "oauth-old",
  accessToken: "pat-good",
  workloadIdentity: { provider: "OIDC", token: "workload-good" },
};

beforeEach(async () => {
  account = await pool.start({ users: [user, { name: "OTHER", password: "x", accessToken: "pat-other" }] });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await pool.end();
});

const loggedIn = async (options: Parameters<Account["connect"]>[0]): Promise<unknown> => {
  const client = await account.connect(options);
  return (await client.run("SELECT CURRENT_USER() AS U")).rows;
};
const asEtl = [{ U: "ETL" }];

describe("login", () => {
  it("by password: the user's name in any case", async () => {
    await expect(loggedIn({ username: "etl" })).resolves.toEqual(asEtl);
    expect(account.sim.counts.logins).toBe(1);
  });

  it.each([
    ["password", { password: "wrong" }],
    ["user", { username: "NOBODY" }],
  ])("with a wrong %s: 390100", async (_, options) => {
    await expect(account.connect(options)).rejects.toMatchObject({ code: "390100" });
    expect(account.sim.counts.logins).toBe(0);
  });

  it("at an account that does not exist: no answer of the service's", async () => {
    await expect(account.connect({ account: "ELSEWHERE" })).rejects.toMatchObject({ name: "RequestFailedError" });
  });

  it("by key pair", async () => {
    await expect(loggedIn({ authenticator: "SNOWFLAKE_JWT", privateKey: pem(keys.privateKey) })).resolves.toEqual(asEtl);
  });

  it("by the key of somebody else: 390144", async () => {
    await expect(account.connect({ authenticator: "SNOWFLAKE_JWT", privateKey: pem(others.privateKey) })).rejects.toMatchObject({
      code: "390144",
      message: expect.stringContaining("JWT token is invalid"),
    });
  });

  it.each([
    ["is signed by another key", { key: others.privateKey }],
    ["has run out", { age: 7_200_000 }],
    ["names another account", { subject: "ELSEWHERE.ETL" }],
  ])("by a token that %s: 390144", async (_, change: { key?: KeyObject; age?: number; subject?: string }) => {
    expect(await post(token({}))).toMatchObject({ success: true });
    expect(await post(token(change))).toMatchObject({ success: false, code: "390144" });
  });

  it("by OAuth: 390303 if the token is unknown, 390318 if it has run out", async () => {
    const authenticator = "OAUTH";
    await expect(loggedIn({ authenticator, token: "oauth-good" })).resolves.toEqual(asEtl);
    await expect(account.connect({ authenticator, token: "oauth-bad" })).rejects.toMatchObject({ code: "390303" });
    await expect(account.connect({ authenticator, token: "oauth-old" })).rejects.toMatchObject({ code: "390318" });
  });

  it("by programmatic access token: 394400 if it is unknown or another user's", async () => {
    const authenticator = "PROGRAMMATIC_ACCESS_TOKEN";
    await expect(loggedIn({ authenticator, token: "pat-good" })).resolves.toEqual(asEtl);
    await expect(account.connect({ authenticator, token: "pat-bad" })).rejects.toMatchObject({ code: "394400" });
    await expect(account.connect({ authenticator, token: "pat-other" })).rejects.toMatchObject({ code: "394400" });
  });

  it("by workload identity, where the driver is told to trust this host", async () => {
    const options = { authenticator: "WORKLOAD_IDENTITY", workloadIdentityProvider: "OIDC" as const };
    await expect(account.connect({ ...options, token: "workload-good" })).rejects.toThrow(/recognized Snowflake host/);
    vi.stubEnv("SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES", "127.0.0.1");
    await expect(loggedIn({ ...options, token: "workload-good" })).resolves.toEqual(asEtl);
    await expect(account.connect({ ...options, token: "workload-bad" })).rejects.toMatchObject({ code: "390144" });
  });

  it("with a role that the user does not have: 390189", async () => {
    await expect(account.connect({ role: "STRANGER" })).rejects.toMatchObject({ code: "390189" });
  });

  it("folds names as unquoted ones, unless quoted", async () => {
    const sql = "SELECT CURRENT_DATABASE() AS D, CURRENT_SCHEMA() AS S, CURRENT_WAREHOUSE() AS W, CURRENT_ROLE() AS R";
    const here = { D: "DB", S: "PUBLIC", W: "WH", R: "SYSADMIN" };
    const folded = await account.connect({ database: "db", schema: '"PUBLIC"', warehouse: "wh", role: "sysadmin" });
    expect((await folded.run(sql)).rows).toEqual([here]);
    const quoted = await account.connect({ database: '"db"' });
    expect((await quoted.run(sql)).rows).toEqual([{ ...here, D: null, S: null }]);
  });

  it("succeeds where database, schema or warehouse do not exist; statements that need them do not", async () => {
    const nowhere = await account.connect({ database: "NOWHERE" });
    await expect(nowhere.run("CREATE TABLE T (A INTEGER)")).rejects.toMatchObject({ code: "090105" });
    const noSchema = await account.connect({ schema: "NOWHERE" });
    await expect(noSchema.run("CREATE TABLE T (A INTEGER)")).rejects.toMatchObject({ code: "090106" });
    const noWarehouse = await account.connect({ warehouse: "NOWHERE" });
    await noWarehouse.run("CREATE TABLE T (A INTEGER)");
    await expect(noWarehouse.run("INSERT INTO T VALUES (1)")).rejects.toMatchObject({ code: "000606" });
  });

  it("carries session parameters: the tag of the connection is on every statement", async () => {
    const client = await account.connect({ queryTag: "it's \\ nightly" });
    await client.run("SELECT 1");
    expect(account.sim.counts.log.at(-1)?.tag).toBe("it's \\ nightly");
  });
});

/** A token as the guide for key pairs describes it, in seconds, where the driver writes milliseconds. */
function token({ key = keys.privateKey, age = 0, subject = "TESTACCOUNT.ETL" }): string {
  const issued = Math.floor((Date.now() - age) / 1000);
  const fingerprint = createHash("sha256")
    .update(keys.publicKey.export({ type: "spki", format: "der" }))
    .digest("base64");
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");
  const text = `${encode({ alg: "RS256", typ: "JWT" })}.${encode({ iss: `${subject}.SHA256:${fingerprint}`, sub: subject, iat: issued, exp: issued + 3600 })}`;
  return `${text}.${createSign("RSA-SHA256").update(text).sign(key, "base64url")}`;
}

async function post(jwt: string): Promise<unknown> {
  const data = { ACCOUNT_NAME: "TESTACCOUNT", LOGIN_NAME: "ETL", AUTHENTICATOR: "SNOWFLAKE_JWT", TOKEN: jwt };
  const answer = await fetch(`${account.sim.url}/session/v1/login-request`, { method: "POST", body: JSON.stringify({ data }) });
  return answer.json();
}
