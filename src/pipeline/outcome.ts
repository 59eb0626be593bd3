import type { TableRef } from "../adapter/shapes.js";
import { CutoverError, isCutoverError } from "../errors/index.js";
import { keyEvents } from "../ledger/events.js";
import { readEvents } from "../ledger/fold.js";
import { cleanUp } from "./clean-up.js";
import type { Context } from "./context.js";
import type { Held } from "./held.js";
import { leased } from "./lease.js";
import { countsOf, reportOf, runReport } from "./report.js";
import type { RunReport } from "./reports.js";
import type { Outcome } from "./verdict.js";
import type { Strategy } from "./words.js";
import type { CallOptions, Work } from "./work.js";

/** An engine without transactions publishes by swap only. */
export function requireTransactions(ctx: Context): void {
  const { capabilities, name } = ctx.adapter;
  if (capabilities.transaction !== "none") return;
  const alternative = 'strategy: "swap"';
  const message = `${name} has no transactions, so a release in place could be seen half done; use ${alternative}`;
  throw new CutoverError("UNSUPPORTED", message, { capability: "transaction", alternative, pipeline: ctx.settings.pipeline });
}

/** A pipeline on hold publishes nothing. */
export function refuseHeld(w: Work, held: Held): void {
  const reason = held.state.held;
  if (reason === null) return;
  held.giveBack();
  const { pipeline } = w.ctx.settings;
  throw new CutoverError("HELD", `pipeline ${pipeline} is on hold: ${reason}; redo() or unhold() lifts it`, { reason, pipeline });
}

/** The release that an idempotency key published, unless it was rolled back since. */
export async function alreadyPublished(w: Work, held: Held, key: string | undefined): Promise<RunReport | null> {
  if (key === undefined) return null;
  const { pipeline } = w.ctx.settings;
  const events = Object.values(keyEvents);
  const base = { kind: "findEvents", journal: w.names.journal, pipeline } as const;
  const { rows } = await w.run({ ...base, events, payload: key, release: null, limit: 1 });
  if (rows[0]?.["event"] !== keyEvents.taken) return null;
  const release = Number(rows[0]["release"]);
  const found = await w.run({ ...base, events: ["published"], payload: null, release, limit: 1 });
  const event = readEvents(found.rows, w.names.database)[0];
  if (event?.event !== "published") return null;
  held.giveBack();
  return runReport(event.payload, event, pipeline, { status: "already-published", stages: [], warnings: [] });
}

/** After the commit: report, events, cleanup. */
export async function published(w: Work, held: Held, o: Outcome, drop: readonly TableRef[]): Promise<RunReport> {
  const { pipeline } = w.ctx.settings;
  const { after } = reportOf(o.published, o.event, pipeline);
  for (const t of Object.values(o.published.tables))
    w.ctx.emit(o.event.release, { type: "published", table: t.alias, counts: countsOf(t, o.published.facts) });
  await cleanUp(w, held, held.state, after, drop);
  return runReport(o.published, o.event, pipeline, {
    status: "published",
    stages: w.stages,
    warnings: w.warnings,
    checks: o.checks,
  });
}

/** Neither rows nor watermark would change. */
export function nothingToDo(w: Work, held: Held, strategy: Strategy): RunReport {
  const { pipeline } = w.ctx.settings;
  return {
    status: "nothing-to-do",
    pipeline,
    release: held.state.live,
    strategy,
    tables: {},
    checks: [],
    stages: w.stages,
    warnings: w.warnings,
  };
}

/**
 * When the answer to a commit was lost: take the lease under a new fence, which waits out or defeats the old
 * transaction, and only then read the journal.
 */
export async function settling(
  ctx: Context,
  o: CallOptions,
  body: (seen: (release: number, fence: bigint) => void) => Promise<RunReport>,
): Promise<RunReport> {
  let known: { readonly release: number; readonly fence: bigint } | null = null;
  try {
    return await body((release, fence) => {
      known = { release, fence };
    });
  } catch (e) {
    const at = known as { readonly release: number; readonly fence: bigint } | null;
    if (at === null || !isCutoverError(e, "ADAPTER") || e.context.outcome !== "unknown") throw e;
    return settled(ctx, o, at, e);
  }
}
async function settled(
  ctx: Context,
  o: CallOptions,
  { release, fence }: { readonly release: number; readonly fence: bigint },
  e: unknown,
): Promise<RunReport> {
  const { pipeline } = ctx.settings;
  try {
    return await leased(
      ctx,
      "publish",
      o,
      0,
      async (w) => {
        const { rows } = await w.run({
          kind: "findEvents",
          journal: w.names.journal,
          pipeline,
          events: ["published"],
          payload: null,
          release,
          limit: 1,
        });
        const event = readEvents(rows, w.names.database)[0];
        if (event?.event === "published")
          return runReport(event.payload, event, pipeline, { status: "published", stages: w.stages, warnings: w.warnings });
        throw new CutoverError(
          "PUBLISH_FAILED",
          `release ${release} of ${pipeline} was not published: the connection failed before the commit; run again`,
          { state: "before", pipeline, release },
          { cause: e },
        );
      },
      fence,
    );
  } catch (second) {
    if (isCutoverError(second, "PUBLISH_FAILED")) throw second;
    const message = `whether release ${release} of ${pipeline} was published could not be settled; call recover() when the warehouse answers again`;
    throw new CutoverError("PUBLISH_FAILED", message, { state: "unknown", pipeline, release }, { cause: second });
  }
}
