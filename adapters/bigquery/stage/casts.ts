import { text } from "../syntax.js";

/** A column to fill: its name and its native type. */
interface Target {
  readonly name: string;
  readonly native: string;
}
/** What a value is that comes: text of a file, or a typed column. */
export type Origin = { readonly text: true } | { readonly native: string };

const DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}";
const CLOCK = "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6}0*)?)?";
const ZONE = "( ?([Zz]|UTC|[+-][0-9]{2}:[0-9]{2}))";

/**
 * An expression that turns `x` into the target's type, or fails the statement where that would lose anything: the service's own
 * casts round. Moments without a zone are UTC.
 */
export function lossless(x: string, from: Origin, to: Target): string {
  if ("text" in from) return textTo(x, to);
  if (from.native === to.native) return x;
  const [word] = split(to.native);
  const [source] = split(from.native);
  if (source === "STRING") return textTo(x, to);
  if (word === "STRING") return textTo(source === "JSON" ? `TO_JSON_STRING(${x})` : asString(x, source), to);
  if (word === "JSON" && source === "BYTES") return textTo(`SAFE_CONVERT_BYTES_TO_STRING(${x})`, to);
  if (word === "JSON") return `TO_JSON(${x})`;
  if (word === "BYTES" && source === "BYTES") return sized(x, to, "BYTE_LENGTH");
  if (!families.some((f) => f.includes(source) && f.includes(word))) return textTo(asString(x, source), to);
  const cast = `SAFE_CAST(${x} AS ${to.native})`;
  const same = `SAFE_CAST(${cast} AS ${source}) = ${x}`;
  // NaN is no number, not even itself.
  return checked(x, to, source === "FLOAT64" && word === "FLOAT64" ? `(${same} OR IS_NAN(${x}))` : same, cast);
}
/** Types that casts lead to and fro (docs: conversion rules). Others meet as text: a query's bare NULL is an INT64. */
const families: readonly (readonly string[])[] = [
  ["INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC"],
  ["INT64", "BOOL"],
  ["DATE", "DATETIME", "TIMESTAMP"],
];

const split = (native: string): readonly [word: string, first: number, second: number] => {
  const m = /^([A-Z0-9]+)(?:\((\d+)(?:,\s*(\d+))?\))?$/.exec(native);
  return [m?.[1] ?? native, Number(m?.[2] ?? 0), Number(m?.[3] ?? 0)];
};
function asString(x: string, source: string): string {
  if (source === "BYTES") return `TO_HEX(${x})`;
  if (source === "JSON") return `IFNULL(JSON_VALUE(${x}), TO_JSON_STRING(${x}))`;
  if (/^(?:ARRAY|STRUCT|RANGE)/.test(source)) return `TO_JSON_STRING(${x})`;
  return source === "GEOGRAPHY" ? `ST_ASTEXT(${x})` : `CAST(${x} AS STRING)`;
}
const matches = (x: string, form: string): string => `REGEXP_CONTAINS(${x}, ${text(`^${form}$`)})`;

function textTo(x: string, to: Target): string {
  const [word, size, scale] = split(to.native);
  const bare = `TRIM(${x})`;
  switch (word) {
    case "STRING":
      return sized(x, to, "CHAR_LENGTH");
    case "INT64":
      return checked(x, to, matches(bare, "[+-]?[0-9]+([.]0*)?"), `SAFE_CAST(REGEXP_REPLACE(${bare}, '[.]0*$', '') AS INT64)`);
    case "FLOAT64":
      // What is too large for a float is an infinity then.
      return checked(
        x,
        to,
        `(${matches(`LOWER(${bare})`, "[+-]?(inf|infinity|nan)")} OR NOT IS_INF(SAFE_CAST(${bare} AS FLOAT64)))`,
        `SAFE_CAST(${bare} AS FLOAT64)`,
      );
    case "NUMERIC":
    case "BIGNUMERIC": {
      const digits = size > 0 ? scale : word === "NUMERIC" ? 9 : 38;
      return checked(x, to, matches(bare, `[+-]?[0-9]*([.][0-9]{0,${digits}}0*)?`), `SAFE_CAST(${bare} AS ${to.native})`);
    }
    case "BOOL":
      return checked(x, to, "TRUE", bool(bare));
    case "DATE":
      return checked(x, to, matches(bare, `${DAY}([ T]00:00(:00([.]0*)?)?)?`), `SAFE_CAST(SUBSTR(${bare}, 1, 10) AS DATE)`);
    case "TIME":
      return checked(x, to, matches(bare, CLOCK), `SAFE_CAST(${bare} AS TIME)`);
    case "TIMESTAMP":
      return checked(x, to, matches(bare, `${DAY}([ T]${CLOCK})?${ZONE}?`), `SAFE_CAST(${bare} AS TIMESTAMP)`);
    case "DATETIME":
      return checked(x, to, matches(bare, `${DAY}([ T]${CLOCK})?${ZONE}?`), `DATETIME(SAFE_CAST(${bare} AS TIMESTAMP), 'UTC')`);
    case "BYTES":
      return sized(`FROM_BASE64(${bare})`, to, "BYTE_LENGTH");
    case "JSON":
      return `PARSE_JSON(${x}, wide_number_mode => 'exact')`;
    case "GEOGRAPHY":
      return `ST_GEOGFROMTEXT(${x})`;
    default:
      return checked(x, to, "TRUE", `SAFE_CAST(${bare} AS ${to.native})`);
  }
}
/** As in files that the service loads (docs: loading CSV data, data types). */
const bool = (x: string): string =>
  `CASE WHEN LOWER(${x}) IN ('true', 't', 'yes', 'y', '1') THEN TRUE WHEN LOWER(${x}) IN ('false', 'f', 'no', 'n', '0') THEN FALSE END`;

function sized(x: string, to: Target, length: string): string {
  const [, size] = split(to.native);
  return size === 0 ? x : checked(x, to, `${length}(${x}) <= ${size}`, x);
}

/** The value, or an error that says what it is about. */
function checked(x: string, to: Target, ok: string, value: string): string {
  const start = text(`cutover: column "${to.name}": value `);
  const shown = `SUBSTR(TO_JSON_STRING(${x}), 1, 60)`;
  const failing = `ERROR(CONCAT(${start}, ${shown}, ${text(` does not fit ${to.native}`)}))`;
  return `IF(${x} IS NULL, NULL, IF(${ok}, IFNULL(${value}, ${failing}), ${failing}))`;
}
