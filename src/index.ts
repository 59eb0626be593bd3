export type { Capabilities } from "./adapter/capabilities.js";
export type { Warehouse } from "./adapter/define.js";
export {
  type AnomalyOptions,
  accepted,
  anomaly,
  between,
  type Check,
  type CheckContext,
  type CheckFunction,
  type CheckOptions,
  check,
  freshness,
  matches,
  maxDrop,
  maxGrowth,
  noRows,
  notNull,
  quarantined,
  reconcile,
  references,
  rowCount,
  unique,
} from "./check/checks.js";
export type { CheckResult, CheckVerdict, Severity } from "./check/result.js";
export {
  type CodeNote,
  CutoverError,
  type ErrorCode,
  type ErrorFacts,
  errorCodes,
  isCutoverError,
  type Where,
} from "./errors/index.js";
export type { Tally } from "./ledger/state.js";
export type { Candidate } from "./pipeline/candidate/candidate.js";
export type { Config } from "./pipeline/config.js";
export type { Duration } from "./pipeline/duration.js";
export type { CutoverEvent, Logger, Observer } from "./pipeline/events.js";
export type { Feed, KeysWithCursor, LoadContext, Sources } from "./pipeline/load/feed.js";
export type { LoadOptions, LoadWindow } from "./pipeline/load/window.js";
export type { DiffOptions } from "./pipeline/look/diff.js";
export type { PlanOptions } from "./pipeline/look/plans.js";
export type * from "./pipeline/look/reports.js";
export { cutover, type Pipeline, type Sandbox } from "./pipeline/pipeline.js";
export type { QuarantinedRow } from "./pipeline/quarantine/quarantined.js";
export type { Mend, RedriveOptions, RedriveReport } from "./pipeline/quarantine/redrive.js";
export type { PruneOptions, PruneReport } from "./pipeline/recovery/prune.js";
export type { ExpectOptions } from "./pipeline/release/approved.js";
export type { HoldOptions } from "./pipeline/release/await.js";
export type { Release } from "./pipeline/release/release.js";
export type { RunOptions } from "./pipeline/release/run-options.js";
export type { RollbackOptions } from "./pipeline/rollback/rollback.js";
export type { SandboxOptions } from "./pipeline/sandbox/sandbox.js";
export type { CallOptions } from "./pipeline/session/work.js";
export type { ReleaseState, Stage, Strategy } from "./pipeline/words.js";
export { type FileFormat, files, query, type RowsOptions, rows, type Source, type SourceTotals } from "./source/source.js";
export { type Row, type Sql, type SqlTag, type SqlValue, sql } from "./sql/sql.js";
export {
  type ColumnOf,
  type Columns,
  type HowToLoad,
  type RowIn,
  type RowOut,
  type Table,
  type TableOptions,
  type Tables,
  table,
} from "./table/define.js";
export type { Mode, TableName } from "./table/definition.js";
export type { ColumnSpec, ColumnType, Json, ScalarIn, ScalarOut } from "./table/types.js";
