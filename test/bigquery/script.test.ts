import { type AtomicBlock, type BlockOp, ident, raw, type SqlOp, sqlOp, template } from "cutover/adapter";
import { describe, expect, it } from "vitest";
import { blockScript, LONGEST_SCRIPT, type ScriptOp } from "../../adapters/bigquery/script.js";

const block = (ops: AtomicBlock["ops"], end: AtomicBlock["end"] = "commit"): AtomicBlock => ({ id: "b", end, timeoutMs: 1, ops });
const op = (id: string, what: SqlOp | string, explain?: BlockOp["explain"]): BlockOp => ({
  id,
  step: "exchange",
  op: typeof what === "string" ? sqlOp(what) : what,
  ...(explain === undefined ? {} : { explain }),
});
const line = (script: string, start: string): string => script.split("\n").find((l) => l.startsWith(start)) ?? "";
/** As the REST API writes an ARRAY. */
const cells = (...results: readonly string[]): readonly { readonly v: string }[] => results.map((v) => ({ v }));

describe("the script of a block", () => {
  it("is one transaction, undone by whatever goes wrong, with one row to tell of it", () => {
    expect(blockScript(block([op("a", "DELETE FROM t WHERE TRUE")])).text).toMatchInlineSnapshot(`
      "DECLARE outcome, refused_at, o0 STRING;
      BEGIN
      BEGIN TRANSACTION;
      DELETE FROM t WHERE TRUE;
      SET o0 = CAST(@@row_count AS STRING);
      COMMIT TRANSACTION;
      SET outcome = 'committed';
      EXCEPTION WHEN ERROR THEN
      IF refused_at IS NULL THEN RAISE; END IF;
      ROLLBACK TRANSACTION;
      SET outcome = 'refused';
      END;
      SELECT outcome, refused_at, [IFNULL(o0, '')] AS results;"
    `);
  });
  it("is rolled back when it is a rehearsal", () => {
    const { text } = blockScript(block([], "rollback"));
    expect(text).toContain("ROLLBACK TRANSACTION;\nSET outcome = 'rehearsed';");
    expect(text).not.toContain("COMMIT");
  });
  it("writes values as literals and quotes names", () => {
    const { text } = blockScript(block([op("a", { sql: template`DELETE FROM ${ident(["p", "t`"])} WHERE x = ${"it's"}` })]));
    expect(text).toContain("DELETE FROM `p`.`t\\`` WHERE x = 'it\\'s';");
  });
  it("declares each variable of its operations once, before all else", () => {
    const declare = [{ name: "_v", type: "ARRAY<DATE>" }];
    const set: ScriptOp = { ...sqlOp("SET _v = ARRAY(SELECT d FROM t)"), declare };
    const { text } = blockScript(
      block([op("a", set), op("b", { ...sqlOp("DELETE FROM t WHERE d IN UNNEST(_v)"), declare } as ScriptOp)]),
    );
    expect(text.split("\n").slice(0, 3)).toEqual([
      "DECLARE outcome, refused_at, o0, o1 STRING;",
      "DECLARE _v ARRAY<DATE>;",
      "BEGIN",
    ]);
  });
  it("holds no rows of an operation that returns none, or is not there", () => {
    const { text } = blockScript(
      block([
        op("a", "DELETE FROM t WHERE TRUE"),
        op("b", { sql: template`INSERT INTO t SELECT ${{ resultOf: "a" }}, ${{ resultOf: "z" }}` }),
      ]),
    );
    expect(text).toContain("INSERT INTO t SELECT '[]', '[]';");
  });
});

describe("what must hold", () => {
  const of = (ops: readonly BlockOp[]): string => line(blockScript(block(ops)).text.split("\n").reverse().join("\n"), "IF (");
  const counted = op("n", { ...sqlOp("SELECT 1 AS n"), returns: { n: "int64" } });
  it.each([
    ["a number of rows", [op("a", { ...sqlOp("DELETE FROM t WHERE TRUE"), expect: { affected: 2 } })], "(o0 = '2')"],
    [
      "as many as an earlier operation changed",
      [
        op("n", "DELETE FROM t WHERE TRUE"),
        op("a", { ...sqlOp("DELETE FROM u WHERE TRUE"), expect: { affected: { sameAs: "n" } } }),
      ],
      "(o1 = o0)",
    ],
    [
      "as many as an earlier one returned",
      [counted, op("a", { ...sqlOp("DELETE FROM u WHERE TRUE"), expect: { affected: { sameAs: "n", column: "n" } } })],
      "(o1 = JSON_VALUE(o0, '$[0].n'))",
    ],
    [
      "one row that says so",
      [op("a", { ...sqlOp("SELECT TRUE AS ok"), returns: { ok: "bool" }, expect: { holds: true } })],
      "(JSON_VALUE(o0, '$[0].ok') = 'true' AND JSON_QUERY(o0, '$[1]') IS NULL)",
    ],
    [
      "rows of a statement that has none",
      [op("a", { ...sqlOp("DELETE FROM t WHERE TRUE"), expect: { holds: true } })],
      "(FALSE)",
    ],
    [
      "rows changed by a query",
      [op("a", { ...sqlOp("SELECT 1 AS n"), returns: { n: "int64" }, expect: { affected: 0 } })],
      "(FALSE)",
    ],
    [
      "as many as one that is not there",
      [op("a", { ...sqlOp("DELETE FROM t WHERE TRUE"), expect: { affected: { sameAs: "z" } } })],
      "(FALSE)",
    ],
  ] as const)("%s", (_what, ops, condition) => {
    expect(of(ops)).toBe(
      `IF ${condition} IS NOT TRUE THEN SET refused_at = 'a'; RAISE USING MESSAGE = 'cutover: refused'; END IF;`,
    );
  });
});

describe("its one row", () => {
  const returns = { n: "int64", f: "float64", t: "timestamp", d: "date", b: "bytes", s: "string", ok: "bool" } as const;
  const script = blockScript(
    block([
      op("change", "DELETE FROM t WHERE TRUE"),
      op("ask", { ...sqlOp("SELECT 1"), returns }, [
        { id: "why", unless: "ok", op: { ...sqlOp("SELECT 1"), returns: { n: "int64" } } },
        {
          id: "loose",
          unless: "ok",
          op: { ...sqlOp("SELECT 1"), returns: { n: "int64", at: "timestamp" }, loose: true } as ScriptOp,
        },
      ]),
      op("set", "SET x = 1"),
    ]),
  );
  it("tells what each operation came to", () => {
    const rows = JSON.stringify([{ n: "9007199254740993", f: "nan", t: "1", d: -1, b: "00ff", s: "x", ok: true }]);
    const { outcome, results } = script.read(["committed", null, cells("3", rows, "none", "", "")]);
    expect(outcome).toBe("committed");
    expect([...results.keys()]).toEqual(["change", "ask", "set"]);
    expect(results.get("change")).toEqual({ affected: 3, rows: [] });
    expect(results.get("set")).toEqual({ affected: null, rows: [] });
    expect(results.get("ask")?.rows).toEqual([
      { n: 9007199254740993n, f: Number.NaN, t: 1n, d: -1, b: new Uint8Array([0, 255]), s: "x", ok: true },
    ]);
  });
  it("tells where it was refused, with what explains it and nothing that was not come to", () => {
    const loose = JSON.stringify([{ n: 7, at: "2024-01-01T00:00:00Z", other: [1] }]);
    const read = script.read(["refused", "ask", cells("0", '[{"ok":false}]', "", '[{"n":"1"}]', loose)]);
    expect(read).toMatchObject({ outcome: "refused", at: "ask" });
    expect([...read.results.keys()]).toEqual(["change", "ask", "why", "loose"]);
    expect(read.results.get("why")?.rows).toEqual([{ n: 1n }]);
    expect(read.results.get("loose")?.rows).toEqual([{ n: 7n, at: 1_704_067_200_000_000n, other: [1] }]);
  });
  it("is not anything else", () => {
    expect(() => script.read(["done", null, []])).toThrow();
  });
});

describe("what no script can be", () => {
  it("is JavaScript", () => {
    expect(() => blockScript(block([{ id: "mine", inspect: () => Promise.resolve({ ok: true }) }]))).toThrow(
      "mine: a block is one script",
    );
  });
  it("is longer than the service takes", () => {
    const sized = (n: number): string => blockScript(block([op("a", { sql: template`${raw("-".repeat(n))}` })])).text;
    const frame = sized(0).length;
    expect(Buffer.byteLength(sized(LONGEST_SCRIPT - frame))).toBe(LONGEST_SCRIPT);
    expect(() => sized(LONGEST_SCRIPT - frame + 1)).toThrow(`is ${LONGEST_SCRIPT + 1} bytes long`);
  });
});
