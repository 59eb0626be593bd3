import type { Sql, TypedValue } from "../sql/sql.js";
import type { ColumnType } from "../table/types.js";
import type { Capabilities } from "./capabilities.js";
import type { Native, Op, SqlOp } from "./operations.js";
import type { ColumnShape, TableRef, TableShape } from "./shapes.js";

/** The rows of live that a load speaks for; stored with the release, so an emptied partition is in scope too. */
export type Scope =
  | { readonly keys: readonly string[] }
  | { readonly partition: string; readonly type: ColumnType; readonly values: readonly unknown[] }
  /** Too many to name: those that a table, the staged rows, has rows of. */
  | { readonly partition: string; readonly type: ColumnType; readonly from: TableRef }
  | { readonly partition: string; readonly type: ColumnType; readonly interval: Interval }
  /** Rows that bear the number of a release in the column `own`, in a window or in all of them: none of them goes. */
  | { readonly own: string; readonly window: Window | null }
  | "all";
/** Half-open; null: no bound on that side. */
export interface Interval {
  readonly from: unknown;
  readonly until: unknown;
}
/** An interval of a column's values. */
export interface Window extends Interval {
  readonly column: string;
  readonly type: ColumnType;
}
/** Rows of a delta that stand for a deleted row: those that have this value in the column, NULL too. */
export interface Deletes {
  readonly column: string;
  readonly equals: TypedValue;
}

/** Names of the columns that `changes` has before those of the table itself. */
export const imageColumns = { release: "_cutover_release", image: "_cutover_image", op: "_cutover_op" } as const;

/** What becomes of a row in quarantine. Those of a release that was rolled back come again when it is published again. */
export const quarantineStates = {
  waiting: "waiting",
  settled: "settled",
  dismissed: "dismissed",
  undone: "rolled back",
} as const;

/** The column of a delta that tells which row of the quarantine each of its rows was. */
export const quarantineId = "_cutover_quarantine";

/** What a check looks at: data that a dialect turns into an expression over the table `on`. */
export type Observation =
  /** Those of `in`, where it is given, in place of the table looked at. */
  | { readonly of: "rows"; readonly in?: Sql }
  | { readonly of: "nulls"; readonly column: string }
  /** Rows outside an interval, both ends included; NULL is not outside. */
  | { readonly of: "outside"; readonly column: string; readonly min: TypedValue | null; readonly max: TypedValue | null }
  /** Rows whose value is none of those; NULL is not counted. */
  | { readonly of: "unaccepted"; readonly column: string; readonly values: readonly TypedValue[] }
  /** Rows beyond the first for each value of the columns; rows with a NULL among them are not compared. */
  | { readonly of: "duplicates"; readonly columns: readonly string[] }
  | { readonly of: "sum"; readonly column: string }
  /** Rows in whose text the pattern (see `Syntax.matches`) is nowhere found; NULL is not counted. */
  | { readonly of: "unlike"; readonly column: string; readonly pattern: string }
  /** Rows whose value is none of those in a column of `to`, a table or a query in parentheses; NULL is not counted. */
  | { readonly of: "orphans"; readonly column: string; readonly to: Sql; readonly toColumn: string }
  /** Milliseconds from the newest value that is not ahead of the clock until the clock; NULL: there is none. */
  | { readonly of: "age"; readonly column: string; readonly type: ColumnType }
  /** Rows that a release changes, each once: told from its images. */
  | { readonly of: "changed"; readonly changes: TableRef; readonly release: number }
  /** The largest relative fall or growth of a partition's rows; against the images of a release, or another table. NULL: nothing to compare. */
  | {
      readonly of: "partition-change";
      readonly partition: string;
      readonly direction: "drop" | "growth";
      readonly against: { readonly changes: TableRef; readonly release: number } | { readonly table: TableRef };
    }
  /** Rows that a query returns. */
  | { readonly of: "query"; readonly sql: Sql };

/** One check of a scan: passes when what it observes lies within its bounds, both included; NULL is "insufficient" and passes. */
export interface ScanItem {
  readonly name: string;
  readonly observe: Observation;
  readonly min: TypedValue | null;
  readonly max: TypedValue | null;
  readonly blocks: boolean;
}
/** Rows that a difference is made of: a whole table, or the images of one release. `sign` −1 takes them away. */
export type DifferencePart =
  | { readonly table: TableRef; readonly sign: 1 | -1 }
  | { readonly changes: TableRef; readonly release: number; readonly sign: 1 | -1 };

/** Events of a journal that stay, though a snapshot tells what they came to. */
export type Spared =
  | { readonly events: readonly string[]; readonly releases: readonly number[] }
  /** Those from a sequence number on. */
  | { readonly events: readonly string[]; readonly from: number }
  /** Those recorded at this time or later: microseconds since 1970-01-01. */
  | { readonly events: readonly string[]; readonly since: bigint }
  /** Of the events `among` with the same payload the last, where it is one of these. */
  | { readonly events: readonly string[]; readonly among: readonly string[] };

/** What a check found: told by the row of an earlier operation of the block, or known already. */
export type NotedCheck = {
  readonly table: string;
  readonly check: string;
  readonly severity: string;
  readonly trust: string;
  /** As JSON text. */
  readonly bound: string;
} & (
  | { readonly outcome: string; readonly observed: string | null; readonly message: string }
  | {
      /** Its row has the value in `c<index>` and whether it passed in `p<index>`; `message` where the check told one. */
      readonly of: { readonly op: string; readonly index: number };
      /** What is observed, and what is allowed, as words. */
      readonly what: string;
      readonly allowed: string;
      /** Why it cannot be judged yet, whatever is observed; null: it can. */
      readonly short: string | null;
    }
);

/** What people read in a view of the ledger. */
export type Shown =
  /** A row for each release of every pipeline that the journal tells of. */
  | { readonly what: "releases"; readonly journal: TableRef }
  /** A row for each result of a check. */
  | { readonly what: "checks"; readonly results: TableRef }
  /** The images of one table: the tables that hold them, the newest first, each with the stored columns that it has. */
  | {
      readonly what: "changes";
      readonly images: readonly { readonly changes: TableRef; readonly columns: readonly ColumnShape[] }[];
    };

/** Step kind → arguments. The one place; everything else is derived. */
export interface Steps {
  /**
   * Takes the lease: one row must change. The fence grows by one, the release counter by `releases`; `left_by` becomes the owner
   * who had not given it up. Free, expired, or (where `deadProcess` is true) left by another process than `process`.
   */
  lease: {
    readonly lease: TableRef;
    readonly owner: string;
    readonly process: string;
    readonly deadProcess: boolean;
    readonly ttlMs: number;
    readonly releases: number;
    /** The fence of a lease of one's own that could not be given up: it may be taken as well. */
    readonly instead: bigint | null;
  };
  /** Pushes the lease's end on; one row must change, else it was lost. */
  renew: { readonly lease: TableRef; readonly fence: bigint; readonly ttlMs: number };
  /** Gives the lease up, and `releases` unused release numbers back. */
  free: { readonly lease: TableRef; readonly fence: bigint; readonly releases: number };
  /**
   * Writes the fence column itself under its own fence: a stale owner changes no row, and two owners conflict. With `free`
   * the lease is given up in the same statement, and so with the commit of the block.
   */
  fence: { readonly lease: TableRef; readonly fence: bigint; readonly free: boolean };
  /**
   * One row about a staged delta: `rows`, `null_keys`, `keys` (different ones), `null_partitions`, `null_cursors`, `min_cursor`,
   * `max_cursor`, and `settled_cursor`, the highest that is not beyond the clock, nor NaN or infinite.
   */
  inspect: {
    readonly delta: TableRef;
    readonly key: readonly string[];
    readonly cursor: ColumnShape | null;
    readonly partition: string | null;
  };
  /** The partitions that a delta has rows of: rows of `value`, at most `limit` of them where one is given. */
  partitions: { readonly delta: TableRef; readonly partition: ColumnShape; readonly limit?: number };
  /** A further load into the same release: its rows join those already staged. */
  append: { readonly from: TableRef; readonly to: TableRef; readonly columns: readonly string[] };
  /** One row a key: of several the highest cursor wins; the first operation is refused when winners of one key differ in content. */
  fold: {
    readonly from: TableRef;
    readonly to: TableRef;
    readonly key: readonly string[];
    readonly cursor: string | null;
    readonly columns: readonly ColumnShape[];
  };
  /**
   * Fills `to` (the columns, and the boolean `gone`) with what each key that these releases touched was before the first of them,
   * told by their images; where there was none, with the key and TRUE in `gone`. Releases in the order of their publication.
   */
  recall: {
    readonly changes: TableRef;
    readonly releases: readonly number[];
    readonly key: readonly string[];
    readonly columns: readonly ColumnShape[];
    readonly gone: string;
    readonly to: TableRef;
  };
  /**
   * Fills `changes` with the effective difference: a before-image of each live row that goes, an after-image of each row
   * that comes. Unchanged and stale rows are left out. In the scope of own rows only after-images: with a key, of rows whose key
   * live does not have; without one, of copies of which the own rows in the window have fewer, by the columns given.
   */
  capture: {
    readonly live: TableShape;
    readonly delta: TableRef;
    /** Columns of the delta; stored columns of live beside these keep live's value, or take their default. */
    readonly given: readonly string[];
    /** How many rows the delta has, where known: an engine may choose its way by it. */
    readonly rows: number | null;
    readonly changes: TableRef;
    readonly scope: Scope;
    readonly release: number;
    readonly key: readonly string[];
    readonly cursor: string | null;
    /** By key such a row deletes the one of its key; elsewhere it is not loaded. null: none does. */
    readonly deletes: Deletes | null;
    /** Constant predicate on live, for pruning; old partitions included. */
    readonly prune: Sql | null;
  };
  /** live := live − one image + the other. Publish and redo remove `before`; rollback removes `after`. Refused unless exactly the recorded rows are removed. */
  exchange: {
    readonly live: TableShape;
    readonly changes: TableRef;
    readonly release: number;
    readonly key: readonly string[];
    readonly remove: "before" | "after";
    /** Rows to remove and to insert: numbers, or columns of an earlier operation. */
    readonly removes: number | { readonly sameAs: string; readonly column: string };
    readonly inserts: number | { readonly sameAs: string; readonly column: string };
    /** At most so many rows are inserted, where known: an engine may choose its way by it. */
    readonly rows: number | null;
    /** Captured earlier in this very block: an engine may use row addresses that it noted then. */
    readonly captured: boolean;
    readonly prune: Sql | null;
  };
  /** First load into an empty table: all of the delta but what stands for a deleted row, no images. Undone by `empty`. */
  fill: {
    readonly live: TableShape;
    readonly delta: TableRef;
    readonly given: readonly string[];
    readonly deletes: Deletes | null;
    readonly inserts: number;
  };
  /** Removes every row; refused unless there are exactly `rows`. */
  empty: { readonly live: TableShape; readonly rows: number };
  /**
   * One row, after a capture and before its exchange. Of each image `…_rows` and the additive checksum `…_sum`; rows `inserted`,
   * `updated`, `deleted`, and `changed`, their sum; `stale`, the delta's rows that are older than live's. `rows` of live and
   * `same`, whether that is the number expected; `moved`, whether any of the images named is not empty. Refused unless both.
   * With time travel, `before` too: text by which `restore` finds live as it is now.
   */
  tally: {
    readonly changes: TableRef;
    readonly release: number;
    readonly columns: readonly ColumnShape[];
    /** null: `stale` is 0. */
    readonly stale: {
      readonly live: TableShape;
      readonly delta: TableRef;
      readonly key: readonly string[];
      readonly cursor: string;
      readonly prune: Sql | null;
    } | null;
    /** null: live is not counted, `rows` is NULL and `same` TRUE. */
    readonly count: { readonly on: TableRef; readonly rows: number } | null;
    /** null: nothing need have changed, and `moved` is TRUE. */
    readonly moved: readonly { readonly changes: TableRef; readonly release: number }[] | null;
  };
  /** Rows and additive checksum of a whole table: one row. With `expected`: refused unless it holds exactly that. */
  scan: {
    readonly on: TableRef;
    readonly columns: readonly ColumnShape[];
    readonly expected: { readonly rows: number; readonly sum: string } | null;
  };
  /** Refused unless the table has exactly `rows`. Cheap: no values are read. Returns `rows`. */
  count: { readonly on: TableRef; readonly rows: number };
  /** The checks of a table in one query: for each item `c<i>` observed (as text) and `p<i>` passed; `ok` unless a blocking one failed. */
  validate: { readonly on: Sql; readonly scan: readonly ScanItem[] };
  /** Rows that make an observation what it is, at most `limit`: samples for a report. */
  offenders: {
    readonly on: Sql;
    readonly observe: Observation;
    readonly columns: readonly ColumnShape[];
    readonly limit: number;
  };
  /**
   * A multiset difference: the columns, and `n` (above 0: so many rows more, below 0: fewer), ordered by key, so that the
   * two sides of an update stand together.
   */
  difference: {
    readonly parts: readonly DifferencePart[];
    readonly columns: readonly ColumnShape[];
    readonly key: readonly string[];
  };
  /** Appends to the journal. `facts` names operations of this block whose rows become part of the payload. */
  record: {
    readonly journal: TableRef;
    readonly events: readonly {
      readonly pipeline: string;
      readonly release: number;
      readonly seq: number;
      readonly event: string;
      readonly fence: bigint;
      readonly payload: string;
      readonly facts: readonly string[];
    }[];
  };
  /** The lease as it stands: owner, process, fence, expires_at, expired, releases. */
  readLease: { readonly lease: TableRef };
  /**
   * In one statement: the journal of a pipeline from the last event that carries the whole state on, by seq, and in each row the
   * lease: `owner, process, lease_fence, releases, expires_at, left_by, expired, now`. Without events one row, whose `event` is NULL.
   */
  readState: {
    readonly lease: TableRef;
    readonly journal: TableRef;
    readonly pipeline: string;
    readonly anchors: readonly string[];
  };
  /**
   * Events of these kinds, newest first. `payload` limits them to one exact payload, `release` to one release, `before` to
   * those of a lower `seq`.
   */
  findEvents: {
    readonly journal: TableRef;
    readonly pipeline: string;
    readonly events: readonly string[];
    readonly payload: string | null;
    readonly release: number | null;
    readonly before?: number;
    readonly limit: number | null;
  };
  /** One row: how many `rows` of the journal `compact` would remove. */
  compactable: {
    readonly journal: TableRef;
    readonly pipeline: string;
    readonly below: number;
    readonly spare: readonly Spared[];
  };
  /**
   * Removes from the journal of a pipeline every event below a sequence number, but for those that are spared, and writes
   * `rows` in their place. In a block, with the event that makes them superfluous.
   */
  compact: {
    readonly journal: TableRef;
    readonly pipeline: string;
    readonly below: number;
    readonly spare: readonly Spared[];
    readonly rows: readonly {
      readonly release: number;
      readonly seq: number;
      readonly event: string;
      /** Microseconds since 1970-01-01. */
      readonly at: bigint;
      readonly fence: bigint;
      readonly payload: string;
    }[];
  };
  /**
   * Claims tables for a pipeline: those without an owner become its own, and so do those of the pipeline `instead` where one
   * is given. In a block; concurrent claims conflict on `turn`.
   */
  claim: {
    readonly turn: TableRef;
    readonly claims: TableRef;
    readonly tables: readonly string[];
    readonly pipeline: string;
    readonly instead?: string;
  };
  /** Which pipeline owns which of these tables: rows of `table_name` and `pipeline`. */
  readClaims: { readonly claims: TableRef; readonly tables: readonly string[] };
  /** Makes a table of the ledger with one row unless it exists, in one statement: no two can make it. Its rows can be made anew. */
  seed: { readonly ref: TableRef; readonly columns: readonly (ColumnShape & { readonly value: string | number | null })[] };
  /**
   * Makes an empty table. Without `ifNotExists`, a table that is there already is an error. `scratch`: what it holds can be made
   * anew, so an engine may spare itself a history and a safe-keeping of it.
   */
  create: {
    readonly ref: TableRef;
    readonly columns: readonly ColumnShape[];
    readonly ifNotExists: boolean;
    readonly scratch: boolean;
  };
  /** Adds nullable columns without a default at the end of a table; one that is there already is left alone. */
  addColumns: { readonly on: TableShape; readonly columns: readonly ColumnShape[] };
  /** Makes a schema. Without `ifNotExists`, one that is there already is an error. */
  createSchema: { readonly ref: TableRef; readonly ifNotExists: boolean };
  /** Drops a schema with all that is in it, if it exists. */
  dropSchema: { readonly ref: TableRef };
  /** Drops a table if it exists. */
  drop: { readonly ref: TableRef };
  /** Adds what the checks of a release found to the table of results, by the warehouse's clock. */
  noteChecks: {
    readonly results: TableRef;
    readonly pipeline: string;
    readonly release: number;
    readonly checks: readonly NotedCheck[];
  };
  /** Removes what the checks of a pipeline's releases below a number found. */
  forgetChecks: { readonly results: TableRef; readonly pipeline: string; readonly below: number };
  /** Makes a view; one that is there stays as it is, or is replaced. */
  view: { readonly ref: TableRef; readonly shows: Shown; readonly replace: boolean };
  /** Drops a view if it exists. */
  dropView: { readonly ref: TableRef };
  /** Removes from `changes` the images of every release that is not in `keep`. */
  forget: { readonly changes: TableRef; readonly keep: readonly number[] };
  /** How many of the rows staged for a quarantine it does not have already, told by `row_digest`: one row, `fresh`. */
  countFresh: { readonly staged: TableRef; readonly quarantine: TableRef };
  /**
   * Rows staged for a quarantine come into it, waiting, as those of a release; those that it has already do not. What has been
   * settled for longer than `forgetMs`, and belongs to none of the releases in `keep`, goes.
   */
  setAside: {
    readonly staged: TableRef;
    readonly quarantine: TableRef;
    readonly pipeline: string;
    readonly release: number;
    readonly keep: readonly number[];
    readonly forgetMs: number;
  };
  /** Waiting rows of a quarantine with an id above `after`, by id, at most `limit`. */
  readAside: { readonly quarantine: TableRef; readonly pipeline: string; readonly after: string; readonly limit: number };
  /** The rows of a quarantine that a delta was made of are settled by its release; but not those that are older than live's by cursor. */
  settleAside: {
    readonly quarantine: TableRef;
    readonly pipeline: string;
    readonly release: number;
    readonly delta: TableRef;
    readonly stale: { readonly live: TableShape; readonly key: readonly string[]; readonly cursor: string } | null;
  };
  /** Waiting rows of a quarantine, named by id, are given up. */
  dismiss: { readonly quarantine: TableRef; readonly pipeline: string; readonly ids: readonly string[] };
  /** Releases are rolled back: their rows in a quarantine are `rolled back`, and what they settled waits again. Or the opposite. */
  undoAside: {
    readonly quarantine: TableRef;
    readonly pipeline: string;
    readonly releases: readonly number[];
    readonly direction: "undo" | "redo";
  };
  /** A faithful copy of `from`, or its empty twin. */
  clone: { readonly from: TableShape; readonly to: TableRef; readonly depth: number; readonly empty: boolean };
  /**
   * `candidate` becomes live; what was live (null: there was none) is kept as `keepAs`. In a block where DDL is transactional.
   * Elsewhere its operations run one by one and may stop between any two: then live is either version, whole, and what was
   * live bears the candidate's name or `keepAs`. Or live is overwritten by a copy: then `keepAs` is made first, and the candidate
   * goes last. Each operation can be repeated. Refused by the engine where the candidate's name is gone.
   */
  swap: {
    readonly live: TableShape | null;
    readonly candidate: TableShape;
    readonly at: TableRef;
    readonly keepAs: TableRef;
    readonly marker: string;
  };
  /** Writes a release's mark on a table, where `describe` finds it as `marker`; what else is written there stays. */
  mark: { readonly table: TableShape; readonly marker: string };
  /** A table gets another name in its schema. */
  rename: { readonly from: TableRef; readonly to: TableRef };
  /** `to` becomes a copy of live as it was where a tally told `before`, with the grants of live. */
  restore: { readonly live: TableShape; readonly to: TableRef; readonly before: string };
  /**
   * Gives the table `ref` the grants of another: `before` and `after` are fingerprints, of what it is and what it shall be like.
   * `owner`: and its owner, where the two differ; false while this role must still do more with the table than others may.
   */
  regrant: { readonly ref: TableRef; readonly before: unknown; readonly after: unknown; readonly owner: boolean };
}

/** The name of a step: what the core asks for by it, adapters compile. */
export type StepKind = keyof Steps;
/** A step with its arguments, told apart by `kind`. */
export type Step<K extends StepKind = StepKind> = { [P in K]: { readonly kind: P } & Steps[P] }[K];

/** Steps that may stand in a block compile to SQL only; the others may also be native calls. */
export type NativeStep =
  | "clone"
  | "swap"
  | "mark"
  | "rename"
  | "restore"
  | "regrant"
  | "create"
  | "addColumns"
  | "createSchema"
  | "dropSchema"
  | "drop";
/** For each kind of step, the function that turns it into operations, run in order. It does no I/O. */
export type Compilers<K extends StepKind, N extends Native = never> = {
  readonly [P in K]: (step: Step<P>) => readonly (P extends NativeStep ? Op<N> : SqlOp)[];
};
/** Steps without an honest ANSI default. */
export type EngineStep = "clone" | "swap" | "mark" | "rename" | "restore" | "regrant";
/** Steps that `ansi(syntax)` compiles; an adapter may override any of them. */
export type PortableStep = Exclude<StepKind, EngineStep>;
/** The compilers that an adapter with these capabilities must bring: no fewer, no more. */
export type Needed<C extends Capabilities> =
  | PortableStep
  | (C["clone"] extends "none" ? never : "clone")
  | (C["swap"] extends "none" ? never : "swap" | (C["transactionalDdl"] extends false ? "mark" | "rename" : never))
  | (C["timeTravel"] extends false ? never : "restore")
  | (C["grants"] extends false ? never : "regrant");
