import { cutover, rows, table } from "cutover";
import { snowflake } from "cutover/snowflake";
import snowflakeSdk from "snowflake-sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failure, goodRun, order, orders, type Region, region, type World } from "./world.js";

let here: Region;
beforeAll(async () => {
  here = await region();
});
afterAll(() => here.close());

const columns = "(ID NUMBER(19,0) NOT NULL, V VARCHAR)";
const ours = `CREATE TABLE $.PUBLIC.ORDERS ${columns}`;

describe("a live table that is no plain table is refused, by what it is", () => {
  test.each<[string, string, RegExp]>([
    ["a view", "CREATE VIEW $.PUBLIC.ORDERS AS SELECT * FROM $.PUBLIC.BASE", /is a view\. Name the table that the view reads/],
    ["a materialized view", "CREATE MATERIALIZED VIEW $.PUBLIC.ORDERS AS SELECT * FROM $.PUBLIC.BASE", /is a materialized view/],
    ["an external table", `CREATE EXTERNAL TABLE $.PUBLIC.ORDERS ${columns}`, /is an external table\. Use a standard table/],
    ["an Iceberg table", `CREATE ICEBERG TABLE $.PUBLIC.ORDERS ${columns}`, /is an iceberg table\. Use a standard table/],
    ["a hybrid table", "CREATE HYBRID TABLE $.PUBLIC.ORDERS (ID NUMBER(19,0) PRIMARY KEY, V VARCHAR)", /is a hybrid table/],
    [
      "a dynamic table",
      "CREATE DYNAMIC TABLE $.PUBLIC.ORDERS TARGET_LAG = '1 minute' WAREHOUSE = WH AS SELECT * FROM $.PUBLIC.BASE",
      /is a dynamic table\. Use a standard table/,
    ],
  ])("%s", async (_, ddl, says) => {
    const w = await here.world();
    await w.sql(`CREATE TABLE $.PUBLIC.BASE ${columns}`, ddl);
    for (const act of [
      (p: ReturnType<World["etl"]>) => p.run({ orders: rows([order(1)]) }),
      (p: ReturnType<World["etl"]>) => p.adopt(),
      (p: ReturnType<World["etl"]>) => p.clone(),
    ] as const) {
      const e = await failure(() => act(w.etl()), "UNSUPPORTED");
      expect(e.message).toMatch(says);
      expect(e.context.pipeline).toBe("p");
    }
    expect(await w.live()).toEqual([]);
  });

  test("a temporary table, which only its session sees", async () => {
    const w = await here.world();
    const connection = snowflakeSdk.createConnection(w.login);
    await connection.connectAsync(() => undefined);
    await new Promise<void>((done, fail) =>
      connection.execute({ sqlText: `CREATE TEMPORARY TABLE ORDERS ${columns}`, complete: (e) => (e ? fail(e) : done()) }),
    );
    const etl = w.own(cutover({ warehouse: snowflake({ connection: connection as never }), pipeline: "p", tables: { orders } }));
    const e = await failure(() => etl.run({ orders: rows([order(1)]) }), "UNSUPPORTED");
    expect(e.message).toMatch(/is a (?:local )?temporary/);
    await new Promise<void>((done) => connection.destroy(() => done()));
  });
});

test("names in mixed case, reserved words and quotes work, in place and by swap", async () => {
  const w = await here.world();
  const name = [w.database, "PUBLIC", `Order "select" it's`] as const;
  const hard = table(name, {
    columns: {
      id: "int64",
      select: "string?",
      Group: "string?",
      [`a"b'c\\d`]: "string?",
      constructor: "string?",
      ключ: "float64?",
    },
    key: "id",
  });
  const quoted = `$.PUBLIC."Order ""select"" it's"`;
  await w.sql(
    `CREATE TABLE ${quoted} ("id" NUMBER(19,0) NOT NULL, "select" VARCHAR, "Group" VARCHAR, "a""b'c\\d" VARCHAR, "constructor" VARCHAR, "ключ" FLOAT)`,
  );
  const p = w.etl({ table: hard, pipeline: `Pipe "line" 'x'` });
  const row = (id: number, v: string) => ({ id, select: v, Group: v, [`a"b'c\\d`]: v, constructor: v, ключ: id / 10 });
  const found = async () =>
    (await w.sql(`SELECT "id", "select", "constructor" AS C, "ключ" FROM ${quoted} ORDER BY 1`)).map((r) =>
      Object.values(r).join(),
    );
  await p.run({ orders: rows([row(1, "a"), row(2, "b")]) });
  await p.run({ orders: rows([row(2, `c'"\\`)]) });
  expect(await found()).toEqual(["1,a,a,0.1", `2,c'"\\,c'"\\,0.2`]);
  const candidate = await p.clone();
  await candidate.load({ orders: rows([row(3, "d")]) });
  await candidate.swap();
  expect(await found()).toHaveLength(3);
  await p.rollback({ to: 1 });
  expect(await found()).toEqual(["1,a,a,0.1", "2,b,b,0.2"]);
});

describe("what is on a table beside its rows", () => {
  const policies = `SELECT POLICY_NAME FROM TABLE($.INFORMATION_SCHEMA.POLICY_REFERENCES(REF_ENTITY_NAME => '$.PUBLIC.ORDERS', REF_ENTITY_DOMAIN => 'TABLE')) ORDER BY 1`;
  const tags = `SELECT TAG_VALUE FROM TABLE($.INFORMATION_SCHEMA.TAG_REFERENCES('$.PUBLIC.ORDERS', 'TABLE'))`;
  const has = async (w: World) => ({
    policies: (await w.sql(policies)).map((r) => r["POLICY_NAME"]),
    tags: (await w.sql(tags)).map((r) => r["TAG_VALUE"]),
  });
  const dressings = {
    "a row access policy": "ALTER TABLE $.PUBLIC.ORDERS ADD ROW ACCESS POLICY $.PUBLIC.RAP ON (ID)",
    "a masking policy": "ALTER TABLE $.PUBLIC.ORDERS MODIFY COLUMN V SET MASKING POLICY $.PUBLIC.MP",
    "a tag": "ALTER TABLE $.PUBLIC.ORDERS SET TAG $.PUBLIC.TEAM = 'sales'",
  };
  async function dressed(...what: readonly string[]): Promise<World> {
    const w = await here.world();
    await w.sql(
      "CREATE ROW ACCESS POLICY $.PUBLIC.RAP AS (A NUMBER) RETURNS BOOLEAN -> TRUE",
      "CREATE MASKING POLICY $.PUBLIC.MP AS (A VARCHAR) RETURNS VARCHAR -> A",
      "CREATE TAG $.PUBLIC.TEAM",
      ours,
      ...what,
    );
    return w;
  }
  const swap = async (p: ReturnType<World["etl"]>, meanwhile = async (): Promise<unknown> => undefined) => {
    const candidate = await p.clone();
    await candidate.load({ orders: rows([order(9)]) });
    await meanwhile();
    return candidate.swap();
  };

  test("a stream: a candidate is refused and the way around is named; in place works, and the stream sees it", async () => {
    const w = await dressed();
    const p = w.etl();
    await goodRun(p, 1);
    await w.sql("CREATE STREAM $.PUBLIC.S ON TABLE $.PUBLIC.ORDERS");
    const e = await failure(() => p.clone(), "UNSUPPORTED");
    expect(e.context.alternative).toBe("publish in place");
    expect(e.message).toMatch(/the stream S.*publish in place/);
    expect(await w.litter()).toEqual([]);
    await goodRun(p, 2);
    expect((await w.sql("SHOW STREAMS IN DATABASE $"))[0]).toMatchObject({ stale: "false" });
  });
  test("a stream that comes while a candidate is open: the swap is refused, live stays", async () => {
    const w = await dressed();
    const p = w.etl();
    await goodRun(p, 1);
    const stream = () => w.sql("CREATE STREAM $.PUBLIC.S ON TABLE $.PUBLIC.ORDERS");
    const e = await failure(() => swap(p, stream), "UNSUPPORTED");
    expect(e.message).toMatch(/the stream S.*publish in place/);
    expect(await w.live()).toEqual(["1=v1"]);
    await goodRun(p, 2);
  });
  for (const [what, ddl] of Object.entries(dressings)) {
    test(`${what} stays in place, and goes along with a swap and back`, async () => {
      const w = await dressed(ddl);
      const before = await has(w);
      expect(before.policies.length + before.tags.length).toBe(1);
      const p = w.etl();
      await goodRun(p, 1);
      await goodRun(p, 2);
      expect(await has(w)).toEqual(before);
      await swap(p);
      expect(await has(w)).toEqual(before);
      await p.rollback();
      expect(await has(w)).toEqual(before);
      expect(await w.live()).toEqual(["1=v1", "2=v2"]);
    });
    test(`${what} that comes while a candidate is open: the swap is refused`, async () => {
      const w = await dressed();
      const p = w.etl();
      await goodRun(p, 1);
      const e = await failure(() => swap(p, () => w.sql(ddl)), "UNSUPPORTED");
      expect(e.message).toMatch(/it has the (?:row access policy RAP|policy .*MP|tag TEAM).*the candidate has not/);
      const now = await has(w);
      expect(now.policies.length + now.tags.length).toBe(1);
      await goodRun(p, 2);
    });
  }
});
