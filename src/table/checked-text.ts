import { fitsDecimal, formatCanonical, parseCanonical } from "./canonical.js";
import { type ColumnType, decimalOf } from "./types.js";

const MAX_DAYS = 2_932_896; // 9999-12-31
const MIN_DAYS = -719_162; // 0001-01-01
const DAY = 86_400_000_000n;
const MIN_MICROS = BigInt(MIN_DAYS) * DAY;
const MAX_MICROS = BigInt(MAX_DAYS + 1) * DAY - 1n;

/**
 * The exact text of a canonical value, for engines that take values as text; undefined: it is none of that type, or beyond what text
 * says everywhere (years 0001 to 9999). As {@link formatCanonical}, but for floats: `NaN`, `inf`, `-inf`, `-0`. Text stands for itself
 * where it is the exact text of such a value, as cursors in the ledger are.
 */
export function checkedText(value: unknown, type: ColumnType): string | null | undefined {
  if (value === null || value === undefined) return null;
  if (type === "string") return typeof value === "string" && value.isWellFormed() ? value : undefined;
  if (type === "json") return typeof value === "string" && value.isWellFormed() && isJson(value) ? value : undefined;
  const decimal = decimalOf(type);
  if (decimal !== null) return fitsDecimal(String(value), decimal.precision, decimal.scale) ? String(value) : undefined;
  const canonical = typeof value === "string" ? parseCanonical(value, type) : value;
  if (type === "float64") return typeof canonical === "number" ? floatWord(canonical) : undefined;
  return isOf(type, canonical) ? (formatCanonical(canonical, type) ?? undefined) : undefined;
}

function isOf(type: ColumnType, v: unknown): boolean {
  switch (type) {
    case "int64":
      return typeof v === "bigint" ? BigInt.asIntN(64, v) === v : Number.isSafeInteger(v);
    case "bool":
      return typeof v === "boolean";
    case "bytes":
      return v instanceof Uint8Array;
    case "date":
      return typeof v === "number" && Number.isInteger(v) && v >= MIN_DAYS && v <= MAX_DAYS;
    case "time":
      return typeof v === "bigint" && v >= 0n && v < DAY;
    default:
      return typeof v === "bigint" && v >= MIN_MICROS && v <= MAX_MICROS;
  }
}
function floatWord(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Object.is(value, -0) ? "-0" : String(value);
}
function isJson(value: string): boolean {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

/** What to say of a value that is not what its type says, or does not fit it: a message, and a hint. */
export function misfitWords(value: unknown, type: string, column?: string): readonly [message: string, hint: string] {
  const shown = typeof value === "string" ? JSON.stringify(value.slice(0, 60)) : `${String(value)} (${typeof value})`;
  const where = column === undefined ? "" : `column "${column}": `;
  const hint = "A value does not fit its column without loss; mend the source, or the column's type.";
  return [`cutover: ${where}value ${shown} does not fit ${type}`, hint];
}
