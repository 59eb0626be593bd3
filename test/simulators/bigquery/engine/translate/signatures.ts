import { type Kind, type SqlType, types } from "../datatype.js";
import type { Token } from "../lex.js";
import { coerce } from "./coerce.js";
import type { Ex } from "./model.js";

/** Functions whose arguments and result have types that one line can tell. */
interface Signature {
  readonly params: readonly (Kind | "ANY")[];
  readonly variadic: boolean;
  readonly result: SqlType;
  readonly sql: (...args: string[]) => string;
}

const table = new Map<string, Signature[]>();

/** `NAME(A,B)->R`; a last parameter with `...` may come again. `A[]` is an array, as a result. */
function def(signature: string, sql: (...args: string[]) => string): void {
  const [, name = "", params = "", result = ""] = /^(\w+)\((.*)\)->(\S+)$/.exec(signature) ?? [];
  const list = params === "" ? [] : params.split(",");
  const variadic = list.at(-1)?.endsWith("...") === true;
  const kind = result.replace("[]", "") as Kind;
  const type = result.endsWith("[]") ? types.array({ kind }) : { kind };
  const all = table.get(name) ?? [];
  all.push({ params: list.map((p) => p.replace("...", "") as Kind), variadic, result: type, sql });
  table.set(name, all);
}

/** The call, if a signature fits; undefined: there is no such function; null: none fits. */
export function simple(name: string, args: readonly Ex[], at: Token): Ex | null | undefined {
  const all = table.get(name);
  if (!all) return undefined;
  // A signature without coercion goes first.
  for (const exact of [true, false]) {
    for (const s of all) {
      if (args.length < s.params.length || (args.length > s.params.length && !s.variadic)) continue;
      const made = args.map((a, k) => {
        const want = s.params[Math.min(k, s.params.length - 1)] as Kind | "ANY";
        if (want === "ANY" || a.type.kind === want) return a.untyped && want !== "ANY" ? coerce(a, { kind: want }, at) : a;
        return exact ? null : coerce(a, { kind: want }, at);
      });
      if (made.includes(null)) continue;
      return { sql: s.sql(...made.map((m) => (m as Ex).sql)), type: s.result };
    }
  }
  return null;
}

export const signaturesOf = (name: string): string =>
  (table.get(name) ?? []).map((s) => `${name}(${s.params.join(", ")}${s.variadic ? ", ..." : ""})`).join("; ");

const call =
  (fn: string) =>
  (...args: string[]): string =>
    `${fn}(${args.join(", ")})`;

// Texts and bytes
def("LENGTH(STRING)->INT64", (a) => `CAST(length(${a}) AS BIGINT)`);
def("LENGTH(BYTES)->INT64", (a) => `CAST(octet_length(${a}) AS BIGINT)`);
def("CHAR_LENGTH(STRING)->INT64", (a) => `CAST(length(${a}) AS BIGINT)`);
def("BYTE_LENGTH(STRING)->INT64", (a) => `CAST(strlen(${a}) AS BIGINT)`);
def("BYTE_LENGTH(BYTES)->INT64", (a) => `CAST(octet_length(${a}) AS BIGINT)`);
def("OCTET_LENGTH(STRING)->INT64", (a) => `CAST(strlen(${a}) AS BIGINT)`);
def("LOWER(STRING)->STRING", call("lower"));
def("UPPER(STRING)->STRING", call("upper"));
def("REVERSE(STRING)->STRING", call("reverse"));
def("TRIM(STRING)->STRING", call("trim"));
def("TRIM(STRING,STRING)->STRING", call("trim"));
def("LTRIM(STRING)->STRING", call("ltrim"));
def("LTRIM(STRING,STRING)->STRING", call("ltrim"));
def("RTRIM(STRING)->STRING", call("rtrim"));
def("RTRIM(STRING,STRING)->STRING", call("rtrim"));
def("STARTS_WITH(STRING,STRING)->BOOL", call("starts_with"));
def("ENDS_WITH(STRING,STRING)->BOOL", call("ends_with"));
def("CONTAINS_SUBSTR(STRING,STRING)->BOOL", (a, b) => `contains(lower(${a}), lower(${b}))`);
def("STRPOS(STRING,STRING)->INT64", (a, b) => `CAST(strpos(${a}, ${b}) AS BIGINT)`);
def("INSTR(STRING,STRING)->INT64", (a, b) => `CAST(strpos(${a}, ${b}) AS BIGINT)`);
def("REPLACE(STRING,STRING,STRING)->STRING", (a, b, c) => `CASE WHEN ${b} = '' THEN ${a} ELSE replace(${a}, ${b}, ${c}) END`);
def("REPEAT(STRING,INT64)->STRING", call("repeat"));
def("SUBSTR(STRING,INT64)->STRING", call("bq_from"));
def("SUBSTR(STRING,INT64,INT64)->STRING", call("bq_substr"));
def("SUBSTRING(STRING,INT64)->STRING", call("bq_from"));
def("SUBSTRING(STRING,INT64,INT64)->STRING", call("bq_substr"));
def("SUBSTR(BYTES,INT64)->BYTES", (a, b) => `array_slice(${a}, ${b}, octet_length(${a}))`);
def("SUBSTR(BYTES,INT64,INT64)->BYTES", (a, b, c) => `array_slice(${a}, ${b}, ${b} + ${c} - 1)`);
def("LEFT(STRING,INT64)->STRING", call("left"));
def("RIGHT(STRING,INT64)->STRING", call("right"));
def("LPAD(STRING,INT64)->STRING", (a, n) => `lpad(${a}, CAST(${n} AS INTEGER), ' ')`);
def("LPAD(STRING,INT64,STRING)->STRING", (a, n, c) => `lpad(${a}, CAST(${n} AS INTEGER), ${c})`);
def("RPAD(STRING,INT64)->STRING", (a, n) => `rpad(${a}, CAST(${n} AS INTEGER), ' ')`);
def("RPAD(STRING,INT64,STRING)->STRING", (a, n, c) => `rpad(${a}, CAST(${n} AS INTEGER), ${c})`);
def("SPLIT(STRING)->STRING[]", (a) => `str_split(${a}, ',')`);
def("SPLIT(STRING,STRING)->STRING[]", call("str_split"));
def("REGEXP_CONTAINS(STRING,STRING)->BOOL", call("regexp_matches"));
def("REGEXP_REPLACE(STRING,STRING,STRING)->STRING", (a, b, c) => `regexp_replace(${a}, ${b}, ${c}, 'g')`);
def(
  "REGEXP_EXTRACT(STRING,STRING)->STRING",
  (a, b) =>
    // The group, if there is one: what is left of escapes and `(?` shows it.
    `CASE WHEN regexp_matches(${a}, ${b}) THEN regexp_extract(${a}, ${b}, CASE WHEN contains(regexp_replace(${b}, '\\\\.|\\(\\?', '', 'g'), '(') THEN 1 ELSE 0 END) END`,
);
def("ASCII(STRING)->INT64", (a) => `CAST(CASE WHEN ${a} = '' THEN 0 ELSE ascii(${a}) END AS BIGINT)`);
def("CHR(INT64)->STRING", (a) => `chr(CAST(${a} AS INTEGER))`);
def("TO_HEX(BYTES)->STRING", (a) => `lower(hex(${a}))`);
def("FROM_HEX(STRING)->BYTES", call("bq_unhex"));
def("TO_BASE64(BYTES)->STRING", call("to_base64"));
def("FROM_BASE64(STRING)->BYTES", call("bq_base64"));
def("MD5(STRING)->BYTES", (a) => `unhex(md5(${a}))`);
def("MD5(BYTES)->BYTES", (a) => `unhex(md5(${a}))`);
def("SHA1(STRING)->BYTES", (a) => `unhex(sha1(${a}))`);
def("SHA1(BYTES)->BYTES", (a) => `unhex(sha1(${a}))`);
def("SHA256(STRING)->BYTES", (a) => `unhex(sha256(${a}))`);
def("SHA256(BYTES)->BYTES", (a) => `unhex(sha256(${a}))`);
def("FARM_FINGERPRINT(STRING)->INT64", (a) => `bq_farm(encode(${a}))`);
def("FARM_FINGERPRINT(BYTES)->INT64", call("bq_farm"));
def("SAFE_CONVERT_BYTES_TO_STRING(BYTES)->STRING", (a) => `TRY(decode(${a}))`);
def(
  "CODE_POINTS_TO_STRING(ARRAY)->STRING",
  (a) => `array_to_string(list_transform(${a}, lambda bqv: chr(CAST(bqv AS INTEGER))), '')`,
);
def("NORMALIZE(STRING)->STRING", call("nfc_normalize"));
def("GENERATE_UUID()->STRING", () => "CAST(uuid() AS VARCHAR)");
def("RAND()->FLOAT64", () => "random()");

// Numbers
def("SIGN(INT64)->INT64", (a) => `CAST(sign(${a}) AS BIGINT)`);
def("SIGN(NUMERIC)->NUMERIC", (a) => `CAST(sign(${a}) AS DECIMAL(38,9))`);
def("SIGN(FLOAT64)->FLOAT64", (a) => `CAST(sign(${a}) AS DOUBLE)`);
def("IS_NAN(FLOAT64)->BOOL", call("isnan"));
def("IS_INF(FLOAT64)->BOOL", call("isinf"));
def("IEEE_DIVIDE(FLOAT64,FLOAT64)->FLOAT64", (a, b) => `(${a} / ${b})`);
def(
  "MOD(INT64,INT64)->INT64",
  (a, b) => `CASE WHEN ${b} = 0 THEN CAST(bq_fail('division by zero: MOD(' || ${a} || ', 0)') AS BIGINT) ELSE ${a} % ${b} END`,
);
def(
  "MOD(NUMERIC,NUMERIC)->NUMERIC",
  (a, b) =>
    `CASE WHEN ${b} = 0 THEN CAST(bq_fail('division by zero: MOD(' || ${a} || ', 0)') AS DECIMAL(38,9)) ELSE ${a} % ${b} END`,
);
def(
  "DIV(INT64,INT64)->INT64",
  (a, b) => `CASE WHEN ${b} = 0 THEN CAST(bq_fail('division by zero: ' || ${a} || ' / 0') AS BIGINT) ELSE ${a} // ${b} END`,
);
def("SAFE_ADD(INT64,INT64)->INT64", (a, b) => `TRY(${a} + ${b})`);
def("SAFE_SUBTRACT(INT64,INT64)->INT64", (a, b) => `TRY(${a} - ${b})`);
def("SAFE_MULTIPLY(INT64,INT64)->INT64", (a, b) => `TRY(${a} * ${b})`);
def("SQRT(FLOAT64)->FLOAT64", call("sqrt"));
def("POW(FLOAT64,FLOAT64)->FLOAT64", call("pow"));
def("POWER(FLOAT64,FLOAT64)->FLOAT64", call("pow"));
def("EXP(FLOAT64)->FLOAT64", call("exp"));
def("LN(FLOAT64)->FLOAT64", call("ln"));
def("LOG10(FLOAT64)->FLOAT64", call("log10"));
for (const [name, fn] of [
  ["ROUND", "round"],
  ["TRUNC", "trunc"],
  ["CEIL", "ceil"],
  ["CEILING", "ceil"],
  ["FLOOR", "floor"],
] as const) {
  def(`${name}(INT64)->FLOAT64`, (a) => `CAST(${a} AS DOUBLE)`);
  def(`${name}(NUMERIC)->NUMERIC`, (a) => `CAST(${fn}(${a}) AS DECIMAL(38,9))`);
  def(`${name}(FLOAT64)->FLOAT64`, (a) => `${fn}(${a})`);
}
def("ROUND(NUMERIC,INT64)->NUMERIC", (a, n) => `CAST(round(${a}, CAST(${n} AS INTEGER)) AS DECIMAL(38,9))`);
def("ROUND(FLOAT64,INT64)->FLOAT64", (a, n) => `round(${a}, CAST(${n} AS INTEGER))`);
def("BIT_COUNT(INT64)->INT64", (a) => `CAST(bit_count(${a}) AS BIGINT)`);

// Dates and times
def("UNIX_MICROS(TIMESTAMP)->INT64", call("epoch_us"));
def("UNIX_MILLIS(TIMESTAMP)->INT64", (a) => `CAST(floor(epoch_us(${a}) / 1000.0) AS BIGINT)`);
def("UNIX_SECONDS(TIMESTAMP)->INT64", (a) => `CAST(floor(epoch_us(${a}) / 1000000.0) AS BIGINT)`);
def("UNIX_DATE(DATE)->INT64", (a) => `CAST(${a} - DATE '1970-01-01' AS BIGINT)`);
def("TIMESTAMP_MICROS(INT64)->TIMESTAMP", (a) => `bq_range(make_timestamp(${a}))`);
def("TIMESTAMP_MILLIS(INT64)->TIMESTAMP", (a) => `bq_range(make_timestamp(${a} * 1000))`);
def("TIMESTAMP_SECONDS(INT64)->TIMESTAMP", (a) => `bq_range(make_timestamp(${a} * 1000000))`);
def("DATE_FROM_UNIX_DATE(INT64)->DATE", (a) => `(DATE '1970-01-01' + CAST(${a} AS INTEGER))`);
def("LAST_DAY(DATE)->DATE", call("last_day"));
const zoned = (a: string, z: string) => `make_timestamp(epoch_us(${a}) + bq_ahead(epoch_us(${a}), ${z}))`;
const unzoned = (a: string, z: string) => `make_timestamp(epoch_us(${a}) - bq_ahead(epoch_us(${a}), ${z}))`;
def("DATE(TIMESTAMP)->DATE", (a) => `CAST(${a} AS DATE)`);
def("DATE(DATETIME)->DATE", (a) => `CAST(${a} AS DATE)`);
def("DATE(DATE)->DATE", (a) => a);
def("DATE(TIMESTAMP,STRING)->DATE", (a, z) => `CAST(${zoned(a, z)} AS DATE)`);
def("DATE(INT64,INT64,INT64)->DATE", call("make_date"));
def("DATETIME(TIMESTAMP)->DATETIME", (a) => a);
def("DATETIME(DATE)->DATETIME", (a) => `CAST(${a} AS TIMESTAMP)`);
def("DATETIME(DATE,TIME)->DATETIME", (a, b) => `(${a} + ${b})`);
def("DATETIME(TIMESTAMP,STRING)->DATETIME", zoned);
def("DATETIME(INT64,INT64,INT64,INT64,INT64,INT64)->DATETIME", call("make_timestamp"));
def("TIMESTAMP(STRING)->TIMESTAMP", (a) => `make_timestamp(bq_timestamp(${a}))`);
def("TIMESTAMP(STRING,STRING)->TIMESTAMP", (a, z) => unzoned(`make_timestamp(bq_datetime(${a}))`, z));
def("TIMESTAMP(DATE)->TIMESTAMP", (a) => `CAST(${a} AS TIMESTAMP)`);
def("TIMESTAMP(DATETIME)->TIMESTAMP", (a) => a);
def("TIMESTAMP(TIMESTAMP)->TIMESTAMP", (a) => a);
def("TIMESTAMP(DATETIME,STRING)->TIMESTAMP", unzoned);
def("TIME(TIMESTAMP)->TIME", (a) => `CAST(${a} AS TIME)`);
def("TIME(DATETIME)->TIME", (a) => `CAST(${a} AS TIME)`);
def("TIME(INT64,INT64,INT64)->TIME", call("make_time"));
def("STRING(TIMESTAMP)->STRING", (a) => `(bq_dt(${a}, ' ') || '+00')`);
def(
  "STRING(JSON)->STRING",
  (a) =>
    `CASE WHEN bq_json_type(${a}) = 'string' THEN bq_json_value(${a}, '$') ELSE bq_fail('The provided JSON input is not a string') END`,
);
def("STRING(DATE)->STRING", (a) => `CAST(${a} AS VARCHAR)`);
def("FORMAT_TIMESTAMP(STRING,TIMESTAMP)->STRING", (f, a) => `bq_format(${f}, epoch_us(${a}))`);
def("FORMAT_TIMESTAMP(STRING,TIMESTAMP,STRING)->STRING", (f, a, z) => `bq_format(${f}, epoch_us(${zoned(a, z)}))`);
def("FORMAT_DATETIME(STRING,DATETIME)->STRING", (f, a) => `bq_format(${f}, epoch_us(${a}))`);
def("FORMAT_DATE(STRING,DATE)->STRING", (f, a) => `bq_format(${f}, epoch_us(${a}))`);
def("FORMAT_TIME(STRING,TIME)->STRING", (f, a) => `bq_format(${f}, epoch_us(${a}))`);
def("PARSE_TIMESTAMP(STRING,STRING)->TIMESTAMP", (f, a) => `make_timestamp(bq_parse(${f}, ${a}))`);
def("PARSE_DATETIME(STRING,STRING)->DATETIME", (f, a) => `make_timestamp(bq_parse(${f}, ${a}))`);
def("PARSE_DATE(STRING,STRING)->DATE", (f, a) => `CAST(make_timestamp(bq_parse(${f}, ${a})) AS DATE)`);
def("PARSE_TIME(STRING,STRING)->TIME", (f, a) => `CAST(make_timestamp(bq_parse(${f}, ${a})) AS TIME)`);

// JSON
for (const [name, fn] of [
  ["JSON_VALUE", "bq_json_value"],
  ["JSON_EXTRACT_SCALAR", "bq_json_value"],
] as const) {
  for (const kind of ["STRING", "JSON"]) {
    def(`${name}(${kind})->STRING`, (a) => `${fn}(${a}, '$')`);
    def(`${name}(${kind},STRING)->STRING`, call(fn));
  }
}
for (const name of ["JSON_QUERY", "JSON_EXTRACT"]) {
  def(`${name}(STRING)->STRING`, (a) => `bq_json_query(${a}, '$')`);
  def(`${name}(STRING,STRING)->STRING`, call("bq_json_query"));
  def(`${name}(JSON)->JSON`, (a) => a);
  def(`${name}(JSON,STRING)->JSON`, call("bq_json_member"));
}
const items = (a: string, p: string, values: boolean) =>
  `CAST(from_json(bq_json_items(${a}, ${p}, ${values}), '["VARCHAR"]') AS VARCHAR[])`;
for (const [name, values] of [
  ["JSON_VALUE_ARRAY", true],
  ["JSON_EXTRACT_STRING_ARRAY", true],
  ["JSON_QUERY_ARRAY", false],
  ["JSON_EXTRACT_ARRAY", false],
] as const) {
  for (const kind of ["STRING", "JSON"]) {
    const result = values || kind === "STRING" ? "STRING[]" : "JSON[]";
    def(`${name}(${kind})->${result}`, (a) => items(a, "'$'", values));
    def(`${name}(${kind},STRING)->${result}`, (a, p) => items(a, p, values));
  }
}
def("PARSE_JSON(STRING)->JSON", (a) => `bq_json(${a}, 'exact')`);
def("JSON_TYPE(JSON)->STRING", call("bq_json_type"));
def("INT64(JSON)->INT64", (a) => `bq_int(bq_json_value(${a}, '$'))`);
def("FLOAT64(JSON)->FLOAT64", (a) => `bq_float(bq_json_value(${a}, '$'))`);
def("BOOL(JSON)->BOOL", (a) => `bq_bool(bq_json_value(${a}, '$'))`);

// Geography, as text alone
def("ST_ASTEXT(GEOGRAPHY)->STRING", (a) => a);
def("ST_GEOGFROMTEXT(STRING)->GEOGRAPHY", (a) => a);
def("ST_GEOGPOINT(FLOAT64,FLOAT64)->GEOGRAPHY", (a, b) => `('POINT(' || bq_double(${a}) || ' ' || bq_double(${b}) || ')')`);
