import { describe, expect, it } from "vitest";
import { parseCsv } from "./binds.js";
import { kindOf, splitStatements } from "./text.js";

describe("splitStatements", () => {
  it.each([
    ["SELECT 1", 1],
    ["SELECT 1;", 1],
    ["SELECT 1; ; ", 1],
    ["SELECT ';' ; SELECT 2", 2],
    ["SELECT 'it''s; \\'; x' AS \"a;\"\"b\"", 1],
    ["SELECT $$ ; $$", 1],
    ["-- one;\nSELECT 1 /* ; */", 1],
    ["// nothing", 0],
    ["", 0],
    ["SELECT 'open ; ", 1],
  ])("finds in %j %d", (sql, count) => {
    expect(splitStatements(sql)).toHaveLength(count);
  });
});

describe("kindOf", () => {
  it.each([
    ["select 1", "SELECT"],
    ["  -- PUT\n/* GET */ (SELECT 1)", "SELECT"],
    ["merge into t", "MERGE"],
    ["", ""],
  ])("of %j is %j", (sql, kind) => {
    expect(kindOf(sql)).toBe(kind);
  });
});

describe("the driver's CSV of binds", () => {
  it("tells an empty field from an empty text, and keeps quotes, commas and lines", () => {
    expect(parseCsv('1,,""\n"a""b,c\nd",x,\n')).toEqual([
      ["1", null, ""],
      ['a"b,c\nd', "x", null],
    ]);
    expect(parseCsv("a\nb")).toEqual([["a"], ["b"]]);
  });

  // one column that is NULL is an empty line
  it("keeps a row of one NULL", () => {
    expect(parseCsv("a\n\nb\n")).toEqual([["a"], [null], ["b"]]);
  });
});
