import type { Row, Sql } from "../sql/sql.js";
import type { AtomicBlock, BlockResult, Native, Op, OpResult } from "./operations.js";
import type { ColumnShape, TableRef, TableShape } from "./shapes.js";

/** What goes with every call to the engine. */
export interface IoOptions {
  /** Ends the call: it stops in the engine too, and throws what `classify` calls `cancelled`. */
  readonly signal: AbortSignal;
  /** Names the call in query tags, comments and logs. */
  readonly tag: string;
  /** Longest time for the call, in milliseconds. Absent: no limit. Not set yet by the core, which limits blocks only. */
  readonly timeoutMs?: number;
}
/**
 * Rows on their way in, one array a column, in canonical form: int64 `bigint`, float64 `number`, decimal text, string,
 * bool, bytes `Uint8Array`, json text; date in days since 1970-01-01 (`number`), time in microseconds since midnight
 * (`bigint`), timestamp and datetime in microseconds since 1970-01-01 (`bigint`); NULL is `null`.
 */
export interface Batch {
  readonly rows: number;
  readonly columns: readonly (readonly unknown[])[];
}
/** Files that the engine reads itself, all of one format. */
export interface FileSet {
  /** Paths, globs or URLs, as the user gave them. */
  readonly urls: readonly string[];
  /** CSV has a header line. */
  readonly format: "csv" | "ndjson" | "parquet";
}
/**
 * One connection. Values come back in the canonical form of {@link Batch}, except that json comes back as text and
 * decimal as text.
 */
export interface Session<N extends Native = never> {
  /** What precedes shorter table names: `[database, schema]`. */
  readonly home: readonly string[];
  /** One statement or native call; commits by itself. */
  execute(op: Op<N>, o: IoOptions): Promise<OpResult>;
  /** A result in batches: bounded memory. */
  stream(sql: Sql, returns: readonly ColumnShape[], o: IoOptions): AsyncIterable<readonly Row[]>;
  /** All or nothing. Throws only what `classify` explains. */
  atomic(block: AtomicBlock, o: IoOptions): Promise<BlockResult>;
  /**
   * Makes the table `into` anew, scratch, with the columns given (their native types, and NOT NULL where not nullable), and fills
   * it: repeatable. Files and queries must hold every column, by name; a value that does not fit without loss fails the whole,
   * and then there may be no such table.
   */
  stage(
    into: TableRef,
    columns: readonly ColumnShape[],
    from: AsyncIterable<Batch> | FileSet | Sql,
    o: IoOptions,
  ): Promise<{ readonly rows: number }>;
  /** Columns of what files hold or a query returns. */
  columnsOf(source: FileSet | Sql, o: IoOptions): Promise<readonly ColumnShape[]>;
  /**
   * null: no such table. Throws for what is there but is no plain table (a view). With `what: "columns"` an adapter may leave
   * out what costs calls of its own: then the core hands fingerprint, marker and version to steps in place only.
   */
  describe(ref: TableRef, o: IoOptions, what?: "columns" | "whole"): Promise<TableShape | null>;
  /** Tables of a schema whose name starts so: for finding orphans. */
  list(schema: TableRef, prefix: string, o: IoOptions): Promise<readonly TableRef[]>;
  /** Whether there is a schema of that name, empty or not, as far as the account may see. */
  hasSchema(schema: TableRef, o: IoOptions): Promise<boolean>;
  /**
   * What a block would read at most, in bytes, without running it; null: a table of it is not there yet. Queries that make the answer
   * exact may read `most` bytes. Only where `estimates` is true.
   */
  estimate?(block: AtomicBlock, o: IoOptions, most: number): Promise<{ readonly bytes: number | null }>;
  /** Ends the session, after what runs on it. Once is enough, twice is no mistake. */
  close(): Promise<void>;
}
/**
 * What kind of failure it was; the core decides by it. `driver-missing` becomes `DRIVER_MISSING`, `locked` `LEASE_HELD`,
 * `unsupported` `UNSUPPORTED`. While a source is read, `bad-data`, `bad-file`, `missing-object`, `syntax` and `other` become
 * `BAD_SOURCE`. All else is `ADAPTER`, retryable for `transient` and `conflict`; a block that met a `conflict` is tried again.
 */
export type FaultKind =
  | "transient"
  | "conflict"
  | "denied"
  | "missing-object"
  | "syntax"
  | "bad-data"
  | "bad-file"
  | "driver-missing"
  | "locked"
  | "cancelled"
  | "resources"
  | "corrupt"
  | "unsupported"
  | "other";
/** A native error, explained. */
export interface Fault {
  readonly kind: FaultKind;
  /** Whether the statement may nevertheless have taken effect. */
  readonly outcome: "not-applied" | "unknown";
  /** The engine's own code or class of error. */
  readonly native?: string;
  /** What the user should do, as a sentence. */
  readonly hint?: string;
  /** For `locked`: who holds it. For `driver-missing`: the command that installs it. */
  readonly detail?: string;
}
