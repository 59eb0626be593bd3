import { bare, type SqlType, shown, types, type Value } from "../datatype.js";
import { invalid } from "../errors.js";
import { parseJson, write } from "../json.js";
import type { Token } from "../lex.js";
import { text } from "../store.js";
import { literal } from "../values.js";
import { constantEx, parseLiteral } from "./coerce.js";
import { type Ex, lookUp, use, type X } from "./model.js";

export function literalOf(value: Value, type: SqlType | null, at: Token): Ex {
  if (type === null) return { sql: "NULL", type: types.int64, untyped: true, constant: null };
  if (type.kind === "INT64") {
    const n = value as bigint;
    if (n < -(2n ** 63n) || n >= 2n ** 63n) throw invalid(`Invalid integer literal: ${n}`, at);
  }
  if (typeof value !== "string" || type.kind === "STRING") return constantEx(value, type);
  if (type.kind === "JSON") {
    try {
      return { sql: text(write(parseJson(value, "round"))), type };
    } catch (error) {
      throw invalid(`Invalid JSON literal: ${error instanceof Error ? error.message : ""}`, at);
    }
  }
  const read = parseLiteral(value, type);
  if (read === undefined) throw invalid(`Invalid ${type.kind} literal`, at);
  // Its type is given, so it does not coerce as a literal without one does.
  return { sql: literal(read, type), type };
}

export function parameter(x: X, name: string | null, index: number, at: Token): Ex {
  const found = name === null ? x.env.parameters.positional[index] : x.env.parameters.named.get(name.toLowerCase());
  if (!found)
    throw name === null
      ? invalid("Query parameter number is out of range", at)
      : invalid(`Query parameter '${name}' not found`, at);
  return { sql: literal(found.value, found.type), type: bare(found.type), constant: found.value };
}

/** A path: a column, a row, a variable, and fields of them. */
export function named(x: X, path: readonly string[], at: Token): Ex {
  const found = lookUp(x.scope, path, at);
  const first = path[0] ?? "";
  let made: Ex;
  let taken = 1;
  if (!found) {
    const alias = aliasFrom(x, first);
    const variable = x.env.variables.get(first.toLowerCase());
    if (alias) made = alias;
    else if (variable) made = { sql: literal(variable.value, variable.type), type: bare(variable.type) };
    else throw invalid(`Unrecognized name: ${first}`, at);
  } else {
    taken = found.taken;
    if (found.row) {
      const visible = found.row.columns.filter((c) => !c.hidden);
      for (const c of visible) use(c);
      note(x, found.scope, first, at);
      made = rowOf(visible.map((c) => ({ name: c.name, sql: c.sql, type: c.type })));
      made = { ...made, name: first };
    } else {
      use(found.column);
      note(x, found.scope, path.slice(0, taken).join("."), at);
      made = { sql: found.column.sql, type: bare(found.column.type), name: found.column.name ?? first };
    }
  }
  for (const step of path.slice(taken)) made = fieldOf(made, step, at);
  return made;
}

function aliasFrom(x: X, name: string): Ex | null {
  for (let s = x.scope; s; s = s.outer) {
    const found = s.aliases?.get(name.toLowerCase());
    if (found) return found;
  }
  return null;
}

function note(x: X, scope: unknown, name: string, at: Token): void {
  if (x.grouping && x.grouping.scope === scope && !x.inAggregate) x.grouping.free.push({ name, at });
}

export const rowOf = (fields: readonly { readonly name: string | null; readonly sql: string; readonly type: SqlType }[]): Ex => ({
  sql: fields.length === 0 ? "struct_pack(f0 := 0)" : `struct_pack(${fields.map((f, k) => `f${k} := ${f.sql}`).join(", ")})`,
  type: types.struct(fields.map((f) => ({ name: f.name, type: bare(f.type) }))),
});

export function fieldOf(a: Ex, name: string, at: Token): Ex {
  if (a.type.kind === "JSON")
    return { sql: `bq_json_member(${a.sql}, ${text(`$.${JSON.stringify(name)}`)})`, type: types.json, name };
  if (a.type.kind !== "STRUCT") throw invalid(`Cannot access field ${name} on a value with type ${shown(a.type)}`, at);
  const found = (a.type.fields ?? []).flatMap((f, k) => (f.name?.toLowerCase() === name.toLowerCase() ? [k] : []));
  if (found.length > 1) throw invalid(`Struct field name ${name} is ambiguous`, at);
  const k = found[0];
  if (k === undefined) throw invalid(`Field name ${name} does not exist in ${shown(a.type)}`, at);
  const f = a.type.fields?.[k];
  return { sql: `struct_extract(${a.sql}, 'f${k}')`, type: f?.type as SqlType, name: f?.name ?? name };
}
