import type { $ZodObject, input as ZodInput, output as ZodOutput } from "zod/v4/core";
import type { Check } from "../check/checks.js";
import type { Duration } from "../pipeline/duration.js";
import type { SqlValue } from "../sql/sql.js";
import type { Issue, TableDefinition, TableName } from "./definition.js";
import { checkTable } from "./options.js";
import type { ColumnSpec, ColumnType, ScalarIn, ScalarOut } from "./types.js";

/** Columns: a zod object, or types as text (`"int64"`, `"decimal(18,2)?"`, `?` for nullable). Absent: read from live or from the files. */
export type Columns = $ZodObject | Readonly<Record<string, ColumnSpec>>;
type Base<S> = S extends `${infer B}?` ? B : S;
type Cell<S, M> = (Base<S> extends keyof M ? M[Base<S> & keyof M] : string) | (S extends `${string}?` ? null : never);
type Nullable<C> = { [K in keyof C]: C[K] extends `${string}?` ? K : never }[keyof C];
type Flat<T> = { [K in keyof T]: T[K] } & {};
type DecimalIn = ScalarIn & { readonly [D in `decimal(${number},${number})`]: string | number | bigint };
/** A row on its way in. */
export type RowIn<C> = C extends $ZodObject
  ? ZodInput<C>
  : Flat<{ [K in Exclude<keyof C, Nullable<C>>]: Cell<C[K], DecimalIn> } & { [K in Nullable<C>]?: Cell<C[K], DecimalIn> }>;
/** A row on its way out. */
export type RowOut<C> = C extends $ZodObject ? ZodOutput<C> : { [K in keyof C]: Cell<C[K], ScalarOut> };
/** The names of the columns: what keys, cursors and checks may name. */
export type ColumnOf<C> = keyof RowOut<C> & string;

/** What is known of a table beside how it is loaded. All of it may be left out. */
export interface TableOptions<C extends Columns, Cur extends ColumnOf<C>> {
  /** Absent: read from live or from the files. A table that does not exist yet is made of these. */
  readonly columns?: C;
  /** Types where zod cannot say them: `{ amount: "decimal(18,2)" }`. */
  readonly types?: { readonly [K in ColumnOf<C>]?: ColumnType };
  /** How far the source has been read. Its highest value becomes the watermark. */
  readonly cursor?: Cur;
  /**
   * `since` is the watermark less this, for rows that commit late. A duration for temporal cursors (a number is
   * milliseconds), a number for others. Default 0.
   */
  readonly lookback?: Duration;
  /**
   * Rows that have this value in this column are deleted in the source. By key (mode upsert) such a row deletes the one of its
   * key; in other modes it is not loaded. `equals: null` means NULL.
   */
  readonly deleteWhen?: { readonly column: ColumnOf<C>; readonly equals: SqlValue };
  /** Run before every publish, on the table as it would be. */
  readonly checks?: readonly Check<ColumnOf<C>>[];
  /**
   * What happens to rows from `rows()` that do not fit: type, zod, NULL in key or partition, a missing or an unknown column.
   * `reject` (default) refuses the load. `quarantine` loads the others and keeps these, with their reasons: see
   * {@link Pipeline.quarantined}. Of `files()` and `query()` all rows must fit (`UNSUPPORTED`).
   */
  readonly onInvalid?: "reject" | "quarantine";
  /**
   * What happens to columns that the table does not have. Default `reject`; `ignore` leaves them out and warns. `add` gives them to
   * the table, nullable and at its end, before the release: they stay there even if it fails. Of `rows()` those of the first row
   * count, in the type that its value tells (a number is float64); a column that only later rows have is refused.
   */
  readonly onUnknownColumn?: "reject" | "ignore" | "add";
  /** Columns whose values never appear in samples. */
  readonly redact?: readonly ColumnOf<C>[];
}
/**
 * What a load does to live. `upsert` (default): a row takes the place of the one with its key, unless that has a higher cursor;
 * what is not loaded stays. `append`: rows come beside those that are there, and none is changed: with a `key`, rows whose key
 * live has not; without one, in windows of the cursor, what the window does not have yet. The column `releaseColumn` (default
 * `cutover_release`) tells which release brought a row; NULL: none did. `partition`: whole partitions are replaced, those that
 * the load has rows of, or that its window or `partitions` names. `replace`: the whole table, by no rows only where `allowEmpty`
 * says so. In the last two a `key`, where there is one, tells updates from inserts and deletes.
 */
export type HowToLoad<C extends Columns> =
  | { readonly mode?: "upsert"; readonly key: ColumnOf<C> | readonly ColumnOf<C>[] }
  | { readonly mode: "append"; readonly key?: ColumnOf<C> | readonly ColumnOf<C>[]; readonly releaseColumn?: string }
  | { readonly mode: "partition"; readonly partition: ColumnOf<C>; readonly key?: ColumnOf<C> | readonly ColumnOf<C>[] }
  | { readonly mode: "replace"; readonly key?: ColumnOf<C> | readonly ColumnOf<C>[]; readonly allowEmpty?: boolean };
/** A table as a pipeline loads it. */
export interface Table<In = unknown, Out = unknown, Cursor = unknown> {
  readonly name: TableName;
  readonly "~types"?: { in: In; out: Out; cursor: Cursor };
}
/** Tables by alias, as a pipeline holds them. */
export type Tables = Readonly<Record<string, Table>>;

interface Defined extends Table<never, never, never> {
  readonly "~definition": TableDefinition;
  readonly "~issues": readonly Issue[];
}

/**
 * Describes a table. What is wrong with it is told by `cutover()`, together with all else that is wrong.
 * Row types come from `columns`; a typo in a key, cursor or check does not compile.
 */
export function table<const C extends Columns = Readonly<Record<string, "json?">>, const Cur extends ColumnOf<C> = never>(
  name: TableName,
  options: TableOptions<C, Cur> & HowToLoad<C>,
): Table<RowIn<C>, RowOut<C>, [Cur] extends [never] ? never : RowOut<C>[Cur & keyof RowOut<C>]> {
  const given = { ...(options as unknown as Record<string, unknown>) };
  const { definition, issues } = checkTable(name, given);
  const defined: Defined = { name, "~definition": definition, "~issues": issues };
  return defined;
}

/** The same table under another name. */
export function renamed(t: Table, name: TableName): Table {
  const defined = t as Defined;
  return { ...defined, name, "~definition": { ...defined["~definition"], name } } as Defined as Table;
}

/** What {@link table} found; null for a value that it did not make. */
export function definitionOf(t: Table): { readonly definition: TableDefinition; readonly issues: readonly Issue[] } | null {
  const d = t as Partial<Defined>;
  return d["~definition"] === undefined ? null : { definition: d["~definition"], issues: d["~issues"] ?? [] };
}
