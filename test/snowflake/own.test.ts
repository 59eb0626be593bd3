import { cutover, query, rows, sql, table } from "cutover";
import { type SnowflakeOptions, snowflake } from "cutover/snowflake";
import snowflakeSdk, { type Connection } from "snowflake-sdk";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { failure, goodRun, manyOrders, order, orders, type Region, region, type World } from "./world.js";

let here: Region;
beforeAll(async () => {
  snowflakeSdk.configure({ logLevel: "OFF" });
  here = await region();
});
afterAll(() => here.close());

type Value = Readonly<Record<string, unknown>>;
const ran = (connection: Connection, sqlText: string): Promise<readonly Value[]> =>
  new Promise((done, fail) =>
    connection.execute({
      sqlText,
      complete: (e, _, found) => (e ? fail(e) : done((Array.isArray(found) ? found : []) as readonly Value[])),
    }),
  );
async function connected(w: World): Promise<Connection> {
  const connection = snowflakeSdk.createConnection(w.login);
  await connection.connectAsync(() => undefined);
  onTestFinished(() => new Promise<void>((done) => connection.destroy(() => done())));
  return connection;
}
const etlOn = (w: World, options: SnowflakeOptions) =>
  w.own(cutover({ warehouse: snowflake(options), pipeline: "p", tables: { orders } }));
const parameter = async (connection: Connection, name: string): Promise<unknown> =>
  (await ran(connection, `SHOW PARAMETERS LIKE '${name}' IN SESSION`))[0]?.["value"];

test("invariant 2: a source whose column the table spells otherwise is refused, and not read as NULL", async () => {
  const w = await here.world();
  await ran(await connected(w), "CREATE TABLE SPELT (ID NUMBER(19,0), NOTE VARCHAR)");
  const spelt = table("SPELT", { columns: { ID: "int64", note: "string?" }, key: "ID" });
  const etl = w.own(cutover({ warehouse: snowflake(w.login), pipeline: "spelt", tables: { spelt } }));
  const e = await failure(etl.run({ spelt: query(sql`SELECT 1 AS ID, 'x' AS "note"`) }), "BAD_SOURCE");
  expect(e.message).toMatch(/spells note otherwise/);
});

/** What a session may have been left with by others, of all that a release could trip over. */
const odd = [
  "ALTER SESSION SET QUOTED_IDENTIFIERS_IGNORE_CASE = TRUE",
  "ALTER SESSION SET TIMEZONE = 'Asia/Kathmandu'",
  "ALTER SESSION SET DATE_INPUT_FORMAT = 'DD.MM.YYYY', TIMESTAMP_INPUT_FORMAT = 'DD.MM.YYYY HH24:MI', BINARY_INPUT_FORMAT = 'BASE64'",
  "ALTER SESSION SET DATE_OUTPUT_FORMAT = 'DD.MM.YYYY', TIMESTAMP_NTZ_OUTPUT_FORMAT = 'DD.MM.YYYY', BINARY_OUTPUT_FORMAT = 'BASE64'",
  "ALTER SESSION SET JSON_INDENT = 4, LOCK_TIMEOUT = 1, STATEMENT_TIMEOUT_IN_SECONDS = 5",
  "ALTER SESSION SET AUTOCOMMIT = FALSE",
];

/** As the documentation of `snowflake()` names them. */
const parameters = [
  "ABORT_DETACHED_QUERY",
  "AUTOCOMMIT",
  "BINARY_INPUT_FORMAT",
  "BINARY_OUTPUT_FORMAT",
  "DATE_INPUT_FORMAT",
  "ERROR_ON_NONDETERMINISTIC_MERGE",
  "ERROR_ON_NONDETERMINISTIC_UPDATE",
  "JSON_INDENT",
  "LOCK_TIMEOUT",
  "QUOTED_IDENTIFIERS_IGNORE_CASE",
  "STATEMENT_TIMEOUT_IN_SECONDS",
  "TIMESTAMP_INPUT_FORMAT",
  "TIMEZONE",
  "TIME_INPUT_FORMAT",
  "TIME_OUTPUT_FORMAT",
];

describe("a connection of the application's own", () => {
  test("works, one operation after the other, and stays open", async () => {
    const w = await here.world();
    const connection = await connected(w);
    const etl = etlOn(w, { connection: connection as never });
    await Promise.all([goodRun(etl, 1), expect(etl.status()).resolves.toBeDefined()]);
    await etl.run({ orders: rows(manyOrders()) });
    await etl.rollback();
    expect(await w.live()).toEqual(["1=v1"]);
    await etl.close();
    expect(connection.isUp()).toBe(true);
    expect(await ran(connection, "SELECT 1 AS A")).toEqual([{ A: 1 }]);
  });
  test("is set to what the documentation says by one statement, and is left so", async () => {
    const w = await here.world();
    const connection = await connected(w);
    await ran(connection, "ALTER SESSION SET TIMEZONE = 'Asia/Kathmandu', WEEK_START = 3");
    const mark = w.sim.counts.mark();
    const etl = etlOn(w, { connection: connection as never });
    await etl.status();
    await etl.close();
    const set = w.sim.counts.since(mark).log.filter((s) => s.kind === "ALTER");
    expect(set).toHaveLength(1);
    expect([...(set[0]?.sql ?? "").matchAll(/(\w+) =/g)].map((m) => m[1]).sort()).toEqual(parameters);
    expect(await parameter(connection, "TIMEZONE")).toBe("UTC");
    expect(await parameter(connection, "WEEK_START")).toBe("3");
  });
  test("is not used while the application has a transaction open on it", async () => {
    const w = await here.world();
    await goodRun(w.etl(), 1);
    const connection = await connected(w);
    await ran(connection, "CREATE TABLE NOTES (A NUMBER(19,0))");
    await ran(connection, "BEGIN");
    await ran(connection, "INSERT INTO NOTES SELECT 1");
    const etl = etlOn(w, { connection: connection as never });
    const e = await failure(() => etl.run({ orders: rows([order(2)]) }), "ADAPTER");
    expect(e.message).toMatch(/transaction.*COMMIT or ROLLBACK/s);
    expect(await w.live()).toEqual(["1=v1"]);
    await ran(connection, "ROLLBACK");
    expect(await ran(connection, "SELECT COUNT(*) AS N FROM NOTES")).toEqual([{ N: 0 }]);
    await goodRun(etl, 2);
  });
  test("works whatever its session was set to", async () => {
    const w = await here.world();
    const connection = await connected(w);
    for (const text of odd) await ran(connection, text);
    const etl = etlOn(w, { connection: connection as never });
    await goodRun(etl, 1);
    await goodRun(etl, 2);
    expect(await w.live()).toEqual(["1=v1", "2=v2"]);
  });
  test("stands in its schema as before, and so do the names of a query, when the ledger is made", async () => {
    const w = await here.world();
    await w.sql("CREATE TABLE $.PUBLIC.SOURCE AS SELECT 1 AS ID, 'a' AS V");
    const connection = await connected(w);
    const etl = etlOn(w, { connection: connection as never });
    expect(await etl.run({ orders: query(sql`SELECT ID, V FROM SOURCE`) })).toMatchObject({ status: "published" });
    expect(await ran(connection, "SELECT CURRENT_SCHEMA() AS S")).toEqual([{ S: "PUBLIC" }]);
  });
  test("that is closed already is a clear error", async () => {
    const w = await here.world();
    const connection = snowflakeSdk.createConnection(w.login);
    await connection.connectAsync(() => undefined);
    await new Promise<void>((done) => connection.destroy(() => done()));
    const e = await failure(() => etlOn(w, { connection: connection as never }).status(), "ADAPTER");
    expect(e.context).toMatchObject({ outcome: "not-applied" });
    expect(e.message).toMatch(/connect/i);
  });
});

describe("a pool of the application's", () => {
  function pooled(w: World, max = 3) {
    const pool = snowflakeSdk.createPool(w.login, { max, min: 0 });
    onTestFinished(async () => {
      await pool.drain();
      await pool.clear();
    });
    return pool;
  }
  test("works, and gets back every connection that it lent", async () => {
    const w = await here.world();
    const pool = pooled(w);
    const etl = etlOn(w, { pool });
    await goodRun(etl, 1);
    await etl.run({ orders: rows(manyOrders()) });
    await etl.close();
    expect(pool.borrowed).toBe(0);
    const connection = await pool.acquire();
    const found = ran(connection, "SELECT COUNT(*) AS N FROM ORDERS").finally(() => pool.release(connection));
    expect(await found).toEqual([{ N: 12_000 }]);
  });
  test("that lends a dirty connection does no harm: neither to the release nor to what was left open", async () => {
    const w = await here.world();
    await goodRun(w.etl(), 1);
    await w.sql("CREATE TABLE $.PUBLIC.NOTES (A NUMBER(19,0))");
    const pool = pooled(w, 1);
    const dirty = await pool.acquire();
    for (const text of [...odd, "BEGIN", "INSERT INTO NOTES SELECT 1", "DELETE FROM ORDERS"]) await ran(dirty, text);
    await pool.release(dirty);
    const etl = etlOn(w, { pool });
    const status = await etl.status();
    expect(status.live).toBe(1);
    await goodRun(w.etl(), 2);
    expect(await w.live()).toEqual(["1=v1", "2=v2"]);
    expect(await w.sql("SELECT COUNT(*) AS N FROM $.PUBLIC.NOTES")).toEqual([{ N: 0n }]);
  });
  test("whose connection is lost gets it to destroy, and lends another one", async () => {
    const w = await here.world();
    const pool = pooled(w);
    const etl = etlOn(w, { pool });
    await goodRun(etl, 1);
    w.sim.faults.add({ kind: "MERGE" }, { token: "gone" });
    await failure(() => etl.run({ orders: rows([order(1, "x"), order(2)]) }), "ADAPTER");
    expect(await w.live()).toEqual(["1=v1"]);
    await goodRun(etl, 2);
    await etl.close();
    expect(pool.borrowed).toBe(0);
  });
  test("that lends nothing is told by its own error", async () => {
    const w = await here.world();
    const pool = { acquire: async () => Promise.reject(new Error("the pool is drained")), release: async () => undefined };
    const e = await failure(() => etlOn(w, { pool }).status(), "ADAPTER");
    expect(e.context).toMatchObject({ outcome: "not-applied" });
    expect(e.message).toContain("the pool is drained");
  });
});
