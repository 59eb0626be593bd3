import type { DuckDBConnection } from "@duckdb/node-api";
import type { Catalog, Table } from "./catalog.js";
import type { Lock } from "./locks.js";
import type { Physical, Store } from "./store.js";
import type { Transaction } from "./transactions.js";
import type { SimResult } from "./types.js";

/** What sessions share. */
export interface Engine {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly locks: WeakMap<Table, Lock>;
  readonly sessions: Set<Session>;
  /** Statements by query id: when they began and ended, in microseconds. */
  readonly statements: Map<string, { readonly at: number; end: number }>;
  /** Directory on disk under which the stages are. */
  readonly directory: string;
  sessionIds: number;
  /** Commits since it was last tidied up. */
  untidy?: number;
  sweeping?: Promise<void>;
  /** Microseconds since 1970. */
  now(): number;
  /** As `now`, but never the same twice. */
  tick(): number;
  /** Forgets old versions and drops what nobody needs, now and then. */
  tidy(): void;
}

export type Parameter = string | number | boolean;

export interface Session {
  readonly engine: Engine;
  readonly id: number;
  readonly user: string;
  role: string;
  database: string | null;
  schema: string | null;
  warehouse: string | null;
  readonly parameters: Map<string, Parameter>;
  readonly duck: DuckDBConnection;
  readonly held: Set<Physical>;
  transaction: Transaction | null;
  /** Temporary tables by their whole name. */
  readonly temporary: Map<string, Table>;
  readonly queryIds: string[];
  readonly results: Map<string, SimResult>;
  /** Rows of an array bind of the statement that runs. */
  timezone: string;
  /** Another session ended it. */
  aborted: boolean;
}

/** One statement on its way. */
export interface Statement {
  readonly session: Session;
  readonly queryId: string;
  readonly signal: AbortSignal;
  readonly sql: string;
  readonly describeOnly: boolean;
}
