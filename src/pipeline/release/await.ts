import * as z from "zod";
import { configError } from "../config.js";
import { type Duration, milliseconds } from "../duration.js";
import type { Held } from "../lease/held.js";

/** For how long a release is kept for somebody. */
export interface HoldOptions {
  /** Counted by the warehouse's clock: above 0, up to 365d. */
  readonly for: Duration;
}
const LONGEST_MS = 365 * 86_400_000;
const given = z.strictObject({
  for: z.custom<Duration>(
    (d) => {
      const ms = milliseconds(d);
      return ms !== null && ms >= 1 && ms <= LONGEST_MS;
    },
    { error: 'expected a duration above 0 and up to 365d, such as "2d"' },
  ),
});

/** @throws CutoverError `CONFIG`. */
export function checkHold(o: HoldOptions): void {
  const { error } = given.safeParse(o);
  if (error !== undefined) throw configError(error.issues.map((i) => ({ path: i.path.join(".") || "hold", message: i.message })));
}

/** Keeps an open release from others until then. No lease is kept. */
export async function holdRelease(held: Held, release: number, o: HoldOptions): Promise<void> {
  const until = new Date(Date.parse(held.now) + (milliseconds(o.for) ?? 0)).toISOString();
  await held.last("awaiting", release, { until });
}
