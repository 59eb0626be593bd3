import type * as DuckDB from "@duckdb/node-api";
import type { DuckDBType, DuckDBValue } from "@duckdb/node-api";
import { decimalOf } from "cutover/adapter";
import type { Target } from "./casts.js";
import { isText, misfit, scaled } from "./values.js";

type Vector = DuckDB.DuckDBVector;
/** Writes `rows` values from `from` on into a vector; a value that does not fit throws. */
export type Write = (vector: Vector, values: readonly unknown[], from: number, rows: number) => void;
export interface Encoder {
  readonly type: DuckDBType;
  readonly write: Write;
}
type Convert = (value: unknown) => DuckDBValue | undefined;

/** One loop a column, with a conversion that returns undefined for what it cannot hold. */
function loop(to: Target, convert: Convert): Write {
  return (vector, values, from, rows) => {
    for (let i = 0; i < rows; i++) {
      const value = values[from + i];
      if (value === null) vector.setItem(i, null);
      else {
        const converted = convert(value);
        if (converted === undefined) throw misfit(value, to.native, to.name);
        vector.setItem(i, converted);
      }
    }
    vector.flush();
  };
}

const limits: Readonly<Record<string, readonly [number, number]>> = {
  TINYINT: [-128, 127],
  SMALLINT: [-32_768, 32_767],
  INTEGER: [-2_147_483_648, 2_147_483_647],
  UTINYINT: [0, 255],
  USMALLINT: [0, 65_535],
  UINTEGER: [0, 4_294_967_295],
};

/** How canonical values of a column are written straight into its native type; null: through text or a wider type. */
export function encoder(to: Target, d: typeof DuckDB): Encoder | null {
  const found = conversion(to, d);
  return found === null ? null : { type: found[0], write: loop(to, found[1]) };
}

function conversion(to: Target, d: typeof DuckDB): readonly [DuckDBType, Convert] | null {
  const { native } = to;
  const micros =
    (make: (us: bigint) => DuckDBValue): Convert =>
    (v) =>
      typeof v === "bigint" ? make(v) : undefined;
  const string: Convert = (v) => (typeof v === "string" && isText(v) ? v : undefined);
  const small = limits[native];
  if (small !== undefined) {
    const [low, high] = small;
    const types: Readonly<Record<string, DuckDBType>> = {
      TINYINT: d.TINYINT,
      SMALLINT: d.SMALLINT,
      INTEGER: d.INTEGER,
      UTINYINT: d.UTINYINT,
      USMALLINT: d.USMALLINT,
      UINTEGER: d.UINTEGER,
    };
    const type = types[native];
    return type === undefined ? null : [type, (v) => (typeof v === "bigint" && v >= low && v <= high ? Number(v) : undefined)];
  }
  const decimal = decimalOf(native.toLowerCase());
  if (decimal !== null) {
    const { precision, scale } = decimal;
    return [
      d.DECIMAL(precision, scale),
      (v) => {
        const digits = typeof v === "string" ? scaled(v, precision, scale) : null;
        return digits === null ? undefined : new d.DuckDBDecimalValue(digits, precision, scale);
      },
    ];
  }
  switch (native) {
    case "BIGINT":
      return [d.BIGINT, (v) => (typeof v === "bigint" && BigInt.asIntN(64, v) === v ? v : undefined)];
    case "UBIGINT":
      return [d.UBIGINT, (v) => wholeText(v, 0n, 2n ** 64n - 1n)];
    case "HUGEINT":
      return [d.HUGEINT, (v) => wholeText(v, -(2n ** 127n), 2n ** 127n - 1n)];
    case "DOUBLE":
      return [d.DOUBLE, (v) => (typeof v === "number" ? v : undefined)];
    case "BOOLEAN":
      return [d.BOOLEAN, (v) => (typeof v === "boolean" ? v : undefined)];
    case "VARCHAR":
    case "JSON":
      return [d.VARCHAR, string];
    case "UUID":
      return [
        d.UUID,
        (v) =>
          typeof v === "string" && uuid.test(v) ? d.DuckDBUUIDValue.fromUint128(BigInt(`0x${v.replaceAll("-", "")}`)) : undefined,
      ];
    case "DATE":
      return [d.DATE, (v) => (typeof v === "number" && Number.isInteger(v) ? new d.DuckDBDateValue(v) : undefined)];
    case "TIME":
      return [d.TIME, micros((us) => new d.DuckDBTimeValue(us))];
    case "TIMESTAMP":
      return [d.TIMESTAMP, micros((us) => new d.DuckDBTimestampValue(us))];
    case "TIMESTAMP WITH TIME ZONE":
      return [d.TIMESTAMPTZ, micros((us) => new d.DuckDBTimestampTZValue(us))];
    case "BLOB":
      return [d.BLOB, (v) => (v instanceof Uint8Array ? new d.DuckDBBlobValue(v) : undefined)];
    default:
      return null;
  }
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function wholeText(v: unknown, low: bigint, high: bigint): bigint | undefined {
  const digits = typeof v === "string" ? scaled(v, 39, 0) : null;
  return digits !== null && digits >= low && digits <= high ? digits : undefined;
}
