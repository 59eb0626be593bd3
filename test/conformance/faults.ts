import { describe, it } from "vitest";
import { long, seedOr } from "../support/long.js";
import { cases } from "./harness.js";

const seed = seedOr(Date.now() % 1_000_000);

/** Hands the cases of some operations to vitest; how many points they walked is printed. */
export function walk(part: RegExp): void {
  describe("faults", () => {
    for (const c of cases({
      groups: ["faults"],
      note: (c, text) => console.log(`${c.name}: ${text}`),
      faults: long ? { pairs: "all", inside: "all", seed } : { pairs: 1, inside: "one", every: 20, seed },
    }).filter((c) => part.test(c.name)))
      it(c.name, c.run, c.timeoutMs);
  });
}
