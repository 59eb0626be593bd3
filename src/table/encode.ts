import { parseDate, parseDatetime, parseTime, parseTimestamp } from "./canonical.js";
import { type ColumnType, decimalOf } from "./types.js";

/** Why a value does not fit its column. */
export class Unfit extends Error {}

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

/** What a value is, in words for an error message; contents are left out, since they may be secret. */
function kindOf(v: unknown): string {
  if (v === null) return "null";
  if (v instanceof Date) return Number.isNaN(v.getTime()) ? "an invalid Date" : "a Date";
  if (v instanceof Uint8Array) return "bytes";
  if (typeof v === "number") return Number.isInteger(v) ? "a number" : Number.isFinite(v) ? "a fraction" : String(v);
  return typeof v === "object" ? "an object" : `a ${typeof v}`;
}
const refuse = (v: unknown, wanted: string): never => {
  throw new Unfit(`expected ${wanted}, got ${kindOf(v)}`);
};

function int64(v: unknown): bigint {
  if (typeof v === "number" && Number.isSafeInteger(v)) return BigInt(v);
  if (typeof v !== "bigint") return refuse(v, "a bigint or a safe integer");
  if (v < MIN || v > MAX) throw new Unfit("the number does not fit int64");
  return v;
}
function decimal(precision: number, scale: number): (v: unknown) => string {
  const whole = precision - scale;
  return (v) => {
    const text = typeof v === "number" ? plain(v) : typeof v === "bigint" ? v.toString() : v;
    const m = typeof text === "string" ? /^([+-]?)0*(\d*)(?:\.(\d*?)0*)?$/.exec(text) : null;
    if (m === null || !/\d/.test(text as string)) return refuse(v, `a decimal number as text, number or bigint`);
    const [, sign, digits = "", fraction = ""] = m;
    if (digits.length > whole || fraction.length > scale)
      throw new Unfit(`the number does not fit decimal(${precision},${scale})`);
    return `${sign === "-" ? "-" : ""}${digits === "" ? "0" : digits}${fraction === "" ? "" : `.${fraction}`}`;
  };
}
/** Shortest decimal text of a number, without an exponent. */
function plain(v: number): string {
  const text = String(v);
  const m = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!m) return text;
  const digits = `${m[2]}${m[3] ?? ""}`;
  const point = 1 + Number(m[4]);
  if (point <= 0) return `${m[1]}0.${"0".repeat(-point)}${digits}`;
  return `${m[1]}${digits.padEnd(point, "0").slice(0, point)}${digits.length > point ? `.${digits.slice(point)}` : ""}`;
}
const parsed =
  <T>(parse: (text: string) => T | null, wanted: string) =>
  (v: unknown): T => {
    if (typeof v !== "string") return refuse(v, wanted);
    const result = parse(v);
    if (result === null) throw new Unfit(`expected ${wanted}, got other text`);
    return result;
  };
const timestampText = parsed(parseTimestamp, "a Date, or ISO text with a zone");
const datetimeText = parsed(parseDatetime, "ISO text without a zone");
const encoders: { readonly [T in Exclude<ColumnType, `decimal(${string}`>]: (v: unknown) => unknown } = {
  int64,
  float64: (v) => (typeof v === "number" ? v : refuse(v, "a number")),
  string: (v) => {
    if (typeof v !== "string") return refuse(v, "a string");
    if (!v.isWellFormed()) throw new Unfit("the string holds half a surrogate pair, which no warehouse can store");
    return v;
  },
  bool: (v) => (typeof v === "boolean" ? v : refuse(v, "a boolean")),
  date: parsed(parseDate, "a date as YYYY-MM-DD"),
  time: parsed(parseTime, "a time as HH:MM:SS[.ffffff]"),
  timestamp: (v) => {
    if (!(v instanceof Date)) return timestampText(v);
    const ms = v.getTime();
    return Number.isNaN(ms) ? refuse(v, "a valid Date") : BigInt(ms) * 1000n;
  },
  // A Date in a column without a zone is its UTC wall clock.
  datetime: (v) => (v instanceof Date && !Number.isNaN(v.getTime()) ? BigInt(v.getTime()) * 1000n : datetimeText(v)),
  bytes: (v) => (v instanceof Uint8Array ? v : refuse(v, "a Uint8Array")),
  json: (v) => {
    try {
      const text = JSON.stringify(v) as string | undefined;
      if (text !== undefined) return text;
    } catch {
      // A bigint or a circle: said below.
    }
    return refuse(v, "JSON");
  },
};

/** The function that turns a JavaScript value of a column into its canonical form; it throws {@link Unfit}. */
export function encoderOf(type: ColumnType): (v: unknown) => unknown {
  const d = decimalOf(type);
  return d === null ? encoders[type as keyof typeof encoders] : decimal(d.precision, d.scale);
}
export const encodeValue = (v: unknown, type: ColumnType): unknown => (v === null || v === undefined ? null : encoderOf(type)(v));
