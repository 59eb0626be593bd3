import type { TableRef } from "../adapter/shapes.js";
import { CutoverError, isCutoverError } from "../errors/index.js";
import { keyEvents } from "../ledger/events.js";
import { readEvents } from "../ledger/fold.js";
import type { Source } from "../source/source.js";
import { runByCandidate } from "./candidate.js";
import type { Context } from "./context.js";
import { type AnyFeed, openFeed } from "./feed.js";
import { type Held, leased } from "./lease.js";
import { type Staged, stageTable } from "./load.js";
import { cleanUp, type Outcome, type PublishOptions, publishInPlace } from "./publish.js";
import { settleLeftovers } from "./recover.js";
import { countsOf, reportOf, runReport } from "./report.js";
import type { RunReport } from "./reports.js";
import { claimTables, findTables, requireBaseline } from "./tables.js";
import type { CallOptions, Work } from "./work.js";
import type { Strategy } from "./words.js";

export interface RunOptions extends CallOptions {
  /** A key already published returns the report of its release. */
  readonly idempotencyKey?: string;
  /** Default `in-place`; `swap` loads into a clone that then changes places with live. */
  readonly strategy?: Strategy;
  readonly note?: string;
}

/** One call: load, validate, publish, from the last watermark; safe to repeat. */
export function run(ctx: Context, feed: AnyFeed, o: RunOptions = {}): Promise<RunReport> {
  if (o.strategy === "swap") return runByCandidate(ctx, feed, o);
  return settling(ctx, o, (seen) =>
    leased(ctx, "load", o, 1, async (w, held) => {
      const release = await opening(w, held);
      seen(release);
      const done = await alreadyPublished(w, held, o.idempotencyKey);
      if (done !== null) return done;
      const staged: Staged[] = [];
      const drop: TableRef[] = [];
      try {
        await w.stage("load", () => stageFeed(w, held, feed, release, staged, drop));
        const result = staged.length === 0 ? null : await w.stage("publish", () => publishInPlace(w, held, staged, release, o, "commit"));
        return result === null ? await nothingToDo(w, held, drop) : await published(w, held, result, drop);
      } catch (e) {
        await failed(w, held, release, e, drop, o);
        throw e;
      }
    }),
  );
}

/** Recovery first; then a pipeline on hold publishes nothing. */
async function opening(w: Work, held: Held): Promise<number> {
  const release = held.release as number;
  w.release = release;
  await settleLeftovers(w, held, false);
  refuseHeld(w, held);
  return release;
}
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

/** Stages every table that the feed has a source for. */
export async function stageFeed(w: Work, held: Held, feed: AnyFeed, release: number, staged: Staged[], drop: TableRef[]): Promise<void> {
  const sources = await openFeed(w, feed, held.state, release, false);
  const tables = await findTables(w, held.state, sources.map(([alias]) => alias));
  await claimTables(w, held, tables);
  await requireBaseline(w, tables);
  for (const found of tables) {
    const source = sources.find(([alias]) => alias === found.alias)?.[1] as Source;
    drop.push(w.names.delta(found.id, release, 0), w.names.delta(found.id, release, 1));
    const one = await stageTable(w, found, source, release, null);
    if (one !== null) staged.push(one);
  }
}

async function nothingToDo(w: Work, held: Held, drop: readonly TableRef[]): Promise<RunReport> {
  held.giveBack();
  for (const ref of drop) await w.run({ kind: "drop", ref });
  const { pipeline } = w.ctx.settings;
  return {
    status: "nothing-to-do", pipeline, release: held.state.live, strategy: "in-place",
    tables: {}, checks: [], stages: w.stages, warnings: w.warnings,
  };
}

/** After the commit: report, events, cleanup. */
export async function published(w: Work, held: Held, o: Outcome, drop: readonly TableRef[]): Promise<RunReport> {
  const { pipeline } = w.ctx.settings;
  const { after } = reportOf(o.published, o.event, pipeline);
  for (const t of Object.values(o.published.tables)) w.ctx.emit(o.event.release, { type: "published", table: t.alias, counts: countsOf(t, o.published.facts) });
  await cleanUp(w, held.state, after, drop);
  return runReport(o.published, o.event, pipeline, { status: "published", stages: w.stages, warnings: w.warnings, checks: o.checks });
}

/** A failed run leaves a record when its rows were judged, and no staged rows. Its own error is the one that counts. */
async function failed(w: Work, held: Held, release: number, e: unknown, drop: readonly TableRef[], o: PublishOptions): Promise<void> {
  if (isCutoverError(e, "ADAPTER") && e.context.outcome === "unknown") return;
  try {
    if (isCutoverError(e, "CHECKS_FAILED")) {
      const reason = e.context.checks.filter((c) => c.outcome === "fail").map((c) => `${c.table} ${c.check}`).join(", ");
      await held.append("rejected", release, { strategy: "in-place", reason, ...(o.note === undefined ? {} : { note: o.note }) });
    } else held.giveBack();
    const signal = new AbortController().signal;
    for (const ref of drop) for (const op of w.ctx.adapter.steps.drop?.({ kind: "drop", ref }) ?? []) await w.session.execute(op, { signal, tag: "cutover cleanup" });
  } catch (err) {
    w.ctx.log.warn({ err, pipeline: w.ctx.settings.pipeline }, "cleaning up after a failed run failed; recovery does it");
  }
}

/**
 * When the answer to a commit was lost: take the lease under a new fence, which waits out or defeats the old
 * transaction, and only then read the journal.
 */
export async function settling(ctx: Context, o: CallOptions, body: (seen: (release: number) => void) => Promise<RunReport>): Promise<RunReport> {
  let release: number | null = null;
  try {
    return await body((r) => {
      release = r;
    });
  } catch (e) {
    if (release === null || !isCutoverError(e, "ADAPTER") || e.context.outcome !== "unknown") throw e;
    return settled(ctx, o, release, e);
  }
}
async function settled(ctx: Context, o: CallOptions, release: number, e: unknown): Promise<RunReport> {
  const { pipeline } = ctx.settings;
  try {
    return await leased(ctx, "recover", o, 0, async (w) => {
      const { rows } = await w.run({ kind: "findEvents", journal: w.names.journal, pipeline, events: ["published"], payload: null, release, limit: 1 });
      const event = readEvents(rows, w.names.database)[0];
      if (event?.event === "published") return runReport(event.payload, event, pipeline, { status: "published", stages: w.stages, warnings: w.warnings });
      throw new CutoverError("PUBLISH_FAILED", `release ${release} of ${pipeline} was not published: the connection failed before the commit; run again`, { state: "before", pipeline, release }, { cause: e });
    });
  } catch (second) {
    if (isCutoverError(second, "PUBLISH_FAILED")) throw second;
    const message = `whether release ${release} of ${pipeline} was published could not be settled; call recover() when the warehouse answers again`;
    throw new CutoverError("PUBLISH_FAILED", message, { state: "unknown", pipeline, release }, { cause: second });
  }
}
