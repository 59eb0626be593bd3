import { type ColumnShape, stepWords } from "cutover/adapter";
import { isLoose, sameValue, syntax } from "../syntax.js";

export const { name, table, columnsOf, listed, all, sameKey, record, images, deleted, inScope } = stepWords(syntax);

/** The names of columns, as those of a table's alias where one is given: a table's own name, or alias, hides a column that bears it. */
export const names = (columns: readonly ColumnShape[], alias?: string): string =>
  listed(columns.map((c) => (alias === undefined ? name(c.name) : name(alias, c.name))));
/** Equal bit for bit in all of the columns, whatever their native types. */
export const sameRow = (columns: readonly ColumnShape[], a: string, b: string): string =>
  all(columns.map((c) => sameValue(name(a, c.name), name(b, c.name), c)));
/** What rows are told apart by where they are grouped: the hash for what the service does not group by, or in its own way. */
export const told = (columns: readonly ColumnShape[], alias: string): string =>
  listed([syntax.rowHash(columns, alias), ...columns.filter((c) => !isLoose(c)).map((c) => name(alias, c.name))]);
/** What a column has that the delta does not give. */
export const fallback = (c: ColumnShape): string => `CAST(${c.default ?? "NULL"} AS ${c.native})`;
