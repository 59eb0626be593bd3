import type { DuckDBMaterializedResult } from "@duckdb/node-api";
import { type DataType, simColumn, types } from "./datatype.js";
import type { Session } from "./engine.js";
import { fromDuck } from "./from-duck.js";
import { decode } from "./names.js";
import { statementTypes } from "./statement-types.js";
import type { Col } from "./translate/model.js";
import type { SimColumn, SimResult, SimRow } from "./types.js";
import { typeOf, wire } from "./values.js";

const few = 2048;

/** SQL of DuckDB, with its refusals in the service's words. */
export async function duckRun(session: Session, sql: string): Promise<DuckDBMaterializedResult> {
  try {
    return await session.duck.run(sql);
  } catch (error) {
    const told = fromDuck(error);
    if (told instanceof Error && told !== error) told.cause = { duck: error, sql };
    throw told;
  }
}

/** Rows that a statement of DuckDB changed. */
export async function duckChange(session: Session, sql: string): Promise<number> {
  return (await duckRun(session, sql)).rowsChanged;
}

/** A query's result in wire form; large ones are read as they are asked for. */
export async function resultOf(session: Session, sql: string, columns: readonly Col[] | null): Promise<SimResult> {
  const result = await duckRun(session, sql);
  const known = columns?.length === result.columnCount ? columns : null;
  const kinds: DataType[] = result.columnTypes().map((type, k) => {
    const own = known?.[k]?.type;
    return own && fits(own, typeOf(type)) ? own : typeOf(type);
  });
  const shapes: SimColumn[] = kinds.map((type, k) => {
    const name = known?.[k]?.name ?? decode(result.columnName(k));
    return simColumn(name, type, known?.[k]?.nullable ?? true);
  });
  return {
    columns: shapes,
    rows: await rowsOf(result, kinds, Number(session.parameters.get("JSON_INDENT") ?? 2)),
    statementTypeId: statementTypes.select,
  };
}

/** Whether DuckDB's value is written as the type says. Numbers of expressions can have grown. */
function fits(own: DataType, found: DataType): boolean {
  if (own.name === "FIXED" || own.name === "REAL") return own.name === found.name && (own.scale ?? 0) === (found.scale ?? 0);
  if (own.name === "TIMESTAMP_TZ") return found.name === "TIMESTAMP_LTZ";
  if (own.name === "OBJECT" || own.name === "ARRAY") return found.name === "VARIANT";
  return own.name === found.name;
}

async function rowsOf(result: DuckDBMaterializedResult, kinds: readonly DataType[], indent: number): Promise<SimResult["rows"]> {
  const chunk = (k: number): SimRow[] =>
    result
      .getChunk(k)
      .getRows()
      .map((row) => row.map((value, i) => wire(value, kinds[i] as DataType, indent)));
  if (result.rowCount <= few) return Array.from({ length: result.chunkCount }, (_, k) => chunk(k)).flat();
  return (async function* () {
    for (let k = 0; k < result.chunkCount; k++) {
      yield chunk(k);
      // Lets others have their turn between chunks.
      await Promise.resolve();
    }
  })();
}

const status = [simColumn("status", types.text(), true)];

export const said = (message: string, statementTypeId: number, more: Partial<SimResult> = {}): SimResult => ({
  columns: status,
  rows: [[message]],
  statementTypeId,
  ...more,
});

/** The row that a DML statement answers with (docs "INSERT", "UPDATE", "DELETE", "MERGE"). */
export function changed(counts: Readonly<Record<string, number>>, statementTypeId: number, affected: number): SimResult {
  return {
    columns: Object.keys(counts).map((name) => simColumn(name, types.number(19, 0), false)),
    rows: [Object.values(counts).map(String)],
    statementTypeId,
    affected,
  };
}
