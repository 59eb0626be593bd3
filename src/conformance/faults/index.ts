import { type CaseDefinition, reason } from "../case.js";
import type { FaultOptions, Harness } from "../kit.js";
import type { Planned } from "./faulty.js";
import { chosen, pairsOf } from "./pairs.js";
import { type Scenario, scenarios } from "./scenario.js";
import { control, everyFault, strike } from "./walk.js";

interface Walk extends Required<FaultOptions> {
  readonly open: Harness["open"];
}
type Hit = readonly [Planned, Planned | null];

/** Every operation, failed at every point in every way; and pairs of faults, the second while the first is being recovered from. */
export const faultCases = (w: Walk): readonly CaseDefinition[] =>
  scenarios.flatMap((s) => [
    walked(w, s, `${s.name}: at whatever point it fails, and however`, (all) => {
      const every = typeof w.every === "number" ? w.every : s.variant === true ? w.every.variants : 1;
      return all.filter((_, i) => i % every === w.seed % every).map((hit) => [hit, null] as const);
    }),
    walked(w, s, `${s.name}: fails again while it is recovered from`, (all, recovery) =>
      chosen(pairsOf(all, recovery), w.pairs, w.seed),
    ),
  ]);

function walked(
  w: Walk,
  s: Scenario,
  name: string,
  choose: (all: readonly Planned[], recovery: number) => readonly Hit[],
): CaseDefinition {
  return {
    name,
    invariant: 2,
    also: [1, 3, 4, 5, 6, 7],
    timeoutMs: 3_600_000,
    skip: (c) =>
      reason({
        "the engine has no transactions": c.transaction === "none",
        "the engine makes no candidates": s.swaps === true && (c.clone === "none" || c.swap === "none"),
      }),
    async run(place, note) {
      const c = await control(w.open, s);
      const hits = choose(everyFault(c, place.adapter.capabilities, w.inside, w.seed), c.recovery.length);
      for (const [first, second] of hits) {
        try {
          await strike(w.open, s, c, first, second);
        } catch (e) {
          throw new Error(
            `${s.name}, ${told(first, c.points[first.at]?.label)}${second === null ? "" : `, then ${told(second)}`} (seed ${w.seed}): ${e instanceof Error ? e.message : String(e)}`,
            { cause: e },
          );
        }
      }
      note(
        `${c.points.length} points, ${hits.length} faults walked${hits.some(([, second]) => second !== null) ? `, seed ${w.seed}` : ""}`,
      );
    },
  };
}

const told = (p: Planned, label?: string): string => `${p.kind} at point ${p.at}${label === undefined ? "" : ` (${label})`}`;
