import {
  type AdapterSpec,
  ansi,
  type BlockOp,
  type Capabilities,
  defineAdapter,
  type NativeOp,
  type Session,
  type Syntax,
  sqlOp,
  type Warehouse,
} from "cutover/adapter";
import { describe, expectTypeOf, test } from "vitest";

const capabilities = {
  transaction: "interactive",
  transactionalDdl: true,
  clone: "zero-copy",
  swap: "none",
  swapGuard: "detect",
  grants: false,
  timeTravel: false,
  estimates: false,
  files: [],
  uniqueKeysEnforced: true,
  negativeZero: true,
  maxCloneDepth: null,
  concurrentSessions: true,
  exclusiveProcess: false,
  identifiers: { fold: "lower", caseSensitive: false, maxBytes: 63, depth: 2 },
  limits: { statementBytes: 1, parameters: 1, blockStatements: null },
} as const satisfies Capabilities;
interface CopyJob {
  readonly call: "copy";
  readonly from: readonly string[];
  readonly to: readonly string[];
}
declare const syntax: Syntax;
declare const rest: Omit<AdapterSpec<typeof capabilities, never>, "steps" | "capabilities">;
declare const withCopy: Omit<AdapterSpec<typeof capabilities, CopyJob>, "steps" | "capabilities">;

describe("an adapter", () => {
  test("brings the compilers that its capabilities ask for", () => {
    const w = defineAdapter({ ...rest, capabilities, steps: { ...ansi(syntax), clone: () => [sqlOp("x")] } });
    expectTypeOf(w).toEqualTypeOf<Warehouse>();
    defineAdapter({ ...rest, capabilities: { ...capabilities, clone: "none" }, steps: { ...ansi(syntax) } });
    const grants = { ...capabilities, swap: "set", grants: true } as const;
    defineAdapter({
      ...rest,
      capabilities: grants,
      steps: { ...ansi(syntax), clone: () => [], swap: () => [], regrant: () => [] },
    });
    const plain = { ...capabilities, swap: "set", transactionalDdl: false, timeTravel: true } as const;
    const swaps = { swap: () => [], mark: () => [], rename: () => [] };
    defineAdapter({
      ...rest,
      capabilities: plain,
      steps: { ...ansi(syntax), clone: () => [], ...swaps, restore: () => [] },
    });
  });
  test("may override a portable step", () => {
    defineAdapter({
      ...rest,
      capabilities,
      steps: { ...ansi(syntax), clone: () => [], drop: (s) => [sqlOp(syntax.ident(s.ref.path))] },
    });
  });
  test("may make native calls outside of blocks", () => {
    const copy = (from: readonly string[], to: readonly string[]): NativeOp<CopyJob> => ({
      native: { call: "copy", from, to },
      text: "copy",
    });
    defineAdapter<CopyJob>()({
      ...withCopy,
      capabilities,
      steps: { ...ansi(syntax), clone: (s) => [copy(s.from.ref.path, s.to.path)] },
    });
    expectTypeOf<Session<CopyJob>["execute"]>().parameter(0).toExtend<{ readonly text: string } | { readonly sql: object }>();
  });
});

describe("what must not compile in an adapter", () => {
  test("a compiler forgotten, or never used", () => {
    // @ts-expect-error clone forgotten
    defineAdapter({ ...rest, capabilities, steps: { ...ansi(syntax) } });
    // @ts-expect-error swap: none, so a swap step is dead code
    defineAdapter({ ...rest, capabilities, steps: { ...ansi(syntax), clone: () => [], swap: () => [] } });
    // @ts-expect-error clone: none, so a clone step is dead code
    defineAdapter({ ...rest, capabilities: { ...capabilities, clone: "none" }, steps: { ...ansi(syntax), clone: () => [] } });
    const plain = { ...capabilities, swap: "set", transactionalDdl: false } as const;
    // @ts-expect-error a swap outside of transactions needs mark and rename
    defineAdapter({ ...rest, capabilities: plain, steps: { ...ansi(syntax), clone: () => [], swap: () => [] } });
    const past = { ...capabilities, timeTravel: true } as const;
    // @ts-expect-error restore forgotten
    defineAdapter({ ...rest, capabilities: past, steps: { ...ansi(syntax), clone: () => [] } });
    // @ts-expect-error the portable steps forgotten
    defineAdapter({ ...rest, capabilities, steps: { clone: () => [] } });
  });
  test("a capability forgotten, or with a value that does not exist", () => {
    // @ts-expect-error capabilities forgotten
    defineAdapter({ ...rest, capabilities: { clone: "none" }, steps: { ...ansi(syntax) } });
    // @ts-expect-error no such kind of clone
    defineAdapter({ ...rest, capabilities: { ...capabilities, clone: "deep" }, steps: { ...ansi(syntax), clone: () => [] } });
  });
  test("a native call inside a block, or in an adapter without any", () => {
    // @ts-expect-error a block takes no native call
    ({ op: { native: { call: "copy" }, text: "" } }) satisfies { op: BlockOp["op"] };
    // @ts-expect-error this adapter has no native calls
    defineAdapter({ ...rest, capabilities, steps: { ...ansi(syntax), clone: () => [{ native: { call: "copy" }, text: "" }] } });
    defineAdapter<CopyJob>()({
      ...withCopy,
      capabilities,
      // @ts-expect-error capture stands in a block
      steps: { ...ansi(syntax), clone: () => [], capture: () => [{ native: { call: "copy", from: [], to: [] }, text: "" }] },
    });
  });
  test("another contract", () => {
    // @ts-expect-error contract 2 does not exist
    defineAdapter({ ...rest, contract: 2, capabilities, steps: { ...ansi(syntax), clone: () => [] } });
  });
});
