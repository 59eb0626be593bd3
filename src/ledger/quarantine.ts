import type { ColumnShape } from "../adapter/shapes.js";
import type { Syntax } from "../adapter/syntax.js";
import type { ColumnType } from "../table/types.js";

type Words = Pick<Syntax, "type">;
type Columns = readonly (readonly [name: string, type: ColumnType])[];

/** What is told of a row while it is staged. */
const told: Columns = [
  ["id", "string"],
  ["load", "int64"],
  ["position", "string"],
  ["reason", "string"],
  ["column_name", "string"],
  ["row_json", "string"],
  ["row_digest", "string"],
];
const kept: Columns = [
  ["pipeline", "string"],
  ["release", "int64"],
  ...told,
  ["recorded_at", "timestamp"],
  ["state", "string"],
  ["settled_by", "int64"],
];

const shapes = (syntax: Words, columns: Columns): readonly ColumnShape[] =>
  columns.map(([name, type]) => ({ name, type, nullable: true, native: syntax.type(type) }));

/** The quarantine of a table: a row for each that did not fit, for people to read. */
export const quarantineShapes = (syntax: Words): readonly ColumnShape[] => shapes(syntax, kept);
/** Rows on their way there. */
export const asideShapes = (syntax: Words): readonly ColumnShape[] => shapes(syntax, told);
