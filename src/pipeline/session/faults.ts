import type { Adapter } from "../../adapter/define.js";
import type { FaultKind } from "../../adapter/session.js";
import { CutoverError, isCutoverError, type Where } from "../../errors/index.js";
import type { Stage } from "../words.js";

const advice: { readonly [K in FaultKind]: string } = {
  transient: "The failure is temporary: run again.",
  conflict: "Another transaction wrote the same rows: run again.",
  denied: "Grant the privilege, or open the file for writing.",
  "missing-object": "Check the name, and that it exists in this warehouse.",
  syntax: "Check the SQL that you gave; if it is the library's own, please report it.",
  "bad-data": "A value does not fit its column: mend the source.",
  "bad-file": "Check that the file exists and is whole.",
  "driver-missing": "Install the driver.",
  locked: "Close the other process, or wait for it (`lease.wait`).",
  cancelled: "Run again when you want it.",
  resources: "Free disk or memory, or raise the engine's limits; nothing was changed.",
  corrupt: "Restore the database from a backup.",
  unsupported: "Use another way.",
  other: "Look at the cause.",
};

/** Failures whose native text quotes no values; all others may, also where an adapter takes one kind for another. */
const discreet: ReadonlySet<FaultKind> = new Set([
  "denied",
  "missing-object",
  "driver-missing",
  "locked",
  "resources",
  "corrupt",
]);

export interface FaultContext {
  readonly stage: Stage;
  readonly signal: AbortSignal;
  /** While rows are being read: what does not fit is the source's fault. */
  readonly source?: boolean;
  /** A block was to be committed: an answer that was lost is no cancellation then, since it may be out. */
  readonly commits?: boolean;
  readonly where: Where;
  /** A table of the pipeline redacts columns: native errors may quote values, so their text is withheld. */
  readonly secret?: boolean;
}

/** Any error, as a {@link CutoverError}: native ones are classified by the adapter, its hint becomes the advice. */
export function explain(adapter: Adapter, e: unknown, c: FaultContext): CutoverError {
  if (isCutoverError(e)) return e;
  const fault = adapter.classify(e);
  if (c.signal.aborted && !(c.commits === true && e !== c.signal.reason && fault.outcome === "unknown")) {
    if (isCutoverError(c.signal.reason)) return c.signal.reason;
    return new CutoverError(
      "CANCELLED",
      `cancelled during ${c.stage}; nothing was published`,
      { stage: c.stage, ...c.where },
      { cause: e },
    );
  }
  const told = !c.secret || discreet.has(fault.kind);
  const native = told
    ? e instanceof Error
      ? e.message
      : String(e)
    : `${fault.kind} (the engine's text is withheld: it may quote redacted columns)`;
  const cause = told ? { cause: e } : {};
  const said = `${native}${/[.!?]$/.test(native) ? "" : "."} ${(told ? fault.hint : undefined) ?? advice[fault.kind]}`;
  switch (fault.kind) {
    case "driver-missing": {
      const install = fault.detail ?? "npm install the driver";
      return new CutoverError(
        "DRIVER_MISSING",
        `the driver of ${adapter.name} is not installed: ${install}`,
        { install, ...c.where },
        cause,
      );
    }
    case "locked":
      return new CutoverError(
        "LEASE_HELD",
        said,
        { owner: fault.detail ?? "another process", expires: "when that process closes it", ...c.where },
        cause,
      );
    case "bad-data":
    case "bad-file":
    case "missing-object":
    case "syntax":
    case "other":
      if (!c.source) break;
      return new CutoverError("BAD_SOURCE", `${c.where.table ?? "the source"}: ${said}`, { reason: native, ...c.where }, cause);
    case "unsupported":
      return new CutoverError(
        "UNSUPPORTED",
        said,
        { capability: native, alternative: fault.hint ?? advice.unsupported, ...c.where },
        cause,
      );
    default:
      break;
  }
  const retryable = fault.kind === "transient" || fault.kind === "conflict";
  const context = {
    adapter: adapter.name,
    kind: fault.kind,
    outcome: fault.outcome,
    ...(fault.native === undefined || !told ? {} : { native: fault.native }),
    ...c.where,
  };
  return new CutoverError("ADAPTER", said, context, { ...cause, retryable });
}
