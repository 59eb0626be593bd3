import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { portable } from "../../src/check/pattern.js";

const spelt = (source: string): string => {
  const found = portable(source);
  if ("problem" in found) throw new Error(found.problem);
  return found.text;
};

describe("patterns that mean the same everywhere", () => {
  test.each([
    ["^[a-z]{2}-\\d+$", "^[a-z]{2}-[0-9]+$"],
    ["a.c", "a[^\n]c"],
    ["(?:ab|c)?", "(ab|c)?"],
    ["\\w\\W\\s", "[0-9A-Za-z_][^0-9A-Za-z_][ \t\n\r\f\v]"],
    ["[\\d.,-]", "[0-9.,\\-]"],
    ["[^\\]^]", "[^\\]\\^]"],
    ["\\$\\.\\/a/b", "\\$\\./a/b"],
    ["}]", "\\}\\]"],
    ["é{2,}|ß{1,3}", "é{2,}|ß{1,3}"],
    ["[☃-☕]😀", "[☃-☕]😀"],
  ])("%s is spelt %s", (source, text) => expect(spelt(source)).toBe(text));

  test.each([
    ["", /empty/],
    ["a|", /empty/],
    ["()", /empty/],
    ["(a", /without its \)/],
    ["a)", /without its \(/],
    ["a*?", /lazy/],
    ["a**", /quantifier after/],
    ["^*", /anchor/],
    ["*a", /nothing before/],
    ["(?=a)", /look/],
    ["(?<!a)b", /look/],
    ["(?<n>a)", /named/],
    ["(?i)a", /flags/],
    ["(a)\\1", /backreference/],
    ["\\bword\\b", /\\b/],
    ["\\p{L}", /\\p/],
    ["\\x41", /\\x/],
    ["a\\", /too early/],
    ["a{", /\{/],
    ["a{x}", /write \\\{/],
    ["a{2,1}", /wrong way/],
    ["a{256}", /255/],
    ["(a{20}){20}", /255/],
    ["[]", /nothing in it/],
    ["[^]", /nothing in it/],
    ["[z-a]", /wrong way/],
    ["[\\d-z]", /no single/],
    ["[a-\\d]", /no single/],
    ["[[:alpha:]]", /\[:alpha:\]/],
    ["[a\\D]", /\\D/],
    ["[ab-c-d]", /range/],
    ["[a", /too early/],
    ["a\0", /no text/],
    ["\ud800", /no text/],
  ])("%s is refused", (source, why) => {
    const found = portable(source);
    expect("problem" in found ? found.problem : "").toMatch(why);
  });

  const leaf = fc.constantFrom("a", "b", "-", "\\d", "\\.", "[ab]", "[^a]", "\\w", "[\\]\\^-]", "\\[", "é");
  const source = fc.letrec<{ whole: string; part: string }>((tie) => ({
    part: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      tie("whole").map((w) => `(${w})`),
      fc.tuple(leaf, fc.constantFrom("*", "+", "?", "{2}", "{1,2}")).map(([l, q]) => l + q),
    ),
    whole: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.array(tie("part"), { minLength: 1, maxLength: 3 }).map((p) => p.join("")),
      fc.tuple(tie("part"), tie("part")).map(([a, b]) => `${a}|${b}`),
      tie("part").map((p) => `^${p}`),
      tie("part").map((p) => `${p}$`),
    ),
  })).whole;
  test("the common spelling finds what JavaScript finds by the pattern", () => {
    fc.assert(
      fc.property(source, fc.string({ unit: fc.constantFrom("a", "b", "0", "-", ".", "]", "^", "[", "é", "\n") }), (p, text) => {
        expect(new RegExp(spelt(p), "u").test(text)).toBe(new RegExp(p).test(text));
      }),
    );
  });
});
