import { describe, expect, test } from "vitest";
import * as z from "zod";
import { z as mini } from "zod/mini";
import type { DeclaredColumn } from "../../src/table/definition.js";
import { isZodObject, zodColumns } from "../../src/table/zod.js";

type Told = [type: string | null, nullable: boolean, js: string];
const tell = (schema: z.core.$ZodType, types = {}): Told => {
  const { columns, untold } = zodColumns(z.object({ c: schema as z.ZodType }), types);
  const c: DeclaredColumn | undefined = columns[0];
  expect(untold).toEqual(c === undefined ? ["c"] : []);
  return c === undefined ? [null, false, ""] : [c.type, c.nullable, c.js];
};
// What `enum Level { low = 1, high = 2 }` compiles to.
const Level = { low: 1, high: 2, 1: "low", 2: "high" } as const;
const Mixed = { a: "a", one: 1, 1: "one" } as const;

describe("each type", () => {
  test.each<[string, z.core.$ZodType, Told]>([
    ["string", z.string(), ["string", false, "exact"]],
    ["email", z.email(), ["string", false, "exact"]],
    ["uuid", z.uuid(), ["string", false, "exact"]],
    ["template literal", z.templateLiteral(["a", z.number()]), ["string", false, "exact"]],
    ["number", z.number(), ["float64", false, "number"]],
    ["int", z.int(), ["int64", false, "number"]],
    ["int32", z.int32(), ["int64", false, "number"]],
    ["uint32", z.uint32(), ["int64", false, "number"]],
    ["float32", z.float32(), ["float64", false, "number"]],
    ["number().int()", z.number().int(), ["int64", false, "number"]],
    ["bigint", z.bigint(), ["int64", false, "bigint"]],
    ["boolean", z.boolean(), ["bool", false, "exact"]],
    ["date", z.date(), ["timestamp", false, "Date"]],
    ["iso.date", z.iso.date(), ["date", false, "exact"]],
    ["iso.time", z.iso.time(), ["time", false, "exact"]],
    ["iso.datetime", z.iso.datetime(), ["timestamp", false, "exact"]],
    ["iso.datetime local", z.iso.datetime({ local: true }), ["datetime", false, "exact"]],
    ["object", z.object({ a: z.string() }), ["json", false, "exact"]],
    ["array", z.array(z.string()), ["json", false, "exact"]],
    ["tuple", z.tuple([z.string()]), ["json", false, "exact"]],
    ["record", z.record(z.string(), z.number()), ["json", false, "exact"]],
    ["enum", z.enum(["a", "b"]), ["string", false, "exact"]],
    ["native enum of numbers", z.enum(Level), ["int64", false, "number"]],
    ["literal text", z.literal("a"), ["string", false, "exact"]],
    ["literals", z.literal(["a", "b"]), ["string", false, "exact"]],
    ["literal integers", z.literal([1, 2]), ["int64", false, "number"]],
    ["literal fractions", z.literal([1, 2.5]), ["float64", false, "number"]],
    ["literal bigint", z.literal(5n), ["int64", false, "bigint"]],
    ["literal boolean", z.literal(true), ["bool", false, "exact"]],
    ["literal or null", z.literal(["a", null]), ["string", true, "exact"]],
  ])("%s", (_, schema, told) => {
    expect(tell(schema)).toEqual(told);
  });
});

describe("around a type", () => {
  test.each<[string, z.core.$ZodType, Told]>([
    ["optional", z.string().optional(), ["string", true, "exact"]],
    ["nullable", z.bigint().nullable(), ["int64", true, "bigint"]],
    ["nullish", z.date().nullish(), ["timestamp", true, "Date"]],
    ["default", z.int().default(5), ["int64", false, "number"]],
    ["optional with default", z.int().optional().default(5), ["int64", false, "number"]],
    ["default, then nullable", z.int().default(5).nullable(), ["int64", true, "number"]],
    ["a default over nullable keeps null", z.int().nullable().default(5), ["int64", true, "number"]],
    ["prefault", z.string().prefault("a"), ["string", false, "exact"]],
    ["catch", z.boolean().catch(false), ["bool", false, "exact"]],
    ["nonoptional", z.string().optional().nonoptional(), ["string", false, "exact"]],
    ["readonly", z.string().readonly(), ["string", false, "exact"]],
    ["branded", z.string().brand<"Id">(), ["string", false, "exact"]],
    ["refined", z.string().refine((s) => s !== ""), ["string", false, "exact"]],
    ["lazy", z.lazy(() => z.bigint()), ["int64", false, "bigint"]],
    [
      "piped: the type that comes out",
      z
        .string()
        .pipe(z.transform((s) => BigInt(s)))
        .pipe(z.bigint()),
      ["int64", false, "bigint"],
    ],
    ["coerced", z.coerce.date(), ["timestamp", false, "Date"]],
    [
      "codec",
      z.codec(z.string(), z.date(), { decode: (s) => new Date(s), encode: (d) => d.toISOString() }),
      ["timestamp", false, "Date"],
    ],
    ["stringbool", z.stringbool(), ["bool", false, "exact"]],
    ["union of one type", z.union([z.literal("a"), z.string()]), ["string", false, "exact"]],
    ["union with null", z.union([z.bigint(), z.null()]), ["int64", true, "bigint"]],
    ["union with undefined", z.union([z.bigint(), z.undefined()]), ["int64", true, "bigint"]],
  ])("%s", (_, schema, told) => {
    expect(tell(schema)).toEqual(told);
  });
});

describe("what zod cannot say", () => {
  test.each<[string, z.core.$ZodType]>([
    ["a transform", z.string().transform((s) => s.length)],
    ["a union of two types", z.union([z.string(), z.number()])],
    ["a union of two forms of one type", z.union([z.int(), z.bigint()])],
    ["an enum of two types", z.enum(Mixed)],
    ["null", z.null()],
    ["a map", z.map(z.string(), z.string())],
    ["a custom", z.custom<string>()],
  ])("%s is untold, unless `types` says it", (_, schema) => {
    expect(tell(schema)[0]).toBeNull();
    expect(tell(schema, { c: "string" })[0]).toBe("string");
  });
  test("`types` wins over what zod says; a Date stays one only as an instant", () => {
    expect(tell(z.number(), { c: "decimal(18,2)" })).toEqual(["decimal(18,2)", false, "number"]);
    expect(tell(z.date(), { c: "datetime" })[0]).toBe("datetime");
    expect(tell(z.date(), { c: "timestamp" })).toEqual(["timestamp", false, "Date"]);
  });
});

describe("zod/mini", () => {
  test.each<[string, z.core.$ZodType, Told]>([
    ["string", mini.string(), ["string", false, "exact"]],
    ["optional", mini.optional(mini.bigint()), ["int64", true, "bigint"]],
    ["nullable", mini.nullable(mini.date()), ["timestamp", true, "Date"]],
    ["int", mini.int(), ["int64", false, "number"]],
    ["default", mini._default(mini.boolean(), true), ["bool", false, "exact"]],
    ["iso.date", mini.iso.date(), ["date", false, "exact"]],
    ["enum", mini.enum(["a"]), ["string", false, "exact"]],
    ["union", mini.union([mini.string(), mini.null()]), ["string", true, "exact"]],
  ])("%s", (_, schema, told) => {
    expect(tell(schema)).toEqual(told);
  });
  test("an object", () => {
    expect(zodColumns(mini.object({ id: mini.bigint(), n: mini.optional(mini.number()) }), {}).columns).toEqual([
      { name: "id", type: "int64", nullable: false, js: "bigint" },
      { name: "n", type: "float64", nullable: true, js: "number" },
    ]);
  });
});

test("only a zod object is one", () => {
  expect([z.object({}), mini.object({}), z.strictObject({})].every(isZodObject)).toBe(true);
  expect([z.string(), { id: "int64" }, null, undefined, "x", z.array(z.object({}))].some(isZodObject)).toBe(false);
});
test("the order of columns is the schema's", () => {
  const names = ["zeta", "alpha", "__proto__x", "Mid"];
  const shape = Object.fromEntries(names.map((n) => [n, z.string()]));
  expect(zodColumns(z.object(shape), {}).columns.map((c) => c.name)).toEqual(names);
});
