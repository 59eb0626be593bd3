import type { Adapter } from "../../adapter/define.js";
import { makeQueue, type Queue } from "../session/queue.js";

/** Those of this process who wait for one lease: only the first of them asks the warehouse for it. */
type Line = Queue<undefined>;

const lines = new WeakMap<Adapter, Map<string, Line>>();

/**
 * Waits to be the first in a line. Resolves the function that leaves it, to be called once.
 * @throws The reason of the signal, if it fires before.
 */
export async function standInLine(adapter: Adapter, name: string, signal: AbortSignal): Promise<() => void> {
  const all = lines.get(adapter) ?? new Map<string, Line>();
  lines.set(adapter, all);
  const leave = (): void => {
    if (all.get(name)?.next(undefined) === false) all.delete(name);
  };
  const line = all.get(name);
  if (line === undefined) {
    signal.throwIfAborted();
    all.set(name, makeQueue());
    return leave;
  }
  await line.wait(signal);
  if (!signal.aborted) return leave;
  leave();
  throw signal.reason;
}
