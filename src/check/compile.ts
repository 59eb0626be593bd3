import type { ColumnShape, TableRef } from "../adapter/shapes.js";
import type { Observation, ScanItem } from "../adapter/steps.js";
import { digest } from "../ledger/names.js";
import type { SourceTotals } from "../source/source.js";
import { typed } from "../sql/render.js";
import { bindSelf, type Sql, type TypedValue } from "../sql/sql.js";
import { formatCanonical } from "../table/canonical.js";
import { encodeValue } from "../table/encode.js";
import type { ColumnType, Json } from "../table/types.js";
import { type CheckDefinition, checkName } from "./checks.js";
import type { PlannedCheck } from "./planned.js";

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
  /** Rows before the release; null: there is no release to compare with. */
  readonly rowsBefore: number | null;
  /** What partitions are compared with. */
  readonly against: { readonly changes: TableRef; readonly release: number } | { readonly table: TableRef } | null;
  /** Checks that hold for all rows that the release does not touch. */
  readonly proven: readonly string[];
}
/** Checks that one query answers: one group over the whole table, one over the effective rows, one over the delta. */
export interface CheckGroup {
  readonly op: string;
  readonly on: Sql;
  readonly items: readonly { readonly item: ScanItem; readonly samples: number }[];
}
export interface CompiledChecks {
  readonly groups: readonly CheckGroup[];
  readonly planned: readonly PlannedCheck[];
  readonly js: readonly { readonly op: string; readonly definition: Extract<CheckDefinition, { runs: "js" }> }[];
}

interface Seen {
  readonly on: "self" | "delta";
  readonly observe: Observation;
  readonly min: TypedValue | null;
  readonly max: TypedValue | null;
  readonly what: string;
  readonly bound: Json;
  /** Says something about each row, or about keys: true for all if it was true before and holds for the rows that came. */
  readonly rowwise: boolean;
  readonly name?: string;
}

/** An observation on its way into a query. */
interface Look {
  /** Its place among the planned checks. */
  readonly at: number;
  readonly seen: Seen;
  readonly place: "self" | "delta" | "changed";
  readonly definition: Exclude<CheckDefinition, { runs: "js" }>;
}

const zero: TypedValue = { value: 0n, type: "int64" };

export function compileChecks(definitions: readonly CheckDefinition[], target: CheckTarget): CompiledChecks {
  const groups = new Map<string, { on: Sql; items: { item: ScanItem; samples: number }[] }>();
  const planned: PlannedCheck[] = [];
  const js: { op: string; definition: Extract<CheckDefinition, { runs: "js" }> }[] = [];
  const looks: Look[] = [];
  for (const d of definitions) {
    const base = { table: target.alias, check: checkName(d), severity: d.severity };
    if (d.kind === "check") {
      const op = `${target.alias}.check.${js.length}`;
      js.push({ op, definition: d });
      planned.push({ ...base, bound: null, trust: "scan", id: digest([d.kind, d.name]), what: d.name, op, index: 0 });
      continue;
    }
    for (const seen of observations(d, target)) {
      const shown = { ...base, check: seen?.name ?? base.check, bound: seen?.bound ?? null, what: seen?.what ?? base.check };
      const id = digest([shown.check, shown.bound, seen?.observe, target.columns.map((c) => [c.name, c.native])], 12);
      const incremental = seen?.rowwise === true && target.effective !== null && target.proven.includes(id);
      const at = planned.push({ ...shown, trust: incremental ? "incremental" : "scan", id, op: null, index: 0 }) - 1;
      if (seen !== null) looks.push({ at, seen, place: incremental ? "changed" : seen.on, definition: d });
    }
  }
  // Counts of whole tables and queries of their own can be asked for beside the few rows that changed: one query less.
  const apart = (l: Look): boolean => l.seen.observe.of === "rows" || l.seen.observe.of === "query";
  const joined = looks.some((l) => l.place === "changed") && looks.every((l) => l.place !== "self" || apart(l));
  for (const { at, seen, place, definition } of looks) {
    const there = joined && place === "self" ? "changed" : place;
    const on = there === "changed" ? target.effective : there === "delta" ? target.delta : target.self;
    const op = `${target.alias}.validate.${there}`;
    const group = groups.get(op) ?? { on: on as Sql, items: [] };
    groups.set(op, group);
    planned[at] = { ...(planned[at] as PlannedCheck), op, index: group.items.length };
    const observe = there !== place && seen.observe.of === "rows" ? { ...seen.observe, in: target.self } : seen.observe;
    const name = planned[at].check;
    group.items.push({
      item: { name, observe, min: seen.min, max: seen.max, blocks: definition.severity === "error" },
      samples: definition.samples,
    });
  }
  return { groups: [...groups].map(([op, g]) => ({ op, ...g })), planned, js };
}

/** What a check looks at: one or several observations; null where there is nothing to compare with. */
function observations(d: Exclude<CheckDefinition, { runs: "js" }>, t: CheckTarget): (Seen | null)[] {
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
    case "maxDrop":
    case "maxGrowth":
      return [d.per === "table" ? relative(d, t) : perPartition(d, t)];
    case "reconcile":
      return reconcile(t);
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
  const type: ColumnType = t.columns.find((c) => c.name === name)?.type ?? "string";
  if (typeof v === "bigint" || typeof v === "number") return typed(v);
  return { value: encodeValue(v, type), type };
}
