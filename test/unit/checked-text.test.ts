import { expect, it } from "vitest";
import { checkedText, misfitWords } from "../../src/table/checked-text.js";
import type { ColumnType } from "../../src/table/types.js";

it("writes each type by its exact text", () => {
  const written: readonly (readonly [ColumnType, unknown, string | null])[] = [
    ["int64", -(2n ** 63n), "-9223372036854775808"],
    ["int64", 7, "7"],
    ["int64", "12", "12"],
    ["float64", Number.NaN, "NaN"],
    ["float64", Number.NEGATIVE_INFINITY, "-inf"],
    ["float64", -0, "-0"],
    ["decimal(5,2)", "00123.4500", "00123.4500"],
    ["string", "é", "é"],
    ["json", '{"a":1e2}', '{"a":1e2}'],
    ["bool", false, "false"],
    ["bytes", new Uint8Array([0, 255]), "00ff"],
    ["date", -719_162, "0001-01-01"],
    ["time", 86_399_999_999n, "23:59:59.999999"],
    ["timestamp", 1n, "1970-01-01T00:00:00.000001Z"],
    ["datetime", 253_402_300_799_999_999n, "9999-12-31T23:59:59.999999"],
    ["date", null, null],
    ["string", undefined, null],
  ];
  for (const [type, value, text] of written) expect(checkedText(value, type), type).toBe(text);
});

it("has no text for what is none of the type, or beyond its range", () => {
  const wrong: readonly (readonly [ColumnType, unknown])[] = [
    ["int64", 2n ** 63n],
    ["int64", 2 ** 53],
    ["int64", "x"],
    ["float64", "x"],
    ["decimal(5,2)", "1.234"],
    ["decimal(5,2)", "1234.5"],
    ["decimal(5,2)", "1e2"],
    ["string", "\ud800"],
    ["string", 1],
    ["json", "{no json"],
    ["bool", "yes"],
    ["bytes", "0g"],
    ["date", 2_932_897],
    ["date", 0.5],
    ["time", 86_400_000_000n],
    ["timestamp", -62_135_596_800_000_001n],
    ["datetime", 253_402_300_800_000_000n],
    ["timestamp", "infinity"],
  ];
  for (const [type, value] of wrong) expect(checkedText(value, type), `${type} ${String(value)}`).toBeUndefined();
});

it("names the value, its column and the type", () => {
  expect(misfitWords("x".repeat(100), "int64", "n")[0]).toBe(`cutover: column "n": value "${"x".repeat(60)}" does not fit int64`);
  expect(misfitWords(2n, "bool")[0]).toBe("cutover: value 2 (bigint) does not fit bool");
});
