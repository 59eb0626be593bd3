import { inline, render, type TypedValue } from "cutover/adapter";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bindSelf, ident, join, raw, type Sql, sql, template } from "../../src/sql/sql.js";

const words = {
  ident: (path: readonly string[]): string => path.map((p) => `"${p.replaceAll('"', '""')}"`).join("."),
  literal: ({ value, type }: TypedValue): string => `${type}:${String(value)}`,
};
const bound = (s: Sql) => {
  const { text, values } = render(s, words, (i, v) => `$${i + 1}:${v.type}`);
  return { text, values: values.map((v) => v.value) };
};

describe("values are bound, never pasted", () => {
  test("each JavaScript type as its column type", () => {
    const bytes = new Uint8Array([1]);
    const at = new Date(5);
    const found = bound(sql`${"a"}, ${1}, ${1.5}, ${2n}, ${true}, ${at}, ${bytes}, ${null}`);
    expect(found.text).toBe("$1:string, $2:int64, $3:float64, $4:int64, $5:bool, $6:timestamp, $7:bytes, $8:string");
    expect(found.values).toEqual(["a", 1n, 1.5, 2n, true, 5000n, bytes, null]);
  });
  test("−0, NaN and numbers beyond the safe ones stay floats", () => {
    expect(bound(sql`${-0}, ${Number.NaN}, ${2 ** 53}, ${Number.POSITIVE_INFINITY}`)).toEqual({
      text: "$1:float64, $2:float64, $3:float64, $4:float64",
      values: [-0, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY],
    });
  });
  test("any text: it is a value, and the statement does not change", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(bound(sql`SELECT ${text} AS x`)).toEqual({ text: "SELECT $1:string AS x", values: [text] });
      }),
      { examples: [["'; DROP TABLE t; --"], ["$1"], ["$" + "{x}"], ["\0"]] },
    );
  });
  test("any identifier: quoted by the dialect alone", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 3 }), (path) => {
        expect(bound(sql`SELECT * FROM ${sql.id(...path)}`).text).toBe(`SELECT * FROM ${words.ident(path)}`);
      }),
    );
    expect(bound(sql`${sql.id("a", 'b"; --')}`).text).toBe('"a"."b""; --"');
  });
  test("written out as literals for plans", () => {
    expect(inline(sql`${1} ${"a"} ${sql.id("x")}`, words)).toBe('int64:1 string:a "x"');
    expect(inline(template`${{ resultOf: "t" }}`, words)).toBe("string:{t}");
  });
});

describe("fragments nest", () => {
  test("in order, numbered through", () => {
    const inner = sql`b = ${2} AND ${sql`c = ${3}`}`;
    expect(bound(sql`SELECT ${1} WHERE ${inner} LIMIT ${4}`)).toEqual({
      text: "SELECT $1:int64 WHERE b = $2:int64 AND c = $3:int64 LIMIT $4:int64",
      values: [1n, 2n, 3n, 4n],
    });
  });
  test("to any depth: the text is that of all parts, the values are those of all parts", () => {
    const { tree } = fc.letrec<{ tree: { made: Sql; text: string; values: unknown[] } }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.integer().map((n) => ({ made: sql`v ${n}`, text: "v ?", values: [BigInt(n)] })),
        fc.tuple(tie("tree"), tie("tree")).map(([a, b]) => ({
          made: sql`(${a.made}, ${b.made})`,
          text: `(${a.text}, ${b.text})`,
          values: [...a.values, ...b.values],
        })),
      ),
    }));
    fc.assert(
      fc.property(tree, ({ made, text, values }) => {
        const found = render(made, words, () => "?");
        expect(found.text).toBe(text);
        expect(found.values.map((v) => v.value)).toEqual(values);
      }),
    );
  });
  test("a fragment is used twice", () => {
    const f = sql`x = ${1}`;
    expect(bound(sql`${f} OR ${f}`)).toEqual({ text: "x = $1:int64 OR x = $2:int64", values: [1n, 1n] });
  });
  test("join", () => {
    expect(bound(join([raw("a"), template`${1}`, ident(["b"])], ", ")).text).toBe('a, $1:int64, "b"');
    expect(bound(join([], ", ")).text).toBe("");
    expect(bound(join([raw("a")], ", ")).text).toBe("a");
  });
});

describe("since", () => {
  test("TRUE on the first run, a bound afterwards", () => {
    expect(bound(sql`WHERE ${sql.since("at", undefined)}`)).toEqual({ text: "WHERE TRUE", values: [] });
    expect(bound(sql`WHERE ${sql.since('a"t', 5n)}`)).toEqual({ text: 'WHERE "a""t" >= $1:int64', values: [5n] });
  });
  test("null is a bound, not a first run", () => {
    expect(bound(sql.since("at", null)).values).toEqual([null]);
  });
});

describe("self", () => {
  test("is replaced wherever it stands", () => {
    const q = sql`SELECT * FROM ${sql.self} WHERE id IN (${sql`SELECT id FROM ${sql.self} WHERE n > ${1}`})`;
    expect(bound(bindSelf(q, sql.id("main", "t")))).toEqual({
      text: 'SELECT * FROM "main"."t" WHERE id IN (SELECT id FROM "main"."t" WHERE n > $1:int64)',
      values: [1n],
    });
  });
  test("the SQL given stays as it was", () => {
    const q = sql`SELECT * FROM ${sql.self}`;
    bindSelf(q, sql.id("a"));
    expect(bound(bindSelf(q, sql.id("b"))).text).toBe('SELECT * FROM "b"');
  });
  test("is refused where nothing stands for it", () => {
    expect(() => bound(sql`SELECT * FROM ${sql.self}`)).toThrow(/sql\.self/);
  });
});

describe("what cannot be bound is refused at once", () => {
  test.each<[string, unknown]>([
    ["undefined", undefined],
    ["a function", () => 1],
    ["a symbol", Symbol("s")],
  ])("%s", (_, value) => {
    expect(() => sql`SELECT ${value as string}`).toThrow(/cannot be bound/);
  });
});
