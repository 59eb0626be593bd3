import type { Table } from "./catalog.js";
import { nameText } from "./catalog.js";
import { stopped } from "./errors-run.js";
import { SimError } from "./types.js";

/**
 * Turns of UPDATE, DELETE, MERGE and TRUNCATE on a table. Outside transactions two run at the same time, of which one would be run again
 * where both change the same, and 20 wait (docs "DML statements in GoogleSQL", UPDATE, DELETE, MERGE DML concurrency): here one runs, and
 * the others wait. A transaction keeps the turn until it ends, and never waits for it (docs "Transactions", Transaction concurrency).
 */
export interface Lock {
  holder: object | null;
  readonly queue: { readonly holder: object; readonly grant: () => void }[];
}

export type Locks = WeakMap<Table, Lock>;

function lockOf(locks: Locks, table: Table): Lock {
  const known = locks.get(table) ?? { holder: null, queue: [] };
  locks.set(table, known);
  return known;
}

/** Takes the turn if it is free or already had. */
export function tryTake(locks: Locks, table: Table, holder: object): boolean {
  const lock = lockOf(locks, table);
  if (lock.holder !== null && lock.holder !== holder) return false;
  lock.holder = holder;
  return true;
}

/** Waits for the turn. @throws SimError where too many wait already. */
export async function take(
  locks: Locks,
  table: Table,
  holder: object,
  o: { concurrent: number; queue: number; signal: AbortSignal },
): Promise<void> {
  if (tryTake(locks, table, holder)) return;
  const lock = lockOf(locks, table);
  if (lock.queue.length >= o.concurrent - 1 + o.queue)
    throw new SimError(
      "resourcesExceeded",
      400,
      `Resources exceeded during query execution: Too many DML statements outstanding against table ${nameText(table.name)}, limit is ${o.queue}.`,
    );
  await new Promise<void>((resolve, reject) => {
    const done = (settle: () => void) => {
      o.signal.removeEventListener("abort", abort);
      const at = lock.queue.indexOf(waiter);
      if (at >= 0) lock.queue.splice(at, 1);
      settle();
    };
    const abort = () => done(() => reject(stopped()));
    const waiter = { holder, grant: () => done(resolve) };
    o.signal.addEventListener("abort", abort);
    lock.queue.push(waiter);
    if (o.signal.aborted) abort();
  });
}

export function release(locks: Locks, table: Table, holder: object): void {
  const lock = locks.get(table);
  if (lock?.holder !== holder) return;
  const first = lock.queue[0];
  lock.holder = first?.holder ?? null;
  first?.grant();
}
