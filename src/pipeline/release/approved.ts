import { CutoverError } from "../../errors/index.js";
import { configError } from "../config.js";
import type { Validation } from "../look/reports.js";
import type { CallOptions, Work } from "../session/work.js";
import { checksFailed } from "./verdict.js";

/** How a release by steps is published. */
export interface ExpectOptions extends CallOptions {
  /**
   * The `digest` of the validation that was approved. The release is rehearsed once more, under the same lease, and published
   * only if it would come out the same: else `STALE_APPROVAL`, and nothing is changed.
   */
  readonly expect?: string;
}

/** @throws CutoverError `CONFIG`. */
export function checkExpect(o: ExpectOptions | undefined): void {
  const expect: unknown = o?.expect;
  if (expect === undefined || (typeof expect === "string" && expect !== "")) return;
  const message = "expected the digest of a validation; one that failed, or of a release with nothing in it, has none";
  throw configError([{ path: "expect", message }]);
}

/** @throws CutoverError `STALE_APPROVAL`: it is not what was approved. `CHECKS_FAILED`. */
export async function requireApproved(
  w: Work,
  release: number,
  expect: string | undefined,
  rehearse: () => Promise<Validation>,
): Promise<void> {
  if (expect === undefined) return;
  const { ok, digest, checks } = await w.stage("validate", rehearse);
  const { pipeline } = w.ctx.settings;
  if (!ok) throw checksFailed(checks, { pipeline, release });
  if (digest === expect) return;
  const message = `release ${release} of ${pipeline} is not what was approved: its validation is ${digest === "" ? "empty" : digest} now, expected ${expect}; validate() it, and have that approved`;
  throw new CutoverError("STALE_APPROVAL", message, { expected: expect, found: digest, pipeline, release });
}
