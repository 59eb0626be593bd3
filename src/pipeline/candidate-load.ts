import type { TableShape } from "../adapter/shapes.js";
import type { Scope } from "../adapter/steps.js";
import { factsOf } from "../check/planned.js";
import { CutoverError } from "../errors/index.js";
import { imageShapes } from "../ledger/shapes.js";
import { applied, byKey, planApply } from "../plan/apply.js";
import type { Source } from "../source/source.js";
import { exactNames } from "../table/exact.js";
import { findColumn } from "../table/resolve.js";
import { laterText } from "../table/watermark.js";
import { requireNoAside } from "./aside.js";
import { candidateShape, type Progress, type TableProgress } from "./candidate-open.js";
import { type AnyFeed, openFeed } from "./feed.js";
import type { Held } from "./held.js";
import { type Staged, stageTable } from "./load.js";
import type { LoadReport } from "./reports.js";
import { readableWatermark, withOwnColumn } from "./tables.js";
import { loadRefused } from "./verdict.js";
import type { Extent } from "./window.js";
import type { Work } from "./work.js";

/** What a load brings for one table of a candidate. */
interface Brought {
  readonly t: TableProgress;
  readonly candidate: TableShape;
  readonly staged: Staged;
}

/** Loads into the candidate at once, all tables or none; the images that this makes are only there to count, and go again. */
export async function loadCandidate(w: Work, held: Held, feed: AnyFeed, p: Progress, extent: Extent): Promise<LoadReport> {
  const sources = await openFeed(w, feed, held.state, p.id, p.fromStart, extent);
  const named = sources.map(([alias, source]) => [tableOf(p, alias), source] as const);
  const report: Record<string, { rows: number; quarantined: number }> = {};
  const brought: Brought[] = [];
  for (const [t, source] of named) {
    const one = await stage(w, p, t, source, extent);
    if (one !== null) brought.push(one);
    report[t.found.alias] = { rows: one?.staged.rawRows ?? 0, quarantined: 0 };
  }
  if (brought.length > 0) await apply(w, held, p, brought);
  return { release: p.id, staged: report, warnings: w.warnings };
}

function tableOf(p: Progress, alias: string): TableProgress {
  const t = p.tables.find(({ found }) => found.alias === alias);
  if (t !== undefined) return t;
  const there = p.tables.map(({ found }) => found.alias).join(", ");
  throw new CutoverError("NOT_FOUND", `this candidate has ${there}, not ${alias}`, { what: "table", name: alias, release: p.id });
}

async function stage(w: Work, p: Progress, t: TableProgress, source: Source, extent: Extent): Promise<Brought | null> {
  const { found } = t;
  requireNoAside(found);
  const shape = await candidateShape(w, p, t);
  const type = cursorType(w, t, shape);
  if (type !== undefined) readableWatermark(w, found.alias, t.watermark, type);
  // In mode replace what is there counts, wherever the candidate began: no rows would take its place.
  const state = t.fromStart && found.definition.mode !== "replace" ? null : found.state;
  const target = await withOwnColumn(w, { ...found, live: shape, state });
  const { watermark, loads: generation } = t;
  const staged = await stageTable(w, target, { source, release: p.id, before: null, generation, extent, watermark });
  return staged === null ? null : { t, candidate: target.live ?? shape, staged };
}

/** The second load of a replacement joins the first. */
function scopeIn(t: TableProgress, { scope }: Staged, candidate: TableShape, key: readonly string[]): Scope {
  if (scope !== "all" || t.loads === 0) return scope;
  const first = candidate.columns[0];
  if (key.length > 0 || first === undefined) return { keys: key };
  return { partition: first.name, type: first.type, values: [] };
}
/** Rows of a load to be counted, and whether some of them stand for deleted ones. */
const countedIn = ({ rows, flagged, scope }: Staged): readonly [number, boolean] =>
  byKey(scope) ? [rows, flagged > 0] : [rows - flagged, false];

const cursorType = (w: Work, { found }: TableProgress, candidate: TableShape) => {
  const { cursor } = found.definition;
  return cursor === null ? undefined : findColumn(candidate.columns, cursor, w.ctx.adapter.capabilities.identifiers)?.type;
};

async function apply(w: Work, held: Held, p: Progress, brought: readonly Brought[]): Promise<void> {
  const applications = [];
  for (const { t, candidate, staged } of brought) {
    const { found } = t;
    const scratch = w.names.scratch(found.id, p.id);
    const columns = imageShapes(w.ctx.adapter.syntax, candidate.columns);
    await w.run({ kind: "drop", ref: scratch }, found.alias);
    await w.run({ kind: "create", ref: scratch, columns, ifNotExists: false, scratch: true }, found.alias);
    const exact = exactNames(found.definition, candidate.columns, w.ctx.adapter.capabilities.identifiers);
    const { delta, given, rows, deletes } = staged;
    applications.push({
      alias: found.alias,
      candidate,
      delta,
      given,
      rows,
      scratch,
      scope: scopeIn(t, staged, candidate, exact.key),
      deletes,
      release: p.id,
      key: exact.key,
      cursor: exact.cursor,
    });
  }
  const plan = planApply(applications, { lease: w.names.lease, fence: held.fence });
  const result = await held.during((limit) => w.block(plan, "commit", limit));
  if (result.outcome === "refused") {
    const alias = applications.find((a) => result.at.startsWith(`${a.alias}.`))?.alias ?? "";
    throw loadRefused(w, held, alias, result.at);
  }
  for (const { alias, scratch } of applications) await w.run({ kind: "drop", ref: scratch }, alias);
  for (const { t, candidate, staged } of brought) {
    const type = cursorType(w, t, candidate);
    t.counts = applied(t.counts, factsOf(result.results), t.found.alias, ...countedIn(staged));
    t.loads += 1;
    t.staged += staged.rows;
    t.raw = staged.raw;
    // What several loads brought is no longer in one place to be held against their totals.
    t.totals = t.loads === 1 ? staged.totals : null;
    t.watermark = type === undefined ? t.watermark : laterText(t.watermark, staged.watermark, type);
  }
}
