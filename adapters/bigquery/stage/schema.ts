import type { ColumnShape } from "cutover/adapter";
import { fault } from "../errors.js";
import type { Field } from "../link.js";

/** Columns as a table is made with them by the REST API: their native types, and REQUIRED where they are not nullable. */
export const schemaOf = (columns: readonly ColumnShape[]): readonly Field[] => columns.map(fieldOf);

/** A column of a native type as the REST API has it. An array has no NULL of its own, so REPEATED says all. */
export function fieldOf(c: Pick<ColumnShape, "name" | "native" | "nullable">): Field {
  const type = nativeType(c.native);
  return { name: c.name, ...type, ...(type.mode === "REPEATED" ? {} : { mode: c.nullable ? "NULLABLE" : "REQUIRED" }) };
}
/** Whether a native type has parts: no field of a CSV file can hold one. Its text is JSON. */
export const isNested = (native: string): boolean => /^(?:ARRAY|STRUCT|RANGE)\s*</i.test(native.trim());

const words: Readonly<Record<string, string>> = { INTEGER: "INT64", FLOAT: "FLOAT64", BOOLEAN: "BOOL", RECORD: "STRUCT" };

/** The type of a column as DDL writes it: `NUMERIC(10, 2)`, `ARRAY<STRUCT<a INT64>>`. */
export function nativeOf(field: Field): string {
  const type = elementOf(field);
  return field.mode === "REPEATED" ? `ARRAY<${type}>` : type;
}
function elementOf(field: Field): string {
  const word = words[field.type] ?? field.type;
  if (word === "STRUCT") return `STRUCT<${(field.fields ?? []).map((f) => `\`${f.name}\` ${nativeOf(f)}`).join(", ")}>`;
  if (word === "RANGE") return `RANGE<${field.rangeElementType?.type ?? "DATE"}>`;
  // The API leaves a scale of 0 out.
  const digits = field.precision === undefined ? [] : [field.precision, field.scale ?? "0"];
  const sizes = field.maxLength === undefined ? digits : [field.maxLength];
  return sizes.length === 0 ? word : `${word}(${sizes.join(",")})`;
}

type NativeType = Omit<Field, "name">;

/** `NUMERIC(10, 2)`, `ARRAY<STRUCT<a INT64, b STRING(3)>>`. */
function nativeType(native: string): NativeType {
  const reader = new Reader(native);
  const type = typeOf(reader);
  if (!reader.ended) throw unreadable(native);
  return type;
}

function typeOf(r: Reader): NativeType {
  const word = r.take(/[A-Za-z_][A-Za-z_0-9]*/y).toUpperCase();
  if (word === "ARRAY") {
    r.take(/</y);
    const element = typeOf(r);
    r.take(/>/y);
    if (element.mode === "REPEATED") throw unreadable(r.text);
    return { ...element, mode: "REPEATED" };
  }
  if (word === "STRUCT") return { type: "STRUCT", fields: structFields(r) };
  if (word === "RANGE") {
    r.take(/</y);
    const type = r.take(/[A-Za-z]+/y).toUpperCase();
    r.take(/>/y);
    return { type: "RANGE", rangeElementType: { type } };
  }
  const [size, scale] = r.sizes();
  if (size === undefined) return { type: word };
  if (word === "STRING" || word === "BYTES") return { type: word, maxLength: size };
  return { type: word, precision: size, ...(scale === undefined ? {} : { scale }) };
}

function structFields(r: Reader): readonly Field[] {
  const fields: Field[] = [];
  r.take(/</y);
  do {
    const quoted = r.maybe(/`(?:[^`\\]|\\.)*`/y);
    const name = quoted === null ? r.take(/[^\s<>(),`]+/y) : quoted.slice(1, -1).replace(/\\(.)/g, "$1");
    const type = typeOf(r);
    const required = r.maybe(/NOT\s+NULL/iy) !== null;
    fields.push({ name, ...type, ...(type.mode === "REPEATED" ? {} : { mode: required ? "REQUIRED" : "NULLABLE" }) });
  } while (r.maybe(/,/y) !== null);
  r.take(/>/y);
  return fields;
}

const unreadable = (native: string): Error =>
  fault("unsupported", `"${native}" is no column type that can be staged`, "Use another type for the column.");

class Reader {
  readonly text: string;
  private at = 0;
  constructor(text: string) {
    this.text = text;
  }
  maybe(token: RegExp): string | null {
    const space = /\s*/y;
    space.lastIndex = this.at;
    space.exec(this.text);
    token.lastIndex = space.lastIndex;
    const found = token.exec(this.text)?.[0] ?? null;
    if (found !== null) this.at = token.lastIndex;
    return found;
  }
  take(token: RegExp): string {
    const found = this.maybe(token);
    if (found === null) throw unreadable(this.text);
    return found;
  }
  sizes(): readonly (string | undefined)[] {
    return (
      this.maybe(/\(\s*\d+\s*(?:,\s*\d+\s*)?\)/y)
        ?.slice(1, -1)
        .split(",")
        .map((n) => n.trim()) ?? []
    );
  }
  get ended(): boolean {
    return this.maybe(/$/y) !== null;
  }
}
