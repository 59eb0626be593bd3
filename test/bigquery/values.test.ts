import { raw, template } from "cutover/adapter";
import { expect, it } from "vitest";
import { renderSql } from "../../adapters/bigquery/render.js";
import { decodeCell } from "../../adapters/bigquery/values.js";

const field = (type: string, more: object = {}) => ({ name: "c", type, ...more });

it("reads numbers by their digits, whatever word the API has for the type", () => {
  expect(decodeCell("int64", field("INTEGER"), "9007199254740993")).toBe(9007199254740993n);
  expect(decodeCell(undefined, field("INT64"), "-9223372036854775808")).toBe(-(2n ** 63n));
  expect(decodeCell("decimal(38,9)", field("NUMERIC"), "1.5")).toBe("1.5");
  expect(decodeCell(undefined, field("BIGNUMERIC"), "9".repeat(60))).toBe("9".repeat(60));
  expect(decodeCell("int64", field("NUMERIC"), "3")).toBe(3n);
  expect(() => decodeCell("int64", field("NUMERIC"), "1.5")).toThrow("does not fit int64");
});

it("reads floats, also those that are no numbers", () => {
  const words = ["NaN", "Infinity", "-Infinity", "inf", "1e-7", "5e-324", "0.30000000000000004"];
  expect(words.map((w) => decodeCell("float64", field("FLOAT"), w))).toEqual([
    Number.NaN,
    Infinity,
    -Infinity,
    Infinity,
    1e-7,
    5e-324,
    0.1 + 0.2,
  ]);
});

it("reads instants as microseconds, days and times by their text", () => {
  expect(decodeCell("timestamp", field("TIMESTAMP"), "-62135596800000000")).toBe(-62_135_596_800_000_000n);
  expect(decodeCell("datetime", field("DATETIME"), "1970-01-01T00:00:00.000001")).toBe(1n);
  expect(decodeCell("date", field("DATE"), "1969-12-31")).toBe(-1);
  expect(decodeCell("time", field("TIME"), "23:59:59.999999")).toBe(86_399_999_999n);
  expect(() => decodeCell("timestamp", field("TIMESTAMP"), "1.7E9")).toThrow("does not fit timestamp");
});

it("reads text, bytes, JSON, truth and NULL", () => {
  expect(decodeCell("string", field("STRING"), "")).toBe("");
  expect(decodeCell("string", field("STRING"), null)).toBeNull();
  expect(decodeCell("bytes", field("BYTES"), "AP8=")).toEqual(new Uint8Array([0, 255]));
  expect(decodeCell("json", field("JSON"), '{"a":null}')).toBe('{"a":null}');
  expect([decodeCell("bool", field("BOOLEAN"), "true"), decodeCell(undefined, field("BOOL"), "false")]).toEqual([true, false]);
});

it("reads what is nested as JSON", () => {
  const part = { fields: [field("INT64"), { ...field("STRING"), name: "s" }] };
  expect(decodeCell("string", field("INTEGER", { mode: "REPEATED" }), [{ v: "1" }, { v: "2" }])).toBe('["1","2"]');
  expect(decodeCell("string", field("RECORD", part), { f: [{ v: "1" }, { v: null }] })).toBe('{"c":"1","s":null}');
  expect(decodeCell(undefined, field("STRUCT", { ...part, mode: "REPEATED" }), [{ v: { f: [{ v: "1" }, { v: "x" }] } }])).toBe(
    '[{"c":"1","s":"x"}]',
  );
});

it("binds values with their types, NULL too", () => {
  const { text, parameters } = renderSql(
    template`SELECT ${7}, ${"it's ?"}, ${{ value: null, type: "date" }}, ${{ value: 1n, type: "timestamp" }}, ${{ value: "1.50", type: "decimal(10,2)" }};`,
  );
  expect(text).toBe("SELECT ?, ?, ?, ?, ?");
  expect(parameters.map((p) => [p.parameterType.type, p.parameterValue.value])).toEqual([
    ["INT64", "7"],
    ["STRING", "it's ?"],
    ["DATE", null],
    ["TIMESTAMP", "1970-01-01 00:00:00.000001+00:00"],
    ["NUMERIC", "1.50"],
  ]);
});

it("sends as text what a parameter could not say exactly", () => {
  const { text, parameters } = renderSql(
    template`SELECT ${{ value: Number.NaN, type: "float64" }}, ${{ value: '{"a":1}', type: "json" }}, ${new Uint8Array([255])}, ${raw("'?'")}`,
  );
  expect(text).toBe("SELECT CAST(? AS FLOAT64), PARSE_JSON(?), FROM_HEX(?), '?'");
  expect(parameters.map((p) => [p.parameterType.type, p.parameterValue.value])).toEqual([
    ["STRING", "NaN"],
    ["STRING", '{"a":1}'],
    ["STRING", "ff"],
  ]);
});
