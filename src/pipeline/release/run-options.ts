import * as z from "zod";
import { configError } from "../config.js";
import { extentShape, type LoadOptions } from "../load/window.js";
import type { Strategy } from "../words.js";

/** How `run` publishes, and what it loads. */
export interface RunOptions extends LoadOptions {
  /** A key already published returns the report of its release and loads nothing. Once that is rolled back, it runs again. Not empty. */
  readonly idempotencyKey?: string;
  /** Default `in-place`; `swap` loads into a clone that then changes places with live. */
  readonly strategy?: Strategy;
  /** Free text, kept in the journal and shown by `history()`. */
  readonly note?: string;
}

const runOptions = z.object({
  idempotencyKey: z.string().min(1).optional(),
  strategy: z.enum(["in-place", "swap"]).optional(),
  note: z.string().optional(),
  ...extentShape,
});

/** @throws CutoverError `CONFIG` with every mistake, by path. */
export function checkRunOptions(o: RunOptions): void {
  const { error } = runOptions.safeParse(o);
  if (error !== undefined) throw configError(error.issues.map((i) => ({ path: i.path.join("."), message: i.message })));
}

/** Text that goes to the journal: anything else could not be read again. */
export function checkReason(reason: unknown): void {
  if (typeof reason !== "string") throw configError([{ path: "reason", message: "expected text" }]);
}
