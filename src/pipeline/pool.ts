import type { Adapter } from "../adapter/define.js";
import type { Native } from "../adapter/operations.js";
import type { IoOptions, Session } from "../adapter/session.js";
import { untilAbort } from "../source/abortable.js";

/** Sessions of one warehouse, shared by all its pipelines: an operation has one to itself, since a transaction belongs to a session. */
export interface Pool {
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
const maxSessions = (adapter: Adapter): number => (adapter.capabilities.concurrentSessions ? 8 : 1);
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
  const waiting: (() => void)[] = [];
  let open = 0;
  let users = 0;
  let heart: Session<Native> | null = null;
  let beats: Promise<void> = Promise.resolve();
  const wake = (): void => waiting.shift()?.();
  const freed = (): void => {
    open -= 1;
    wake();
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
  /** An idle session, or null: one may be opened, and is counted already. */
  const turn = async (signal: AbortSignal): Promise<Session<Native> | null> => {
    for (;;) {
      if (signal.aborted) {
        // Whoever was woken just before hands it on.
        wake();
        throw signal.reason;
      }
      const ready = idle.pop();
      if (ready !== undefined) return ready;
      if (open < max) {
        open += 1;
        return null;
      }
      await new Promise<void>((resolve) => {
        const go = (): void => {
          signal.removeEventListener("abort", abort);
          resolve();
        };
        const abort = (): void => {
          waiting.splice(waiting.indexOf(go), 1);
          resolve();
        };
        signal.addEventListener("abort", abort, { once: true });
        waiting.push(go);
      });
    }
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
      if (broken || users === 0) return shut(session);
      idle.push(session);
      wake();
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
