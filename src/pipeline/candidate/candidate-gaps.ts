import { findColumn } from "../../table/resolve.js";
import { laterText } from "../../table/watermark.js";
import type { TableProgress } from "../release/progress.js";
import { requireNoGap } from "../release/publish.js";
import type { Work } from "../session/work.js";

/**
 * Before anything is changed: rows that were read from beyond what live and the loads before have come to would leave a gap, as
 * after a rollback that came between.
 */
export function refuseGaps(w: Work, tables: readonly TableProgress[]): void {
  for (const t of tables) if (!t.fromStart) refuseGap(w, t);
}

function refuseGap(w: Work, { found, loads }: TableProgress): void {
  const { cursor } = found.definition;
  if (cursor === null) return;
  const { identifiers } = w.ctx.adapter.capabilities;
  let read = found.state?.watermark ?? null;
  for (const { staged, watermark } of loads) {
    const type = findColumn(staged.columns, cursor, identifiers)?.type;
    if (type === undefined) continue;
    requireNoGap(w, { ...staged, found }, read, type);
    read = laterText(read, watermark, type);
  }
}
