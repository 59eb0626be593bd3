import type { DmlStats, SimResult } from "../types.js";

/** What a DML statement answers. */
export function outcome(statementType: string, counts: Partial<DmlStats>): SimResult {
  const dmlStats = { inserted: 0, updated: 0, deleted: 0, ...counts };
  return {
    schema: null,
    rows: [],
    statementType,
    affected: dmlStats.inserted + dmlStats.updated + dmlStats.deleted,
    dmlStats,
    bytesProcessed: 0,
  };
}
