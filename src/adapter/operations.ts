import type { Row, Sql } from "../sql/sql.js";
import type { ColumnType } from "../table/types.js";
import type { StepKind } from "./steps.js";

/** A call that is not SQL (a copy job). */
export interface Native {
  readonly call: string;
}
/** What must hold of an operation. Where it does not, a block is refused at it and rolled back. */
export type Expect =
  /** The number of rows changed: a number, or what an earlier operation of the block counted or returned in `column`. */
  | { readonly affected: number | { readonly sameAs: string; readonly column?: string } }
  /** One row comes back, and its column `ok` must be TRUE. The row is a result either way. */
  | {
      readonly holds: true /** … and so it must be in the rows of these earlier operations. */;
      readonly also?: readonly string[];
    };

/** SQL as template and typed values; placeholders are the session's affair. */
export interface SqlOp {
  readonly sql: Sql;
  readonly expect?: Expect;
  /** Types of the columns that come back; a script hands back JSON and drivers differ. Absent: only the count matters. */
  readonly returns?: Readonly<Record<string, ColumnType>>;
}
/** A native call in place of SQL. Commits by itself; never part of a block. */
export interface NativeOp<N extends Native> {
  readonly native: N;
  /** What plans show in place of a statement. */
  readonly text: string;
}
/** What a compiler makes of a step. Without native calls: SQL only. */
export type Op<N extends Native = never> = SqlOp | ([N] extends [never] ? never : NativeOp<N>);

/** A query that tells why an operation found what it found: samples for a report. */
export interface Explanation {
  /** The name under which its rows are handed back; unique in the block. */
  readonly id: string;
  /** Run only where this column of the operation's first row is FALSE. */
  readonly unless: string;
  readonly op: SqlOp;
}
/** One operation of a block. `id` is unique in the block. */
export interface BlockOp {
  readonly id: string;
  readonly step: StepKind;
  readonly op: SqlOp;
  /** Run inside the block, before anything is rolled back, where the operation's row has FALSE in the column `unless`: their rows explain it. */
  readonly explain?: readonly Explanation[];
}
/** JavaScript inside the block; only where `transaction` is `interactive`. Its row is a result like any other; `ok` not TRUE refuses the block. */
export interface Inspect {
  readonly id: string;
  /** Given queries inside the transaction; resolves the row. */
  readonly inspect: (query: (sql: Sql) => Promise<readonly Row[]>) => Promise<Row>;
}
/** All or nothing. No native calls inside. */
export interface AtomicBlock {
  readonly id: string;
  /** `rollback`: a rehearsal; all is done, and then undone. */
  readonly end: "commit" | "rollback";
  /** What is left of the lease, less 5 %: the block must be over by then. */
  readonly timeoutMs: number;
  readonly ops: readonly (BlockOp | Inspect)[];
}
/** What one operation came to. */
export interface OpResult {
  /** Rows changed; null where the engine does not tell, or nothing could change. */
  readonly affected: number | null;
  /** Rows returned, in the canonical form of the types in `returns`; empty where none were asked for. */
  readonly rows: readonly Row[];
  /** What the engine read for it, in bytes, where it tells. */
  readonly bytes?: number;
  /** The engine's own name for the call (query id, job id), where it has one: by it people find the call in the engine's history. */
  readonly nativeId?: string;
}
/** How a block ended, with the results of its operations by their `id`, explanations included. */
export type BlockResult = {
  readonly results: ReadonlyMap<string, OpResult>;
  /** What the engine read for all of it, in bytes, where it tells. */
  readonly bytes?: number;
  /** As in {@link OpResult}, where the block is one call. */
  readonly nativeId?: string;
} & (
  | { readonly outcome: "committed" | "rehearsed" }
  /** An expectation failed at operation `at`; nothing was kept. */
  | { readonly outcome: "refused"; readonly at: string }
);
