import type { ColumnShape, TableRef } from "../adapter/shapes.js";
import type { Observation } from "../adapter/steps.js";
import type { SourceTotals } from "../source/source.js";
import { typed } from "../sql/render.js";
import { bindSelf, ident, type Sql, type TypedValue, template } from "../sql/sql.js";
import { formatCanonical } from "../table/canonical.js";
import { encodeValue } from "../table/encode.js";
import type { ColumnType, Json } from "../table/types.js";
import { usual } from "./anomaly.js";
import { type CheckDefinition, metricOf, targetOf } from "./checks.js";
import { portable } from "./pattern.js";

/** What a reference points to, as it would be after the release. */
export interface Referred {
  readonly rows: Sql;
  readonly column: string;
  /** Names the table and the last release that may have taken values away from the column; null: nobody keeps account of it. */
  readonly epoch: readonly [table: string, lost: number] | null;
  /** What is known of it is held against the table in this very release, so what was proven under this epoch still holds. */
  readonly guarded: boolean;
}
export type Reference = Extract<CheckDefinition, { kind: "references" }>;
export const referenceKey = (d: Reference): string => JSON.stringify([d.to, d.toColumn]);

/** What checks of one table are compiled against. */
export interface CheckTarget {
  readonly alias: string;
  readonly columns: readonly ColumnShape[];
  readonly key: readonly string[];
  readonly partition: string | null;
  /** The table as it would be published. */
  readonly self: Sql;
  /** The rows that the release brings; null: there are no images of them, so all rows are read. */
  readonly effective: Sql | null;
  /** The staged rows, for `reconcile`. */
  readonly delta: Sql | null;
  readonly totals: SourceTotals | null;
  /** Rows that were loaded, and those that did not fit, staged where `from` says; absent: nobody can tell. */
  readonly aside?: { readonly loaded: number; readonly rows: number; readonly from: Sql | null };
  /** Rows before the release; null: there is no release to compare with. */
  readonly rowsBefore: number | null;
  /** What partitions are compared with. */
  readonly against: { readonly changes: TableRef; readonly release: number } | { readonly table: TableRef } | null;
  /** Where the rows that the release changes are told; `all`: each row of the table is new. null: nobody can tell. */
  readonly changed: { readonly changes: TableRef; readonly release: number } | "all" | null;
  /** What was observed in earlier releases, by metric, oldest first. */
  readonly observed: Readonly<Record<string, readonly number[]>>;
  /** What references point to, by {@link referenceKey}. */
  readonly referred: Readonly<Record<string, Referred>>;
  /** Checks that hold for all rows that the release does not touch. */
  readonly proven: readonly string[];
}
/** One thing that a check looks at. */
export interface Seen {
  readonly on: "self" | "delta";
  readonly observe: Observation;
  readonly min: TypedValue | null;
  readonly max: TypedValue | null;
  readonly what: string;
  readonly bound: Json;
  /** Says something about each row, or about keys: true for all if it was true before and holds for the rows that came. */
  readonly rowwise: boolean;
  readonly name?: string;
  /** What it is known by once it is proven, where that is not what it observes. */
  readonly proof?: unknown;
  /** Why what it finds cannot be judged yet. */
  readonly short?: string;
  /** Published, it is remembered under this name. */
  readonly remember?: string;
}

const zero: TypedValue = { value: 0n, type: "int64" };

/** What a check looks at: one or several observations; null where there is nothing to compare with. */
export function observations(d: Exclude<CheckDefinition, { runs: "js" }>, t: CheckTarget): (Seen | null)[] {
  const none = (observe: Observation, what: string, name?: string): Seen => ({
    on: "self",
    observe,
    min: null,
    max: zero,
    what,
    bound: { max: 0 },
    rowwise: true,
    ...(name === undefined ? {} : { name }),
  });
  switch (d.kind) {
    case "rowCount":
      return [
        {
          on: "self",
          observe: { of: "rows" },
          min: int(d.min),
          max: int(d.max),
          what: "rows",
          bound: bounds(d.min, d.max),
          rowwise: false,
        },
      ];
    case "notNull":
      return d.columns.map((column) => none({ of: "nulls", column }, `rows with NULL in ${column}`, `notNull(${column})`));
    case "unique": {
      const isKey = d.columns.length === t.key.length && d.columns.every((c) => t.key.includes(c));
      return [{ ...none({ of: "duplicates", columns: d.columns }, `rows that repeat ${d.columns.join(", ")}`), rowwise: isKey }];
    }
    case "accepted": {
      // NULL is not looked at: among the values it would make every comparison unknown, and so everything accepted.
      const values = d.values.map((v) => boundOf(v, t, d.column)).filter((v) => v.value !== null);
      return [
        {
          ...none({ of: "unaccepted", column: d.column, values }, `rows with another value in ${d.column}`),
          bound: { max: 0, values: values.map(shown) },
        },
      ];
    }
    case "between": {
      const [min, max] = [d.min, d.max].map((v) => (v === null ? null : boundOf(v, t, d.column))) as [
        TypedValue | null,
        TypedValue | null,
      ];
      const range = { ...(min === null ? {} : { from: shown(min) }), ...(max === null ? {} : { to: shown(max) }) };
      return [
        {
          ...none({ of: "outside", column: d.column, min, max }, `rows with ${d.column} out of bounds`),
          bound: { max: 0, ...range },
        },
      ];
    }
    case "matches": {
      const found = portable(d.pattern);
      if ("problem" in found) throw new Error(`${d.pattern}: ${found.problem}`);
      const observe = { of: "unlike", column: d.column, pattern: found.text } as const;
      return [{ ...none(observe, `rows with ${d.column} unlike ${d.pattern}`), bound: { max: 0, pattern: d.pattern } }];
    }
    case "references": {
      const to = t.referred[referenceKey(d)];
      if (to === undefined) throw new Error(`${targetOf(d)} was not looked for`);
      const observe = { of: "orphans", column: d.column, to: to.rows, toColumn: to.column } as const;
      const seen = none(observe, `rows with ${d.column} that is not in ${targetOf(d)}`);
      const proof = to.epoch === null ? {} : { proof: [d.column, to.column, ...to.epoch] };
      return [{ ...seen, ...proof, bound: { max: 0, in: targetOf(d) }, rowwise: to.guarded }];
    }
    case "freshness":
      return [freshness(d, t)];
    case "anomaly":
      return [anomaly(d, t)];
    case "maxDrop":
    case "maxGrowth":
      return [d.per === "table" ? relative(d, t) : perPartition(d, t)];
    case "reconcile":
      return reconcile(t);
    case "quarantined":
      return [putAside(d, t)];
    case "noRows":
      return [{ ...none({ of: "query", sql: bindSelf(d.offending, t.self) }, `rows that ${d.name} returns`), rowwise: false }];
  }
}

type Relative = Extract<CheckDefinition, { kind: "maxDrop" | "maxGrowth" }>;
function relative(d: Relative, t: CheckTarget): Seen | null {
  if (t.rowsBefore === null || t.rowsBefore === 0) return null;
  const drop = d.kind === "maxDrop";
  // Rounded towards the stricter side, free of binary fractions: 20 % of 10 rows are exactly 2.
  const shift = Math.floor(Number((t.rowsBefore * d.ratio).toFixed(6)));
  const limit = drop ? t.rowsBefore - shift : t.rowsBefore + shift;
  const [min, max] = drop ? [limit, null] : [null, limit];
  const what = `rows (there were ${t.rowsBefore})`;
  return { on: "self", observe: { of: "rows" }, min: int(min), max: int(max), what, bound: bounds(min, max), rowwise: false };
}
function perPartition(d: Relative, t: CheckTarget): Seen | null {
  if (t.partition === null || t.against === null) return null;
  const direction = d.kind === "maxDrop" ? "drop" : "growth";
  const observe: Observation = { of: "partition-change", partition: t.partition, direction, against: t.against };
  const what = `largest ${direction} of a partition of ${t.partition}`;
  return {
    on: "self",
    observe,
    min: null,
    max: { value: d.ratio, type: "float64" },
    what,
    bound: { max: d.ratio },
    rowwise: false,
  };
}
type Freshness = Extract<CheckDefinition, { kind: "freshness" }>;
function freshness(d: Freshness, t: CheckTarget): Seen {
  const type = typeOf(t, d.column);
  const max = d.maxAgeMs ?? 0;
  const what = `milliseconds since the newest ${d.column}`;
  const observe = { of: "age", column: d.column, type } as const;
  return { on: "self", observe, min: null, max: int(Math.floor(max)), what, bound: { max }, rowwise: false };
}
type Anomaly = Extract<CheckDefinition, { kind: "anomaly" }>;
function anomaly(d: Anomaly, t: CheckTarget): Seen | null {
  const observe = measured(d, t);
  if (observe === null) return null;
  const metric = metricOf(d);
  const words = { rows: "rows", changed: "rows changed", sum: metric.replace("sum(", "sum of ").replace(/\)$/, "") }[d.metric];
  const history = (t.observed[metric] ?? []).slice(-d.window);
  const seen = { on: "self", observe, rowwise: false, remember: metric } as const;
  if (history.length < d.minHistory) {
    const short = `${words}: there are ${history.length} earlier releases to compare with, and it takes ${d.minHistory}`;
    return { ...seen, min: null, max: null, what: words, bound: null, short };
  }
  const { median, tolerance } = usual(history, d);
  const [from, to] = [median - tolerance, median + tolerance];
  const bound = (n: number): TypedValue => (d.metric === "sum" ? { value: n, type: "float64" } : typed(BigInt(n)));
  // Counts are compared as such: the range is narrowed to those in it.
  const [min, max] = d.metric === "sum" ? [from, to] : [Math.max(0, Math.ceil(from)), Math.floor(to)];
  if (!Number.isFinite(min) || !Number.isFinite(max)) return null;
  return { ...seen, min: bound(min), max: bound(max), what: `${words} (usually ${median})`, bound: { min, max, median } };
}
function measured(d: Anomaly, t: CheckTarget): Observation | null {
  if (d.metric === "sum") return { of: "sum", column: d.column };
  if (d.metric === "rows" || t.changed === "all") return { of: "rows" };
  return t.changed === null ? null : { of: "changed", ...t.changed };
}
function putAside(d: Extract<CheckDefinition, { kind: "quarantined" }>, t: CheckTarget): Seen | null {
  if (t.aside === undefined || t.delta === null) return null;
  const { loaded, rows, from } = t.aside;
  // Free of binary fractions: 20 % of 10 rows are exactly 2.
  const share = d.ratio === null ? null : Math.floor(Number(((loaded + rows) * d.ratio).toFixed(6)));
  const max = Math.min(d.max ?? Number.POSITIVE_INFINITY, share ?? Number.POSITIVE_INFINITY);
  const sql = template`SELECT 1 AS ${ident(["one"])} FROM ${from ?? t.delta} WHERE ${rows > 0 ? 1 : 0} = 1`;
  const what = `rows quarantined (of ${loaded + rows})`;
  return { on: "self", observe: { of: "query", sql }, min: null, max: typed(max), what, bound: { max }, rowwise: false };
}
function reconcile(t: CheckTarget): (Seen | null)[] {
  if (t.totals === null || t.delta === null) return [null];
  const exact = (observe: Observation, what: string, value: TypedValue, name: string): Seen => {
    const text = Number.isFinite(Number(shown(value))) ? Number(shown(value)) : shown(value);
    return { on: "delta", observe, min: value, max: value, what, bound: { min: text, max: text }, rowwise: false, name };
  };
  const sums = Object.entries(t.totals.sums ?? {}).map(([column, total]) =>
    exact({ of: "sum", column }, `sum of ${column} staged`, boundOf(total, t, column), `reconcile(${column})`),
  );
  const rows = t.totals.rows === undefined ? [] : [exact({ of: "rows" }, "rows staged", typed(t.totals.rows), "reconcile(rows)")];
  return [...rows, ...sums];
}

const int = (n: number | null): TypedValue | null => (n === null ? null : typed(n));
const bounds = (min: number | null, max: number | null): Json => ({
  ...(min === null ? {} : { min }),
  ...(max === null ? {} : { max }),
});
const shown = (v: TypedValue): Json => formatCanonical(v.value, v.type);
/** A bound in the type of its column, so that it is compared as the engine compares. Sums may leave the column's range. */
function boundOf(v: unknown, t: CheckTarget, name: string): TypedValue {
  const type = typeOf(t, name);
  if (typeof v === "bigint" || typeof v === "number") return typed(v);
  return { value: encodeValue(v, type), type };
}
const typeOf = (t: CheckTarget, name: string): ColumnType => t.columns.find((c) => c.name === name)?.type ?? "string";
