import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { capabilities } from "../../adapters/duckdb/capabilities.js";
import type { Capabilities } from "../../src/adapter/capabilities.js";
import type { ColumnShape } from "../../src/adapter/shapes.js";
import { besideLive, besidePrefix, digest, ledgerNames, schemaOf } from "../../src/ledger/names.js";
import { readJson, tableKey, writeJson } from "../../src/ledger/portable.js";
import { milliseconds } from "../../src/pipeline/duration.js";
import { findColumn, resolveName } from "../../src/table/resolve.js";

const home = ["db", "main"];
const hostile = fc.oneof(
  fc.string({ unit: "binary", minLength: 1 }),
  fc.constantFrom("a b", "A_B", "a-b", "a_b", "ä", "😀", 'a"b', "a'b", "__proto__", "a".repeat(500)),
);
const last = (ref: { readonly path: readonly string[] }): string => ref.path.at(-1) ?? "";

describe("names in the ledger", () => {
  const of = (pipeline: string) => ledgerNames(home, "cutover_ledger", pipeline);
  test("stand in the ledger's schema of the same database", () => {
    const n = of("orders");
    expect(n.schema.path).toEqual(["db", "cutover_ledger"]);
    for (const ref of [n.journal, n.turn, n.claims, n.lease, n.delta("t", 1, "0r"), n.changes("t", "x"), n.scratch("t", 1)]) {
      expect(ref.path.slice(0, -1)).toEqual(["db", "cutover_ledger"]);
    }
  });
  test("are plain and short, whatever the pipeline and the table are called", () => {
    fc.assert(
      fc.property(hostile, hostile, (pipeline, table) => {
        const n = of(pipeline);
        for (const ref of [
          n.lease,
          n.delta(table, 999_999, "0i"),
          n.changes(table, digest("s")),
          n.scratch(table, 999_999),
          besideLive([table], "candidate", 999_999),
        ]) {
          expect(last(ref)).toMatch(/^[a-z_][a-z0-9_]{0,62}$/);
        }
      }),
    );
  });
  test("are different for different pipelines and tables, also by case and punctuation alone", () => {
    fc.assert(
      fc.property(hostile, hostile, (a, b) => {
        fc.pre(a !== b);
        expect(last(of(a).lease)).not.toBe(last(of(b).lease));
        expect(last(of("p").delta(a, 1, "0r"))).not.toBe(last(of("p").delta(b, 1, "0r")));
        expect(last(of("p").changes(a, "x"))).not.toBe(last(of("p").changes(b, "x")));
        expect(last(besideLive([a], "before", 1))).not.toBe(last(besideLive([b], "before", 1)));
      }),
      {
        examples: [
          ["a b", "a_b"],
          ["Orders", "orders"],
          ["ä", "ö"],
        ],
      },
    );
  });
  test("are the same tomorrow", () => {
    expect(last(of("Orders!").lease)).toBe(last(of("Orders!").lease));
    expect(last(of("p").delta("t", 3, "0f")).startsWith(of("p").deltas)).toBe(true);
    expect(last(of("p").scratch("t", 3)).startsWith(of("p").deltas)).toBe(true);
    expect(last(besideLive(["m", "t"], "undone", 3)).startsWith(besidePrefix(["m", "t"]))).toBe(true);
  });
  test("the deltas of a pipeline never begin like those of another", () => {
    fc.assert(
      fc.property(hostile, hostile, (a, b) => {
        fc.pre(a !== b);
        expect(last(of(b).delta("t", 1, "0r")).startsWith(of(a).deltas)).toBe(false);
        expect(besidePrefix([b]).startsWith(besidePrefix([a]))).toBe(false);
      }),
      {
        examples: [
          ["p", "p_1"],
          ["orders", "orders_1"],
        ],
      },
    );
  });
  test("whole tables stand beside live, release by release", () => {
    expect(besideLive(["db", "main", "Orders"], "before", 7).path.slice(0, 2)).toEqual(["db", "main"]);
    const all = (["candidate", "before", "undone"] as const).flatMap((w) => [1, 11].map((r) => last(besideLive(["t"], w, r))));
    expect(new Set(all).size).toBe(6);
  });
  test("a schema is named by its columns and their order, generated ones left out", () => {
    const c = (name: string, native = "BIGINT", generated = false): ColumnShape => ({
      name,
      native,
      type: "int64",
      nullable: true,
      generated,
    });
    const base = schemaOf([c("a"), c("b")]);
    expect(schemaOf([c("a"), c("b"), c("g", "BIGINT", true)])).toBe(base);
    for (const other of [[c("b"), c("a")], [c("a")], [c("a"), c("b", "INTEGER")], [c("a"), c("B")], [c("ab")]])
      expect(schemaOf(other)).not.toBe(base);
  });
});

describe("resolveName", () => {
  const folding = (fold: Capabilities["identifiers"]["fold"]): Capabilities => ({
    ...capabilities,
    identifiers: { ...capabilities.identifiers, fold },
  });
  test.each<[string | readonly [string, ...string[]], Capabilities["identifiers"]["fold"], string[]]>([
    ["Orders", "none", ["db", "main", "Orders"]],
    ["Orders", "upper", ["db", "main", "ORDERS"]],
    ["Orders", "lower", ["db", "main", "orders"]],
    ['"Orders"', "upper", ["db", "main", "Orders"]],
    ["raw.Orders", "upper", ["db", "RAW", "ORDERS"]],
    ['raw."or.ders"', "lower", ["db", "raw", "or.ders"]],
    ['"a""b".c', "none", ["db", 'a"b', "c"]],
    ["other.raw.orders", "none", ["other", "raw", "orders"]],
    [["Orders"], "upper", ["db", "main", "Orders"]],
    [["raw", "or.ders"], "upper", ["db", "raw", "or.ders"]],
    [["x", "y", "z"], "lower", ["x", "y", "z"]],
  ])("%s, folded %s", (name, fold, path) => {
    expect(resolveName(name, home, folding(fold)).path).toEqual(path);
  });
  test("any tuple is exact", () => {
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 3, maxLength: 3 }), (parts) => {
        expect(resolveName(parts as [string], home, folding("upper")).path).toEqual(parts);
      }),
    );
  });
  test("any quoted name is exact", () => {
    fc.assert(
      fc.property(hostile, (name) => {
        expect(last(resolveName(`main."${name.replaceAll('"', '""')}"`, home, folding("upper")))).toBe(name);
      }),
    );
  });
  test("the key of a table tells tables apart as the engine does", () => {
    const key = (path: string[], sensitive: boolean) => tableKey(path, "db", sensitive);
    expect(key(["db", "A", "b"], false)).toBe(key(["db", "a", "B"], false));
    expect(key(["db", "A", "b"], true)).not.toBe(key(["db", "a", "b"], true));
    expect(key(["db", "a.b", "c"], true)).not.toBe(key(["db", "a", "b.c"], true));
    expect(key(["other", "main", "t"], true)).not.toBe(key(["db", "main", "t"], true));
  });
  test("a column is found exactly first, then by case where that does not matter", () => {
    const columns = ["id", "ID", "Name"].map((name) => ({ name, type: "int64", nullable: true, native: "BIGINT" }) as const);
    const [any, upper] = [{ fold: "none", caseSensitive: false } as const, { fold: "upper", caseSensitive: true } as const];
    expect(findColumn(columns, "ID", any)?.name).toBe("ID");
    expect(findColumn(columns, "name", any)?.name).toBe("Name");
    expect(findColumn(columns, "name", upper)).toBeUndefined();
    expect(findColumn(columns, "constructor", any)).toBeUndefined();
    // As unquoted names in SQL: `orders.id` is the column ID there.
    expect(findColumn(columns.slice(1), "id", upper)?.name).toBe("ID");
    expect(findColumn(columns, "id", upper)?.name).toBe("id");
    expect(findColumn(columns.slice(0, 1), "ID", { fold: "lower", caseSensitive: true })?.name).toBe("id");
  });
});

describe("the journal's text in another database", () => {
  test("paths follow the database; the key of a table stays", () => {
    const text = writeJson({ path: ["old", "main", "t"], elsewhere: ["x", "main", "t"] }, "old");
    expect(readJson(text, "new")).toEqual({ path: ["new", "main", "t"], elsewhere: ["x", "main", "t"] });
    expect(tableKey(["old", "main", "t"], "old", true)).toBe(tableKey(["new", "main", "t"], "new", true));
  });
  test("in the same database everything is read as it was", () => {
    fc.assert(
      fc.property(fc.jsonValue(), hostile, (value, database) => {
        expect(readJson(writeJson(value, database), database)).toEqual(value);
      }),
      {
        examples: [
          [["db", "a"], "db"],
          [{ k: ["db"] }, "db"],
        ],
      },
    );
  });
  test("the columns of a key are no path, even when the first is called like the database", () => {
    const undo = { kind: "images", changes: ["sales", "cutover_ledger", "changes"], key: ["sales", "line"] };
    const read = readJson(writeJson(undo, "sales"), "sales_copy");
    expect(read).toEqual({ kind: "images", changes: ["sales_copy", "cutover_ledger", "changes"], key: ["sales", "line"] });
  });
});

describe("durations", () => {
  test.each<[unknown, number]>([
    [0, 0],
    [1.5, 1.5],
    ["250ms", 250],
    ["1.5s", 1500],
    ["10m", 600_000],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
    ["0s", 0],
  ])("%s", (d, ms) => {
    expect(milliseconds(d)).toBe(ms);
  });
  test.each([
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    "",
    "5",
    "5 m",
    "m",
    "-5m",
    "1e3s",
    "5M",
    "5min",
    " 5m",
    "5m ",
    null,
    undefined,
    {},
    5n,
  ])("%s is none", (d) => {
    expect(milliseconds(d)).toBeNull();
  });
});
