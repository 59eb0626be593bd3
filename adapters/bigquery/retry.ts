import { setTimeout as pause } from "node:timers/promises";
import pRetry from "p-retry";
import { BigQueryFault, cancelled } from "./errors.js";

/** A service that is down is given a few seconds; a rate limit is counted over ten (docs: metadata updates, 5 in 10 s for a table). */
const RETRIES = { down: 4, rate: 6 } as const;
const FIRST_MS = 200;
const LONGEST_MS = 8000;

const isRate = (e: BigQueryFault): boolean => e.status === 429 || /ateLimitExceeded$/.test(e.reason ?? "");

/** Repeats what may succeed next time, with jitter, and no sooner than the service asks for. `again`: whether it may be repeated. */
export async function patiently<T>(
  signal: AbortSignal,
  body: () => Promise<T>,
  again: (e: BigQueryFault) => boolean = () => true,
): Promise<T> {
  try {
    return await pRetry(body, {
      retries: RETRIES.rate,
      minTimeout: FIRST_MS,
      maxTimeout: LONGEST_MS,
      factor: 2,
      randomize: true,
      signal,
      shouldRetry: ({ error, attemptNumber }) =>
        error instanceof BigQueryFault &&
        error.fault.kind === "transient" &&
        again(error) &&
        attemptNumber <= (isRate(error) ? RETRIES.rate : RETRIES.down),
      onFailedAttempt: async ({ error, retriesLeft }) => {
        const asked = error instanceof BigQueryFault ? error.retryAfterMs : null;
        if (asked !== null && retriesLeft > 0) await pause(Math.min(asked, 60_000), undefined, { signal });
      },
    });
  } catch (e) {
    throw signal.aborted && !(e instanceof BigQueryFault) ? cancelled("signal", true) : e;
  }
}

/** How long to wait before the n-th repetition. */
export const backoff = (n: number): number => Math.min(FIRST_MS * 2 ** (n - 1), LONGEST_MS) * (1 + Math.random());
