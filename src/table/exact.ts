import type { ColumnShape } from "../adapter/shapes.js";
import { type CheckDefinition, renamed } from "../check/checks.js";
import type { TableDefinition } from "./definition.js";
import { findColumn, type Identifiers } from "./resolve.js";

/** What a definition names, in the exact names of a table: where names do not differ by case, users may write them otherwise. */
export interface ExactNames {
  readonly key: readonly string[];
  readonly partition: string | null;
  /** null: none, or one that this mode does not compare rows by. */
  readonly cursor: string | null;
  readonly checks: readonly CheckDefinition[];
}

export function exactNames(d: TableDefinition, columns: readonly ColumnShape[], by: Identifiers): ExactNames {
  const exact = (n: string): string => findColumn(columns, n, by)?.name ?? n;
  return {
    key: d.key.map(exact),
    partition: d.partition === null ? null : exact(d.partition),
    cursor: d.cursor === null || d.mode !== "upsert" ? null : exact(d.cursor),
    checks: d.checks.map((c) => renamed(c, exact)),
  };
}
