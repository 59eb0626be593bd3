import { type ColumnShape, type ColumnType, decimalOf, type Syntax, type TypedValue } from "cutover/adapter";
import { capabilities } from "./capabilities.js";
import { PostgresFault } from "./errors.js";
import { encode, storable } from "./values.js";

/** Postgres' own words, as its catalog writes them: what `describe` finds equals what tables are made with. */
const natives: Readonly<Record<string, string>> = {
  int64: "bigint",
  float64: "double precision",
  string: "text",
  bool: "boolean",
  date: "date",
  time: "time without time zone",
  timestamp: "timestamp with time zone",
  datetime: "timestamp without time zone",
  bytes: "bytea",
  // `json` keeps the text, but has no equality: rows could not be compared. `jsonb` keeps the value, numbers to the last digit.
  json: "jsonb",
};
const canonicals: Readonly<Record<string, ColumnType>> = {
  ...Object.fromEntries(Object.entries(natives).map(([canonical, native]) => [native, canonical as ColumnType])),
  smallint: "int64",
  integer: "int64",
  real: "float64",
};

/** null for uuid, enums, arrays, intervals and numeric without bounds, which travel as text; so do varchar and char. */
function fromNative(native: string): ColumnType | null {
  const numeric = /^numeric\((\d+),(\d+)\)$/.exec(native);
  if (numeric !== null) {
    const decimal = `decimal(${Number(numeric[1])},${Number(numeric[2])})` as const;
    return decimalOf(decimal) === null ? null : decimal;
  }
  if (native.startsWith("character")) return "string";
  return canonicals[native.replace(/^(time|timestamp)\(\d\)/, "$1")] ?? null;
}

function type(t: ColumnType): string {
  const decimal = decimalOf(t);
  return decimal === null ? (natives[t] as string) : `numeric(${decimal.precision},${decimal.scale})`;
}

const { maxBytes } = capabilities.identifiers;
/** Postgres would shorten a long name without a word, and so mean another table. */
function ident(path: readonly string[]): string {
  const long = path.find((name) => Buffer.byteLength(storable(name)) > maxBytes);
  if (long === undefined) return path.map((name) => `"${name.replaceAll('"', '""')}"`).join(".");
  throw new PostgresFault("unsupported", `the name "${long}" is longer than ${maxBytes} bytes`, "Use a shorter name.");
}

/** A text is bare, so that Postgres takes it for whatever it is compared with. Sessions see to it that a backslash is one. */
function literal(v: TypedValue): string {
  const text = encode(v.value, v.type);
  if (text === null) return `CAST(NULL AS ${type(v.type)})`;
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return v.type === "string" ? quoted : `CAST(${quoted} AS ${type(v.type)})`;
}

/** The text of a row tells every value from every other, NULL from '', −0 from 0; sessions fix the settings that it depends on. */
function rowHash(columns: readonly ColumnShape[], alias?: string): string {
  const names = columns.map((c) => ident(alias === undefined ? [c.name] : [alias, c.name]));
  return `CAST(CAST('x' || left(md5(CAST(ROW(${names.join(", ")}) AS text)), 16) AS bit(64)) AS bigint)`;
}

function nullSafeEq(a: string, b: string, t: ColumnType): string {
  if (t === "float64") return `float8send(${a}) IS NOT DISTINCT FROM float8send(${b})`;
  if (t !== "string" && t !== "json") return `${a} IS NOT DISTINCT FROM ${b}`;
  // As text by its bytes: a collation may take different texts for equal, jsonb takes 1.0 for 1.
  return `CAST(${a} AS text) COLLATE "C" IS NOT DISTINCT FROM CAST(${b} AS text) COLLATE "C"`;
}

export const syntax: Syntax = {
  ident,
  literal,
  type,
  fromNative,
  // now() stands still for a transaction.
  now: () => "clock_timestamp()",
  plusMs: (expr, ms) => `(${expr} + ${Math.round(ms)} * interval '1 millisecond')`,
  rowHash,
  sumHash: (expr) => `coalesce(sum(${expr}), 0)`,
  countIf: (expr) => `count(*) FILTER (WHERE ${expr})`,
  matches: (expr, pattern) => `CAST(${expr} AS text) ~ ${literal({ value: pattern, type: "string" })}`,
  // Sessions are in UTC. What is infinite has no age.
  ageMs: (expr) =>
    `CASE WHEN isfinite(${expr}) THEN CAST(floor(extract(epoch FROM clock_timestamp() - CAST(${expr} AS timestamptz)) * 1000) AS bigint) END`,
  nullSafeEq,
  jsonText: (expr, path) =>
    `(CAST(${expr} AS json) #>> ARRAY[${path.map((p) => literal({ value: String(p), type: "string" })).join(", ")}])`,
  hashVersion: "postgres-md5-1",
};
