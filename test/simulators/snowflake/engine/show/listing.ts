import { simColumn, types } from "../datatype.js";
import { statementTypes } from "../statement-types.js";
import type { SimColumn, SimResult, SimRow } from "../types.js";

type Kind = "text" | "number" | "time" | "flag";
export type Cell = string | number | boolean | null;

const kinds = { text: types.text(), number: types.number(), time: types.ltz(3), flag: types.boolean } as const;

/** Columns of a listing: `name` is text, `name:number`, `name:time` and `name:flag` are what they say. */
export const columnsOf = (names: readonly string[]): SimColumn[] =>
  names.map((name) => {
    const [bare = "", kind = "text"] = name.split(":");
    return simColumn(bare, kinds[kind as Kind], true);
  });

/** A cell in wire form; times are given in microseconds. */
function cell(value: Cell, column: SimColumn): string | null {
  if (value === null) return null;
  if (column.type === "TIMESTAMP_LTZ") {
    const ms = Math.floor(Number(value) / 1000);
    return `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, "0")}`;
  }
  return typeof value === "boolean" ? (value ? "1" : "0") : String(value);
}

export const rowsOf = (columns: readonly SimColumn[], rows: readonly (readonly Cell[])[]): SimRow[] =>
  rows.map((row) => columns.map((column, k) => cell(row[k] ?? null, column)));

export function listing(
  names: readonly string[],
  rows: readonly (readonly Cell[])[],
  statementTypeId: number = statementTypes.show,
): SimResult {
  const columns = columnsOf(names);
  return { columns, rows: rowsOf(columns, rows), statementTypeId };
}
