import { ident, raw, type Sql, template } from "../sql/sql.js";
import type { ColumnType } from "../table/types.js";

/** A table or schema by its exact, resolved path. */
export interface TableRef {
  readonly path: readonly string[];
  /**
   * A condition that every query of the table must bear, though it holds for all rows (a required partition filter): the
   * engine's own text, as `describe` found it.
   */
  readonly filter?: string;
}
/** The rows of a table, to stand after FROM: the table itself, or a query where each must bear a condition. */
export const rowsOf = (ref: TableRef): Sql =>
  ref.filter === undefined ? ident(ref.path) : template`(SELECT * FROM ${ident(ref.path)} WHERE ${raw(ref.filter)})`;
/** A column as the engine has it. */
export interface ColumnShape {
  readonly name: string;
  /** The canonical type. A native type without one (UUID, ENUM, LIST) is `string`: its text form goes in and comes out. */
  readonly type: ColumnType;
  readonly nullable: boolean;
  /** The default as the engine's own expression text. */
  readonly default?: string;
  /** The engine's own word for the type; what tables are created with. */
  readonly native: string;
  /** Computed by the engine: never written, never part of an image. */
  readonly generated?: boolean;
}
/** A table as it stands now: what `describe` found. */
export interface TableShape {
  readonly ref: TableRef;
  readonly columns: readonly ColumnShape[];
  /**
   * What `mark` wrote on this physical table last (in a comment or label), where a swap cannot share the journal's transaction;
   * null elsewhere.
   */
  readonly marker: string | null;
  /** Changes with every write, and may change without one; null: the engine cannot tell. Read around a swap. */
  readonly version: string | null;
  /** What a swap must carry over, in the adapter's own form: JSON-safe (indexes, comments, grants, dependent views). */
  readonly fingerprint: unknown;
}
/** Columns that are stored: images, deltas and clones are made of these. */
export const stored = (columns: readonly ColumnShape[]): readonly ColumnShape[] => columns.filter((c) => !c.generated);
