export type Kind =
  | "INT64"
  | "FLOAT64"
  | "NUMERIC"
  | "BIGNUMERIC"
  | "BOOL"
  | "STRING"
  | "BYTES"
  | "DATE"
  | "TIME"
  | "DATETIME"
  | "TIMESTAMP"
  | "JSON"
  | "GEOGRAPHY"
  | "INTERVAL"
  | "RANGE"
  | "ARRAY"
  | "STRUCT";

export interface StructField {
  /** null: an anonymous field. */
  readonly name: string | null;
  readonly type: SqlType;
}

export interface SqlType {
  readonly kind: Kind;
  /** Of a parameterised type alone: NUMERIC(10,2), STRING(5). */
  readonly precision?: number;
  readonly scale?: number;
  readonly length?: number;
  readonly element?: SqlType;
  readonly fields?: readonly StructField[];
}

/**
 * A value: null, boolean, bigint (INT64; TIMESTAMP as microseconds), number (FLOAT64), string (STRING, JSON text, NUMERIC and BIGNUMERIC as
 * decimal text, DATE, TIME, DATETIME as ISO text with a space before the clock), bytes; ARRAY and STRUCT as a list of values.
 */
export type Value = null | boolean | bigint | number | string | Uint8Array | readonly Value[];

export interface Typed {
  readonly type: SqlType;
  readonly value: Value;
}

const simple = (kind: Kind): SqlType => ({ kind });
export const types = {
  int64: simple("INT64"),
  float64: simple("FLOAT64"),
  numeric: simple("NUMERIC"),
  bool: simple("BOOL"),
  string: simple("STRING"),
  bytes: simple("BYTES"),
  date: simple("DATE"),
  time: simple("TIME"),
  datetime: simple("DATETIME"),
  timestamp: simple("TIMESTAMP"),
  json: simple("JSON"),
  geography: simple("GEOGRAPHY"),
  interval: simple("INTERVAL"),
  bignumeric: simple("BIGNUMERIC"),
  array: (element: SqlType): SqlType => ({ kind: "ARRAY", element }),
  struct: (fields: readonly StructField[]): SqlType => ({ kind: "STRUCT", fields }),
} as const;

/** Names under which a statement may ask for a type (docs "Data types": aliases). */
export const typeNames: Readonly<Record<string, Kind>> = {
  INT64: "INT64",
  INT: "INT64",
  SMALLINT: "INT64",
  INTEGER: "INT64",
  BIGINT: "INT64",
  TINYINT: "INT64",
  BYTEINT: "INT64",
  FLOAT64: "FLOAT64",
  NUMERIC: "NUMERIC",
  DECIMAL: "NUMERIC",
  BIGNUMERIC: "BIGNUMERIC",
  BIGDECIMAL: "BIGNUMERIC",
  BOOL: "BOOL",
  BOOLEAN: "BOOL",
  STRING: "STRING",
  BYTES: "BYTES",
  DATE: "DATE",
  TIME: "TIME",
  DATETIME: "DATETIME",
  TIMESTAMP: "TIMESTAMP",
  JSON: "JSON",
  GEOGRAPHY: "GEOGRAPHY",
  INTERVAL: "INTERVAL",
  RANGE: "RANGE",
};

/** A type as the service's messages and INFORMATION_SCHEMA write it. */
export function shown(type: SqlType, parameters = true): string {
  if (type.kind === "ARRAY") return `ARRAY<${shown(type.element as SqlType, parameters)}>`;
  if (type.kind === "STRUCT")
    return `STRUCT<${(type.fields ?? []).map((f) => `${f.name === null ? "" : `${f.name} `}${shown(f.type, parameters)}`).join(", ")}>`;
  if (type.kind === "RANGE") return `RANGE<${shown(type.element as SqlType)}>`;
  if (!parameters) return type.kind;
  if (type.length !== undefined) return `${type.kind}(${type.length})`;
  if (type.precision === undefined) return type.kind;
  return `${type.kind}(${type.precision}${type.scale === undefined || type.scale === 0 ? "" : `, ${type.scale}`})`;
}

/** Whether values of both are of one type; parameters do not count. */
export function same(a: SqlType, b: SqlType): boolean {
  if (a.kind !== b.kind) return false;
  if (a.kind === "ARRAY" || a.kind === "RANGE") return same(a.element as SqlType, b.element as SqlType);
  if (a.kind !== "STRUCT") return true;
  const [left, right] = [a.fields ?? [], b.fields ?? []];
  return left.length === right.length && left.every((f, k) => same(f.type, right[k]?.type as SqlType));
}

/** The type without its parameters, as an expression of it has it. */
export function bare(type: SqlType): SqlType {
  if (type.kind === "ARRAY") return types.array(bare(type.element as SqlType));
  if (type.kind === "STRUCT") return types.struct((type.fields ?? []).map((f) => ({ name: f.name, type: bare(f.type) })));
  return type.kind === "RANGE" ? type : { kind: type.kind };
}

/** The type of DuckDB that holds it. TIMESTAMP and DATETIME are told apart by the static type alone. */
export function held(type: SqlType): string {
  switch (type.kind) {
    case "INT64":
      return "BIGINT";
    case "FLOAT64":
      return "DOUBLE";
    case "NUMERIC":
      return "DECIMAL(38,9)";
    case "BIGNUMERIC":
      // Times 10^38, since DuckDB's decimals end at 38 digits.
      return "BIGNUM";
    case "BOOL":
      return "BOOLEAN";
    case "BYTES":
      return "BLOB";
    case "DATE":
    case "TIME":
    case "INTERVAL":
      return type.kind;
    case "DATETIME":
    case "TIMESTAMP":
      return "TIMESTAMP";
    case "ARRAY":
      return `${held(type.element as SqlType)}[]`;
    case "STRUCT":
      return `STRUCT(${(type.fields ?? []).map((f, k) => `f${k} ${held(f.type)}`).join(", ") || "f0 INTEGER"})`;
    default:
      return "VARCHAR";
  }
}
