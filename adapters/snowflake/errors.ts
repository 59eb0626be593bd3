import { endedWords, type Fault, type FaultKind, misfitWords } from "cutover/adapter";

/** An error that already knows how it is to be explained. Of the driver's errors it keeps what cannot hold a secret. */
export class SnowflakeFault extends Error {
  override readonly name = "SnowflakeFault";
  readonly fault: Fault;
  /** The service's own code, where it gave one. */
  readonly code: string | null;

  constructor(message: string, fault: Fault, o: { readonly cause?: unknown; readonly code?: string | null } = {}) {
    super(message, o.cause === undefined ? undefined : { cause: o.cause });
    this.fault = fault;
    this.code = o.code ?? null;
  }
}

export const fault = (kind: FaultKind, message: string, hint: string, cause?: unknown): SnowflakeFault =>
  new SnowflakeFault(message, { kind, outcome: "not-applied", hint }, { cause });

/** The error of a call that its signal or its time limit ended. `settled`: the service said that it is over. */
export function cancelled(reason: "signal" | "time", settled: boolean): SnowflakeFault {
  const [message, nothing] = endedWords(reason);
  const hint = settled ? nothing : "The service did not say whether the statement was stopped; it may have taken effect.";
  return new SnowflakeFault(message, { kind: "cancelled", outcome: settled ? "not-applied" : "unknown", hint });
}

/** A value that is not what its type says, or does not fit it. */
export const misfit = (value: unknown, type: string, column?: string): SnowflakeFault =>
  fault("bad-data", ...misfitWords(value, type, column));
