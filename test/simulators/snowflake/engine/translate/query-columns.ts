import type { Col } from "./model.js";

/** Columns under the names of an alias list. */
export function renamed(columns: readonly Col[] | null, names: readonly string[] | null): readonly Col[] | null {
  if (!names) return columns;
  return names.map((name, k) => ({ name, type: columns?.[k]?.type ?? null, nullable: columns?.[k]?.nullable ?? true }));
}
