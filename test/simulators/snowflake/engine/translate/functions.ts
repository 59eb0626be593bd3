import { type DataType, types } from "../datatype.js";
import { errors } from "../errors.js";
import { text } from "../names.js";
import { asJson, asText, cast, comparable, dateFormat, epoch, isDocument, unified, unifiedType, wallClock } from "./convert.js";
import { dateAdd, dateDiff, datePart, dateTrunc } from "./dates.js";
import type { Ctx, Expr } from "./model.js";

/** How a function of the service is said in DuckDB. Names and arguments from docs "All functions (alphabetical)". */
export interface Fn {
  readonly min: number;
  readonly max: number;
  readonly sql: (args: readonly Expr[], x: Ctx) => string;
  readonly type: (args: readonly Expr[]) => DataType | null;
  readonly kind: "scalar" | "aggregate" | "window";
}

type Sql = (args: readonly Expr[], x: Ctx) => string;
type Type = DataType | null | ((args: readonly Expr[]) => DataType | null);
const some = Number.POSITIVE_INFINITY;

const at = (args: readonly Expr[], k: number): Expr => args[k] as Expr;
const s = (args: readonly Expr[], k: number): string => at(args, k).sql();
const all = (args: readonly Expr[]): string => args.map((a) => a.sql()).join(", ");
const texts = (args: readonly Expr[]): string => args.map(asText).join(", ");
const typed = (type: Type) => (typeof type === "function" ? type : () => type);
const fn = (min: number, max: number, type: Type, sql: Sql): Fn => ({ min, max, sql, type: typed(type), kind: "scalar" });
const aggregate = (min: number, max: number, type: Type, sql: Sql): Fn => ({ ...fn(min, max, type, sql), kind: "aggregate" });
const over = (min: number, max: number, type: Type, sql: Sql): Fn => ({ ...fn(min, max, type, sql), kind: "window" });
const first: Type = (args) => args[0]?.type() ?? null;
const common: Type = (args) => unifiedType(args);
const integer = types.number();
const string = types.text();

/** A literal argument, as for formats and parts of dates. */
function literal(args: readonly Expr[], k: number): string {
  const value = args[k]?.constant;
  if (value === undefined) throw errors.unsupported(`non-constant argument ${args[k]?.text ?? ""}`);
  return value;
}

const binaryFormat = (args: readonly Expr[], k: number): string =>
  args[k] ? literal(args, k).toUpperCase().replace("-", "") : "HEX";

function toText(args: readonly Expr[]): string {
  const value = at(args, 0);
  if (!args[1]) return asText(value);
  if (value.type()?.name === "BINARY") {
    const format = binaryFormat(args, 1);
    if (format === "UTF8") return `decode(${value.sql()})`;
    return format === "BASE64" ? `base64(${value.sql()})` : `hex(${value.sql()})`;
  }
  const type = value.type()?.name ?? "";
  // docs "SQL format models", TME: all digits that the value needs, in scientific notation.
  if (literal(args, 1) === "TME") return `sf_tme(CAST(${value.sql()} AS DOUBLE))`;
  if (!/^(DATE|TIME)/.test(type)) throw errors.unsupported(`TO_CHAR of ${type || "an expression"} with a format`);
  const zoned = /TZH:?TZM/i.test(literal(args, 1));
  if (zoned && value.zone) throw errors.unsupported("the offset of CONVERT_TIMEZONE as text");
  const sql = type === "TIME" ? `(DATE '1970-01-01' + ${value.sql()})` : wallClock(value).sql();
  const made = `strftime(${sql}, ${dateFormat(literal(args, 1))})`;
  return zoned ? `regexp_replace(${made}, '([+-]\\d\\d)$', '\\1${literal(args, 1).includes(":TZM") ? ":" : ""}00')` : made;
}

function toBinary(args: readonly Expr[]): string {
  const format = binaryFormat(args, 1);
  if (at(args, 0).type()?.name === "BINARY") return s(args, 0);
  if (format === "UTF8") return `encode(${asText(at(args, 0))})`;
  return format === "BASE64" ? `from_base64(${asText(at(args, 0))})` : `unhex(${asText(at(args, 0))})`;
}

const toNumber =
  (attempt: boolean): Sql =>
  (args) => {
    const digits = args.slice(1).filter((a) => /^\d+$/.test(a.constant ?? ""));
    if (digits.length !== args.length - 1) throw errors.unsupported("TO_NUMBER with a format");
    return cast(at(args, 0), numberOf(args), attempt);
  };
const numberOf = (args: readonly Expr[]): DataType =>
  types.number(Number(args[1]?.constant ?? 38), Number(args[2]?.constant ?? 0));

const toStamp =
  (to: DataType, attempt: boolean): Sql =>
  (args) => {
    const value = at(args, 0);
    if (!args[1]) return cast(value, to, attempt);
    const second = literal(args, 1);
    if (/^\d+$/.test(second))
      return epoch(value.type()?.name === "TEXT" ? cast(value, integer) : value.sql(), Number(second), to);
    if (second.toUpperCase() === "AUTO") return cast(value, to, attempt);
    const made = `${attempt ? "try_strptime" : "strptime"}(${asText(value)}, ${dateFormat(second)})`;
    return `CAST(${made} AS ${to.name === "TIMESTAMP_NTZ" ? "TIMESTAMP" : to.name === "DATE" ? "DATE" : to.name === "TIME" ? "TIME" : "TIMESTAMPTZ"})`;
  };

/** Pairs of name and value as JSON text; names that are known are put in order here, others by the function. */
function object(args: readonly Expr[], keepNull: boolean): string {
  const pairs: { key: Expr; value: Expr }[] = [];
  for (let k = 0; k < args.length; k += 2) pairs.push({ key: at(args, k), value: at(args, k + 1) });
  const constant = pairs.every((p) => p.key.constant !== undefined);
  if (constant) pairs.sort((a, b) => ((a.key.constant ?? "") < (b.key.constant ?? "") ? -1 : 1));
  const parts = pairs.map(({ key, value }) => {
    const name = constant ? text(`${JSON.stringify(key.constant)}:`) : `CAST(to_json(${asText(key)}) AS VARCHAR) || ':'`;
    const pair = `${name} || ${asJson(value)}`;
    return keepNull ? `coalesce(${pair}, ${name} || 'null')` : pair;
  });
  if (parts.length === 0) return "CAST('{}' AS JSON)";
  const joined = `'{' || concat_ws(',', ${parts.join(", ")}) || '}'`;
  return `CAST(${constant ? joined : `sf_canonical(${joined})`} AS JSON)`;
}

const even = (args: readonly Expr[]): readonly Expr[] => {
  if (args.length % 2 !== 0) throw errors.fewArguments("OBJECT_CONSTRUCT", args.length + 1, args.length);
  return args;
};

const greatest =
  (name: string): Sql =>
  (args) =>
    `CASE WHEN ${args.map((a) => `${a.sql()} IS NULL`).join(" OR ")} THEN NULL ELSE ${name}(${all(args)}) END`;

export const functions: Readonly<Record<string, Fn>> = {
  // Conditional
  COALESCE: fn(2, some, common, (a) => `coalesce(${unified(a).join(", ")})`),
  NVL: fn(2, 2, common, (a) => `coalesce(${unified(a).join(", ")})`),
  IFNULL: fn(2, 2, common, (a) => `coalesce(${unified(a).join(", ")})`),
  NVL2: fn(
    3,
    3,
    (a) => unifiedType(a.slice(1)),
    (a) => `CASE WHEN ${s(a, 0)} IS NOT NULL THEN ${unified(a.slice(1)).join(" ELSE ")} END`,
  ),
  NULLIF: fn(2, 2, first, (a) => `nullif(${comparable(at(a, 0), at(a, 1)).join(", ")})`),
  IFF: fn(
    3,
    3,
    (a) => unifiedType(a.slice(1)),
    (a) => `CASE WHEN ${s(a, 0)} THEN ${unified(a.slice(1)).join(" ELSE ")} END`,
  ),
  ZEROIFNULL: fn(1, 1, first, (a) => `coalesce(${s(a, 0)}, 0)`),
  NULLIFZERO: fn(1, 1, first, (a) => `nullif(${s(a, 0)}, 0)`),
  EQUAL_NULL: fn(2, 2, types.boolean, (a) => `(${comparable(at(a, 0), at(a, 1)).join(" IS NOT DISTINCT FROM ")})`),
  GREATEST: fn(1, some, common, greatest("greatest")),
  LEAST: fn(1, some, common, greatest("least")),
  DECODE: fn(3, some, null, (a) => {
    let sql = "CASE";
    for (let k = 1; k + 1 < a.length; k += 2) sql += ` WHEN ${s(a, 0)} IS NOT DISTINCT FROM ${s(a, k)} THEN ${s(a, k + 1)}`;
    return `${sql}${a.length % 2 === 0 ? ` ELSE ${s(a, a.length - 1)}` : ""} END`;
  }),
  // Numbers
  ABS: fn(1, 1, first, (a) => `abs(${s(a, 0)})`),
  CEIL: fn(1, 1, first, (a) => `ceil(${s(a, 0)})`),
  FLOOR: fn(1, 1, first, (a) => `floor(${s(a, 0)})`),
  ROUND: fn(1, 2, null, (a) => `round(${all(a)})`),
  TRUNC: fn(1, 1, null, (a) => `trunc(${s(a, 0)})`),
  MOD: fn(2, 2, null, (a) => `(${s(a, 0)} % sf_nonzero(${s(a, 1)}))`),
  POWER: fn(2, 2, types.real, (a) => `pow(${all(a)})`),
  POW: fn(2, 2, types.real, (a) => `pow(${all(a)})`),
  ATAN2: fn(2, 2, types.real, (a) => `atan2(${s(a, 0)}, ${s(a, 1)})`),
  SQRT: fn(1, 1, types.real, (a) => `sqrt(${s(a, 0)})`),
  SIGN: fn(1, 1, integer, (a) => `sign(${s(a, 0)})`),
  LN: fn(1, 1, types.real, (a) => `ln(${s(a, 0)})`),
  EXP: fn(1, 1, types.real, (a) => `exp(${s(a, 0)})`),
  DIV0: fn(2, 2, null, (a) => `CASE WHEN ${s(a, 1)} = 0 THEN 0 ELSE ${s(a, 0)} / ${s(a, 1)} END`),
  BITXOR: fn(2, 2, integer, (a) => `xor(CAST(${s(a, 0)} AS HUGEINT), CAST(${s(a, 1)} AS HUGEINT))`),
  BITAND: fn(2, 2, integer, (a) => `(CAST(${s(a, 0)} AS HUGEINT) & CAST(${s(a, 1)} AS HUGEINT))`),
  BITOR: fn(2, 2, integer, (a) => `(CAST(${s(a, 0)} AS HUGEINT) | CAST(${s(a, 1)} AS HUGEINT))`),
  BITSHIFTLEFT: fn(2, 2, integer, (a) => `(CAST(${s(a, 0)} AS HUGEINT) << CAST(${s(a, 1)} AS INTEGER))`),
  BITSHIFTRIGHT: fn(2, 2, integer, (a) => `(CAST(${s(a, 0)} AS HUGEINT) >> CAST(${s(a, 1)} AS INTEGER))`),
  // The service's own hash is not published: equal values, equal hashes, no more.
  HASH: fn(1, some, types.number(19, 0), (a) => `sf_signed(hash(${all(a)}))`),
  RANDOM: fn(0, 1, types.number(19, 0), () => "CAST((random() - 0.5) * 18446744073709550000 AS HUGEINT)"),
  UNIFORM: fn(3, 3, integer, (a) => `(${s(a, 0)} + CAST(floor(random() * (${s(a, 1)} - ${s(a, 0)} + 1)) AS BIGINT))`),
  SEQ1: fn(0, 1, integer, () => "(row_number() OVER () - 1)"),
  SEQ2: fn(0, 1, integer, () => "(row_number() OVER () - 1)"),
  SEQ4: fn(0, 1, integer, () => "(row_number() OVER () - 1)"),
  SEQ8: fn(0, 1, integer, () => "(row_number() OVER () - 1)"),
  // Text
  LENGTH: fn(1, 1, integer, (a) =>
    at(a, 0).type()?.name === "BINARY" ? `octet_length(${s(a, 0)})` : `length(${asText(at(a, 0))})`,
  ),
  LEN: fn(1, 1, integer, (a) =>
    at(a, 0).type()?.name === "BINARY" ? `octet_length(${s(a, 0)})` : `length(${asText(at(a, 0))})`,
  ),
  OCTET_LENGTH: fn(1, 1, integer, (a) =>
    at(a, 0).type()?.name === "BINARY" ? `octet_length(${s(a, 0)})` : `strlen(${asText(at(a, 0))})`,
  ),
  UPPER: fn(1, 1, string, (a) => `upper(${texts(a)})`),
  LOWER: fn(1, 1, string, (a) => `lower(${texts(a)})`),
  TRIM: fn(1, 2, string, (a) => `trim(${texts(a)})`),
  LTRIM: fn(1, 2, string, (a) => `ltrim(${texts(a)})`),
  RTRIM: fn(1, 2, string, (a) => `rtrim(${texts(a)})`),
  LPAD: fn(3, 3, string, (a) => `lpad(${asText(at(a, 0))}, CAST(${s(a, 1)} AS INTEGER), ${asText(at(a, 2))})`),
  RPAD: fn(3, 3, string, (a) => `rpad(${asText(at(a, 0))}, CAST(${s(a, 1)} AS INTEGER), ${asText(at(a, 2))})`),
  REPLACE: fn(2, 3, string, (a) => `replace(${asText(at(a, 0))}, ${asText(at(a, 1))}, ${a[2] ? asText(a[2]) : "''"})`),
  REPEAT: fn(2, 2, string, (a) => `repeat(${asText(at(a, 0))}, CAST(${s(a, 1)} AS INTEGER))`),
  REVERSE: fn(1, 1, string, (a) => `reverse(${texts(a)})`),
  SUBSTR: fn(2, 3, string, (a) => substring(a)),
  SUBSTRING: fn(2, 3, string, (a) => substring(a)),
  LEFT: fn(2, 2, string, (a) => `left(${asText(at(a, 0))}, CAST(${s(a, 1)} AS BIGINT))`),
  RIGHT: fn(2, 2, string, (a) => `right(${asText(at(a, 0))}, CAST(${s(a, 1)} AS BIGINT))`),
  POSITION: fn(2, 2, integer, (a) => `strpos(${asText(at(a, 1))}, ${asText(at(a, 0))})`),
  CHARINDEX: fn(2, 2, integer, (a) => `strpos(${asText(at(a, 1))}, ${asText(at(a, 0))})`),
  SPLIT_PART: fn(3, 3, string, (a) => `sf_split_part(${asText(at(a, 0))}, ${asText(at(a, 1))}, CAST(${s(a, 2)} AS INTEGER))`),
  STARTSWITH: fn(2, 2, types.boolean, (a) => `starts_with(${texts(a)})`),
  ENDSWITH: fn(2, 2, types.boolean, (a) => `ends_with(${texts(a)})`),
  CONTAINS: fn(2, 2, types.boolean, (a) => `contains(${texts(a)})`),
  CONCAT: fn(
    1,
    some,
    (a) => (a[0]?.type()?.name === "BINARY" ? types.binary() : string),
    (a) => `(${joinable(a).join(" || ")})`,
  ),
  CONCAT_WS: fn(
    2,
    some,
    string,
    (a) => `CASE WHEN ${a.map((v) => `${v.sql()} IS NULL`).join(" OR ")} THEN NULL ELSE concat_ws(${texts(a)}) END`,
  ),
  CHR: fn(1, 1, string, (a) => `chr(CAST(${s(a, 0)} AS INTEGER))`),
  CHAR: fn(1, 1, string, (a) => `chr(CAST(${s(a, 0)} AS INTEGER))`),
  ASCII: fn(1, 1, integer, (a) => `ascii(${texts(a)})`),
  REGEXP_REPLACE: fn(
    2,
    3,
    string,
    (a) => `regexp_replace(${asText(at(a, 0))}, ${asText(at(a, 1))}, ${a[2] ? asText(a[2]) : "''"}, 'g')`,
  ),
  // docs "REGEXP_LIKE": both ends are anchored; `.` takes a line break with `s` only, `^` and `$` are those of the text.
  REGEXP_LIKE: fn(2, 3, types.boolean, (a) => {
    const flags = a[2] === undefined ? "" : literal(a, 2);
    if (!/^[cis]*$/.test(flags)) throw errors.unsupported(`REGEXP_LIKE with the parameters ${flags}`);
    return `regexp_full_match(${texts(a.slice(0, 2))}, '${flags.includes("s") ? "s" : "n"}${flags.replaceAll("s", "")}')`;
  }),
  UUID_STRING: fn(0, 0, string, () => "CAST(uuid() AS VARCHAR)"),
  // Binary and digests
  HEX_ENCODE: fn(1, 1, string, (a) => `hex(sf_bytes(${s(a, 0)}))`),
  HEX_DECODE_BINARY: fn(1, 1, types.binary(), (a) => `unhex(${texts(a)})`),
  HEX_DECODE_STRING: fn(1, 1, string, (a) => `decode(unhex(${texts(a)}))`),
  BASE64_ENCODE: fn(1, 1, string, (a) => `base64(sf_bytes(${s(a, 0)}))`),
  BASE64_DECODE_BINARY: fn(1, 1, types.binary(), (a) => `from_base64(${texts(a)})`),
  BASE64_DECODE_STRING: fn(1, 1, string, (a) => `decode(from_base64(${texts(a)}))`),
  MD5: fn(1, 1, types.text(32), (a) => `md5(${bytes(at(a, 0))})`),
  MD5_HEX: fn(1, 1, types.text(32), (a) => `md5(${bytes(at(a, 0))})`),
  MD5_BINARY: fn(1, 1, types.binary(), (a) => `unhex(md5(${bytes(at(a, 0))}))`),
  MD5_NUMBER_LOWER64: fn(1, 1, integer, (a) => `sf_md5_lower(${bytes(at(a, 0))})`),
  MD5_NUMBER_UPPER64: fn(1, 1, integer, (a) => `sf_md5_upper(${bytes(at(a, 0))})`),
  SHA1: fn(1, 1, types.text(40), (a) => `sha1(${bytes(at(a, 0))})`),
  SHA2: fn(1, 2, types.text(128), (a) => {
    if ((a[1]?.constant ?? "256") !== "256") throw errors.unsupported("SHA2 with other than 256 bits");
    return `sha256(${bytes(at(a, 0))})`;
  }),
  // Conversion
  TO_VARCHAR: fn(1, 2, string, toText),
  TO_CHAR: fn(1, 2, string, toText),
  TO_NUMBER: fn(1, 3, numberOf, toNumber(false)),
  TO_DECIMAL: fn(1, 3, numberOf, toNumber(false)),
  TO_NUMERIC: fn(1, 3, numberOf, toNumber(false)),
  TRY_TO_NUMBER: fn(1, 3, numberOf, toNumber(true)),
  TRY_TO_DECIMAL: fn(1, 3, numberOf, toNumber(true)),
  TO_DOUBLE: fn(1, 1, types.real, (a) => cast(at(a, 0), types.real)),
  TRY_TO_DOUBLE: fn(1, 1, types.real, (a) => cast(at(a, 0), types.real, true)),
  TO_BOOLEAN: fn(1, 1, types.boolean, (a) => cast(at(a, 0), types.boolean)),
  TRY_TO_BOOLEAN: fn(1, 1, types.boolean, (a) => cast(at(a, 0), types.boolean, true)),
  TO_BINARY: fn(1, 2, types.binary(), toBinary),
  TRY_TO_BINARY: fn(1, 2, types.binary(), (a) => `TRY(${toBinary(a)})`),
  TO_DATE: fn(1, 2, types.date, toStamp(types.date, false)),
  TRY_TO_DATE: fn(1, 2, types.date, toStamp(types.date, true)),
  DATE: fn(1, 2, types.date, toStamp(types.date, false)),
  TO_TIME: fn(1, 2, types.time(), toStamp(types.time(), false)),
  TIME: fn(1, 2, types.time(), toStamp(types.time(), false)),
  TRY_TO_TIME: fn(1, 2, types.time(), toStamp(types.time(), true)),
  TO_TIMESTAMP: fn(1, 2, types.ntz(), toStamp(types.ntz(), false)),
  TO_TIMESTAMP_NTZ: fn(1, 2, types.ntz(), toStamp(types.ntz(), false)),
  TO_TIMESTAMP_LTZ: fn(1, 2, types.ltz(), toStamp(types.ltz(), false)),
  TO_TIMESTAMP_TZ: fn(1, 2, types.tz(), toStamp(types.tz(), false)),
  TRY_TO_TIMESTAMP: fn(1, 2, types.ntz(), toStamp(types.ntz(), true)),
  TRY_TO_TIMESTAMP_NTZ: fn(1, 2, types.ntz(), toStamp(types.ntz(), true)),
  TRY_TO_TIMESTAMP_LTZ: fn(1, 2, types.ltz(), toStamp(types.ltz(), true)),
  TRY_TO_TIMESTAMP_TZ: fn(1, 2, types.tz(), toStamp(types.tz(), true)),
  // Semi-structured
  PARSE_JSON: fn(1, 1, types.variant, (a) => (isDocument(at(a, 0).type()) ? s(a, 0) : `CAST(sf_canonical(${texts(a)}) AS JSON)`)),
  TRY_PARSE_JSON: fn(1, 1, types.variant, (a) => `CAST(sf_try_canonical(${texts(a)}) AS JSON)`),
  CHECK_JSON: fn(
    1,
    1,
    string,
    (a) => `CASE WHEN sf_try_canonical(${texts(a)}) IS NULL AND trim(${texts(a)}) <> '' THEN 'invalid JSON' END`,
  ),
  TO_JSON: fn(1, 1, string, (a) => `sf_json_text(${asJson(at(a, 0))})`),
  TO_VARIANT: fn(1, 1, types.variant, (a) => cast(at(a, 0), types.variant)),
  TO_OBJECT: fn(1, 1, types.object, (a) => s(a, 0)),
  TO_ARRAY: fn(1, 1, types.array, (a) => s(a, 0)),
  OBJECT_CONSTRUCT: fn(0, some, types.object, (a) => object(even(a), false)),
  OBJECT_CONSTRUCT_KEEP_NULL: fn(0, some, types.object, (a) => object(even(a), true)),
  ARRAY_CONSTRUCT: fn(0, some, types.array, (a) =>
    a.length === 0
      ? "CAST('[]' AS JSON)"
      : `CAST('[' || ${a.map((v) => `coalesce(${asJson(v)}, 'null')`).join(" || ',' || ")} || ']' AS JSON)`,
  ),
  ARRAY_SIZE: fn(1, 1, integer, (a) => `json_array_length(${s(a, 0)})`),
  OBJECT_KEYS: fn(1, 1, types.array, (a) => `to_json(json_keys(${s(a, 0)}))`),
  GET: fn(2, 2, types.variant, (a) => element(a)),
  GET_IGNORE_CASE: fn(
    2,
    2,
    types.variant,
    (a) => `CAST(sf_get_ignore_case(CAST(${s(a, 0)} AS VARCHAR), ${asText(at(a, 1))}) AS JSON)`,
  ),
  GET_PATH: fn(2, 2, types.variant, (a) => `json_extract(${s(a, 0)}, ${text(`$.${literal(a, 1)}`)})`),
  TYPEOF: fn(
    1,
    1,
    string,
    (a) =>
      `CASE json_type(${s(a, 0)}) WHEN 'VARCHAR' THEN 'VARCHAR' WHEN 'NULL' THEN 'NULL_VALUE' WHEN 'UBIGINT' THEN 'INTEGER' WHEN 'BIGINT' THEN 'INTEGER' WHEN 'DOUBLE' THEN 'DECIMAL' ELSE json_type(${s(a, 0)}) END`,
  ),
  IS_NULL_VALUE: fn(1, 1, types.boolean, (a) => `(CAST(${s(a, 0)} AS VARCHAR) = 'null')`),
  // Dates and times
  DATEADD: fn(
    3,
    3,
    (a) => dateAdd(a).type,
    (a) => dateAdd(a).sql,
  ),
  TIMESTAMPADD: fn(
    3,
    3,
    (a) => dateAdd(a).type,
    (a) => dateAdd(a).sql,
  ),
  TIMEADD: fn(
    3,
    3,
    (a) => dateAdd(a).type,
    (a) => dateAdd(a).sql,
  ),
  DATEDIFF: fn(3, 3, integer, (a) => dateDiff(a)),
  TIMESTAMPDIFF: fn(3, 3, integer, (a) => dateDiff(a)),
  DATE_PART: fn(2, 2, integer, (a) => datePart(a)),
  DATE_TRUNC: fn(
    2,
    2,
    (a) => a[1]?.type() ?? null,
    (a) => dateTrunc(a),
  ),
  YEAR: fn(1, 1, integer, (a) => `year(${s(a, 0)})`),
  MONTH: fn(1, 1, integer, (a) => `month(${s(a, 0)})`),
  DAY: fn(1, 1, integer, (a) => `day(${s(a, 0)})`),
  HOUR: fn(1, 1, integer, (a) => `hour(${s(a, 0)})`),
  MINUTE: fn(1, 1, integer, (a) => `minute(${s(a, 0)})`),
  SECOND: fn(1, 1, integer, (a) => `second(${s(a, 0)})`),
  LAST_DAY: fn(1, 1, types.date, (a) => `last_day(${s(a, 0)})`),
  CURRENT_TIMESTAMP: fn(0, 1, types.ltz(), (_, x) => `make_timestamptz(${x.env.nowMicros()})`),
  LOCALTIMESTAMP: fn(0, 1, types.ltz(), (_, x) => `make_timestamptz(${x.env.nowMicros()})`),
  GETDATE: fn(0, 0, types.ltz(), (_, x) => `make_timestamptz(${x.env.nowMicros()})`),
  SYSTIMESTAMP: fn(0, 0, types.ltz(), (_, x) => `make_timestamptz(${x.env.nowMicros()})`),
  SYSDATE: fn(0, 0, types.ntz(), (_, x) => `make_timestamp(${x.env.nowMicros()})`),
  CURRENT_DATE: fn(0, 0, types.date, (_, x) => `CAST(make_timestamptz(${x.env.nowMicros()}) AS DATE)`),
  CURRENT_TIME: fn(0, 1, types.time(), (_, x) => `CAST(make_timestamptz(${x.env.nowMicros()}) AS TIME)`),
  CONVERT_TIMEZONE: fn(
    2,
    3,
    (a) => (a[2] ? types.ntz() : types.tz()),
    (a) => (a[2] ? `((${cast(a[2], types.ntz())} AT TIME ZONE ${s(a, 0)}) AT TIME ZONE ${s(a, 1)})` : cast(at(a, 1), types.tz())),
  ),
  // Aggregates
  COUNT: aggregate(1, some, types.number(18, 0), (a) =>
    a.length === 1 ? `count(${s(a, 0)})` : `count(CASE WHEN ${a.map((v) => `${v.sql()} IS NOT NULL`).join(" AND ")} THEN 1 END)`,
  ),
  // NULL for no rows, as SUM(IFF(…)) would be, is not the service's answer: docs "COUNT_IF" counts, so zero.
  COUNT_IF: aggregate(1, 1, types.number(18, 0), (a) => `count(CASE WHEN ${s(a, 0)} THEN 1 END)`),
  SUM: aggregate(1, 1, null, (a) => `sum(${numeric(at(a, 0))})`),
  AVG: aggregate(1, 1, null, (a) => `avg(${numeric(at(a, 0))})`),
  MIN: aggregate(1, 1, first, (a) => `min(${s(a, 0)})`),
  MAX: aggregate(1, 1, first, (a) => `max(${s(a, 0)})`),
  MIN_BY: aggregate(2, 2, first, (a) => `arg_min(${all(a)})`),
  MAX_BY: aggregate(2, 2, first, (a) => `arg_max(${all(a)})`),
  ANY_VALUE: aggregate(1, 1, first, (a) => `any_value(${s(a, 0)})`),
  MEDIAN: aggregate(1, 1, null, (a) => `median(${s(a, 0)})`),
  STDDEV: aggregate(1, 1, types.real, (a) => `stddev(${s(a, 0)})`),
  VARIANCE: aggregate(1, 1, types.real, (a) => `variance(${s(a, 0)})`),
  APPROX_COUNT_DISTINCT: aggregate(1, 1, integer, (a) => `approx_count_distinct(${s(a, 0)})`),
  BOOLOR_AGG: aggregate(1, 1, types.boolean, (a) => `bool_or(CAST(${s(a, 0)} AS BOOLEAN))`),
  BOOLAND_AGG: aggregate(1, 1, types.boolean, (a) => `bool_and(CAST(${s(a, 0)} AS BOOLEAN))`),
  BITXOR_AGG: aggregate(1, 1, integer, (a) => `bit_xor(CAST(${s(a, 0)} AS HUGEINT))`),
  LISTAGG: aggregate(1, 2, string, (a) => `coalesce(string_agg(${asText(at(a, 0))}, ${a[1] ? asText(a[1]) : "''"}), '')`),
  ARRAY_AGG: aggregate(
    1,
    1,
    types.array,
    (a) => `coalesce(to_json(list(${s(a, 0)}) FILTER (WHERE ${s(a, 0)} IS NOT NULL)), CAST('[]' AS JSON))`,
  ),
  OBJECT_AGG: aggregate(
    2,
    2,
    types.object,
    (a) =>
      `CAST(sf_canonical('{' || coalesce(string_agg(CAST(to_json(${asText(at(a, 0))}) AS VARCHAR) || ':' || ${asJson(at(a, 1))}, ','), '') || '}') AS JSON)`,
  ),
  HASH_AGG: aggregate(1, some, types.number(19, 0), (a) => `sf_hash_agg(hash(${all(a)}))`),
  // Windows
  ROW_NUMBER: over(0, 0, types.number(18, 0), () => "row_number()"),
  RANK: over(0, 0, types.number(18, 0), () => "rank()"),
  DENSE_RANK: over(0, 0, types.number(18, 0), () => "dense_rank()"),
  NTILE: over(1, 1, types.number(18, 0), (a) => `ntile(${s(a, 0)})`),
  LAG: over(1, 3, first, (a) => `lag(${all(a)})`),
  LEAD: over(1, 3, first, (a) => `lead(${all(a)})`),
  FIRST_VALUE: over(1, 1, first, (a) => `first_value(${s(a, 0)})`),
  LAST_VALUE: over(1, 1, first, (a) => `last_value(${s(a, 0)})`),
};

function bytes(e: Expr): string {
  return e.type()?.name === "BINARY" ? e.sql() : e.type() ? `encode(${asText(e)})` : `sf_bytes(${e.sql()})`;
}

function substring(a: readonly Expr[]): string {
  const bounds = a.slice(1).map((v) => `CAST(${v.sql()} AS BIGINT)`);
  const binary = at(a, 0).type()?.name === "BINARY";
  return binary
    ? `unhex(substr(hex(${s(a, 0)}), ${bounds[0]} * 2 - 1${bounds[1] ? `, ${bounds[1]} * 2` : ""}))`
    : `substr(${[asText(at(a, 0)), ...bounds].join(", ")})`;
}

function joinable(a: readonly Expr[]): string[] {
  return a.every((v) => v.type()?.name === "BINARY") ? a.map((v) => v.sql()) : a.map(asText);
}

function numeric(e: Expr): string {
  const type = e.type();
  if (type?.name === "TEXT" || isDocument(type)) return cast(e, types.real);
  return type?.name === "BOOLEAN" ? `CAST(${e.sql()} AS INTEGER)` : e.sql();
}

function element(a: readonly Expr[]): string {
  const key = at(a, 1).constant;
  if (key === undefined) return `CAST(sf_get(CAST(${s(a, 0)} AS VARCHAR), ${asText(at(a, 1))}) AS JSON)`;
  return `sf_step(${s(a, 0)}, ${text(/^\d+$/.test(key) ? `$[${key}]` : `$.${JSON.stringify(key)}`)}, ${text(key)})`;
}
