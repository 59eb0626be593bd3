import { text } from "./syntax.js";

/** A column to fill: its name and its native type. */
export interface Target {
  readonly name: string;
  readonly native: string;
}
/** What a value is that comes: text of a file, a part of a JSON object, or a typed column of a query. */
export type Origin = { readonly text: true } | { readonly variant: true } | { readonly native: string };

const ZONE = "( ?([Zz]|UTC|[+-][0-9]{2}(:?[0-9]{2})?))";
const DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}";
const CLOCK = (digits: number): string => `[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,${Math.max(digits, 1)}}0*)?)?`;

/**
 * An expression that turns `x` into the target's type, or fails the statement where that would lose anything: the service's own
 * casts round, cut and drop time zones silently. Instants without a zone are UTC.
 */
export function lossless(x: string, from: Origin, to: Target): string {
  if ("text" in from) return textTo(x, to);
  if ("variant" in from) return variantTo(x, to);
  if (from.native === to.native || widens(from.native, to.native)) return x;
  if (from.native.startsWith("VARCHAR")) return textTo(x, to);
  const [word, size] = split(to.native);
  if (word === "VARIANT") return `TO_VARIANT(${x})`;
  if (word === "VARCHAR" && from.native.startsWith("BINARY")) return textTo(`HEX_ENCODE(${x})`, to);
  if (word === "VARCHAR") return textTo(`TO_VARCHAR(${x})`, to);
  if (word === "BINARY" && from.native.startsWith("BINARY")) return checked(x, to, `LENGTH(${x}) <= ${size}`, x);
  const cast = `CAST(${x} AS ${to.native})`;
  return checked(x, to, `CAST(${cast} AS ${from.native}) IS NOT DISTINCT FROM ${x}`, cast);
}

const split = (native: string): readonly [word: string, first: number, second: number] => {
  const m = /^([A-Z_]+)(?:\((\d+)(?:,\s*(\d+))?\))?$/.exec(native);
  return [m?.[1] ?? native, Number(m?.[2] ?? 0), Number(m?.[3] ?? 0)];
};
const matches = (x: string, form: string): string => `REGEXP_LIKE(${x}, ${text(form)})`;

function textTo(x: string, to: Target): string {
  const [word, size, scale] = split(to.native);
  const bare = `TRIM(${x})`;
  switch (word) {
    case "VARCHAR":
      return size === 0 ? x : checked(x, to, `LENGTH(${x}) <= ${size}`, x);
    case "NUMBER":
      return number(x, to, scale);
    case "FLOAT":
      return checked(x, to, `${x} <> ''`, `TRY_TO_DOUBLE(${bare})`);
    case "BOOLEAN":
      return checked(x, to, `${x} <> ''`, `TRY_CAST(${bare} AS BOOLEAN)`);
    case "DATE":
      return checked(x, to, matches(x, `${DAY}([ T]00:00(:00(\\.0*)?)?)?`), `TRY_TO_DATE(LEFT(${bare}, 10), 'YYYY-MM-DD')`);
    case "TIME":
      return checked(x, to, matches(x, CLOCK(size)), `TRY_CAST(${bare} AS ${to.native})`);
    case "TIMESTAMP_NTZ":
      return moment(x, to, size, true);
    case "TIMESTAMP_LTZ":
    case "TIMESTAMP_TZ":
      return moment(x, to, size, false);
    case "BINARY":
      return checked(x, to, size === 0 ? "TRUE" : `LENGTH(${x}) <= ${size * 2}`, `TRY_TO_BINARY(${x}, 'HEX')`);
    case "VARIANT":
      return json(x, to);
    default:
      return `CAST(${json(x, { ...to, native: "VARIANT" })} AS ${word})`;
  }
}
/** An empty text is no JSON, though the service takes it for NULL. */
const json = (x: string, to: Target): string =>
  checked(x, to, `TRIM(${x}) <> '' AND CHECK_JSON(${x}) IS NULL`, `PARSE_JSON(${x})`);

/** Plain notation by its digits; an exponent only where nothing has to be rounded. */
function number(x: string, to: Target, scale: number): string {
  const plain = matches(x, `\\s*[+-]?[0-9]*(\\.[0-9]{0,${scale}}0*)?\\s*`);
  const cast = `TRY_CAST(TRIM(${x}) AS ${to.native})`;
  const short = matches(x, "[+-]?[0-9]?(\\.[0-9]{0,14})?[eE][+-]?[0-9]+");
  return checked(x, to, `(${plain} OR (${short} AND TRY_TO_DOUBLE(${x}) = CAST(${cast} AS FLOAT)))`, cast);
}

/** For a column without a zone an offset counts: the wall clock of UTC. */
function moment(x: string, to: Target, digits: number, local: boolean): string {
  const form = `${DAY}([ T]${CLOCK(digits)})?${ZONE}?`;
  const bare = `REGEXP_REPLACE(TRIM(${x}), '( ?[Zz]| UTC)$', '+00:00')`;
  const zoned = `TRY_CAST(${bare} AS TIMESTAMP_TZ(9))`;
  const value = local ? `CAST(CONVERT_TIMEZONE('UTC', ${zoned}) AS ${to.native})` : `CAST(${zoned} AS ${to.native})`;
  return checked(x, to, matches(x, form), value);
}

/** A part of a JSON or Parquet object. */
function variantTo(x: string, to: Target): string {
  const [word] = split(to.native);
  const some = (value: string): string => `CASE WHEN ${x} IS NULL OR IS_NULL_VALUE(${x}) THEN NULL ELSE ${value} END`;
  if (word === "VARIANT") return some(x);
  if (word === "OBJECT" || word === "ARRAY") return some(`CAST(${x} AS ${word})`);
  if (word === "FLOAT") return some(`IFF(TYPEOF(${x}) = 'VARCHAR', ${textTo(`CAST(${x} AS VARCHAR)`, to)}, CAST(${x} AS FLOAT))`);
  return some(textTo(`CAST(${x} AS VARCHAR)`, to));
}

/** The service has no word for a refusal: a text that is none of the type is one, and says what it is about. */
function checked(x: string, to: Target, ok: string, value: string): string {
  const start = text(`cutover: column "${to.name}": value `);
  const refusal = `${start} || LEFT(TO_VARCHAR(${x}), 60) || ${text(` does not fit ${to.native}`)}`;
  const failing = refused(refusal, to.native);
  return `CASE WHEN ${x} IS NULL THEN NULL WHEN ${ok} THEN NVL(${value}, ${failing}) ELSE ${failing} END`;
}
/** In the type of the column, since a value of another one beside it could cost digits. */
function refused(refusal: string, native: string): string {
  const [word] = split(native);
  if (word === "VARCHAR") return `TO_VARCHAR(TO_NUMBER(${refusal}))`;
  if (word === "VARIANT") return `TO_VARIANT(TO_NUMBER(${refusal}))`;
  return word === "BINARY" ? `TO_BINARY(${refusal}, 'HEX')` : `CAST(${refusal} AS ${native})`;
}

/** Whether every value of one type has its equal in the other, without looking. */
function widens(from: string, to: string): boolean {
  const [a, p, s] = split(from);
  const [b, q, t] = split(to);
  if (a === "NUMBER" && b === "NUMBER") return t >= s && q - t >= p - s;
  if (a === "NUMBER" && b === "FLOAT") return s === 0 && p <= 15;
  if (a === b && (a === "VARCHAR" || a === "BINARY")) return q === 0 || (p !== 0 && q >= p);
  if (a === b && (a.startsWith("TIMESTAMP") || a === "TIME")) return q >= p;
  if (a === "TIMESTAMP_LTZ" && b === "TIMESTAMP_TZ") return q >= p;
  if (a === "TIMESTAMP_TZ" && b === "TIMESTAMP_LTZ") return q >= p;
  return a === "DATE" && b.startsWith("TIMESTAMP_NTZ");
}
