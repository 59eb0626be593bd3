import type { PlannedStep } from "../../plan/compile.js";
import { fence } from "../../plan/release.js";
import { lostLease, type Work } from "../session/work.js";
import type { Held } from "./held.js";

/**
 * Steps that destroy: one transaction under the fence, so that an owner who woke up too late removes nothing that another
 * has come to need. Where DDL is not transactional, statement by statement.
 */
export async function fencedSteps(w: Work, held: Held, name: string, steps: readonly PlannedStep[]): Promise<void> {
  if (steps.length === 0) return;
  if (!w.ctx.adapter.capabilities.transactionalDdl) {
    for (const s of steps) await w.run(s.step);
    return;
  }
  const plan = { name, atomic: true, steps: [fence({ lease: w.names.lease, fence: held.fence }), ...steps] };
  const result = await held.during((limit) => w.block(plan, "commit", limit));
  if (result.outcome === "refused") throw lostLease(w, held.fence);
}
