import type { ColumnType, Row } from "cutover/adapter";
import * as z from "zod";
import { misfit } from "./errors.js";
import { jsonText, syntax } from "./syntax.js";
import { fromText } from "./values.js";

/**
 * A value in the form in which a script hands it back, and the journal keeps it: what `resultJson` of interactive engines makes of it.
 * Whole numbers are text, so that no digit is lost; floats are too, since JSON has no word for some of them.
 */
function exact(expr: string, type: ColumnType): string {
  switch (type) {
    case "string":
    case "bool":
      return expr;
    case "bytes":
      return `TO_HEX(${expr})`;
    case "json":
      return jsonText(expr);
    case "date":
      return `UNIX_DATE(${expr})`;
    case "timestamp":
      return `CAST(UNIX_MICROS(${expr}) AS STRING)`;
    case "datetime":
      return `CAST(UNIX_MICROS(TIMESTAMP(${expr})) AS STRING)`;
    case "time":
      return `CAST(TIME_DIFF(${expr}, TIME '00:00:00', MICROSECOND) AS STRING)`;
    default:
      return `CAST(${expr} AS STRING)`;
  }
}

type Returns = Readonly<Record<string, ColumnType>>;

/** The rows of a query as one JSON text: exactly the columns that are known to come back. A query inside another has no order of its own. */
export function rowsJson(query: string, returns: Returns, order: readonly string[]): string {
  const columns = Object.entries(returns).map(([n, t]) => `${exact(syntax.ident(["q", n]), t)} AS ${syntax.ident([n])}`);
  const sorted = order.length === 0 ? "" : ` ORDER BY ${order.map((n) => syntax.ident(["q", n])).join(", ")}`;
  const from = `FROM (${query}\n) AS ${syntax.ident(["q"])}${sorted}`;
  return `TO_JSON_STRING(ARRAY(SELECT AS STRUCT ${columns.join(", ")} ${from}))`;
}

const inRows = z.array(z.record(z.string(), z.unknown()));
/** The rows of {@link rowsJson}, canonical. */
export function readRows(json: string, returns: Returns): readonly Row[] {
  return inRows.parse(JSON.parse(json)).map((row) => {
    const entries = Object.entries(row).map(([name, value]) => [
      name,
      returns[name] === undefined ? value : read(value, returns[name]),
    ]);
    return Object.fromEntries(entries) as Row;
  });
}
function read(value: unknown, type: ColumnType): unknown {
  if (value === null) return null;
  if (type === "bool" && typeof value === "boolean") return value;
  if (type === "date" && typeof value === "number") return value;
  const micros = type === "timestamp" || type === "datetime" || type === "time";
  const canonical = micros ? fromText(String(value), "int64") : fromText(String(value), type);
  if (canonical === null) throw misfit(value, type);
  return canonical;
}

/** The rows of a query whose columns are not known beforehand, in the words of the service. */
export const looseJson = (query: string): string => `TO_JSON_STRING(ARRAY(SELECT AS STRUCT * FROM (${query}\n)))`;

/** The rows of {@link looseJson}: what can be read as its type is, the rest is shown as it came. */
export function readLoose(json: string, returns: Returns): readonly Row[] {
  return inRows.parse(JSON.parse(json)).map((row) => {
    const entries = Object.entries(row).map(([name, value]) => [name, loose(value, returns[name])] as const);
    return Object.fromEntries(entries);
  });
}
function loose(value: unknown, type: ColumnType | undefined): unknown {
  if (value === null || type === undefined) return value;
  if (type === "json" || typeof value === "object") return JSON.stringify(value);
  if (type === "bytes") return new Uint8Array(Buffer.from(String(value), "base64"));
  return fromText(String(value), type) ?? value;
}
