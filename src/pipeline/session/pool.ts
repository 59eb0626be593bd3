import type { Adapter } from "../../adapter/define.js";
import type { Native } from "../../adapter/operations.js";
import type { IoOptions, Session } from "../../adapter/session.js";
import { untilAbort } from "../../source/abortable.js";
import { makeQueue } from "./queue.js";

/** Sessions of one warehouse, shared by all its pipelines: an operation has one to itself, since a transaction belongs to a session. */
export interface Pool {
  /** First come, first served. */
  take(o: IoOptions): Promise<Session<Native>>;
  /** `broken`: closed instead of kept. */
  give(session: Session<Native>, broken: boolean): Promise<void>;
  /**
   * A session beyond the others, for heartbeats one after the other: they must not wait for those who wait for them. One that
   * does not answer is given up, with the session, when its signal fires.
   */
  beat(o: IoOptions, body: (session: Session<Native>) => Promise<void>): Promise<void>;
  /** One more pipeline uses the pool. Resolves the function that ends that use; the last one closes what is idle. */
  join(): () => Promise<void>;
}
/** How many sessions one warehouse has open at most, where its options say nothing. */
const MAX_SESSIONS = 8;
const maxSessions = (adapter: Adapter): number =>
  adapter.capabilities.concurrentSessions ? (adapter.maxSessions ?? MAX_SESSIONS) : 1;
const pools = new WeakMap<Adapter, Pool>();

export function poolOf(adapter: Adapter): Pool {
  const known = pools.get(adapter);
  if (known !== undefined) return known;
  const made = makePool(adapter);
  pools.set(adapter, made);
  return made;
}

function makePool(adapter: Adapter): Pool {
  const max = maxSessions(adapter);
  const idle: Session<Native>[] = [];
  // A session, or null: one may be opened, and is counted already. While somebody waits, none is idle and none can be opened.
  const waiting = makeQueue<Session<Native> | null>();
  let open = 0;
  let users = 0;
  let heart: Session<Native> | null = null;
  let beats: Promise<void> = Promise.resolve();
  const freed = (): void => {
    if (!waiting.next(null)) open -= 1;
  };
  const shut = async (session: Session<Native>): Promise<void> => {
    try {
      await session.close();
    } finally {
      freed();
    }
  };
  const closeHeart = async (): Promise<void> => {
    const closing = heart;
    heart = null;
    await closing?.close();
  };
  const closeIdle = async (): Promise<void> => {
    await Promise.all([...idle.splice(0).map(shut), beats.then(closeHeart, closeHeart)]);
  };
  const back = (session: Session<Native>): Promise<void> | undefined => {
    if (users === 0) return shut(session);
    if (!waiting.next(session)) idle.push(session);
    return undefined;
  };
  const turn = async (signal: AbortSignal): Promise<Session<Native> | null> => {
    signal.throwIfAborted();
    const ready = idle.pop();
    if (ready !== undefined) return ready;
    if (open === max) return inTurn(signal);
    open += 1;
    return null;
  };
  const inTurn = async (signal: AbortSignal): Promise<Session<Native> | null> => {
    const mine = await waiting.wait(signal);
    if (!signal.aborted) return mine;
    // Its turn and the abort came at once: the turn is the next one's.
    if (mine === null) freed();
    else await back(mine);
    throw signal.reason;
  };
  const beatOnce = async (o: IoOptions, body: (session: Session<Native>) => Promise<void>): Promise<void> => {
    o.signal.throwIfAborted();
    if (heart === null) {
      const opening = adapter.open(o);
      try {
        heart = await untilAbort(o.signal, () => opening);
      } catch (e) {
        opening.then((late) => late.close()).catch(() => undefined);
        throw e;
      }
    }
    const session = heart;
    try {
      await untilAbort(o.signal, () => body(session));
    } catch (e) {
      const closing = closeHeart().catch(() => undefined);
      // One that does not answer may not close either.
      if (!o.signal.aborted) await closing;
      throw e;
    }
  };
  return {
    async take(o) {
      const ready = await turn(o.signal);
      if (ready !== null) return ready;
      try {
        return await adapter.open(o);
      } catch (e) {
        freed();
        throw e;
      }
    },
    async give(session, broken) {
      await (broken ? shut(session) : back(session));
    },
    beat(o, body) {
      const next = beats.then(() => beatOnce(o, body));
      beats = next.catch(() => undefined);
      return untilAbort(o.signal, () => next);
    },
    join() {
      users += 1;
      let joined = true;
      return async () => {
        if (!joined) return;
        joined = false;
        users -= 1;
        if (users === 0) await closeIdle();
      };
    },
  };
}
