import { type ColumnShape, type ColumnType, isCutoverError } from "cutover/adapter";
import { expect, it } from "vitest";
import { fromNative, syntax } from "../../adapters/snowflake/syntax.js";
import { types as asked } from "../../src/conformance/values.js";

const types: readonly ColumnType[] = [...asked, "decimal(10,2)"];

it("tells every canonical type from its native word", () => {
  for (const t of types) expect(fromNative(syntax.type(t))).toBe(t);
});

it("has no decimal with 38 digits behind the point", () => {
  let thrown: unknown;
  try {
    syntax.type("decimal(38,38)");
  } catch (e) {
    thrown = e;
  }
  expect(isCutoverError(thrown, "UNSUPPORTED") && thrown.context.alternative).toBe("decimal(38,37), or string");
});

it("reads the words of tables that others made", () => {
  const read = [
    "NUMBER(38,0)",
    "NUMBER(5,0)",
    "TIMESTAMP_TZ(9)",
    "TIMESTAMP_NTZ(9)",
    "TIME(0)",
    "VARCHAR(10)",
    "ARRAY",
    "OBJECT",
    "GEOGRAPHY",
  ];
  expect(read.map(fromNative)).toEqual([
    "decimal(38,0)",
    "int64",
    "timestamp",
    "datetime",
    "time",
    "string",
    "json",
    "json",
    null,
  ]);
});

it("lets no name and no text end its quotes", () => {
  expect(syntax.ident(["DB", 'a"b', "x.y"])).toBe('"DB"."a""b"."x.y"');
  expect(syntax.literal({ value: "it's \\' -- /*", type: "string" })).toBe("'it''s \\\\'' -- /*'");
  expect(() => syntax.ident(["n".repeat(256)])).toThrow("longer than 255 characters");
});

it("writes values by their exact text", () => {
  const written: readonly (readonly [ColumnType, unknown, string])[] = [
    ["int64", -7n, "-7"],
    ["decimal(10,2)", "1.50", "CAST('1.50' AS NUMBER(10,2))"],
    ["bool", true, "TRUE"],
    ["float64", -0, "CAST('-0' AS FLOAT)"],
    ["float64", Number.NEGATIVE_INFINITY, "CAST('-inf' AS FLOAT)"],
    ["timestamp", 1n, "CAST('1970-01-01T00:00:00.000001+00:00' AS TIMESTAMP_LTZ(6))"],
    ["datetime", 0n, "CAST('1970-01-01T00:00:00' AS TIMESTAMP_NTZ(6))"],
    ["bytes", new Uint8Array([0, 255]), "TO_BINARY('00ff', 'HEX')"],
    ["json", '{"a":"\\n"}', 'PARSE_JSON(\'{"a":"\\\\n"}\')'],
    ["date", null, "CAST(NULL AS DATE)"],
  ];
  for (const [type, value, text] of written) expect(syntax.literal({ value, type })).toBe(text);
});

it("hashes each type by a text of its own", () => {
  const columns = types.map((t, i): ColumnShape => ({ name: `C${i}`, type: t, native: syntax.type(t), nullable: true }));
  const hash = syntax.rowHash(columns, "l");
  expect(hash).toMatchInlineSnapshot(
    `"MD5_NUMBER_LOWER64(CONCAT_WS('|', NVL(TO_VARCHAR("l"."C0"), ''), NVL(CASE WHEN "l"."C1" = 0 THEN IFF(ATAN2("l"."C1", -1) < 0, '-0', '0') WHEN "l"."C1" IN (CAST('NaN' AS FLOAT), CAST('inf' AS FLOAT), CAST('-inf' AS FLOAT)) THEN TO_VARCHAR("l"."C1") ELSE TO_VARCHAR("l"."C1", 'TME') END, ''), NVL(TO_VARCHAR("l"."C2"), ''), NVL(TO_VARCHAR("l"."C3"), ''), NVL(TO_VARCHAR("l"."C4"), ''), NVL(LENGTH("l"."C5") || ':' || "l"."C5", ''), NVL(TO_VARCHAR("l"."C6"), ''), NVL(TO_VARCHAR("l"."C7", 'YYYY-MM-DD'), ''), NVL(TO_VARCHAR("l"."C8", 'HH24:MI:SS.FF9'), ''), NVL(TO_VARCHAR(CONVERT_TIMEZONE('UTC', "l"."C9"), 'YYYY-MM-DD HH24:MI:SS.FF9'), ''), NVL(TO_VARCHAR("l"."C10", 'YYYY-MM-DD HH24:MI:SS.FF9'), ''), NVL('x' || HEX_ENCODE("l"."C11"), ''), NVL(LENGTH(TO_JSON("l"."C12")) || ':' || TO_JSON("l"."C12"), ''), NVL(TO_VARCHAR("l"."C13"), '')))"`,
  );
  expect(hash.match(/NVL\(/g)).toHaveLength(types.length);
});
