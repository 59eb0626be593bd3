import type { Adapter } from "../adapter/define.js";
import type { AtomicBlock, BlockOp, Inspect, Native, Op, SqlOp } from "../adapter/operations.js";
import type { Step, StepKind } from "../adapter/steps.js";
import { CutoverError } from "../errors/index.js";
import { inline } from "../sql/render.js";

/** A step with a name; each `explain` step runs where the step says FALSE in its column `unless`. */
export interface PlannedStep {
  readonly id: string;
  readonly step: Step;
  /** `later`: what it finds is judged by a later step, or by the core. A list: judges those too, so that no failure hides another. */
  readonly judges?: "later" | readonly string[];
  readonly explain?: readonly { readonly id: string; readonly unless: string; readonly step: Step }[];
}
/** Steps that are one transaction, or (atomic: false) statements that each commit by themselves. */
export interface Plan {
  readonly name: string;
  readonly atomic: boolean;
  readonly steps: readonly (PlannedStep | Inspect)[];
  /** It touches the ledger only: what it reads is no matter of a budget. */
  readonly ledger?: true;
}

/** The operations of one step, in the words of the adapter. */
export function compileStep(adapter: Adapter, step: Step): readonly Op<Native>[] {
  const compiler = adapter.steps[step.kind] as ((s: Step) => readonly Op<Native>[]) | undefined;
  if (compiler !== undefined) return compiler(step);
  const capability = step.kind;
  throw new CutoverError("UNSUPPORTED", `${adapter.name} has no ${capability}; see its capabilities`, {
    capability,
    alternative: capability === "clone" ? "rebuild()" : "a release in place",
  });
}

/** Whether a plan is one block of SQL: no native call, nothing in JavaScript. */
export const isBlock = (adapter: Adapter, { atomic, steps }: Plan): boolean =>
  atomic && steps.every((s) => "step" in s && !compileStep(adapter, s.step).some(isNative));

const isNative = (op: Op<Native>): op is Exclude<Op<Native>, SqlOp> => "native" in op;

/** The operations of a step with their names: what returns rows bears the step's own, so that others can refer to it. */
function named(adapter: Adapter, id: string, step: Step): readonly BlockOp[] {
  const ops = compileStep(adapter, step);
  const last = ops.findLastIndex((op) => !isNative(op) && op.returns !== undefined);
  return ops.map((op, i) => {
    if (isNative(op)) throw new Error(`${step.kind}: a native call cannot stand in a block`);
    return { id: i === last || (last < 0 && ops.length === 1) ? id : `${id}.${i + 1}`, step: step.kind as StepKind, op };
  });
}

function judged(b: BlockOp, planned: PlannedStep): BlockOp {
  const { expect, ...op } = b.op;
  if (planned.judges === "later") return { ...b, op };
  if (planned.judges === undefined || expect === undefined || !("holds" in expect)) return b;
  return { ...b, op: { ...op, expect: { holds: true, also: planned.judges } } };
}

export function compileBlock(adapter: Adapter, plan: Plan, end: AtomicBlock["end"], timeoutMs: number): AtomicBlock {
  const ops = plan.steps.flatMap((planned): readonly (BlockOp | Inspect)[] => {
    if ("inspect" in planned) return [planned];
    const explain = (planned.explain ?? []).flatMap((x) =>
      named(adapter, x.id, x.step).map(({ id, op }) => ({ id, op, unless: x.unless })),
    );
    return named(adapter, planned.id, planned.step)
      .map((b) => judged(b, planned))
      .map((b) => (explain.length === 0 ? b : { ...b, explain }));
  });
  return { id: plan.name, end, timeoutMs, ops };
}

export interface PlannedText {
  readonly name: string;
  readonly atomic: boolean;
  readonly statements: readonly string[];
}
/** A plan as text: exactly the statements that would run, values as literals. */
export function planText(adapter: Adapter, plan: Plan): PlannedText {
  const text = (op: Op<Native>): string => (isNative(op) ? op.text : inline(op.sql, adapter.syntax));
  return {
    name: plan.name,
    atomic: plan.atomic,
    statements: plan.steps.flatMap((p) =>
      "inspect" in p ? [`-- ${p.id}: JavaScript check`] : compileStep(adapter, p.step).map(text),
    ),
  };
}
