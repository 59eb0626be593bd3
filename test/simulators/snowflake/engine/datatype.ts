import { type Cursor, identifier, integer, must, oneOf, peek, takes, unexpected } from "./cursor.js";
import type { DataType } from "./describe-type.js";
import { errors } from "./errors.js";
import type { SimColumn } from "./types.js";

export { type DataType, described } from "./describe-type.js";

/** The default length of VARCHAR and BINARY columns (docs "String & binary data types"). */
export const longest = { text: 16_777_216, binary: 8_388_608 } as const;

export const types = {
  number: (precision = 38, scale = 0): DataType => ({ name: "FIXED", precision, scale }),
  text: (length: number = longest.text): DataType => ({ name: "TEXT", length }),
  binary: (length: number = longest.binary): DataType => ({ name: "BINARY", length }),
  real: { name: "REAL" } as DataType,
  boolean: { name: "BOOLEAN" } as DataType,
  date: { name: "DATE" } as DataType,
  time: (scale = 9): DataType => ({ name: "TIME", scale }),
  ntz: (scale = 9): DataType => ({ name: "TIMESTAMP_NTZ", scale }),
  ltz: (scale = 9): DataType => ({ name: "TIMESTAMP_LTZ", scale }),
  tz: (scale = 9): DataType => ({ name: "TIMESTAMP_TZ", scale }),
  variant: { name: "VARIANT" } as DataType,
  object: { name: "OBJECT" } as DataType,
  array: { name: "ARRAY" } as DataType,
} as const;

const numbers = new Set(["NUMBER", "NUMERIC", "DECIMAL", "DEC"]);
const integers = new Set(["INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "BYTEINT"]);
const reals = new Set(["FLOAT", "FLOAT4", "FLOAT8", "DOUBLE", "REAL"]);
const texts = new Set(["VARCHAR", "STRING", "TEXT", "NVARCHAR", "NVARCHAR2", "CHAR VARYING", "NCHAR VARYING"]);
const chars = new Set(["CHAR", "CHARACTER", "NCHAR"]);
const stamps: Readonly<Record<string, (scale?: number) => DataType>> = {
  TIMESTAMP: types.ntz,
  DATETIME: types.ntz,
  TIMESTAMP_NTZ: types.ntz,
  TIMESTAMPNTZ: types.ntz,
  TIMESTAMP_LTZ: types.ltz,
  TIMESTAMPLTZ: types.ltz,
  TIMESTAMP_TZ: types.tz,
  TIMESTAMPTZ: types.tz,
};

export function dataType(c: Cursor): DataType {
  const first = peek(c);
  const word = first.kind === "word" ? identifier(c) : "";
  if (numbers.has(word)) {
    if (!takes(c, "(")) return types.number();
    const precision = integer(c);
    const scale = takes(c, ",") ? integer(c) : 0;
    must(c, ")");
    if (precision < 1 || precision > 38 || scale > 37 || scale > precision)
      throw errors.invalidValue(`${precision},${scale}`, word);
    return types.number(precision, scale);
  }
  if (integers.has(word)) return types.number();
  if (reals.has(word)) {
    takes(c, "PRECISION");
    return types.real;
  }
  if (texts.has(word) || chars.has(word)) {
    const varying = chars.has(word) && takes(c, "VARYING");
    const length = size(c) ?? (chars.has(word) && !varying ? 1 : longest.text);
    if (length < 1 || length > 134_217_728) throw errors.invalidValue(String(length), "length");
    if (takes(c, "COLLATE")) throw errors.unsupported("COLLATE");
    return types.text(length);
  }
  if (word === "BINARY" || word === "VARBINARY") return types.binary(size(c) ?? longest.binary);
  if (word === "BOOLEAN") return types.boolean;
  if (word === "DATE") return types.date;
  if (word === "TIME") return types.time(size(c) ?? 9);
  const stamp = stamps[word];
  if (stamp) {
    const scale = size(c) ?? 9;
    if (scale > 9) throw errors.invalidValue(String(scale), word);
    const zone = word === "TIMESTAMP" ? oneOf(c, "WITH", "WITHOUT") : null;
    if (zone) must(c, ...(zone === "WITH" && takes(c, "LOCAL") ? ["TIME", "ZONE"] : ["TIME", "ZONE"]));
    return zone === "WITH" ? types.tz(scale) : stamp(scale);
  }
  if (word === "VARIANT") return types.variant;
  if (word === "OBJECT") return types.object;
  if (word === "ARRAY") return types.array;
  throw unexpected(c, first);
}

function size(c: Cursor): number | null {
  if (!takes(c, "(")) return null;
  const n = integer(c);
  must(c, ")");
  return n;
}

/** The type of DuckDB that holds it. */
export function held(type: DataType): string {
  switch (type.name) {
    case "FIXED":
      return `DECIMAL(${type.precision},${type.scale})`;
    case "REAL":
      return "DOUBLE";
    case "TEXT":
      return "VARCHAR";
    case "BINARY":
      return "BLOB";
    case "TIMESTAMP_NTZ":
      return "TIMESTAMP";
    case "TIMESTAMP_LTZ":
    case "TIMESTAMP_TZ":
      return "TIMESTAMPTZ";
    case "VARIANT":
    case "OBJECT":
    case "ARRAY":
      return "JSON";
    default:
      return type.name;
  }
}

/** A type as INFORMATION_SCHEMA.COLUMNS writes it. */
export const informed = (type: DataType): string => ({ FIXED: "NUMBER", REAL: "FLOAT" })[type.name as "FIXED"] ?? type.name;

export function simColumn(name: string, type: DataType, nullable: boolean): SimColumn {
  return {
    name,
    type: type.name,
    nullable,
    ...(type.precision === undefined ? {} : { precision: type.precision }),
    ...(type.scale === undefined ? {} : { scale: type.scale }),
    ...(type.length === undefined ? {} : { length: type.length }),
  };
}

export const dataTypeOf = (c: SimColumn): DataType => ({
  name: c.type,
  ...(c.precision === undefined ? {} : { precision: c.precision }),
  ...(c.scale === undefined ? {} : { scale: c.scale }),
  ...(c.length === undefined ? {} : { length: c.length }),
});
