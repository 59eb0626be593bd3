import { configError } from "../pipeline/config.js";
import type { DeclaredColumn, Issue } from "../table/definition.js";
import type { ColumnType } from "../table/types.js";

function typeOf(v: unknown): ColumnType {
  switch (typeof v) {
    case "bigint":
      return "int64";
    case "number":
      return Number.isSafeInteger(v) ? "int64" : "float64";
    case "boolean":
      return "bool";
    case "string":
      return "string";
    default:
      return v instanceof Date ? "timestamp" : v instanceof Uint8Array ? "bytes" : "json";
  }
}

/**
 * Columns by the values of rows; all may be NULL.
 * @throws CutoverError `CONFIG` where values do not tell.
 */
export function guessed(rows: readonly object[]): readonly DeclaredColumn[] {
  const types = new Map<string, Set<ColumnType>>();
  for (const row of rows)
    for (const [name, v] of Object.entries(row)) {
      const seen = types.get(name) ?? new Set();
      types.set(name, seen);
      if (v !== null && v !== undefined) seen.add(typeOf(v));
    }
  const issues: Issue[] = [];
  const say = (path: string, message: string): number =>
    issues.push({ path, message: `${message}: say it, as in { columns, rows }` });
  if (types.size === 0) say("rows", "no value tells the columns of a table that does not exist");
  const columns = [...types].map(([name, seen]): DeclaredColumn => {
    // Whole numbers among others are numbers like them.
    if (seen.has("float64")) seen.delete("int64");
    const [type = "string", ...others] = seen;
    if (seen.size === 0) say(`columns.${name}`, "no value tells its type");
    if (others.length > 0) say(`columns.${name}`, `its values are ${[...seen].join(" and ")}`);
    return { name, type, nullable: true, js: "exact" };
  });
  if (issues.length > 0) throw configError(issues);
  return columns;
}
