import { type ColumnType, formatCanonical, parseCanonical } from "cutover/adapter";
import { PostgresFault } from "./errors.js";

/*
 * Values travel as the text that Postgres itself reads and writes: a driver's own types lose digits (a Date has no
 * microseconds, a number no 19 digits).
 */

/** A canonical value as Postgres reads it. Text is taken as it is: cursors and partitions stand in the ledger so. */
export function encode(value: unknown, type: ColumnType): string | null {
  if (value === null || value === undefined) return null;
  const text = typeof value === "string" ? value : (formatCanonical(value, type) ?? "");
  switch (type) {
    case "float64":
      return Object.is(value, -0) ? "-0" : text;
    case "bytes":
      return `\\x${text}`;
    case "date":
    case "timestamp":
    case "datetime":
      return /^[+-]/.test(text) ? fromFarYear(text) : text;
    default:
      return storable(text);
  }
}

/** The reverse: what Postgres writes, as a canonical value. */
export function decode(text: string, type: ColumnType): unknown {
  switch (type) {
    case "int64":
      return BigInt(text);
    case "float64":
      return Number(text);
    case "bool":
      return text.startsWith("t");
    case "bytes":
      return new Uint8Array(Buffer.from(text.slice(2), "hex"));
    case "time":
      return text === "24:00:00" ? 86_400_000_000n : parsed(text, type);
    case "date":
    case "timestamp":
    case "datetime":
      return parsed(toIso(text), type);
    default:
      return text;
  }
}

function parsed(text: string, type: ColumnType): unknown {
  const value = parseCanonical(text, type);
  if (value === null) throw new PostgresFault("bad-data", `${text} is no ${type}`, "Look at the value in the table.");
  return value;
}

/** `0044-03-15 12:00:00+00 BC` → `-000043-03-15T12:00:00Z`: there is no year 0 in Postgres, and ISO wants six digits. */
function toIso(text: string): string {
  const m = /^(\d{4,})(-\d\d-\d\d)(?: ([\d:.]+)(\+00)?)?( BC)?$/.exec(text);
  if (m === null) return text;
  const [, digits, day, time, zone, bc] = m;
  const year = bc === undefined ? Number(digits) : 1 - Number(digits);
  const sign = year < 0 ? "-" : "+";
  const shown = year >= 1 && year <= 9999 ? digits : `${sign}${String(Math.abs(year)).padStart(6, "0")}`;
  return `${shown}${day}${time === undefined ? "" : `T${time}`}${zone === undefined ? "" : "Z"}`;
}
function fromFarYear(iso: string): string {
  const m = /^([+-]\d+)(-.*)$/.exec(iso);
  if (m === null) return iso;
  const year = Number(m[1]);
  return year > 0 ? `${year}${m[2]}` : `${String(1 - year).padStart(4, "0")}${m[2]} BC`;
}

/** Postgres stores no NUL, and half a surrogate pair would silently become U+FFFD on the way. */
export function storable(text: string): string {
  if (!text.includes("\0") && isWellFormed(text)) return text;
  throw new PostgresFault(
    "bad-data",
    "a text holds a NUL or half a surrogate pair",
    "Postgres cannot store it; mend the source.",
  );
}
const isWellFormed = (text: string): boolean => !/[\uD800-\uDFFF]/u.test(text);
