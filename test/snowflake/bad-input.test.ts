import { generateKeyPairSync } from "node:crypto";
import { type Candidate, rows, table } from "cutover";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { etlUser, failure, goodRun, manyOrders, order, type Region, refused, region, type World } from "./world.js";

const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = (key: typeof keys.privateKey): string => key.export({ type: "pkcs8", format: "pem" }).toString();
const others = generateKeyPairSync("rsa", { modulusLength: 2048 });
const privateKey = pem(keys.privateKey);
const user = {
  ...etlUser,
  publicKey: keys.publicKey.export({ type: "spki", format: "pem" }).toString(),
  oauthToken: "oauth good",
  expiredOauthToken: "oauth old",
  accessToken: "pat good",
};
const admin = { name: "TESTER", password: "not a secret", roles: ["SYSADMIN"], defaultWarehouse: "WH" };

let here: Region;
let hours = 0;
beforeAll(async () => {
  here = await region({ users: [admin, user], now: () => Date.now() + hours * 3_600_000 });
});
afterAll(() => here.close());

const asEtl = { username: user.name, password: user.password };

describe("a login that is refused says what to check, and changes nothing", () => {
  const jwt = { username: "ETL", authenticator: "SNOWFLAKE_JWT" };
  test.each<[string, object, RegExp]>([
    ["a wrong account", { account: "ELSEWHERE" }, /check `account`/],
    ["a wrong password", { password: "wrong" }, /check account, username/],
    ["a user that is none", { username: "NOBODY" }, /check account, username/],
    ["an OAuth token that has run out", { username: "ETL", authenticator: "OAUTH", token: "oauth old" }, /expired.*credential/],
    ["an access token that is none", { username: "ETL", authenticator: "PROGRAMMATIC_ACCESS_TOKEN", token: "old" }, /credential/],
    ["the key of somebody else", { ...jwt, privateKey: pem(others.privateKey) }, /credential/],
    ["a key that is none", { ...jwt, privateKey: "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----" }, /credential/],
    ["a key file that is not there", { ...jwt, privateKeyPath: "nowhere.p8" }, /nowhere\.p8/],
    ["a role that is not the user's", { role: "ACCOUNTADMIN" }, /check `role`/],
    ["no user", { username: undefined }, /user name must be specified/],
  ])("%s", async (_, warehouse, hint) => {
    const w = await here.world();
    const e = await refused(w, () => w.etl({ warehouse }).run({ orders: rows([order(1)]) }), "ADAPTER");
    expect(e.context).toMatchObject({ adapter: "snowflake", kind: "denied", outcome: "not-applied", pipeline: "p" });
    expect(e.message).toMatch(hint);
    expect(e.retryable).toBe(false);
  });
  test("a token of a key pair that has run out", async () => {
    const w = await here.world();
    hours = 3;
    const e = await failure(() => w.etl({ warehouse: { ...jwt, privateKey } }).status(), "ADAPTER").finally(() => {
      hours = 0;
    });
    expect(e.context).toMatchObject({ kind: "denied", outcome: "not-applied" });
    expect(e.message).toMatch(/credential/);
  });
  test.each<[string, object]>([
    ["OAuth", { authenticator: "OAUTH", token: "oauth good" }],
    ["an access token", { authenticator: "PROGRAMMATIC_ACCESS_TOKEN", token: "pat good" }],
    ["a key pair", { authenticator: "SNOWFLAKE_JWT", privateKey }],
  ])("while %s that is right works", async (_, way) => {
    const w = await here.world();
    await w.sql("GRANT ALL ON DATABASE $ TO ROLE ETL", "GRANT ALL ON SCHEMA $.PUBLIC TO ROLE ETL");
    await goodRun(w.etl({ warehouse: { ...way, username: "ETL", password: undefined } }), 1);
  });
});

describe("what the session needs and has not", () => {
  test.each<[string, object, string, RegExp]>([
    ["warehouse", { warehouse: "NOPE" }, "resources", /name one in `warehouse`/],
    ["database", { database: "NOPE" }, "missing-object", /Name the `database`/],
    ["schema", { schema: "NOPE" }, "missing-object", /Name the `schema`/],
  ])("no %s", async (what, warehouse, kind, hint) => {
    const w = await here.world();
    if (what === "warehouse") await goodRun(w.etl(), 1);
    const e = await refused(w, () => w.etl({ warehouse }).run({ orders: rows([order(2)]) }), "ADAPTER");
    expect(e.context).toMatchObject({ kind, outcome: "not-applied", pipeline: "p" });
    expect(e.message).toMatch(hint);
  });
  test.each<[string, readonly [string, string, string]]>([
    ["database", ["NOPE", "PUBLIC", "ORDERS"]],
    ["schema", ["DB", "NOPE", "ORDERS"]],
  ])("the %s of a table", async (_, name) => {
    const w = await here.world();
    const t = table(name, { columns: { ID: "int64", V: "string?" }, key: "ID" });
    const e = await failure(() => w.etl({ table: t }).run({ orders: rows([order(1)]) }), "ADAPTER");
    expect(e.context).toMatchObject({ kind: "missing-object", outcome: "not-applied", table: "orders" });
    expect(e.message).toMatch(/NOPE.*check the name/s);
  });
});

describe("a privilege that the role lacks", () => {
  const base = [
    "CREATE TABLE $.PUBLIC.ORDERS (ID NUMBER(19,0) NOT NULL, V VARCHAR)",
    "GRANT USAGE, CREATE SCHEMA ON DATABASE $ TO ROLE ETL",
    "GRANT USAGE ON SCHEMA $.PUBLIC TO ROLE ETL",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE $.PUBLIC.ORDERS TO ROLE ETL",
  ];
  /** Two releases by a role that may do no more than a run in place needs. */
  async function limited(): Promise<World & { readonly p: ReturnType<World["etl"]> }> {
    const w = await here.world();
    await w.sql(...base);
    const p = w.etl({ warehouse: asEtl });
    await goodRun(p, 1);
    await goodRun(p, 2);
    return { ...w, p };
  }
  const denied = async (w: World, act: () => unknown, hint: RegExp): Promise<void> => {
    const before = await w.live();
    const e = await failure(act, "ADAPTER");
    expect(e.context).toMatchObject({ kind: "denied", outcome: "not-applied", pipeline: "p" });
    expect(e.message).toMatch(hint);
    expect(await w.live()).toEqual(before);
  };
  const onTable = /ORDERS.*Grant SELECT, INSERT, UPDATE and DELETE on the table/s;

  test("for the ledger", async () => {
    const w = await here.world();
    await w.sql(...base, "REVOKE CREATE SCHEMA ON DATABASE $ FROM ROLE ETL");
    await denied(w, () => w.etl({ warehouse: asEtl }).run({ orders: rows([order(1)]) }), /Grant CREATE SCHEMA on the database/);
  });
  test("to see the table at all", async () => {
    const w = await here.world();
    await w.sql(
      ...base,
      "REVOKE ALL ON TABLE $.PUBLIC.ORDERS FROM ROLE ETL",
      "GRANT CREATE TABLE ON SCHEMA $.PUBLIC TO ROLE ETL",
    );
    const e = await failure(() => w.etl({ warehouse: asEtl }).run({ orders: rows([order(1)]) }), "ADAPTER");
    expect(e.context).toMatchObject({ kind: "missing-object", outcome: "not-applied" });
    expect(e.message).toMatch(/ORDERS.*a privilege on itself/s);
    expect(await w.live()).toEqual([]);
  });
  test("to make the table", async () => {
    const w = await here.world();
    await w.sql(...base, "DROP TABLE $.PUBLIC.ORDERS");
    const e = await failure(() => w.etl({ warehouse: asEtl }).run({ orders: rows([order(1)]) }), "ADAPTER");
    expect(e.context).toMatchObject({ kind: "denied", outcome: "not-applied", table: "orders" });
    expect(e.message).toMatch(/Grant CREATE TABLE on the schema/);
  });
  test.each(["SELECT", "INSERT", "UPDATE", "DELETE"])("%s, in place", async (privilege) => {
    const w = await limited();
    await w.sql(`REVOKE ${privilege} ON TABLE $.PUBLIC.ORDERS FROM ROLE ETL`);
    await denied(w, () => w.p.run({ orders: rows([order(2, "new"), order(3)]) }), onTable);
    await w.sql(`GRANT ${privilege} ON TABLE $.PUBLIC.ORDERS TO ROLE ETL`);
    await goodRun(w.p, 3);
  });
  test("of a load by files", async () => {
    const w = await limited();
    await w.sql("REVOKE INSERT ON TABLE $.PUBLIC.ORDERS FROM ROLE ETL");
    await denied(w, () => w.p.run({ orders: rows(manyOrders()) }), onTable);
    await w.sql("GRANT INSERT ON TABLE $.PUBLIC.ORDERS TO ROLE ETL");
    expect(await w.p.run({ orders: rows(manyOrders()) })).toMatchObject({ status: "published" });
  });
  test("for a rollback", async () => {
    const w = await limited();
    await w.sql("REVOKE DELETE ON TABLE $.PUBLIC.ORDERS FROM ROLE ETL");
    await denied(w, () => w.p.rollback(), onTable);
    await w.sql("GRANT DELETE ON TABLE $.PUBLIC.ORDERS TO ROLE ETL");
    await w.p.rollback();
    expect(await w.live()).toEqual(["1=v1"]);
  });
  test("for adopt", async () => {
    const w = await here.world();
    await w.sql(
      ...base,
      "INSERT INTO $.PUBLIC.ORDERS SELECT 7, 'theirs'",
      "REVOKE SELECT ON TABLE $.PUBLIC.ORDERS FROM ROLE ETL",
    );
    const p = w.etl({ warehouse: asEtl });
    await denied(w, () => p.adopt(), onTable);
    await w.sql("GRANT SELECT ON TABLE $.PUBLIC.ORDERS TO ROLE ETL");
    await p.adopt();
    await goodRun(p, 1);
  });
  test("for a clone", async () => {
    const w = await limited();
    await denied(w, () => w.p.clone(), /Grant CREATE TABLE on the schema/);
    await goodRun(w.p, 3);
  });
  test("for a swap: live stays, and the next run works", async () => {
    const w = await limited();
    await w.sql("GRANT CREATE TABLE ON SCHEMA $.PUBLIC TO ROLE ETL");
    const candidate: Candidate = await w.p.clone();
    await candidate.load({ orders: rows([order(3)]) });
    const e = await failure(() => candidate.swap(), "PUBLISH_FAILED");
    expect(e.context.state).toBe("before");
    expect(e.message).toMatch(/OWNERSHIP/);
    expect(await w.live()).toEqual(["1=v1", "2=v2"]);
    await goodRun(w.etl({ warehouse: asEtl }), 4);
    expect(await w.live()).toEqual(["1=v1", "2=v2", "4=v4"]);
  });
});
