import type { CheckResult } from "../../check/result.js";
import type { Tally } from "../../ledger/state.js";
import type { Tables } from "../../table/define.js";
import type { ReleaseState, Stage, Strategy } from "../words.js";

/** What became of the rows that were loaded. */
export interface TableCounts {
  readonly inserted: number;
  /** Same key, other content. */
  readonly updated: number;
  readonly deleted: number;
  /** Equal to live, bit for bit. */
  readonly unchanged: number;
  /** Older than the live row by cursor. */
  readonly stale: number;
  /** Rows that did not fit, with `onInvalid: "quarantine"`; those that the quarantine had already are counted too. */
  readonly quarantined: number;
}
/** What a release made of one table. */
export interface TableReport extends TableCounts {
  /** Rows of live after the release. */
  readonly rows: number;
  /** Additive checksum of those rows, with its version before it. Compare it with `audit()`. */
  readonly checksum: string;
  /** Exact text, as the ledger keeps it. */
  readonly watermark: { readonly before: string | null; readonly after: string | null };
}
/** What the checks found. A failed check is a result here, not an error. */
export interface Validation {
  /** No check with severity `error` failed. */
  readonly ok: boolean;
  /**
   * Names what would be published: the release, of each table rows, checksum, watermark and counts, and what each check came
   * to. The same again gives the same digest. `publish({ expect })` takes it. Of a release it is empty when a check with severity
   * `error` failed, or when there was nothing to validate.
   */
  readonly digest: string;
  readonly checks: readonly CheckResult[];
}
/** What one load staged. Nothing of it is live yet. */
export interface LoadReport<T extends Tables = Tables> {
  readonly release: number;
  /** Rows that this load brought, by table, before several rows of one key are made one. `quarantined`: those that did not fit. */
  readonly staged: { readonly [K in keyof T]?: { readonly rows: number; readonly quarantined: number } };
  readonly warnings: readonly Warning[];
}
/** Something that went on nevertheless: cursors ahead of the clock, foreign writes, cleanup that failed after the commit, a report of which `prune` left a part. */
export interface Warning {
  readonly code:
    | "FUTURE_CURSOR"
    | "FOREIGN_WRITES"
    | "IGNORED_COLUMNS"
    | "ADDED_COLUMNS"
    | "CHECKSUM"
    | "CLEANUP"
    | "QUARANTINED"
    | "ACK"
    | "TOOK_OVER"
    | "PLAIN_TABLE"
    | "WITHDRAWN"
    | "COMPACTED";
  readonly message: string;
}
/** What a stage cost. */
export interface StageReport {
  readonly stage: Stage;
  /** Time by this machine's clock, in whole milliseconds. */
  readonly ms: number;
  /** Calls to the warehouse; every operation of a block counts. */
  readonly statements: number;
  /** What the engine read for them, in bytes, where it tells; else null. */
  readonly bytes: number | null;
}
/** JSON-safe: a repeated idempotency key brings it back from the ledger. */
export interface RunReport<T extends Tables = Tables> {
  /**
   * `already-published`: the idempotency key names a release that is out; its report comes back. `nothing-to-do`: neither
   * rows nor watermark would have changed.
   */
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
/** What `rollback` or `redo` did; of a dry run, what it would have done. */
export interface RollbackReport {
  /** The release that was live. */
  readonly from: number;
  /** The release that is live now; 0: what was there before the first. */
  readonly to: number;
  /** Rows, checksum and watermark of each table that moved. The rows that moved are not counted: those counts are 0. */
  readonly tables: Readonly<Record<string, TableReport>>;
  /** `FOREIGN_WRITES`: what `onDrift: "overwrite"` overwrote, and where it is kept. */
  readonly warnings: readonly Warning[];
}
/** A release in a list. */
export interface ReleaseSummary {
  readonly release: number;
  readonly state: ReleaseState;
  readonly strategy: Strategy;
  /** When it was settled; of an open one, when it was opened. ISO text, by the warehouse's clock. */
  readonly at: string;
  /** What `run` was given as `note`. */
  readonly note?: string;
  /** Whether `rollback({ to })` can go back to it: what that takes is still kept. */
  readonly canRollBackTo: boolean;
  /**
   * What its checks found, when it was published or refused; of an open one, at the last validation of what it holds now.
   * Without samples: those are in the report, the error and the event only. Empty where none has run.
   */
  readonly checks: readonly CheckResult[];
}
/** Where a pipeline stands, as its ledger tells; the tables themselves are not read. */
export interface Status<T extends Tables = Tables> {
  /** The release that readers see; null: none yet. */
  readonly live: number | null;
  /** Releases by steps that are not settled. */
  readonly open: readonly ReleaseSummary[];
  /** How far each source has been read, as exact text; null: not yet, or the table has no cursor. */
  readonly watermarks: { readonly [K in keyof T]: string | null };
  /** What each table held after the last release; null: no release or baseline accounts for it. */
  readonly tallies: { readonly [K in keyof T]: Tally | null };
  /** Who works on the pipeline now, and until when unless renewed (ISO text); null: nobody. */
  readonly lease: { readonly owner: string; readonly expires: string } | null;
  /** Why the pipeline is on hold; null: it is not. */
  readonly held: string | null;
  /** Releases rolled back whose sources cannot rewind: nothing is published before `redo()` or `discard()`. */
  readonly pending: readonly number[];
}
/** One row by which two releases differ. `update` pairs rows of one key; without a key there are inserts and deletes only. */
export type RowChange<R> =
  | { readonly op: "insert"; readonly after: R }
  | { readonly op: "update"; readonly before: R; readonly after: R }
  | { readonly op: "delete"; readonly before: R };
/** What the ledger recorded of each table, and what a full scan found there. */
export interface AuditReport {
  /** Every table holds exactly what the ledger recorded; one that it does not know has no rows. */
  readonly ok: boolean;
  /** By table; those that do not exist are left out. `recorded` is null where no release or baseline accounts for the table. */
  readonly tables: Readonly<Record<string, { readonly recorded: Tally | null; readonly found: Tally }>>;
}
/** What an interrupted owner had left, and what became of it. */
export interface RecoveryReport {
  /** Releases that nobody would have continued. */
  readonly settled: readonly { readonly release: number; readonly as: "published" | "not-published" }[];
  /** Tables that belonged to nothing any more: staged rows, candidates, versions. Full names, joined by dots. */
  readonly dropped: readonly string[];
}
/** The statements of an operation, in order. */
export interface PlanText {
  /** `atomic`: one transaction. Otherwise each statement commits by itself. */
  readonly blocks: readonly {
    readonly name: string;
    readonly atomic: boolean;
    readonly statements: readonly string[];
    /** What it would read at most, in bytes, where the engine can tell beforehand; else null. */
    readonly bytes: number | null;
  }[];
  /** All of it as SQL text, for people to read. */
  toString(): string;
}
