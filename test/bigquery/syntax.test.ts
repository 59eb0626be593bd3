import type { ColumnShape, ColumnType } from "cutover/adapter";
import { expect, it } from "vitest";
import { fromNative, sameValue, syntax } from "../../adapters/bigquery/syntax.js";
import { types as asked } from "../../src/conformance/values.js";

const types: readonly ColumnType[] = [...asked, "decimal(38,9)", "decimal(10,2)"];

it("tells every canonical type from its native word", () => {
  for (const t of types) expect(fromNative(syntax.type(t))).toBe(t);
});

it("takes the smaller of the two decimal types where it holds the digits", () => {
  expect(["decimal(38,9)", "decimal(29,0)", "decimal(30,0)", "decimal(38,38)"].map((t) => syntax.type(t as ColumnType))).toEqual([
    "NUMERIC(38,9)",
    "NUMERIC(29,0)",
    "BIGNUMERIC(30,0)",
    "BIGNUMERIC(38,38)",
  ]);
});

it("reads the words of tables that others made", () => {
  const read: Readonly<Record<string, ColumnType | null>> = {
    NUMERIC: "decimal(38,9)",
    "NUMERIC(5)": "decimal(5,0)",
    "BIGNUMERIC(38, 20)": "decimal(38,20)",
    BIGNUMERIC: null,
    "BIGNUMERIC(60,20)": null,
    "STRING(10)": "string",
    "BYTES(3)": "bytes",
    "ARRAY<INT64>": null,
    "STRUCT<a INT64>": null,
    GEOGRAPHY: null,
    "RANGE<DATE>": null,
    INTERVAL: null,
  };
  expect(Object.fromEntries(Object.keys(read).map((n) => [n, fromNative(n)]))).toEqual(read);
});

it("lets no name and no text end its quotes", () => {
  expect(syntax.ident(["my-project", "d", "a`b\\c"])).toBe("`my-project`.`d`.`a\\`b\\\\c`");
  expect(syntax.literal({ value: "it's \\' -- /* \n\0 ` é", type: "string" })).toBe(
    "'it\\'s \\\\\\' -- /* \\u000a\\u0000 \\` é'",
  );
});

it("refuses names that are longer than the service takes", () => {
  expect(syntax.ident(["n".repeat(300)])).toHaveLength(302);
  expect(() => syntax.ident(["n".repeat(301)])).toThrow("longer than 300 characters");
  expect(syntax.ident(["p", "d", "t".repeat(1024)])).toContain("ttt");
  expect(() => syntax.ident(["p", "d", "ü".repeat(513)])).toThrow("longer than 1024");
});

it("writes values by their exact text", () => {
  const written: readonly (readonly [ColumnType, unknown, string])[] = [
    ["int64", -(2n ** 63n), "-9223372036854775808"],
    ["decimal(10,2)", "1.50", "NUMERIC '1.50'"],
    ["decimal(38,20)", "0.00000000000000000001", "BIGNUMERIC '0.00000000000000000001'"],
    ["bool", true, "TRUE"],
    ["float64", 0.1, "CAST('0.1' AS FLOAT64)"],
    ["float64", Number.NaN, "CAST('NaN' AS FLOAT64)"],
    ["float64", Number.NEGATIVE_INFINITY, "CAST('-inf' AS FLOAT64)"],
    ["timestamp", 1n, "TIMESTAMP '1970-01-01 00:00:00.000001+00:00'"],
    ["timestamp", -62_135_596_800_000_000n, "TIMESTAMP '0001-01-01 00:00:00+00:00'"],
    ["datetime", 253_402_300_799_999_999n, "DATETIME '9999-12-31 23:59:59.999999'"],
    ["date", -1, "DATE '1969-12-31'"],
    ["time", 1n, "TIME '00:00:00.000001'"],
    ["bytes", new Uint8Array([0, 255]), "FROM_HEX('00ff')"],
    ["json", '{"a":"\\n"}', 'PARSE_JSON(\'{"a":"\\\\n"}\')'],
    ["date", null, "CAST(NULL AS DATE)"],
    ["decimal(10,2)", null, "CAST(NULL AS NUMERIC)"],
  ];
  for (const [type, value, text] of written) expect(syntax.literal({ value, type })).toBe(text);
});

it("refuses values that are none of their type", () => {
  for (const [type, value] of [
    ["int64", 2n ** 63n],
    ["decimal(5,2)", "1.234"],
    ["decimal(5,2)", "1234.5"],
    ["string", "\ud800"],
    ["json", "{no json"],
    ["date", 2_932_897],
    ["timestamp", 10n ** 18n],
    ["time", 86_400_000_000n],
    ["bool", "yes"],
  ] as const)
    expect(() => syntax.literal({ value, type }), `${type} ${String(value)}`).toThrow("does not fit");
});

const column = (name: string, type: ColumnType, native = syntax.type(type)): ColumnShape => ({
  name,
  type,
  native,
  nullable: true,
});

it("hashes each type by a text of its own", () => {
  const hash = syntax.rowHash(
    types.map((t, i) => column(`c${i}`, t)),
    "l",
  );
  expect(hash).toMatchInlineSnapshot(
    `"CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(CONCAT(IFNULL(CAST(\`l\`.\`c0\` AS STRING), ''), '|', IFNULL(CAST(\`l\`.\`c1\` AS STRING), ''), '|', IFNULL(CAST(\`l\`.\`c2\` AS STRING), ''), '|', IFNULL(CAST(\`l\`.\`c3\` AS STRING), ''), '|', IFNULL(CAST(\`l\`.\`c4\` AS STRING), ''), '|', IFNULL(CONCAT(CAST(LENGTH(\`l\`.\`c5\`) AS STRING), ':', \`l\`.\`c5\`), ''), '|', IFNULL(CAST(\`l\`.\`c6\` AS STRING), ''), '|', IFNULL(CAST(\`l\`.\`c7\` AS STRING), ''), '|', IFNULL(CAST(\`l\`.\`c8\` AS STRING), ''), '|', IFNULL(CAST(UNIX_MICROS(\`l\`.\`c9\`) AS STRING), ''), '|', IFNULL(CAST(\`l\`.\`c10\` AS STRING), ''), '|', IFNULL(CONCAT('x', TO_HEX(\`l\`.\`c11\`)), ''), '|', IFNULL(IF(\`l\`.\`c12\` IS NULL, NULL, TO_JSON_STRING(\`l\`.\`c12\`)), ''), '|', IFNULL(CAST(\`l\`.\`c13\` AS STRING), ''), '|', IFNULL(CAST(\`l\`.\`c14\` AS STRING), '')))), 1, 15)) AS INT64)"`,
  );
  expect(hash.match(/IFNULL\(/g)).toHaveLength(types.length);
});

it("compares and hashes what has no canonical type by its whole text", () => {
  const other = (native: string): string => sameValue("a", "b", column("x", "string", native));
  expect(sameValue("a", "b", column("x", "string", "STRING(10)"))).toBe("a IS NOT DISTINCT FROM b");
  for (const native of ["ARRAY<INT64>", "STRUCT<a INT64>", "RANGE<DATE>"]) expect(other(native)).toContain("TO_JSON_STRING(a)");
  expect(other("GEOGRAPHY")).toBe("TO_HEX(ST_ASBINARY(a)) IS NOT DISTINCT FROM TO_HEX(ST_ASBINARY(b))");
  expect(other("INTERVAL")).toContain("CAST(a AS STRING)");
});
