import { type ColumnType, decimalOf, formatCanonical, parseCanonical } from "cutover/adapter";
import { misfit } from "./errors.js";

/** A column of a result, as the driver tells it. */
export interface ResultColumn {
  getName(): string;
  getType(): string;
  getScale(): number | null | undefined;
  isNullable(): boolean;
  getPrecision(): number | null | undefined;
}
/** Turns a value of the driver's into a canonical one; NULL is `null`. */
export type Decode = (value: unknown) => unknown;

/** What the driver is asked to hand out as the text that came: as numbers and objects they would lose digits. */
export const TEXTS = ["Number", "JSON", "Object", "Array", "Map"] as const;

/** A Date of the driver's: it carries seconds and nanoseconds apart (snowflake-sdk: connection/result/sf_timestamp.js). */
interface DriverDate {
  getEpochSeconds(): number;
  getNanoSeconds(): number;
}
const isDriverDate = (v: unknown): v is DriverDate => v instanceof Date && "getEpochSeconds" in v && "getNanoSeconds" in v;

/** How values of a result column are read as a canonical type, or as what they are when none is asked for. */
export function decoder(column: ResultColumn, wanted: ColumnType | undefined): Decode {
  const native = column.getType().toLowerCase();
  const read = reader(native, column.getScale() ?? 0, wanted);
  // Types that are handed out as text have the text NULL for NULL (snowflake-sdk: connection/result/data_types.js, getNullValue).
  const worded = ["fixed", "real", "time", "variant", "object", "array", "map"].includes(native);
  return (value) => {
    if (value === null || value === undefined || (worded && value === "NULL")) return null;
    const canonical = read(value);
    if (canonical === undefined) throw misfit(value, wanted ?? native, column.getName());
    return canonical;
  };
}

/** undefined: the value is none of that type. */
function reader(native: string, scale: number, wanted: ColumnType | undefined): Decode {
  switch (native) {
    case "fixed":
      return (v) => number(String(v), wanted ?? (scale === 0 ? "int64" : "decimal(38,37)"), wanted === undefined);
    case "real":
      return (v) => float(String(v), wanted ?? "float64");
    case "boolean":
      return (v) => (typeof v === "boolean" ? (wanted === "string" ? String(v) : v) : undefined);
    case "date":
      return (v) => (isDriverDate(v) ? shown(v.getEpochSeconds() / 86_400, "date", wanted) : undefined);
    case "time":
      return (v) => shown(orUndefined(parseCanonical(String(v), "time")), "time", wanted);
    case "timestamp_ntz":
      return (v) => moment(v, "datetime", wanted);
    case "timestamp_ltz":
    case "timestamp_tz":
      return (v) => moment(v, "timestamp", wanted);
    case "binary":
      return (v) => (v instanceof Uint8Array ? shown(new Uint8Array(v), "bytes", wanted) : undefined);
    case "variant":
    case "object":
    case "array":
    case "map":
      return (v) => (typeof v === "string" ? v : undefined);
    default:
      return (v) => fromText(String(v), wanted ?? "string");
  }
}
const orUndefined = (v: unknown): unknown => (v === null ? undefined : v);
const shown = (v: unknown, own: ColumnType, wanted: ColumnType | undefined): unknown =>
  v !== undefined && wanted === "string" ? formatCanonical(v, own) : v;

function moment(v: unknown, own: ColumnType, wanted: ColumnType | undefined): unknown {
  if (!isDriverDate(v)) return undefined;
  const nanos = v.getNanoSeconds();
  // Finer than a canonical value can be: better no value than another one.
  if (nanos % 1000 !== 0) return undefined;
  return shown(BigInt(v.getEpochSeconds()) * 1_000_000n + BigInt(nanos / 1000), own, wanted);
}

function number(digits: string, wanted: ColumnType, loose: boolean): unknown {
  if (wanted === "int64") {
    const whole = digits.replace(/\.0*$/, "");
    if (!/^-?\d+$/.test(whole)) return undefined;
    const n = BigInt(whole);
    return BigInt.asIntN(64, n) === n ? n : loose ? whole : undefined;
  }
  if (wanted === "float64") return Number(digits);
  return wanted === "string" || decimalOf(wanted) !== null ? digits : undefined;
}

function float(written: string, wanted: ColumnType): unknown {
  const value = floatOf(written);
  if (value === undefined || wanted === "float64") return value;
  if (wanted === "int64") return Number.isInteger(value) ? number(BigInt(value).toString(), wanted, false) : undefined;
  return wanted === "string" || decimalOf(wanted) !== null ? written : undefined;
}
function floatOf(written: string): number | undefined {
  const word = written.trim().toLowerCase();
  if (word === "nan") return Number.NaN;
  if (/^\+?inf(?:inity)?$/.test(word)) return Number.POSITIVE_INFINITY;
  if (/^-inf(?:inity)?$/.test(word)) return Number.NEGATIVE_INFINITY;
  const value = Number(word);
  return word === "" || Number.isNaN(value) ? undefined : value;
}

/** Text where another type is asked for: floats come so, and facts that a query wrote as text. */
function fromText(written: string, wanted: ColumnType): unknown {
  if (wanted === "string" || wanted === "json") return written;
  if (wanted === "float64") return floatOf(written);
  if (wanted === "int64") return number(written, wanted, false);
  return orUndefined(parseCanonical(written, wanted));
}
