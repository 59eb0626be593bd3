import { type ColumnType, decimalOf, formatCanonical, parseCanonical } from "cutover/adapter";
import { misfit } from "./errors.js";

const plainDecimal = /^-?(?:\d+\.?\d*|\.\d+)$/;
const wellFormed = (value: string): boolean => !/[\uD800-\uDFFF]/u.test(value);
const MAX_DAYS = 2_932_896; // 9999-12-31
const MIN_DAYS = -719_162; // 0001-01-01
const MIN_MICROS = BigInt(MIN_DAYS) * 86_400_000_000n;
const MAX_MICROS = BigInt(MAX_DAYS + 1) * 86_400_000_000n - 1n;

/**
 * The text of a canonical value in which it travels: to a parameter, a literal, a file; bytes as hex. Text stands for itself where
 * it is the exact text of such a value, as cursors in the ledger are.
 * @throws BigQueryFault of kind `bad-data` for a value that is none of that type.
 */
export function asText(value: unknown, type: ColumnType, column?: string): string | null {
  if (value === null || value === undefined) return null;
  const wrong = (): never => {
    throw misfit(value, type, column);
  };
  if (type === "string") return typeof value === "string" && wellFormed(value) ? value : wrong();
  if (type === "json") return typeof value === "string" && wellFormed(value) && isJson(value) ? value : wrong();
  const decimal = decimalOf(type);
  if (decimal !== null) return fits(String(value), decimal.precision, decimal.scale) ? String(value) : wrong();
  const canonical = typeof value === "string" ? parseCanonical(value, type) : value;
  switch (type) {
    case "int64":
      if (typeof canonical === "bigint") return BigInt.asIntN(64, canonical) === canonical ? String(canonical) : wrong();
      return Number.isSafeInteger(canonical) ? String(canonical) : wrong();
    case "float64":
      return typeof canonical === "number" ? floatWord(canonical) : wrong();
    case "bool":
      return typeof canonical === "boolean" ? String(canonical) : wrong();
    case "bytes":
      return canonical instanceof Uint8Array ? (formatCanonical(canonical, type) as string) : wrong();
    case "date":
      return Number.isInteger(canonical) && (canonical as number) >= MIN_DAYS && (canonical as number) <= MAX_DAYS
        ? (formatCanonical(canonical, type) as string)
        : wrong();
    case "time":
      return typeof canonical === "bigint" && canonical >= 0n && canonical < 86_400_000_000n
        ? (formatCanonical(canonical, type) as string)
        : wrong();
    default: {
      if (typeof canonical !== "bigint" || canonical < MIN_MICROS || canonical > MAX_MICROS) return wrong();
      const written = (formatCanonical(canonical, type) as string).replace("T", " ");
      return type === "timestamp" ? written.replace(/Z$/, "+00:00") : written;
    }
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
function fits(digits: string, precision: number, scale: number): boolean {
  if (!plainDecimal.test(digits)) return false;
  const [whole = "", fraction = ""] = digits.replace("-", "").split(".");
  return whole.replace(/^0+/, "").length <= precision - scale && fraction.replace(/0+$/, "").length <= scale;
}
