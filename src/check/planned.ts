import * as z from "zod";
import type { OpResult } from "../adapter/operations.js";
import type { NotedCheck } from "../adapter/steps.js";
import type { Json } from "../table/types.js";
import type { CheckResult } from "./result.js";

const json: z.ZodType<Json> = z.json() as z.ZodType<Json>;
/** A check as it stands in a plan and in the journal: enough to tell its result from the facts of a block. */
export const plannedCheck = z.object({
  table: z.string(),
  check: z.string(),
  severity: z.enum(["error", "warn"]),
  bound: json,
  trust: z.enum(["scan", "incremental"]),
  /** Identifies definition and schema: what is proven is proven for exactly this. */
  id: z.string(),
  /** What is observed, as words. */
  what: z.string(),
  /** The operation of the block that observes it, and its place there; null: nothing could be compared. */
  op: z.string().nullable(),
  index: z.number(),
  /** Why what it finds cannot be judged yet; absent: it can. */
  short: z.string().optional(),
  /** Published, what it observed is remembered under this name. */
  remember: z.string().optional(),
});
export type PlannedCheck = z.infer<typeof plannedCheck>;
/** A result as the ledger keeps it: without samples, which may hold what nobody else shall see. */
export const recordedCheck = z.object({
  table: z.string(),
  check: z.string(),
  severity: z.enum(["error", "warn"]),
  outcome: z.enum(["pass", "warn", "fail", "insufficient"]),
  trust: z.enum(["scan", "incremental"]),
  observed: json,
  bound: json,
  message: z.string(),
});
export type RecordedCheck = z.infer<typeof recordedCheck>;
/** What a JavaScript check observed that threw. What it threw may hold anything, and is told to nobody but the caller. */
export const THREW = "threw";
export const asRecorded = (results: readonly CheckResult[]): RecordedCheck[] =>
  results.map(({ samples: _samples, ...r }) => (r.observed === THREW ? { ...r, message: "it threw" } : r));
export const fromRecord = (recorded: readonly RecordedCheck[] = []): CheckResult[] =>
  recorded.map((r) => ({ ...r, samples: [] }));

/** Rows that operations of a block returned, by operation; whole numbers may be text. */
export const facts = z.record(z.string(), z.array(z.record(z.string(), z.unknown())));
export type Facts = z.infer<typeof facts>;

export const factsOf = (results: ReadonlyMap<string, OpResult>): Facts =>
  Object.fromEntries([...results].map(([id, r]) => [id, r.rows.map((row) => ({ ...row }))]));

/** The results of planned checks, told from what a block returned; checks that it never came to are left out. */
export function readChecks(planned: readonly PlannedCheck[], found: Facts): CheckResult[] {
  return planned.flatMap((p) => {
    if (p.op === null) return [result(p, "insufficient", null, `nothing to compare ${p.what} with`)];
    const row = found[p.op]?.[0];
    if (row === undefined) return [];
    const observed = row[`c${p.index}`];
    const passed = row[`p${p.index}`] === true;
    if (observed === null || observed === undefined)
      return [result(p, "insufficient", null, `nothing to compare ${p.what} with`)];
    const shown =
      typeof observed === "string" && /^-?\d+(\.\d+)?$/.test(observed) && observed.length < 16
        ? Number(observed)
        : (observed as Json);
    if (p.short !== undefined) return [result(p, "insufficient", shown, p.short)];
    const outcome = passed ? "pass" : p.severity === "error" ? "fail" : "warn";
    const message =
      typeof row["message"] === "string"
        ? row["message"]
        : `${p.what}: ${String(shown)}${passed ? "" : `, allowed ${boundText(p.bound)}`}`;
    return [result(p, outcome, shown, message)];
  });
}

/** The same results as rows of the ledger: what only the block can tell, it tells there. */
export const notedChecks = (planned: readonly PlannedCheck[]): NotedCheck[] =>
  planned.map((p) => {
    const { table, check, severity, trust } = p;
    const common = { table, check, severity, trust, bound: JSON.stringify(p.bound) };
    const message = `nothing to compare ${p.what} with`;
    if (p.op === null) return { ...common, outcome: "insufficient", observed: null, message };
    return { ...common, of: { op: p.op, index: p.index }, what: p.what, allowed: boundText(p.bound), short: p.short ?? null };
  });
/** Results that are known, as rows of the ledger. */
export const notedResults = (results: readonly RecordedCheck[]): NotedCheck[] =>
  results.map(({ table, check, severity, trust, outcome, observed, bound, message }) => ({
    ...{ table, check, severity, trust, outcome, message },
    bound: JSON.stringify(bound),
    observed: observed === null ? null : typeof observed === "string" ? observed : JSON.stringify(observed),
  }));

function result(p: PlannedCheck, outcome: CheckResult["outcome"], observed: Json, message: string): CheckResult {
  const { table, check, severity, trust, bound } = p;
  return { table, check, severity, outcome, trust, observed, bound, message, samples: [] };
}
function boundText(bound: Json): string {
  if (typeof bound !== "object" || bound === null || Array.isArray(bound)) return JSON.stringify(bound);
  const { min, max } = bound as { min?: Json; max?: Json };
  if (min !== undefined && max !== undefined) return min === max ? String(min) : `${String(min)} to ${String(max)}`;
  return min === undefined ? `at most ${String(max)}` : `at least ${String(min)}`;
}
