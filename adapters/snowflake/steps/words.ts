import { type ColumnShape, type StepWords, stepWords } from "cutover/adapter";
import { syntax } from "../syntax.js";

export const { name, table, columnsOf, listed, all, sameKey, sameRow, record, images, deleted, inScope }: StepWords =
  stepWords(syntax);

/** What rows are told apart by where they are grouped: the hash for floats and JSON, which the service groups in its own way. */
export const told = (columns: readonly ColumnShape[], alias: string): string =>
  listed([
    syntax.rowHash(columns, alias),
    ...columns.filter((c) => c.type !== "float64" && c.type !== "json").map((c) => name(alias, c.name)),
  ]);
