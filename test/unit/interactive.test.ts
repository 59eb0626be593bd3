import {
  type AtomicBlock,
  type BlockOp,
  type Expect,
  type InteractiveConnection,
  interactive,
  type OpResult,
  resultJson,
  sql,
} from "cutover/adapter";
import { describe, expect, test } from "vitest";
import { met } from "../../src/adapter/interactive.js";

/** A connection in memory: statements are names, and answers are looked up. */
function connection(answers: Record<string, Partial<OpResult> | Error> = {}, failing: { commit?: Error; rollback?: Error } = {}) {
  const log: string[] = [];
  const c: InteractiveConnection = {
    exec: async (op, _results, o) => {
      o.signal.throwIfAborted();
      const text = op.sql.strings.join("?");
      log.push(text);
      const answer = answers[text] ?? {};
      if (answer instanceof Error) throw answer;
      return { affected: null, rows: [], ...answer };
    },
    begin: async () => log.push("BEGIN"),
    commit: async () => {
      log.push("COMMIT");
      if (failing.commit) throw failing.commit;
    },
    rollback: async () => {
      log.push("ROLLBACK");
      if (failing.rollback) throw failing.rollback;
    },
  };
  return { log, run: interactive(c) };
}
const op = (id: string, more: Partial<BlockOp> & { expect?: Expect } = {}): BlockOp => {
  const { expect: wanted, ...rest } = more;
  const strings = Object.assign([id], { raw: [id] });
  return { id, step: "count", op: { sql: sql(strings), ...(wanted === undefined ? {} : { expect: wanted }) }, ...rest };
};
const block = (ops: AtomicBlock["ops"], end: AtomicBlock["end"] = "commit"): AtomicBlock => ({
  id: "b",
  end,
  timeoutMs: 60_000,
  ops,
});
const io = (signal = new AbortController().signal) => ({ signal, tag: "t" });

describe("a block", () => {
  test("commits when every expectation is met, and tells all results", async () => {
    const { log, run } = connection({ a: { affected: 2 }, b: { rows: [{ ok: true, n: 5n }] } });
    const result = await run(block([op("a", { expect: { affected: 2 } }), op("b", { expect: { holds: true } })]), io());
    expect(log).toEqual(["BEGIN", "a", "b", "COMMIT"]);
    expect(result.outcome).toBe("committed");
    expect([...result.results]).toEqual([
      ["a", { affected: 2, rows: [] }],
      ["b", { affected: null, rows: [{ ok: true, n: 5n }] }],
    ]);
  });
  test("a rehearsal does all of it, and takes it back", async () => {
    const { log, run } = connection({ a: { affected: 1 } });
    expect((await run(block([op("a", { expect: { affected: 1 } })], "rollback"), io())).outcome).toBe("rehearsed");
    expect(log).toEqual(["BEGIN", "a", "ROLLBACK"]);
  });
  test("ends at the first expectation that fails; explains inside, then rolls back", async () => {
    const { log, run } = connection({ a: { rows: [{ ok: false, p0: false }] }, why: { rows: [{ id: 1 }] } });
    const why = { id: "b.why", unless: "p0", op: op("why").op };
    const result = await run(block([op("a", { expect: { holds: true }, explain: [why] }), op("never")]), io());
    expect(log).toEqual(["BEGIN", "a", "why", "ROLLBACK"]);
    expect(result).toMatchObject({ outcome: "refused", at: "a" });
    expect(result.results.get("b.why")?.rows).toEqual([{ id: 1 }]);
  });
  test("what did not pass is explained where the block goes on; what passed is not", async () => {
    const { log, run } = connection({ a: { rows: [{ ok: true, p0: true, p1: false, p2: null }] } });
    const explain = [0, 1, 2].map((i) => ({ id: `w${i}`, unless: `p${i}`, op: op(`why${i}`).op }));
    const result = await run(block([op("a", { expect: { holds: true }, explain })]), io());
    expect(log).toEqual(["BEGIN", "a", "why1", "COMMIT"]);
    expect([...result.results.keys()]).toEqual(["a", "w1"]);
  });
  test("the commit is out of reach of the signal", async () => {
    const abort = new AbortController();
    let seen: AbortSignal | undefined;
    const run = interactive({
      exec: async () => ({ affected: null, rows: [] }),
      begin: async () => undefined,
      commit: async (o) => {
        seen = o.signal;
        abort.abort();
      },
      rollback: async () => undefined,
    });
    expect((await run(block([op("a")]), io(abort.signal))).outcome).toBe("committed");
    expect(seen?.aborted).toBe(false);
  });
  test("a refused rehearsal is refused", async () => {
    const { run } = connection({ a: { affected: 0 } });
    expect((await run(block([op("a", { expect: { affected: 1 } })], "rollback"), io())).outcome).toBe("refused");
  });
});

describe("JavaScript in a block", () => {
  test("asks on the block's connection; its row is a result", async () => {
    const { log, run } = connection({ q: { rows: [{ n: 1n }] } });
    const inspect = {
      id: "js",
      inspect: async (query: Parameters<Extract<AtomicBlock["ops"][number], { inspect: unknown }>["inspect"]>[0]) => ({
        ok: true,
        rows: (await query(op("q").op.sql)).length,
      }),
    };
    const result = await run(block([inspect, op("z")]), io());
    expect(log).toEqual(["BEGIN", "q", "z", "COMMIT"]);
    expect(result.results.get("js")).toEqual({ affected: null, rows: [{ ok: true, rows: 1 }] });
  });
  test.each([false, undefined, 1, "true"])("ok: %s refuses the block", async (ok) => {
    const { log, run } = connection();
    const result = await run(block([{ id: "js", inspect: async () => ({ ok }) }, op("never")]), io());
    expect(result).toMatchObject({ outcome: "refused", at: "js" });
    expect(log).toEqual(["BEGIN", "ROLLBACK"]);
  });
  test("what it throws is thrown, after the rollback", async () => {
    const boom = new Error("boom");
    const { log, run } = connection();
    await expect(run(block([{ id: "js", inspect: () => Promise.reject(boom) }]), io())).rejects.toBe(boom);
    expect(log).toEqual(["BEGIN", "ROLLBACK"]);
  });
});

describe("errors", () => {
  const boom = new Error("boom");
  test("of a statement: rolled back, and told as they are", async () => {
    const { log, run } = connection({ b: boom });
    await expect(run(block([op("a"), op("b"), op("c")]), io())).rejects.toBe(boom);
    expect(log).toEqual(["BEGIN", "a", "b", "ROLLBACK"]);
  });
  test("the first error tells more than that of the rollback", async () => {
    const { run } = connection({ a: boom }, { rollback: new Error("no transaction") });
    await expect(run(block([op("a")]), io())).rejects.toBe(boom);
  });
  test("of a commit: thrown, and not rolled back as if nothing had happened", async () => {
    const { log, run } = connection({}, { commit: boom });
    await expect(run(block([op("a")]), io())).rejects.toBe(boom);
    expect(log).toEqual(["BEGIN", "a", "COMMIT"]);
  });
  test("of the rollback of a refused block: never told as committed", async () => {
    const { run } = connection({ a: { affected: 0 } }, { rollback: boom });
    await expect(run(block([op("a", { expect: { affected: 1 } })]), io())).rejects.toBe(boom);
  });
});

describe("an abort", () => {
  const aborting = (abort: AbortController) => ({
    id: "js",
    inspect: async () => {
      abort.abort(new Error("enough"));
      return { ok: true };
    },
  });
  test("between statements rolls back", async () => {
    const abort = new AbortController();
    const { log, run } = connection();
    await expect(run(block([aborting(abort), op("never")]), io(abort.signal))).rejects.toThrow("enough");
    expect(log).toEqual(["BEGIN", "ROLLBACK"]);
  });
  test("after the last statement does not commit, and leaves no open transaction", async () => {
    const abort = new AbortController();
    const { log, run } = connection();
    await expect(run(block([aborting(abort)]), io(abort.signal))).rejects.toThrow("enough");
    expect(log).toEqual(["BEGIN", "ROLLBACK"]);
  });
});

describe("expectations", () => {
  const results = new Map<string, OpResult>([["t", { affected: 3, rows: [{ n: 7n, none: null }] }]]);
  const of = (expectation: Expect | undefined, result: Partial<OpResult>) =>
    met(expectation, { affected: null, rows: [], ...result }, results);
  test.each<[string, Expect | undefined, Partial<OpResult>, boolean]>([
    ["none", undefined, {}, true],
    ["a number", { affected: 3 }, { affected: 3 }, true],
    ["another number", { affected: 3 }, { affected: 2 }, false],
    ["a count that is not told", { affected: 0 }, { affected: null }, false],
    ["as many as an earlier one", { affected: { sameAs: "t" } }, { affected: 3 }, true],
    ["as a column of an earlier one", { affected: { sameAs: "t", column: "n" } }, { affected: 7 }, true],
    ["not as a column of an earlier one", { affected: { sameAs: "t", column: "n" } }, { affected: 3 }, false],
    ["as a column that is NULL", { affected: { sameAs: "t", column: "none" } }, { affected: 0 }, false],
    ["as a column that is not there", { affected: { sameAs: "t", column: "x" } }, { affected: 0 }, false],
    ["as an operation that is not there", { affected: { sameAs: "x" } }, { affected: 0 }, false],
    ["holds", { holds: true }, { rows: [{ ok: true }] }, true],
    ["does not hold", { holds: true }, { rows: [{ ok: false }] }, false],
    ["holds for NULL", { holds: true }, { rows: [{ ok: null }] }, false],
    ["holds without a row", { holds: true }, { rows: [] }, false],
    ["holds with two rows", { holds: true }, { rows: [{ ok: true }, { ok: true }] }, false],
  ])("%s", (_, expectation, result, answer) => {
    expect(of(expectation, result)).toBe(answer);
  });
});

test("results as JSON lose no digit", () => {
  expect(resultJson({ affected: null, rows: [{ n: 9007199254740993n, s: "x", z: null }] })).toBe(
    '[{"n":"9007199254740993","s":"x","z":null}]',
  );
  expect(resultJson(undefined)).toBe("[]");
});
