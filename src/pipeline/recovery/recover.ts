import type { Context } from "../context.js";
import { leased } from "../lease/lease.js";
import type { RecoveryReport } from "../look/reports.js";
import type { CallOptions } from "../session/work.js";
import { settleLeftovers } from "./leftovers.js";

/** `recover()`: the same at any time, looking for orphans too. */
export function recover(ctx: Context, o?: CallOptions): Promise<RecoveryReport> {
  return leased(ctx, "recover", o, 0, async (w, held) => {
    const { settled, dropped } = await settleLeftovers(w, held, true);
    return { settled, dropped };
  });
}
