import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorld, type World } from "./engine-world.js";

/** Expressions and their TO_JSON_STRING, as Google's reference implementation of GoogleSQL (zetasql 2025.09.1) answers them. */
const known = JSON.parse(readFileSync(new URL("./engine-values.json", import.meta.url), "utf8")) as Record<string, string>;

let w: World;
beforeAll(async () => {
  w = await openWorld();
});
afterAll(() => w.engine.close());

describe("values", () => {
  it("are those of Google's reference implementation", { timeout: 60_000 }, async () => {
    const all = Object.keys(known);
    const told: Record<string, unknown> = {};
    for (let from = 0; from < all.length; from += 40) {
      const some = all.slice(from, from + 40);
      const [row] = await w.rows(`SELECT ${some.map((e) => `TO_JSON_STRING(${e})`).join(", ")}`);
      for (const [k, e] of some.entries()) told[e] = row?.[k];
    }
    expect(told).toEqual(known);
  });

  it("have the wire form of the REST API", async () => {
    const [row] = await w.rows(
      `SELECT 1, 1.0, 1e300, CAST('nan' AS FLOAT64), CAST('-inf' AS FLOAT64), TRUE, NUMERIC '1.50', b'\\x00\\xff', DATE '0001-01-01',
         DATETIME '2020-01-02 03:04:05.5', TIME '03:04:05', TIMESTAMP '2020-01-01 00:00:00.000001+00', [1, 2], STRUCT(1 AS a, [STRUCT('x' AS y)] AS b), JSON '{"b":1,"a":null}', NULL`,
    );
    expect(row).toEqual([
      "1",
      "1.0",
      "1.0E+300",
      "NaN",
      "-Infinity",
      "true",
      "1.5",
      "AP8=",
      "0001-01-01",
      "2020-01-02T03:04:05.500",
      "03:04:05",
      "1577836800000001",
      [{ v: "1" }, { v: "2" }],
      { f: [{ v: "1" }, { v: [{ v: { f: [{ v: "x" }] } }] }] },
      '{"a":null,"b":1}',
      null,
    ]);
  });

  it("have the legacy names of types in the schema", async () => {
    const { schema } = await w.run(
      "SELECT 1 AS a, 1.5 AS b, TRUE AS c, STRUCT(1 AS x) AS d, ['s'] AS e, BIGNUMERIC '1' AS f, 'anonymous', 'too'",
    );
    expect(schema?.map((f) => [f.name, f.type, f.mode])).toEqual([
      ["a", "INTEGER", "NULLABLE"],
      ["b", "FLOAT", "NULLABLE"],
      ["c", "BOOLEAN", "NULLABLE"],
      ["d", "RECORD", "NULLABLE"],
      ["e", "STRING", "REPEATED"],
      ["f", "BIGNUMERIC", "NULLABLE"],
      ["f0_", "STRING", "NULLABLE"],
      ["f1_", "STRING", "NULLABLE"],
    ]);
  });

  it("lose the sign of zero in a table, and keep all digits of a decimal", async () => {
    await w.run("CREATE TABLE zero (f FLOAT64, b BIGNUMERIC(76, 38), n NUMERIC)");
    await w.run(
      "INSERT zero VALUES (-0.0, BIGNUMERIC '12345678901234567890123456789012345678.12345678901234567890123456789012345678', NUMERIC '99999999999999999999999999999.999999999')",
    );
    expect(await w.rows("SELECT IEEE_DIVIDE(1, f), b, n FROM zero")).toEqual([
      [
        "Infinity",
        "12345678901234567890123456789012345678.12345678901234567890123456789012345678",
        "99999999999999999999999999999.999999999",
      ],
    ]);
  });
});

/** Statements that fail while they run. */
const failing: readonly (readonly [string, string])[] = [
  ["SELECT CAST('abc' AS INT64)", "Bad int64 value: abc"],
  ["SELECT CAST('x' AS FLOAT64)", "Bad double value: x"],
  ["SELECT CAST('2020-02-30' AS DATE)", "Invalid date: '2020-02-30'"],
  ["SELECT CAST('x' AS TIMESTAMP)", "Invalid timestamp: 'x'"],
  ["SELECT CAST('x' AS BOOL)", "Bad bool value: x"],
  ["SELECT 9223372036854775807 + x FROM UNNEST([1]) x", "int64 overflow: 9223372036854775807 + 1"],
  ["SELECT x / 0 FROM UNNEST([1]) x", "division by zero: 1 / 0"],
  ["SELECT [1, 2][OFFSET(5)]", "Array index 5 is out of bounds"],
  ["SELECT (SELECT x FROM UNNEST([1, 2]) x)", "Scalar subquery produced more than one element"],
  ["SELECT [1, NULL]", "Array cannot have a null element; error in writing field"],
  ["SELECT IF(FALSE, 1, ERROR('boom'))", "boom"],
  ["SELECT CAST('toolong' AS STRING(3))", "maximum length: 3, actual length: 7"],
];

describe("a statement fails", () => {
  it.each(failing)("%s", async (sql, message) => {
    expect(await w.refusal(sql)).toEqual({ reason: "invalidQuery", message });
  });
});
