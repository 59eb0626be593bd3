import { errors } from "./errors.js";
import type { SimError } from "./types.js";

/**
 * Locks of tables: UPDATE, DELETE, MERGE, TRUNCATE and INSERT OVERWRITE wait for each other, INSERT and COPY wait for nobody. Sources: docs
 * "Transactions" (Resource locking, Lock wait timeout, Deadlocks); at most 20 waiters: dbt_artifacts #431, resultant.com.
 */
export interface Holder {
  readonly id: string;
  /** The statement that runs, or ran last, in this transaction. */
  statement: string;
  readonly locks: Set<Lock>;
  waitsFor: Lock | null;
}

interface Waiter {
  readonly holder: Holder;
  readonly grant: () => void;
}

export interface Lock {
  readonly table: string;
  holder: Holder | null;
  acquired: number;
  readonly queue: Waiter[];
}

const maxWaiters = 20;

export const newLock = (table: string): Lock => ({ table, holder: null, acquired: 0, queue: [] });

type Refusal = (holder: string, table: string, transaction: string, own: string) => SimError;

const refusal = (lock: Lock, holder: Holder, make: Refusal): SimError =>
  make(lock.holder?.statement ?? "", lock.table, lock.holder?.id ?? "", holder.statement);

/** Waits in turn. Seconds; 0 fails at once where the lock is taken. */
export async function acquire(
  lock: Lock,
  holder: Holder,
  o: { seconds: number; signal: AbortSignal; now: number },
): Promise<void> {
  if (lock.holder === holder) return;
  if (lock.holder === null) return take(lock, holder, o.now);
  if (deadlocked(lock, holder)) throw refusal(lock, holder, errors.deadlock);
  if (lock.queue.length >= maxWaiters) throw refusal(lock, holder, errors.waiters);
  if (o.seconds === 0) throw refusal(lock, holder, errors.lockTimeout);
  holder.waitsFor = lock;
  try {
    await new Promise<void>((resolve, reject) => {
      const done = (settle: () => void) => {
        clearTimeout(timer);
        o.signal.removeEventListener("abort", abort);
        const at = lock.queue.indexOf(waiter);
        if (at >= 0) lock.queue.splice(at, 1);
        settle();
      };
      const abort = () => done(() => reject(errors.canceled()));
      const waiter: Waiter = { holder, grant: () => done(resolve) };
      const timer = setTimeout(
        () => done(() => reject(refusal(lock, holder, errors.lockTimeout))),
        Math.min(o.seconds * 1000, 2 ** 31 - 1),
      );
      timer.unref();
      o.signal.addEventListener("abort", abort);
      lock.queue.push(waiter);
      if (o.signal.aborted) abort();
    });
  } finally {
    holder.waitsFor = null;
  }
}

function take(lock: Lock, holder: Holder, now: number): void {
  lock.holder = holder;
  lock.acquired = now;
  holder.locks.add(lock);
}

export function releaseAll(holder: Holder, now: number): void {
  for (const lock of holder.locks) {
    lock.holder = null;
    const first = lock.queue[0];
    if (first) {
      take(lock, first.holder, now);
      first.grant();
    }
  }
  holder.locks.clear();
}

/** Whether waiting for this lock would wait for oneself. */
function deadlocked(lock: Lock, holder: Holder): boolean {
  for (let at: Lock | null = lock; at?.holder; at = at.holder.waitsFor) if (at.holder === holder) return true;
  return false;
}
