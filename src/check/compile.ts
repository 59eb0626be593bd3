import type { ScanItem } from "../adapter/steps.js";
import { digest } from "../ledger/names.js";
import type { Sql } from "../sql/sql.js";
import { type CheckDefinition, checkName } from "./checks.js";
import { type CheckTarget, observations, type Seen } from "./observe.js";
import type { PlannedCheck } from "./planned.js";

/** Checks that one query answers: one group over the whole table, one over the effective rows, one over the delta. */
export interface CheckGroup {
  readonly op: string;
  readonly on: Sql;
  readonly items: readonly { readonly item: ScanItem; readonly samples: number }[];
}
export interface CompiledChecks {
  readonly groups: readonly CheckGroup[];
  readonly planned: readonly PlannedCheck[];
  readonly js: readonly { readonly op: string; readonly definition: Extract<CheckDefinition, { runs: "js" }> }[];
}

/** An observation on its way into a query. */
interface Look {
  /** Its place among the planned checks. */
  readonly at: number;
  readonly seen: Seen;
  readonly place: "self" | "delta" | "changed";
  readonly definition: Exclude<CheckDefinition, { runs: "js" }>;
}

export function compileChecks(definitions: readonly CheckDefinition[], target: CheckTarget): CompiledChecks {
  const groups = new Map<string, { on: Sql; items: { item: ScanItem; samples: number }[] }>();
  const planned: PlannedCheck[] = [];
  const js: { op: string; definition: Extract<CheckDefinition, { runs: "js" }> }[] = [];
  const looks: Look[] = [];
  for (const d of definitions) {
    const base = { table: target.alias, check: checkName(d), severity: d.severity };
    if (d.kind === "check") {
      const op = `${target.alias}.check.${js.length}`;
      js.push({ op, definition: d });
      planned.push({ ...base, bound: null, trust: "scan", id: digest([d.kind, d.name]), what: d.name, op, index: 0 });
      continue;
    }
    for (const seen of observations(d, target)) {
      const shown = {
        ...base,
        check: seen?.name ?? base.check,
        bound: seen?.bound ?? null,
        what: seen?.what ?? base.check,
        ...(seen?.short === undefined ? {} : { short: seen.short }),
        ...(seen?.remember === undefined ? {} : { remember: seen.remember }),
      };
      const id = digest(
        [shown.check, shown.bound, seen?.proof ?? seen?.observe, target.columns.map((c) => [c.name, c.native])],
        12,
      );
      const incremental = seen?.rowwise === true && target.effective !== null && target.proven.includes(id);
      const at = planned.push({ ...shown, trust: incremental ? "incremental" : "scan", id, op: null, index: 0 }) - 1;
      if (seen !== null) looks.push({ at, seen, place: incremental ? "changed" : seen.on, definition: d });
    }
  }
  // Counts of whole tables and queries of their own can be asked for beside the few rows that changed: one query less.
  const apart = (l: Look): boolean => ["rows", "query", "changed"].includes(l.seen.observe.of);
  const joined = looks.some((l) => l.place === "changed") && looks.every((l) => l.place !== "self" || apart(l));
  for (const { at, seen, place, definition } of looks) {
    const there = joined && place === "self" ? "changed" : place;
    const on = there === "changed" ? target.effective : there === "delta" ? target.delta : target.self;
    const op = `${target.alias}.validate.${there}`;
    const group = groups.get(op) ?? { on: on as Sql, items: [] };
    groups.set(op, group);
    planned[at] = { ...(planned[at] as PlannedCheck), op, index: group.items.length };
    const observe = there !== place && seen.observe.of === "rows" ? { ...seen.observe, in: target.self } : seen.observe;
    const name = planned[at].check;
    group.items.push({
      item: { name, observe, min: seen.min, max: seen.max, blocks: definition.severity === "error" },
      samples: definition.samples,
    });
  }
  return { groups: [...groups].map(([op, g]) => ({ op, ...g })), planned, js };
}
