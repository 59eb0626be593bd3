import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DifferencePart } from "../../src/adapter/steps.js";
import { emptyState, type Kept, type State } from "../../src/ledger/state.js";
import { differenceParts, reversed } from "../../src/plan/difference.js";

type Kind = "images" | "fill" | "swap" | "untouched";
const is = { path: [], rows: 0, sum: "0", hash: "h", watermark: null, proven: [], changes: null, sinceScan: 0 };
const live = ["live"];

/** Release 1, 2, … of the kinds given. A swap keeps the version before it as `v<n−1>`. */
function state(kinds: readonly Kind[], numbers: readonly number[] = kinds.map((_, i) => i + 1)): State {
  const kept = kinds.map((kind, i): Kept => {
    const release = numbers[i] ?? 0;
    const undo = {
      images: { kind: "images" as const, changes: ["changes"], key: ["id"], before: 1, after: 1 },
      fill: { kind: "fill" as const },
      swap: { kind: "swap" as const, kept: [`v${i}`], fingerprint: null },
    };
    return {
      release,
      previous: i === 0 ? 0 : (numbers[i - 1] ?? 0),
      at: "",
      strategy: "in-place",
      tables: kind === "untouched" ? {} : { t: { was: null, is, undo: undo[kind] } },
    };
  });
  return { ...emptyState, live: numbers.at(-1) ?? 0, kept };
}
const told = (parts: readonly DifferencePart[] | null): string[] | null =>
  parts === null
    ? null
    : parts.map(
        (p) => `${p.sign === 1 ? "+" : "-"}${"table" in p ? p.table.path.join(".") : `${p.changes.path.join(".")}@${p.release}`}`,
      );
const parts = (kinds: readonly Kind[], from: number, to: number) => told(differenceParts(state(kinds), "t", live, from, to));

describe("what makes up a difference", () => {
  test.each<[string, Kind[], number, number, string[] | null]>([
    ["images in between", ["fill", "images", "images", "images"], 1, 3, ["+changes@2", "+changes@3"]],
    ["releases that did not touch the table", ["fill", "images", "untouched", "images"], 1, 3, ["+changes@2"]],
    ["nothing in between", ["fill", "untouched"], 1, 2, []],
    ["from before the first load", ["fill"], 0, 1, ["+live"]],
    ["from before the first load to an older release", ["fill", "images", "images"], 0, 2, ["+live", "-changes@3"]],
    ["across a swap that is live", ["fill", "swap"], 1, 2, ["+live", "-v1"]],
    ["across a swap, images before and after it", ["fill", "images", "swap", "images"], 1, 4, ["+live", "-v2", "+changes@2"]],
    ["across a swap, to just after it", ["fill", "images", "swap", "images"], 1, 3, ["+live", "-changes@4", "-v2", "+changes@2"]],
    ["between two swaps", ["fill", "swap", "images", "swap"], 1, 3, ["+v3", "-v1"]],
    ["between two swaps, to before the images", ["fill", "swap", "images", "swap"], 1, 2, ["+v3", "-changes@3", "-v1"]],
    ["images between two swaps", ["fill", "swap", "images", "swap"], 2, 3, ["+changes@3"]],
  ])("%s", (_, kinds, from, to, expected) => {
    expect(parts(kinds, from, to)).toEqual(expected);
  });
  test("a swap into a place where no table was: all of live is new", () => {
    const s = state(["swap", "images"]);
    const none: State = {
      ...s,
      kept: s.kept.map((k, i) =>
        i === 0 ? { ...k, tables: { t: { was: null, is, undo: { kind: "swap", kept: null, fingerprint: null } } } } : k,
      ),
    };
    expect(told(differenceParts(none, "t", live, 0, 2))).toEqual(["+live"]);
  });
  test("the order is that of publication: a release opened earlier may be published later", () => {
    const late = state(["fill", "images", "images", "images"], [1, 2, 4, 3]);
    expect(told(differenceParts(late, "t", live, 2, 3))).toEqual(["+changes@4", "+changes@3"]);
    expect(told(differenceParts(late, "t", live, 4, 3))).toEqual(["+changes@3"]);
    expect(told(differenceParts(late, "t", live, 0, 4))).toEqual(["+live", "-changes@3"]);
  });
  test("the other way round every sign is the other one", () => {
    const there = differenceParts(state(["fill", "images", "swap", "images"]), "t", live, 1, 4) ?? [];
    expect(told(reversed(there))).toEqual(["-live", "+v2", "-changes@2"]);
    expect(reversed(reversed(there))).toEqual(there);
  });
});

test("the parts add up to `to` less `from`, whatever lies between", () => {
  // Each release adds its own number to the table; a version is the sum of all before.
  const kinds = fc
    .array(fc.constantFrom<Kind>("images", "swap", "untouched", "fill"), { minLength: 1, maxLength: 6 })
    .map((list): Kind[] => {
      // A fill makes rows where none are: only the first that touches the table can be one.
      const first = list.findIndex((k) => k !== "untouched");
      return list.map((k, i) => (i === first ? "fill" : k === "fill" ? "images" : k));
    });
  fc.assert(
    fc.property(kinds, fc.nat(), fc.nat(), (list, a, b) => {
      const amount = (r: number): number => (list[r - 1] === "untouched" ? 0 : 10 ** (r - 1));
      const version = (r: number): number => Array.from({ length: r }, (_, i) => amount(i + 1)).reduce((x, y) => x + y, 0);
      const [from, to] = [a % (list.length + 1), b % (list.length + 1)].sort((x, y) => x - y) as [number, number];
      const found = differenceParts(state(list), "t", live, from, to);
      expect(found).not.toBeNull();
      const value = (p: DifferencePart): number => {
        if (!("table" in p)) return amount(p.release);
        const name = p.table.path[0] ?? "";
        return name === "live" ? version(list.length) : version(Number(name.slice(1)));
      };
      expect((found ?? []).reduce((sum, p) => sum + p.sign * value(p), 0)).toBe(version(to) - version(from));
    }),
    { numRuns: 500 },
  );
});
