/// <reference lib="es2024.string" />
import type * as DuckDB from "@duckdb/node-api";
import type { DuckDBType, DuckDBValue } from "@duckdb/node-api";
import { type ColumnType, decimalOf, misfitWords, parseCanonical, type TypedValue } from "cutover/adapter";
import { fault } from "./errors.js";

type Driver = typeof DuckDB;

/** A value that is not what its canonical type says, or does not fit it. */
export const misfit = (value: unknown, type: string, column?: string): Error =>
  fault("bad-data", ...misfitWords(value, type, column));

/** Whether a string can be written as UTF-8; a lone surrogate would silently become U+FFFD. */
export const isText = (value: string): boolean => value.isWellFormed();

const powers: readonly bigint[] = Array.from({ length: 40 }, (_, i) => 10n ** BigInt(i));
const plainDecimal = /^[+-]?(?:\d+\.?\d*|\.\d+)$/;

/** Decimal text → the scaled integer, exactly; null when it is no decimal or does not fit. */
export function scaled(text: string, precision: number, scale: number): bigint | null {
  if (!plainDecimal.test(text)) return null;
  const dot = text.indexOf(".");
  const written = dot < 0 ? 0 : text.length - dot - 1;
  if (written > scale) {
    const short = text.replace(/0+$/, "");
    return short.length - dot - 1 > scale ? null : scaled(short, precision, scale);
  }
  const digits = BigInt(dot < 0 ? text : text.slice(0, dot) + text.slice(dot + 1)) * (powers[scale - written] as bigint);
  const bound = powers[precision] as bigint;
  return digits < bound && digits > -bound ? digits : null;
}

/** A typed value as the driver binds it. NULL is bound bare; the placeholder gives it its type. */
export function bound({ value, type }: TypedValue, driver: Driver): { readonly value: DuckDBValue; readonly type: DuckDBType } {
  const d = driver;
  if (value === null || value === undefined) return { value: null, type: d.SQLNULL };
  const decimal = decimalOf(type);
  if (decimal !== null) {
    const digits = scaled(String(value), decimal.precision, decimal.scale);
    if (digits === null) throw misfit(value, type);
    const { precision, scale } = decimal;
    return { value: new d.DuckDBDecimalValue(digits, precision, scale), type: d.DECIMAL(precision, scale) };
  }
  if (type === "int64" && typeof value === "bigint" && BigInt.asIntN(64, value) === value) return { value, type: d.BIGINT };
  if (type === "int64" && typeof value === "number" && Number.isSafeInteger(value))
    return { value: BigInt(value), type: d.BIGINT };
  if (type === "float64" && typeof value === "number") return { value, type: d.DOUBLE };
  if ((type === "string" || type === "json") && typeof value === "string" && isText(value)) return { value, type: d.VARCHAR };
  if (type === "bool" && typeof value === "boolean") return { value, type: d.BOOLEAN };
  if (type === "bytes" && value instanceof Uint8Array) return { value: new d.DuckDBBlobValue(value), type: d.BLOB };
  if (type === "date" && typeof value === "number") return { value: new d.DuckDBDateValue(value), type: d.DATE };
  if (typeof value === "bigint") {
    if (type === "time") return { value: new d.DuckDBTimeValue(value), type: d.TIME };
    if (type === "timestamp") return { value: new d.DuckDBTimestampTZValue(value), type: d.TIMESTAMPTZ };
    if (type === "datetime") return { value: new d.DuckDBTimestampValue(value), type: d.TIMESTAMP };
  }
  // Partition values and cursors stand in the ledger as text.
  const parsed = typeof value === "string" && type !== "string" && type !== "json" ? parseCanonical(value, type) : null;
  if (parsed === null || typeof parsed === "string") throw misfit(value, type);
  return bound({ value: parsed, type }, driver);
}

/** Turns a driver's value into a canonical one; null: the engine must write the type as text first. */
export type Decode = (value: DuckDBValue) => unknown;

/** How values of a native type are read as a canonical type, or as what they are when none is asked for. */
export function decoder(native: DuckDBType, wanted: ColumnType | undefined, driver: Driver): Decode | null {
  const id = driver.DuckDBTypeId;
  const { typeId } = native;
  if (wanted === "string" && typeId !== id.VARCHAR && typeId !== id.ENUM && typeId !== id.UUID) return null;
  const whole = (wanted ?? (typeId === id.UBIGINT || typeId === id.HUGEINT ? "decimal(38,0)" : "int64")) === "int64";
  switch (typeId) {
    case id.BOOLEAN:
    case id.VARCHAR:
    case id.ENUM:
    case id.SQLNULL:
      return (v) => v;
    case id.TINYINT:
    case id.SMALLINT:
    case id.INTEGER:
    case id.UTINYINT:
    case id.USMALLINT:
    case id.UINTEGER:
    case id.BIGINT:
    case id.UBIGINT:
    case id.HUGEINT:
      if (wanted === "float64") return (v) => Number(v);
      if (whole) return (v) => (typeof v === "bigint" ? v : BigInt(Number(v)));
      return (v) => String(v);
    case id.FLOAT:
    case id.DOUBLE:
      if (wanted === "int64") return (v) => BigInt(Number(v));
      return (v) => v;
    case id.DECIMAL:
      if (wanted === "int64") return (v) => (v instanceof driver.DuckDBDecimalValue ? whole64(v.value, v.scale) : null);
      if (wanted === "float64") return (v) => Number(String(v));
      return (v) => String(v);
    case id.UUID:
      return (v) => String(v);
    case id.BLOB:
      return (v) => (v instanceof driver.DuckDBBlobValue ? new Uint8Array(v.bytes) : null);
    case id.DATE:
      return (v) => (v instanceof driver.DuckDBDateValue ? v.days : null);
    case id.TIME:
      return (v) => (v instanceof driver.DuckDBTimeValue ? v.micros : null);
    case id.TIMESTAMP:
      return (v) => (v instanceof driver.DuckDBTimestampValue ? v.micros : null);
    case id.TIMESTAMP_TZ:
      return (v) => (v instanceof driver.DuckDBTimestampTZValue ? v.micros : null);
    case id.TIMESTAMP_S:
      return (v) => (v instanceof driver.DuckDBTimestampSecondsValue ? v.seconds * 1_000_000n : null);
    case id.TIMESTAMP_MS:
      return (v) => (v instanceof driver.DuckDBTimestampMillisecondsValue ? v.millis * 1000n : null);
    default:
      return null;
  }
}

function whole64(digits: bigint, scale: number): bigint {
  const unit = 10n ** BigInt(scale);
  if (digits % unit !== 0n) throw misfit(digits, "int64");
  return digits / unit;
}
