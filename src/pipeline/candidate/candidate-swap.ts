import { stored } from "../../adapter/shapes.js";
import { CutoverError, isCutoverError } from "../../errors/index.js";
import { besideLive, recordedOf } from "../../ledger/names.js";
import { outdated } from "../../plan/release.js";
import { liveScan, planRehearsal, planSwap, type TableSwap } from "../../plan/swap.js";
import { exactNames } from "../../table/exact.js";
import type { Held } from "../lease/held.js";
import { checkAgainstLive, hashOf } from "../load/tables.js";
import { noCounts } from "../look/report.js";
import type { RunReport, Validation } from "../look/reports.js";
import { requireApproved } from "../release/approved.js";
import { withChecks } from "../release/check-results.js";
import { jsRunner } from "../release/js-checks.js";
import { published, refuseHeld } from "../release/outcome.js";
import { type Progress, sumOf, type TableProgress } from "../release/progress.js";
import { type PublishOptions, releaseFacts } from "../release/publish.js";
import { swapsWithReferences } from "../release/references.js";
import { recordRefusal } from "../release/steps.js";
import { type Outcome, outcome, refusal, sampleContext, validation } from "../release/verdict.js";
import type { Work } from "../session/work.js";
import { refuseGaps } from "./candidate-gaps.js";
import { candidateShape, stagedFor } from "./candidate-open.js";
import { carryOut, intended, prepare } from "./place.js";

/** The candidate against live, as both are now. */
export async function tableSwaps(
  w: Work,
  held: Held,
  p: Progress,
  tables: readonly TableProgress[] = p.tables,
): Promise<readonly TableSwap[]> {
  const swaps: TableSwap[] = [];
  for (const t of tables) swaps.push(await tableSwap(w, held, p, t));
  return swapsWithReferences(w, held.state, swaps, p.id);
}

async function tableSwap(w: Work, held: Held, p: Progress, t: TableProgress): Promise<TableSwap> {
  const { definition, alias, id, ref } = t.found;
  const last = t.loads.at(-1);
  const candidate = await candidateShape(w, p, t);
  checkAgainstLive(w.ctx, alias, definition, candidate.columns);
  const columns = stored(candidate.columns);
  const exact = exactNames(definition, columns, w.ctx.adapter.capabilities.identifiers);
  const live = await w.describe(ref);
  const was = held.state.tables[id];
  const adds = definition.releaseColumn !== null || definition.onUnknownColumn === "add";
  const recorded = live === null || was === undefined || !adds ? null : { ...live, columns: recordedOf(live.columns, was.hash) };
  return {
    alias,
    id,
    candidate,
    live,
    ...(recorded === null ? {} : { recorded }),
    at: ref,
    keepAs: besideLive(ref.path, "before", p.id),
    key: exact.key,
    partition: exact.partition,
    hash: hashOf(w.ctx, columns),
    watermark: t.watermark,
    was: held.state.tables[id] ?? null,
    staged: t.loads.reduce((n, l) => n + l.staged.rows, 0),
    counts: sumOf(
      t.loads.map((l) => l.counts),
      noCounts,
    ),
    raw: last?.staged.raw ?? null,
    // What several loads brought is no longer in one place to be held against their totals.
    totals: t.loads.length === 1 ? (last?.staged.totals ?? null) : null,
    checks: p.unchecked ? [] : exact.checks,
  };
}

/** Checks and tally of the candidate; nothing is changed. */
export async function rehearseSwap(w: Work, held: Held, p: Progress): Promise<Validation> {
  const tables = await tableSwaps(w, held, p);
  const { published: planned } = planSwap(tables, { ...releaseFacts(w, held, p.id, {}), nextSeq: () => 0 }, jsRunner(w));
  const result = await held.during((limit) => w.block(planRehearsal(tables, jsRunner(w)), "rollback", limit));
  const of = samplesOf(w, tables);
  if (result.outcome !== "refused") return validation(outcome(w, planned, result, p.id, held.now, of));
  const error = refusal(w, planned, result, of, aliasesOf(tables), held.fence);
  if (isCutoverError(error, "CHECKS_FAILED")) return { ok: false, digest: "", checks: error.context.checks };
  throw error;
}

/** Candidate and live change places, unless live has moved on since; of a candidate's tables only those that `moved`. */
export async function swapNow(
  w: Work,
  held: Held,
  p: Progress,
  o: PublishOptions,
  moved: readonly TableProgress[] = p.tables,
): Promise<RunReport> {
  if (!p.unchecked) refuseHeld(w, held);
  const { pipeline } = w.ctx.settings;
  const { live } = held.state;
  if (p.clonedFrom !== live) {
    const message = `the candidate of release ${p.id} was made from release ${p.clonedFrom}, but live has moved on since (${live} now, or a new baseline); rebase() it, or reject it and clone again`;
    throw new CutoverError("STALE_CANDIDATE", message, { clonedFrom: p.clonedFrom, live, pipeline, release: p.id });
  }
  refuseGaps(w, moved);
  await requireApproved(w, p.id, o.expect, () => rehearseSwap(w, held, p)).catch(async (e: unknown) => {
    await recordRefusal(w, held, p.id, e);
    throw e;
  });
  const tables = await tableSwaps(w, held, p, moved);
  const before = held.state;
  const { plan, published: planned, placings } = planSwap(tables, releaseFacts(w, held, p.id, o), jsRunner(w));
  const result = await w.stage("swap", async () => {
    await prepare(w, placings);
    const decided = await withChecks(w, () => held.during((limit) => w.block(plan, "commit", limit)));
    if (decided.outcome === "committed" && placings.length > 0)
      await carryOut(w, held, intended(w, held, plan, decided), placings);
    return decided;
  });
  const of = samplesOf(w, tables);
  if (result.outcome === "refused") throw await swapRefused(w, held, tables, p, planned, result, of);
  for (const t of tables) tellOutdated(w, t);
  const done: Outcome = outcome(w, planned, result, p.id, held.now, of);
  if (placings.length === 0) for (const t of tables) await lookBehind(w, t);
  const idle = p.tables.filter((t) => !moved.includes(t)).map((t) => t.ref);
  return published(w, held, before, done, [...stagedFor(w, p), ...idle]);
}

const aliasesOf = (tables: readonly TableSwap[]): readonly string[] => tables.map((t) => t.alias);
const samplesOf = (w: Work, tables: readonly TableSwap[]): ReturnType<typeof sampleContext> =>
  sampleContext(
    tables.map((t) => ({ alias: t.alias, columns: stored(t.candidate.columns) })),
    w,
  );

function tellOutdated(w: Work, t: TableSwap): void {
  if (t.live !== null && t.was !== null && outdated(t.was.hash, t.live, w.ctx.adapter.syntax.hashVersion)) {
    const message = `${t.alias}: the recorded checksum is of an older version (${t.was.hash}), so only the number of live's rows was compared before the swap; the new version of the table has a checksum of today's`;
    w.warnings.push({ code: "CHECKSUM", message });
  }
}

async function swapRefused(
  w: Work,
  held: Held,
  tables: readonly TableSwap[],
  p: Progress,
  planned: Outcome["published"],
  result: Parameters<typeof refusal>[2],
  of: Parameters<typeof refusal>[3],
): Promise<CutoverError> {
  const t = tables.find(({ alias }) => result.at === liveScan(alias));
  if (t === undefined) {
    const error = refusal(w, planned, result, of, aliasesOf(tables), held.fence);
    await recordRefusal(w, held, p.id, error);
    return error;
  }
  const row = result.results.get(result.at)?.rows[0];
  const hash = t.was?.hash ?? hashOf(w.ctx, t.live?.columns ?? []);
  const expected = { rows: t.was?.rows ?? 0, checksum: `${hash}:${t.was?.sum ?? "0"}` };
  const found = { rows: Number(row?.["rows"] ?? 0), checksum: `${hash}:${String(row?.["sum"] ?? "")}` };
  const message = `${t.alias}: others have written to live since the ledger last knew it (${found.rows} rows, recorded ${expected.rows}); a swap would lose their rows, so nothing was changed. adopt() takes them into the baseline`;
  return new CutoverError("DRIFTED", message, {
    expected,
    found,
    pipeline: w.ctx.settings.pipeline,
    release: p.id,
    table: t.alias,
  });
}

/** A write that began before the swap can commit into the displaced table: it is kept there, and told. */
async function lookBehind(w: Work, t: TableSwap): Promise<void> {
  if (t.live === null || w.ctx.adapter.capabilities.swapGuard !== "detect") return;
  const recorded = t.was?.rows ?? 0;
  try {
    const { ok, rows } = await w.run({ kind: "count", on: t.keepAs, rows: recorded }, t.alias);
    if (ok) return;
    const message = `${t.alias}: others wrote while the tables changed places; ${t.keepAs.path.join(".")} has ${String(rows[0]?.["rows"])} rows, recorded ${recorded}. Their rows are kept there`;
    w.warnings.push({ code: "FOREIGN_WRITES", message });
  } catch (err) {
    w.ctx.log.warn({ err }, "the displaced table could not be looked at");
  }
}
