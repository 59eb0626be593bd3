import { type ColumnShape, decimalOf, formatCanonical } from "cutover/adapter";
import { misfit } from "../errors.js";
import { isNested } from "./schema.js";

/**
 * The text of a value as a load job reads it; null for NULL. What the service would round, cut or refuse is refused here.
 * @throws BigQueryFault of kind `bad-data`.
 */
export type Cell = (value: unknown) => string | null;

/** How values of a column are written. */
export function cellOf(c: ColumnShape): Cell {
  const write = writer(c);
  return (value) => {
    if (value === null || value === undefined) {
      if (!c.nullable) throw misfit(null, `${c.native} NOT NULL`, c.name);
      return null;
    }
    const text = write(value);
    if (text === null) throw misfit(value, c.native, c.name);
    return text;
  };
}

/** null: the value is none of that type. */
type Write = (value: unknown) => string | null;

function writer(c: ColumnShape): Write {
  const [, first] = /\((\d+)/.exec(c.native) ?? [];
  const size = first === undefined ? Number.POSITIVE_INFINITY : Number(first);
  const decimal = decimalOf(c.type);
  if (decimal !== null) return digits(decimal.precision, decimal.scale, c.native);
  switch (c.type) {
    case "string":
      if (c.native.startsWith("BIGNUMERIC")) return digits(77, 38, c.native);
      if (isNested(c.native)) return (v) => (typeof v === "string" && isNestedJson(v) ? v.replace(/[\r\n]/g, " ") : null);
      return (v) => (typeof v === "string" && (v.length <= size || [...v].length <= size) && v.isWellFormed() ? v : null);
    case "int64":
      return (v) =>
        (typeof v === "bigint" && v <= MOST && v >= LEAST) || Number.isSafeInteger(v) ? (v as bigint | number).toString() : null;
    case "float64":
      return (v) => (typeof v !== "number" ? null : v === 0 ? (Object.is(v, -0) ? "-0.0" : "0") : String(v));
    case "bool":
      return (v) => (typeof v === "boolean" ? String(v) : null);
    case "bytes":
      return (v) =>
        v instanceof Uint8Array && v.length <= size ? Buffer.from(v.buffer, v.byteOffset, v.byteLength).toString("base64") : null;
    case "json":
      return (v) => (typeof v === "string" && isExactJson(v) ? v.replace(/[\r\n]/g, " ") : null);
    case "date":
      return dates();
    case "time":
      return (v) => (typeof v === "bigint" && v >= 0n && v < DAY ? formatCanonical(v, "time") : null);
    default:
      return moments(c.type === "timestamp" ? "+00:00" : "");
  }
}

const MOST = 2n ** 63n - 1n;
const LEAST = -(2n ** 63n);
const DAY = 86_400_000_000n;
const MIN_DAYS = -719_162; // 0001-01-01
const MAX_DAYS = 2_932_896; // 9999-12-31

/** Without sizes NUMERIC has 29 digits before its point and 9 behind, BIGNUMERIC 38 of each, and some of one more (docs: data types, decimal types). */
function nativeDigits(native: string): readonly [whole: number, fraction: number] {
  const m = /^(BIG)?NUMERIC(?:\((\d+)(?:,\s*(\d+))?\))?$/.exec(native);
  if (m?.[2] !== undefined) return [Number(m[2]) - Number(m[3] ?? 0), Number(m[3] ?? 0)];
  return m?.[1] === undefined && m !== null ? [29, 9] : [39, 38];
}
function digits(precision: number, scale: number, native: string): Write {
  const [nativeWhole, nativeFraction] = nativeDigits(native);
  const whole = Math.min(precision - scale, nativeWhole);
  const fraction = Math.min(scale, nativeFraction);
  const form = new RegExp(`^-?0*\\d{0,${whole}}(?:\\.\\d{0,${fraction}}0*)?$`);
  return (v) => {
    const text = typeof v === "bigint" ? v.toString() : v;
    return typeof text === "string" && form.test(text) && /\d/.test(text) ? text : null;
  };
}

function dates(): Write {
  let known = Number.NaN;
  let shown: string | null = null;
  return (v) => {
    if (v !== known) {
      if (!Number.isInteger(v) || (v as number) < MIN_DAYS || (v as number) > MAX_DAYS) return null;
      shown = formatCanonical(v, "date");
      known = v as number;
    }
    return shown;
  };
}

const two = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, "0"));
const MICROS_A_DAY = 86_400_000_000;

/** With a space, as DATETIME must have it (docs: loading JSON data, data types). Moments near each other share their day, whose text is the dear part. */
function moments(zone: string): Write {
  const day = dates();
  return (v) => {
    if (typeof v !== "bigint") return null;
    // Far away from 1970 a number of JavaScript is not exact.
    const quick = v >= 0n && v <= BigInt(Number.MAX_SAFE_INTEGER);
    const micros = quick ? Number(v) : 0;
    const days = quick ? Math.floor(micros / MICROS_A_DAY) : Number(v / DAY) - (v % DAY < 0n ? 1 : 0);
    const date = day(days);
    if (date === null) return null;
    const rest = quick ? micros - days * MICROS_A_DAY : Number(v - BigInt(days) * DAY);
    const seconds = Math.floor(rest / 1e6);
    const fraction = rest - seconds * 1e6;
    const clock = `${two[Math.floor(seconds / 3600)]}:${two[Math.floor(seconds / 60) % 60]}:${two[seconds % 60]}`;
    return `${date} ${clock}${fraction === 0 ? "" : `.${String(fraction).padStart(6, "0")}`}${zone}`;
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
const isNestedJson = (text: string): boolean => /^\s*[[{]/.test(text) && isJson(text);

/**
 * A number of a JSON value is kept as an integer of 64 bits, with or without sign, or as a float; PARSE_JSON refuses what does not
 * fit (docs: JSON functions, wide_number_mode), a load job need not.
 */
function isExactJson(text: string): boolean {
  if (!text.isWellFormed() || !isJson(text)) return false;
  if (!/\d{16}|\d[.\d]{16}|[eE]/.test(text)) return true;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g))
    if (!token.startsWith('"') && !isExactNumber(token)) return false;
  return true;
}
function isExactNumber(token: string): boolean {
  if (/^-?\d+$/.test(token) && BigInt(token) >= LEAST && BigInt(token) < 2n ** 64n) return true;
  const number = Number(token);
  return Number.isFinite(number) && plain(String(number)) === plain(token);
}
/** The digits of a number and where its point is, without zeros that say nothing. */
function plain(token: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(token) ?? [];
  const bare = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = bare.replace(/0+$/, "");
  if (significant === "") return "0";
  return `${sign}${significant}e${Number(exponent) - fraction.length + bare.length - significant.length}`;
}
