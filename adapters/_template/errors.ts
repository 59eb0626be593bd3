/**
 * What errors mean. An error of your own carries its explanation; the engine's are told by their codes, and only where it
 * has none by their texts.
 */
import type { Fault, FaultKind } from "cutover/adapter";

/** An error that already knows how it is to be explained. */
export class EngineFault extends Error {
  override readonly name = "EngineFault";
  readonly fault: Fault;

  constructor(kind: FaultKind, message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.fault = { kind, outcome: "not-applied", hint };
  }
}

/** What stands for a function that is not written yet: says what it must return. */
export function unwritten(what: string, returns: string): never {
  throw new EngineFault("unsupported", `${what} is not written yet`, `It returns ${returns}.`);
}

/**
 * Explains whatever `open`, a session or the driver threw; never throws itself. Codes come here: a lost race is `conflict`,
 * a missing table `missing-object`, a value that does not fit `bad-data`; `outcome: "unknown"` where the statement may have
 * taken effect, such as a connection that was lost around a commit.
 */
export function classify(e: unknown): Fault {
  if (e instanceof EngineFault) return e.fault;
  if (!(e instanceof Error)) return { kind: "other", outcome: "unknown" };
  const aborted = e.name === "AbortError" || e.name === "TimeoutError";
  return { kind: aborted ? "cancelled" : "other", outcome: aborted ? "not-applied" : "unknown", native: e.message };
}
