import {
  accepted,
  between,
  type Check,
  check,
  maxDrop,
  maxGrowth,
  noRows,
  notNull,
  reconcile,
  rowCount,
  sql,
  unique,
} from "cutover";
import { inline } from "cutover/adapter";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CheckDefinition } from "../../src/check/checks.js";
import { compileChecks } from "../../src/check/compile.js";
import type { CheckTarget } from "../../src/check/observe.js";
import { type PlannedCheck, readChecks } from "../../src/check/planned.js";
import { ident } from "../../src/sql/sql.js";

const columns = (["id", "n", "s", "d"] as const).map(
  (name) => ({ name, nullable: true, native: "X", type: name === "s" ? "string" : name === "d" ? "date" : "int64" }) as const,
);
const target = (more: Partial<CheckTarget> = {}): CheckTarget => ({
  alias: "t",
  columns,
  key: ["id"],
  partition: null,
  self: ident(["live"]),
  effective: ident(["effective"]),
  delta: ident(["delta"]),
  totals: null,
  rowsBefore: 100,
  against: { changes: { path: ["changes"] }, release: 7 },
  changed: { changes: { path: ["changes"] }, release: 7 },
  observed: {},
  referred: {},
  proven: [],
  ...more,
});
const compile = (checks: Check<string>[], more: Partial<CheckTarget> = {}) =>
  compileChecks(checks as unknown as CheckDefinition[], target(more));
const words = { ident: (p: readonly string[]) => p.join("."), literal: ({ value }: { value: unknown }) => String(value) };
const places = (c: ReturnType<typeof compile>) => c.groups.map((g) => [inline(g.on, words), g.items.map((i) => i.item.name)]);

describe("one query for each place", () => {
  test("all checks over live are one scan", () => {
    const c = compile([rowCount({ min: 1 }), notNull("id", "n"), unique("id"), between("n", { min: 0 }), accepted("s", ["a"])]);
    expect(places(c)).toEqual([["live", ["rowCount", "notNull(id)", "notNull(n)", "unique(id)", "between(n)", "accepted(s)"]]]);
    expect(c.planned.map((p) => [p.check, p.index, p.trust])).toEqual(
      ["rowCount", "notNull(id)", "notNull(n)", "unique(id)", "between(n)", "accepted(s)"].map((n, i) => [n, i, "scan"]),
    );
  });
  test("what was proven reads only the effective rows", () => {
    const checks = [
      rowCount({ min: 1 }),
      notNull("n"),
      unique("id"),
      unique("s"),
      between("n", { max: 9 }),
      accepted("s", ["a"]),
      noRows("q", sql`SELECT 1`),
      maxDrop(0.1),
    ];
    const proven = compile(checks).planned.map((p) => p.id);
    const again = compile(checks, { proven });
    expect(places(again)).toEqual([
      ["live", ["rowCount", "unique(s)", "q", "maxDrop"]],
      ["effective", ["notNull(n)", "unique(id)", "between(n)", "accepted(s)"]],
    ]);
    expect(again.planned.filter((p) => p.trust === "incremental").map((p) => p.check)).toEqual([
      "notNull(n)",
      "unique(id)",
      "between(n)",
      "accepted(s)",
    ]);
    expect(again.planned.map((p) => p.id)).toEqual(proven);
  });
  test("without effective rows everything is read, proven or not", () => {
    const proven = compile([notNull("n")]).planned.map((p) => p.id);
    expect(compile([notNull("n")], { proven, effective: null }).planned[0]?.trust).toBe("scan");
  });
  test.each<[string, Check<string>, Partial<CheckTarget>]>([
    ["another bound", between("n", { max: 8 }), {}],
    ["another column", between("id", { max: 9 }), {}],
    ["another schema", between("n", { max: 9 }), { columns: [...columns, { ...columns[0], name: "more" } as never] }],
  ])("%s is not what was proven", (_, other, more) => {
    const proven = compile([between("n", { max: 9 })]).planned.map((p) => p.id);
    expect(compile([between("n", { max: 9 })], { proven }).planned[0]?.trust).toBe("incremental");
    expect(compile([other], { proven, ...more }).planned[0]?.trust).toBe("scan");
  });
  test("another value among those accepted is not what was proven", () => {
    const proven = compile([accepted("s", ["a", "b"])]).planned.map((p) => p.id);
    expect(compile([accepted("s", ["a"])], { proven }).planned[0]?.trust).toBe("scan");
    expect(compile([accepted("n", [1n, 2n])]).planned[0]?.id).not.toBe(compile([accepted("n", [1n])]).planned[0]?.id);
  });
  test("uniqueness of what is not the key is never taken on trust", () => {
    const twoKeys = { key: ["id", "n"] };
    const ids = compile([unique("n", "id"), unique("id")], twoKeys).planned.map((p) => p.id);
    expect(compile([unique("n", "id"), unique("id")], { ...twoKeys, proven: ids }).planned.map((p) => p.trust)).toEqual([
      "incremental",
      "scan",
    ]);
  });
  test("a warning does not block, an error does", () => {
    const c = compile([notNull(["n"], { severity: "warn" }), notNull("id")]);
    expect(c.groups[0]?.items.map((i) => i.item.blocks)).toEqual([false, true]);
  });
  test("JavaScript checks stand apart, in order", () => {
    const fn = async () => ({ pass: true });
    const c = compile([check("a", fn), notNull("id"), check("b", fn)]);
    expect(c.js.map((j) => [j.op, j.definition.name])).toEqual([
      ["t.check.0", "a"],
      ["t.check.1", "b"],
    ]);
    expect(c.planned.map((p) => p.check)).toEqual(["a", "notNull(id)", "b"]);
  });
  test("noRows looks at the table that it is given", () => {
    const c = compile([noRows("q", sql`SELECT * FROM ${sql.self}`)]);
    const observe = c.groups[0]?.items[0]?.item.observe;
    expect(observe?.of === "query" && inline(observe.sql, words)).toBe("SELECT * FROM live");
  });
});

describe("bounds", () => {
  const limits = (c: Check<string>, more: Partial<CheckTarget> = {}) => {
    const item = compile([c], more).groups[0]?.items[0]?.item;
    return [item?.min?.value ?? null, item?.max?.value ?? null];
  };
  test("a fall is measured exactly: 20 % of 10 rows are 2", () => {
    expect(limits(maxDrop(0.2), { rowsBefore: 10 })).toEqual([8n, null]);
    expect(limits(maxGrowth(0.1), { rowsBefore: 30 })).toEqual([null, 33n]);
    expect(limits(maxDrop(0.15), { rowsBefore: 10 })).toEqual([9n, null]);
    expect(limits(maxDrop(0), { rowsBefore: 10 })).toEqual([10n, null]);
    expect(limits(maxDrop(1), { rowsBefore: 10 })).toEqual([0n, null]);
  });
  test("percentages of any number of rows are free of binary fractions", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000_000 }), fc.integer({ min: 0, max: 100 }), (rows, percent) => {
        const allowed = (BigInt(rows) * BigInt(percent)) / 100n;
        expect(limits(maxDrop(percent / 100), { rowsBefore: rows })).toEqual([BigInt(rows) - allowed, null]);
        expect(limits(maxGrowth(percent / 100), { rowsBefore: rows })).toEqual([null, BigInt(rows) + allowed]);
      }),
    );
  });
  test.each([null, 0])("with %s rows before there is nothing to compare with", (rowsBefore) => {
    const c = compile([maxDrop(0.1)], { rowsBefore });
    expect(c.groups).toEqual([]);
    expect(readChecks(c.planned, {})[0]).toMatchObject({ outcome: "insufficient", observed: null });
  });
  test("per partition: the same ratio, against images or a table", () => {
    const c = compile([maxDrop(0.2, { per: "partition" })], { partition: "d" });
    expect(c.groups[0]?.items[0]?.item).toMatchObject({
      name: "maxDrop per partition",
      max: { value: 0.2 },
      observe: { of: "partition-change", partition: "d", direction: "drop" },
    });
    expect(compile([maxDrop(0.2, { per: "partition" })], { partition: "d", against: null }).groups).toEqual([]);
  });
  test("a bound has the type of its column", () => {
    const item = compile([between("d", { min: "2024-01-01" })]).groups[0]?.items[0]?.item;
    expect(item?.observe).toMatchObject({ of: "outside", min: { value: 19_723, type: "date" }, max: null });
  });
  test("reconcile compares what was staged with what the source says", () => {
    const c = compile([reconcile()], { totals: { rows: 5, sums: { n: 12n } } });
    expect(places(c)).toEqual([["delta", ["reconcile(rows)", "reconcile(n)"]]]);
    expect(c.groups[0]?.items.map((i) => [i.item.min?.value, i.item.max?.value])).toEqual([
      [5n, 5n],
      [12n, 12n],
    ]);
    expect(readChecks(compile([reconcile()]).planned, {})[0]?.outcome).toBe("insufficient");
  });
});

describe("readChecks", () => {
  const planned = (more: Partial<PlannedCheck> = {}): PlannedCheck => ({
    table: "t",
    check: "c",
    severity: "error",
    bound: { max: 0 },
    trust: "scan",
    id: "i",
    what: "rows with NULL in n",
    op: "op",
    index: 0,
    ...more,
  });
  const read = (row: Record<string, unknown> | null, more: Partial<PlannedCheck> = {}) =>
    readChecks([planned(more)], row === null ? {} : { op: [row] })[0];
  test("passes, fails, warns, or has nothing to compare", () => {
    expect(read({ c0: "0", p0: true })).toMatchObject({ outcome: "pass", observed: 0 });
    expect(read({ c0: "3", p0: false })).toMatchObject({
      outcome: "fail",
      observed: 3,
      message: "rows with NULL in n: 3, allowed at most 0",
    });
    expect(read({ c0: "3", p0: false }, { severity: "warn" })?.outcome).toBe("warn");
    expect(read({ c0: null, p0: true })?.outcome).toBe("insufficient");
    expect(read({}, { op: null })?.outcome).toBe("insufficient");
  });
  test("what the block never came to is left out", () => {
    expect(read(null)).toBeUndefined();
  });
  test("each check reads its own place", () => {
    const row = { c0: "0", p0: true, c1: "4", p1: false };
    expect(readChecks([planned({ index: 1 }), planned({ index: 0 })], { op: [row] }).map((r) => r.outcome)).toEqual([
      "fail",
      "pass",
    ]);
  });
  test("numbers that JavaScript cannot hold stay text", () => {
    expect(read({ c0: "12345678901234567890", p0: false })?.observed).toBe("12345678901234567890");
    expect(read({ c0: "-1.25", p0: false })?.observed).toBe(-1.25);
  });
  test.each<[PlannedCheck["bound"], string]>([
    [{ min: 1 }, "at least 1"],
    [{ max: 5 }, "at most 5"],
    [{ min: 1, max: 5 }, "1 to 5"],
    [{ min: 5, max: 5 }, "5"],
  ])("a bound of %j is told as: %s", (bound, text) => {
    expect(read({ c0: "9", p0: false }, { bound })?.message).toContain(`allowed ${text}`);
  });
  test("a check's own words come first", () => {
    expect(read({ c0: "false", p0: false, message: "too many" })?.message).toBe("too many");
  });
  test("results are JSON", () => {
    const r = read({ c0: "3", p0: false });
    expect(JSON.parse(JSON.stringify(r))).toEqual(r);
  });
});
