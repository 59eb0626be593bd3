import { type Client, send } from "./client.js";
import type { JobRef } from "./link.js";
import { patiently } from "./retry.js";

/** How long a job that was cancelled may take to say so. */
const GRACE_MS = 10_000;

/** Watches a job for the caller: an abort, or the end of its time, cancels it, and gives it a while to say what became of it. */
export interface Watch {
  why(): "signal" | "time" | null;
  /** Ends whatever still waits for the service. */
  readonly hard: AbortSignal;
  began(): void;
  over(): void;
}
export function watching(client: Client, ref: JobRef, until: number | null, signal: AbortSignal): Watch {
  const hard = new AbortController();
  let why: "signal" | "time" | null = null;
  let begun = false;
  let grace: NodeJS.Timeout | undefined;
  const cancel = (): void => {
    const uri = `/jobs/${encodeURIComponent(ref.jobId)}/cancel`;
    const request = { method: "POST", uri, project: ref.projectId, query: { location: ref.location } };
    patiently(hard.signal, () => send(client, request, { signal: hard.signal })).catch(() => undefined);
  };
  const stop = (reason: "signal" | "time"): void => {
    if (why !== null) return;
    why = reason;
    grace = setTimeout(() => hard.abort(), GRACE_MS);
    if (begun) cancel();
  };
  const onAbort = (): void => stop("signal");
  signal.addEventListener("abort", onAbort, { once: true });
  const limit =
    until === null ? undefined : setTimeout(() => stop("time"), Math.min(Math.max(until - Date.now(), 0), 2 ** 31 - 1));
  return {
    why: () => why,
    hard: hard.signal,
    began: () => {
      begun = true;
      if (why !== null) cancel();
    },
    over: () => {
      clearTimeout(limit);
      clearTimeout(grace);
      signal.removeEventListener("abort", onAbort);
    },
  };
}
