import type { Inspect } from "../adapter/operations.js";
import type { ColumnShape, TableRef, TableShape } from "../adapter/shapes.js";
import { stored } from "../adapter/shapes.js";
import { imageColumns, type Scope } from "../adapter/steps.js";
import { type CompiledChecks, compileChecks, type CheckGroup, type CheckTarget } from "../check/compile.js";
import type { CheckDefinition } from "../check/checks.js";
import { keyEvents, type Published, type PublishedTable } from "../ledger/events.js";
import { writeJson } from "../ledger/portable.js";
import type { State, TableState } from "../ledger/state.js";
import type { SourceTotals } from "../source/source.js";
import { ident, join, type Sql, template } from "../sql/sql.js";
import type { Plan, PlannedStep } from "./compile.js";

/** One table of a release in place. */
export interface TableLoad {
  readonly alias: string;
  readonly id: string;
  readonly live: TableShape;
  /** live does not exist yet and is made in the block, where the engine allows that. */
  readonly create: boolean;
  readonly delta: TableRef;
  readonly raw: TableRef;
  readonly given: readonly string[];
  readonly rows: number;
  readonly scope: Scope;
  readonly key: readonly string[];
  readonly partition: string | null;
  readonly cursor: string | null;
  readonly changes: TableRef;
  readonly hash: string;
  readonly watermark: string | null;
  readonly was: TableState | null;
  /** The first rows of an empty table: filled at once, without images. */
  readonly fill: boolean;
  /** Others wrote: nothing is taken on trust, all rows are read. */
  readonly scanAll: boolean;
  readonly totals: SourceTotals | null;
  readonly checks: readonly CheckDefinition[];
}
/** What each release is recorded with. */
export interface ReleaseFacts {
  readonly pipeline: string;
  readonly release: number;
  readonly fence: bigint;
  readonly state: State;
  readonly keep: number;
  readonly note: string | undefined;
  readonly key: string | undefined;
  readonly journal: TableRef;
  readonly lease: TableRef;
  readonly nextSeq: () => number;
}
/** Runs a JavaScript check as part of a block. */
export type JsRunner = (op: string, definition: Extract<CheckDefinition, { runs: "js" }>, self: Sql) => Inspect;

export const opOf = {
  count: (alias: string): string => `${alias}.count`,
  capture: (alias: string): string => `${alias}.capture`,
  tally: (alias: string): string => `${alias}.tally`,
  scan: (alias: string): string => `${alias}.scan`,
  effect: "effect",
  fence: "fence",
};

/** The publish of a release in place: one block. */
export function planInPlace(tables: readonly TableLoad[], facts: ReleaseFacts, js: JsRunner): { readonly plan: Plan; readonly published: Published } {
  const compiled = tables.map((t) => ({ t, checks: checksOf(t, facts.release) }));
  const published: Published = {
    ...head(facts, "in-place"),
    tables: Object.fromEntries(compiled.map(({ t, checks }) => [t.id, publishedTable(t, checks)])),
    facts: {},
  };
  const moves = tables.some((t) => t.fill || t.watermark !== (t.was?.watermark ?? null));
  const effect: PlannedStep = {
    id: opOf.effect,
    step: { kind: "effect", tallies: tables.map((t) => ({ changes: t.changes, release: facts.release })) },
  };
  const steps = [
    fence(facts),
    ...tables.flatMap((t) => prepare(t, facts.release)),
    ...(moves ? [] : [effect]),
    ...tables.flatMap((t) => exchange(t, facts.release)),
    ...compiled.flatMap(({ t, checks }) => validate(t, checks, js)),
    record(facts, published),
  ];
  return { plan: { name: "publish", atomic: true, steps }, published };
}

export const head = (f: ReleaseFacts, strategy: Published["strategy"]): Omit<Published, "tables" | "facts"> => ({
  strategy,
  previous: f.state.live,
  keep: f.keep,
  ...(f.note === undefined ? {} : { note: f.note }),
  ...(f.key === undefined ? {} : { key: f.key }),
  base: { ...f.state, undone: [] },
});
export const fence = (f: Pick<ReleaseFacts, "lease" | "fence">): PlannedStep => ({ id: opOf.fence, step: { kind: "fence", lease: f.lease, fence: f.fence } });

function prepare(t: TableLoad, release: number): PlannedStep[] {
  const { live, changes, key } = t;
  const create: PlannedStep[] = t.create
    ? [{ id: `${t.alias}.create`, step: { kind: "create", ref: live.ref, columns: live.columns, ifNotExists: false } }]
    : [];
  const known: PlannedStep[] =
    t.scanAll || t.create ? [] : [{ id: opOf.count(t.alias), step: { kind: "count", on: live.ref, rows: t.was?.rows ?? 0 } }];
  if (t.fill) {
    return [
      ...create,
      ...known,
      { id: `${t.alias}.fill`, step: { kind: "fill", live, delta: t.delta, given: t.given, inserts: t.rows } },
      scan(t, live.ref),
    ];
  }
  return [
    ...create,
    ...known,
    {
      id: opOf.capture(t.alias),
      step: {
        kind: "capture", live, delta: t.delta, given: t.given, rows: t.rows, changes, scope: t.scope, release, key,
        cursor: t.cursor, deletes: null, prune: null,
      },
    },
    { id: opOf.tally(t.alias), step: { kind: "tally", changes, release, columns: stored(live.columns) } },
  ];
}
const scan = (t: Pick<TableLoad, "alias" | "live">, on: TableRef): PlannedStep => ({
  id: opOf.scan(t.alias),
  step: { kind: "scan", on, columns: stored(t.live.columns), expected: null },
});

function exchange(t: TableLoad, release: number): PlannedStep[] {
  if (t.fill) return [];
  const tally = opOf.tally(t.alias);
  const swap: PlannedStep = {
    id: `${t.alias}.exchange`,
    step: {
      kind: "exchange", live: t.live, changes: t.changes, release, key: t.key, remove: "before", captured: true, prune: null,
      removes: { sameAs: tally, column: "before_rows" },
      inserts: { sameAs: tally, column: "after_rows" },
    },
  };
  return t.scanAll ? [swap, scan(t, t.live.ref)] : [swap];
}

function checksOf(t: TableLoad, release: number): CompiledChecks {
  const columns = stored(t.live.columns);
  const names = join(columns.map((c) => ident([c.name])), ", ");
  const after = template`SELECT ${names} FROM ${ident(t.changes.path)} WHERE ${ident([imageColumns.release])} = ${release} AND ${ident([imageColumns.image])} = 'after'`;
  const target: CheckTarget = {
    alias: t.alias,
    columns,
    key: t.key,
    partition: t.partition,
    self: ident(t.live.ref.path),
    effective: t.fill || t.scanAll ? null : template`(${after})`,
    delta: ident(t.raw.path),
    totals: t.totals,
    rowsBefore: t.was?.rows ?? null,
    against: t.fill ? null : { changes: t.changes, release },
    proven: t.was?.proven ?? [],
  };
  return compileChecks(t.checks, target);
}

/** The scans of a table's checks, each with the samples that would explain its refusal; then its JavaScript checks. */
export function validate(t: Pick<TableLoad, "alias" | "live">, checks: CompiledChecks, js: JsRunner): (PlannedStep | Inspect)[] {
  const columns = stored(t.live.columns);
  const scans = checks.groups.map(
    (g): PlannedStep => ({
      id: g.op,
      step: { kind: "validate", on: g.on, scan: g.items.map((i) => i.item) },
      explain: sampling(g, columns),
    }),
  );
  return [...scans, ...checks.js.map((c) => js(c.op, c.definition, ident(t.live.ref.path)))];
}
export const sampleOp = (op: string, index: number): string => `${op}.samples.${index}`;
export const sampling = (g: CheckGroup, columns: readonly ColumnShape[]): readonly PlannedStep[] =>
  g.items.flatMap((i, index) =>
    i.samples === 0 || i.item.observe.of === "rows" || i.item.observe.of === "sum"
      ? []
      : [{ id: sampleOp(g.op, index), step: { kind: "offenders", on: g.on, observe: i.item.observe, columns, limit: i.samples } }],
  );

function publishedTable(t: TableLoad, checks: CompiledChecks): PublishedTable {
  const images = { kind: "images" as const, changes: [...t.changes.path], key: [...t.key], before: 0, after: 0 };
  return {
    alias: t.alias,
    path: [...t.live.ref.path],
    hash: t.hash,
    watermark: t.watermark,
    staged: t.rows,
    undo: t.fill ? { kind: "fill" } : images,
    tally: t.fill ? null : opOf.tally(t.alias),
    scan: t.fill || t.scanAll ? opOf.scan(t.alias) : null,
    stale: t.fill ? null : opOf.capture(t.alias),
    checks: [...checks.planned],
  };
}

/** The journal row, written in the same transaction as the data; what only the block can tell comes in as facts. */
export function record(f: ReleaseFacts, p: Published): PlannedStep {
  const ops = Object.values(p.tables).flatMap((t) => [t.tally, t.scan, t.stale, ...t.checks.map((c) => c.op)]);
  const facts = [...new Set(ops.filter((op): op is string => op !== null))];
  const { facts: _none, ...constant } = p;
  const common = { pipeline: f.pipeline, release: f.release, fence: f.fence };
  const keyed = f.key === undefined ? [] : [{ ...common, seq: f.nextSeq(), event: keyEvents.taken, payload: f.key, facts: [] }];
  return {
    id: "record",
    step: {
      kind: "record",
      journal: f.journal,
      events: [...keyed, { ...common, seq: f.nextSeq(), event: "published", payload: writeJson(constant, f.journal.path[0] ?? ""), facts }],
    },
  };
}
