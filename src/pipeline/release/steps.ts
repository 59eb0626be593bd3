import { asRecorded } from "../../check/planned.js";
import { CutoverError, isCutoverError } from "../../errors/index.js";
import { readOutlines } from "../../ledger/fold.js";
import type { OpenRelease } from "../../ledger/state.js";
import type { Context } from "../context.js";
import type { Held } from "../lease/held.js";
import { leased } from "../lease/lease.js";
import type { RunReport } from "../look/reports.js";
import { graceFrom } from "../recovery/leftovers.js";
import type { CallOptions, Work } from "../session/work.js";
import type { ReleaseState, Stage } from "../words.js";

/** A release made by steps: each step takes the lease for itself, and finds the release open or not at all. */
export interface Steps {
  readonly id: number;
  state: ReleaseState;
}

/** Runs one step of an open release. */
export async function step<R>(
  ctx: Context,
  s: Steps,
  stage: Stage,
  o: CallOptions | undefined,
  body: (w: Work, held: Held, open: OpenRelease) => Promise<R>,
): Promise<R> {
  if (!isOpen(s.state)) throw notOpen(ctx, s.id, s.state);
  return leased(ctx, stage, o, 0, async (w, held) => {
    w.release = s.id;
    const open = await requireOpen(w, held, s.id).catch((e: unknown) => {
      if (isCutoverError(e, "NOT_OPEN")) s.state = e.context.state;
      throw e;
    });
    s.state = open.state;
    return body(w, held, open);
  });
}

/**
 * A release that is open.
 * @throws CutoverError `NOT_OPEN`: what became of it, and why. `NOT_FOUND`: the pipeline never had it.
 */
export async function requireOpen(w: Work, held: Held, release: number): Promise<OpenRelease> {
  const open = held.state.open.find((r) => r.release === release);
  if (open !== undefined) return open;
  const { ctx } = w;
  const { pipeline } = ctx.settings;
  const found = await w.run({
    kind: "findEvents",
    journal: w.names.journal,
    pipeline,
    events: ["published", "rejected", "abandoned"],
    payload: null,
    release,
    limit: 1,
  });
  const event = readOutlines(found.rows, w.names.database)[0];
  if (event === undefined) {
    const message = `pipeline ${pipeline} has no release ${release}`;
    throw new CutoverError("NOT_FOUND", message, { what: "release", name: String(release), pipeline });
  }
  if (event.event === "rejected" || event.event === "abandoned") throw notOpen(ctx, release, event.event, event.payload.reason);
  const back = held.state.undone.some((u) => u.releases.some((k) => k.release === release));
  throw notOpen(ctx, release, back ? "rolled-back" : "published");
}
/** A release whose answer was lost is told to be out all the same: then its handle knows it too. */
export async function publishing(s: Steps, report: Promise<RunReport>): Promise<RunReport> {
  const told = await report;
  if (told.status === "published") s.state = "published";
  return told;
}
export const isOpen = (s: ReleaseState): boolean => s === "open" || s === "loaded" || s === "validated";

export function notOpen(ctx: Context, release: number, state: ReleaseState, reason?: string): CutoverError<"NOT_OPEN"> {
  const { pipeline } = ctx.settings;
  const why = reason === undefined ? "" : ` (${reason})`;
  return new CutoverError("NOT_OPEN", `release ${release} of ${pipeline} is ${state}${why}; open a new one`, {
    state,
    ...(reason === undefined ? {} : { reason }),
    pipeline,
    release,
  });
}

/** Opens a release under its own number, after recovery. */
export function opened<R>(
  ctx: Context,
  stage: Stage,
  o: CallOptions | undefined,
  body: (w: Work, held: Held, release: number) => Promise<R>,
): Promise<R> {
  return leased(ctx, stage, o, 1, async (w, held) => {
    w.release = held.release;
    return body(w, held, held.release as number);
  });
}

/** What its last validation found, for the event that ends it. */
export const foundBy = (open: OpenRelease): Pick<OpenRelease, "checks"> =>
  open.checks === undefined ? {} : { checks: open.checks };
/** A release that its checks refused stays open; what they found is recorded. Whether that was why. */
export async function recordRefusal(w: Work, held: Held, release: number, e: unknown): Promise<boolean> {
  if (!isCutoverError(e, "CHECKS_FAILED")) return false;
  const checks = asRecorded(e.context.checks);
  try {
    await held.append("validated", release, { ok: false, until: graceFrom(held.now), checks });
  } catch (err) {
    // What the checks found is the error that counts.
    w.ctx.log.warn({ err, release }, "what the checks found could not be recorded");
  }
  return true;
}
