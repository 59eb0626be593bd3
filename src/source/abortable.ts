/**
 * Waits for promises of someone else's, but no longer than until the signal fires: a source, a feed or a check may never
 * settle. One listener serves all that are waited for, one after the other.
 */
export function abortable(signal: AbortSignal): { wait<T>(promise: PromiseLike<T> | T): Promise<T>; done(): void } {
  let reject: ((reason: unknown) => void) | null = null;
  const onAbort = (): void => reject?.(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  return {
    wait: (promise) =>
      new Promise((resolve, no) => {
        reject = no;
        Promise.resolve(promise).then(resolve, no);
        if (signal.aborted) no(signal.reason as Error);
      }),
    done: () => signal.removeEventListener("abort", onAbort),
  };
}

/** One promise, waited for so. */
export async function untilAbort<T>(signal: AbortSignal, body: () => PromiseLike<T> | T): Promise<T> {
  const a = abortable(signal);
  try {
    return await a.wait(body());
  } finally {
    a.done();
  }
}
