import type { Strategy } from "./words.js";
import type { CallOptions } from "./work.js";

export interface RunOptions extends CallOptions {
  /** A key already published returns the report of its release. */
  readonly idempotencyKey?: string;
  /** Default `in-place`; `swap` loads into a clone that then changes places with live. */
  readonly strategy?: Strategy;
  readonly note?: string;
}
