import { rowsOf, stored, type TableRef, type TableShape } from "../adapter/shapes.js";
import { type Deletes, imageColumns, type Scope, type Step } from "../adapter/steps.js";
import type { CheckDefinition } from "../check/checks.js";
import { type CompiledChecks, compileChecks } from "../check/compile.js";
import type { CheckTarget, Referred } from "../check/observe.js";
import type { Published, PublishedTable } from "../ledger/events.js";
import type { State, TableState } from "../ledger/state.js";
import type { SourceTotals } from "../source/source.js";
import { ident, join, template } from "../sql/sql.js";
import { byKey, goes, landing, staleIn } from "./apply.js";
import type { Plan, PlannedStep } from "./compile.js";
import { type AsideLoad, asideSteps, movesAside } from "./quarantine.js";
import { fence, head, type JsRunner, note, opOf, type ReleaseFacts, record, validate } from "./release.js";

/** One table of a release in place. */
export interface TableLoad {
  readonly alias: string;
  readonly id: string;
  readonly live: TableShape;
  /** live does not exist yet: it is made in the block where the engine allows that, else before it. null: it exists. */
  readonly make: "in-block" | "before" | null;
  readonly delta: TableRef;
  readonly raw: TableRef;
  readonly given: readonly string[];
  readonly rows: number;
  readonly scope: Scope;
  /** Which rows of the delta stand for deleted ones, and how many do. */
  readonly deletes: Deletes | null;
  readonly flagged: number;
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
  /** Its columns are those recorded before, and the release column. */
  readonly grown?: boolean;
  readonly totals: SourceTotals | null;
  readonly checks: readonly CheckDefinition[];
  /** What its references point to; absent: it has none. */
  readonly referred?: Readonly<Record<string, Referred>>;
  readonly aside?: AsideLoad | null;
  /** How far a source that cannot rewind was read; null: it can. */
  readonly position?: string | null;
}
/** Whether rows may go without others of the same key in their place. What others wrote may have done so too. */
export const mayLose = (t: Pick<TableLoad, "fill" | "scanAll" | "scope" | "flagged">): boolean =>
  !t.fill && (t.scanAll || t.flagged > 0 || !byKey(t.scope));
/** The publish of a release in place: one block. */
export function planInPlace(
  tables: readonly TableLoad[],
  facts: ReleaseFacts,
  js: JsRunner,
): { readonly plan: Plan; readonly published: Published } {
  const compiled = tables.map((t) => ({ t, checks: checksOf(t, facts.release) }));
  const published: Published = {
    ...head(facts, "in-place"),
    tables: Object.fromEntries(compiled.map(({ t, checks }) => [t.id, publishedTable(t, checks)])),
    facts: {},
  };
  // What the source says of itself is held against what came, even where nothing would change.
  const told = (t: TableLoad): boolean => t.totals !== null && t.checks.some((c) => c.kind === "reconcile");
  const moves = tables.some(
    (t) => t.fill || told(t) || movesAside(t) || advances(t, facts.state) || t.watermark !== (t.was?.watermark ?? null),
  );
  const moved = moves ? null : tables.map((t) => ({ changes: t.changes, release: facts.release }));
  const steps = [
    fence(facts, facts.forget !== null),
    ...tables.flatMap((t, i) => prepare(t, facts.release, i === tables.length - 1 ? moved : null)),
    ...tables.flatMap((t) => asideSteps(t, { ...facts, keep: facts.state.kept.map((k) => k.release) })),
    ...tables.flatMap((t) => exchange(t, facts.release)),
    ...validate(
      compiled.map(({ t, checks }) => ({ alias: t.alias, live: t.live, checks })),
      js,
    ),
    ...(facts.forget ?? []),
    ...note(facts, published),
    record(facts, published),
  ];
  return { plan: { name: "publish", atomic: true, steps }, published };
}

function prepare(t: TableLoad, release: number, moved: Step<"tally">["moved"]): PlannedStep[] {
  const { live, changes, key } = t;
  const create: PlannedStep[] =
    t.make === "in-block"
      ? [
          {
            id: `${t.alias}.create`,
            step: { kind: "create", ref: live.ref, columns: live.columns, ifNotExists: false, scratch: false },
          },
        ]
      : [];
  const count = t.make !== null || (t.scanAll && !t.fill) ? null : { on: live.ref, rows: t.was?.rows ?? 0 };
  if (t.fill) {
    return [
      ...create,
      ...(count === null ? [] : [{ id: opOf.count(t.alias), step: { kind: "count" as const, ...count } }]),
      {
        id: `${t.alias}.fill`,
        step: {
          kind: "fill",
          live: landing(live, t.scope, release),
          delta: t.delta,
          given: t.given,
          deletes: t.deletes,
          inserts: t.rows - t.flagged,
        },
      },
      scan(t, live.ref),
    ];
  }
  return [
    ...create,
    {
      id: opOf.capture(t.alias),
      step: {
        kind: "capture",
        live: landing(live, t.scope, release),
        delta: t.delta,
        given: t.given,
        rows: t.rows,
        changes,
        scope: t.scope,
        release,
        key,
        cursor: t.cursor,
        deletes: t.deletes,
        prune: null,
      },
    },
    {
      id: opOf.tally(t.alias),
      step: { kind: "tally", changes, release, columns: stored(live.columns), stale: staleIn(t), count, moved },
    },
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
      kind: "exchange",
      live: t.live,
      changes: t.changes,
      release,
      key: t.key,
      remove: "before",
      captured: true,
      prune: null,
      rows: t.rows,
      removes: goes(t.scope) ? { sameAs: tally, column: "before_rows" } : 0,
      inserts: { sameAs: tally, column: "after_rows" },
    },
  };
  return t.scanAll ? [swap, scan(t, t.live.ref)] : [swap];
}

function checksOf(t: TableLoad, release: number): CompiledChecks {
  const columns = stored(t.live.columns);
  const names = join(
    columns.map((c) => ident([c.name])),
    ", ",
  );
  const after = template`SELECT ${names} FROM ${ident(t.changes.path)} WHERE ${ident([imageColumns.release])} = ${release} AND ${ident([imageColumns.image])} = 'after'`;
  const target: CheckTarget = {
    alias: t.alias,
    columns,
    key: t.key,
    partition: t.partition,
    self: rowsOf(t.live.ref),
    effective: t.fill || t.scanAll ? null : template`(${after})`,
    delta: ident(t.raw.path),
    totals: t.totals,
    aside: {
      loaded: t.rows,
      rows: t.aside?.staged?.rows ?? 0,
      from: t.aside?.staged == null ? null : ident(t.aside.staged.ref.path),
    },
    rowsBefore: t.was?.rows ?? null,
    against: t.fill ? null : { changes: t.changes, release },
    changed: t.fill ? "all" : { changes: t.changes, release },
    observed: t.was?.observed ?? {},
    referred: t.referred ?? {},
    proven: t.was?.proven ?? [],
  };
  return compileChecks(t.checks, target);
}

function publishedTable(t: TableLoad, checks: CompiledChecks): PublishedTable {
  const images = { kind: "images" as const, changes: [...t.changes.path], key: [...t.key], before: 0, after: 0 };
  return {
    alias: t.alias,
    path: [...t.live.ref.path],
    hash: t.hash,
    watermark: t.watermark,
    staged: t.fill || !byKey(t.scope) ? t.rows - t.flagged : t.rows,
    ...(t.flagged > 0 && !t.fill && byKey(t.scope) ? { deletes: true } : {}),
    changes: [...t.changes.path],
    undo: t.fill ? { kind: "fill" } : images,
    tally: t.fill ? null : opOf.tally(t.alias),
    scan: t.fill || t.scanAll ? opOf.scan(t.alias) : null,
    checks: [...checks.planned],
    ...(mayLose(t) ? { loses: true } : {}),
    ...(t.grown === true ? { grown: true } : {}),
    ...quarantineOf(t.aside ?? null),
    ...(t.position == null ? {} : { position: t.position }),
  };
}
/** Rows that change nothing were read all the same, and a source must be told. */
const advances = (t: TableLoad, s: State): boolean => t.position != null && s.positions?.[t.id] !== t.position;
const quarantineOf = (a: AsideLoad | null): Pick<PublishedTable, "quarantine" | "quarantined"> => ({
  ...(a?.staged == null ? {} : { quarantined: a.staged.rows }),
  ...(a === null || !movesAside({ aside: a }) ? {} : { quarantine: [...a.quarantine.path] }),
});
