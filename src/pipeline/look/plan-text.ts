import { compileBlock, isBlock, type Plan, planText } from "../../plan/compile.js";
import type { Work } from "../session/work.js";
import type { PlanText } from "./reports.js";

/** Plans as users see them: blocks of statements, what each would read, and all of it as text. */
export async function asPlanText(w: Work, plans: readonly Plan[]): Promise<PlanText> {
  const { adapter, settings } = w.ctx;
  const blocks: PlanText["blocks"][number][] = [];
  for (const plan of plans) {
    const told = adapter.capabilities.estimates && isBlock(adapter, plan);
    const bytes = told ? await w.estimate(compileBlock(adapter, plan, "rollback", settings.ttlMs), 0) : null;
    blocks.push({ ...planText(adapter, plan), bytes });
  }
  const size = (b: number | null): string => (b === null ? "" : `, at most ${b} bytes read`);
  const show = (b: (typeof blocks)[number]): string =>
    `-- ${b.name}${b.atomic ? " (one transaction" : ""}${b.atomic ? `${size(b.bytes)})` : ""}\n${b.statements.map((s) => `${s};`).join("\n")}`;
  return { blocks, toString: () => blocks.map(show).join("\n\n") };
}
