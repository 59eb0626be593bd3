import { type SqlType, shown, types } from "../datatype.js";
import { invalid } from "../errors.js";
import type { Token } from "../lex.js";
import type { Expr } from "./ast.js";
import { coerce, typeName } from "./coerce.js";
import type { Ex } from "./model.js";

const micros: Readonly<Record<string, bigint>> = {
  MICROSECOND: 1n,
  MILLISECOND: 1000n,
  SECOND: 1_000_000n,
  MINUTE: 60_000_000n,
  HOUR: 3_600_000_000n,
  DAY: 86_400_000_000n,
};
const monthsOf: Readonly<Record<string, number>> = { MONTH: 1, QUARTER: 3, YEAR: 12 };

const wrong = (name: string, part: string, at: Token) => invalid(`${name} does not support the ${part} date part`, at);

/** A TIMESTAMP as the clock of a zone shows it. */
const local = (e: Ex, zone: Ex | null): string =>
  zone ? `make_timestamp(epoch_us(${e.sql}) + bq_ahead(epoch_us(${e.sql}), ${zone.sql}))` : e.sql;

const own: Readonly<Record<string, string>> = {
  DAYOFWEEK: "dayofweek",
  DAYOFYEAR: "dayofyear",
  DAY: "day",
  MONTH: "month",
  QUARTER: "quarter",
  YEAR: "year",
  ISOWEEK: "week",
  ISOYEAR: "isoyear",
  HOUR: "hour",
  MINUTE: "minute",
  SECOND: "second",
};

/** `EXTRACT(part FROM …)` */
export function extract(e: Ex, part: string, zone: Ex | null, at: Token): Ex {
  const kind = e.type.kind;
  if (!["DATE", "DATETIME", "TIMESTAMP", "TIME", "INTERVAL"].includes(kind))
    throw invalid(`EXTRACT does not support literal/expression of type ${shown(e.type)}`, at);
  if (zone && kind !== "TIMESTAMP") throw invalid("EXTRACT AT TIME ZONE is only supported for TIMESTAMP", at);
  const sql = local(e, zone);
  const clock = ["HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND"].includes(part);
  if ((kind === "DATE" && (clock || part === "TIME")) || (kind === "TIME" && !clock)) throw wrong("EXTRACT", part, at);
  if (part === "DATE") return { sql: `CAST(${sql} AS DATE)`, type: types.date };
  if (part === "TIME") return { sql: `CAST(${sql} AS TIME)`, type: types.time };
  if (part === "DATETIME") return { sql, type: types.datetime };
  if (part === "MILLISECOND") return { sql: `((epoch_us(${sql}) % 1000000 + 1000000) % 1000000 // 1000)`, type: types.int64 };
  if (part === "MICROSECOND") return { sql: `((epoch_us(${sql}) % 1000000 + 1000000) % 1000000)`, type: types.int64 };
  if (part === "WEEK") return { sql: `CAST(strftime(${sql}, '%U') AS BIGINT)`, type: types.int64 };
  const fn = own[part];
  if (!fn) throw wrong("EXTRACT", part, at);
  return { sql: `(CAST(${fn}(${sql}) AS BIGINT)${part === "DAYOFWEEK" ? " + 1" : ""})`, type: types.int64 };
}

/** `DATE_ADD(d, INTERVAL n part)` and the like. */
export function added(name: string, kind: SqlType["kind"], e: Ex, n: Ex, part: string, sign: 1 | -1, at: Token): Ex {
  const value = coerce(e, { kind }, at);
  const count = coerce(n, types.int64, at);
  if (!value || !count)
    throw invalid(
      `No matching signature for function ${name} for argument types: ${typeName(e)}, INTERVAL ${typeName(n)} DATE_TIME_PART`,
      at,
    );
  const by = sign === 1 ? count.sql : `(-${count.sql})`;
  const months = monthsOf[part];
  const type = { kind };
  if (kind === "DATE") {
    if (months) return { sql: `CAST(${value.sql} + to_months(CAST(${by} * ${months} AS INTEGER)) AS DATE)`, type };
    if (part === "DAY" || part === "WEEK")
      return { sql: `(${value.sql} + CAST(${by} * ${part === "WEEK" ? 7 : 1} AS INTEGER))`, type };
    throw wrong(name, part, at);
  }
  if (kind === "DATETIME" && months) return { sql: `(${value.sql} + to_months(CAST(${by} * ${months} AS INTEGER)))`, type };
  const unit = kind === "DATETIME" && part === "WEEK" ? 7n * 86_400_000_000n : micros[part];
  if (!unit || (kind === "TIME" && part === "DAY")) throw wrong(name, part, at);
  if (kind === "TIME")
    return {
      sql: `CAST(make_timestamp(((epoch_us(${value.sql}) + ${by} * ${unit}) % 86400000000 + 86400000000) % 86400000000) AS TIME)`,
      type,
    };
  return { sql: `bq_range(make_timestamp(epoch_us(${value.sql}) + ${by} * ${unit}))`, type };
}

/** `DATE_DIFF(a, b, part)`: boundaries that lie between; of TIMESTAMP and TIME whole units. */
export function difference(name: string, kind: SqlType["kind"], left: Ex, right: Ex, part: string, at: Token): Ex {
  const [a, b] = [coerce(left, { kind }, at), coerce(right, { kind }, at)];
  if (!a || !b)
    throw invalid(
      `No matching signature for function ${name} for argument types: ${typeName(left)}, ${typeName(right)}, DATE_TIME_PART`,
      at,
    );
  const made = (sql: string): Ex => ({ sql, type: types.int64 });
  if (kind === "TIMESTAMP" || kind === "TIME") {
    const unit = micros[part];
    if (!unit || (kind === "TIME" && part === "DAY")) throw wrong(name, part, at);
    return made(`((epoch_us(${a.sql}) - epoch_us(${b.sql})) // ${unit})`);
  }
  if (kind === "DATE" && part in micros && part !== "DAY") throw wrong(name, part, at);
  const weekday = weekStart(part);
  if (weekday !== null) return made(`CAST((${weekOf(a.sql, weekday)} - ${weekOf(b.sql, weekday)}) // 7 AS BIGINT)`);
  if (part === "ISOYEAR") return made(`(isoyear(${a.sql}) - isoyear(${b.sql}))`);
  if (!(part in micros) && !(part in monthsOf)) throw wrong(name, part, at);
  return made(`date_diff('${part.toLowerCase()}', ${b.sql}, ${a.sql})`);
}

const weekOf = (sql: string, weekday: number): string => `CAST(date_trunc('week', CAST(${sql} AS DATE) - ${weekday}) AS DATE)`;

const dayNumbers = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];

/** Days by which a week begins after Monday; null: the part is no week. */
function weekStart(part: string): number | null {
  if (part === "ISOWEEK") return 0;
  if (part === "WEEK") return 6;
  const found = /^WEEK\((\w+)\)$/.exec(part);
  const k = dayNumbers.indexOf(found?.[1] ?? "");
  return k < 0 ? null : k;
}

/** `DATE_TRUNC(d, part)`, `TIMESTAMP_TRUNC(t, part, zone)` … */
export function truncated(name: string, kind: SqlType["kind"], e: Ex, part: string, zone: Ex | null, at: Token): Ex {
  const value = coerce(e, { kind }, at);
  if (!value) throw invalid(`No matching signature for function ${name} for argument types: ${typeName(e)}, DATE_TIME_PART`, at);
  const type = { kind };
  const held = kind === "DATE" ? "DATE" : "TIMESTAMP";
  const sql = local(value, zone);
  const back = (done: string): string =>
    zone ? `make_timestamp(epoch_us(${done}) - bq_ahead(epoch_us(${done}), ${zone.sql}))` : done;
  const weekday = weekStart(part);
  if (weekday !== null && kind !== "TIME")
    return { sql: back(`CAST(date_trunc('week', CAST(${sql} AS DATE) - ${weekday}) + to_days(${weekday}) AS ${held})`), type };
  if (kind === "TIME") {
    const unit = micros[part];
    if (!unit || part === "DAY") throw wrong(name, part, at);
    return { sql: `CAST(make_timestamp(epoch_us(${sql}) // ${unit} * ${unit}) AS TIME)`, type };
  }
  if (kind === "DATE" && part in micros && part !== "DAY") throw wrong(name, part, at);
  if (!(part in micros) && !(part in monthsOf)) throw wrong(name, part, at);
  return { sql: back(`CAST(date_trunc('${part.toLowerCase()}', ${sql}) AS ${held})`), type };
}

/** A part of a date where an argument is expected: a name, or `WEEK(DAY)`. */
export function partOf(e: Expr | undefined, at: Token): string {
  if (e?.k === "name" && e.path.length === 1) return (e.path[0] ?? "").toUpperCase();
  if (e?.k === "call" && e.args.length === 1 && e.args[0]?.value.k === "name")
    return `${e.name}(${(e.args[0].value.path[0] ?? "").toUpperCase()})`;
  throw invalid("A valid date part name is required", at);
}
