import type { Adapter } from "../adapter/define.js";
import type { Native } from "../adapter/operations.js";
import type { IoOptions, Session } from "../adapter/session.js";

/** Sessions of one warehouse, shared by all its pipelines: an operation has one to itself, since a transaction belongs to a session. */
export interface Pool {
  take(o: IoOptions): Promise<Session<Native>>;
  /** `broken`: closed instead of kept. */
  give(session: Session<Native>, broken: boolean): Promise<void>;
  /** A session beyond the others, for heartbeats one after the other: they must not wait for those who wait for them. */
  beat(o: IoOptions, body: (session: Session<Native>) => Promise<void>): Promise<void>;
  /** One more pipeline uses the pool. Resolves the function that ends that use; the last one closes what is idle. */
  join(): () => Promise<void>;
}
const MAX_SESSIONS = 8;
const pools = new WeakMap<Adapter, Pool>();

export function poolOf(adapter: Adapter): Pool {
  const known = pools.get(adapter);
  if (known !== undefined) return known;
  const made = makePool(adapter);
  pools.set(adapter, made);
  return made;
}

function makePool(adapter: Adapter): Pool {
  const idle: Session<Native>[] = [];
  const waiting: (() => void)[] = [];
  let open = 0;
  let users = 0;
  let heart: Session<Native> | null = null;
  let beats: Promise<void> = Promise.resolve();
  const closeHeart = async (): Promise<void> => {
    const closing = heart;
    heart = null;
    await closing?.close();
  };
  const closeIdle = async (): Promise<void> => {
    const closing = idle.splice(0);
    open -= closing.length;
    await Promise.all([...closing.map((s) => s.close()), beats.then(closeHeart, closeHeart)]);
  };
  const turn = async (signal: AbortSignal): Promise<void> => {
    while (idle.length === 0 && open >= MAX_SESSIONS) {
      await new Promise<void>((resolve, reject) => {
        const abort = (): void => {
          waiting.splice(waiting.indexOf(go), 1);
          reject(signal.reason as Error);
        };
        const go = (): void => {
          signal.removeEventListener("abort", abort);
          resolve();
        };
        signal.addEventListener("abort", abort, { once: true });
        waiting.push(go);
      });
    }
  };
  return {
    async take(o) {
      await turn(o.signal);
      const ready = idle.pop();
      if (ready !== undefined) return ready;
      open += 1;
      try {
        return await adapter.open(o);
      } catch (e) {
        open -= 1;
        waiting.shift()?.();
        throw e;
      }
    },
    async give(session, broken) {
      if (broken || users === 0) {
        open -= 1;
        await session.close();
      } else idle.push(session);
      waiting.shift()?.();
    },
    beat(o, body) {
      const next = beats.then(async () => {
        heart ??= await adapter.open(o);
        try {
          await body(heart);
        } catch (e) {
          await closeHeart();
          throw e;
        }
      });
      beats = next.catch(() => undefined);
      return next;
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
