import { isCutoverError } from "cutover";
import { expect, it } from "vitest";
import { snowflake } from "../../adapters/snowflake/index.js";
import { readOptions, type SnowflakeOptions, secretsOf } from "../../adapters/snowflake/options.js";

/** The issues of a configuration that is refused. */
function refused(options: unknown): readonly { readonly path: string; readonly message: string }[] {
  try {
    snowflake(options as SnowflakeOptions);
  } catch (e) {
    if (isCutoverError(e, "CONFIG")) return e.context.issues;
    throw e;
  }
  throw new Error("the options were taken");
}
const paths = (options: unknown): readonly string[] => refused(options).map((i) => i.path);

const ways: Readonly<Record<string, SnowflakeOptions>> = {
  password: { account: "org-acct", username: "u", password: "p" },
  "key pair": { account: "a", username: "u", authenticator: "SNOWFLAKE_JWT", privateKey: "-----BEGIN PRIVATE KEY-----" },
  "key file": { account: "a", username: "u", authenticator: "SNOWFLAKE_JWT", privateKeyPath: "key.p8", privateKeyPass: "x" },
  OAuth: { account: "a", authenticator: "OAUTH", token: "t" },
  "OAuth client credentials": {
    account: "a",
    authenticator: "OAUTH_CLIENT_CREDENTIALS",
    oauthClientId: "i",
    oauthClientSecret: "s",
    oauthTokenRequestUrl: "https://idp/token",
  },
  "programmatic access token": { account: "a", authenticator: "PROGRAMMATIC_ACCESS_TOKEN", tokenFilePath: "pat" },
  "workload identity": { account: "a", authenticator: "WORKLOAD_IDENTITY", workloadIdentityProvider: "AWS" },
  browser: { account: "a", authenticator: "EXTERNALBROWSER", clientStoreTemporaryCredential: true },
  "another host": { accessUrl: "http://127.0.0.1:8080", account: "a", username: "u", password: "p" },
};
for (const [way, options] of Object.entries(ways)) {
  it(`takes what the driver needs for ${way}, as it is`, () => {
    expect(readOptions(options)).toEqual({ ...options, lockTimeoutSeconds: 60, statementTimeoutSeconds: 3600 });
  });
}

it("takes a connection or a pool of the application's, and no login beside it", () => {
  const connection = { execute: () => ({}), isUp: () => true };
  const pool = { acquire: async () => connection, release: async () => undefined };
  expect(snowflake({ connection } as unknown as SnowflakeOptions).capabilities.concurrentSessions).toBe(false);
  expect(snowflake({ pool }).capabilities.concurrentSessions).toBe(true);
  expect(paths({ connection, password: "p" })).toEqual(["password"]);
  expect(paths({ pool, account: "a" })).toEqual(["account"]);
  expect(paths({ pool, maxSessions: 0 })).toEqual(["maxSessions"]);
  expect(refused({ connection, maxSessions: 2 })).toEqual([
    { path: "maxSessions", message: "cannot be given beside a connection, which is one session" },
  ]);
});

it("names each option that is wrong", () => {
  expect(paths({})).toEqual(["account"]);
  expect(paths(undefined)).toEqual([""]);
  expect(paths({ connection: {} })).toEqual(["connection"]);
  expect(paths({ pool: 3 })).toEqual(["pool"]);
  expect(paths({ account: "", username: 1, passwrd: "x", statementTimeoutSeconds: 0 }).toSorted()).toEqual([
    "account",
    "passwrd",
    "statementTimeoutSeconds",
    "username",
  ]);
});

it("tells no value of an option", () => {
  const told = JSON.stringify(refused({ account: "a", token: 12345, password: ["hunter2"], wrong: "hunter3" }));
  expect(told).not.toMatch(/hunter|12345/);
});

it("knows which values are secret", () => {
  const secrets = {
    password: "pass",
    token: "token",
    privateKey: "key",
    privateKeyPass: "kp!",
    oauthClientSecret: "cs!",
    passcode: "123",
  };
  const options = readOptions({ account: "a", username: "u", ...secrets });
  if (!("account" in options)) throw new Error("unreachable");
  expect([...secretsOf(options)].sort()).toEqual(Object.values(secrets).sort());
});
