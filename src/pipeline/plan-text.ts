import type { PlannedText } from "../plan/compile.js";
import type { PlanText } from "./reports.js";

/** A plan as users see it: blocks of statements, and all of it as text. */
export function asPlanText(blocks: readonly PlannedText[]): PlanText {
  const show = (b: PlannedText): string =>
    `-- ${b.name}${b.atomic ? " (one transaction)" : ""}\n${b.statements.map((s) => `${s};`).join("\n")}`;
  return { blocks, toString: () => blocks.map(show).join("\n\n") };
}
