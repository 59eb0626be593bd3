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
export type { ExpectOptions } from "./pipeline/approved.js";
export type { HoldOptions } from "./pipeline/await.js";
export type { Candidate } from "./pipeline/candidate.js";
export type { Config } from "./pipeline/config.js";
export type { DiffOptions } from "./pipeline/diff.js";
export type { Duration } from "./pipeline/duration.js";
export type { CutoverEvent, Logger, Observer } from "./pipeline/events.js";
export type { Feed, KeysWithCursor, LoadContext, Sources } from "./pipeline/feed.js";
export { cutover, type Pipeline, type Sandbox } from "./pipeline/pipeline.js";
export type { PlanOptions } from "./pipeline/plans.js";
export type { PruneOptions, PruneReport } from "./pipeline/prune.js";
export type { QuarantinedRow } from "./pipeline/quarantined.js";
export type { Mend, RedriveOptions, RedriveReport } from "./pipeline/redrive.js";
export type { Release } from "./pipeline/release.js";
export type * from "./pipeline/reports.js";
export type { RollbackOptions } from "./pipeline/rollback.js";
export type { RunOptions } from "./pipeline/run-options.js";
export type { SandboxOptions } from "./pipeline/sandbox.js";
export type { LoadOptions, LoadWindow } from "./pipeline/window.js";
export type { ReleaseState, Stage, Strategy } from "./pipeline/words.js";
export type { CallOptions } from "./pipeline/work.js";
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
