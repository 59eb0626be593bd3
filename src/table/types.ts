/** JSON as a value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [k: string]: Json };

/** What may be loaded into a column of each type. */
export interface ScalarIn {
  int64: bigint | number;
  float64: number;
  string: string;
  bool: boolean;
  date: string;
  time: string;
  timestamp: Date | string;
  datetime: string;
  bytes: Uint8Array;
  json: Json;
}
/** What is read from a column of each type: exact, to the last digit. */
export interface ScalarOut {
  int64: bigint;
  float64: number;
  string: string;
  bool: boolean;
  date: string;
  time: string;
  timestamp: string;
  datetime: string;
  bytes: Uint8Array;
  json: Json;
}
/** The canonical types, the same on every engine. `timestamp` is an instant in UTC, `datetime` has no zone; both to the microsecond. */
export type ColumnType = keyof ScalarIn | `decimal(${number},${number})`;
/** A type, nullable with `?`. */
export type ColumnSpec = ColumnType | `${ColumnType}?`;

const scalars: ReadonlySet<string> = new Set([
  "int64",
  "float64",
  "string",
  "bool",
  "date",
  "time",
  "timestamp",
  "datetime",
  "bytes",
  "json",
]);

/** Precision and scale of a decimal type; null for other types. */
export function decimalOf(type: string): { readonly precision: number; readonly scale: number } | null {
  const m = /^decimal\((\d{1,2}),(\d{1,2})\)$/.exec(type);
  if (!m) return null;
  const precision = Number(m[1]);
  const scale = Number(m[2]);
  return precision >= 1 && precision <= 38 && scale <= precision ? { precision, scale } : null;
}
/** Whether a value names a canonical type. Decimals go up to 38 digits; `?` is no part of a type. */
export const isColumnType = (t: unknown): t is ColumnType => typeof t === "string" && (scalars.has(t) || decimalOf(t) !== null);
