import type { Context } from "./context.js";
import { leased } from "./lease.js";
import { settleLeftovers } from "./leftovers.js";
import type { RecoveryReport } from "./reports.js";
import type { CallOptions } from "./work.js";

/** `recover()`: the same at any time, looking for orphans too. */
export function recover(ctx: Context, o?: CallOptions): Promise<RecoveryReport> {
  return leased(ctx, "recover", o, 0, async (w, held) => {
    const { settled, dropped } = await settleLeftovers(w, held, true);
    return { settled, dropped };
  });
}
