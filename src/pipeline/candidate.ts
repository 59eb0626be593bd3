import { asRecorded } from "../check/planned.js";
import { isCutoverError } from "../errors/index.js";
import { planSwap } from "../plan/swap.js";
import type { Source } from "../source/source.js";
import { ident, type Sql } from "../sql/sql.js";
import type { Tables } from "../table/define.js";
import { loadCandidate } from "./candidate-load.js";
import {
  candidateTables,
  type From,
  makeCandidate,
  openProgress,
  type Progress,
  refuseEngine,
  stagedFor,
} from "./candidate-open.js";
import { rehearseSwap, swapNow, tableSwaps } from "./candidate-swap.js";
import type { Context } from "./context.js";
import { type AnyFeed, openFeed } from "./feed.js";
import { jsRunner } from "./js-checks.js";
import { graceFrom } from "./leftovers.js";
import { alreadyPublished, nothingToDo, refuseHeld, settling } from "./outcome.js";
import { asPlanText } from "./plan-text.js";
import { wholePlan } from "./plans.js";
import { releaseFacts } from "./publish.js";
import { dispose, type Release } from "./release.js";
import type { RunReport } from "./reports.js";
import { checkReason, type RunOptions } from "./run-options.js";
import { refuseMix } from "./sets.js";
import { foundBy, opened, publishing, step } from "./steps.js";
import { checkExtent } from "./window.js";
import type { CallOptions } from "./work.js";

/** Whole tables prepared apart from live, that then change places with it: all of them, or none. */
export interface Candidate<T extends Tables = Tables> extends Release<T> {
  readonly strategy: "swap";
  /** The candidate's tables, for `transform`. */
  readonly refs: { readonly [K in keyof T]: Sql };
  /** SQL of yours on the candidate; also DDL: a column more, another order, an index. */
  transform(statement: Sql, o?: CallOptions): Promise<{ readonly affected: number }>;
  /** What `publish` of a candidate does. */
  swap(o?: CallOptions): Promise<RunReport<T>>;
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
  return makeHandle(ctx, await openProgress(ctx, candidateTables(ctx, o.tables), o, from));
}

function makeHandle(ctx: Context, p: Progress): Candidate {
  const settle = (event: "rejected" | "abandoned", reason: string, o?: CallOptions): Promise<void> =>
    step(ctx, p, "clone", o, async (w, held, open) => {
      await held.append(event, p.id, { strategy: "swap", reason, ...foundBy(open) });
      p.state = event;
      for (const ref of [...p.tables.map((t) => t.ref), ...stagedFor(w, p)]) await w.run({ kind: "drop", ref });
    });
  const swap = (o?: CallOptions): Promise<RunReport> =>
    publishing(
      p,
      settling(ctx, o ?? {}, (seen) =>
        step(ctx, p, "swap", o, async (w, held, open) => {
          seen(p.id, held.fence);
          const report = await swapNow(w, held, p, open, {});
          return { ...report, warnings: [...p.warnings, ...report.warnings] };
        }),
      ),
    );
  return {
    strategy: "swap",
    id: p.id,
    get state() {
      return p.state;
    },
    refs: Object.fromEntries(p.tables.map((t) => [t.found.alias, ident(t.ref.path)])),
    load: async (feed, o = {}) => {
      checkExtent(ctx.tables, o);
      return step(ctx, p, "load", o, async (w, held) => {
        const report = await w.stage("load", () => loadCandidate(w, held, feed as AnyFeed, p, o));
        p.stages.push(...w.stages);
        p.warnings.push(...w.warnings);
        await held.last("loaded", p.id, { until: graceFrom(held.now) });
        p.state = "loaded";
        return report;
      });
    },
    transform: (statement, o) =>
      step(ctx, p, "load", o, async (w, held) => {
        const { affected } = await w.call("transform", p.tables.length === 1 ? p.tables[0]?.found.alias : undefined, (io) =>
          w.session.execute({ sql: statement }, io),
        );
        await held.last("loaded", p.id, { until: graceFrom(held.now) });
        p.state = "loaded";
        return { affected: affected ?? 0 };
      }),
    validate: (o) =>
      step(ctx, p, "validate", o, async (w, held) => {
        const v = await w.stage("validate", () => rehearseSwap(w, held, p));
        await held.last("validated", p.id, { ok: v.ok, until: graceFrom(held.now), checks: asRecorded(v.checks) });
        p.state = v.ok ? "validated" : "loaded";
        return v;
      }),
    publish: swap,
    swap,
    reject: async (reason = "rejected", o) => {
      checkReason(reason);
      await settle("rejected", reason, o);
    },
    plan: (o) =>
      step(ctx, p, "swap", o, async (w, held) => {
        const facts = releaseFacts(w, held, p.id, {});
        const planned = planSwap(await tableSwaps(w, held, p), facts, jsRunner(w));
        return asPlanText(w, wholePlan(w, planned, facts));
      }),
    [Symbol.asyncDispose]: () => dispose(ctx, p, () => settle("abandoned", "disposed")),
  };
}

/** `run` with strategy swap: clones (or, where there is nothing yet, new tables) of what the feed has, loaded, checked, swapped. */
export async function runByCandidate(ctx: Context, feed: AnyFeed, o: RunOptions): Promise<RunReport> {
  const begun = await openRun(ctx, feed, o);
  if ("status" in begun) return begun;
  const { p, sources } = begun;
  const handle = makeHandle(ctx, p);
  try {
    const { warnings } = await handle.load(sources as never, o);
    // What the sources had nothing for stays as it is.
    const moved = p.tables.filter((t) => t.loads > 0);
    if (moved.length === 0) {
      await handle.reject("nothing to do");
      const live = p.clonedFrom;
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
      step(ctx, p, "swap", o, async (w, held, open) => {
        seen(p.id, held.fence);
        const report = await swapNow(w, held, p, open, o, moved);
        return { ...report, stages: [...p.stages, ...report.stages], warnings: [...p.warnings, ...report.warnings] };
      }),
    );
  } catch (e) {
    const reason = isCutoverError(e, "CHECKS_FAILED") ? "checks failed" : "the run failed";
    await handle
      .reject(reason)
      .catch((err: unknown) =>
        ctx.log.warn({ err, release: p.id }, "a failed candidate could not be rejected; recovery does it"),
      );
    throw e;
  }
}

/** A candidate of the tables that the feed has sources for; or the report of a run that there is nothing to do for. */
function openRun(
  ctx: Context,
  feed: AnyFeed,
  o: RunOptions,
): Promise<RunReport | { readonly p: Progress; readonly sources: Readonly<Record<string, Source>> }> {
  refuseEngine(ctx, Object.keys(ctx.tables), "if-new");
  return opened(ctx, "load", o, async (w, held, release) => {
    const done = await alreadyPublished(w, held, o.idempotencyKey);
    if (done !== null) return done;
    refuseHeld(w, held);
    try {
      const sources = Object.fromEntries(await openFeed(w, feed, held.state, release, false, o));
      const aliases = Object.keys(sources);
      refuseMix(ctx, "a run by swap", aliases, "a feed of one table at a time, or a run in place");
      if (aliases.length > 0) return { p: await makeCandidate(w, held, release, aliases, "if-new"), sources };
    } catch (e) {
      if (held.state.open.every((r) => r.release !== release)) held.giveBack();
      throw e;
    }
    held.giveBack();
    return nothingToDo(w, held, "swap");
  });
}
