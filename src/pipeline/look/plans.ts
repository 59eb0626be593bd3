import { stored, type TableShape } from "../../adapter/shapes.js";
import type { Scope } from "../../adapter/steps.js";
import { besideLive } from "../../ledger/names.js";
import { emptyState, type State } from "../../ledger/state.js";
import type { Plan } from "../../plan/compile.js";
import { planInPlace, type TableLoad } from "../../plan/in-place.js";
import { apart } from "../../plan/intent.js";
import { planMove } from "../../plan/rollback.js";
import { planSwap, type SwapPlan, type TableSwap } from "../../plan/swap.js";
import type { Mode } from "../../table/definition.js";
import { exactNames } from "../../table/exact.js";
import type { ColumnType } from "../../table/types.js";
import { swapsSets } from "../candidate/sets.js";
import type { Context } from "../context.js";
import { look } from "../lease/lease.js";
import { changesRef } from "../load/load.js";
import { type Found, findTables, hashOf, madeShapes, ownColumn } from "../load/tables.js";
import { jsRunner } from "../release/js-checks.js";
import { loadsWithReferences, swapsWithReferences } from "../release/references.js";
import { tableMoves } from "../rollback/moves.js";
import { refuseMixedMove, releasesAbove } from "../rollback/rollback.js";
import { type CallOptions, operate, type Work } from "../session/work.js";
import type { Strategy } from "../words.js";
import { asPlanText } from "./plan-text.js";
import { noCounts } from "./report.js";
import type { PlanText } from "./reports.js";

/** What to plan: a release by a strategy, or a rollback; `to` defaults to the release before, as in `rollback()`. */
export type PlanOptions = CallOptions & ({ readonly strategy: Strategy } | { readonly rollback: { readonly to?: number } });

/** The statements of a release or a rollback, without a feed and without running any. */
export function plan(ctx: Context, o: PlanOptions): Promise<PlanText> {
  return operate(ctx, "audit", o, async (w) => {
    const state = (await look(w))?.state ?? emptyState;
    const plans = "rollback" in o ? await rollbackPlans(w, state, o.rollback.to) : await releasePlans(w, state, o.strategy);
    return asPlanText(w, plans);
  });
}

async function rollbackPlans(w: Work, state: State, target: number | undefined): Promise<readonly Plan[]> {
  const releases = releasesAbove(w.ctx, state, target);
  const move = { direction: "undo" as const, releases, from: state.live, to: releases[0]?.previous ?? 0 };
  const tables = await tableMoves(w, move, null);
  refuseMixedMove(w.ctx, "undo", tables);
  const facts = { ...place(w, 0n), pipeline: w.ctx.settings.pipeline };
  return wholePlan(w, planMove({ ...move, tables }, facts), facts);
}
const place = (w: Work, fence: bigint) => ({
  fence,
  lease: w.names.lease,
  journal: w.names.journal,
  results: w.names.checkResults,
  nextSeq: () => 0,
  hashVersion: w.ctx.adapter.syntax.hashVersion,
  forget: null,
  marker: w.ctx.adapter.capabilities.transactionalDdl ? null : "…",
});

async function releasePlans(w: Work, state: State, strategy: Strategy): Promise<readonly Plan[]> {
  const { pipeline, keep } = w.ctx.settings;
  const release = state.live + 1;
  const facts = { ...place(w, 0n), pipeline, release, keep, state, note: undefined, key: undefined };
  const tables = await findTables(w, state);
  if (strategy === "in-place") {
    const loads = tables.map((t) => asLoad(w, t, release));
    return [planInPlace(await loadsWithReferences(w, state, loads, release), facts, jsRunner(w)).plan];
  }
  const whole: Found[] = [];
  for (const t of tables) whole.push(t.live === null ? t : { ...t, live: await w.describe(t.ref) });
  const sets = swapsSets(w.ctx, whole.length) ? [whole] : whole.map((t) => [t]);
  const plans: Plan[] = [];
  for (const set of sets) {
    const planned = set.map((t) => asSwap(w, t, release));
    const swaps = await swapsWithReferences(w, state, planned, release);
    plans.push(...set.flatMap((t, i) => cloning(t, planned[i] as TableSwap)));
    plans.push(...wholePlan(w, planSwap(swaps, facts, jsRunner(w)), facts));
  }
  return plans;
}

const cloning = (t: Found, { candidate }: TableSwap): readonly Plan[] => {
  if (t.live === null) return [];
  const step = { kind: "clone" as const, from: t.live, to: candidate.ref, depth: 0, empty: false };
  return [{ name: "clone", atomic: true, steps: [{ id: `${t.alias}.clone`, step }] }];
};

function asSwap(w: Work, t: Found, release: number): TableSwap {
  const candidate = shapeOf(w, t, besideLive(t.ref.path, "candidate", release).path);
  return {
    alias: t.alias,
    id: t.id,
    candidate,
    live: t.live,
    at: t.ref,
    keepAs: besideLive(t.ref.path, "before", release),
    ...exactNames(t.definition, candidate.columns, w.ctx.adapter.capabilities.identifiers),
    hash: hashOf(w.ctx, candidate.columns),
    watermark: t.state?.watermark ?? null,
    was: t.state,
    staged: 0,
    counts: noCounts,
    raw: null,
    totals: null,
  };
}

/** The block, and where DDL is not transactional what stands around it. */
export const wholePlan = (
  w: Work,
  p: Pick<SwapPlan, "plan" | "placings" | "recorded">,
  f: Parameters<typeof apart>[3],
): readonly Plan[] =>
  p.placings.length === 0 ? [p.plan] : apart(p.plan, p.recorded, p.placings, f, w.ctx.adapter.capabilities.grants);

const shapeOf = (w: Work, t: Found, path: readonly string[]): TableShape => {
  const columns = t.live?.columns ?? madeShapes(w.ctx, t.definition.columns ?? [], t.definition);
  return { ref: { path }, columns, marker: null, version: null, fingerprint: t.live?.fingerprint ?? null };
};
function plannedScope(
  keys: { readonly key: readonly string[]; readonly partition: string | null },
  type: ColumnType,
  own: string | null,
  mode: Mode,
): Scope {
  if (own !== null) return { own, window: null };
  if (mode === "replace") return "all";
  return keys.partition === null ? { keys: keys.key } : { partition: keys.partition, type, values: [null] };
}
function asLoad(w: Work, t: Found, release: number): TableLoad {
  const live = t.live ?? shapeOf(w, t, t.ref.path);
  const columns = stored(live.columns);
  const keys = exactNames(t.definition, columns, w.ctx.adapter.capabilities.identifiers);
  const own = ownColumn(w.ctx, columns, t.definition);
  const type = columns.find((c) => c.name === keys.partition)?.type ?? "string";
  return {
    ...keys,
    alias: t.alias,
    id: t.id,
    live,
    make: t.live !== null ? null : w.ctx.adapter.capabilities.transactionalDdl ? "in-block" : "before",
    delta: w.names.delta(t.id, release, "0r"),
    raw: w.names.delta(t.id, release, "0r"),
    given: columns.map((c) => c.name).filter((name) => name !== own),
    rows: 0,
    scope: plannedScope(keys, type, own, t.definition.mode),
    deletes: null,
    flagged: 0,
    changes: changesRef(w, t, columns),
    hash: hashOf(w.ctx, columns),
    watermark: t.state?.watermark ?? null,
    was: t.state,
    fill: (t.state?.rows ?? 0) === 0,
    scanAll: false,
    totals: null,
  };
}
