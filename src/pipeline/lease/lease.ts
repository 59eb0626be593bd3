import pRetry from "p-retry";
import { CutoverError, isCutoverError } from "../../errors/index.js";
import { fold } from "../../ledger/fold.js";
import type { State } from "../../ledger/state.js";
import type { Row } from "../../sql/sql.js";
import { formatTimestamp, parseCanonical } from "../../table/canonical.js";
import { type Context, ownerName } from "../context.js";
import { settleLeftovers } from "../recovery/leftovers.js";
import { explain } from "../session/faults.js";
import { type CallOptions, lostLease, openWork, tracked, type Work } from "../session/work.js";
import type { Stage } from "../words.js";
import { bootstrap } from "./bootstrap.js";
import { type Held, own } from "./held.js";
import { standInLine } from "./line.js";
import { eventsOf, giveUp, readState, takeLease } from "./take.js";

/** Runs `body` as the one owner of the pipeline. Waits for another owner as long as `lease.wait` says. */
export function leased<R>(
  ctx: Context,
  stage: Stage,
  o: CallOptions | undefined,
  releases: 0 | 1,
  body: (w: Work, held: Held) => Promise<R>,
  instead: bigint | null = null,
): Promise<R> {
  return tracked(ctx, async () => {
    const { w, held, stop, close } = await waitForLease(ctx, stage, o, releases, instead);
    let failure: unknown;
    try {
      w.clock = clockFrom(held.now);
      // These do it thoroughly, and report it.
      if (stage !== "recover" && stage !== "prune") await settleLeftovers(w, held, false);
      return await body(w, held);
    } catch (e) {
      failure = await lostOr(w, held, w.explain(e));
      throw failure;
    } finally {
      await stop();
      await close(failure);
    }
  });
}

/** The warehouse's clock, from when it was read: microseconds since 1970-01-01. */
function clockFrom(now: string): () => bigint {
  const [then, start] = [parseCanonical(now, "timestamp") as bigint, performance.now()];
  return () => then + BigInt(Math.floor((performance.now() - start) * 1000));
}

/** What another owner does to the tables of this one shows as conflicts and missing tables: then the lease is the reason. */
async function lostOr(w: Work, held: Held, e: unknown): Promise<unknown> {
  if (!isCutoverError(e, "ADAPTER", "BAD_SOURCE") || w.signal.aborted || isUnknown(e)) return e;
  try {
    const { rows } = await w.run({ kind: "readLease", lease: w.names.lease });
    if (BigInt(rows[0]?.["fence"] as bigint) === held.fence) return e;
  } catch {
    return e;
  }
  return lostLease(w, held.fence, e);
}

/** Whether an error leaves open if what it is about took effect. */
export const isUnknown = (e: unknown): boolean => isCutoverError(e, "ADAPTER") && e.context.outcome === "unknown";

interface Owner {
  readonly w: Work;
  readonly held: Held;
  readonly stop: () => Promise<void>;
  readonly close: (failure?: unknown) => Promise<void>;
}
async function acquire(
  ctx: Context,
  stage: Stage,
  o: CallOptions | undefined,
  releases: 0 | 1,
  instead: bigint | null,
  name: string,
): Promise<Owner> {
  const { w, close } = await openWork(ctx, stage, o);
  try {
    return { w, close, ...(await take(w, releases, instead, name)) };
  } catch (e) {
    const failure = w.explain(e);
    await close(failure);
    throw failure;
  }
}

async function waitForLease(
  ctx: Context,
  stage: Stage,
  o: CallOptions | undefined,
  releases: 0 | 1,
  instead: bigint | null,
): Promise<Owner> {
  const deadline = performance.now() + ctx.settings.waitMs;
  const signal = AbortSignal.any([ctx.closing.signal, ...(o?.signal === undefined ? [] : [o.signal])]);
  const name = ownerName();
  let owner: Owner | null = null;
  let lost = 0;
  let leave = (): void => undefined;
  try {
    // Whoever was the owner a moment ago, and must know what became of it, waits behind nobody.
    if (ctx.settings.waitMs > 0 && instead === null) leave = await turnToAsk(ctx, signal);
    const got = await pRetry(
      async () => {
        owner = await acquire(ctx, stage, o, releases, instead, name);
        return owner;
      },
      {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: 20,
        maxTimeout: 1000,
        randomize: true,
        signal,
        shouldRetry: ({ error }) =>
          isUnknown(error) ? ++lost < LOST_ANSWERS : isCutoverError(error, "LEASE_HELD") && performance.now() < deadline,
      },
    );
    return got;
  } catch (e) {
    // An abort may come between the lease and its use.
    const late = owner as Owner | null;
    late?.held.giveBack();
    await late?.stop();
    await late?.close();
    throw explain(ctx.adapter, e, { stage, signal, where: { pipeline: ctx.settings.pipeline } });
  } finally {
    leave();
  }
}

/** Those of this process who wait for the lease ask one after the other; whose time is up asks once, and is told who has it. */
async function turnToAsk(ctx: Context, signal: AbortSignal): Promise<() => void> {
  const { ledgerSchema, pipeline, waitMs } = ctx.settings;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), Math.min(waitMs, LONGEST_TIMER));
  try {
    return await standInLine(ctx.adapter, JSON.stringify([ledgerSchema, pipeline]), AbortSignal.any([signal, late.signal]));
  } catch (e) {
    signal.throwIfAborted();
    if (!late.signal.aborted) throw e;
    return () => undefined;
  } finally {
    clearTimeout(timer);
  }
}
/** What a timer of Node can count, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** How often the lease is asked for when the answers are lost. */
const LOST_ANSWERS = 3;

async function take(
  w: Work,
  releases: 0 | 1,
  instead: bigint | null,
  owner: string,
): Promise<{ readonly held: Held; readonly stop: () => Promise<void> }> {
  const { pipeline } = w.ctx.settings;
  const taken = await ready(w, () => takeLease(w, w.names, { pipeline, owner, releases, instead }));
  if ("row" in taken) throw leaseHeld(pipeline, taken.row);
  try {
    return own(w, taken);
  } catch (e) {
    // A lease that cannot be worked with must not keep others out.
    await giveUp(w, w.names, taken.fence, releases);
    throw e;
  }
}

/** A ledger that does not exist yet is made; a conflict over the lease means that another has just taken it. */
async function ready<R>(w: Work, body: () => Promise<R>, made = false): Promise<R> {
  try {
    return await body();
  } catch (e) {
    if (!isCutoverError(e, "ADAPTER")) throw e;
    if (e.context.kind === "conflict") throw leaseHeld(w.ctx.settings.pipeline, {});
    if (e.context.kind !== "missing-object" || made) throw e;
    if (w.ctx.sandbox !== null) throw sandboxGone(w, e);
    await bootstrap(w);
    return ready(w, body, true);
  }
}

function leaseHeld(pipeline: string, row: Row): CutoverError<"LEASE_HELD"> {
  const owner = String(row["owner"] ?? "another owner");
  const expires = typeof row["expires_at"] === "bigint" ? formatTimestamp(row["expires_at"]) : "soon";
  return new CutoverError(
    "LEASE_HELD",
    `pipeline ${pipeline} is being worked on by ${owner} until ${expires}; wait (lease.wait) or try again`,
    {
      owner,
      expires,
      pipeline,
    },
  );
}

/** The state without a lease: for those who only look. null: there is no ledger yet. */
export async function look(w: Work): Promise<{ readonly state: State; readonly lease: Row } | null> {
  try {
    const rows = await readState(w, w.names, w.ctx.settings.pipeline);
    return { state: fold(eventsOf(rows, w.names.database)), lease: rows[0] ?? {} };
  } catch (e) {
    if (!isCutoverError(e, "ADAPTER") || e.context.kind !== "missing-object") throw e;
    if (w.ctx.sandbox !== null) throw sandboxGone(w, e);
    return null;
  }
}

/** The ledger of a sandbox goes with it, and is never made anew. */
function sandboxGone(w: Work, cause: unknown): CutoverError<"NOT_FOUND"> {
  const name = w.ctx.sandbox ?? "";
  const { pipeline } = w.ctx.settings;
  const message = `the sandbox ${name} is gone: its time is over, or it was dropped; make a new one`;
  return new CutoverError("NOT_FOUND", message, { what: "sandbox", name, pipeline }, { cause });
}
