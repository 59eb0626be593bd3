import type { ConformanceCase } from "cutover/conformance";
import { duckdb } from "cutover/duckdb";
import { describe, it } from "vitest";
import { cases } from "./harness.js";
import { long, seed } from "./long.js";

/** One thread: the statements are tiny, and a second one only waits for them. */
const open = async () => ({ warehouse: duckdb({ config: { threads: "1" } }), dispose: async () => undefined });

/** Two files of about the same length, since files run side by side. */
export const isInPlace = (name: string): boolean => /a first load|run in place|a release in steps/.test(name);

/** Hands the cases of some operations to vitest; how many points they walked is printed. */
export function walk(part: (c: ConformanceCase) => boolean): void {
  describe("faults", () => {
    for (const c of cases({
      open,
      groups: ["faults"],
      note: (c, text) => console.log(`${c.name}: ${text}`),
      faults: { pairs: long ? "all" : 12, inside: long ? "all" : "one", seed },
    }).filter(part))
      it(c.name, c.run, c.timeoutMs);
  });
}
