import { type ColumnShape, type ColumnType, decimalOf, formatCanonical, type Syntax, type TypedValue } from "cutover/adapter";

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
/** A string literal. NUL cannot stand in SQL text, so it is put in by `chr(0)`. */
export const text = (value: string): string => {
  const parts = value.split("\0").map((part) => `'${part.replaceAll("'", "''")}'`);
  return parts.length === 1 ? parts.join("") : `(${parts.join(" || chr(0) || ")})`;
};

const natives: Readonly<Record<string, string>> = {
  int64: "BIGINT",
  float64: "DOUBLE",
  string: "VARCHAR",
  bool: "BOOLEAN",
  date: "DATE",
  time: "TIME",
  timestamp: "TIMESTAMP WITH TIME ZONE",
  datetime: "TIMESTAMP",
  bytes: "BLOB",
  json: "JSON",
};
// HUGEINT reaches 1.7e38, a little beyond 38 digits: such a value still goes in and out exactly, as text.
const canonicals: Readonly<Record<string, ColumnType>> = {
  TINYINT: "int64",
  SMALLINT: "int64",
  INTEGER: "int64",
  BIGINT: "int64",
  UTINYINT: "int64",
  USMALLINT: "int64",
  UINTEGER: "int64",
  UBIGINT: "decimal(20,0)",
  HUGEINT: "decimal(38,0)",
  FLOAT: "float64",
  DOUBLE: "float64",
  VARCHAR: "string",
  BOOLEAN: "bool",
  DATE: "date",
  TIME: "time",
  "TIMESTAMP WITH TIME ZONE": "timestamp",
  TIMESTAMPTZ: "timestamp",
  TIMESTAMP: "datetime",
  TIMESTAMP_S: "datetime",
  TIMESTAMP_MS: "datetime",
  BLOB: "bytes",
  JSON: "json",
};

/** The canonical type of a native one; null for UUID, ENUM, LIST, INTERVAL and the like, which travel as text. */
export function fromNative(native: string): ColumnType | null {
  const decimal = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(native);
  return decimal ? `decimal(${Number(decimal[1])},${Number(decimal[2])})` : (canonicals[native] ?? null);
}

function type(t: ColumnType): string {
  const decimal = decimalOf(t);
  return decimal ? `DECIMAL(${decimal.precision},${decimal.scale})` : (natives[t] as string);
}

function literal({ value, type: t }: TypedValue): string {
  if (value === null || value === undefined) return `CAST(NULL AS ${type(t)})`;
  if (t === "bool") return value === true ? "TRUE" : "FALSE";
  if (t === "bytes") return `from_hex('${formatCanonical(value, t)}')`;
  if (t === "float64" && Object.is(value, -0)) return "CAST('-0.0' AS DOUBLE)";
  const written = formatCanonical(value, t) ?? "";
  return t === "string" ? text(written) : `CAST(${text(written)} AS ${type(t)})`;
}

/**
 * One text a row, injective: values of fixed form with separators, then the lengths of the free texts, then these. NULL is
 * empty, which no value of the first kind is, and has no length. It depends on no setting and on no float formatting.
 */
function rowHash(columns: readonly ColumnShape[], alias?: string): string {
  const fixed: string[] = [];
  const lengths: string[] = [];
  const free: string[] = [];
  for (const c of columns) {
    const name = ident(alias === undefined ? [c.name] : [alias, c.name]);
    if (c.type === "float64") fixed.push(bits(name));
    else if (c.type === "timestamp") fixed.push(`CAST(${name} AT TIME ZONE 'UTC' AS VARCHAR)`);
    else if (c.type === "bytes") fixed.push(`CASE WHEN ${name} IS NOT NULL THEN concat('x', hex(${name})) END`);
    else if (c.type === "string" || c.type === "json") {
      lengths.push(`strlen(CAST(${name} AS VARCHAR))`);
      free.push(`CAST(${name} AS VARCHAR)`);
    } else fixed.push(c.type === "datetime" ? `CAST(CAST(${name} AS TIMESTAMP) AS VARCHAR)` : name);
  }
  const parts = [...fixed, ...lengths].flatMap((part) => [part, "'|'"]);
  // The same number as md5_number_lower, in a third of the time.
  return `CAST(md5_number(concat(${[...parts, ...free, "''"].join(", ")})) >> 64 AS UBIGINT)`;
}
/** The IEEE bits of a float: tells −0 from 0 and knows NaN. */
const bits = (expr: string): string => `CAST(CAST(CAST(${expr} AS DOUBLE) AS BIT) AS BIGINT)`;

function nullSafeEq(a: string, b: string, t: ColumnType): string {
  if (t === "float64") return `${bits(a)} IS NOT DISTINCT FROM ${bits(b)}`;
  // As bytes: a collation of the column or the session must not make different texts equal.
  if (t === "string" || t === "json") {
    return `encode(CAST(${a} AS VARCHAR)) IS NOT DISTINCT FROM encode(CAST(${b} AS VARCHAR))`;
  }
  return `${a} IS NOT DISTINCT FROM ${b}`;
}

function ident(path: readonly string[]): string {
  return path.map(quote).join(".");
}

const jsonPath = (path: readonly (string | number)[]): string =>
  `$${path.map((p) => (typeof p === "number" ? `[${p}]` : `."${p}"`)).join("")}`;

export const syntax: Syntax = {
  ident,
  literal,
  type,
  fromNative,
  // now() stands still for a transaction; a UUID of version 7 carries the clock's milliseconds. As a subquery it is taken once a statement.
  now: () => "(SELECT uuid_extract_timestamp(uuidv7()))",
  plusMs: (expr, ms) => `(${expr} + to_microseconds(${Math.round(ms * 1000)}))`,
  rowHash,
  sumHash: (expr) => `coalesce(sum(${expr}), 0::HUGEINT)`,
  // The engine's own is NULL for no rows.
  countIf: (expr) => `coalesce(count_if(${expr}), 0)`,
  // As text: what has no canonical type (UUID, ENUM) is none to the engine.
  matches: (expr, pattern) => `regexp_matches(CAST(${expr} AS VARCHAR), ${text(pattern)})`,
  // Instants as they are: a cast to TIMESTAMP would go by the session's zone.
  ageMs: (expr, t) => `(epoch_ms(${syntax.now()}) - epoch_ms(${t === "timestamp" ? expr : `CAST(${expr} AS TIMESTAMP)`}))`,
  nullSafeEq,
  jsonText: (expr, path) => `json_extract_string(${expr}, ${text(jsonPath(path))})`,
  hashVersion: "duckdb-md5lower-1",
};
