import { endedWords, type Fault, type FaultKind, misfitWords } from "cutover/adapter";

/** An error that already knows how it is to be explained. Of the client's errors it keeps what cannot hold a secret. */
export class BigQueryFault extends Error {
  override readonly name = "BigQueryFault";
  readonly fault: Fault;
  /** The service's own reason (`notFound`), where it gave one. */
  readonly reason: string | null;
  /** The HTTP status of the answer, where there was one. */
  readonly status: number | null;
  /** How long the service asks to be left alone. */
  readonly retryAfterMs: number | null;

  constructor(message: string, fault: Fault, o: FaultDetails = {}) {
    super(message, o.cause === undefined ? undefined : { cause: o.cause });
    this.fault = fault;
    this.reason = o.reason ?? null;
    this.status = o.status ?? null;
    this.retryAfterMs = o.retryAfterMs ?? null;
  }
}

interface FaultDetails {
  readonly cause?: unknown;
  readonly reason?: string | null;
  readonly status?: number | null;
  readonly retryAfterMs?: number | null;
}

export const fault = (kind: FaultKind, message: string, hint: string, cause?: unknown): BigQueryFault =>
  new BigQueryFault(message, { kind, outcome: "not-applied", hint }, { cause });

/** The error of a call that its signal or its time limit ended. `settled`: the service said that nothing came of it. */
export function cancelled(reason: "signal" | "time", settled: boolean): BigQueryFault {
  const [message, nothing] = endedWords(reason);
  const hint = settled ? nothing : "The service did not say whether the job was stopped; it may have taken effect.";
  return new BigQueryFault(message, { kind: "cancelled", outcome: settled ? "not-applied" : "unknown", hint });
}

/** A value that is not what its type says, or does not fit it. */
export const misfit = (value: unknown, type: string, column?: string): BigQueryFault =>
  fault("bad-data", ...misfitWords(value, type, column));

/** The same failure, of which nobody knows whether it took effect. */
export const unknown = (e: BigQueryFault): BigQueryFault => new BigQueryFault(e.message, { ...e.fault, outcome: "unknown" }, e);
