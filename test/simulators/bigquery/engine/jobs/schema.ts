import { z } from "zod";
import { type Catalog, type Column, newColumnId } from "../catalog.js";
import { type SqlType, same, types } from "../datatype.js";
import { bad } from "./target.js";

/** TableFieldSchema as a load job bears it. */
export interface FieldSchema {
  readonly name: string;
  readonly type: string;
  readonly mode?: string | undefined;
  readonly fields?: readonly FieldSchema[] | undefined;
  readonly description?: string | undefined;
  readonly maxLength?: string | undefined;
  readonly precision?: string | undefined;
  readonly scale?: string | undefined;
  readonly defaultValueExpression?: string | undefined;
  readonly policyTags?: { readonly names?: readonly string[] | undefined } | undefined;
  readonly rangeElementType?: { readonly type: string } | undefined;
}

const digits = z.union([z.string(), z.number()]).transform(String).optional();

export const fieldSchema: z.ZodType<FieldSchema> = z.lazy(() =>
  z.object({
    name: z.string(),
    type: z.string(),
    mode: z.string().optional(),
    fields: z.array(fieldSchema).optional(),
    description: z.string().optional(),
    maxLength: digits,
    precision: digits,
    scale: digits,
    defaultValueExpression: z.string().optional(),
    policyTags: z.object({ names: z.array(z.string()).optional() }).optional(),
    rangeElementType: z.object({ type: z.string() }).optional(),
  }),
);

/** Legacy names and those of SQL (REST TableFieldSchema, type). */
const kinds: Readonly<Record<string, SqlType["kind"]>> = {
  INTEGER: "INT64",
  INT64: "INT64",
  FLOAT: "FLOAT64",
  FLOAT64: "FLOAT64",
  NUMERIC: "NUMERIC",
  BIGNUMERIC: "BIGNUMERIC",
  BOOLEAN: "BOOL",
  BOOL: "BOOL",
  STRING: "STRING",
  BYTES: "BYTES",
  DATE: "DATE",
  TIME: "TIME",
  DATETIME: "DATETIME",
  TIMESTAMP: "TIMESTAMP",
  JSON: "JSON",
  GEOGRAPHY: "GEOGRAPHY",
  INTERVAL: "INTERVAL",
  RANGE: "RANGE",
  RECORD: "STRUCT",
  STRUCT: "STRUCT",
};

export function typeOf(field: FieldSchema): SqlType {
  const type = plain(field);
  return field.mode?.toUpperCase() === "REPEATED" ? types.array(type) : type;
}

function plain(field: FieldSchema): SqlType {
  const kind = kinds[field.type.toUpperCase()];
  if (!kind) throw bad(`Invalid value for type: ${field.type} is not a valid value`);
  if (kind === "STRUCT") return types.struct((field.fields ?? []).map((f) => ({ name: f.name, type: typeOf(f) })));
  if (kind === "RANGE") return { kind, element: { kind: kinds[field.rangeElementType?.type ?? ""] ?? "DATE" } };
  const length = field.maxLength === undefined ? {} : { length: Number(field.maxLength) };
  const precision = field.precision === undefined ? {} : { precision: Number(field.precision), scale: Number(field.scale ?? 0) };
  return { kind, ...length, ...precision };
}

export const columnOf = (catalog: Catalog, field: FieldSchema): Column => ({
  id: newColumnId(catalog),
  name: field.name,
  type: typeOf(field),
  required: field.mode?.toUpperCase() === "REQUIRED",
  default: field.defaultValueExpression ?? null,
  description: field.description ?? null,
  policyTags: field.policyTags?.names ?? [],
});

const shown = (type: SqlType): string => (type.kind === "INT64" ? "INTEGER" : type.kind === "FLOAT64" ? "FLOAT" : type.kind);

/** A schema that a job names must be the table's, unless it may replace it (wording: users' issues). */
export function sameSchema(table: string, there: readonly Column[], wanted: readonly Column[], only: "append" | "replace"): void {
  if (only === "replace") return;
  for (const column of wanted) {
    const found = there.find((c) => c.name.toLowerCase() === column.name.toLowerCase());
    if (!found) throw bad(`Provided Schema does not match Table ${table}. Cannot add fields (field: ${column.name})`);
    if (!same(found.type, column.type))
      throw bad(
        `Provided Schema does not match Table ${table}. Field ${column.name} has changed type from ${shown(found.type)} to ${shown(column.type)}`,
      );
    if (found.required !== column.required && !found.required)
      throw bad(`Provided Schema does not match Table ${table}. Field ${column.name} has changed mode from NULLABLE to REQUIRED`);
  }
  const missing = there.find(
    (c) => !c.hidden && c.required && !wanted.some((w) => w.name.toLowerCase() === c.name.toLowerCase()),
  );
  if (missing) throw bad(`Provided Schema does not match Table ${table}. Field ${missing.name} is missing in new schema`);
}
