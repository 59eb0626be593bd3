import type { Capabilities } from "../adapter/capabilities.js";
import type { TableRef } from "../adapter/shapes.js";
import type { TableName } from "./definition.js";

/** A name as the engine folds it unquoted. */
export const folded = (part: string, fold: Capabilities["identifiers"]["fold"]): string =>
  fold === "upper" ? part.toUpperCase() : fold === "lower" ? part.toLowerCase() : part;

/** The exact path of a table: text folds as the engine folds unless it is quoted, a tuple is exact; what is missing comes from the session. */
export function resolveName(name: TableName, home: readonly string[], capabilities: Capabilities): TableRef {
  const { fold, depth } = capabilities.identifiers;
  const parts =
    typeof name === "string"
      ? [...name.matchAll(/"((?:[^"]|"")*)"|([^."]+)/g)].map((m) => m[1]?.replaceAll('""', '"') ?? folded(m[2] ?? "", fold))
      : [...name];
  const missing = Math.max(0, depth - parts.length);
  return { path: [...home.slice(0, missing), ...parts] };
}

/** How names are told apart. */
export type Identifiers = Pick<Capabilities["identifiers"], "fold" | "caseSensitive">;

/** The column that a name means: exactly, or as the engine folds it unquoted, or where names do not differ by case, regardless of it. */
export function findColumn<C extends { readonly name: string }>(
  columns: readonly C[],
  name: string,
  by: Identifiers,
): C | undefined {
  const exact = columns.find((c) => c.name === name);
  if (exact !== undefined) return exact;
  if (!by.caseSensitive) return columns.find((c) => c.name.toLowerCase() === name.toLowerCase());
  return columns.find((c) => c.name === folded(name, by.fold));
}
