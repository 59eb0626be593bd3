import { asRecorded } from "../check/planned.js";
import { isCutoverError } from "../errors/index.js";
import { planSwap } from "../plan/swap.js";
import { ident, type Sql } from "../sql/sql.js";
import type { Tables } from "../table/define.js";
import { loadCandidate } from "./candidate-load.js";
import { type From, oneTable, openProgress, type Progress } from "./candidate-open.js";
import { rehearseSwap, swapNow, tableSwap } from "./candidate-swap.js";
import type { Context } from "./context.js";
import type { AnyFeed } from "./feed.js";
import { jsRunner } from "./js-checks.js";
import { graceFrom } from "./leftovers.js";
import { stagedTables } from "./load.js";
import { settling } from "./outcome.js";
import { asPlanText } from "./plan-text.js";
import { wholePlan } from "./plans.js";
import { releaseFacts } from "./publish.js";
import { dispose, type Release } from "./release.js";
import type { RunReport } from "./reports.js";
import { checkReason, type RunOptions } from "./run-options.js";
import { foundBy, publishing, step } from "./steps.js";
import type { CallOptions } from "./work.js";

/** A whole table prepared apart from live, that then changes places with it. */
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
  readonly tables?: readonly string[];
}

export function clone(ctx: Context, o: CandidateOptions = {}): Promise<Candidate> {
  return openCandidate(ctx, o, "live");
}
export function rebuild(ctx: Context, o: CandidateOptions = {}): Promise<Candidate> {
  return openCandidate(ctx, o, "start");
}

async function openCandidate(ctx: Context, o: CandidateOptions, from: From): Promise<Candidate> {
  const alias = oneTable(ctx, o.tables);
  const progress = await openProgress(ctx, alias, o, from, undefined);
  if ("status" in progress) throw new Error("only a run has an idempotency key");
  return makeHandle(ctx, alias, progress);
}

function makeHandle(ctx: Context, alias: string, p: Progress): Candidate {
  const settle = (event: "rejected" | "abandoned", reason: string, o?: CallOptions): Promise<void> =>
    step(ctx, p, "clone", o, async (w, held, open) => {
      await held.append(event, p.id, { strategy: "swap", reason, ...foundBy(open) });
      p.state = event;
      await w.run({ kind: "drop", ref: p.ref }, alias);
      for (const ref of stagedTables(w, p.found.id, p.id, p.generations)) await w.run({ kind: "drop", ref }, alias);
      await w.run({ kind: "drop", ref: w.names.scratch(p.found.id, p.id) }, alias);
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
    refs: { [alias]: ident(p.ref.path) },
    load: (feed, o) =>
      step(ctx, p, "load", o, async (w, held) => {
        const report = await w.stage("load", () => loadCandidate(w, held, feed as AnyFeed, p));
        p.stages.push(...w.stages);
        p.warnings.push(...w.warnings);
        await held.last("loaded", p.id, { until: graceFrom(held.now) });
        p.state = "loaded";
        return report;
      }),
    transform: (statement, o) =>
      step(ctx, p, "load", o, async (w, held) => {
        const { affected } = await w.call("transform", alias, (io) => w.session.execute({ sql: statement }, io));
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
        const planned = planSwap(await tableSwap(w, held, p), facts, jsRunner(w));
        return asPlanText(w, wholePlan(w, planned, facts));
      }),
    [Symbol.asyncDispose]: () => dispose(ctx, p, () => settle("abandoned", "disposed")),
  };
}

/** `run` with strategy swap: a clone (or, where there is nothing yet, a new table), loaded, checked, swapped. */
export async function runByCandidate(ctx: Context, feed: AnyFeed, o: RunOptions): Promise<RunReport> {
  const alias = oneTable(ctx, undefined);
  const p = await openProgress(ctx, alias, o, "if-new", o.idempotencyKey);
  if ("status" in p) return p;
  const handle = makeHandle(ctx, alias, p);
  try {
    const { warnings } = await handle.load(feed as never, o);
    if (p.loads === 0) {
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
        const report = await swapNow(w, held, p, open, o);
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
