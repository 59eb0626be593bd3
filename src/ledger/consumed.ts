import type { State, TableState } from "./state.js";

/** Releases rolled back whose rows their sources will not give again: until they are published again or given up. */
export const pendingReleases = (s: State): readonly number[] =>
  s.undone
    .flatMap((u) => u.releases)
    .filter((k) => Object.values(k.tables).some((t) => t.consumed === true))
    .map((k) => k.release)
    .sort((a, b) => a - b);

/**
 * Tables after a rollback or redo, as far as their sources cannot rewind: how far the last of what is still rolled back had read does
 * not move back, and a table that the ledger would know no more is known as empty. What sources that rewind had read beyond that is
 * read again.
 */
export function unrewound(tables: State["tables"], undone: State["undone"]): State["tables"] {
  const kept = { ...tables };
  // Those rolled back first were published last.
  for (const [key, t] of undone.toReversed().flatMap((u) => u.releases.flatMap((k) => Object.entries(k.tables)))) {
    if (t.consumed !== true) continue;
    const there: TableState = kept[key] ?? { ...t.is, rows: 0, sum: "0", proven: [] };
    kept[key] = { ...there, watermark: t.is.watermark };
  }
  return kept;
}
