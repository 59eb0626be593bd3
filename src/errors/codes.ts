import type { CheckResult } from "../check/result.js";
import type { Tally } from "../ledger/state.js";
import type { ReleaseState, Stage } from "../pipeline/words.js";

/** What each error code carries. Codes never change their meaning; new ones may be added in a minor version. */
export interface ErrorFacts {
  CONFIG: { readonly issues: readonly { readonly path: string; readonly message: string }[] };
  UNSUPPORTED: { readonly capability: string; readonly alternative: string };
  LEASE_HELD: { readonly owner: string; readonly expires: string };
  LEASE_LOST: { readonly fence: number };
  CLAIMED: { readonly by: string };
  NOT_FOUND: { readonly what: "table" | "release" | "column" | "file" | "sandbox"; readonly name: string };
  NOT_ADOPTED: { readonly rows: number };
  NOT_OPEN: { readonly state: ReleaseState; readonly reason?: string };
  NOT_HELD: { readonly process: string };
  BAD_ROW: { readonly row: number | null; readonly column?: string; readonly reason: string };
  BAD_SOURCE: { readonly reason: string };
  GAP: { readonly watermark: string | null; readonly from: string };
  HELD: { readonly reason: string };
  PENDING: { readonly releases: readonly number[] };
  DRIFTED: { readonly expected: Tally; readonly found: Tally };
  STALE_CANDIDATE: { readonly clonedFrom: number; readonly live: number };
  STALE_APPROVAL: { readonly expected: string; readonly found: string };
  CHECKS_FAILED: { readonly checks: readonly CheckResult[] };
  BUDGET: { readonly bytes: number; readonly maxBytes: number };
  PUBLISH_FAILED: { readonly state: "before" | "unknown" };
  ROLLBACK_FAILED: { readonly first: unknown };
  RETENTION_PASSED: { readonly oldest: number };
  NOTHING_TO_REDO: { readonly live: number };
  CANCELLED: { readonly stage: Stage };
  SOURCE: { readonly reason: string };
  CLOSED: Record<never, never>;
  DRIVER_MISSING: { readonly install: string };
  ADAPTER: {
    readonly adapter: string;
    readonly kind: string;
    readonly outcome: "not-applied" | "unknown";
    readonly native?: string;
  };
}
/** The stable name of a failure: compare it, never the message. */
export type ErrorCode = keyof ErrorFacts;

/** One row of the table in `docs/errors.md`, which is generated from here. */
export interface CodeNote {
  readonly when: string;
  readonly remedy: string;
  readonly retryable: boolean;
}

/** When each code occurs, what to do, and whether the same call may succeed later (for `ADAPTER` the error itself says it). */
export const errorCodes: { readonly [C in ErrorCode]: CodeNote } = {
  CONFIG: {
    when: "The configuration or an argument is wrong; every mistake is listed by its path.",
    remedy: "Mend the paths that `context.issues` names.",
    retryable: false,
  },
  UNSUPPORTED: {
    when: "The engine, or the table as it is, cannot do what was asked.",
    remedy: "Use what `context.alternative` names.",
    retryable: false,
  },
  LEASE_HELD: {
    when: "Another operation works on this pipeline, or another process has the file open.",
    remedy: "Wait (`lease.wait`), or try again after `context.expires`.",
    retryable: true,
  },
  LEASE_LOST: {
    when: "This owner stalled past its lease and another took over; nothing of this operation was published.",
    remedy: "Run again; raise `lease.ttl` if the work really takes that long.",
    retryable: true,
  },
  CLAIMED: {
    when: "The table belongs to another pipeline.",
    remedy: "Publish it from that pipeline, or take it out of one of the two.",
    retryable: false,
  },
  NOT_FOUND: {
    when: "A table, release, column, file or sandbox does not exist.",
    remedy: "Check the name in `context`.",
    retryable: false,
  },
  NOT_ADOPTED: {
    when: "The live table already holds rows that no release accounts for.",
    remedy: "Call `adopt()` once to take a baseline.",
    retryable: false,
  },
  NOT_OPEN: {
    when: "The release is settled, or is not in a state that allows this step.",
    remedy: "Open a new release.",
    retryable: false,
  },
  NOT_HELD: {
    when: "The release was opened by another process, which may still work on it.",
    remedy: "Call `hold({ for })` on it there, then `resume` it.",
    retryable: false,
  },
  BAD_ROW: {
    when: "A source row does not fit the table: type, NULL key, unknown column, one key twice with different content, or outside of the window or the partitions that are loaded.",
    remedy: "Mend the source, or the table's columns; nothing was changed.",
    retryable: false,
  },
  BAD_SOURCE: {
    when: "A file or query cannot be read as declared: missing, empty, truncated, other columns, or values that do not fit. Or no rows came to replace a table.",
    remedy: "Mend the source that the message names; nothing was changed.",
    retryable: false,
  },
  GAP: {
    when: "The rows were read from a watermark that the table no longer has, or a window begins beyond it: those in between would never be read.",
    remedy:
      "Reject the release and load again, from the watermark as it is now; or begin the window there, or allow the gap (`window.allowGap`).",
    retryable: false,
  },
  HELD: {
    when: "The pipeline is on hold, usually since a rollback.",
    remedy: "`redo()` or `unhold()` lifts the hold.",
    retryable: false,
  },
  PENDING: {
    when: "A release was rolled back whose source cannot rewind: the next release would lose its rows.",
    remedy: "`redo()` publishes them again; `discard()` gives them up.",
    retryable: false,
  },
  DRIFTED: {
    when: "The table no longer holds the rows that the ledger recorded: someone else wrote there.",
    remedy: "Look at the table with `audit()`; `adopt()` takes what is there as the new baseline.",
    retryable: false,
  },
  STALE_CANDIDATE: {
    when: "Live moved on after the candidate was cloned, or its watermark was set, or its rebase was interrupted.",
    remedy: "`rebase()` the candidate; or reject it and clone again.",
    retryable: false,
  },
  STALE_APPROVAL: {
    when: "What would be published is not what `expect` names; nothing was changed.",
    remedy: "`validate()` again, and have that digest approved.",
    retryable: false,
  },
  CHECKS_FAILED: {
    when: "A check with severity `error` failed; live and watermark are as they were.",
    remedy: "Look at observed, bound and samples in `context.checks`.",
    retryable: false,
  },
  BUDGET: {
    when: "A block would read more bytes than `maxBytes` allows; nothing was spent or changed.",
    remedy: "Load fewer partitions at a time, or raise `maxBytes`.",
    retryable: false,
  },
  PUBLISH_FAILED: {
    when: "A publish, adopt, rollback or redo failed. `before`: nothing was changed. `unknown`: the answer was lost and could not be settled.",
    remedy: "`before`: run again. `unknown`: call `recover()` when the warehouse answers again.",
    retryable: true,
  },
  ROLLBACK_FAILED: {
    when: "The answer to a rollback or redo was lost, and could not be settled either; both errors are kept (`context.first`, `cause`).",
    remedy: "Call `recover()` when the warehouse answers again; `status()` tells which release is live.",
    retryable: false,
  },
  RETENTION_PASSED: {
    when: "What is needed to go back to that release is no longer kept.",
    remedy: "Choose `context.oldest` or a later release; raise `keep` for the future.",
    retryable: false,
  },
  NOTHING_TO_REDO: {
    when: "No release was just rolled back, or what it would take to publish it again is not kept (a first load).",
    remedy: "`unhold()`, then run again.",
    retryable: false,
  },
  CANCELLED: {
    when: "The call's `AbortSignal` fired; nothing was published.",
    remedy: "Run again when you want it.",
    retryable: true,
  },
  SOURCE: {
    when: "The source itself threw while it was read; its error is the `cause`.",
    remedy: "Mend the source; nothing was changed.",
    retryable: true,
  },
  CLOSED: {
    when: "The pipeline was closed before or during the call.",
    remedy: "Create a new pipeline.",
    retryable: false,
  },
  DRIVER_MISSING: {
    when: "The adapter's driver is an optional peer dependency and is not installed.",
    remedy: "Run the command in `context.install`.",
    retryable: false,
  },
  ADAPTER: {
    when: "The warehouse refused or failed; `context.kind` classifies it and the driver's error is the `cause`.",
    remedy: "Do what the message says for this kind of failure.",
    retryable: false,
  },
};
