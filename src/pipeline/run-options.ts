import type { Strategy } from "./words.js";
import type { CallOptions } from "./work.js";

/** How `run` publishes. */
export interface RunOptions extends CallOptions {
  /** A key already published returns the report of its release and loads nothing. Once that is rolled back, it runs again. */
  readonly idempotencyKey?: string;
  /** Default `in-place`; `swap` loads into a clone that then changes places with live. */
  readonly strategy?: Strategy;
  /** Free text, kept in the journal and shown by `history()`. */
  readonly note?: string;
}
