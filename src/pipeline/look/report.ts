import { type Facts, readChecks } from "../../check/planned.js";
import type { CheckResult } from "../../check/result.js";
import type { LedgerEvent, Published, PublishedTable } from "../../ledger/events.js";
import { afterPublish } from "../../ledger/fold.js";
import { type State, type TableState, tallyOf } from "../../ledger/state.js";
import type { Row } from "../../sql/sql.js";
import type { RunReport, StageReport, TableCounts, TableReport, Warning } from "./reports.js";

export const noCounts: TableCounts = { inserted: 0, updated: 0, deleted: 0, unchanged: 0, stale: 0, quarantined: 0 };

/** What became of the rows of one table, told from the facts of its block. */
export function countsOf(t: PublishedTable, facts: Facts): TableCounts {
  const none = { ...noCounts, quarantined: t.quarantined ?? 0 };
  if (t.counts !== undefined) return { ...t.counts, quarantined: t.counts.quarantined + (t.quarantined ?? 0) };
  const first = (op: string | null): Row => (op === null ? {} : (facts[op]?.[0] ?? {}));
  if (t.undo.kind === "fill") return { ...none, inserted: t.staged };
  const tally = first(t.tally);
  const n = (name: string): number => Number(tally[name] ?? 0);
  const stale = Number(first(t.tally)["stale"] ?? 0);
  const [inserted, updated, deleted] = [n("inserted"), n("updated"), n("deleted")];
  const gone = t.deletes === true ? deleted : 0;
  return { ...none, inserted, updated, deleted, stale, unchanged: Math.max(0, t.staged - inserted - updated - stale - gone) };
}

export function tableReport(counts: TableCounts, was: TableState | null, is: TableState): TableReport {
  return {
    ...counts,
    rows: is.rows,
    checksum: tallyOf(is).checksum,
    watermark: { before: was?.watermark ?? null, after: is.watermark },
  };
}
/** The report of a published release, from what the journal holds of it: the same now and later. */
export function reportOf(
  p: Published,
  e: { readonly release: number; readonly at: string },
  pipeline: string,
): Omit<RunReport, "stages" | "warnings" | "status"> & { readonly after: State } {
  const after = afterPublish(p, e.release, e.at);
  const made = after.kept.at(-1);
  const tables = Object.entries(p.tables).map(([id, t]) => {
    const is = made?.tables[id]?.is as TableState;
    return [t.alias, tableReport(countsOf(t, p.facts), p.base.tables[id] ?? null, is)] as const;
  });
  const checks = checksOf(p);
  return { pipeline, release: e.release, strategy: p.strategy, tables: Object.fromEntries(tables), checks, after };
}
/** What the checks of a published release found, told from the facts of its block. */
export const checksOf = (p: Pick<Published, "tables" | "facts">): CheckResult[] =>
  Object.values(p.tables).flatMap((t) => readChecks(t.checks, p.facts));
export function runReport(
  p: Published,
  e: Pick<LedgerEvent, "release" | "at">,
  pipeline: string,
  more: {
    readonly status: RunReport["status"];
    readonly stages: readonly StageReport[];
    readonly warnings: readonly Warning[];
    readonly checks?: readonly CheckResult[];
  },
): RunReport {
  const { after: _after, ...report } = reportOf(p, e, pipeline);
  return { ...report, ...more, checks: more.checks ?? report.checks };
}
