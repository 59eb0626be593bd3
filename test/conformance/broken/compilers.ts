import { ansi, inline, type SqlOp, type Step, type StepKind, type Syntax, sqlOp } from "cutover/adapter";
import type { Change } from "./broken.js";

type Own = Parameters<Change>[0];
type Compile<K extends StepKind> = (step: Step<K>) => readonly SqlOp[];

/** Another compiler for one kind of step, made from its own. */
export const compiler =
  <K extends StepKind>(kind: K, change: (own: Compile<K>, adapter: Own) => Compile<K>): Change =>
  (adapter) => ({ steps: { ...adapter.steps, [kind]: change(adapter.steps[kind] as unknown as Compile<K>, adapter) } });
/** The same step with other arguments. */
export const asked = <K extends StepKind>(kind: K, change: (step: Step<K>) => Partial<Step<K>>): Change =>
  compiler(kind, (own) => (s) => own({ ...s, ...change(s) }));
/** Fewer operations, or others. */
export const operations = <K extends StepKind>(
  kind: K,
  change: (ops: readonly SqlOp[], text: (op: SqlOp) => string) => readonly SqlOp[],
): Change =>
  compiler(
    kind,
    (own, { syntax }) =>
      (s) =>
        change(own(s), (op) => inline(op.sql, syntax)),
  );
/** Its operations with their text rewritten. */
export const text = <K extends StepKind>(kind: K, change: (sql: string, step: Step<K>) => string): Change =>
  compiler(
    kind,
    (own, { syntax }) =>
      (s) =>
        own(s).map((op) => ({ ...op, sql: sqlOp(change(inline(op.sql, syntax), s)).sql })),
  );
/** Its operations without what they expect. */
export const trusting = <K extends StepKind>(kind: K): Change => operations(kind, (ops) => ops.map(({ expect: _, ...op }) => op));
/** Some portable compilers, from words that are wrong. */
export const words =
  (kinds: readonly (keyof ReturnType<typeof ansi>)[], change: (own: Syntax) => Partial<Syntax>): Change =>
  ({ syntax, steps }) => {
    const made = ansi({ ...syntax, ...change(syntax) });
    return { steps: { ...steps, ...Object.fromEntries(kinds.map((k) => [k, made[k]])) } };
  };

/** A statement up to a word of it. */
export function cutAt(mark: string): (sql: string) => string {
  return (sql) => {
    const at = sql.indexOf(mark);
    return at < 0 ? sql : sql.slice(0, at);
  };
}
