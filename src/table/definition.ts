import type { $ZodObject } from "zod/v4/core";
import type { CheckDefinition } from "../check/checks.js";
import type { SqlValue } from "../sql/sql.js";
import type { ColumnType } from "./types.js";

/**
 * `upsert`: rows by key. `append`: rows beside those that are there, none of which is changed. `partition`: whole partitions,
 * those that a load has rows of, or names. `replace`: the whole table.
 */
export type Mode = "upsert" | "append" | "partition" | "replace";
/** `"main.orders"` folds as the engine folds; a tuple is exact. */
export type TableName = string | readonly [string, ...string[]];

/** How a value appears to JavaScript: `exact` is the canonical form, the others what zod promises. */
export type JsKind = "exact" | "number" | "bigint" | "Date";
export interface DeclaredColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  readonly js: JsKind;
}
/** A table's options, checked. */
export interface TableDefinition {
  readonly name: TableName;
  /** null: not declared. */
  readonly columns: readonly DeclaredColumn[] | null;
  readonly schema: $ZodObject | null;
  readonly mode: Mode;
  readonly key: readonly string[];
  readonly partition: string | null;
  readonly cursor: string | null;
  /** Which release brought a row, in mode append; null in others. */
  readonly releaseColumn: string | null;
  /** Rows that stand for deleted ones. */
  readonly deleteWhen: { readonly column: string; readonly equals: SqlValue } | null;
  /** A table may be replaced by nothing. */
  readonly allowEmpty: boolean;
  readonly lookback: number;
  /** The lookback has a unit of time: it means nothing for a cursor that is a number. */
  readonly lookbackInTime: boolean;
  readonly checks: readonly CheckDefinition[];
  readonly onInvalid: "reject" | "quarantine";
  readonly onUnknownColumn: "reject" | "ignore" | "add";
  readonly redact: readonly string[];
}
export interface Issue {
  readonly path: string;
  readonly message: string;
}
