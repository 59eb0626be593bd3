import type { $ZodObject, input as ZodInput, output as ZodOutput } from "zod/v4/core";
import type { Check, CheckDefinition } from "../check/checks.js";
import { type Duration, milliseconds } from "../pipeline/duration.js";
import { type ColumnSpec, type ColumnType, isColumnType, type ScalarIn, type ScalarOut } from "./types.js";
import { isZodObject, zodColumns } from "./zod.js";

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
export type ColumnOf<C> = keyof RowOut<C> & string;

/** `upsert`: rows by key. `partition`: whole partitions, those that a load has rows of. */
export type Mode = "upsert" | "partition";
export interface TableOptions<C extends Columns, Cur extends ColumnOf<C>> {
  readonly columns?: C;
  /** Types where zod cannot say them: `{ amount: "decimal(18,2)" }`. */
  readonly types?: { readonly [K in ColumnOf<C>]?: ColumnType };
  /** How far the source has been read. Its highest value becomes the watermark. */
  readonly cursor?: Cur;
  /** `since` is the watermark less this, for rows that commit late. A duration for temporal cursors, a number for others. */
  readonly lookback?: Duration;
  readonly checks?: readonly Check<ColumnOf<C>>[];
  /** What happens to columns that the table does not have. Default `reject`; `ignore` leaves them out and warns. */
  readonly onUnknownColumn?: "reject" | "ignore";
  /** Columns whose values never appear in samples. */
  readonly redact?: readonly ColumnOf<C>[];
}
export type HowToLoad<C extends Columns> =
  | { readonly mode?: "upsert"; readonly key: ColumnOf<C> | readonly ColumnOf<C>[] }
  | { readonly mode: "partition"; readonly partition: ColumnOf<C>; readonly key?: ColumnOf<C> | readonly ColumnOf<C>[] };
/** `"main.orders"` folds as the engine folds; a tuple is exact. */
export type TableName = string | readonly [string, ...string[]];

/** A table as a pipeline loads it. */
// biome-ignore lint/suspicious/noExplicitAny: any row type fits where none is named; unknown would make every table invariant
export interface Table<In = any, Out = any, Cursor = any> {
  readonly name: TableName;
  readonly "~types"?: { in: In; out: Out; cursor: Cursor };
}
export type Tables = Readonly<Record<string, Table>>;

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
  readonly lookback: number;
  readonly checks: readonly CheckDefinition[];
  readonly onUnknownColumn: "reject" | "ignore";
  readonly redact: readonly string[];
}
export interface Issue {
  readonly path: string;
  readonly message: string;
}
interface Defined extends Table {
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

/** What {@link table} found; null for a value that it did not make. */
export function definitionOf(t: Table): { readonly definition: TableDefinition; readonly issues: readonly Issue[] } | null {
  const d = t as Partial<Defined>;
  return d["~definition"] === undefined ? null : { definition: d["~definition"], issues: d["~issues"] ?? [] };
}

const known = new Set([
  "columns",
  "types",
  "cursor",
  "lookback",
  "checks",
  "onUnknownColumn",
  "redact",
  "mode",
  "key",
  "partition",
]);
const modes: readonly string[] = ["upsert", "partition"];
const list = (v: unknown): readonly string[] => (v === undefined ? [] : Array.isArray(v) ? v.map(String) : [String(v)]);
const text = (v: unknown): string | null => (typeof v === "string" ? v : null);

function checkTable(name: TableName, o: Record<string, unknown>): { definition: TableDefinition; issues: Issue[] } {
  const issues: Issue[] = [];
  const say = (path: string, message: string): number => issues.push({ path, message });
  const parts = typeof name === "string" ? [name] : Array.isArray(name) ? name : [];
  if (parts.length === 0 || parts.some((p) => typeof p !== "string" || p === ""))
    say("name", "expected a name, or a tuple of names");
  for (const option of Object.keys(o)) if (!known.has(option)) say(option, `unknown option; there are ${[...known].join(", ")}`);
  const mode = (o["mode"] ?? "upsert") as Mode;
  if (!modes.includes(mode)) say("mode", `unknown mode ${JSON.stringify(mode)}; there are ${modes.join(", ")}`);
  const { columns, schema } = declaredColumns(o, say);
  const names = columns?.map((c) => c.name) ?? null;
  const column = (path: string, n: string): void => {
    if (names !== null && !names.includes(n)) say(path, `no column ${JSON.stringify(n)}; the columns are ${names.join(", ")}`);
  };
  const key = list(o["key"]);
  for (const k of key) column("key", k);
  if (mode === "upsert" && key.length === 0) say("key", "mode upsert needs a key");
  const partition = text(o["partition"]);
  if (mode === "partition" && partition === null) say("partition", "mode partition needs a partition column");
  if (mode === "upsert" && partition !== null) say("partition", 'a partition needs mode: "partition"');
  if (partition !== null) column("partition", partition);
  const cursor = text(o["cursor"]);
  if (cursor !== null) column("cursor", cursor);
  const lookback = o["lookback"] === undefined ? 0 : milliseconds(o["lookback"]);
  if (lookback === null) say("lookback", 'expected a number, or a duration such as "10m"');
  if (o["lookback"] !== undefined && cursor === null) say("lookback", "a lookback needs a cursor");
  const cursorType = columns?.find((c) => c.name === cursor)?.type;
  if (cursorType !== undefined && ["string", "bool", "json", "bytes", "time"].includes(cursorType) && lookback !== 0)
    say("lookback", `a cursor of type ${cursorType} has no distance to look back`);
  if (cursorType === "json" || cursorType === "bytes" || cursorType === "bool")
    say("cursor", `a ${cursorType} column has no order to read by`);
  const checks = (o["checks"] ?? []) as readonly CheckDefinition[];
  for (const [i, c] of checks.entries()) checkCheck(c, `checks[${i}]`, say, column, partition);
  const redact = list(o["redact"]);
  for (const r of redact) column("redact", r);
  const onUnknownColumn = (o["onUnknownColumn"] ?? "reject") as "reject" | "ignore";
  if (!["reject", "ignore"].includes(onUnknownColumn)) say("onUnknownColumn", "expected reject or ignore");
  return {
    definition: { name, columns, schema, mode, key, partition, cursor, lookback: lookback ?? 0, checks, onUnknownColumn, redact },
    issues,
  };
}

type Say = (path: string, message: string) => unknown;
function declaredColumns(
  o: Record<string, unknown>,
  say: Say,
): { columns: readonly DeclaredColumn[] | null; schema: $ZodObject | null } {
  const types = (o["types"] ?? {}) as Readonly<Record<string, ColumnType>>;
  for (const [name, t] of Object.entries(types)) if (!isColumnType(t)) say(`types.${name}`, `unknown type ${JSON.stringify(t)}`);
  const given = o["columns"];
  if (given === undefined) return { columns: null, schema: null };
  if (isZodObject(given)) {
    const { columns, untold } = zodColumns(given, types);
    for (const name of untold) say(`columns.${name}`, "zod does not say the type; name it in `types`");
    for (const name of Object.keys(types)) if (!(name in given._zod.def.shape)) say(`types.${name}`, "no such column");
    return { columns, schema: given };
  }
  if (typeof given !== "object" || given === null) {
    say("columns", "expected a zod object or a record of types");
    return { columns: null, schema: null };
  }
  const columns = Object.entries(given as Record<string, unknown>).flatMap(([name, spec]): DeclaredColumn[] => {
    const nullable = typeof spec === "string" && spec.endsWith("?");
    const type = types[name] ?? (nullable ? spec.slice(0, -1) : spec);
    if (isColumnType(type)) return [{ name, type, nullable, js: "exact" }];
    say(`columns.${name}`, `unknown type ${JSON.stringify(spec)}`);
    return [];
  });
  if (columns.length === 0) say("columns", "a table needs at least one column");
  return { columns, schema: null };
}

function checkCheck(
  c: CheckDefinition,
  path: string,
  say: Say,
  column: (path: string, n: string) => void,
  partition: string | null,
): void {
  if (typeof c !== "object" || c === null || typeof c.kind !== "string")
    return void say(path, "expected a check, such as rowCount({ min: 1 })");
  if (c.kind === "notNull" || c.kind === "unique") {
    if (c.columns.length === 0) say(path, `${c.kind} needs at least one column`);
    for (const n of c.columns) column(path, n);
  }
  if (c.kind === "accepted" || c.kind === "between") column(path, c.column);
  if (c.kind === "accepted" && c.values.length === 0) say(path, "accepted needs at least one value");
  if (c.kind === "between" && c.min === null && c.max === null) say(path, "between needs min or max");
  if (c.kind === "rowCount" && c.min === null && c.max === null) say(path, "rowCount needs min or max");
  if (c.kind === "maxDrop" || c.kind === "maxGrowth") {
    if (!(c.ratio >= 0)) say(path, `${c.kind} needs a ratio of 0 or more`);
    if (c.per === "partition" && partition === null) say(path, `${c.kind} per partition needs a partition column`);
  }
}
