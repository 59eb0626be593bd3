import type { $ZodObject, $ZodType } from "zod/v4/core";
import type { DeclaredColumn, JsKind } from "./definition.js";
import type { ColumnType } from "./types.js";

/** What zod says about a column; `type` is null where it cannot say one. */
interface Told {
  readonly type: ColumnType | null;
  readonly nullable: boolean;
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
    case "nullable":
      return { ...tellInner(def), nullable: true };
    case "default":
    case "prefault":
    case "catch":
    case "nonoptional":
      return { ...tellInner(def), nullable: false };
    case "readonly":
      return tellInner(def);
    case "lazy":
      return def.getter === undefined ? unknown : tell(def.getter());
    case "pipe":
      return def.out === undefined ? unknown : tell(def.out);
    case "string":
      return told(stringType(def), "exact");
    case "number":
      return told(integers.has(def.format ?? "") ? "int64" : "float64", "number");
    case "enum":
      return ofValues(Object.values(def.entries ?? {}));
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
const unknown: Told = { type: null, nullable: false, js: "exact" };
const told = (type: ColumnType, js: JsKind): Told => ({ type, nullable: false, js });
const tellInner = (def: Def): Told => (def.innerType === undefined ? unknown : tell(def.innerType));
function stringType(def: Def): ColumnType {
  if (def.format === "datetime") return def.local ? "datetime" : "timestamp";
  return formats[def.format ?? ""] ?? "string";
}
function ofValues(values: readonly unknown[]): Told {
  const nullable = values.includes(null);
  const rest = values.filter((v) => v !== null);
  const all = (kind: string): boolean => rest.length > 0 && rest.every((v) => typeof v === kind);
  if (all("string")) return { type: "string", nullable, js: "exact" };
  if (all("bigint")) return { type: "int64", nullable, js: "bigint" };
  if (all("boolean")) return { type: "bool", nullable, js: "exact" };
  if (all("number")) return { type: rest.every(Number.isSafeInteger) ? "int64" : "float64", nullable, js: "number" };
  return { ...unknown, nullable };
}
function ofUnion(options: readonly Told[]): Told {
  const first = options.find((o) => o.type !== null);
  if (first === undefined || options.some((o) => o.type !== null && (o.type !== first.type || o.js !== first.js))) return unknown;
  return { ...first, nullable: options.some((o) => o.nullable) };
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
      : [{ name, type, nullable: t.nullable, js: t.js === "Date" && type !== "timestamp" ? "exact" : t.js }];
  });
  return {
    columns,
    untold: entries.filter(([name, t]) => t.type === null && own(types, name) === undefined).map(([name]) => name),
  };
}
