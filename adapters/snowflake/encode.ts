import { type ColumnType, checkedText, fitsDecimal } from "cutover/adapter";
import { misfit } from "./errors.js";

/**
 * The text of a canonical value in which it travels: to a bind, a literal, a file. Text stands for itself where it is the exact
 * text of such a value, as cursors in the ledger are.
 * @throws SnowflakeFault of kind `bad-data` for a value that is none of that type.
 */
export function asText(value: unknown, type: ColumnType, column?: string): string | null {
  const written = checkedText(value, type);
  if (written === undefined) throw misfit(value, type, column);
  if (written === null) return null;
  if (type === "json") return plainNumbers(written);
  // An offset in digits, which every input format of the service reads.
  return type === "timestamp" ? written.replace(/Z$/, "+00:00") : written;
}

/**
 * A JSON number with an exponent is a float in a VARIANT, which is written out with 16 digits; one without is exact to 38. So
 * exponents are written out where that is possible.
 */
function plainNumbers(json: string): string {
  if (!/\d[eE]/.test(json)) return json;
  return json.replace(/"(?:[^"\\]|\\.)*"|(-?)(\d+)(?:\.(\d+))?[eE]([+-]?\d+)/g, (token, sign, whole, fraction = "", exponent) =>
    token.startsWith('"') ? token : (plainNumber(sign, whole, fraction, Number(exponent)) ?? token),
  );
}
function plainNumber(sign: string, whole: string, fraction: string, exponent: number): string | null {
  const digits = whole + fraction;
  const point = whole.length + exponent;
  if (point > 38 || digits.length - point > 37 || digits.length > 38) return null;
  const padded = digits.padStart(digits.length + Math.max(1 - point, 0), "0").padEnd(Math.max(point, 1), "0");
  const at = Math.max(point, 1);
  const [before, after] = [padded.slice(0, at).replace(/^0+(?=\d)/, ""), padded.slice(at)];
  return `${sign}${before}${after === "" ? "" : `.${after}`}`;
}

/** Encodes the values of one column. */
export type Encoder = (value: unknown) => string | null;

/**
 * How values of a canonical type become text for a column of a native one: what the service would round or cut on its way is
 * refused.
 */
export function encoder(column: { readonly name: string; readonly type: ColumnType; readonly native: string }): Encoder {
  const narrow = narrowing(column.native);
  return (value) => {
    const written = asText(value, column.type, column.name);
    if (written !== null && !narrow(written)) throw misfit(value, column.native, column.name);
    return written;
  };
}

function narrowing(native: string): (written: string) => boolean {
  const m = /^([A-Z_]+)\((\d+)(?:,\s*(\d+))?\)$/.exec(native);
  const [, word = native, first, second] = m ?? [];
  const size = Number(first);
  if (first === undefined) return () => true;
  switch (word) {
    case "NUMBER":
      return (written) => fitsDecimal(written, size, Number(second ?? 0));
    case "VARCHAR":
      return (written) => written.length <= size || [...written].length <= size;
    case "BINARY":
      return (written) => written.length <= size * 2;
    case "TIME":
    case "TIMESTAMP_NTZ":
    case "TIMESTAMP_LTZ":
    case "TIMESTAMP_TZ":
      return size >= 6 ? () => true : (written) => (/\.(\d+)/.exec(written)?.[1] ?? "").replace(/0+$/, "").length <= size;
    default:
      return () => true;
  }
}
