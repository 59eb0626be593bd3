import type { Capabilities } from "../adapter/capabilities.js";
import type { TableRef } from "../adapter/shapes.js";
import type { TableName } from "./definition.js";

/** The exact path of a table: text folds as the engine folds unless it is quoted, a tuple is exact; what is missing comes from the session. */
export function resolveName(name: TableName, home: readonly string[], capabilities: Capabilities): TableRef {
  const { fold, depth } = capabilities.identifiers;
  const folded = (part: string): string => (fold === "upper" ? part.toUpperCase() : fold === "lower" ? part.toLowerCase() : part);
  const parts =
    typeof name === "string"
      ? [...name.matchAll(/"((?:[^"]|"")*)"|([^."]+)/g)].map((m) => m[1]?.replaceAll('""', '"') ?? folded(m[2] ?? ""))
      : [...name];
  const missing = Math.max(0, depth - parts.length);
  return { path: [...home.slice(0, missing), ...parts] };
}

/** The column that a name means: exactly, or where names do not differ by case, regardless of case. */
export function findColumn<C extends { readonly name: string }>(
  columns: readonly C[],
  name: string,
  caseSensitive: boolean,
): C | undefined {
  return (
    columns.find((c) => c.name === name) ??
    (caseSensitive ? undefined : columns.find((c) => c.name.toLowerCase() === name.toLowerCase()))
  );
}
