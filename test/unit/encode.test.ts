import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encoderOf, encodeValue, Unfit } from "../../src/table/encode.js";
import { type ColumnType, decimalOf, isColumnType } from "../../src/table/types.js";

const fits = (v: unknown, type: ColumnType): boolean => {
  try {
    encoderOf(type)(v);
    return true;
  } catch (e) {
    if (e instanceof Unfit) return false;
    throw e;
  }
};
/** A decimal number as scaled integer and scale, and its text in some spelling. */
const decimal = fc
  .record({
    digits: fc.bigInt({ min: 0n, max: 10n ** 38n - 1n }),
    scale: fc.integer({ min: 0, max: 38 }),
    negative: fc.boolean(),
    zeros: fc.integer({ min: 0, max: 3 }),
    trailing: fc.integer({ min: 0, max: 3 }),
    sign: fc.constantFrom("", "+"),
  })
  .map(({ digits, scale, negative, zeros, trailing, sign }) => {
    const padded = digits.toString().padStart(scale + 1, "0");
    const whole = padded.slice(0, padded.length - scale);
    const fraction = padded.slice(padded.length - scale);
    const tail = `${fraction}${"0".repeat(trailing)}`;
    return {
      digits: negative ? -digits : digits,
      scale,
      text: `${negative ? "-" : sign}${"0".repeat(zeros)}${whole}${tail === "" ? "" : `.${tail}`}`,
    };
  });
/** The value of decimal text times 10^38, by another way than the code's. */
const exactly = (text: string): bigint => {
  const [whole = "", fraction = ""] = text.replace(/^[+-]/, "").split(".");
  const n = BigInt(`${whole || "0"}${fraction.padEnd(38, "0")}`);
  return text.startsWith("-") ? -n : n;
};

describe("decimals", () => {
  test("text is taken exactly when it fits, and comes out with the same value", () => {
    const target = fc.integer({ min: 1, max: 38 }).chain((p) => fc.tuple(fc.constant(p), fc.integer({ min: 0, max: p })));
    fc.assert(
      fc.property(decimal, target, ({ digits, scale, text }, [precision, to]) => {
        const value = digits * 10n ** BigInt(38 - scale);
        const unit = 10n ** BigInt(38 - to);
        const expected = value % unit === 0n && (value < 0n ? -value : value) / unit < 10n ** BigInt(precision);
        expect(fits(text, `decimal(${precision},${to})`)).toBe(expected);
        if (!expected) return;
        const out = encoderOf(`decimal(${precision},${to})`)(text) as string;
        expect(exactly(out)).toBe(value);
        expect(out).toMatch(/^-?(0|[1-9]\d*)(\.\d*[1-9])?$/);
      }),
    );
  });
  test("one value has one text", () => {
    const encode = encoderOf("decimal(10,4)");
    expect(["1.5", "+1.5", "01.50", "1.5000", "1.50000000"].map(encode)).toEqual(Array(5).fill("1.5"));
    expect(["0", "0.0", "+0", ".0", "0."].map(encode)).toEqual(Array(5).fill("0"));
  });
  test("a number is its shortest text, without an exponent, and loses nothing", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 }), (v) => {
        const written = String(v);
        const digits = /^-?(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(written)!;
        const exponent = Number(digits[3] ?? 0) - (digits[2]?.length ?? 0);
        const scaled = BigInt(`${digits[1]}${digits[2] ?? ""}`) * (v < 0 ? -1n : 1n);
        const type = "decimal(38,8)";
        const value =
          exponent >= -8
            ? scaled * 10n ** BigInt(exponent + 8)
            : scaled % 10n ** BigInt(-8 - exponent) === 0n
              ? scaled / 10n ** BigInt(-8 - exponent)
              : null;
        expect(fits(v, type)).toBe(value !== null && value < 10n ** 38n && value > -(10n ** 38n));
        if (fits(v, type)) expect(Number(encoderOf(type)(v))).toBe(v === 0 ? 0 : v);
      }),
    );
  });
  test.each([
    [1e21, "1000000000000000000000"],
    [1.5e21, "1500000000000000000000"],
    [1e-7, "0.0000001"],
    [1.25e-7, "0.000000125"],
    [-1e-7, "-0.0000001"],
    [-2.5e22, "-25000000000000000000000"],
    [0.1, "0.1"],
    [123, "123"],
    [10n ** 25n, "10000000000000000000000000"],
  ])("%s", (v, text) => {
    expect(encoderOf("decimal(38,12)")(v)).toBe(text);
  });
  test.each([Number.NaN, Number.POSITIVE_INFINITY, "", ".", "-", "1e3", "1,5", " 1", "1 ", "0x1", "١", true, null])(
    "refuses %s",
    (v) => {
      expect(fits(v, "decimal(10,2)")).toBe(false);
    },
  );
  test("types", () => {
    expect(decimalOf("decimal(38,0)")).toEqual({ precision: 38, scale: 0 });
    for (const t of ["decimal(39,0)", "decimal(0,0)", "decimal(5,6)", "decimal(5, 2)", "decimal(5)", "DECIMAL(5,2)", "decimal"])
      expect(isColumnType(t)).toBe(false);
  });
});

describe("other types", () => {
  test("int64: exact in its range, refused outside", () => {
    const edge = 2n ** 63n;
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }), (v) => {
        expect(fits(v, "int64")).toBe(v >= -edge && v < edge);
        if (fits(v, "int64")) expect(encoderOf("int64")(v)).toBe(v);
      }),
      { examples: [[edge], [edge - 1n], [-edge], [-edge - 1n]] },
    );
    fc.assert(fc.property(fc.maxSafeInteger(), (v) => void expect(encoderOf("int64")(v)).toBe(BigInt(v))));
    expect([2 ** 53, 1.5, Number.NaN, "5", true].filter((v) => fits(v, "int64"))).toEqual([]);
  });
  test("float64: every number, bit for bit", () => {
    fc.assert(fc.property(fc.double(), (v) => void expect(encoderOf("float64")(v)).toBe(v)));
  });
  test("string: every well-formed one, as it is", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (v) => void expect(fits(v, "string")).toBe(v.isWellFormed())));
    expect(fits("\ud83d", "string")).toBe(false);
    expect(encoderOf("string")("\u{1F600}\0'\"")).toBe("\u{1F600}\0'\"");
  });
  test("instants: a Date is its milliseconds, before 1970 too", () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), (d) => {
        expect(encoderOf("timestamp")(d)).toBe(BigInt(d.getTime()) * 1000n);
        expect(encoderOf("datetime")(d)).toBe(BigInt(d.getTime()) * 1000n);
      }),
    );
    expect(fits(new Date(Number.NaN), "timestamp")).toBe(false);
    expect(fits(new Date(Number.NaN), "datetime")).toBe(false);
  });
  test("json: what JSON can say", () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        (v) => void expect(JSON.parse(encoderOf("json")(v) as string)).toEqual(JSON.parse(JSON.stringify(v))),
      ),
    );
    const circular: unknown[] = [];
    circular.push(circular);
    expect([undefined, () => 1, Symbol("s"), 1n, { a: 1n }, circular].filter((v) => fits(v, "json"))).toEqual([]);
  });
  test("json: a string with half a surrogate pair cannot be stored", () => {
    expect(JSON.parse(encoderOf("json")({ a: "\ud800" }) as string)).toEqual({ a: "\ud800" });
  });
  test("bytes: what a Buffer and a typed array hold", () => {
    const bytes = new Uint8Array([0, 255, 39]);
    expect(encoderOf("bytes")(bytes)).toEqual(bytes);
    expect(fits(Buffer.from("ab"), "bytes")).toBe(true);
    expect([new ArrayBuffer(1), [1], "ff", new Uint16Array(1)].filter((v) => fits(v, "bytes"))).toEqual([]);
  });
  test("NULL is NULL in every type", () => {
    for (const t of ["int64", "string", "json", "decimal(5,2)", "timestamp"] as const) {
      expect(encodeValue(null, t)).toBeNull();
      expect(encodeValue(undefined, t)).toBeNull();
    }
  });
  test("why a value is refused says its kind and not its content", () => {
    try {
      encoderOf("int64")("s3cr3t");
      expect.unreachable();
    } catch (e) {
      expect((e as Error).message).toBe("expected a bigint or a safe integer, got a string");
    }
  });
});
