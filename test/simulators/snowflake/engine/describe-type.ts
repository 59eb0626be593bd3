import type { SimType } from "./types.js";

/** A column type of the service. Sources: docs "Numeric", "String & binary", "Date & time", "Semi-structured data types". */
export interface DataType {
  readonly name: SimType;
  readonly precision?: number;
  readonly scale?: number;
  readonly length?: number;
}

/** A type as DESCRIBE TABLE writes it. */
export function described(type: DataType): string {
  switch (type.name) {
    case "FIXED":
      return `NUMBER(${type.precision},${type.scale})`;
    case "REAL":
      return "FLOAT";
    case "TEXT":
      return `VARCHAR(${type.length})`;
    case "BINARY":
      return `BINARY(${type.length})`;
    case "TIME":
    case "TIMESTAMP_NTZ":
    case "TIMESTAMP_LTZ":
    case "TIMESTAMP_TZ":
      return `${type.name}(${type.scale})`;
    default:
      return type.name;
  }
}
