import type { CaseDefinition } from "../case.js";
import type { Harness } from "../kit.js";

interface Walk {
  readonly open: Harness["open"];
  readonly pairs: number | "all";
  readonly every: number;
  readonly seed: number;
}
/** Every operation, failed at every point in every way. */
export const faultCases = (_walk: Walk): readonly CaseDefinition[] => [];
