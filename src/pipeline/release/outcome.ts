import type { TableRef } from "../../adapter/shapes.js";
import { fromRecord } from "../../check/planned.js";
import { CutoverError } from "../../errors/index.js";
import { keyEvents } from "../../ledger/events.js";
import { readEvents } from "../../ledger/fold.js";
import type { State } from "../../ledger/state.js";
import type { Summary } from "../../ledger/summary.js";
import type { Context } from "../context.js";
import type { Held } from "../lease/held.js";
import { settling as settle } from "../lease/settle.js";
import { countsOf, reportOf, runReport } from "../look/report.js";
import type { RunReport } from "../look/reports.js";
import { cleanUp, dropStaged } from "../recovery/clean-up.js";
import { sweep } from "../recovery/leftovers.js";
import type { CallOptions, Work } from "../session/work.js";
import type { Strategy } from "../words.js";
import { refusePending } from "./pending.js";
import type { Outcome } from "./verdict.js";

/** An engine without transactions publishes by swap only. */
export function requireTransactions(ctx: Context): void {
  const { capabilities, name } = ctx.adapter;
  if (capabilities.transaction !== "none") return;
  const swaps = capabilities.swap !== "none";
  const alternative = swaps ? 'strategy: "swap"' : "an engine with transactions";
  const message = `${name} has no transactions, so a release in place could be seen half done; use ${alternative}`;
  throw new CutoverError("UNSUPPORTED", message, { capability: "transaction", alternative, pipeline: ctx.settings.pipeline });
}

/** A pipeline on hold publishes nothing, nor does one with changes that would be lost. */
export function refuseHeld(w: Work, held: Held): void {
  refusePending(w, held);
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
  const found = await w.run({ ...base, events: ["published", "summary"], payload: null, release, limit: 1 });
  const event = readEvents(found.rows, w.names.database)[0];
  held.giveBack();
  if (event?.event === "published")
    return runReport(event.payload, event, pipeline, { status: "already-published", stages: [], warnings: [] });
  return remembered(pipeline, release, event?.event === "summary" ? event.payload : null);
}

/** What is left of a report when the journal was compacted. */
function remembered(pipeline: string, release: number, s: Summary | null): RunReport {
  const message = `release ${release} of ${pipeline} was published long ago, and prune() has left nothing of its report`;
  return {
    status: "already-published",
    pipeline,
    release,
    strategy: s?.strategy ?? "in-place",
    tables: s?.tables ?? {},
    checks: fromRecord(s?.checks),
    stages: [],
    warnings: s?.tables === undefined ? [{ code: "COMPACTED", message }] : [],
  };
}

/** After the commit: report, events, cleanup. */
export async function published(w: Work, held: Held, before: State, o: Outcome, drop: readonly TableRef[]): Promise<RunReport> {
  const { pipeline } = w.ctx.settings;
  const { after } = reportOf(o.published, o.event, pipeline);
  for (const t of Object.values(o.published.tables))
    w.ctx.emit(o.event.release, { type: "published", table: t.alias, counts: countsOf(t, o.published.facts) });
  if (held.isFreed) await dropStaged(w, drop);
  else await cleanUp(w, held, before, after, drop);
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

/** Publishes a release: `seen` says which one and under which fence, before its block may be sent. */
export const settling = (
  ctx: Context,
  o: CallOptions,
  body: (seen: (release: number, fence: bigint) => void) => Promise<RunReport>,
): Promise<RunReport> =>
  settle<"published", RunReport>(ctx, o, (begun) =>
    body((release, fence) =>
      begun({
        what: `release ${release}`,
        stage: "publish",
        event: "published",
        release,
        fence,
        resolve: async (event, w, held) => {
          if (held !== null) await sweep(w, held);
          return runReport(event.payload, event, ctx.settings.pipeline, {
            status: "published",
            stages: w.stages,
            warnings: w.warnings,
          });
        },
      }),
    ),
  );
