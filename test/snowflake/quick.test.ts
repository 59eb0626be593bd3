import type { ColumnShape } from "cutover/adapter";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encoder } from "../../adapters/snowflake/encode.js";
import { quickEncoder } from "../../adapters/snowflake/stage/quick.js";

const column = (type: ColumnShape["type"], native: string): ColumnShape => ({ name: "c", type, native, nullable: true });
const columns: readonly ColumnShape[] = [
  column("string", "VARCHAR"),
  column("string", "VARCHAR(3)"),
  column("int64", "NUMBER(19,0)"),
  column("int64", "NUMBER(38,0)"),
  column("int64", "NUMBER(5,0)"),
  column("int64", "NUMBER(20,4)"),
  column("float64", "FLOAT"),
  column("bool", "BOOLEAN"),
  column("date", "DATE"),
  column("time", "TIME(6)"),
  column("timestamp", "TIMESTAMP_LTZ(6)"),
  column("timestamp", "TIMESTAMP_TZ(9)"),
  column("datetime", "TIMESTAMP_NTZ(6)"),
  column("datetime", "TIMESTAMP_NTZ(0)"),
  column("decimal(12,2)", "NUMBER(12,2)"),
  column("decimal(12,2)", "NUMBER(8,1)"),
  column("decimal(38,37)", "NUMBER(38,37)"),
  column("decimal(5,0)", "NUMBER(5,0)"),
  column("json", "VARIANT"),
  column("bytes", "BINARY"),
];
const most = 2n ** 63n;
const value = fc.oneof(
  fc.constantFrom(
    null,
    undefined,
    0,
    -0,
    "",
    "1.",
    ".5",
    "-0.00",
    "+1",
    "1e3",
    "2001-02-03",
    "NaN",
    "inf",
    "\ud800",
    'a"b',
    "[1]",
  ),
  fc.constantFrom(most - 1n, -most, most, -1n, 0n, 2n ** 53n, 2n ** 53n - 1n, 253_402_300_799_999_999n, 86_400_000_000n),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
  fc.bigInt({ min: 0n, max: 9_007_199_254_740_993n }),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.string({ unit: "binary" }),
  fc.tuple(fc.integer(), fc.nat(9999)).map(([whole, fraction]) => `${whole}.${fraction}`),
  fc.uint8Array(),
);
const outcome = (encode: () => string | null): unknown => {
  try {
    return encode();
  } catch (e) {
    return String(e);
  }
};

describe("the short way of encoding", () => {
  for (const c of columns)
    it(`writes and refuses what the careful one does: ${c.type} into ${c.native}`, () => {
      // One encoder for many values, since it remembers the day.
      const [quick, careful] = [quickEncoder(c), encoder(c)];
      fc.assert(
        fc.property(value, (v) => {
          expect(outcome(() => quick(v))).toEqual(outcome(() => careful(v)));
        }),
        { numRuns: 500 },
      );
    });
});
