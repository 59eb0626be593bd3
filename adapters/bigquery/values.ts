import { type ColumnType, decimalOf, formatCanonical, parseCanonical } from "cutover/adapter";
import * as z from "zod";
import { misfit } from "./errors.js";
import type { Field } from "./link.js";

/** What the REST API still writes for some types (docs: tables, TableFieldSchema.type). */
const renamed: Readonly<Record<string, string>> = { INTEGER: "INT64", FLOAT: "FLOAT64", BOOLEAN: "BOOL", RECORD: "STRUCT" };
const wordOf = (field: Field): string => renamed[field.type] ?? field.type;

/** The canonical type that values of a field have by themselves. */
function own(word: string): ColumnType {
  switch (word) {
    case "INT64":
    case "FLOAT64":
    case "BOOL":
    case "DATE":
    case "TIME":
    case "TIMESTAMP":
    case "DATETIME":
    case "BYTES":
    case "JSON":
      return word.toLowerCase() as ColumnType;
    case "NUMERIC":
    case "BIGNUMERIC":
      return "decimal(38,9)";
    default:
      return "string";
  }
}

/**
 * A cell of a result as the REST API writes it, as a canonical value; timestamps as microseconds, which `useInt64Timestamp` asks
 * for. `type`: what is wanted; undefined: what it is.
 * @throws BigQueryFault of kind `bad-data` for a value that is none of that type.
 */
export function decodeCell(type: ColumnType | undefined, field: Field, cell: unknown): unknown {
  if (cell === null || cell === undefined) return null;
  const word = wordOf(field);
  const value =
    field.mode === "REPEATED" || word === "STRUCT"
      ? JSON.stringify(nested(field, cell))
      : scalar(word, String(cell), type ?? own(word), type === undefined);
  if (value === undefined || value === null) throw misfit(cell, type ?? word, field.name);
  return value;
}

const inCells = z.array(z.object({ v: z.unknown() }));
const inFields = z.object({ f: inCells });
/** Nested values as JSON has them, numbers as text. */
function nested(field: Field, cell: unknown): unknown {
  if (cell === null || cell === undefined) return null;
  if (field.mode === "REPEATED") return inCells.parse(cell).map(({ v }) => nested({ ...field, mode: "NULLABLE" }, v));
  if (wordOf(field) !== "STRUCT") {
    const t = own(wordOf(field));
    const value = scalar(wordOf(field), String(cell), t, true);
    return typeof value === "boolean" || t === "float64" ? value : formatCanonical(value, t);
  }
  const parts = inFields.parse(cell).f;
  return Object.fromEntries((field.fields ?? []).map((f, i) => [f.name, nested(f, parts[i]?.v)]));
}

/** null or undefined: it is none of that type. */
function scalar(word: string, written: string, wanted: ColumnType, loose: boolean): unknown {
  switch (word) {
    case "TIMESTAMP": {
      const micros = /^-?\d+$/.test(written) ? BigInt(written) : null;
      return wanted === "string" ? formatCanonical(micros, "timestamp") : wanted === "timestamp" ? micros : null;
    }
    case "BYTES": {
      const bytes = new Uint8Array(Buffer.from(written, "base64"));
      return wanted === "string" ? formatCanonical(bytes, "bytes") : wanted === "bytes" ? bytes : null;
    }
    case "NUMERIC":
    case "BIGNUMERIC":
      return loose ? written : fromText(written, wanted);
    default:
      return fromText(written, wanted);
  }
}

/** Text as a value of a type: cells come so, and facts that a query wrote as text. */
export function fromText(written: string, wanted: ColumnType): unknown {
  if (wanted === "string" || wanted === "json") return written;
  if (wanted === "float64") return floatOf(written);
  if (decimalOf(wanted) !== null) return /^-?\d+(?:\.\d+)?$/.test(written) ? written : null;
  if (wanted === "int64") return parseCanonical(written.replace(/\.0*$/, ""), wanted);
  return parseCanonical(written, wanted);
}
function floatOf(written: string): number | null {
  const word = written.trim().toLowerCase();
  if (word === "nan") return Number.NaN;
  if (/^\+?inf(?:inity)?$/.test(word)) return Number.POSITIVE_INFINITY;
  if (/^-inf(?:inity)?$/.test(word)) return Number.NEGATIVE_INFINITY;
  const value = Number(word);
  return word === "" || Number.isNaN(value) ? null : value;
}
