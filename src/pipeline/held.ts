import type { EventName, LedgerEvent, Payload } from "../ledger/events.js";
import { apply, fold } from "../ledger/fold.js";
import { writeJson } from "../ledger/portable.js";
import type { State } from "../ledger/state.js";
import { beatOn, lostLease, type Work } from "./work.js";

/** The lease of an operation, and the state that it found. */
export interface Held {
  readonly fence: bigint;
  /** The release number taken for this operation; null where none was asked for. */
  readonly release: number | null;
  /** The state as it was found, and as this operation's own events have changed it. */
  readonly state: State;
  /** ISO text: the warehouse's clock when the lease was taken. */
  readonly now: string;
  /** The owner before had not given the lease up: something may lie about. */
  readonly tookOver: boolean;
  /** The next sequence number of the journal. */
  nextSeq(): number;
  /** Appends an event outside a block, and folds it into the state that the next reader sees. */
  append<E extends EventName>(event: E, release: number, payload: Payload<E>, by?: Work): Promise<void>;
  /** The release number was not used after all. */
  giveBack(): void;
  /** Runs a block with the heartbeat stopped and the lease renewed; `limitMs` is shorter than what is left of it. */
  during<R>(body: (limitMs: number) => Promise<R>): Promise<R>;
}

/** What taking the lease told. */
export interface Taken {
  readonly fence: bigint;
  readonly events: readonly LedgerEvent[];
  readonly release: number | null;
  readonly tookOver: boolean;
  readonly now: string;
}

/** The lease at work: heartbeat, events, giving up. */
export function own(w: Work, taken: Taken): { readonly held: Held; readonly stop: () => Promise<void> } {
  const { names, ctx } = w;
  const { ttlMs, pipeline } = ctx.settings;
  let seq = taken.events.at(-1)?.seq ?? 0;
  let state = fold(taken.events);
  let unused: 0 | 1 = 0;
  let renewed = performance.now();
  const renew = async (on: Work): Promise<void> => {
    const start = performance.now();
    const { ok } = await on.run({ kind: "renew", lease: names.lease, fence: taken.fence, ttlMs });
    if (!ok) throw lostLease(on, taken.fence);
    renewed = start;
  };
  let beating: Promise<void> = Promise.resolve();
  // A session of its own: the work's may be in the middle of a statement. A beat that fails is told by the fence.
  const beat = (): void => {
    beating = beatOn(ctx, renew).catch((err: unknown) => ctx.log.warn({ err, pipeline }, "a heartbeat failed"));
  };
  let timer = setInterval(beat, ttlMs / 3).unref();
  const held: Held = {
    fence: taken.fence,
    release: taken.release,
    get state() {
      return state;
    },
    now: taken.now,
    tookOver: taken.tookOver,
    nextSeq: () => ++seq,
    async append(event, release, payload, by = w) {
      const text = writeJson(payload, names.database);
      const row = { pipeline, release, seq: ++seq, event, fence: taken.fence, payload: text, facts: [] };
      await by.run({ kind: "record", journal: names.journal, events: [row] });
      state = apply(state, { event, release, seq, fence: taken.fence, at: taken.now, payload } as LedgerEvent);
    },
    giveBack: () => {
      unused = 1;
    },
    async during(body) {
      clearInterval(timer);
      await beating;
      if (performance.now() - renewed > ttlMs / 3) await renew(w);
      try {
        return await body(Math.max(1, Math.floor((ttlMs - (performance.now() - renewed)) * 0.95)));
      } finally {
        timer = setInterval(beat, ttlMs / 3).unref();
      }
    },
  };
  const stop = async (): Promise<void> => {
    clearInterval(timer);
    await beating;
    try {
      // An aborted operation must still give its lease up: without the signal that ended it.
      await w.calm().run({ kind: "free", lease: names.lease, fence: taken.fence, releases: unused });
    } catch (err) {
      ctx.log.warn({ err, pipeline }, "the lease was not given up; it expires by itself");
    }
  };
  return { held, stop };
}
