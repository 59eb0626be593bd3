import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ErrorCode, errorCodes, isCutoverError } from "cutover";
import { CutoverError as AdapterError } from "cutover/adapter";
import { describe, expect, test, vi } from "vitest";
import { CutoverError, located } from "../../src/errors/index.js";

const closed = (): CutoverError<"CLOSED"> => new CutoverError("CLOSED", "it is closed", { pipeline: "p" });

describe("isCutoverError", () => {
  test("by code, by any of some, and without one", () => {
    const e: unknown = closed();
    expect(isCutoverError(e)).toBe(true);
    expect(isCutoverError(e, "CLOSED")).toBe(true);
    expect(isCutoverError(e, "HELD", "CLOSED")).toBe(true);
    expect(isCutoverError(e, "HELD")).toBe(false);
  });
  test.each<[string, unknown]>([
    ["null", null],
    ["undefined", undefined],
    ["text", "CLOSED"],
    ["an Error", new Error("x")],
    ["an object that looks like one", { name: "CutoverError", code: "CLOSED", context: {} }],
  ])("%s is none", (_, e) => {
    expect(isCutoverError(e)).toBe(false);
    expect(isCutoverError(e, "CLOSED")).toBe(false);
  });
  test("an error of another copy of the package is one, where instanceof is not", async () => {
    vi.resetModules();
    const other = await import("../../src/errors/error.js");
    const e = new other.CutoverError("CLOSED", "x", {});
    expect(other.CutoverError).not.toBe(CutoverError);
    expect(e instanceof CutoverError).toBe(false);
    expect(isCutoverError(e, "CLOSED")).toBe(true);
    expect(other.isCutoverError(closed(), "CLOSED")).toBe(true);
  });
  test("the class is one across subpaths", () => {
    expect(AdapterError).toBe(CutoverError);
  });
});

describe("an error", () => {
  test("carries code, context, cause, and is an Error with a stack", () => {
    const cause = new Error("under");
    const e = new CutoverError("HELD", "on hold", { reason: "x", pipeline: "p" }, { cause });
    expect(e).toMatchObject({
      name: "CutoverError",
      code: "HELD",
      message: "on hold",
      cause,
      context: { reason: "x", pipeline: "p" },
    });
    expect(e).toBeInstanceOf(Error);
    expect(e.stack).toContain("errors.test.ts");
    expect("cause" in closed()).toBe(false);
  });
  test("is retryable as its code says, unless it knows better", () => {
    expect(new CutoverError("LEASE_HELD", "x", { owner: "o", expires: "e" }).retryable).toBe(true);
    expect(closed().retryable).toBe(false);
    expect(new CutoverError("CLOSED", "x", {}, { retryable: true }).retryable).toBe(true);
  });
  test("the brand is not shown", () => {
    expect(Object.keys(closed())).not.toContain("cutover.error");
    expect(JSON.parse(JSON.stringify(closed()))).toMatchObject({ code: "CLOSED", context: { pipeline: "p" } });
  });
  test("learns where it happened, and forgets nothing that it knew", () => {
    const e = new CutoverError("HELD", "x", { reason: "r", pipeline: "inner" });
    expect(located(e, { pipeline: "outer", release: 3, table: "t" })).toBe(e);
    expect(e.context).toEqual({ reason: "r", pipeline: "inner", release: 3, table: "t" });
    const other = new Error("x");
    expect(located(other, { pipeline: "p" })).toBe(other);
  });
});

describe("the table of codes", () => {
  test("is complete: every code that the sources throw has its note", () => {
    const sources = ["src", "adapters"].flatMap((dir) => readdirSync(dir, { recursive: true, withFileTypes: true }));
    const text = sources
      .filter((f) => f.name.endsWith(".ts"))
      .map((f) => readFileSync(join(f.parentPath, f.name), "utf8"))
      .join("\n");
    const codes = new Set([...text.matchAll(/new CutoverError(?:<[^>]*>)?\(\s*"([A-Z_]+)"/g)].map((m) => m[1] as ErrorCode));
    expect(codes.size).toBeGreaterThan(15);
    expect([...codes].filter((c) => !(c in errorCodes))).toEqual([]);
    expect(Object.keys(errorCodes).filter((c) => !codes.has(c as ErrorCode))).toEqual([]);
  });
  test.each(Object.entries(errorCodes))("%s says when, what to do, and whether again", (code, note) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    for (const text of [note.when, note.remedy]) expect(text).toMatch(/^.{10,}\.$/s);
    expect(typeof note.retryable).toBe("boolean");
  });
});
