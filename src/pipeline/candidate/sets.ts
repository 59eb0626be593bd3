import { CutoverError } from "../../errors/index.js";
import type { Context } from "../context.js";

/** Whether tables change places together, so that no reader sees some before and some after. */
const together = (ctx: Context): boolean => ctx.adapter.capabilities.swap === "set" || ctx.settings.mixedReads === "allow";

/** Whether several tables can be swapped by one release, as the pipeline is configured. */
export const swapsSets = (ctx: Context, tables: number): boolean => tables < 2 || together(ctx);

/**
 * Where tables change places one by one, readers see a mix for a moment: refused unless the configuration allows it.
 * @throws CutoverError `UNSUPPORTED`.
 */
export function refuseMix(ctx: Context, what: string, aliases: readonly string[], otherwise: string): void {
  if (swapsSets(ctx, aliases.length)) return;
  const { pipeline } = ctx.settings;
  const alternative = `mixedReads: "allow", ${otherwise}`;
  const message = `${what} of ${pipeline} would swap ${aliases.join(", ")}: ${ctx.adapter.name} swaps one table at a time, so readers may see some before and some after for a moment; use ${alternative}`;
  throw new CutoverError("UNSUPPORTED", message, { capability: "swap: set", alternative, pipeline });
}
