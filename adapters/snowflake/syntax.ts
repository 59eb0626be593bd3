import { type ColumnShape, type ColumnType, CutoverError, decimalOf, type Syntax, type TypedValue } from "cutover/adapter";
import { capabilities } from "./capabilities.js";
import { asText } from "./encode.js";
import { fault } from "./errors.js";

/** A text literal. In Snowflake's quotes a backslash begins an escape. */
export const text = (value: string): string => `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;

/**
 * Native words of the canonical types. INT64 is NUMBER(19,0) and not (38,0), so that it is told from decimal(38,0). An instant
 * is LTZ: TZ keeps an offset beside it, by which equal instants would differ.
 */
const natives: Readonly<Record<string, string>> = {
  int64: "NUMBER(19,0)",
  float64: "FLOAT",
  string: "VARCHAR",
  bool: "BOOLEAN",
  date: "DATE",
  time: "TIME(6)",
  timestamp: "TIMESTAMP_LTZ(6)",
  datetime: "TIMESTAMP_NTZ(6)",
  bytes: "BINARY",
  json: "VARIANT",
};
const canonicals: Readonly<Record<string, ColumnType>> = {
  FLOAT: "float64",
  VARCHAR: "string",
  BOOLEAN: "bool",
  DATE: "date",
  TIME: "time",
  TIMESTAMP_LTZ: "timestamp",
  TIMESTAMP_TZ: "timestamp",
  TIMESTAMP_NTZ: "datetime",
  BINARY: "bytes",
  VARIANT: "json",
  OBJECT: "json",
  ARRAY: "json",
};

/** The canonical type of a native one, as `describe` writes it; null for GEOGRAPHY, VECTOR, MAP and structured types. */
export function fromNative(native: string): ColumnType | null {
  const number = /^NUMBER\((\d+),\s*(\d+)\)$/.exec(native);
  if (number === null) return canonicals[native.replace(/\(\d+\)$/, "")] ?? null;
  const [precision, scale] = [Number(number[1]), Number(number[2])];
  return scale === 0 && precision <= 19 ? "int64" : `decimal(${precision},${scale})`;
}

/** Of NUMBER (docs: data types, numeric). */
const MAX_SCALE = 37;

function type(t: ColumnType): string {
  const decimal = decimalOf(t);
  if (decimal === null) return natives[t] as string;
  if (decimal.scale <= MAX_SCALE) return `NUMBER(${decimal.precision},${decimal.scale})`;
  throw new CutoverError(
    "UNSUPPORTED",
    `Snowflake holds ${MAX_SCALE} digits behind the point, not the ${decimal.scale} of ${t}`,
    {
      capability: t,
      alternative: `decimal(${decimal.precision},${MAX_SCALE}), or string`,
    },
  );
}

/** An expression of text as a value of a native type, exactly: for text in the form that `asText` writes. */
export function fromText(expr: string, native: string): string {
  if (native === "VARCHAR") return expr;
  if (native === "VARIANT") return `PARSE_JSON(${expr})`;
  if (native === "OBJECT" || native === "ARRAY") return `CAST(PARSE_JSON(${expr}) AS ${native})`;
  if (native.startsWith("BINARY")) return `TO_BINARY(${expr}, 'HEX')`;
  return `CAST(${expr} AS ${native})`;
}

function literal({ value, type: t }: TypedValue): string {
  const written = asText(value, t);
  if (written === null) return `CAST(NULL AS ${type(t)})`;
  if (t === "string") return text(written);
  if (t === "bool") return written.toUpperCase();
  // Bare, as it stands in a column's default too.
  if (t === "int64") return written;
  return fromText(text(written), type(t));
}

const { maxBytes } = capabilities.identifiers;
function ident(path: readonly string[]): string {
  const long = path.find((name) => [...name].length > maxBytes);
  if (long !== undefined)
    throw fault("unsupported", `the name "${long}" is longer than ${maxBytes} characters`, "Use a shorter name.");
  return path.map((name) => `"${name.replaceAll('"', '""')}"`).join(".");
}

/**
 * The exact text of a float: by itself the service writes 13 digits or so. TME writes as many as it takes; it has no word for
 * NaN and the infinities. −0 is known by its angle.
 */
export const floatText = (expr: string): string =>
  `CASE WHEN ${expr} = 0 THEN IFF(ATAN2(${expr}, -1) < 0, '-0', '0') WHEN ${expr} IN (CAST('NaN' AS FLOAT), CAST('inf' AS FLOAT), CAST('-inf' AS FLOAT)) THEN TO_VARCHAR(${expr}) ELSE TO_VARCHAR(${expr}, 'TME') END`;

const WORD_JOINER = "\u2060";
/**
 * The name of a result's column as the driver can bear it: "constructor" and its like break it (snowflake-sdk:
 * connection/result/result.js keeps the columns of each name in a plain object).
 */
export const resultName = (name: string): string => (name in Object.prototype ? name + WORD_JOINER : name);
export const ownName = (result: string): string => {
  const name = result.endsWith(WORD_JOINER) ? result.slice(0, -1) : result;
  return name in Object.prototype ? name : result;
};

/** A text for each value of a column, another for each other one, NULL for NULL; depends on no setting. */
function canonicalText(name: string, t: ColumnType): string {
  switch (t) {
    case "float64":
      return floatText(name);
    case "date":
      return `TO_VARCHAR(${name}, 'YYYY-MM-DD')`;
    case "time":
      return `TO_VARCHAR(${name}, 'HH24:MI:SS.FF9')`;
    case "datetime":
      return `TO_VARCHAR(${name}, 'YYYY-MM-DD HH24:MI:SS.FF9')`;
    case "timestamp":
      return `TO_VARCHAR(CONVERT_TIMEZONE('UTC', ${name}), 'YYYY-MM-DD HH24:MI:SS.FF9')`;
    case "bytes":
      return `'x' || HEX_ENCODE(${name})`;
    case "json":
      return `LENGTH(TO_JSON(${name})) || ':' || TO_JSON(${name})`;
    case "string":
      return `LENGTH(${name}) || ':' || ${name}`;
    default:
      return `TO_VARCHAR(${name})`;
  }
}

/**
 * One text a row, injective: `|` between the values, which either cannot hold one or say their length before; NULL is empty,
 * which no value is.
 */
function rowHash(columns: readonly ColumnShape[], alias?: string): string {
  const parts = columns.map((c) => `NVL(${canonicalText(ident(alias === undefined ? [c.name] : [alias, c.name]), c.type)}, '')`);
  return `MD5_NUMBER_LOWER64(${parts.length === 1 ? parts[0] : `CONCAT_WS('|', ${parts.join(", ")})`})`;
}

function nullSafeEq(a: string, b: string, t: ColumnType): string {
  if (t === "json") return `TO_JSON(${a}) IS NOT DISTINCT FROM TO_JSON(${b})`;
  const equal = `${a} IS NOT DISTINCT FROM ${b}`;
  // The service takes −0 for 0.
  return t === "float64" ? `(${equal} AND NVL(${a} <> 0 OR ATAN2(${a}, -1) = ATAN2(${b}, -1), TRUE))` : equal;
}

export const syntax: Syntax = {
  ident,
  literal,
  type,
  fromNative,
  now: () => "CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_LTZ(6))",
  plusMs: (expr, ms) => `DATEADD(MILLISECOND, ${Math.round(ms)}, ${expr})`,
  rowHash,
  sumHash: (expr) => `COALESCE(SUM(${expr}), 0)`,
  countIf: (expr) => `COUNT_IF(${expr})`,
  // REGEXP_LIKE is anchored at both ends; with `s` a dot takes line breaks too (docs: string functions, regular expressions).
  matches: (expr, pattern) => `REGEXP_LIKE(${expr}, ${text(`.*(${pattern}).*`)}, 's')`,
  // Sessions are in UTC.
  ageMs: (expr) => `DATEDIFF(MILLISECOND, CAST(${expr} AS TIMESTAMP_LTZ(6)), ${syntax.now()})`,
  nullSafeEq,
  // Elements by brackets, whose case counts (docs: querying semi-structured data).
  jsonText: (expr, path) =>
    `CAST(PARSE_JSON(${expr})${path.map((p) => (typeof p === "number" ? `[${p}]` : `[${text(p)}]`)).join("")} AS VARCHAR)`,
  hashVersion: "snowflake-md5lower64-1",
};
