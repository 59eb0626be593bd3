import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  type DuckDBListValue,
  type DuckDBStructValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  type DuckDBValue,
} from "@duckdb/node-api";
import { held, type SqlType, type Value } from "./datatype.js";
import { bigScaled, bigText } from "./decimals.js";
import { text } from "./store.js";
import { clockText, dateText, parseDatetime, stampText } from "./temporal.js";
import { type SimCell, SimError, type SimField } from "./types.js";

/** A value as SQL of DuckDB. */
export function literal(value: Value, type: SqlType): string {
  if (value === null) return `CAST(NULL AS ${held(type)})`;
  switch (type.kind) {
    case "INT64":
      return `CAST(${String(value)} AS BIGINT)`;
    case "BOOL":
      return value === true ? "TRUE" : "FALSE";
    case "FLOAT64":
      return double(value as number);
    case "NUMERIC":
      return `CAST('${String(value)}' AS ${held(type)})`;
    case "BIGNUMERIC":
      return `CAST('${bigScaled(String(value)) ?? ""}' AS BIGNUM)`;
    case "BYTES":
      return `unhex('${Buffer.from(value as Uint8Array).toString("hex")}')`;
    case "DATE":
      return `DATE '${String(value)}'`;
    case "TIME":
      return `TIME '${String(value)}'`;
    case "DATETIME":
      return `make_timestamp(${parseDatetime(String(value)) ?? 0n})`;
    case "TIMESTAMP":
      return `make_timestamp(${String(value)})`;
    case "ARRAY": {
      const element = type.element as SqlType;
      return `CAST([${(value as readonly Value[]).map((v) => literal(v, element)).join(", ")}] AS ${held(type)})`;
    }
    case "STRUCT": {
      const fields = type.fields ?? [];
      return `struct_pack(${fields.map((f, k) => `f${k} := ${literal((value as readonly Value[])[k] ?? null, f.type)}`).join(", ")})`;
    }
    case "INTERVAL":
      return `CAST(${text(String(value))} AS INTERVAL)`;
    default:
      return text(String(value));
  }
}

/** DuckDB folds the sign of a literal zero away, but not that of a text. */
export function double(x: number): string {
  if (Number.isNaN(x)) return "CAST('nan' AS DOUBLE)";
  if (!Number.isFinite(x)) return `CAST('${x > 0 ? "" : "-"}inf' AS DOUBLE)`;
  return Object.is(x, -0) ? "CAST('-0.0' AS DOUBLE)" : `CAST(${String(x)} AS DOUBLE)`;
}

/** Without the zeros at the end, as the service writes decimals. */
export const decimalText = (written: string): string => {
  const sign = written.startsWith("-") ? "-" : "";
  const bare = sign ? written.slice(1) : written;
  const [whole = "0", behind = ""] = bare.split(".");
  const kept = behind.replace(/0+$/, "");
  const front = whole === "" ? "0" : whole;
  return kept === "" ? (front === "0" ? "0" : sign + front) : `${sign}${front}.${kept}`;
};

/** What DuckDB answered, as a value of the type. */
export function fromDuck(value: DuckDBValue, type: SqlType): Value {
  if (value === null || value === undefined) return null;
  switch (type.kind) {
    case "INT64":
      return BigInt(value as bigint | number);
    case "FLOAT64":
      return Number(value);
    case "NUMERIC":
      return value instanceof DuckDBDecimalValue ? decimalText(value.toString()) : String(value);
    case "BIGNUMERIC":
      return bigText(String(value));
    case "BYTES":
      return value instanceof DuckDBBlobValue ? value.bytes : (value as never);
    case "DATE":
      return value instanceof DuckDBDateValue ? dateText(value.days) : String(value);
    case "TIME":
      return value instanceof DuckDBTimeValue ? clockText(value.micros) : String(value);
    case "DATETIME":
      return value instanceof DuckDBTimestampValue ? stampText(value.micros) : String(value);
    case "TIMESTAMP":
      return value instanceof DuckDBTimestampValue ? value.micros : (value as never);
    case "ARRAY":
      return (value as DuckDBListValue).items.map((v) => fromDuck(v, type.element as SqlType));
    case "STRUCT": {
      const { entries } = value as DuckDBStructValue;
      return (type.fields ?? []).map((f, k) => fromDuck(entries[`f${k}`] ?? null, f.type));
    }
    case "BOOL":
      return value as boolean;
    default:
      return String(value);
  }
}

/** FLOAT64 as the REST API writes it: an integer keeps a zero behind the point. */
export function floatCell(x: number): string {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "Infinity" : "-Infinity";
  if (Object.is(x, -0)) return "-0.0";
  const plain = String(x);
  if (plain.includes("e")) return plain.replace("e", "E").replace(/^(-?\d)E/, "$1.0E");
  return plain.includes(".") ? plain : `${plain}.0`;
}

/** A value in the wire form of tabledata.list. */
export function cell(value: Value, type: SqlType): SimCell {
  if (type.kind === "ARRAY") {
    const element = type.element as SqlType;
    return ((value ?? []) as readonly Value[]).map((v) => {
      // docs "Array type": an array that is written out must hold no NULL.
      if (v === null) throw new SimError("invalidQuery", 400, "Array cannot have a null element; error in writing field");
      return { v: cell(v, element) };
    });
  }
  if (value === null) return null;
  switch (type.kind) {
    case "FLOAT64":
      return floatCell(value as number);
    case "BYTES":
      return Buffer.from(value as Uint8Array).toString("base64");
    case "DATETIME":
      return String(value).replace(" ", "T");
    case "STRUCT":
      return { f: (type.fields ?? []).map((f, k) => ({ v: cell((value as readonly Value[])[k] ?? null, f.type) })) };
    default:
      return String(value);
  }
}

const legacy: Readonly<Record<string, string>> = { INT64: "INTEGER", FLOAT64: "FLOAT", BOOL: "BOOLEAN", STRUCT: "RECORD" };

/** A column as TableFieldSchema. */
export function field(name: string, type: SqlType, more: { required?: boolean } = {}): SimField {
  if (type.kind === "ARRAY") return { ...field(name, type.element as SqlType), mode: "REPEATED" };
  return {
    name,
    type: legacy[type.kind] ?? type.kind,
    mode: more.required ? "REQUIRED" : "NULLABLE",
    ...(type.kind === "STRUCT" ? { fields: (type.fields ?? []).map((f, k) => field(f.name ?? `_field_${k + 1}`, f.type)) } : {}),
    ...(type.length === undefined ? {} : { maxLength: String(type.length) }),
    ...(type.precision === undefined ? {} : { precision: String(type.precision) }),
    ...(type.scale === undefined || type.scale === 0 ? {} : { scale: String(type.scale) }),
    ...(type.kind === "RANGE" ? { rangeElementType: { type: type.element?.kind ?? "DATE" } } : {}),
  };
}
