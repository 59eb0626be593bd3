import type { Syntax } from "../adapter/syntax.js";
import { CutoverError } from "../errors/index.js";
import { isSql, type ResultRef, type Sql, type SqlPart, type TypedValue } from "./sql.js";

/** A statement as an engine takes it. */
export interface Rendered {
  readonly text: string;
  /** What to bind, in the order in which the placeholders were made. */
  readonly values: readonly TypedValue[];
}

/**
 * SQL as text: identifiers quoted by `syntax`, values handed to `placeholder`, which says what stands in the text.
 * `resolve` turns the result of an earlier operation into text (a variable in a script) or a value to bind.
 */
export function render(
  statement: Sql,
  syntax: Pick<Syntax, "ident">,
  placeholder: (index: number, value: TypedValue) => string,
  resolve: (ref: ResultRef) => string | TypedValue = (ref) => `{${ref.resultOf}}`,
): Rendered {
  const values: TypedValue[] = [];
  const bind = (value: TypedValue): string => {
    values.push(value);
    return placeholder(values.length - 1, value);
  };
  const part = (v: SqlPart): string => {
    if (isSql(v)) return walk(v);
    if (typeof v !== "object" || v === null || v instanceof Date || v instanceof Uint8Array) return bind(typed(v));
    if ("ident" in v) return syntax.ident(v.ident);
    if ("raw" in v) return v.raw;
    if ("self" in v) throw selfUnknown();
    if ("resultOf" in v) {
      const resolved = resolve(v);
      return typeof resolved === "string" ? resolved : bind(resolved);
    }
    return bind(v);
  };
  const walk = (s: Sql): string =>
    s.strings.map((text, i) => (i < s.values.length ? text + part(s.values[i] as SqlPart) : text)).join("");
  return { text: walk(statement), values };
}

function selfUnknown(): CutoverError<"CONFIG"> {
  const message = "sql.self is the table that a check looks at: it is known in noRows() and check() only";
  return new CutoverError("CONFIG", message, { issues: [{ path: "sql.self", message }] });
}

/** SQL with its values written out as literals: for plans, views and engines without parameters. */
export function inline(statement: Sql, syntax: Pick<Syntax, "ident" | "literal">): string {
  return render(
    statement,
    syntax,
    (_index, value) => syntax.literal(value),
    (ref) => syntax.literal({ value: `{${ref.resultOf}}`, type: "string" }),
  ).text;
}

/** The column type that a JavaScript value is bound as. */
export function typed(v: string | number | bigint | boolean | Date | Uint8Array | null): TypedValue {
  if (v === null) return { value: null, type: "string" };
  if (v instanceof Date) return { value: BigInt(v.getTime()) * 1000n, type: "timestamp" };
  if (v instanceof Uint8Array) return { value: v, type: "bytes" };
  if (typeof v === "bigint") return { value: v, type: "int64" };
  if (typeof v === "boolean") return { value: v, type: "bool" };
  if (typeof v === "string") return { value: v, type: "string" };
  return Number.isSafeInteger(v) && !Object.is(v, -0) ? { value: BigInt(v), type: "int64" } : { value: v, type: "float64" };
}
