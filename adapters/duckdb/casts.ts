import type { ColumnType } from "cutover/adapter";
import { text } from "./syntax.js";

/** A column to fill: its name, native type and canonical type. */
export interface Target {
  readonly name: string;
  readonly native: string;
  readonly type: ColumnType;
}
/** Where a value comes from: free text of a file, or a typed column of Parquet or a query. */
export type Origin = { readonly text: true } | { readonly native: string };

const ZONE = "( ?([Zz]|UTC|[+-]\\d{2}(:?\\d{2})?))";
const DAY = "\\d{4}-\\d{2}-\\d{2}";
const CLOCK = "\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,6}0*)?)?";
const forms = {
  whole: "\\s*[+-]?\\d+(\\.0*)?\\s*",
  date: `${DAY}([ T]00:00(:00(\\.0*)?)?)?`,
  time: CLOCK,
  instant: `${DAY}([ T]${CLOCK})?${ZONE}?`,
  zoned: `.*\\d${ZONE}`,
} as const;

const matches = (x: string, form: string): string => `regexp_full_match(${x}, ${text(form)})`;

/**
 * An expression that turns `x` into the target's type, or fails the statement when that would lose anything: the engine's
 * own casts round, truncate and drop time zones silently. Instants without a zone are UTC.
 */
export function lossless(x: string, from: Origin, to: Target): string {
  if ("text" in from) return fromText(x, to);
  if (from.native === "VARCHAR") return to.type === "bytes" ? `encode(${x})` : fromText(x, to);
  if (same(from.native, to.native) || widens(from.native, to.native)) return x;
  const cast = `TRY_CAST(${x} AS ${to.native})`;
  if (to.native === "JSON") return `to_json(${x})`;
  if (to.native === "VARCHAR") return from.native === "BLOB" ? `decode(${x})` : `CAST(${x} AS VARCHAR)`;
  // Nobody's 0.1 is a float32: the digits that it prints must survive.
  const back = to.native === "FLOAT" ? ["VARCHAR", `CAST(${x} AS VARCHAR)`] : [from.native, x];
  return checked(x, to, `CAST(${cast} AS ${back[0]}) IS NOT DISTINCT FROM ${back[1]}`, cast);
}

function fromText(x: string, to: Target): string {
  const cast = `TRY_CAST(${x} AS ${to.native})`;
  if (to.native === "VARCHAR") return x;
  switch (to.type) {
    case "int64":
      return checked(x, to, matches(x, forms.whole), cast);
    case "float64":
      return checked(x, to, `NOT coalesce(isinf(${cast}), FALSE) OR regexp_matches(${x}, '(?i)inf')`, cast);
    case "date":
      return checked(x, to, matches(x, forms.date), cast);
    case "time":
      return checked(x, to, matches(x, forms.time), cast);
    case "timestamp":
      return checked(x, to, `${x} LIKE ${usual} AND strlen(${x}) <= 26 OR ${matches(x, forms.instant)}`, cast);
    case "datetime":
      return datetime(x, to);
    case "string":
    case "json":
    case "bool":
    case "bytes":
      return checked(x, to, "TRUE", cast);
    default:
      return checked(x, to, decimalFits(x, to), cast);
  }
}

/** The form in which nearly all instants come: quicker to recognize than a pattern is to match. */
const usual = "'____-__-__ __:__:__%'";

/** The engine's own cast drops an offset; through an instant it counts. */
function datetime(x: string, to: Target): string {
  const bare = `TRY_CAST(${x} AS TIMESTAMP)`;
  const zoneless = `${x} LIKE ${usual} AND strlen(${x}) <= 26 AND NOT contains(${x}, '+') AND ${x} NOT LIKE '%:%-%'`;
  const shifted = `CAST(TRY_CAST(${x} AS TIMESTAMP WITH TIME ZONE) AS TIMESTAMP)`;
  const local = `CASE WHEN ${zoneless} THEN ${bare} WHEN ${matches(x, forms.zoned)} AND contains(${x}, ':') THEN ${shifted} ELSE ${bare} END`;
  const ok = `${zoneless} OR ${matches(x, forms.instant)}`;
  if (to.native === "TIMESTAMP") return checked(x, to, ok, local);
  const value = `TRY_CAST(${local} AS ${to.native})`;
  return checked(x, to, `(${ok}) AND CAST(${value} AS TIMESTAMP) = ${local}`, value);
}

/** Plain notation by its digits; with an exponent up to 15 digits, which a float holds exactly enough to compare by. */
function decimalFits(x: string, to: Target): string {
  const scale = Number(/,\s*(\d+)\)$/.exec(to.native)?.[1] ?? 0);
  const plain = matches(x, `\\s*[+-]?\\d*(\\.\\d{0,${scale}}0*)?\\s*`);
  const short = matches(x, "[+-]?(0*\\.?0*[1-9]?(\\.?\\d){0,14})[eE][+-]?\\d+");
  return `(${plain} OR (${short} AND CAST(TRY_CAST(${x} AS ${to.native}) AS DOUBLE) = TRY_CAST(${x} AS DOUBLE)))`;
}

function checked(x: string, to: Target, ok: string, value: string): string {
  const start = text(`cutover: column "${to.name}": value `);
  const end = text(` does not fit ${to.native.length > 60 ? `${to.native.slice(0, 60)}…` : to.native}`);
  const refusal = `error(concat(${start}, left(CAST(${x} AS VARCHAR), 60), ${end}))`;
  return `CASE WHEN ${x} IS NULL THEN NULL WHEN ${ok} THEN coalesce(${value}, ${refusal}) ELSE ${refusal} END`;
}

const aliases: Readonly<Record<string, string>> = { TIMESTAMPTZ: "TIMESTAMP WITH TIME ZONE" };
const same = (a: string, b: string): boolean => (aliases[a] ?? a) === (aliases[b] ?? b);

/** Bits of the whole numbers that a type holds; unsigned ones need one more in a signed type. */
const signed: Readonly<Record<string, number>> = { TINYINT: 8, SMALLINT: 16, INTEGER: 32, BIGINT: 64, HUGEINT: 128 };
const unsigned: Readonly<Record<string, number>> = { UTINYINT: 8, USMALLINT: 16, UINTEGER: 32, UBIGINT: 64 };

/** Whether every value of one type has its equal in the other, without looking. */
function widens(from: string, to: string): boolean {
  const bits = signed[from] ?? unsigned[from];
  if (bits !== undefined) {
    const room = signed[to];
    if (room !== undefined) return from in unsigned ? room > bits : room >= bits;
    if (to in unsigned) return from in unsigned && (unsigned[to] ?? 0) >= bits;
    return to === "DOUBLE" && bits <= 32;
  }
  if (from === "FLOAT") return to === "DOUBLE";
  if (from === "DATE") return to === "TIMESTAMP";
  const a = /^DECIMAL\((\d+),(\d+)\)$/.exec(from);
  const b = /^DECIMAL\((\d+),(\d+)\)$/.exec(to);
  if (!a || !b) return false;
  return Number(b[2]) >= Number(a[2]) && Number(b[1]) - Number(b[2]) >= Number(a[1]) - Number(a[2]);
}
