import type { Row, Sql } from "../sql/sql.js";
import type { AtomicBlock, BlockResult, Native, Op, OpResult } from "./operations.js";
import type { ColumnShape, TableRef, TableShape } from "./shapes.js";

export interface IoOptions {
  readonly signal: AbortSignal;
  /** Names the call in query tags, comments and logs. */
  readonly tag: string;
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
export interface FileSet {
  readonly urls: readonly string[];
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
   * Replaces what is in `into` (a table that exists) by what comes: repeatable. Files must hold every column given, by
   * name; a value that does not fit without loss fails the whole.
   */
  stage(
    into: TableRef,
    columns: readonly ColumnShape[],
    from: AsyncIterable<Batch> | FileSet | Sql,
    o: IoOptions,
  ): Promise<{ readonly rows: number }>;
  /** Columns of what files hold or a query returns. */
  columnsOf(source: FileSet | Sql, o: IoOptions): Promise<readonly ColumnShape[]>;
  /** null: no such table. Throws for what is there but is no plain table (a view). */
  describe(ref: TableRef, o: IoOptions): Promise<TableShape | null>;
  /** Tables of a schema whose name starts so: for finding orphans. */
  list(schema: TableRef, prefix: string, o: IoOptions): Promise<readonly TableRef[]>;
  /** What a step would read, where the engine can tell; a budget is enforced before it is spent. */
  estimate?(op: Op<N>, o: IoOptions): Promise<{ readonly bytes: number }>;
  close(): Promise<void>;
}
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
  readonly native?: string;
  /** What the user should do, as a sentence. */
  readonly hint?: string;
  /** For `locked`: who holds it. For `driver-missing`: the command that installs it. */
  readonly detail?: string;
}
