import type { CheckResult } from "../check/result.js";
import type { Tally } from "../ledger/state.js";
import type { Tables } from "../table/define.js";
import type { ReleaseState, Stage, Strategy } from "./words.js";

/** What became of the rows that were loaded. */
export interface TableCounts {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Equal to live, bit for bit. */
  readonly unchanged: number;
  /** Older than the live row by cursor. */
  readonly stale: number;
  readonly quarantined: number;
}
export interface TableReport extends TableCounts {
  /** Rows of live after the release. */
  readonly rows: number;
  readonly checksum: string;
  /** Exact text, as the ledger keeps it. */
  readonly watermark: { readonly before: string | null; readonly after: string | null };
}
export interface Validation {
  /** No check with severity `error` failed. */
  readonly ok: boolean;
  /** Names what was validated: release, contents and results. */
  readonly digest: string;
  readonly checks: readonly CheckResult[];
}
export interface LoadReport<T extends Tables = Tables> {
  readonly release: number;
  readonly staged: { readonly [K in keyof T]?: { readonly rows: number; readonly quarantined: number } };
  readonly warnings: readonly Warning[];
}
/** Something that went on nevertheless: cursors ahead of the clock, foreign writes, cleanup that failed after the commit. */
export interface Warning {
  readonly code: "FUTURE_CURSOR" | "FOREIGN_WRITES" | "IGNORED_COLUMNS" | "CLEANUP" | "TOOK_OVER";
  readonly message: string;
}
export interface StageReport {
  readonly stage: Stage;
  readonly ms: number;
  readonly statements: number;
}
/** JSON-safe: a repeated idempotency key brings it back from the ledger. */
export interface RunReport<T extends Tables = Tables> {
  readonly status: "published" | "already-published" | "nothing-to-do";
  readonly pipeline: string;
  /** The release published; for `nothing-to-do` the one that stays live. */
  readonly release: number;
  readonly strategy: Strategy;
  readonly tables: { readonly [K in keyof T]?: TableReport };
  readonly checks: readonly CheckResult[];
  readonly stages: readonly StageReport[];
  readonly warnings: readonly Warning[];
}
export interface RollbackReport {
  readonly from: number;
  readonly to: number;
  readonly tables: Readonly<Record<string, TableReport>>;
}
export interface ReleaseSummary {
  readonly release: number;
  readonly state: ReleaseState;
  readonly strategy: Strategy;
  /** ISO text, by the warehouse's clock. */
  readonly at: string;
  readonly note?: string;
  readonly canRollBackTo: boolean;
}
export interface Status<T extends Tables = Tables> {
  /** The release that readers see; null: none yet. */
  readonly live: number | null;
  readonly open: readonly ReleaseSummary[];
  readonly watermarks: { readonly [K in keyof T]: string | null };
  readonly tallies: { readonly [K in keyof T]: Tally | null };
  readonly lease: { readonly owner: string; readonly expires: string } | null;
  /** Why the pipeline is on hold; null: it is not. */
  readonly held: string | null;
}
export type RowChange<R> =
  | { readonly op: "insert"; readonly after: R }
  | { readonly op: "update"; readonly before: R; readonly after: R }
  | { readonly op: "delete"; readonly before: R };
export interface AuditReport {
  /** Every table holds exactly what the ledger recorded. */
  readonly ok: boolean;
  readonly tables: Readonly<Record<string, { readonly recorded: Tally | null; readonly found: Tally }>>;
}
export interface RecoveryReport {
  readonly settled: readonly { readonly release: number; readonly as: "published" | "not-published" }[];
  readonly dropped: readonly string[];
}
/** The statements of an operation, in order. */
export interface PlanText {
  readonly blocks: readonly { readonly name: string; readonly atomic: boolean; readonly statements: readonly string[] }[];
  toString(): string;
}
