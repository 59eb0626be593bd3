import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorld, type World } from "./engine-world.js";

let w: World;
beforeAll(async () => {
  w = await openWorld();
  await w.run(`CREATE TABLE d.days (d DATE, k INT64, s STRING) PARTITION BY d;
INSERT INTO d.days SELECT d, 1, 'abc' FROM UNNEST(GENERATE_DATE_ARRAY('2024-01-01', '2024-01-10')) AS d;
CREATE TABLE d.plain (k INT64, s STRING, n NUMERIC, b BYTES);
INSERT INTO d.plain VALUES (1, 'ä', 1, b'xx'), (NULL, NULL, NULL, NULL);
CREATE TABLE d.moments (ts TIMESTAMP, k INT64) PARTITION BY TIMESTAMP_TRUNC(ts, DAY);
INSERT INTO d.moments SELECT TIMESTAMP_ADD(TIMESTAMP '2024-01-01', INTERVAL h HOUR), h FROM UNNEST(GENERATE_ARRAY(0, 47)) AS h;
CREATE TABLE d.ranges (k INT64, v INT64) PARTITION BY RANGE_BUCKET(k, GENERATE_ARRAY(0, 100, 10));
INSERT INTO d.ranges SELECT k, k FROM UNNEST(GENERATE_ARRAY(0, 99)) AS k;
CREATE TABLE d.strict (d DATE, k INT64) PARTITION BY d OPTIONS (require_partition_filter = TRUE);
INSERT INTO d.strict VALUES ('2024-01-01', 1), (NULL, 2);`);
});
afterAll(() => w.engine.close());
const bytes = async (sql: string) => (await w.run(sql)).bytesProcessed;

describe("a query reads", () => {
  it.each([
    ["SELECT k FROM d.plain", 8],
    ["SELECT s FROM d.plain", 4],
    ["SELECT b, n FROM d.plain", 4 + 16],
    ["SELECT * FROM d.plain", 8 + 4 + 4 + 16],
    ["SELECT COUNT(*) FROM d.plain", 0],
    ["SELECT COUNT(*) FROM d.plain WHERE k = 1", 8],
    ["SELECT k FROM d.days", 80],
    ["SELECT d, k FROM d.days", 160],
  ] as const)("%s: %d bytes", async (sql, expected) => {
    expect(await bytes(sql)).toBe(expected);
  });

  it.each([
    ["d = '2024-01-03'", 1],
    ["d IN ('2024-01-03', '2024-01-04')", 2],
    ["d BETWEEN '2024-01-03' AND DATE_ADD(DATE '2024-01-03', INTERVAL 2 DAY)", 3],
    ["d >= '2024-01-09' AND k = 1", 2],
    ["(d = '2024-01-01' OR d IS NULL)", 1],
    ["d = '2024-01-01' OR k = 1", 10],
    ["d = (SELECT DATE '2024-01-01')", 10],
    ["d IN (SELECT DATE '2024-01-01')", 10],
    ["d IS NOT DISTINCT FROM DATE '2024-01-01'", 10],
    ["DATE_ADD(d, INTERVAL k DAY) = '2024-01-02'", 10],
  ] as const)("only the partitions of constants: %s", async (where, days) => {
    expect(await bytes(`SELECT d, k FROM d.days WHERE ${where}`)).toBe(days * 16);
  });

  it("whole days of moments, whatever hours are asked for", async () => {
    expect(await bytes("SELECT k FROM d.moments WHERE ts = '2024-01-01 05:00:00'")).toBe(24 * 16);
    expect(await bytes("SELECT k FROM d.moments WHERE TIMESTAMP_TRUNC(ts, DAY) IN UNNEST([TIMESTAMP '2024-01-02'])")).toBe(
      24 * 16,
    );
  });

  it("ranges of whole numbers", async () => {
    expect(await bytes("SELECT v FROM d.ranges WHERE k BETWEEN 15 AND 25")).toBe(20 * 16);
  });

  it("what a script's variables choose", async () => {
    const sql = `DECLARE chosen ARRAY<DATE>;
SET chosen = ARRAY(SELECT d FROM d.days WHERE d = '2024-01-05');
SELECT k FROM d.days WHERE d IN UNNEST(chosen);`;
    const done = await w.run(sql);
    expect(done.children?.map((c) => c.result?.bytesProcessed)).toEqual([8, 16]);
    expect(done.bytesProcessed).toBe(24);
  });
});

describe("a change reads what it names and the whole of what it may touch", () => {
  it.each([
    ["UPDATE d.days SET s = 'abc' WHERE d = '2024-01-03'", 8 + 21],
    ["DELETE FROM d.days WHERE d = '2023-01-03'", 0],
    ["DELETE FROM d.days WHERE k = 5", 80 + 210],
    ["INSERT INTO d.plain (k) SELECT k FROM d.days WHERE d = '2024-01-03'", 16],
  ] as const)("%s", async (sql, expected) => {
    expect(await bytes(sql)).toBe(expected);
  });

  it("in MERGE as well, by a constant in ON", async () => {
    const merge = (on: string) =>
      `MERGE d.days t USING (SELECT DATE '2024-01-02' AS d, 7 AS k) s ON t.d = s.d ${on} WHEN MATCHED THEN UPDATE SET k = s.k`;
    const [all, one] = [await bytes(merge("")), await bytes(merge("AND t.d IN (DATE '2024-01-02')"))];
    expect(one * 10).toBe(all);
  });
});

describe("limits", () => {
  it("refuse what would be billed for more, before it runs", async () => {
    const many = 10_485_760;
    expect(await w.refusal("SELECT k FROM d.days", { maximumBytesBilled: 500 })).toEqual({
      reason: "bytesBilledLimitExceeded",
      message: `Query exceeded limit for bytes billed: 500. ${many} or higher required.`,
    });
    await w.refusal("DELETE FROM d.days WHERE k = 1", { maximumBytesBilled: many - 1 });
    expect(await w.rows("SELECT COUNT(*) FROM d.days")).toEqual([["10"]]);
    await w.run("SELECT k FROM d.days", { maximumBytesBilled: many });
    await w.run("SELECT COUNT(*) FROM d.days", { maximumBytesBilled: 1 });
  });

  it("hold for each statement, and for the whole script", async () => {
    const sql = "SELECT k FROM d.days; SELECT k FROM d.days;";
    await w.run(sql, { statementByteBudget: 10_485_760 });
    expect((await w.refusal(sql, { maximumBytesBilled: 10_485_760 })).reason).toBe("bytesBilledLimitExceeded");
  });

  it("ask for a partition filter where the table does", async () => {
    expect((await w.refusal("SELECT k FROM d.strict")).message).toMatch(
      /Cannot query over table 'p\.d\.strict' without a filter over column\(s\) 'd' that can be used for partition elimination/,
    );
    await w.refusal("DELETE FROM d.strict WHERE k = 1");
    expect(await w.rows("SELECT k FROM d.strict WHERE d >= '0001-01-01' OR d IS NULL ORDER BY k")).toEqual([["1"], ["2"]]);
  });

  it("are those of the text, too", async () => {
    const { reason, message } = await w.refusal(`SELECT 1 --${"x".repeat(1_048_577)}`);
    expect([reason, message]).toEqual([
      "invalid",
      expect.stringMatching(/^The query is too large\. The maximum standard SQL query length is 1024\.00K/),
    ]);
  });
});

describe("a dry run", () => {
  it("tells bytes and schema, and changes nothing", async () => {
    const done = await w.run("SELECT k, s FROM d.days WHERE d = '2024-01-01'", { dryRun: true });
    expect(done).toMatchObject({
      bytesProcessed: 8 + 8 + 5,
      rows: [],
      schema: [{ name: "k" }, { name: "s" }],
      totalBytesProcessedAccuracy: "PRECISE",
    });
    await w.run("DELETE FROM d.days WHERE TRUE", { dryRun: true });
    expect(await w.rows("SELECT COUNT(*) FROM d.days")).toEqual([["10"]]);
  });

  it("of a script goes on to the first IF, and knows no variables", async () => {
    const sql =
      "DECLARE x DATE; SET x = DATE '2024-01-01'; SELECT k FROM d.days WHERE d = x; IF TRUE THEN SELECT k FROM d.days; END IF;";
    expect((await w.run(sql, { dryRun: true })).bytesProcessed).toBe(160);
  });
});
