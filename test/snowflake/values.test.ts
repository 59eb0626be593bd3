import { expect, it } from "vitest";
import { encoder } from "../../adapters/snowflake/encode.js";
import { decoder, type ResultColumn } from "../../adapters/snowflake/values.js";

const column = (type: string, scale = 0): ResultColumn => ({
  getName: () => "C",
  getType: () => type,
  getScale: () => scale,
  getPrecision: () => 38,
  isNullable: () => true,
});
const read = (type: string, value: unknown, wanted?: Parameters<typeof decoder>[1], scale = 0): unknown =>
  decoder(column(type, scale), wanted)(value);
const at = (seconds: number, nanos: number): Date =>
  Object.assign(new Date(seconds * 1000), { getEpochSeconds: () => seconds, getNanoSeconds: () => nanos });

it("reads numbers by their digits", () => {
  expect(read("fixed", "9007199254740993")).toBe(9007199254740993n);
  expect(read("fixed", "9".repeat(38))).toBe("9".repeat(38));
  expect(read("fixed", "1.50", "decimal(10,2)", 2)).toBe("1.50");
  expect(() => read("fixed", "9223372036854775808", "int64")).toThrow("does not fit int64");
  expect(() => read("fixed", "1.5", "int64", 1)).toThrow("does not fit int64");
});

it("reads floats, also those written as text", () => {
  const words = ["NaN", "inf", "-inf", "-0", "1E-1", "5e-324"];
  expect(words.map((w) => read("real", w))).toEqual([Number.NaN, Infinity, -Infinity, -0, 0.1, 5e-324]);
  expect(read("text", "3.3333333333333331E-1", "float64")).toBe(1 / 3);
});

it("reads instants to the microsecond, and refuses finer ones", () => {
  expect(read("timestamp_ltz", at(-1, 999_999_000))).toBe(-1n);
  expect(read("timestamp_ntz", at(1, 1000), "datetime")).toBe(1_000_001n);
  expect(() => read("timestamp_ntz", at(1, 1001))).toThrow("does not fit");
  expect(read("date", at(-86_400, 0))).toBe(-1);
  expect(read("time", "23:59:59.999999000")).toBe(86_399_999_999n);
  expect(() => read("time", "23:59:59.999999001")).toThrow("does not fit");
});

it("tells NULL from the text that says so", () => {
  expect(read("fixed", "NULL")).toBeNull();
  expect(read("text", "NULL")).toBe("NULL");
  expect(read("variant", '"NULL"', "json")).toBe('"NULL"');
  expect(read("boolean", null)).toBeNull();
});

it("refuses on the way in what the service would round, cut or fold", () => {
  const put = (type: Parameters<typeof encoder>[0]["type"], native: string, value: unknown) =>
    encoder({ name: "c", type, native })(value);
  expect(put("decimal(5,2)", "NUMBER(5,2)", "123.4500")).toBe("123.4500");
  for (const [type, native, value] of [
    ["int64", "NUMBER(19,0)", 2n ** 63n],
    ["int64", "NUMBER(4,0)", 10_000n],
    ["decimal(5,2)", "NUMBER(5,2)", "1.234"],
    ["decimal(5,2)", "NUMBER(5,2)", "1234.5"],
    ["string", "VARCHAR(3)", "four"],
    ["string", "VARCHAR", "\ud800"],
    ["json", "VARIANT", "{no json"],
    ["json", "VARIANT", ""],
    ["bytes", "BINARY(1)", new Uint8Array(2)],
    ["time", "TIME(3)", 1n],
    ["datetime", "TIMESTAMP_NTZ(0)", 1n],
    ["date", "DATE", 2_932_897],
    ["timestamp", "TIMESTAMP_LTZ(6)", 10n ** 18n],
    ["bool", "BOOLEAN", "yes"],
  ] as const)
    expect(() => put(type, native, value), `${native} ${String(value)}`).toThrow("does not fit");
  expect(put("string", "VARCHAR(3)", "😀😀😀")).toBe("😀😀😀");
});

it("writes out exponents in JSON where that keeps a number exact", () => {
  const json = encoder({ name: "c", type: "json", native: "VARIANT" });
  const written: Readonly<Record<string, string>> = {
    '{"a":1.2345678901234568e+29}': '{"a":123456789012345680000000000000}',
    "[1.5e-7,-2E3,12.34e1,1e0,0.5e1]": "[0.00000015,-2000,123.4,1,5]",
    '["1e5",{"1e5":1e300}]': '["1e5",{"1e5":1e300}]',
    "[5e-324,0.1]": "[5e-324,0.1]",
  };
  expect(Object.keys(written).map(json)).toEqual(Object.values(written));
  for (const text of Object.keys(written)) expect(JSON.parse(json(text) ?? "")).toEqual(JSON.parse(text));
});
