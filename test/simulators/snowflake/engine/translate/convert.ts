import { type DataType, held, types } from "../datatype.js";
import { errors } from "../errors.js";
import { text } from "../names.js";
import type { Expr } from "./model.js";

export const isDocument = (type: DataType | null): boolean =>
  type?.name === "VARIANT" || type?.name === "OBJECT" || type?.name === "ARRAY";
const isStamp = (type: DataType | null): boolean => type?.name.startsWith("TIMESTAMP") === true;

/** What a VARIANT stands for, as text that can be cast further. */
const plain = (sql: string): string => `sf_plain(${sql})`;

/** What a clock in the expression's zone shows. */
export const wallClock = (e: Expr): Expr =>
  e.zone ? { text: e.text, sql: () => `(${e.sql()} AT TIME ZONE ${e.zone?.()})`, type: () => types.ntz() } : e;

/** An expression as text, in the default output formats (docs "Parameters", …_OUTPUT_FORMAT). */
export function asText(e: Expr): string {
  const sql = e.sql();
  const type = e.type();
  switch (type?.name) {
    case undefined:
      return `sf_text(${sql})`;
    case "TEXT":
      return sql;
    case "REAL":
      return `sf_real_text(${sql})`;
    case "TIMESTAMP_NTZ":
      return `strftime(${sql}, '%Y-%m-%d %H:%M:%S.%g')`;
    case "TIMESTAMP_LTZ":
    case "TIMESTAMP_TZ":
      return `sf_zoned_text(${sql})`;
    case "TIME":
      return `substr(CAST(${sql} AS VARCHAR), 1, 8)`;
    case "BINARY":
      return `hex(${sql})`;
    case "VARIANT":
    case "OBJECT":
    case "ARRAY":
      return `sf_plain_text(${sql})`;
    default:
      return `CAST(${sql} AS VARCHAR)`;
  }
}

/** `CAST` and `::`. With `attempt` what cannot be converted becomes NULL (docs "TRY_CAST": strings only). */
export function cast(e: Expr, to: DataType, attempt = false): string {
  if (e.zone && ["TIMESTAMP_NTZ", "DATE", "TIME"].includes(to.name)) return cast(wallClock(e), to, attempt);
  const from = e.type();
  const sql = e.sql();
  const how = attempt ? "TRY_CAST" : "CAST";
  switch (to.name) {
    case "TEXT": {
      const made = asText(e);
      if (to.length === types.text().length) return made;
      return attempt ? `CASE WHEN length(${made}) <= ${to.length} THEN ${made} END` : `sf_fit(${made}, ${to.length})`;
    }
    case "BINARY":
      if (from?.name === "BINARY") return sql;
      return attempt ? `TRY(unhex(${asText(e)}))` : `unhex(${asText(e)})`;
    case "VARIANT":
      return isDocument(from) ? sql : `CAST(${asJson(e)} AS JSON)`;
    case "OBJECT":
    case "ARRAY":
      return isDocument(from) ? sql : `CAST(sf_canonical(${asText(e)}) AS JSON)`;
    case "FIXED":
    case "REAL":
    case "BOOLEAN":
      if (isDocument(from)) return `${how}(${plain(sql)} AS ${held(to)})`;
      if (from?.name === "BOOLEAN" && to.name === "FIXED") return `CAST(CAST(${sql} AS INTEGER) AS ${held(to)})`;
      if (isStamp(from) || from?.name === "DATE") throw errors.argumentTypes(`'CAST(${from?.name} AS ${to.name})'`);
      if (to.name === "BOOLEAN" && from?.name === "TEXT") return attempt ? `sf_try_boolean(${sql})` : `sf_boolean(${sql})`;
      return `${how}(${sql} AS ${held(to)})`;
    default: {
      if (isDocument(from) && isStamp(to)) return attempt ? `TRY(${parsed(plain(sql), to)})` : parsed(plain(sql), to);
      if (isDocument(from)) return `${how}(${plain(sql)} AS ${held(to)})`;
      if (from?.name === "FIXED" && isStamp({ name: to.name })) return epoch(sql, 0, to);
      if (from?.name === "TEXT" && isStamp(to)) return attempt ? `TRY(${parsed(sql, to)})` : parsed(sql, to);
      return `${how}(${sql} AS ${held(to)})`;
    }
  }
}

function parsed(sql: string, to: DataType): string {
  return to.name === "TIMESTAMP_NTZ" ? `sf_parse_ntz(${sql})` : `sf_parse_tz(${sql})`;
}

/** A point in time from a number of units since 1970 (docs "TO_TIMESTAMP"). */
export function epoch(sql: string, scale: number, to: DataType): string {
  const factor = scale <= 6 ? `* ${10 ** (6 - scale)}` : `/ ${10 ** (scale - 6)}`;
  const micros = `CAST(floor(CAST(${sql} AS DECIMAL(38,6)) ${factor}) AS BIGINT)`;
  return to.name === "TIMESTAMP_NTZ" ? `make_timestamp(${micros})` : `make_timestamptz(${micros})`;
}

/** An expression as JSON text inside a VARIANT. */
export function asJson(e: Expr): string {
  const sql = e.sql();
  switch (e.type()?.name) {
    case undefined:
      return `sf_json(${sql})`;
    case "VARIANT":
    case "OBJECT":
    case "ARRAY":
    case "BOOLEAN":
      return `CAST(${sql} AS VARCHAR)`;
    case "FIXED":
      return `sf_number_json(CAST(${sql} AS VARCHAR))`;
    case "REAL":
      return `sf_real_json(${sql})`;
    default:
      return `CAST(to_json(${asText(e)}) AS VARCHAR)`;
  }
}

/** Results of one conditional expression, brought to one type: VARIANT where one is, otherwise as DuckDB does. */
export function unified(all: readonly Expr[]): string[] {
  if (!all.some((e) => isDocument(e.type()))) {
    const numbers = all.filter((e) => e.type() !== null);
    const scales = new Set(numbers.map((e) => (e.type()?.name === "FIXED" ? (e.type()?.scale ?? 0) : -1)));
    if (scales.size < 2 || scales.has(-1)) return all.map((e) => e.sql());
    // DuckDB would make doubles of decimals that differ too much.
    const to = types.number(38, Math.max(...scales));
    return all.map((e) => (e.type() ? cast(e, to) : e.sql()));
  }
  return all.map((e) => (isDocument(e.type()) || e.sql() === "NULL" ? e.sql() : `CAST(${asJson(e)} AS JSON)`));
}

/** The type that `unified` makes. */
export function unifiedType(all: readonly Expr[]): DataType | null {
  const known = all.map((e) => e.type());
  if (known.some((type) => isDocument(type)))
    return known.every((type) => !type || type.name === known[0]?.name) ? (known[0] ?? types.variant) : types.variant;
  const scales = known.map((type) => (type?.name === "FIXED" ? (type.scale ?? 0) : -1));
  if (!scales.includes(-1)) return types.number(38, Math.max(...scales));
  const [first] = known;
  return first && known.every((type) => type?.name === first.name && type.scale === first.scale) ? first : null;
}

/** Two sides of a comparison, brought to one type as the service does: texts become what they are compared with. */
export function comparable(a: Expr, b: Expr): [string, string] {
  const [left, right] = [a.type(), b.type()];
  const numbers = left?.name === "FIXED" && right?.name === "FIXED";
  if (numbers && left.scale !== right.scale && (left.precision ?? 38) + (right.precision ?? 38) > 38) {
    const scale = Math.max(left.scale ?? 0, right.scale ?? 0);
    const whole = Math.max(...[left, right].map((n) => (n.precision ?? 38) - (n.scale ?? 0)));
    // Within 38 digits both are compared exactly; beyond, as doubles.
    if (whole + scale <= 38) return [cast(a, types.number(38, scale)), cast(b, types.number(38, scale))];
  }
  return [towards(a, left, right), towards(b, right, left)];
}

function towards(e: Expr, own: DataType | null, other: DataType | null): string {
  if (!own || !other || own.name === other.name) return e.sql();
  if (isDocument(other) || (own.name !== "TEXT" && !isDocument(own))) return e.sql();
  if (other.name === "TEXT") return cast(e, types.text());
  if (other.name !== "FIXED") return cast(e, other);
  // Digits after the point must not be rounded away before they are compared.
  const digits = e.constant === undefined ? 9 : (e.constant.split(".")[1]?.length ?? 0);
  return cast(e, types.number(38, Math.min(37, Math.max(other.scale ?? 0, digits))));
}

const parts: readonly (readonly [RegExp, string])[] = [
  [/^YYYY/i, "%Y"],
  [/^YY/i, "%y"],
  [/^MMMM/i, "%B"],
  [/^MON/i, "%b"],
  [/^MM/i, "%m"],
  [/^DD/i, "%d"],
  [/^DY/i, "%a"],
  [/^HH24/i, "%H"],
  [/^HH12/i, "%I"],
  [/^AM|^PM/i, "%p"],
  [/^MI/i, "%M"],
  [/^SS/i, "%S"],
  [/^FF3/i, "%g"],
  [/^FF6/i, "%f"],
  [/^FF9|^FF(?!\d)/i, "%n"],
  [/^TZH:?TZM/i, "%z"],
];

/** A date and time format in DuckDB's letters (docs "Date & time input and output formats"). */
export function dateFormat(format: string): string {
  let out = "";
  for (let rest = format; rest !== ""; ) {
    const quoted = /^"([^"]*)"/.exec(rest);
    const part = parts.find(([pattern]) => pattern.test(rest));
    if (quoted) {
      out += (quoted[1] ?? "").replaceAll("%", "%%");
      rest = rest.slice(quoted[0].length);
    } else if (part) {
      out += part[1];
      rest = rest.replace(part[0], "");
    } else if (/^[A-Z](?<![TZ])/i.test(rest)) throw errors.unsupported(`format '${format}'`);
    else {
      out += rest[0] === "%" ? "%%" : rest[0];
      rest = rest.slice(1);
    }
  }
  return text(out);
}

/** An expression as a condition. */
export const truth = (e: Expr): string => (isDocument(e.type()) ? cast(e, types.boolean) : e.sql());
