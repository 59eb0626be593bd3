import type { DuckDBConnection } from "@duckdb/node-api";
import type { Catalog, Column, Table, Version } from "./catalog.js";
import type { Typed } from "./datatype.js";
import type { Copy } from "./jobs/copy.js";
import type { Token } from "./lex.js";
import type { Physical, Store } from "./store.js";
import type { Expr } from "./translate/ast.js";
import type { DatasetName, SimResult, TableName } from "./types.js";

export type { Typed } from "./datatype.js";

export type DmlKind = "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "TRUNCATE_TABLE";

/** What a DML statement leaves behind: the new parts of the table, or those that it adds. */
export interface Made {
  /** All parts of the new version; null: those of before and `appended`. */
  readonly parts: readonly Physical[] | null;
  readonly appended: readonly Physical[] | null;
  /** Nothing changed: there is no new version. */
  readonly unchanged?: boolean;
}

/**
 * How names become tables of DuckDB, and how changes become versions: by the latest commit, or by a transaction's snapshot and its own
 * writes. Names are whole and without decorators.
 */
export interface TableView {
  /** null: there is none. Temporary tables are under `temporary`. */
  find(name: TableName): Table | null;
  /** A temporary table of the script, by its single name; null: there is none. */
  temporary(name: string): Table | null;
  addTemporary(table: Table): void;
  dropTemporary(table: Table): void;
  /** The version that the statement sees. `at`: microseconds of FOR SYSTEM_TIME AS OF. Refuses what time travel no longer has. */
  version(table: Table, at: bigint | null): Version;
  /**
   * Runs a change: waits for its turn, gives `make` the version to start from, and makes what it returns the table's next version (or the
   * transaction's own). `make` can be called again when another commit came between.
   */
  write(table: Table, kind: DmlKind, make: (base: Version) => Promise<Made>): Promise<void>;
  /** Before a DDL statement on a permanent object: refuses in a transaction. `change` says which one. */
  ddl(statementType: string, name: TableName | DatasetName): void;
}

/** A table that a statement reads, for the bytes that it costs. */
export interface Scan {
  readonly table: Table;
  readonly version: Version;
  /** Columns named anywhere in the statement. Filled while the statement is read. */
  readonly columns: Set<Column>;
  /** All rows and columns are needed whatever is named (target of UPDATE, DELETE, MERGE). */
  readonly whole: boolean;
  /**
   * Condition in DuckDB's SQL over the physical columns by which partitions are chosen; null: all of them. Set by the translator through
   * `Env.prunes`.
   */
  prune: string | null;
  /** `t$20240101`: only this partition. */
  readonly partition: string | null;
}

export interface ReadLog {
  add(scan: Scan): void;
}

/** What the translator can say of an expression in a WHERE or ON, when it is asked which partitions it leaves. */
export interface Shape {
  /** The partitioning column of the table that is asked about (or its pseudo column). */
  partition(e: Expr): boolean;
  /** A literal, parameter, variable or a call of such: no column, no subquery. */
  constant(e: Expr): boolean;
}

/** One running statement's surroundings. */
export interface Env {
  readonly catalog: Catalog;
  readonly store: Store;
  /** Lower-case names. Columns of the same name hide them. */
  readonly variables: ReadonlyMap<string, Typed>;
  /** `@@row_count` as "row_count", `@@error.message` as "error.message"; undefined: there is none. */
  system(name: string): Typed | undefined;
  readonly parameters: { readonly positional: readonly Typed[]; readonly named: ReadonlyMap<string, Typed> };
  readonly project: string;
  readonly dataset: DatasetName | null;
  readonly location: string;
  readonly user: string;
  readonly jobId: string;
  readonly tables: TableView;
  readonly signal: AbortSignal;
  /** Microseconds since 1970: CURRENT_TIMESTAMP of the statement. */
  readonly now: bigint;
  readonly reads: ReadLog;
  /** Nothing is run; types, names and reads are worked out. */
  readonly dryRun: boolean;
  /** Refuses with accessDenied unless the user has the permission. */
  demand(permission: string, on: Partial<TableName>): void;
  /** The part of a condition that chooses partitions (as a condition that is true for at least what `where` is true for); null: none. */
  prunes(where: Expr, shape: Shape): Expr | null;
  /** CREATE TABLE … COPY and CLONE, CREATE SNAPSHOT TABLE: as the job of that kind does it. */
  copy(c: Omit<Copy, "user" | "by">): Promise<Table>;
  /** Called when reads are known and nothing has run: budgets, quotas. */
  planned?(statementType: string): Promise<void> | void;
}

/** Runs a SELECT, DML or DDL statement. `tokens` need no end token. */
export type RunStatement = (tokens: readonly Token[], env: Env) => Promise<SimResult>;
/** An expression's value. `to`: converted as in an assignment to a variable of this type. */
export type Evaluate = (tokens: readonly Token[], env: Env, to?: Typed["type"]) => Promise<Typed>;

export type Duck = DuckDBConnection;
