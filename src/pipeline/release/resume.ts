import { CutoverError } from "../../errors/index.js";
import { type Candidate, makeCandidateHandle } from "../candidate/candidate.js";
import { configError } from "../config.js";
import { type Context, thisProcess } from "../context.js";
import { leased } from "../lease/lease.js";
import type { CallOptions } from "../session/work.js";
import { progressOf, stagedOf } from "./progress.js";
import { makeRelease, type Release } from "./release.js";
import { requireOpen } from "./steps.js";

type InPlace = Release & { readonly strategy: "in-place" };

/** A handle on a release that is open, whoever opened it: what it has come to is in the journal. */
export function resume(ctx: Context, release: number, o?: CallOptions): Promise<InPlace | Candidate> {
  if (!Number.isSafeInteger(release) || release < 1)
    throw configError([{ path: "release", message: "expected the number of a release, 1 or more" }]);
  return leased(ctx, "load", o, 0, async (w, held) => {
    const open = await requireOpen(w, held, release);
    if (open.heldUntil === undefined && open.process !== thisProcess) {
      const { pipeline } = ctx.settings;
      const message = `release ${release} of ${pipeline} was opened by another process (${open.process}), which may still work on it; have it call hold({ for }) on the release first`;
      throw new CutoverError("NOT_HELD", message, { process: open.process, pipeline, release });
    }
    const s = { id: release, state: open.state };
    if (open.strategy === "swap") return makeCandidateHandle(ctx, s, progressOf(w, held.state, open).tables);
    // Read once, so that what cannot be gone on with is told now.
    stagedOf(w, held.state, open);
    return makeRelease(ctx, s);
  });
}
