import { asRecorded } from "../../check/planned.js";
import { CutoverError, isCutoverError } from "../../errors/index.js";
import type { OpenRelease } from "../../ledger/state.js";
import { planSwap } from "../../plan/swap.js";
import type { Source } from "../../source/source.js";
import { ident, isSql, type Sql } from "../../sql/sql.js";
import type { Tables } from "../../table/define.js";
import { configError } from "../config.js";
import type { Context } from "../context.js";
import type { Held } from "../lease/held.js";
import { type AnyFeed, openFeed } from "../load/feed.js";
import { checkExtent, type Extent } from "../load/window.js";
import { asPlanText } from "../look/plan-text.js";
import { wholePlan } from "../look/plans.js";
import type { RunReport, Warning } from "../look/reports.js";
import { graceFrom } from "../recovery/leftovers.js";
import { checkExpect, type ExpectOptions } from "../release/approved.js";
import { checkHold, holdRelease } from "../release/await.js";
import { noteRefused } from "../release/check-results.js";
import { jsRunner } from "../release/js-checks.js";
import { alreadyPublished, nothingToDo, refuseHeld, settling } from "../release/outcome.js";
import { type Progress, progressOf } from "../release/progress.js";
import { releaseFacts } from "../release/publish.js";
import { dispose, type Release } from "../release/release.js";
import { checkReason, type RunOptions } from "../release/run-options.js";
import { foundBy, opened, publishing, type Steps, step } from "../release/steps.js";
import type { CallOptions, Work } from "../session/work.js";
import { loadCandidate } from "./candidate-load.js";
import {
  candidateTables,
  type From,
  type Made,
  makeCandidate,
  type Opened,
  openProgress,
  refuseEngine,
  stagedFor,
} from "./candidate-open.js";
import { rebase } from "./candidate-rebase.js";
import { rehearseSwap, swapNow, tableSwaps } from "./candidate-swap.js";
import { refuseMix } from "./sets.js";

/** Whole tables prepared apart from live, that then change places with it: all of them, or none. */
export interface Candidate<T extends Tables = Tables> extends Release<T> {
  readonly strategy: "swap";
  /** The candidate's tables, for `transform`. */
  readonly refs: { readonly [K in keyof T]: Sql };
  /** SQL of yours on the candidate; also DDL: a column more, another order, an index. */
  transform(statement: Sql, o?: CallOptions): Promise<{ readonly affected: number }>;
  /**
   * Makes a candidate whose live has moved on anew, from live as it is now: all that was loaded is applied again, and all
   * transforms run again, in order. What was validated is `loaded` again. One that failed can be repeated.
   * @throws CutoverError `GAP`, `BAD_SOURCE`: what was loaded does not fit live any more.
   */
  rebase(o?: CallOptions): Promise<void>;
  /** What `publish` of a candidate does. */
  swap(o?: ExpectOptions): Promise<RunReport<T>>;
}
export interface CandidateOptions extends CallOptions {
  /** Default: all tables of the pipeline. */
  readonly tables?: readonly string[];
}

export function clone(ctx: Context, o: CandidateOptions = {}): Promise<Candidate> {
  return openCandidate(ctx, o, "live");
}
export function rebuild(ctx: Context, o: CandidateOptions = {}): Promise<Candidate> {
  return openCandidate(ctx, o, "start");
}

async function openCandidate(ctx: Context, o: CandidateOptions, from: From): Promise<Candidate> {
  const { id, tables, warnings } = await openProgress(ctx, candidateTables(ctx, o.tables), o, from);
  return makeCandidateHandle(ctx, { id, state: "open" }, tables, warnings);
}

/** A handle on an open candidate. `told`: what its opening warned of. */
export function makeCandidateHandle(
  ctx: Context,
  s: Steps,
  tables: readonly Pick<Made, "found" | "ref">[],
  told: readonly Warning[] = [],
): Candidate {
  const { id } = s;
  const warnings: Warning[] = [...told];
  const settle = (event: "rejected" | "abandoned", reason: string, o?: CallOptions): Promise<void> =>
    step(ctx, s, "clone", o, async (w, held, open) => {
      if (event === "abandoned" && open.heldUntil !== undefined) return;
      const p = progressOf(w, held.state, open);
      await held.append(event, id, { strategy: "swap", reason, ...foundBy(open) });
      s.state = event;
      if (event === "rejected") await noteRefused(w, id, foundBy(open).checks);
      for (const ref of [...p.tables.map((t) => t.ref), ...stagedFor(w, p)]) await w.run({ kind: "drop", ref });
    });
  const swap = async (o: ExpectOptions = {}): Promise<RunReport> => {
    checkExpect(o);
    return publishing(
      s,
      settling(ctx, o, (seen) =>
        step(ctx, s, "swap", o, async (w, held, open) => {
          seen(id, held.fence);
          const report = await swapNow(w, held, wholeOf(w, held, open), { expect: o.expect }).catch((e: unknown) => {
            if (isCutoverError(e, "CHECKS_FAILED")) s.state = "loaded";
            throw e;
          });
          return { ...report, warnings: [...warnings, ...report.warnings] };
        }),
      ),
    );
  };
  return {
    strategy: "swap",
    id,
    get state() {
      return s.state;
    },
    refs: Object.fromEntries(tables.map((t) => [t.found.alias, ident(t.ref.path)])),
    load: async (feed, o = {}) => {
      checkExtent(ctx.tables, o);
      const { report } = await loadStep(ctx, s, feed as AnyFeed, o);
      warnings.push(...report.warnings);
      return report;
    },
    transform: async (statement, o) => {
      if (!isSql(statement)) throw configError([{ path: "transform", message: "expected sql`…`, not text" }]);
      return step(ctx, s, "load", o, async (w, held, open) => {
        const { tables } = wholeOf(w, held, open);
        const { affected } = await w.call("transform", tables.length === 1 ? tables[0]?.found.alias : undefined, (io) =>
          w.session.execute({ sql: statement }, io),
        );
        await held.last("loaded", id, { until: graceFrom(held.now), did: { kind: "transform", statement } });
        s.state = "loaded";
        return { affected: affected ?? 0 };
      });
    },
    validate: (o) =>
      step(ctx, s, "validate", o, async (w, held, open) => {
        const v = await w.stage("validate", () => rehearseSwap(w, held, wholeOf(w, held, open)));
        await held.last("validated", id, { ok: v.ok, until: graceFrom(held.now), checks: asRecorded(v.checks) });
        s.state = v.ok ? "validated" : "loaded";
        return v;
      }),
    rebase: (o) =>
      step(ctx, s, "clone", o, async (w, held, open) => {
        await rebase(w, held, open);
        s.state = "loaded";
      }),
    publish: swap,
    swap,
    hold: async (h, o) => {
      checkHold(h);
      await step(ctx, s, "load", o, (_w, held) => holdRelease(held, id, h));
    },
    reject: async (reason = "rejected", o) => {
      checkReason(reason);
      await settle("rejected", reason, o);
    },
    plan: (o) =>
      step(ctx, s, "swap", o, async (w, held, open) => {
        const facts = releaseFacts(w, held, id, {});
        const planned = planSwap(await tableSwaps(w, held, wholeOf(w, held, open)), facts, jsRunner(w));
        return asPlanText(w, wholePlan(w, planned, facts));
      }),
    [Symbol.asyncDispose]: () => dispose(ctx, s, () => settle("abandoned", "disposed")),
  };
}

/** One load. `recorded`: it brought something. */
const loadStep = (ctx: Context, s: Steps, feed: AnyFeed, o: CallOptions & Extent) =>
  step(ctx, s, "load", o, async (w, held, open) => {
    const p = wholeOf(w, held, open);
    const { report, recorded } = await w.stage("load", () => loadCandidate(w, held, feed, p, o));
    if (!recorded) await held.last("loaded", s.id, { until: graceFrom(held.now) });
    s.state = "loaded";
    return { report, recorded, stages: w.stages };
  });

/** What a candidate has come to, unless a rebase left it half made. */
function wholeOf(w: Work, held: Held, open: OpenRelease): Progress {
  if (open.unfinished !== true) return progressOf(w, held.state, open);
  const { release, clonedFrom } = open;
  const { pipeline } = w.ctx.settings;
  const message = `the rebase of the candidate of release ${release} did not end, so it may hold anything; call rebase() again, or reject it`;
  throw new CutoverError("STALE_CANDIDATE", message, { clonedFrom, live: held.state.live, pipeline, release });
}

/** `run` with strategy swap: clones (or, where there is nothing yet, new tables) of what the feed has, loaded, checked, swapped. */
export async function runByCandidate(ctx: Context, feed: AnyFeed, o: RunOptions): Promise<RunReport> {
  const begun = await openRun(ctx, feed, o);
  if ("status" in begun) return begun;
  const { candidate, sources, live } = begun;
  const s: Steps = { id: candidate.id, state: "open" };
  const handle = makeCandidateHandle(ctx, s, candidate.tables);
  try {
    const { report, recorded, stages } = await loadStep(ctx, s, sources, o);
    const { warnings } = report;
    if (!recorded) {
      await handle.reject("nothing to do");
      return {
        status: "nothing-to-do",
        pipeline: ctx.settings.pipeline,
        release: live,
        strategy: "swap",
        tables: {},
        checks: [],
        stages: [],
        warnings,
      };
    }
    return await settling(ctx, o, (seen) =>
      step(ctx, s, "swap", o, async (w, held, open) => {
        seen(s.id, held.fence);
        const p = progressOf(w, held.state, open);
        // What the sources had nothing for stays as it is.
        const moved = p.tables.filter((t) => t.loads.length > 0);
        const report = await swapNow(w, held, p, { note: o.note, idempotencyKey: o.idempotencyKey }, moved);
        const before = [...candidate.warnings, ...warnings];
        return {
          ...report,
          stages: [...candidate.stages, ...stages, ...report.stages],
          warnings: [...before, ...report.warnings],
        };
      }),
    );
  } catch (e) {
    const reason = isCutoverError(e, "CHECKS_FAILED") ? "checks failed" : "the run failed";
    await handle
      .reject(reason)
      .catch((err: unknown) =>
        ctx.log.warn({ err, release: s.id }, "a failed candidate could not be rejected; recovery does it"),
      );
    throw e;
  }
}

interface OpenedRun {
  readonly candidate: Opened;
  readonly sources: Readonly<Record<string, Source>>;
  /** The release that was live then. */
  readonly live: number;
}
/** A candidate of the tables that the feed has sources for; or the report of a run that there is nothing to do for. */
function openRun(ctx: Context, feed: AnyFeed, o: RunOptions): Promise<RunReport | OpenedRun> {
  refuseEngine(ctx, Object.keys(ctx.tables), "if-new");
  return opened(ctx, "load", o, async (w, held, release) => {
    const done = await alreadyPublished(w, held, o.idempotencyKey);
    if (done !== null) return done;
    refuseHeld(w, held);
    try {
      const sources = Object.fromEntries(await openFeed(w, feed, held.state, release, false, o));
      const aliases = Object.keys(sources);
      refuseMix(ctx, "a run by swap", aliases, "a feed of one table at a time, or a run in place");
      if (aliases.length > 0) {
        const tables = await makeCandidate(w, held, release, aliases, "if-new");
        return { candidate: { id: release, tables, stages: w.stages, warnings: w.warnings }, sources, live: held.state.live };
      }
    } catch (e) {
      if (held.state.open.every((r) => r.release !== release)) held.giveBack();
      throw e;
    }
    held.giveBack();
    return nothingToDo(w, held, "swap");
  });
}
