import { type DataType, types } from "../datatype.js";
import { errors } from "../errors.js";
import { cast } from "./convert.js";
import type { Expr } from "./model.js";

/** Names of parts from docs "Date & time functions", Supported date and time parts. */
const names: readonly (readonly [string, readonly string[]])[] = [
  ["year", ["YEAR", "Y", "YY", "YYY", "YYYY", "YR", "YEARS", "YRS"]],
  ["month", ["MONTH", "MM", "MON", "MONS", "MONTHS"]],
  ["day", ["DAY", "D", "DD", "DAYS", "DAYOFMONTH"]],
  ["dayofweek", ["DAYOFWEEK", "WEEKDAY", "DOW", "DW"]],
  ["dayofyear", ["DAYOFYEAR", "YEARDAY", "DOY", "DY"]],
  ["week", ["WEEK", "W", "WK", "WEEKOFYEAR", "WOY", "WY"]],
  ["quarter", ["QUARTER", "Q", "QTR", "QTRS", "QUARTERS"]],
  ["hour", ["HOUR", "H", "HH", "HR", "HOURS", "HRS"]],
  ["minute", ["MINUTE", "M", "MI", "MIN", "MINUTES", "MINS"]],
  ["second", ["SECOND", "S", "SEC", "SECONDS", "SECS"]],
  ["millisecond", ["MILLISECOND", "MS", "MSEC", "MILLISECONDS"]],
  ["microsecond", ["MICROSECOND", "US", "USEC", "MICROSECONDS"]],
  ["nanosecond", ["NANOSECOND", "NS", "NSEC", "NANOSEC", "NSECOND", "NANOSECONDS", "NANOSECS", "NSECONDS"]],
  ["epoch_second", ["EPOCH_SECOND", "EPOCH", "EPOCH_SECONDS"]],
  ["epoch_millisecond", ["EPOCH_MILLISECOND", "EPOCH_MILLISECONDS"]],
  ["epoch_microsecond", ["EPOCH_MICROSECOND", "EPOCH_MICROSECONDS"]],
  ["epoch_nanosecond", ["EPOCH_NANOSECOND", "EPOCH_NANOSECONDS"]],
];
const known = new Map(names.flatMap(([part, words]) => words.map((word) => [word, part] as const)));

function part(e: Expr): string {
  const word = (e.constant ?? e.ref?.path.at(-1) ?? "").toUpperCase();
  const found = known.get(word);
  if (!found) throw errors.invalidIdentifier(word);
  return found;
}

const stamp = (e: Expr): string => (e.type()?.name === "TEXT" ? cast(e, types.ntz()) : e.sql());

export function dateAdd(args: readonly Expr[]): { sql: string; type: DataType | null } {
  const [unit, amount, value] = args as [Expr, Expr, Expr];
  const n = `CAST(${amount.sql()} AS BIGINT)`;
  const name = part(unit);
  const interval: Readonly<Record<string, string>> = {
    year: `to_years(CAST(${n} AS INTEGER))`,
    quarter: `to_months(CAST(${n} AS INTEGER) * 3)`,
    month: `to_months(CAST(${n} AS INTEGER))`,
    week: `to_weeks(CAST(${n} AS INTEGER))`,
    day: `to_days(CAST(${n} AS INTEGER))`,
    hour: `to_hours(${n})`,
    minute: `to_minutes(${n})`,
    second: `to_seconds(${n})`,
    millisecond: `to_microseconds(${n} * 1000)`,
    microsecond: `to_microseconds(${n})`,
    nanosecond: `to_microseconds(${n} // 1000)`,
  };
  const step = interval[name];
  if (!step) throw errors.invalidIdentifier(name.toUpperCase());
  const type = value.type();
  if (type?.name !== "DATE") return { sql: `(${stamp(value)} + ${step})`, type: type?.name === "TEXT" ? types.ntz() : type };
  const whole = ["year", "quarter", "month", "week", "day"].includes(name);
  return whole
    ? { sql: `CAST(${value.sql()} + ${step} AS DATE)`, type: types.date }
    : { sql: `(CAST(${value.sql()} AS TIMESTAMP) + ${step})`, type: types.ntz() };
}

export function dateDiff(args: readonly Expr[]): string {
  const [unit, from, to] = args as [Expr, Expr, Expr];
  const name = part(unit);
  if (name === "nanosecond") return `(date_diff('microsecond', ${stamp(from)}, ${stamp(to)}) * 1000)`;
  return `date_diff('${name}', ${stamp(from)}, ${stamp(to)})`;
}

export function datePart(args: readonly Expr[]): string {
  const [unit, value] = args as [Expr, Expr];
  const name = part(unit);
  const sql = stamp(value);
  switch (name) {
    case "epoch_second":
      return `CAST(floor(epoch_us(${sql}) / 1000000) AS BIGINT)`;
    case "epoch_millisecond":
      return `CAST(floor(epoch_us(${sql}) / 1000) AS BIGINT)`;
    case "epoch_microsecond":
      return `epoch_us(${sql})`;
    case "epoch_nanosecond":
      return `(CAST(epoch_us(${sql}) AS HUGEINT) * 1000)`;
    case "millisecond":
    case "microsecond":
      throw errors.invalidIdentifier(name.toUpperCase());
    case "nanosecond":
      return `((date_part('microsecond', ${sql}) % 1000000) * 1000)`;
    default:
      return `date_part('${name}', ${sql})`;
  }
}

export function dateTrunc(args: readonly Expr[]): string {
  const [unit, value] = args as [Expr, Expr];
  const sql = `date_trunc('${part(unit)}', ${stamp(value)})`;
  return value.type()?.name === "DATE" ? `CAST(${sql} AS DATE)` : sql;
}
