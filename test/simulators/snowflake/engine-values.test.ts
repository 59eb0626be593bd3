import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Opened, opened, type Session } from "./engine/opened.js";

let sim: Opened;
let s: Session;
beforeAll(async () => {
  sim = await opened();
  s = await sim.connect();
  await s.run("ALTER SESSION SET TIMEZONE = 'UTC'");
});
afterAll(async () => {
  await s.close();
  await sim.close();
});

describe("Values", () => {
  it("of every type travel in the service's wire form, with the column's own type", async () => {
    await s.run(`CREATE TABLE every (n NUMBER(38,0) NOT NULL, d NUMBER(10,2), f FLOAT, t VARCHAR(5), b BOOLEAN, day DATE, clock TIME(6),
      ntz TIMESTAMP_NTZ(6), ltz TIMESTAMP_LTZ, tz TIMESTAMP_TZ(3), bin BINARY, v VARIANT, o OBJECT, a ARRAY)`);
    await s.run(`INSERT INTO every SELECT 99999999999999999999999999999999999999, 1.5, 'NaN', 'x', TRUE, '2024-01-02', '01:02:03.5', '2024-01-01 00:00:00.123456',
      '2024-01-01 00:00:00 +01:00', '1969-12-31 23:59:59.5 Z', TO_BINARY('00FF', 'HEX'), PARSE_JSON('{"b":1.50,"a":[1e3,null]}'), OBJECT_CONSTRUCT('k', 1), ARRAY_CONSTRUCT(1, 'x')`);
    const result = await s.run("SELECT * FROM every");
    expect(result.rows).toEqual([
      [
        "99999999999999999999999999999999999999",
        "1.50",
        "NaN",
        "x",
        "1",
        "19724",
        "3723.500000",
        "1704067200.123456",
        "1704063600.000000000",
        "-0.500 1440",
        "00FF",
        '{\n  "a": [\n    1.000000000000000e+03,\n    null\n  ],\n  "b": 1.5\n}',
        '{\n  "k": 1\n}',
        '[\n  1,\n  "x"\n]',
      ],
    ]);
    expect(result.columns.map((c) => [c.type, c.precision ?? c.length ?? null, c.scale ?? null, c.nullable])).toEqual([
      ["FIXED", 38, 0, false],
      ["FIXED", 10, 2, true],
      ["REAL", null, null, true],
      ["TEXT", 5, null, true],
      ["BOOLEAN", null, null, true],
      ["DATE", null, null, true],
      ["TIME", null, 6, true],
      ["TIMESTAMP_NTZ", null, 6, true],
      ["TIMESTAMP_LTZ", null, 9, true],
      ["TIMESTAMP_TZ", null, 3, true],
      ["BINARY", 8_388_608, null, true],
      ["VARIANT", null, null, true],
      ["OBJECT", null, null, true],
      ["ARRAY", null, null, true],
    ]);
  });

  it.each([
    ["INSERT INTO narrow (n) VALUES ('abc')", "100038 22018: Numeric value 'abc' is not recognized"],
    ["INSERT INTO narrow (n) VALUES (1000)", "100132 22003"],
    ["INSERT INTO narrow (n, t) VALUES (1, 'toolong')", "100078 22000"],
    ["INSERT INTO narrow (n) VALUES (NULL)", "100072 22000: NULL result in a non-nullable column"],
    ["INSERT INTO narrow (t) VALUES ('x')", "100072 22000: NULL result in a non-nullable column"],
    ["INSERT INTO narrow (n, b) VALUES (1, 'maybe')", "100037 22018: Boolean value 'maybe' is not recognized"],
    ["INSERT INTO narrow (n, at) VALUES (1, 'never')", "100035 22007: Timestamp 'never' is not recognized"],
    ["INSERT INTO narrow VALUES (1, 'a')", "002020 21S01"],
    [
      "INSERT INTO narrow (n, v) VALUES (1, PARSE_JSON('1'))",
      "002014 22000: SQL compilation error:\nInvalid expression [PARSE_JSON('1')] in VALUES clause",
    ],
    ["INSERT INTO narrow (n, v) SELECT 1, 'text'", "002023 22000"],
    ["SELECT 1 / 0", "100051 22012: Division by zero"],
    ["SELECT PARSE_JSON('{')", "100069 22P02"],
    ["SELECT 'x'::NUMBER", "100038 22018"],
    ["SELECT TRY_CAST(1 AS NUMBER)", "001044 42P13"],
  ])("that do not fit are refused: %s", async (sql, refusal) => {
    await s.run("CREATE OR REPLACE TABLE narrow (n NUMBER(3,0) NOT NULL, t VARCHAR(3), b BOOLEAN, at TIMESTAMP_NTZ, v VARIANT)");
    expect((await s.refused(sql)).slice(0, refusal.length)).toBe(refusal);
    expect(await s.one("SELECT COUNT(*) FROM narrow")).toBe("0");
  });

  it("of floats keep the sign of zero through UPDATE and MERGE", async () => {
    await s.run("CREATE TABLE zero (id INT, f FLOAT NOT NULL)");
    await s.run("INSERT INTO zero VALUES (1, 0), (2, 0), (3, 'inf')");
    expect((await s.run("UPDATE zero SET f = '-0'::FLOAT WHERE id <> 2")).affected).toBe(2);
    expect(
      (await s.run("MERGE INTO zero USING (SELECT 2 AS k) x ON id = k WHEN MATCHED THEN UPDATE SET f = '-0'::FLOAT")).affected,
    ).toBe(1);
    expect(await s.rows("SELECT f FROM zero")).toEqual([["-0"], ["-0"], ["-0"]]);
    await s.run("UPDATE zero SET f = v.f FROM (SELECT 1 AS k, 2.5::FLOAT AS f) v WHERE id = v.k");
    expect(await s.rows("SELECT f FROM zero ORDER BY id")).toEqual([["2.5"], ["-0"], ["-0"]]);
  });

  it("of documents are indented by JSON_INDENT", async () => {
    await s.run("ALTER SESSION SET JSON_INDENT = 0");
    expect(await s.one('SELECT PARSE_JSON(\'{"b": [1, 2], "a": 1e0}\')')).toBe('{"a":1.000000000000000e+00,"b":[1,2]}');
    await s.run("ALTER SESSION UNSET JSON_INDENT");
  });

  it("keep primary keys apart from uniqueness: they are not enforced", async () => {
    await s.run("CREATE TABLE keyed (id INT PRIMARY KEY)");
    await s.run("INSERT INTO keyed VALUES (1), (1)");
    expect(await s.one("SELECT COUNT(*) FROM keyed")).toBe("2");
  });

  it("of defaults, identities and virtual columns are the service's to make", async () => {
    await s.run("CREATE TABLE made (id INT IDENTITY(10, 5), a INT DEFAULT 7, b INT AS (a * 2), c VARCHAR DEFAULT 'x' NOT NULL)");
    await s.run("INSERT INTO made (c) VALUES ('y'), (DEFAULT)");
    expect(await s.rows("SELECT * FROM made ORDER BY id")).toEqual([
      ["10", "7", "14", "y"],
      ["15", "7", "14", "x"],
    ]);
  });

  it("can be bound, by place or by number, alone or as arrays", async () => {
    const text = (value: string | null) => ({ type: "TEXT", value });
    expect(await s.rows("SELECT ? || 'b', :1, CAST(? AS NUMBER(38,0)) + 1", { 1: text("a"), 2: text("41") })).toEqual([
      ["ab", "a", "42"],
    ]);
    expect(
      await s.rows("SELECT ?, ?, ?", { 1: { type: "FIXED", value: "7" }, 2: { type: "BOOLEAN", value: "true" }, 3: text(null) }),
    ).toEqual([["7", "1", null]]);
    expect(await s.refused("SELECT ?")).toMatch(/^002049 42601/);
    await s.run("CREATE TABLE bulk (a INT, b VARCHAR)");
    const arrays = { 1: { type: "FIXED", value: ["1", "2", null] }, 2: { type: "TEXT", value: ["x", null, "z"] } };
    expect((await s.run("INSERT INTO bulk VALUES (?, UPPER(?))", arrays)).affected).toBe(3);
    expect(await s.rows("SELECT * FROM bulk ORDER BY a")).toEqual([
      ["1", "X"],
      ["2", null],
      [null, "Z"],
    ]);
  });
});

describe("Functions", () => {
  it.each([
    ["MD5_NUMBER_LOWER64('Snowflake')", "9203306159527282910"],
    ["MD5('Snowflake')", "edf1439075a83a447fb8b630ddc9c8de"],
    ["TO_JSON(OBJECT_CONSTRUCT_KEEP_NULL('b', 1.50, 'a', NULL, 'c', 'x\"y'))", '{"a":null,"b":1.5,"c":"x\\"y"}'],
    ["TO_JSON(OBJECT_CONSTRUCT('b', NULL, 'a', TRUE))", '{"a":true}'],
    ["TO_JSON(PARSE_JSON('{\"deep\":[0.12345678901234567890123]}'):deep[0])", "0.12345678901234567890123"],
    ['PARSE_JSON(\'{"a":{"b":"x"}}\'):a.b::VARCHAR', "x"],
    ["PARSE_JSON('1.7976931348623157e+308')::FLOAT", "1.7976931348623157e+308"],
    ["TO_JSON(PARSE_JSON('1.912e2'))", "1.912000000000000e+02"],
    ["TRY_PARSE_JSON('{')", null],
    ["IS_NULL_VALUE(PARSE_JSON('null'))", "1"],
    ["EQUAL_NULL(NULL, NULL)", "1"],
    ["1 IS DISTINCT FROM NULL", "1"],
    ["'10' > 9", "1"],
    ["IFF(NULL, 1, 2)", "2"],
    ["SPLIT_PART('a,b,c', ',', -1)", "c"],
    ["LENGTH(TO_BINARY('00FF', 'HEX'))", "2"],
    ["HEX_ENCODE('a')", "61"],
    ["TO_VARCHAR(1.5::FLOAT, 'TME')", "1.5E0"],
    ["TO_VARCHAR('2024-01-02 03:04:05.123456'::TIMESTAMP_NTZ, 'YYYY-MM-DD\"T\"HH24:MI:SS.FF6')", "2024-01-02T03:04:05.123456"],
    [
      "TO_VARCHAR(CONVERT_TIMEZONE('America/New_York', '2024-01-01 00:00:00 Z'::TIMESTAMP_TZ), 'YYYY-MM-DD HH24:MI')",
      "2023-12-31 19:00",
    ],
    ["DATE_PART(EPOCH_MICROSECOND, '2024-01-01 00:00:00.5'::TIMESTAMP_NTZ)", "1704067200500000"],
    ["DATEDIFF(day, '2024-01-31 23:00:00'::TIMESTAMP_NTZ, '2024-02-01 01:00:00'::TIMESTAMP_NTZ)", "1"],
    ["TO_TIMESTAMP_NTZ(1704067200123456, 6)::VARCHAR", "2024-01-01 00:00:00.123"],
    ["BITXOR(5, 3)", "6"],
    ["9999999999999999999999999999.9999999999::NUMBER(38,10) = 9999999999999999999999999999.9999999998::NUMBER(38,10)", "0"],
    ["NVL(9999999999999999999999999999.9999999999::NUMBER(38,10), 1)", "9999999999999999999999999999.9999999999"],
    ["1 / 3", "0.333333"],
    [
      "(SELECT MAX(x) FROM (SELECT 9.9999999999999999999999999999999999999 AS x UNION ALL SELECT 0 UNION ALL SELECT 0.5))",
      "9.9999999999999999999999999999999999999",
    ],
    [
      "(SELECT MAX(column1) FROM VALUES (9.9999999999999999999999999999999999999), (0))",
      "9.9999999999999999999999999999999999999",
    ],
    ["(SELECT LISTAGG(x, ',') WITHIN GROUP (ORDER BY x DESC) FROM (SELECT column1 AS x FROM VALUES (1), (2)))", "2,1"],
    ["(SELECT SUM(value::INT) FROM TABLE(FLATTEN(input => PARSE_JSON('[1,2,3]'))))", "6"],
    ["(SELECT HASH_AGG(x) FROM (SELECT 1 AS x WHERE FALSE))", "0"],
    ["(SELECT MAX(n) FROM (SELECT SEQ8() AS n FROM TABLE(GENERATOR(ROWCOUNT => 5))))", "4"],
  ])("%s", async (expression, value) => {
    expect(await s.one(`SELECT ${expression}`)).toBe(value);
  });

  it("put NULL last, and first in descending order", async () => {
    const rows = (order: string) => s.rows(`SELECT column1 FROM VALUES (1), (NULL), (2) ORDER BY 1 ${order}`);
    expect(await rows("")).toEqual([["1"], ["2"], [null]]);
    expect(await rows("DESC")).toEqual([[null], ["2"], ["1"]]);
  });

  it("of windows can be filtered with QUALIFY", async () => {
    const sql =
      "SELECT a, b FROM VALUES (1, 1), (1, 2), (2, 3) v (a, b) QUALIFY ROW_NUMBER() OVER (PARTITION BY a ORDER BY b DESC) = 1 ORDER BY a";
    expect(await s.rows(sql)).toEqual([
      ["1", "2"],
      ["2", "3"],
    ]);
  });

  it("know the last result", async () => {
    await s.run("SHOW SCHEMAS LIKE 'PUB%'");
    expect(await s.rows('SELECT "name" FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))')).toEqual([["PUBLIC"]]);
  });
});
