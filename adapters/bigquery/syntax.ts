import { type ColumnShape, type ColumnType, decimalOf, type Syntax, type TypedValue } from "cutover/adapter";
import { asText } from "./encode.js";
import { fault } from "./errors.js";

/** Escapes are the same in text and in backticks (docs: lexical structure, escape sequences). */
const escaped = (value: string): string =>
  value.replace(/[\\'`]|\p{Cc}/gu, (c) => (/\p{Cc}/u.test(c) ? `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}` : `\\${c}`));
/** A text literal. */
export const text = (value: string): string => `'${escaped(value)}'`;

const natives: Readonly<Record<string, string>> = {
  int64: "INT64",
  float64: "FLOAT64",
  string: "STRING",
  bool: "BOOL",
  date: "DATE",
  time: "TIME",
  timestamp: "TIMESTAMP",
  datetime: "DATETIME",
  bytes: "BYTES",
  json: "JSON",
};
const canonicals = new Map(Object.entries(natives).map(([type, native]) => [native, type as ColumnType]));

/** Digits of NUMERIC behind the point, and before it (docs: data types, parameterized decimal types). */
const NUMERIC = { scale: 9, whole: 29 } as const;

function type(t: ColumnType): string {
  const decimal = decimalOf(t);
  if (decimal === null) return natives[t] as string;
  const { precision, scale } = decimal;
  const word = scale <= NUMERIC.scale && precision - scale <= NUMERIC.whole ? "NUMERIC" : "BIGNUMERIC";
  return `${word}(${precision},${scale})`;
}

/**
 * The canonical type of a native one, as `describe` writes it. null for ARRAY, STRUCT, RANGE, GEOGRAPHY, INTERVAL, and for a
 * BIGNUMERIC that may hold more than 38 digits: they are text.
 */
export function fromNative(native: string): ColumnType | null {
  const m = /^([A-Z0-9]+)(?:\((\d+)(?:,\s*(\d+))?\))?$/.exec(native);
  const [, word = "", first, second] = m ?? [];
  if (word !== "NUMERIC" && word !== "BIGNUMERIC") return canonicals.get(word) ?? null;
  if (first !== undefined) return Number(first) <= 38 ? `decimal(${Number(first)},${Number(second ?? 0)})` : null;
  return word === "NUMERIC" ? "decimal(38,9)" : null;
}

function literal({ value, type: t }: TypedValue): string {
  const written = asText(value, t);
  if (written === null) return `CAST(NULL AS ${bare(t)})`;
  if (t === "int64") return written;
  if (t === "bool") return written.toUpperCase();
  return fromText(t, text(written)) ?? (t === "string" ? text(written) : `${bare(t)} ${text(written)}`);
}
/** An expression of text, in the form that `asText` writes, as a value of a type that is made by a function; null for other types. */
export function fromText(t: ColumnType, expr: string): string | null {
  if (t === "json") return `PARSE_JSON(${expr})`;
  if (t === "bytes") return `FROM_HEX(${expr})`;
  return t === "float64" ? `CAST(${expr} AS FLOAT64)` : null;
}
/** Without what a literal or a parameter cannot have: digits. */
export const bare = (t: ColumnType): string => type(t).replace(/\(.*$/, "");

/** Of a column, in characters; of a table, in bytes (docs: flexible column names; table naming). */
const LONGEST = { column: 300, table: 1024 } as const;

function ident(path: readonly string[]): string {
  const most = path.length >= 3 ? LONGEST.table : LONGEST.column;
  const long = path.find((name) => Buffer.byteLength(name) > LONGEST.table || (path.length < 3 && [...name].length > most));
  if (long !== undefined)
    throw fault("unsupported", `the name "${long.slice(0, 60)}…" is longer than ${most} characters`, "Use a shorter name.");
  return path.map((name) => `\`${escaped(name)}\``).join(".");
}

type Kind = Pick<ColumnShape, "type" | "native">;
/** What no canonical type has words for. */
export const isOther = (c: Kind): boolean => c.type === "string" && !/^STRING\b/.test(c.native);
/** Values that the service neither groups by nor partitions by as they are. */
export const isLoose = (c: Kind): boolean => c.type === "float64" || c.type === "json" || isOther(c);

/** The text of a value whose type has no canonical one: what `stage` takes for it. */
export function otherText(expr: string, native: string): string {
  if (/^(?:BIGNUMERIC|INTERVAL)\b/.test(native)) return `CAST(${expr} AS STRING)`;
  if (native === "GEOGRAPHY") return `ST_ASTEXT(${expr})`;
  return jsonText(expr);
}

/** A text for each value of a column, another for each other one, NULL for NULL; depends on no setting. */
function exactText(expr: string, { type: t, native }: Kind): string {
  switch (t) {
    case "timestamp":
      return `CAST(UNIX_MICROS(${expr}) AS STRING)`;
    case "bytes":
      return `CONCAT('x', TO_HEX(${expr}))`;
    case "json":
      return jsonText(expr);
    case "string":
      if (!isOther({ type: t, native })) return `CONCAT(CAST(LENGTH(${expr}) AS STRING), ':', ${expr})`;
      // Texts of points are rounded, their bytes are not.
      return native === "GEOGRAPHY" ? `TO_HEX(ST_ASBINARY(${expr}))` : otherText(expr, native);
    default:
      return `CAST(${expr} AS STRING)`;
  }
}
/** A SQL NULL would be the text null. */
export const jsonText = (expr: string): string => `IF(${expr} IS NULL, NULL, TO_JSON_STRING(${expr}))`;

/**
 * One text a row, injective: `|` between the values, of which one ends where its digits, its JSON or the length that it begins with
 * say so; NULL is empty, which no value is. Of its md5 the first 60 bits, which an INT64 holds.
 */
function rowHash(columns: readonly ColumnShape[], alias?: string): string {
  const parts = columns.map((c) => `IFNULL(${exactText(ident(alias === undefined ? [c.name] : [alias, c.name]), c)}, '')`);
  return `CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(CONCAT(${parts.join(", '|', ")}))), 1, 15)) AS INT64)`;
}

/**
 * Equal bit for bit, for every native type; NaN equals NaN. Of zeros there is one: no table holds −0 (docs: data types, floating point
 * semantics), and a float's text is as long as it takes.
 */
export function sameValue(a: string, b: string, c: Kind): string {
  if (c.type !== "json" && !isOther(c)) return `${a} IS NOT DISTINCT FROM ${b}`;
  return `${exactText(a, c)} IS NOT DISTINCT FROM ${exactText(b, c)}`;
}

const jsonPath = (path: readonly (string | number)[]): string =>
  `$${path.map((p) => (typeof p === "number" ? `[${p}]` : `."${p}"`)).join("")}`;

export const syntax: Syntax = {
  ident,
  literal,
  type,
  fromNative,
  now: () => "CURRENT_TIMESTAMP()",
  plusMs: (expr, ms) => `TIMESTAMP_ADD(${expr}, INTERVAL ${Math.round(ms)} MILLISECOND)`,
  rowHash,
  sumHash: (expr) => `IFNULL(SUM(CAST(${expr} AS BIGNUMERIC)), 0)`,
  countIf: (expr) => `COUNTIF(${expr})`,
  matches: (expr, pattern) => `REGEXP_CONTAINS(${expr}, ${text(pattern)})`,
  ageMs: (expr) => `TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), CAST(${expr} AS TIMESTAMP), MILLISECOND)`,
  nullSafeEq: (a, b, t) => sameValue(a, b, { type: t, native: bare(t) }),
  // Each is NULL for what the other gives: values, and what is made of them.
  jsonText: (expr, path) => `IFNULL(JSON_VALUE(${expr}, ${text(jsonPath(path))}), JSON_QUERY(${expr}, ${text(jsonPath(path))}))`,
  hashVersion: "bigquery-md5hex15-1",
};
