import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatCanonical,
  formatDate,
  formatDatetime,
  formatTime,
  formatTimestamp,
  parseCanonical,
  parseDate,
  parseDatetime,
  parseTime,
  parseTimestamp,
} from "../../src/table/canonical.js";
import type { ColumnType } from "../../src/table/types.js";

const FIRST = -719_162; // 0001-01-01
const LAST = 2_932_896; // 9999-12-31
const DAY = 86_400_000_000n;
const days = fc.integer({ min: FIRST, max: LAST });
const micros = fc.bigInt({ min: BigInt(FIRST) * DAY, max: BigInt(LAST + 1) * DAY - 1n });
const clock = fc.bigInt({ min: 0n, max: DAY - 1n });

describe("round trips", () => {
  test("dates of the years 0001 to 9999", () => {
    expect([formatDate(FIRST), formatDate(LAST), formatDate(0)]).toEqual(["0001-01-01", "9999-12-31", "1970-01-01"]);
    fc.assert(
      fc.property(days, (d) => void expect(parseDate(formatDate(d))).toBe(d)),
      { examples: [[FIRST], [LAST], [0], [-1]] },
    );
  });
  test("times to the microsecond", () => {
    fc.assert(
      fc.property(clock, (t) => void expect(parseTime(formatTime(t))).toBe(t)),
      { examples: [[0n], [DAY - 1n], [1n]] },
    );
  });
  test("instants to the microsecond, before 1970 too", () => {
    const check = (us: bigint): void => {
      expect(parseTimestamp(formatTimestamp(us))).toBe(us);
      expect(parseDatetime(formatDatetime(us))).toBe(us);
    };
    fc.assert(fc.property(micros, check), { examples: [[-1n], [0n], [-DAY], [-DAY - 1n], [BigInt(FIRST) * DAY]] });
  });
  test("the text of instants sorts as they do", () => {
    const whole = micros.map((us) => (us / 1_000_000n) * 1_000_000n);
    fc.assert(fc.property(whole, whole, (a, b) => void expect(formatDatetime(a) < formatDatetime(b)).toBe(a < b)));
  });
  test("a zone is an offset from UTC", () => {
    const zone = fc.record({
      sign: fc.constantFrom("+", "-"),
      h: fc.integer({ min: 0, max: 14 }),
      m: fc.constantFrom(0, 15, 30, 45),
    });
    const inner = fc.bigInt({ min: BigInt(FIRST + 1) * DAY, max: BigInt(LAST) * DAY });
    fc.assert(
      fc.property(inner, zone, fc.constantFrom("", ":", " "), (us, { sign, h, m }, style) => {
        const two = (n: number): string => String(n).padStart(2, "0");
        const offset = BigInt(h * 60 + m) * 60_000_000n * (sign === "-" ? -1n : 1n);
        const text = `${formatDatetime(us + offset)}${style === " " ? " " : ""}${sign}${two(h)}${style === ":" ? ":" : ""}${two(m)}`;
        expect(parseTimestamp(text)).toBe(us);
      }),
    );
  });
  const values: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
    int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    float64: fc.double({ noNaN: true }).filter((v) => !Object.is(v, -0)),
    bool: fc.boolean(),
    string: fc.string(),
    date: days,
    time: clock,
    timestamp: micros,
    datetime: micros,
    bytes: fc.uint8Array(),
  };
  test.each(Object.entries(values))("the exact text of %s is read back as it was", (type, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (v) => {
        const text = formatCanonical(v, type as ColumnType);
        expect(parseCanonical(text as string, type as ColumnType)).toEqual(v);
      }),
    );
  });
  test("special floats are read back as they were", () => {
    for (const v of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, Number.MAX_VALUE]) {
      expect(parseCanonical(formatCanonical(v, "float64") as string, "float64")).toBe(v);
    }
  });
  test("NULL has no text", () => {
    expect(formatCanonical(null, "int64")).toBeNull();
    expect(formatCanonical(undefined, "string")).toBeNull();
  });
});

describe("what is refused", () => {
  test.each([
    "0000-01-01",
    "2023-02-29",
    "2024-13-01",
    "2024-00-10",
    "2024-1-1",
    "24-01-01",
    "2024-01-01 ",
    "",
    "10000-01-01",
    "+2024-01-01",
  ])("date %j", (text) => {
    expect(parseDate(text)).toBeNull();
  });
  test("29 February by the calendar", () => {
    expect([2000, 2024, 1900, 2100].map((y) => parseDate(`${y}-02-29`) !== null)).toEqual([true, true, false, false]);
  });
  test.each(["24:00:00", "12:60:00", "12:00:60", "1:00:00", "12:00", "12:00:00.1234567", "12:00:00.", "12:00:00,5", ""])(
    "time %j",
    (text) => {
      expect(parseTime(text)).toBeNull();
    },
  );
  test("zeros beyond the microsecond are no digits lost", () => {
    expect(parseTime("12:00:00.123456000")).toBe(43_200_123_456n);
  });
  test.each(["2024-01-01T00:00:00Z", "2024-01-01", "2024-01-01X00:00:00", "2024-01-01T24:00:00", "T00:00:00"])(
    "datetime %j",
    (text) => {
      expect(parseDatetime(text)).toBeNull();
    },
  );
  test.each([
    "2024-01-01T00:00:00",
    "2024-01-01",
    "2024-01-01T00:00:00+2",
    "2024-01-01T00:00:00+02:000",
    "2024-01-01T00:00:00+24:00",
    "2024-01-01T00:00:00+02:60",
    "2024-02-30T00:00:00Z",
    "Z",
    "",
  ])("timestamp %j", (text) => {
    expect(parseTimestamp(text)).toBeNull();
  });
  test.each([
    ["int64", ["", "1.5", "x", "9223372036854775808", "-9223372036854775809", "1e3"]],
    ["float64", ["", " ", "x", "0x10x"]],
    ["bool", ["TRUE", "1", ""]],
    ["bytes", ["a", "zz", "AB"]],
    ["decimal(4,2)", ["x", "", "1.234"]],
  ] as [ColumnType, string[]][])("the exact text of %s", (type, texts) => {
    expect(texts.filter((t) => parseCanonical(t, type) !== null)).toEqual([]);
  });
  test("any text is a date, or it is none: no third thing, and never another date", () => {
    const digits = fc.tuple(fc.integer({ min: 0, max: 9999 }), fc.integer({ min: 0, max: 13 }), fc.integer({ min: 0, max: 32 }));
    fc.assert(
      fc.property(digits, ([y, m, d]) => {
        const text = [String(y).padStart(4, "0"), String(m).padStart(2, "0"), String(d).padStart(2, "0")].join("-");
        const parsed = parseDate(text);
        if (parsed !== null) expect(formatDate(parsed)).toBe(text);
      }),
    );
  });
});
