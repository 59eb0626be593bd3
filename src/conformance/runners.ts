import type { ConformanceCase } from "./case.js";

/** `describe` and `it` of vitest (jest has the same). */
export interface Vitest {
  /** A group of cases. */
  describe(name: string, body: () => void): unknown;
  /** A case. */
  it: ((name: string, body: () => Promise<void>, timeoutMs?: number) => unknown) & {
    /** One that is not run. */
    skip(name: string, body?: () => Promise<void>): unknown;
  };
}
/** Hands the cases to vitest: `withVitest({ describe, it }, conformance(…))`. A skipped case shows its reason. */
export function withVitest(t: Vitest, cases: readonly ConformanceCase[]): void {
  for (const [group, own] of groupsOf(cases))
    t.describe(group, () => {
      for (const c of own) {
        if (c.skip === false) t.it(c.name, () => c.run(), c.timeoutMs);
        else t.it.skip(`${c.name} (${c.skip})`, () => c.run());
      }
    });
}

/** `describe` and `it` of `node:test`. */
export interface NodeTest {
  /** A group of cases. */
  describe(name: string, body: () => void): unknown;
  /** A case. */
  it(name: string, o: { readonly skip?: string; readonly timeout: number }, body: () => Promise<void>): unknown;
}
/** Hands the cases to `node:test`: `withNodeTest({ describe, it }, conformance(…))`. */
export function withNodeTest(t: NodeTest, cases: readonly ConformanceCase[]): void {
  for (const [group, own] of groupsOf(cases))
    t.describe(group, () => {
      for (const c of own) {
        const o = { timeout: c.timeoutMs, ...(c.skip === false ? {} : { skip: c.skip }) };
        t.it(c.name, o, () => c.run());
      }
    });
}

const groupsOf = (cases: readonly ConformanceCase[]): readonly (readonly [string, readonly ConformanceCase[]])[] =>
  [...new Set(cases.map((c) => c.group))].map((g) => [g, cases.filter((c) => c.group === g)] as const);
