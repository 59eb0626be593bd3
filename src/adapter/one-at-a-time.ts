/**
 * Runs work in the order in which it was asked for, one after another: for a connection on which another statement would slip into
 * an open transaction. `open` is called before each, and throws where nothing more may run.
 */
export function oneAtATime(open: () => void): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return async (work) => {
    const before = last;
    let done = (): void => undefined;
    last = new Promise<void>((resolve) => {
      done = resolve;
    });
    await before;
    try {
      open();
      return await work();
    } finally {
      done();
    }
  };
}
