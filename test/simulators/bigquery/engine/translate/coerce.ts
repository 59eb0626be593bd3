import { bare, held, type SqlType, same, shown, type Value } from "../datatype.js";
import { bigScaled, bigText } from "../decimals.js";
import { invalid, runtime } from "../errors.js";
import type { Token } from "../lex.js";
import { clockText, dateText, parseDate, parseDatetime, parseTime, parseTimestamp, stampText } from "../temporal.js";
import { decimalText, literal } from "../values.js";
import type { Ex } from "./model.js";
import { once } from "./once.js";

const order: Readonly<Record<string, number>> = { INT64: 0, NUMERIC: 1, BIGNUMERIC: 2, FLOAT64: 3 };
export const isNumber = (t: SqlType): boolean => t.kind in order;
const temporal = new Set(["DATE", "DATETIME", "TIME", "TIMESTAMP"]);

/** A text as a value of a type; undefined: it is none. */
export function parseLiteral(text: string, type: SqlType): Value | undefined {
  switch (type.kind) {
    case "DATE": {
      const days = parseDate(text);
      return days === null ? undefined : dateText(days);
    }
    case "TIME": {
      const micros = parseTime(text);
      return micros === null ? undefined : clockText(micros);
    }
    case "DATETIME": {
      const micros = parseDatetime(text);
      return micros === null ? undefined : stampText(micros);
    }
    case "TIMESTAMP":
      return parseTimestamp(text) ?? undefined;
    case "NUMERIC":
    case "BIGNUMERIC":
      return fits(text, type.kind) ? decimalText(plainDecimal(text)) : undefined;
    default:
      return text;
  }
}

const plainDecimal = (text: string): string => bigText(bigScaled(text) ?? "0");

/** Literals are not rounded: all digits must have room. */
function fits(text: string, kind: "NUMERIC" | "BIGNUMERIC"): boolean {
  const scaled = bigScaled(text);
  if (scaled === null) return false;
  const behind = (/\.(\d*)/.exec(text)?.[1] ?? "").replace(/0+$/, "").length;
  if (kind === "BIGNUMERIC") return behind <= 38;
  return behind <= 9 && BigInt(scaled) % 10n ** 29n === 0n && scaled.replace("-", "").length <= 67;
}

export const constantEx = (value: Value, type: SqlType): Ex => ({ sql: literal(value, type), type, constant: value });

/** Whether an expression becomes a value of the type by itself (docs "Conversion rules": coercion, literal and parameter coercion). */
export function coercible(e: Ex, to: SqlType): boolean {
  const from = e.type;
  if (e.untyped || same(from, to)) return true;
  if (isNumber(from) && isNumber(to)) {
    if ((order[from.kind] ?? 0) < (order[to.kind] ?? 0)) return true;
    return e.constant !== undefined && from.kind === "FLOAT64" && (to.kind === "NUMERIC" || to.kind === "BIGNUMERIC");
  }
  if (from.kind === "STRING" && typeof e.constant === "string" && temporal.has(to.kind)) return true;
  if (from.kind === "DATE" && to.kind === "DATETIME") return true;
  if (from.kind === "ARRAY" && to.kind === "ARRAY" && isEmptyArray(e)) return true;
  if (from.kind === "STRUCT" && to.kind === "STRUCT") {
    const [a, b] = [from.fields ?? [], to.fields ?? []];
    return a.length === b.length && a.every((f, k) => coercible({ sql: "", type: f.type }, b[k]?.type as SqlType));
  }
  return false;
}

export const isEmptyArray = (e: Ex): boolean => Array.isArray(e.constant) && e.constant.length === 0;

/** The expression as a value of the type; null: it does not become one by itself. */
export function coerce(e: Ex, to: SqlType, at: Token): Ex | null {
  if (!coercible(e, to)) return null;
  if (e.untyped) return { ...e, sql: `CAST(${e.sql} AS ${held(to)})`, type: bare(to) };
  if (e.type.kind === "STRING" && temporal.has(to.kind)) {
    const value = parseLiteral(String(e.constant), to);
    if (value === undefined) throw invalid(`Could not cast literal ${JSON.stringify(e.constant)} to type ${to.kind}`, at);
    return constantEx(value, to);
  }
  if (same(e.type, to)) return e;
  return convert(e, to, at);
}

/** The type that several expressions have in common; null: none. */
export function common(all: readonly Ex[]): SqlType | null {
  const typed = all.filter((e) => !e.untyped && !isEmptyArray(e));
  if (typed.length === 0) return (all.find((e) => !e.untyped) ?? all[0])?.type ?? null;
  const firm = typed.filter((e) => e.constant === undefined);
  const candidates = [...firm, ...typed].map((e) => e.type);
  for (const type of widest(candidates)) {
    const target = bare(type);
    if (typed.every((e) => coercible(e, target))) return target;
  }
  return null;
}

const widest = (all: readonly SqlType[]): readonly SqlType[] => [
  ...all,
  ...[...all].sort((a, b) => (order[b.kind] ?? -1) - (order[a.kind] ?? -1)),
];

export function together(all: readonly Ex[], what: string, at: Token): { type: SqlType; all: Ex[] } {
  const type = common(all);
  const none = () =>
    invalid(`No matching signature for ${what} for argument types: ${all.map((e) => typeName(e)).join(", ")}`, at);
  if (!type) throw none();
  return {
    type,
    all: all.map((e) => {
      const made = coerce(e, type, at);
      if (!made) throw none();
      return made;
    }),
  };
}

export const typeName = (e: Ex): string => (e.untyped ? "NULL" : shown(e.type, false));

/** `CAST` (docs "Conversion functions"). */
export function cast(e: Ex, to: SqlType, at: Token, safe = false): Ex {
  if (e.untyped) return { sql: `CAST(${e.sql} AS ${held(to)})`, type: bare(to) };
  if (e.constant !== undefined && e.constant !== null && (to.kind === "BIGNUMERIC" || to.kind === "NUMERIC")) {
    const text = e.type.kind === "FLOAT64" ? plainNumber(Number(e.constant)) : String(e.constant);
    if (/^\s*[+-]?(\d+\.?\d*|\.\d+)\s*$/.test(text) && to.precision === undefined) {
      return { sql: literal(text.trim(), bare(to)), type: bare(to) };
    }
  }
  const made = convert(e, bare(to), at);
  const sql = fitted(made.sql, to);
  return { sql: safe ? `TRY(${sql})` : sql, type: bare(to) };
}

const plainNumber = (x: number): string => {
  const text = String(x);
  return text.includes("e") ? (Number.isInteger(x) ? BigInt(x).toString() : text) : text;
};

/** The limits of a parameterised type: texts too long and numbers too large are refused, decimals rounded (docs "Parameterized data types"). */
export const fitted = (sql: string, to: SqlType): string => (parameterised(to) ? once(sql, (s) => limited(s, to)) : sql);

function limited(sql: string, to: SqlType): string {
  if (to.kind === "STRING" && to.length !== undefined)
    return `CASE WHEN length(${sql}) > ${to.length} THEN bq_fail('maximum length: ${to.length}, actual length: ' || length(${sql})) ELSE ${sql} END`;
  if (to.kind === "BYTES" && to.length !== undefined)
    return `CASE WHEN octet_length(${sql}) > ${to.length} THEN unhex(bq_fail('maximum length: ${to.length}, actual length: ' || octet_length(${sql}))) ELSE ${sql} END`;
  if ((to.kind === "NUMERIC" || to.kind === "BIGNUMERIC") && to.precision !== undefined) {
    const scale = to.scale ?? 0;
    if (to.kind === "BIGNUMERIC") return `CAST(bq_big_fit(CAST(${sql} AS VARCHAR), ${to.precision}, ${scale}) AS BIGNUM)`;
    const rounded = `CAST(round(${sql}, ${scale}) AS ${held(to)})`;
    const whole = to.precision - scale;
    const limit = whole >= 29 ? null : `1${"0".repeat(whole)}`;
    if (limit === null) return rounded;
    return `CASE WHEN abs(${rounded}) >= ${limit} THEN CAST(bq_fail('numeric overflow: ' || CAST(${sql} AS VARCHAR) || ' does not fit ${shown(to)}') AS ${held(to)}) ELSE ${rounded} END`;
  }
  if (to.kind === "ARRAY" && parameterised(to.element as SqlType))
    return `list_transform(${sql}, lambda bqv: ${fitted("bqv", to.element as SqlType)})`;
  if (to.kind === "STRUCT" && (to.fields ?? []).some((f) => parameterised(f.type)))
    return `CASE WHEN ${sql} IS NULL THEN NULL ELSE struct_pack(${(to.fields ?? []).map((f, k) => `f${k} := ${fitted(`struct_extract(${sql}, 'f${k}')`, f.type)}`).join(", ")}) END`;
  return sql;
}

const parameterised = (t: SqlType): boolean =>
  t.length !== undefined ||
  t.precision !== undefined ||
  (t.element !== undefined && parameterised(t.element)) ||
  (t.fields ?? []).some((f) => parameterised(f.type));

/** SQL that makes a value of another type of it, whether or not it would by itself. */
export function convert(e: Ex, to: SqlType, at: Token): Ex {
  if (e.constant !== undefined || e.untyped || same(e.type, to)) return converted(e, to, at);
  return { sql: once(e.sql, (s) => converted({ ...e, sql: s }, to, at).sql), type: to };
}

function converted(e: Ex, to: SqlType, at: Token): Ex {
  const from = e.type;
  const refused = () => invalid(`Invalid cast from ${shown(from, false)} to ${shown(to, false)}`, at);
  const made = (sql: string): Ex => ({ sql, type: to });
  const { sql } = e;
  if (same(from, to)) return { ...e, type: to };
  switch (to.kind) {
    case "INT64":
      if (from.kind === "STRING") return made(`bq_int(${sql})`);
      if (from.kind === "FLOAT64") return made(`bq_whole(${sql})`);
      if (from.kind === "NUMERIC" || from.kind === "BOOL") return made(`CAST(${sql} AS BIGINT)`);
      if (from.kind === "BIGNUMERIC") return made(`CAST(CAST(bq_big_out(${sql}) AS DECIMAL(38,9)) AS BIGINT)`);
      break;
    case "FLOAT64":
      if (from.kind === "STRING") return made(`bq_float(${sql})`);
      if (from.kind === "BIGNUMERIC") return made(`CAST(bq_big_out(${sql}) AS DOUBLE)`);
      if (isNumber(from)) return made(`CAST(${sql} AS DOUBLE)`);
      break;
    case "NUMERIC":
      if (from.kind === "STRING") return made(`bq_numeric(${sql})`);
      if (from.kind === "FLOAT64" && e.constant !== undefined)
        return made(`CAST('${plainNumber(Number(e.constant))}' AS DECIMAL(38,9))`);
      if (from.kind === "FLOAT64")
        return made(
          `CASE WHEN isfinite(${sql}) OR ${sql} IS NULL THEN CAST(${sql} AS DECIMAL(38,9)) ELSE CAST(bq_fail('Illegal conversion of non-finite floating point number to numeric: ' || bq_double(${sql})) AS DECIMAL(38,9)) END`,
        );
      if (from.kind === "BIGNUMERIC") return made(`CAST(bq_big_out(${sql}) AS DECIMAL(38,9))`);
      if (isNumber(from)) return made(`CAST(${sql} AS DECIMAL(38,9))`);
      break;
    case "BIGNUMERIC":
      if (from.kind === "INT64") return made(`CAST(CAST(${sql} AS VARCHAR) || '${"0".repeat(38)}' AS BIGNUM)`);
      if (from.kind === "NUMERIC")
        return made(`CAST(replace(CAST(${sql} AS VARCHAR), '.', '') || '${"0".repeat(29)}' AS BIGNUM)`);
      if (from.kind === "FLOAT64") return made(`bq_big(bq_double(${sql}))`);
      if (from.kind === "STRING") return made(`bq_big(${sql})`);
      break;
    case "BOOL":
      if (from.kind === "STRING") return made(`bq_bool(${sql})`);
      if (from.kind === "INT64") return made(`(${sql} <> 0)`);
      break;
    case "STRING":
      if (
        from.kind === "RANGE" ||
        from.kind === "GEOGRAPHY" ||
        from.kind === "JSON" ||
        from.kind === "ARRAY" ||
        from.kind === "STRUCT"
      )
        break;
      return made(asText(e));
    case "BYTES":
      if (from.kind === "STRING") return made(`encode(${sql})`);
      break;
    case "DATE":
      if (from.kind === "STRING") return made(`CAST(bq_date(${sql}) AS DATE)`);
      if (from.kind === "DATETIME" || from.kind === "TIMESTAMP") return made(`CAST(${sql} AS DATE)`);
      break;
    case "TIME":
      if (from.kind === "STRING") return made(`CAST(make_timestamp(bq_clock(${sql})) AS TIME)`);
      if (from.kind === "DATETIME" || from.kind === "TIMESTAMP") return made(`CAST(${sql} AS TIME)`);
      break;
    case "DATETIME":
      if (from.kind === "STRING") return made(`make_timestamp(bq_datetime(${sql}))`);
      if (from.kind === "DATE") return made(`CAST(${sql} AS TIMESTAMP)`);
      if (from.kind === "TIMESTAMP") return made(sql);
      break;
    case "TIMESTAMP":
      if (from.kind === "STRING") return made(`make_timestamp(bq_timestamp(${sql}))`);
      if (from.kind === "DATE") return made(`CAST(${sql} AS TIMESTAMP)`);
      if (from.kind === "DATETIME") return made(sql);
      break;
    case "ARRAY":
      if (from.kind !== "ARRAY") break;
      if (isEmptyArray(e)) return made(`CAST([] AS ${held(to)})`);
      // docs "Conversion functions": from ARRAY to ARRAY, elements convert.
      return made(
        `list_transform(${sql}, lambda bqv: ${convert({ sql: "bqv", type: from.element as SqlType }, to.element as SqlType, at).sql})`,
      );
    case "STRUCT": {
      const [a, b] = [from.fields ?? [], to.fields ?? []];
      if (from.kind !== "STRUCT" || a.length !== b.length) break;
      const fields = b.map(
        (f, k) => `f${k} := ${convert({ sql: `struct_extract(${sql}, 'f${k}')`, type: a[k]?.type as SqlType }, f.type, at).sql}`,
      );
      return made(`CASE WHEN ${sql} IS NULL THEN NULL ELSE struct_pack(${fields.join(", ")}) END`);
    }
  }
  throw refused();
}

/** As text, in the canonical formats (docs "Conversion functions": CAST AS STRING). */
export function asText(e: Ex): string {
  const { sql } = e;
  switch (e.type.kind) {
    case "STRING":
    case "GEOGRAPHY":
    case "JSON":
      return sql;
    case "FLOAT64":
      return `bq_double(${sql})`;
    case "NUMERIC":
      return `bq_dec(CAST(${sql} AS VARCHAR))`;
    case "BIGNUMERIC":
      return `bq_big_out(${sql})`;
    case "BYTES":
      return `bq_text(${sql})`;
    case "DATETIME":
      return `bq_dt(${sql}, ' ')`;
    case "TIMESTAMP":
      return `(bq_dt(${sql}, ' ') || '+00')`;
    case "TIME":
      return `bq_time(${sql})`;
    case "BOOL":
    case "INT64":
    case "DATE":
    case "INTERVAL":
      return `CAST(${sql} AS VARCHAR)`;
    default:
      throw runtime(`${e.type.kind} cannot be made text`);
  }
}

/** A product or quotient of decimals, both written as text. */
export const decimalCall = (fn: "bq_mul" | "bq_div", a: string, b: string, type: SqlType): string =>
  type.kind === "BIGNUMERIC" ? `bq_big(${fn}(${a}, ${b}, 38))` : `CAST(${fn}(${a}, ${b}, 9) AS DECIMAL(38,9))`;
