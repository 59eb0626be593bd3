import type { State, TableState } from "./state.js";

/** Releases rolled back whose rows their sources will not give again: until they are published again or given up. */
export const pendingReleases = (s: State): readonly number[] =>
  s.undone
    .flatMap((u) => u.releases)
    .filter((k) => Object.values(k.tables).some((t) => t.consumed === true))
    .map((k) => k.release)
    .sort((a, b) => a - b);

type Touched = Readonly<Record<string, { readonly consumed?: boolean | undefined; readonly is: TableState }>>;
/**
 * Where tables stand after a rollback or redo, as far as their sources cannot rewind: how far those were read does not move back,
 * and a table that the ledger would know no more is known as empty.
 */
export function unrewound(
  before: State["tables"],
  after: State["tables"],
  moved: readonly { readonly tables: Touched }[],
): State["tables"] {
  const tables = { ...after };
  for (const [key, t] of moved.flatMap((k) => Object.entries(k.tables))) {
    if (t.consumed !== true) continue;
    const watermark = before[key]?.watermark ?? t.is.watermark;
    const there = tables[key] ?? { ...t.is, rows: 0, sum: "0", proven: [] };
    tables[key] = { ...there, watermark };
  }
  return tables;
}
