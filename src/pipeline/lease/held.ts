import { type EventName, payloadText, type Written } from "../../ledger/events.js";
import { apply, fold, readEvents } from "../../ledger/fold.js";
import type { State } from "../../ledger/state.js";
import type { PlannedStep } from "../../plan/compile.js";
import { fence } from "../../plan/release.js";
import { untilAbort } from "../../source/abortable.js";
import { parseCanonical } from "../../table/canonical.js";
import { beatOn, lostLease, type Work } from "../session/work.js";
import { giveUp, type Taken } from "./take.js";

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
  /**
   * Appends an event in a block of its own, under the fence, and folds it into the state that the next reader sees.
   * @throws CutoverError `LEASE_LOST`: nothing was appended.
   */
  append<E extends EventName>(event: E, release: number, payload: Written<E>, by?: Work): Promise<void>;
  /** The same as the last thing that needs the lease, which is given up in the same block. */
  last<E extends EventName>(event: E, release: number, payload: Written<E>): Promise<void>;
  /** The same as a step of a block that this owner runs; what operations of the block return goes with it. */
  noting<E extends EventName>(
    event: E,
    release: number,
    payload: Omit<Written<E>, "facts">,
    facts: readonly string[],
  ): PlannedStep;
  /** The same with payloads as text: of several events at a time, all or none. */
  record(
    events: readonly { readonly event: string; readonly release: number; readonly text: string }[],
    by?: Work,
    free?: boolean,
  ): Promise<void>;
  /** The release number taken for this operation was not used after all. */
  giveBack(): void;
  /** The lease was given up with a block: nothing that needs it may follow. */
  freed(): void;
  readonly isFreed: boolean;
  /** Runs a block with the heartbeat stopped and the lease renewed; `limitMs` is shorter than what is left of it. */
  during<R>(body: (limitMs: number) => Promise<R>, by?: Work): Promise<R>;
}

/** How long a heartbeat may take at most: those of other pipelines wait for the same session. */
const LONGEST_BEAT_MS = 30_000;

/** The lease at work: heartbeat, events, giving up. */
export function own(w: Work, taken: Taken): { readonly held: Held; readonly stop: () => Promise<void> } {
  const { names, ctx } = w;
  const { ttlMs, pipeline } = ctx.settings;
  let seq = taken.events.at(-1)?.seq ?? 0;
  let state = fold(taken.events);
  let unused: 0 | 1 = 0;
  let freed = false;
  let renewed = performance.now();
  const renew = async (on: Work): Promise<void> => {
    const start = performance.now();
    const { ok } = await on.run({ kind: "renew", lease: names.lease, fence: taken.fence, ttlMs });
    if (!ok) throw lostLease(on, taken.fence);
    renewed = start;
  };
  let beating: { readonly done: Promise<void>; readonly stop: AbortController } | null = null;
  // A session of its own: the work's may be in the middle of a statement. A beat that fails is told by the fence.
  const beat = (): void => {
    if (beating !== null) return;
    const stop = new AbortController();
    const limit = setTimeout(
      () => stop.abort(new Error("the heartbeat was not answered in time")),
      Math.min(ttlMs / 4, LONGEST_BEAT_MS),
    );
    const done = beatOn(ctx, stop.signal, renew)
      .catch((err: unknown) => ctx.log.warn({ err, pipeline }, "a heartbeat failed"))
      .finally(() => {
        clearTimeout(limit);
        beating = null;
      });
    beating = { done, stop };
  };
  /** No heartbeat from here on. Whoever was cancelled does not wait for the one under way. */
  const quiet = async (): Promise<void> => {
    clearInterval(timer);
    const last = beating;
    if (last === null) return;
    await untilAbort(w.signal, () => last.done).catch(() => last.stop.abort(w.signal.reason));
    await last.done;
  };
  const beats = (): NodeJS.Timeout | undefined =>
    ctx.adapter.capabilities.concurrentSessions ? setInterval(beat, ttlMs / 3).unref() : undefined;
  let timer = beats();
  const rowOf = (e: { readonly event: string; readonly release: number; readonly text: string }, facts: readonly string[]) => ({
    pipeline,
    release: e.release,
    seq: ++seq,
    event: e.event,
    fence: taken.fence,
    payload: e.text,
    facts,
  });
  const recording = (events: readonly ReturnType<typeof rowOf>[]): PlannedStep => ({
    id: "record",
    step: { kind: "record", journal: names.journal, events },
  });
  const held: Held = {
    fence: taken.fence,
    release: taken.release,
    get state() {
      return state;
    },
    now: taken.now,
    tookOver: taken.tookOver,
    nextSeq: () => ++seq,
    append: (event, release, payload, by = w) =>
      held.record([{ event, release, text: payloadText(event, payload, names.database) }], by),
    last: (event, release, payload) =>
      held.record([{ event, release, text: payloadText(event, payload, names.database) }], w, unused === 0),
    noting: (event, release, payload, facts) =>
      recording([rowOf({ event, release, text: payloadText(event, payload, names.database) }, facts)]),
    async record(events, by = w, free = false) {
      const rows = events.map((e) => rowOf(e, []));
      const steps = [fence({ lease: names.lease, fence: taken.fence }, free), recording(rows)];
      const { outcome } = await held.during(
        (limit) => by.block({ name: "record", atomic: true, steps, ledger: true }, "commit", limit),
        by,
      );
      if (outcome === "refused") throw lostLease(by, taken.fence);
      if (free) held.freed();
      const at = parseCanonical(taken.now, "timestamp");
      const written = rows.map((r) => ({ ...r, recorded_at: at }));
      state = readEvents(written, names.database).reduce(apply, state);
    },
    giveBack: () => {
      if (taken.release !== null) unused = 1;
    },
    freed: () => {
      freed = true;
    },
    get isFreed() {
      return freed;
    },
    async during(body, by = w) {
      await quiet();
      if (performance.now() - renewed > ttlMs / 3) await renew(by);
      try {
        return await body(Math.max(1, Math.floor((ttlMs - (performance.now() - renewed)) * 0.95)));
      } finally {
        timer = freed ? undefined : beats();
      }
    },
  };
  const stop = async (): Promise<void> => {
    await quiet();
    if (!freed) await giveUp(w, names, taken.fence, unused);
  };
  return { held, stop };
}
