import { formatCanonical, parseCanonical } from "./canonical.js";
import { floorDiv } from "./decode.js";
import type { JsKind } from "./definition.js";
import { type ColumnType, decimalOf } from "./types.js";

/** Orders canonical values of one type. */
export function compareCanonical(a: unknown, b: unknown, type: ColumnType): number {
  const d = decimalOf(type);
  if (d !== null) return Number(scaled(String(a), d.scale) - scaled(String(b), d.scale));
  if (a === b) return 0;
  return (a as number) < (b as number) ? -1 : 1;
}
function scaled(text: string, scale: number): bigint {
  const [whole = "0", fraction = ""] = text.replace("-", "").split(".");
  const n = BigInt(whole + fraction.padEnd(scale, "0").slice(0, scale));
  return text.startsWith("-") ? -n : n;
}

function unscaled(n: bigint, scale: number): string {
  const digits = (n < 0n ? -n : n).toString().padStart(scale + 1, "0");
  const point = digits.length - scale;
  return `${n < 0n ? "-" : ""}${digits.slice(0, point)}${scale === 0 ? "" : `.${digits.slice(point)}`}`;
}
/** The sum of two decimal numbers, to the last digit. */
export function addExact(a: string | number | bigint, b: string | number | bigint): string {
  const [x, y] = [String(a), String(b)];
  const scale = Math.max(...[x, y].map((t) => t.split(".")[1]?.length ?? 0));
  return unscaled(scaled(x, scale) + scaled(y, scale), scale);
}

/** The later of two exact texts; null is before everything. */
export function laterText(a: string | null, b: string | null, type: ColumnType): string | null {
  if (a === null || b === null) return a ?? b;
  return compareCanonical(parseCanonical(a, type), parseCanonical(b, type), type) >= 0 ? a : b;
}

/**
 * Where reading starts again: the watermark less the lookback (milliseconds for temporal cursors, else a number of the
 * cursor's own units), in canonical form. undefined: the first run.
 */
export function sinceOf(watermark: string | null, lookback: number, type: ColumnType): unknown {
  if (watermark === null) return undefined;
  const at = parseCanonical(watermark, type);
  if (lookback === 0) return at;
  const d = decimalOf(type);
  if (d !== null) {
    const n = scaled(watermark, d.scale) - BigInt(Math.ceil(lookback * 10 ** d.scale));
    return unscaled(n, d.scale);
  }
  switch (type) {
    case "timestamp":
    case "datetime":
      return (at as bigint) - BigInt(Math.ceil(lookback * 1000));
    case "date":
      return (at as number) - Math.ceil(lookback / 86_400_000);
    case "int64":
      return (at as bigint) - BigInt(Math.ceil(lookback));
    default:
      return (at as number) - lookback;
  }
}

/** A cursor as the table's row type has it. A Date rounds down, so that nothing is skipped. */
export function cursorOut(canonical: unknown, type: ColumnType, js: JsKind): unknown {
  if (canonical === undefined) return undefined;
  if (js === "Date") return new Date(Number(floorDiv(canonical as bigint, 1000n)));
  if (js === "number") return Number(canonical);
  return type === "int64" || type === "float64" ? canonical : formatCanonical(canonical, type);
}
