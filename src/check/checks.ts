import { type Duration, milliseconds } from "../pipeline/duration.js";
import type { Row, Sql, SqlValue } from "../sql/sql.js";
import type { Table } from "../table/define.js";
import type { DeclaredColumn, TableDefinition, TableName } from "../table/definition.js";
import type { ColumnType } from "../table/types.js";
import type { CheckVerdict, Severity } from "./result.js";

/** A check as data. Made by the functions of this module, given to `table({ checks })`. */
export interface Check<out Col extends string = string> {
  readonly kind: string;
  readonly severity: Severity;
  readonly runs: "sql" | "js";
  readonly "~columns"?: Col;
}
/** `severity`: default `error`. `samples`: how many offending rows a report shows, default 5. */
export interface CheckOptions {
  readonly severity?: Severity;
  readonly samples?: number;
}
/** What a JavaScript check can look at. */
export interface CheckContext {
  /** Runs SQL inside the block: it sees the release as it would be published. */
  query(q: Sql): Promise<readonly Row[]>;
  /** The table as it would be published. */
  readonly self: Sql;
  /** Fires when the call is cancelled or the pipeline is closed. */
  readonly signal: AbortSignal;
}
/** A check of yours. One that throws has not passed, whatever its severity; what it threw is the `cause` of `CHECKS_FAILED`. */
export type CheckFunction = (c: CheckContext) => Promise<CheckVerdict>;

interface Common {
  readonly severity: Severity;
  readonly samples: number;
}
interface Sensitivity {
  readonly window: number;
  readonly minHistory: number;
  readonly sigmas: number;
  readonly ratio: number;
}
/** What the core knows of each kind. */
export type CheckDefinition = Common &
  (
    | { readonly kind: "rowCount"; readonly runs: "sql"; readonly min: number | null; readonly max: number | null }
    | {
        readonly kind: "maxDrop" | "maxGrowth";
        readonly runs: "sql";
        readonly ratio: number;
        readonly per: "table" | "partition";
      }
    | { readonly kind: "notNull" | "unique"; readonly runs: "sql"; readonly columns: readonly string[] }
    | { readonly kind: "accepted"; readonly runs: "sql"; readonly column: string; readonly values: readonly SqlValue[] }
    | { readonly kind: "between"; readonly runs: "sql"; readonly column: string; readonly min: SqlValue; readonly max: SqlValue }
    | {
        readonly kind: "matches";
        readonly runs: "sql";
        readonly column: string;
        readonly pattern: string;
        readonly flags: string;
      }
    | {
        readonly kind: "references";
        readonly runs: "sql";
        readonly column: string;
        readonly to: TableName;
        readonly toColumn: string;
        /** The columns of `to`, where its definition declares them. */
        readonly declared: readonly DeclaredColumn[] | null;
      }
    | { readonly kind: "freshness"; readonly runs: "sql"; readonly column: string; readonly maxAgeMs: number | null }
    | ({ readonly kind: "anomaly"; readonly runs: "sql"; readonly metric: "rows" | "changed" } & Sensitivity)
    | ({ readonly kind: "anomaly"; readonly runs: "sql"; readonly metric: "sum"; readonly column: string } & Sensitivity)
    | { readonly kind: "reconcile"; readonly runs: "sql" }
    | { readonly kind: "quarantined"; readonly runs: "sql"; readonly max: number | null; readonly ratio: number | null }
    | { readonly kind: "noRows"; readonly runs: "sql"; readonly name: string; readonly offending: Sql }
    | { readonly kind: "check"; readonly runs: "js"; readonly name: string; readonly fn: CheckFunction }
  );

const common = (o: CheckOptions = {}): Common => ({ severity: o.severity ?? "error", samples: o.samples ?? 5 });
const made = (definition: CheckDefinition): Check<never> => definition as CheckDefinition & Check<never>;

/** The table's rows lie between `min` and `max`, both included. */
export function rowCount(b: { readonly min?: number; readonly max?: number }, o?: CheckOptions): Check<never> {
  return made({ kind: "rowCount", runs: "sql", min: b.min ?? null, max: b.max ?? null, ...common(o) });
}
type Relative = CheckOptions & { readonly per?: "table" | "partition" };
/** Rows fall by at most `ratio` (0.2 = 20 %) against the release before; per table (default) or in each partition that the release touches. */
export function maxDrop(ratio: number, o?: Relative): Check<never> {
  return made({ kind: "maxDrop", runs: "sql", ratio, per: o?.per ?? "table", ...common(o) });
}
/** Rows grow by at most `ratio` (0.5 = 50 %) against the release before; per table (default) or in each partition that had rows. */
export function maxGrowth(ratio: number, o?: Relative): Check<never> {
  return made({ kind: "maxGrowth", runs: "sql", ratio, per: o?.per ?? "table", ...common(o) });
}
type Named = readonly [...columns: readonly string[]] | readonly [columns: readonly string[], o: CheckOptions];
function named(kind: "notNull" | "unique", args: Named): Check<never> {
  const [first, o] = args;
  const columns = Array.isArray(first) ? (first as readonly string[]) : (args as readonly string[]);
  return made({ kind, runs: "sql", columns, ...common(Array.isArray(first) ? (o as CheckOptions) : {}) });
}
/** None of the columns is NULL. With options: `notNull(["id", "amount"], { severity: "warn" })`. */
export function notNull<const C extends string>(...columns: readonly C[]): Check<C>;
export function notNull<const C extends string>(columns: readonly C[], o: CheckOptions): Check<C>;
export function notNull(...args: Named): Check<never> {
  return named("notNull", args);
}
/** The columns together are unique; rows with a NULL among them are not compared. With options: `unique(["id"], { samples: 1 })`. */
export function unique<const C extends string>(...columns: readonly C[]): Check<C>;
export function unique<const C extends string>(columns: readonly C[], o: CheckOptions): Check<C>;
export function unique(...args: Named): Check<never> {
  return named("unique", args);
}
/** Values are among those given; NULL is not looked at (see {@link notNull}). */
export function accepted<const C extends string>(column: C, values: readonly SqlValue[], o?: CheckOptions): Check<C> {
  return made({ kind: "accepted", runs: "sql", column, values, ...common(o) });
}
/** Values lie between `min` and `max`, both included; NULL is not looked at. */
export function between<const C extends string>(
  column: C,
  b: { readonly min?: SqlValue; readonly max?: SqlValue },
  o?: CheckOptions,
): Check<C> {
  return made({ kind: "between", runs: "sql", column, min: b.min ?? null, max: b.max ?? null, ...common(o) });
}
/**
 * The pattern is found somewhere in the text; anchor it (`^…$`) to mean all of it. NULL is not looked at. Patterns mean the
 * same on every engine: literals, `.`, `[…]`, `\d \w \s` (ASCII), groups, `|`, `* + ? {n,m}`, `^` and `$` for the ends of the
 * text. Flags, lookaround, backreferences and lazy quantifiers are `CONFIG`.
 */
export function matches<const C extends string>(column: C, pattern: string | RegExp, o?: CheckOptions): Check<C> {
  const [source, flags] = pattern instanceof RegExp ? [pattern.source, pattern.flags] : [pattern, ""];
  return made({ kind: "matches", runs: "sql", column, pattern: source, flags, ...common(o) });
}
type ColumnIn<T> = T extends Table<infer _I, infer O, infer _C> ? (unknown extends O ? string : keyof O & string) : string;
/**
 * Each value is in a column of another table; NULL is not looked at. A table of the same pipeline counts as it will be after
 * the release: with what the release loads into it, and of a candidate of both tables the new one. Any other is read as it is.
 */
export function references<const C extends string, T extends Table>(
  column: C,
  to: T,
  toColumn: ColumnIn<T>,
  o?: CheckOptions,
): Check<C>;
export function references<const C extends string>(column: C, to: TableName, toColumn: string, o?: CheckOptions): Check<C>;
export function references(column: string, to: Table | TableName, toColumn: string, o?: CheckOptions): Check<never> {
  const named = typeof to === "string" || Array.isArray(to);
  const name = named ? (to as TableName) : (to as Table | undefined)?.name;
  const declared = (to as { readonly "~definition"?: TableDefinition } | undefined)?.["~definition"]?.columns ?? null;
  return made({ kind: "references", runs: "sql", column, to: name as TableName, toColumn, declared, ...common(o) });
}
/**
 * The newest value of a date, datetime (taken for UTC) or timestamp is at most `maxAge` old by the warehouse's clock. Values
 * ahead of the clock are not looked at; without any other, "insufficient".
 */
export function freshness<const C extends string>(column: C, b: { readonly maxAge: Duration }, o?: CheckOptions): Check<C> {
  return made({ kind: "freshness", runs: "sql", column, maxAgeMs: milliseconds(b.maxAge), ...common(o) });
}
/** How far from the usual is an anomaly. */
export interface AnomalyOptions extends CheckOptions {
  /** How many earlier releases are looked at, at most 30; default 20. */
  readonly window?: number;
  /** With fewer earlier releases the outcome is "insufficient"; at least 3, default 5. */
  readonly minHistory?: number;
  /** Modified z-score above which a value is an anomaly; default 3.5. */
  readonly sigmas?: number;
  /** A distance from the median that is always allowed, as a part of it; default 0.1. */
  readonly ratio?: number;
}
/**
 * A number is not far from what it was in the earlier published releases, by their median and the median of the distances
 * from it. `rows` of the table, rows that the release has `changed` (in place), or the sum of a column. The ledger remembers
 * the last 30; a rollback takes them back.
 */
export function anomaly(metric: "rows" | "changed", o?: AnomalyOptions): Check<never>;
export function anomaly<const C extends string>(metric: { readonly sum: C }, o?: AnomalyOptions): Check<C>;
export function anomaly(metric: "rows" | "changed" | { readonly sum: string }, o: AnomalyOptions = {}): Check<never> {
  const { window = 20, minHistory = 5, sigmas = 3.5, ratio = 0.1 } = o;
  const base = { kind: "anomaly", runs: "sql", window, minHistory, sigmas, ratio, ...common(o) } as const;
  return made(
    typeof metric === "object" && metric !== null ? { ...base, metric: "sum", column: metric.sum } : { ...base, metric },
  );
}
/** What was staged agrees with the source's own `totals` (rows and sums); "insufficient" when the source gave none. */
export function reconcile(o?: CheckOptions): Check<never> {
  return made({ kind: "reconcile", runs: "sql", ...common(o) });
}
/**
 * At most so many rows of a load did not fit (`onInvalid: "quarantine"`): `max` rows, or a `ratio` of those that were loaded and that were
 * not (0.01 = 1 %). "insufficient" outside a release in place.
 */
export function quarantined(b: { readonly max?: number; readonly ratio?: number }, o?: CheckOptions): Check<never> {
  return made({
    kind: "quarantined",
    runs: "sql",
    max: b?.max ?? null,
    ratio: b?.ratio ?? null,
    ...common({ samples: 0, ...o }),
  });
}
/** The query returns nothing; `sql.self` in it is the table as it would be published. */
export function noRows(name: string, offending: Sql, o?: CheckOptions): Check<never> {
  return made({ kind: "noRows", runs: "sql", name, offending, ...common(o) });
}
/** JavaScript of yours, inside the block. Refused (`UNSUPPORTED`) where an engine runs a block as one script. */
export function check(name: string, fn: CheckFunction, o?: CheckOptions): Check<never> {
  return made({ kind: "check", runs: "js", name, fn, ...common(o) });
}

/** The name a report gives a check. */
export function checkName(d: CheckDefinition): string {
  switch (d.kind) {
    case "anomaly":
      return `anomaly(${metricOf(d)})`;
    case "references":
      return `references(${d.column}, ${targetOf(d)})`;
    case "maxDrop":
    case "maxGrowth":
      return d.per === "table" ? d.kind : `${d.kind} per partition`;
    case "noRows":
    case "check":
      return d.name;
    default: {
      const columns = checkColumns(d);
      return columns.length === 0 ? d.kind : `${d.kind}(${columns.join(", ")})`;
    }
  }
}
/** What a reference points to, for people. */
export const targetOf = (d: Extract<CheckDefinition, { kind: "references" }>): string =>
  `${typeof d.to === "string" ? d.to : d.to.join(".")}.${d.toColumn}`;
/** What an anomaly is looked for in: the name under which the ledger remembers it. */
export const metricOf = (d: Extract<CheckDefinition, { kind: "anomaly" }>): string =>
  d.metric === "sum" ? `sum(${d.column})` : d.metric;

/** The columns that a check names. */
export function checkColumns(d: CheckDefinition): readonly string[] {
  if ("columns" in d) return d.columns;
  return "column" in d ? [d.column] : [];
}
/** The same check with other names for its columns. */
export function renamed(d: CheckDefinition, name: (column: string) => string): CheckDefinition {
  if ("columns" in d) return { ...d, columns: d.columns.map(name) };
  return "column" in d ? { ...d, column: name(d.column) } : d;
}
/** Why a check says nothing about a column of this type; null: it does. */
export function unfitColumn(d: CheckDefinition, type: ColumnType): string | null {
  const needs = (what: string, fits: boolean): string | null =>
    fits ? null : `${d.kind} looks at ${what}; the column is ${type}`;
  if (d.kind === "matches") return needs("text", type === "string");
  if (d.kind === "freshness") return needs("dates, datetimes and timestamps", ["date", "datetime", "timestamp"].includes(type));
  if (d.kind === "references") return needs("values that can be compared", type !== "json");
  if (d.kind === "anomaly") return needs("numbers", isNumber(type));
  return null;
}
const isNumber = (type: ColumnType): boolean => /^(int64|float64|decimal)/.test(type);
/** Whether values of the two types can be equal. */
export const comparable = (a: ColumnType, b: ColumnType): boolean => a === b || (isNumber(a) && isNumber(b));
