import type { Warehouse } from "cutover";

/** Where the demo runs. The pipeline takes `warehouse` and nothing else; the rest is for those who look at what it does. */
export interface Place {
  readonly warehouse: Warehouse;
  connect(): Promise<Db>;
  /** Ends what `connect` opened, and takes the demo's tables away unless they shall stay. */
  close(keep: boolean): Promise<void>;
  /** How to look at what was left. */
  readonly hint: string;
}
/** A connection past the library, in statements that all the engines understand, but for the quotes around names. */
export interface Db {
  run(sql: string): Promise<void>;
  rows(sql: string): Promise<readonly (readonly unknown[])[]>;
  /** What tells one content of a table from another, as an aggregate over all columns of `t`. */
  readonly hash: string;
  /** Makes what Parquet files hold readable under a name, for this connection; `like` is a table or query that has their columns. */
  show(name: string, paths: readonly string[], like: string): Promise<void>;
}

/** Texts as SQL. */
export const listed = (texts: readonly string[]): string => texts.map((t) => `'${t.replaceAll("'", "''")}'`).join(", ");
