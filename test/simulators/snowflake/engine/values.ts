import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from "@duckdb/node-api";
import { type DataType, types } from "./datatype.js";
import { errors } from "./errors.js";
import { pretty } from "./json.js";

/** The service's type for a column of a result that is not simply a column of a table. */
export function typeOf(type: DuckDBType): DataType {
  switch (type.typeId) {
    case DuckDBTypeId.DECIMAL: {
      const decimal = type as DuckDBType & { width: number; scale: number };
      return types.number(decimal.width, decimal.scale);
    }
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.USMALLINT:
    case DuckDBTypeId.UINTEGER:
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.UBIGINT:
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UHUGEINT:
      return types.number();
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DOUBLE:
      return types.real;
    case DuckDBTypeId.BOOLEAN:
      return types.boolean;
    case DuckDBTypeId.DATE:
      return types.date;
    case DuckDBTypeId.TIME:
      return types.time();
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_S:
    case DuckDBTypeId.TIMESTAMP_MS:
    case DuckDBTypeId.TIMESTAMP_NS:
      return types.ntz();
    case DuckDBTypeId.TIMESTAMP_TZ:
      return types.ltz();
    case DuckDBTypeId.BLOB:
      return types.binary();
    case DuckDBTypeId.VARCHAR:
      return type.alias === "JSON" ? types.variant : types.text();
    case DuckDBTypeId.SQLNULL:
      return types.text();
    default:
      throw errors.unsupported(`result of type ${type.toString()}`);
  }
}

/** A value in the wire form of a type (types.ts, SimRow). */
export function wire(value: DuckDBValue, type: DataType, indent: number): string | null {
  if (value === null) return null;
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") return type.name === "REAL" ? real(value) : String(value);
  if (typeof value === "string") return isDocument(type) ? pretty(value, indent) : value;
  if (value instanceof DuckDBDecimalValue) return value.toString();
  if (value instanceof DuckDBDateValue) return String(value.days);
  if (value instanceof DuckDBTimeValue) return seconds(value.micros, type.scale ?? 9);
  if (value instanceof DuckDBTimestampTZValue) {
    const at = seconds(value.micros, type.scale ?? 9);
    return type.name === "TIMESTAMP_TZ" ? `${at} 1440` : at;
  }
  if (value instanceof DuckDBTimestampValue) return seconds(value.micros, type.scale ?? 9);
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString("hex").toUpperCase();
  return String(value);
}

const isDocument = (type: DataType): boolean => type.name === "VARIANT" || type.name === "OBJECT" || type.name === "ARRAY";

function real(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Seconds with `scale` digits after the point, as the driver's SfTimestamp splits them. */
function seconds(micros: bigint, scale: number): string {
  const negative = micros < 0n;
  const size = negative ? -micros : micros;
  const digits = `${(size % 1_000_000n).toString().padStart(6, "0")}000`.slice(0, scale);
  return `${negative ? "-" : ""}${size / 1_000_000n}${scale > 0 ? `.${digits}` : ""}`;
}
