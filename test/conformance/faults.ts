import { duckdb } from "cutover/duckdb";
import { describe, it } from "vitest";
import { cases } from "./harness.js";
import { long, seed } from "./long.js";

/** One thread: the statements are tiny, and a second one only waits for them. */
const open = async () => ({ warehouse: duckdb({ config: { threads: "1" } }), dispose: async () => undefined });

/** Hands the cases of some operations to vitest; how many points they walked is printed. */
export function walk(part: RegExp): void {
  describe("faults", () => {
    for (const c of cases({
      open,
      groups: ["faults"],
      note: (c, text) => console.log(`${c.name}: ${text}`),
      faults: long ? { pairs: "all", inside: "all", seed } : { pairs: 6, inside: "one", every: { variants: 4 }, seed },
    }).filter((c) => part.test(c.name)))
      it(c.name, c.run, c.timeoutMs);
  });
}
