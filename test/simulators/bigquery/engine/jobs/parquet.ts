import { type DuckDBType, DuckDBTypeId } from "@duckdb/node-api";
import type { Catalog, Column } from "../catalog.js";
import { newColumnId } from "../catalog.js";
import { held, type SqlType, types } from "../datatype.js";
import { createPart, type Physical, duck as quoted, type Store, text, withConnection } from "../store.js";
import { bad } from "./target.js";

/** Columns of a Parquet file and their types (docs "Loading Parquet data", Type conversions; decimals by decimalTargetTypes). */
export interface ParquetColumn {
  readonly name: string;
  readonly type: SqlType;
  /** A moment in a zone, as DuckDB reads what is adjusted to UTC. */
  readonly zoned: boolean;
}

const reader = (files: readonly string[]): string => `read_parquet([${files.map(text).join(", ")}])`;

export async function parquetColumns(
  store: Store,
  files: readonly string[],
  decimals: readonly string[],
): Promise<readonly ParquetColumn[]> {
  return await withConnection(store, async (duck) => {
    try {
      const shape = await duck.runAndReadAll(`SELECT * FROM ${reader(files)} LIMIT 0`);
      return shape.columnNames().map((name, k) => {
        const type = shape.columnType(k);
        return { name, type: typeOf(type, decimals), zoned: type.typeId === DuckDBTypeId.TIMESTAMP_TZ };
      });
    } catch (e) {
      throw bad(
        `Error while reading data, error message: Failed to read Parquet file: ${e instanceof Error ? e.message.split("\n")[0] : ""}`,
      );
    }
  });
}

function typeOf(type: DuckDBType, decimals: readonly string[]): SqlType {
  switch (type.typeId) {
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.USMALLINT:
    case DuckDBTypeId.UINTEGER:
    case DuckDBTypeId.UBIGINT:
      return types.int64;
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DOUBLE:
      return types.float64;
    case DuckDBTypeId.BOOLEAN:
      return types.bool;
    case DuckDBTypeId.DATE:
      return types.date;
    case DuckDBTypeId.TIME:
      return types.time;
    case DuckDBTypeId.TIMESTAMP_TZ:
    case DuckDBTypeId.TIMESTAMP_S:
    case DuckDBTypeId.TIMESTAMP_MS:
    case DuckDBTypeId.TIMESTAMP_NS:
    case DuckDBTypeId.TIMESTAMP:
      return types.timestamp;
    case DuckDBTypeId.BLOB:
      return types.bytes;
    case DuckDBTypeId.DECIMAL: {
      const { width, scale } = type as DuckDBType & { readonly width: number; readonly scale: number };
      return decimal(width, scale, decimals);
    }
    case DuckDBTypeId.LIST:
      return types.array(typeOf((type as DuckDBType & { readonly valueType: DuckDBType }).valueType, decimals));
    case DuckDBTypeId.STRUCT: {
      const { entryNames, entryTypes } = type as DuckDBType & {
        readonly entryNames: readonly string[];
        readonly entryTypes: readonly DuckDBType[];
      };
      return types.struct(entryNames.map((name, k) => ({ name, type: typeOf(entryTypes[k] as DuckDBType, decimals) })));
    }
    default:
      return types.string;
  }
}

/** The first of the types that holds precision and scale (REST JobConfigurationLoad, decimalTargetTypes). */
function decimal(width: number, scale: number, targets: readonly string[]): SqlType {
  const order = ["NUMERIC", "BIGNUMERIC", "STRING"].filter((t) => targets.includes(t));
  for (const target of order) {
    if (target === "NUMERIC" && scale <= 9 && width - scale <= 29) return types.numeric;
    if (target === "BIGNUMERIC") return types.bignumeric;
    if (target === "STRING") return types.string;
  }
  if (targets.length > 0)
    throw bad(`Error while reading data, error message: DECIMAL(${width}, ${scale}) fits none of ${targets.join(", ")}`);
  return scale <= 9 && width - scale <= 29 ? types.numeric : types.bignumeric;
}

export const parquetTable = (catalog: Catalog, columns: readonly ParquetColumn[]): readonly Column[] =>
  columns.map(({ name, type }) => ({
    id: newColumnId(catalog),
    name,
    type,
    required: false,
    default: null,
    description: null,
    policyTags: [],
  }));

/** The files' rows as a part; columns by name, whatever their case. */
export async function fillParquet(
  store: Store,
  columns: readonly Column[],
  files: readonly string[],
  there: readonly ParquetColumn[],
  ignoreUnknown: boolean,
): Promise<Physical> {
  const named = (name: string) => there.find((c) => c.name.toLowerCase() === name.toLowerCase());
  const unknown = there.find((c) => !columns.some((t) => t.name.toLowerCase() === c.name.toLowerCase()));
  if (unknown && !ignoreUnknown) throw bad(`Error while reading data, error message: No such field: ${unknown.name}.`);
  return await withConnection(store, async (duck) => {
    const part = await createPart(store, duck, columns);
    const list = columns.map((column) => {
      const found = named(column.name);
      if (!found) {
        if (column.required) throw bad(`Error while reading data, error message: Missing required field: ${column.name}.`);
        return `CAST(NULL AS ${held(column.type)})`;
      }
      if (!assignable(found, column.type.kind))
        throw bad(
          `Error while reading data, error message: Parquet column '${found.name}' has type ${found.type.kind} which does not match the target cpp_type ${column.type.kind}.`,
        );
      const read = found.zoned
        ? `CAST(${quoted(found.name)} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'`
        : nested(found.type, quoted(found.name));
      // docs "Floating point semantics": no table holds a negative zero.
      if (column.type.kind === "FLOAT64") return `CAST(${read} AS DOUBLE) + CAST(0 AS DOUBLE)`;
      if (column.type.kind === "BIGNUMERIC") return `bq_big(CAST(${read} AS VARCHAR))`;
      return `CAST(${read} AS ${held(column.type)})`;
    });
    const names = columns.map((c) => c.id).join(", ");
    const done = await duck.run(`INSERT INTO ${part.name} (${names}) SELECT ${list.join(", ")} FROM ${reader(files)}`);
    part.rows = done.rowsChanged;
    for (const column of columns.filter((c) => c.required)) {
      const nulls = (await duck.runAndReadAll(`SELECT count(*) FROM ${part.name} WHERE ${column.id} IS NULL`)).getRows()[0]?.[0];
      if (Number(nulls) > 0)
        throw bad(
          `Error while reading data, error message: Only optional fields can be set to NULL. Field: ${column.name}; Value: NULL`,
        );
    }
    return part;
  });
}

const widening: Partial<Record<SqlType["kind"], readonly SqlType["kind"][]>> = {
  INT64: ["NUMERIC", "BIGNUMERIC", "FLOAT64"],
  NUMERIC: ["BIGNUMERIC"],
  STRING: ["JSON"],
};

/** A schema may ask for another type than the file's own conversion gives. */
const assignable = ({ type, zoned }: ParquetColumn, to: SqlType["kind"]): boolean =>
  type.kind === to || (widening[type.kind] ?? []).includes(to) || (type.kind === "TIMESTAMP" && !zoned && to === "DATETIME");

/** Fields of records have no names in the engine's tables, only places. */
function nested(type: SqlType, value: string, depth = 0): string {
  if (type.kind === "STRUCT") {
    const fields = (type.fields ?? []).map((f, k) => `f${k} := ${nested(f.type, `${value}.${quoted(f.name ?? "")}`, depth)}`);
    return `CASE WHEN ${value} IS NULL THEN NULL ELSE struct_pack(${fields.join(", ")}) END`;
  }
  if (type.kind === "ARRAY" && type.element && ["STRUCT", "ARRAY"].includes(type.element.kind))
    return `list_transform(${value}, lambda x${depth}: ${nested(type.element, `x${depth}`, depth + 1)})`;
  return value;
}
