import type { TableShape } from "../../adapter/shapes.js";
import type { Scope } from "../../adapter/steps.js";
import { type Facts, factsOf } from "../../check/planned.js";
import { CutoverError } from "../../errors/index.js";
import { imageShapes } from "../../ledger/shapes.js";
import { type Application, planApply } from "../../plan/apply.js";
import type { PlannedStep } from "../../plan/compile.js";
import { opOf } from "../../plan/release.js";
import type { Source } from "../../source/source.js";
import { exactNames } from "../../table/exact.js";
import { findColumn } from "../../table/resolve.js";
import { laterText } from "../../table/watermark.js";
import type { Held } from "../lease/held.js";
import { type AnyFeed, openFeed } from "../load/feed.js";
import { type Staged, stageTable } from "../load/load.js";
import { readableWatermark, withOwnColumn } from "../load/tables.js";
import type { Extent } from "../load/window.js";
import { noCounts } from "../look/report.js";
import type { LoadReport } from "../look/reports.js";
import { requireNoAside } from "../quarantine/aside.js";
import { graceFrom } from "../recovery/leftovers.js";
import { asBrought, type Progress, type TableProgress } from "../release/progress.js";
import { loadRefused } from "../release/verdict.js";
import type { Work } from "../session/work.js";
import { candidateShape } from "./candidate-open.js";

/** What a load brings for one table of a candidate. */
interface Brought {
  readonly t: TableProgress;
  readonly candidate: TableShape;
  readonly staged: Staged;
}

/** Loads into the candidate at once, all tables or none, and records it with the rows: then `recorded`. */
export async function loadCandidate(
  w: Work,
  held: Held,
  feed: AnyFeed,
  p: Progress,
  extent: Extent,
): Promise<{ readonly report: LoadReport; readonly recorded: boolean }> {
  const sources = await openFeed(w, feed, held.state, p.id, p.fromStart, extent);
  const named = sources.map(([alias, source]) => [tableOf(p, alias), source] as const);
  const report: Record<string, { rows: number; quarantined: number }> = {};
  const brought: Brought[] = [];
  for (const [t, source] of named) {
    const one = await stage(w, p, t, source, extent);
    if (one !== null) brought.push(one);
    report[t.found.alias] = { rows: one?.staged.rawRows ?? 0, quarantined: 0 };
  }
  if (brought.length > 0) await loadAll(w, held, p, brought);
  return { report: { release: p.id, staged: report, warnings: w.warnings }, recorded: brought.length > 0 };
}

function tableOf(p: Progress, alias: string): TableProgress {
  const t = p.tables.find(({ found }) => found.alias === alias);
  if (t !== undefined) return t;
  const there = p.tables.map(({ found }) => found.alias).join(", ");
  throw new CutoverError("NOT_FOUND", `this candidate has ${there}, not ${alias}`, { what: "table", name: alias, release: p.id });
}

async function stage(w: Work, p: Progress, t: TableProgress, source: Source, extent: Extent): Promise<Brought | null> {
  const { found } = t;
  requireNoAside(found, source);
  const shape = await candidateShape(w, p, t);
  const type = cursorType(w, t, shape);
  if (type !== undefined) readableWatermark(w, found.alias, t.watermark, type);
  // In mode replace what is there counts, wherever the candidate began: no rows would take its place.
  const state = t.fromStart && found.definition.mode !== "replace" ? null : found.state;
  const target = await withOwnColumn(w, { ...found, live: shape, state });
  const { watermark } = t;
  const staged = await stageTable(w, target, {
    source,
    release: p.id,
    before: null,
    generation: t.loads.length,
    extent,
    watermark,
  });
  if (staged === null) return null;
  // Without a window the feed was told how far live has been read, which may be further than the candidate.
  const from = extent.window === undefined && staged.from !== null ? (state?.watermark ?? null) : staged.from;
  return { t, candidate: staged.found.live ?? shape, staged: { ...staged, from } };
}

/** The second load of a replacement joins the first. */
function scopeIn(t: Pick<TableProgress, "loads">, { scope }: Applied, candidate: TableShape, key: readonly string[]): Scope {
  if (scope !== "all" || t.loads.length === 0) return scope;
  const first = candidate.columns[0];
  if (key.length > 0 || first === undefined) return { keys: key };
  return { partition: first.name, type: first.type, values: [] };
}
const cursorType = (w: Work, { found }: TableProgress, candidate: TableShape) => {
  const { cursor } = found.definition;
  return cursor === null ? undefined : findColumn(candidate.columns, cursor, w.ctx.adapter.capabilities.identifiers)?.type;
};

/** How far the candidate's table has been read after a load. */
function watermarkAfter(w: Work, { t, candidate, staged }: Brought): string | null {
  const type = cursorType(w, t, candidate);
  return type === undefined ? t.watermark : laterText(t.watermark, staged.watermark, type);
}

async function loadAll(w: Work, held: Held, p: Progress, brought: readonly Brought[]): Promise<void> {
  const tables = brought.map((b) => {
    const tally = opOf.tally(b.t.found.alias);
    return [b.t.found.alias, asBrought(b.staged, { tally, counts: noCounts, watermark: watermarkAfter(w, b) })] as const;
  });
  const did = { kind: "load" as const, tables: Object.fromEntries(tables) };
  const tallies = tables.map(([, t]) => t.tally);
  await apply(w, held, p, brought, [held.noting("loaded", p.id, { until: graceFrom(held.now), did }, tallies)]);
}

/** Staged rows into the candidate, in one block; the images that this makes are only there to count, and go again. */
export async function apply(
  w: Work,
  held: Held,
  p: Pick<Progress, "id">,
  brought: readonly {
    readonly t: Pick<TableProgress, "found" | "loads">;
    readonly candidate: TableShape;
    readonly staged: Applied;
  }[],
  recorded: readonly PlannedStep[],
): Promise<Facts> {
  const applications: Application[] = [];
  for (const { t, candidate, staged } of brought) {
    const { found } = t;
    const scratch = w.names.scratch(found.id, p.id);
    const columns = imageShapes(w.ctx.adapter.syntax, candidate.columns);
    await w.run({ kind: "drop", ref: scratch }, found.alias);
    await w.run({ kind: "create", ref: scratch, columns, ifNotExists: false, scratch: true }, found.alias);
    const exact = exactNames(found.definition, candidate.columns, w.ctx.adapter.capabilities.identifiers);
    const { delta, given, rows, deletes } = staged;
    const { key, cursor } = exact;
    const scope = scopeIn(t, staged, candidate, key);
    applications.push({ alias: found.alias, candidate, delta, given, rows, scratch, scope, deletes, release: p.id, key, cursor });
  }
  const plan = planApply(applications, { lease: w.names.lease, fence: held.fence }, recorded);
  const result = await held.during((limit) => w.block(plan, "commit", limit));
  if (result.outcome === "refused") {
    const alias = applications.find((a) => result.at.startsWith(`${a.alias}.`))?.alias ?? "";
    throw loadRefused(w, held, alias, result.at);
  }
  for (const { alias, scratch } of applications) await w.run({ kind: "drop", ref: scratch }, alias);
  return factsOf(result.results);
}
type Applied = Pick<Staged, "delta" | "given" | "rows" | "scope" | "deletes">;
