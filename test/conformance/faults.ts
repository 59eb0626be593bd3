import { describe, it } from "vitest";
import { long, seedOr } from "../support/long.js";
import { cases } from "./harness.js";

const seed = seedOr(Date.now() % 1_000_000);

/** Which operations are walked by which file, so that they run side by side; those that none of these names are the rest. */
const named = {
  "in place": /: (a first load|run in place|run with quarantine|append|replace|backfill|setWatermark)/,
  steps: /: a release (in steps|held)/,
  swaps: /: (clone|rebuild|run by swap|a candidate)/,
};
type Part = keyof typeof named | "rest";
export const parts: readonly Part[] = ["in place", "steps", "swaps", "rest"];
export const isIn = (part: Part, name: string): boolean =>
  part === "rest" ? !Object.values(named).some((p) => p.test(name)) : named[part].test(name);

/** Hands the cases of some operations to vitest; how many points they walked is printed. */
export function walk(part: Part): void {
  describe("faults", () => {
    for (const c of cases({
      groups: ["faults"],
      note: (c, text) => console.log(`${c.name}: ${text}`),
      faults: long ? { pairs: "all", inside: "all", seed } : { pairs: 1, inside: "one", every: 20, seed },
    }).filter((c) => isIn(part, c.name)))
      it(c.name, c.run, c.timeoutMs);
  });
}
