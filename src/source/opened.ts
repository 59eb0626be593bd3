import type { Stream } from "./source.js";

/** A stream that was opened. Who reads it closes it; where nobody came to read it, `close` does. */
export interface Opened {
  readonly stream: Stream<object>;
  close(signal: AbortSignal): Promise<void>;
}

export function opened(from: Stream<object>): Opened {
  let begun = false;
  const begin = <I>(iterate: () => I): (() => I) => {
    return () => {
      begun = true;
      return iterate();
    };
  };
  const iterator = (): AsyncIterator<object> | Iterator<object> =>
    Symbol.asyncIterator in from ? from[Symbol.asyncIterator]() : from[Symbol.iterator]();
  const stop = (): unknown => {
    // A stream of Node that was not begun is not ended by its iterator.
    if ("destroy" in from && typeof from.destroy === "function") return from.destroy();
    return iterator().return?.();
  };
  return {
    stream:
      Symbol.asyncIterator in from
        ? { [Symbol.asyncIterator]: begin(() => from[Symbol.asyncIterator]()) }
        : { [Symbol.iterator]: begin(() => from[Symbol.iterator]()) },
    async close(signal) {
      if (begun) return;
      begun = true;
      // What went wrong before is what counts; and one that is given up on may never answer.
      const closing = (async () => stop())().catch(() => undefined);
      if (!signal.aborted) await closing;
    },
  };
}
