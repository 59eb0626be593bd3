import { payloadText } from "../../ledger/events.js";
import { imagesTables, neededImages } from "../../ledger/images.js";
import { heldOr } from "../../ledger/state.js";
import type { PlannedStep } from "../../plan/compile.js";
import { fence } from "../../plan/release.js";
import { configError } from "../config.js";
import type { Context } from "../context.js";
import type { Held } from "../lease/held.js";
import { leased } from "../lease/lease.js";
import { changesView, checksView, kindly, releasesView, tablesOf } from "../look/views.js";
import { makeResults } from "../release/check-results.js";
import { nameOf } from "../sandbox/sandbox-drop.js";
import { type CallOptions, lostLease, type Work } from "../session/work.js";
import { compactionOf, REMEMBERED } from "./compaction.js";
import { type Leftovers, lookForLeftovers, settleLeftovers } from "./leftovers.js";

/** What `prune` is asked for. */
export interface PruneOptions extends CallOptions {
  /** Only tells what would be removed. */
  readonly dryRun?: boolean;
}
/** What `prune` removed; with `dryRun`, what it would have. */
export interface PruneReport {
  /** A line each: full names of tables, joined by dots, and sentences for what is not a table. Empty: there was nothing. */
  readonly removed: readonly string[];
}

/**
 * Removes what no kept release needs: releases that nobody continues, tables that belong to nothing, images of releases
 * beyond the retention, and the journal before the last kept release.
 */
export async function prune(ctx: Context, o: PruneOptions = {}): Promise<PruneReport> {
  if (o.dryRun !== undefined && typeof o.dryRun !== "boolean")
    throw configError([{ path: "dryRun", message: "expected true or false" }]);
  return leased(ctx, "prune", o, 0, (w, held) => w.stage("prune", () => pruned(w, held, o.dryRun === true)));
}

async function pruned(w: Work, held: Held, dry: boolean): Promise<PruneReport> {
  const found = await lookForLeftovers(w, held);
  const { dropped } = dry ? { dropped: [] } : await settleLeftovers(w, held, true);
  if (!dry) await refreshViews(w, held);
  const settled = dry ? found.dead.length : 0;
  const { images, events } = await shrink(w, held, dry, settled);
  return { removed: [...new Set([...told(w, found), ...dropped]), ...images, ...events] };
}

/** What ledgers of an older version lack, and the views of tables whose images came and went. */
async function refreshViews(w: Work, held: Held): Promise<void> {
  await makeResults(w);
  await kindly(w, releasesView(w.names, true));
  await kindly(w, checksView(w.names, true));
  for (const t of tablesOf(held.state)) await kindly(w, await changesView(w, held.state, t));
}

function told(w: Work, { pending, dead, orphans, sandboxes }: Leftovers): readonly string[] {
  return [
    ...(pending === null ? [] : [`release ${pending.release}: what was decided about it is carried out`]),
    ...dead.map((o) => `release ${o.release} of ${w.ctx.settings.pipeline}, which nobody continued since ${heldOr(o)}`),
    ...orphans.map((ref) => ref.path.join(".")),
    ...sandboxes.map((b) => nameOf(w, b)),
  ];
}

interface Shrunk {
  readonly images: readonly string[];
  readonly events: readonly string[];
}
/** Images and events: one block under the fence. A dry run rehearses the images, and only counts the events. */
async function shrink(w: Work, held: Held, dry: boolean, settled: number): Promise<Shrunk> {
  const compaction = await compactionOf(w, held);
  const gone = compaction.rows + settled;
  const used = [...new Map(imagesTables(held.state).map((path) => [path.join("."), path]))];
  const forget = used.map(
    ([name, path]): PlannedStep => ({
      id: `${name}.forget`,
      step: { kind: "forget", changes: { path }, keep: neededImages(held.state) },
    }),
  );
  const results = await oldResults(w, held);
  const steps = [
    fence({ lease: w.names.lease, fence: held.fence }),
    ...forget,
    ...results,
    ...(dry || gone === 0 ? [] : compacting(w, held, compaction.step)),
  ];
  if (steps.length === 1) return { images: [], events: [] };
  const plan = { name: "prune", atomic: true, steps, ledger: true as const };
  const result = await held.during((limit) => w.block(plan, dry ? "rollback" : "commit", limit));
  if (result.outcome === "refused") throw lostLease(w, held.fence);
  const images = used.flatMap(([name]) => {
    const n = result.results.get(`${name}.forget`)?.affected ?? 0;
    return n === 0 ? [] : [`${n} images of releases that are no longer kept, in ${name}`];
  });
  const events =
    gone === 0 ? [] : [`${gone} events of ${w.ctx.settings.pipeline} in the journal, for a snapshot of what they came to`];
  const noted = result.results.get("checks")?.affected ?? 0;
  const checks = noted === 0 ? [] : [`${noted} results of checks, of releases before the last ${REMEMBERED}`];
  return { images, events: [...checks, ...events] };
}

/** Results of checks stay as long as history() tells of their releases. */
async function oldResults(w: Work, held: Held): Promise<readonly PlannedStep[]> {
  const { pipeline } = w.ctx.settings;
  const below = held.state.live - REMEMBERED;
  // A ledger of an older version has no such table yet.
  if (below <= 0 || (await w.describe(w.names.checkResults, "columns")) === null) return [];
  return [{ id: "checks", step: { kind: "forgetChecks", results: w.names.checkResults, pipeline, below } }];
}

function compacting(w: Work, held: Held, step: Awaited<ReturnType<typeof compactionOf>>["step"]): readonly PlannedStep[] {
  const seq = held.nextSeq();
  const payload = payloadText("snapshot", { state: held.state }, w.names.database);
  const snapshot = {
    pipeline: w.ctx.settings.pipeline,
    release: held.state.live,
    seq,
    event: "snapshot",
    fence: held.fence,
    payload,
    facts: [],
  };
  return [
    { id: "compact", step: step(seq) },
    { id: "record", step: { kind: "record", journal: w.names.journal, events: [snapshot] } },
  ];
}
