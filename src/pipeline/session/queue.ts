/** Those who wait, first come, first served. */
export interface Queue<T> {
  readonly length: number;
  /**
   * Waits for a turn. A signal that fires while it waits takes nobody else's place away.
   * @throws The reason of the signal.
   */
  wait(signal: AbortSignal): Promise<T>;
  /** Hands `value` to whoever has waited longest. false: nobody waits. */
  next(value: T): boolean;
}

export function makeQueue<T>(): Queue<T> {
  const waiting = new Set<(value: T) => void>();
  return {
    get length() {
      return waiting.size;
    },
    wait: (signal) =>
      new Promise<T>((resolve, reject) => {
        signal.throwIfAborted();
        const turn = (value: T): void => {
          signal.removeEventListener("abort", leave);
          resolve(value);
        };
        const leave = (): void => {
          waiting.delete(turn);
          reject(signal.reason);
        };
        signal.addEventListener("abort", leave, { once: true });
        waiting.add(turn);
      }),
    next(value) {
      const [first] = waiting;
      if (first === undefined) return false;
      waiting.delete(first);
      first(value);
      return true;
    },
  };
}
