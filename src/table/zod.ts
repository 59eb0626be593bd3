import type { $ZodObject, $ZodType } from "zod/v4/core";
import type { DeclaredColumn, JsKind } from "./definition.js";
import type { ColumnType } from "./types.js";

/** What zod says about a column; `type` is null where it cannot say one. */
interface Told {
  readonly type: ColumnType | null;
  /** NULL may come in, or nothing may. */
  readonly nullable: boolean;
  readonly optional: boolean;
  readonly js: JsKind;
}
/** The parts of a zod definition that are read here; every zod 4 schema, classic or mini, has them. */
interface Def {
  readonly type: string;
  readonly format?: string;
  readonly local?: boolean;
  readonly innerType?: $ZodType;
  readonly out?: $ZodType;
  readonly values?: readonly unknown[];
  readonly checks?: readonly { readonly _zod: { readonly def: object } }[];
  readonly entries?: Readonly<Record<string, string | number>>;
  readonly options?: readonly $ZodType[];
  readonly getter?: () => $ZodType;
}
const defOf = (schema: $ZodType): Def => schema._zod.def as Def;

const plain: Readonly<Record<string, readonly [ColumnType, JsKind]>> = {
  bigint: ["int64", "bigint"],
  boolean: ["bool", "exact"],
  date: ["timestamp", "Date"],
  object: ["json", "exact"],
  array: ["json", "exact"],
  tuple: ["json", "exact"],
  record: ["json", "exact"],
  any: ["json", "exact"],
  unknown: ["json", "exact"],
  template_literal: ["string", "exact"],
};
const formats: Readonly<Record<string, ColumnType>> = { date: "date", time: "time" };
const integers = new Set(["safeint", "int32", "uint32"]);

function tell(schema: $ZodType): Told {
  const def = defOf(schema);
  switch (def.type) {
    case "optional":
      return { ...tellInner(def), optional: true };
    case "nullable":
      return { ...tellInner(def), nullable: true };
    case "default":
    case "prefault":
    case "nonoptional":
      return { ...tellInner(def), optional: false };
    case "null":
      return { ...unknown, nullable: true };
    case "undefined":
    case "void":
      return { ...unknown, optional: true };
    case "catch":
    case "readonly":
      return tellInner(def);
    case "lazy":
      return def.getter === undefined ? unknown : tell(def.getter());
    case "pipe":
      return def.out === undefined ? unknown : tell(def.out);
    case "string":
      return told(stringType(def), "exact");
    case "number":
      return told(isInteger(def) ? "int64" : "float64", "number");
    case "enum":
      return ofValues(enumValues(def.entries ?? {}));
    case "literal":
      return ofValues(def.values ?? []);
    case "union":
      return ofUnion((def.options ?? []).map(tell));
    default: {
      const known = plain[def.type];
      return known === undefined ? unknown : told(...known);
    }
  }
}
const unknown: Told = { type: null, nullable: false, optional: false, js: "exact" };
const told = (type: ColumnType, js: JsKind): Told => ({ ...unknown, type, js });
/** Said by the format (`z.int()`) or by a check (`z.number().int()`). */
const isInteger = (def: Def): boolean =>
  [def.format, ...(def.checks ?? []).map((c) => (c._zod.def as { readonly format?: string }).format)].some((f) =>
    integers.has(f ?? ""),
  );
/** A numeric enum of TypeScript has its names as values too, under its numbers. */
const enumValues = (entries: Readonly<Record<string, string | number>>): readonly unknown[] => {
  const numbers = new Set(
    Object.values(entries)
      .filter((v) => typeof v === "number")
      .map(String),
  );
  return Object.entries(entries).flatMap(([k, v]) => (numbers.has(k) ? [] : [v]));
};
const tellInner = (def: Def): Told => (def.innerType === undefined ? unknown : tell(def.innerType));
function stringType(def: Def): ColumnType {
  if (def.format === "datetime") return def.local ? "datetime" : "timestamp";
  return formats[def.format ?? ""] ?? "string";
}
function ofValues(values: readonly unknown[]): Told {
  const base = { ...unknown, nullable: values.includes(null), optional: values.includes(undefined) };
  const rest = values.filter((v) => v !== null && v !== undefined);
  const all = (kind: string): boolean => rest.length > 0 && rest.every((v) => typeof v === kind);
  if (all("string")) return { ...base, type: "string" };
  if (all("bigint")) return { ...base, type: "int64", js: "bigint" };
  if (all("boolean")) return { ...base, type: "bool" };
  if (all("number")) return { ...base, type: rest.every(Number.isSafeInteger) ? "int64" : "float64", js: "number" };
  return base;
}
function ofUnion(options: readonly Told[]): Told {
  const base = { ...unknown, nullable: options.some((o) => o.nullable), optional: options.some((o) => o.optional) };
  const typed = options.filter((o) => o.type !== null || !(o.nullable || o.optional));
  const first = typed[0];
  if (first === undefined || typed.some((o) => o.type !== first.type || o.js !== first.js)) return base;
  return { ...base, type: first.type, js: first.js };
}

/** Columns may be named like something that every object inherits. */
export const own = <V>(record: Readonly<Record<string, V>>, name: string): V | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;

export const isZodObject = (columns: unknown): columns is $ZodObject =>
  typeof columns === "object" && columns !== null && "_zod" in columns && defOf(columns as $ZodType).type === "object";

/** The columns that a zod object declares; `types` says what zod cannot. Names without a type are `untold`. */
export function zodColumns(
  schema: $ZodObject,
  types: Readonly<Record<string, ColumnType>>,
): { readonly columns: readonly DeclaredColumn[]; readonly untold: readonly string[] } {
  const entries = Object.entries(schema._zod.def.shape).map(([name, s]) => [name, tell(s)] as const);
  const columns = entries.flatMap(([name, t]): DeclaredColumn[] => {
    const type = own(types, name) ?? t.type;
    return type === null
      ? []
      : [{ name, type, nullable: t.nullable || t.optional, js: t.js === "Date" && type !== "timestamp" ? "exact" : t.js }];
  });
  return {
    columns,
    untold: entries.filter(([name, t]) => t.type === null && own(types, name) === undefined).map(([name]) => name),
  };
}
