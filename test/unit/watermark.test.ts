import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatCanonical } from "../../src/table/canonical.js";
import type { ColumnType } from "../../src/table/types.js";
import { compareCanonical, cursorOut, laterText, sinceOf } from "../../src/table/watermark.js";

const DAY = 86_400_000_000n;
const scaledText = (n: bigint, scale: number): string => {
  const digits = (n < 0n ? -n : n).toString().padStart(scale + 1, "0");
  return `${n < 0n ? "-" : ""}${digits.slice(0, digits.length - scale)}${scale === 0 ? "" : `.${digits.slice(digits.length - scale)}`}`;
};
const micros = fc.bigInt({ min: -719_000n * DAY, max: 2_932_000n * DAY });
const cursors: readonly (readonly [ColumnType, fc.Arbitrary<unknown>])[] = [
  ["int64", fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  ["float64", fc.double({ noNaN: true })],
  ["string", fc.string()],
  ["date", fc.integer({ min: -700_000, max: 2_900_000 })],
  ["time", fc.bigInt({ min: 0n, max: DAY - 1n })],
  ["timestamp", micros],
  ["datetime", micros],
  ["decimal(38,6)", fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n }).map((n) => scaledText(n, 6))],
];

describe.each(cursors)("%s", (type, value) => {
  test("is totally ordered", () => {
    const sign = (a: unknown, b: unknown): number => Math.sign(compareCanonical(a, b, type)) + 0;
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        expect(sign(a, a)).toBe(0);
        expect(sign(a, b)).toBe(-sign(b, a) + 0);
        if (sign(a, b) <= 0 && sign(b, c) <= 0) expect(sign(a, c)).toBeLessThanOrEqual(0);
        if (sign(a, b) === 0) expect(formatCanonical(a, type)).toEqual(formatCanonical(b, type));
      }),
    );
  });
  test("the later text is one of both, and not before either", () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        const [x, y] = [formatCanonical(a, type), formatCanonical(b, type)] as [string, string];
        const later = laterText(x, y, type);
        expect([x, y]).toContain(later);
        expect(later).toBe(compareCanonical(a, b, type) >= 0 ? x : y);
        expect(laterText(x, null, type)).toBe(x);
        expect(laterText(null, x, type)).toBe(x);
        expect(laterText(null, null, type)).toBeNull();
      }),
    );
  });
  test("without a lookback, reading starts at the watermark itself", () => {
    fc.assert(
      fc.property(value, (v) => void expect(sinceOf(formatCanonical(v, type), 0, type)).toEqual(Object.is(v, -0) ? 0 : v)),
    );
    expect(sinceOf(null, 5, type)).toBeUndefined();
  });
});

describe("lookback", () => {
  test("temporal cursors: milliseconds", () => {
    const ms = fc.integer({ min: 1, max: 86_400_000 });
    fc.assert(
      fc.property(micros, ms, (us, back) => {
        for (const type of ["timestamp", "datetime"] as const)
          expect(sinceOf(formatCanonical(us, type), back, type)).toBe(us - BigInt(back) * 1000n);
      }),
    );
  });
  test.each<[number, number]>([
    [1, 1],
    [86_400_000, 1],
    [86_400_001, 2],
    [172_800_000, 2],
  ])("dates: %d ms are %d whole days", (ms, days) => {
    expect(sinceOf("2024-03-01", ms, "date")).toBe(19_783 - days);
  });
  test("decimals: exact", () => {
    const n = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
    fc.assert(
      fc.property(n, fc.integer({ min: 0, max: 8 }), fc.integer({ min: 1, max: 1000 }), (v, scale, back) => {
        const type = `decimal(38,${scale})` as const;
        expect(sinceOf(scaledText(v, scale), back, type)).toBe(scaledText(v - BigInt(back) * 10n ** BigInt(scale), scale));
      }),
    );
  });
  test("never reads less than asked for: what is fractional is rounded away from the watermark", () => {
    expect(sinceOf("10", 1.5, "int64")).toBe(8n);
    expect(sinceOf("1.00", 0.001, "decimal(5,2)")).toBe("0.99");
    expect(sinceOf("1970-01-01T00:00:00Z", 0.0001, "timestamp")).toBe(-1n);
    expect(sinceOf("10", 1.5, "float64")).toBe(8.5);
  });
});

describe("as the row type has it", () => {
  test("a Date rounds down, so that nothing is skipped", () => {
    fc.assert(
      fc.property(micros, (us) => {
        const out = cursorOut(us, "timestamp", "Date") as Date;
        const back = us - BigInt(out.getTime()) * 1000n;
        expect(back >= 0n && back < 1000n).toBe(true);
      }),
      { examples: [[-1n], [-1000n], [-1001n], [999n]] },
    );
  });
  test("exact: text where JavaScript is too coarse", () => {
    expect(cursorOut(-1n, "timestamp", "exact")).toBe("1969-12-31T23:59:59.999999Z");
    expect(cursorOut(5n, "int64", "exact")).toBe(5n);
    expect(cursorOut(5n, "int64", "bigint")).toBe(5n);
    expect(cursorOut(5n, "int64", "number")).toBe(5);
    expect(cursorOut("1.50", "decimal(5,2)", "exact")).toBe("1.50");
    expect(cursorOut(0, "date", "exact")).toBe("1970-01-01");
    expect(cursorOut(undefined, "int64", "number")).toBeUndefined();
  });
});
