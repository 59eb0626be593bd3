/** A promise and its end, as Promise.withResolvers of newer runtimes. */
export function later<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((r) => {
    resolve = r;
  });
  return { promise, resolve };
}

/** Waits, but not longer than until the signal. */
export async function orAbort<T>(waiting: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const stop = later<void>();
  const listen = (): void => stop.resolve();
  signal.addEventListener("abort", listen);
  try {
    return await Promise.race([waiting, stop.promise.then((): never => signal.throwIfAborted() as never)]);
  } finally {
    signal.removeEventListener("abort", listen);
  }
}

/** Milliseconds, and then until a promise resolves. */
export async function pause(o: { readonly delay?: number; readonly hold?: Promise<void> } | undefined): Promise<void> {
  const { delay, hold } = o ?? {};
  if (delay !== undefined) await new Promise((r) => setTimeout(r, delay));
  await hold;
}
