import type { IoOptions } from "../../adapter/session.js";
import { CutoverError, isCutoverError } from "../../errors/index.js";
import type { EventName, LedgerEvent } from "../../ledger/events.js";
import { readEvents } from "../../ledger/fold.js";
import type { Context } from "../context.js";
import { type CallOptions, operate, tracked, type Work } from "../session/work.js";
import type { Stage } from "../words.js";
import type { Held } from "./held.js";
import { isUnknown, leased, look } from "./lease.js";

/** What the journal holds once the block of an operation is out, and what the operation resolves with then. */
export interface Pending<E extends EventName, R> {
  /** For people: `release 3`. */
  readonly what: string;
  readonly stage: Stage;
  readonly event: E;
  readonly release: number;
  /** No other operation has it, so an event under it is this one's. */
  readonly fence: bigint;
  /** `held` is null where another owner works on the pipeline already. */
  readonly resolve: (event: Extract<LedgerEvent, { readonly event: E }>, w: Work, held: Held | null) => R | Promise<R>;
}

/**
 * Runs an operation; when the answer to its commit is lost, takes the lease under a new fence, which waits out or defeats the
 * old transaction, and only then reads the journal. Nothing is repeated.
 * @throws CutoverError `PUBLISH_FAILED` with state `before`: it did not happen. `PUBLISH_FAILED` with state `unknown`, or
 * `ROLLBACK_FAILED`: not even that could be found out.
 */
export function settling<E extends EventName, R>(
  ctx: Context,
  o: CallOptions | undefined,
  body: (begun: (p: Pending<E, R>) => void) => Promise<R>,
): Promise<R> {
  // As a whole: close() waits until it is known what became of what it cancelled.
  return tracked(ctx, async () => {
    const begun: Pending<E, R>[] = [];
    try {
      return await body((p) => void begun.push(p));
    } catch (e) {
      const [p] = begun;
      if (p === undefined || !isUnknown(e)) throw e;
      return settled(ctx, o, p, e);
    }
  });
}

async function settled<E extends EventName, R>(
  ctx: Context,
  o: CallOptions | undefined,
  p: Pending<E, R>,
  first: unknown,
): Promise<R> {
  const { pipeline } = ctx.settings;
  const where = { pipeline, release: p.release };
  const calm = unlessCancelled(ctx, o);
  let found: { readonly value: R } | null;
  try {
    found = await decided(calm.ctx, calm.o, p);
  } catch (second) {
    const message = `whether ${p.what} of ${pipeline} took effect could not be settled; when the warehouse answers again, call recover() and look at status()`;
    throw p.stage === "rollback"
      ? new CutoverError("ROLLBACK_FAILED", message, { first, ...where }, { cause: second })
      : new CutoverError("PUBLISH_FAILED", message, { state: "unknown", ...where }, { cause: second });
  } finally {
    calm.done();
  }
  if (found !== null) return found.value;
  const message = `${p.what} of ${pipeline} did not take effect: the connection failed before the commit, and nothing was changed; try again`;
  throw new CutoverError("PUBLISH_FAILED", message, { state: "before", ...where }, { cause: first });
}

/** Whether it is in the journal, once that can no longer change. */
async function decided<E extends EventName, R>(
  ctx: Context,
  o: CallOptions,
  p: Pending<E, R>,
): Promise<{ readonly value: R } | null> {
  const read = async (w: Work, held: Held | null): Promise<{ readonly value: R } | null> => {
    const { rows } = await w.run({
      kind: "findEvents",
      journal: w.names.journal,
      pipeline: ctx.settings.pipeline,
      events: [p.event],
      payload: null,
      release: p.release,
      limit: null,
    });
    const event = readEvents(rows, w.names.database).find((e) => e.fence === p.fence || decidedBy(e) === String(p.fence));
    if (event === undefined) {
      await requireTelling(w, p.fence);
      return null;
    }
    return { value: await p.resolve(event as Extract<LedgerEvent, { readonly event: E }>, w, held) };
  };
  try {
    return await leased(ctx, p.stage, o, 0, read, p.fence);
  } catch (e) {
    if (!isCutoverError(e, "LEASE_HELD")) throw e;
    return await operate(ctx, p.stage, o, async (w) => {
      const lease = await w.run({ kind: "readLease", lease: w.names.lease });
      // Another owner's fence has decided it already.
      if (BigInt(lease.rows[0]?.["fence"] as bigint) <= p.fence) throw e;
      // Decided, and that owner is about to carry it out.
      if ((await look(w))?.state.pending?.fence === String(p.fence)) throw e;
      return read(w, null);
    });
  }
}

/** A journal that was compacted since tells no more what an owner before that has recorded. */
async function requireTelling(w: Work, fence: bigint): Promise<void> {
  const { pipeline } = w.ctx.settings;
  const { rows } = await w.run({
    kind: "findEvents",
    journal: w.names.journal,
    pipeline,
    events: ["snapshot"],
    payload: null,
    release: null,
    limit: 1,
  });
  const [snapshot] = readEvents(rows, w.names.database);
  if (snapshot === undefined || snapshot.fence <= fence) return;
  throw new Error(`the journal of ${pipeline} was compacted by prune() since; history() tells what is out`);
}

/** Who decided what another owner carried out. */
const decidedBy = (e: LedgerEvent): string | undefined => ("by" in e.payload ? e.payload.by : undefined);

/** How long to look, in milliseconds, for those who were cancelled: they want an end, but also to know. */
const LAST_LOOK_MS = 30_000;

function unlessCancelled(
  ctx: Context,
  o: CallOptions | undefined,
): { readonly ctx: Context; readonly o: Pick<IoOptions, "signal"> | CallOptions; readonly done: () => void } {
  if (!ctx.closing.signal.aborted && o?.signal?.aborted !== true) return { ctx, o: o ?? {}, done: () => undefined };
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(new Error("the warehouse did not answer in time")), LAST_LOOK_MS);
  return { ctx: { ...ctx, closing: new AbortController() }, o: { signal: limit.signal }, done: () => clearTimeout(timer) };
}
