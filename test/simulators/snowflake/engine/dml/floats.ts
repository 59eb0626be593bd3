import type { Column } from "../catalog.js";
import { duck } from "../names.js";

/**
 * DuckDB leaves a float alone that compares equal to its new value, so that −0 would never take the place of 0. Such columns first get
 * another value, in the same transaction.
 */
export function unsettled(own: string, columns: readonly Column[], rows: string): string | null {
  const floats = columns.filter((column) => column.type.name === "REAL");
  if (floats.length === 0) return null;
  const set = floats.map(
    ({ name }) =>
      `${duck(name)} = CASE WHEN ${duck(name)} = CAST('infinity' AS DOUBLE) THEN 1 ELSE CAST('infinity' AS DOUBLE) END`,
  );
  return `UPDATE ${own} SET ${set.join(", ")} WHERE rowid IN (${rows})`;
}
