import { bare, held, type SqlType, shown, types, type Value } from "../datatype.js";
import { invalid } from "../errors.js";
import type { Token } from "../lex.js";
import { parseJson, write } from "../json.js";
import { text } from "../store.js";
import { literal } from "../values.js";
import type { Expr } from "./ast.js";
import { call } from "./call.js";
import { asText, cast, coerce, constantEx, decimalCall, isNumber, parseLiteral, together, typeName } from "./coerce.js";
import { extract } from "./dates.js";
import { once } from "./once.js";
import { type Ex, fresh, lookUp, newScope, type Rows, use, within, type X } from "./model.js";

/** Finds out what an expression's names mean and its type, and writes it for DuckDB. */
export function analyze(x: X, e: Expr): Ex {
  const known = x.grouping?.nodes.get(e);
  if (known && !x.inAggregate) return known;
  const before = x.grouping?.free.length ?? 0;
  const made = analyzed(x, e);
  // A whole expression that is grouped by may name its columns.
  if (x.grouping && x.grouping.keys.has(made.sql)) x.grouping.free.length = before;
  return made;
}

const yes = (sql: string): Ex => ({ sql, type: types.bool });

export function bool(x: X, e: Expr, where: string): Ex {
  const made = analyze(x, e);
  const coerced = coerce(made, types.bool, e.at);
  if (!coerced) throw invalid(`${where} should return type BOOL, but returns ${shown(made.type)}`, e.at);
  return coerced;
}

function operand(x: X, e: Expr, op: string): Ex {
  const made = analyze(x, e);
  const coerced = coerce(made, types.bool, e.at);
  if (!coerced) throw invalid(`No matching signature for operator ${op} for argument types: ${typeName(made)}`, e.at);
  return coerced;
}

function analyzed(x: X, e: Expr): Ex {
  switch (e.k) {
    case "literal":
      return literalOf(e.value, e.type, e.at);
    case "name":
      return named(x, e.path, e.at);
    case "parameter":
      return parameter(x, e.name, e.index, e.at);
    case "system": {
      const found = x.env.system(e.name);
      if (!found) throw invalid(`Unrecognized name: @@${e.name}`, e.at);
      return { sql: literal(found.value, found.type), type: bare(found.type) };
    }
    case "call":
      return call(x, e);
    case "unary":
      return unary(x, e.op, e.a, e.at);
    case "binary":
      return binary(x, e.op, e.a, e.b, e.at);
    case "is": {
      if (e.what === "NULL") return yes(`(${analyze(x, e.a).sql} IS${e.not ? " NOT" : ""} NULL)`);
      return yes(`(${operand(x, e.a, `IS ${e.what}`).sql} IS${e.not ? " NOT" : ""} ${e.what})`);
    }
    case "distinct": {
      const pair = comparable(x, e.a, e.b, `IS${e.not ? " NOT" : ""} DISTINCT FROM`, e.at);
      return yes(`(${pair[0]?.sql} IS${e.not ? " NOT" : ""} DISTINCT FROM ${pair[1]?.sql})`);
    }
    case "in": {
      const { all, type } = together([analyze(x, e.a), ...e.items.map((i) => analyze(x, i))], "operator IN", e.at);
      equality(type, "IN", e.at);
      const [a, ...items] = all;
      return yes(`(${a?.sql} ${e.not ? "NOT " : ""}IN (${items.map((i) => i.sql).join(", ")}))`);
    }
    case "inUnnest": {
      const array = analyze(x, e.array);
      if (array.type.kind !== "ARRAY") throw invalid(`Values referenced in UNNEST must be arrays. UNNEST contains expression of type ${shown(array.type)}`, e.array.at);
      const { all, type } = together([analyze(x, e.a), { sql: "v", type: array.type.element as SqlType }], "operator IN UNNEST", e.at);
      equality(type, "IN", e.at);
      return yes(`(${all[0]?.sql} ${e.not ? "NOT " : ""}IN (SELECT ${all[1]?.sql} FROM (SELECT unnest(${array.sql}) AS v) ${fresh(x)}))`);
    }
    case "inQuery": {
      const rows = subquery(x, e.query);
      if (rows.columns.length !== 1) throw invalid("Subquery of type IN must have only one output column", e.at);
      const { all, type } = together([analyze(x, e.a), { sql: "k0", type: rows.columns[0]?.type as SqlType }], "operator IN", e.at);
      equality(type, "IN", e.at);
      return yes(`(${all[0]?.sql} ${e.not ? "NOT " : ""}IN (SELECT ${all[1]?.sql} FROM (${rows.sql}) ${fresh(x)}))`);
    }
    case "between": {
      const { all, type } = together([analyze(x, e.a), analyze(x, e.low), analyze(x, e.high)], "operator BETWEEN", e.at);
      orderable(type, "BETWEEN", e.at);
      const [a, low, high] = all as [Ex, Ex, Ex];
      if (type.kind !== "FLOAT64") return yes(`(${a.sql} ${e.not ? "NOT " : ""}BETWEEN ${low.sql} AND ${high.sql})`);
      const within = once(a.sql, (s) => `(${compared(">=", { ...a, sql: s }, low)} AND ${compared("<=", { ...a, sql: s }, high)})`);
      return yes(e.not ? `(NOT ${within})` : within);
    }
    case "like": {
      const { all, type } = together([analyze(x, e.a), analyze(x, e.pattern)], "operator LIKE", e.at);
      if (type.kind !== "STRING") throw invalid(`No matching signature for operator LIKE for argument types: ${shown(type)}, ${shown(type)}`, e.at);
      return yes(`(${all[0]?.sql} ${e.not ? "NOT " : ""}LIKE ${all[1]?.sql} ESCAPE '\\')`);
    }
    case "case":
      return choice(x, e);
    case "cast":
      if (e.format) throw invalid("The simulator does not know CAST … FORMAT", e.at);
      return cast(analyze(x, e.a), e.to, e.at, e.safe);
    case "extract":
      return extract(analyze(x, e.a), e.part, e.zone ? analyze(x, e.zone) : null, e.at);
    case "interval": {
      const n = coerce(analyze(x, e.a), types.int64, e.at);
      const unit = units[e.part];
      if (!n || !unit) throw invalid(`Unsupported interval ${e.part}`, e.at);
      return { sql: unit(n.sql), type: types.interval };
    }
    case "array": {
      const items = e.items.map((i) => analyze(x, i));
      if (items.length === 0) {
        const type = types.array(e.element ?? types.int64);
        return e.element ? { sql: `CAST([] AS ${held(type)})`, type } : { sql: `CAST([] AS ${held(type)})`, type, constant: [] };
      }
      const made = e.element ? items.map((i) => into(i, e.element as SqlType, e.at)) : together(items, "ARRAY", e.at).all;
      const element = e.element ? bare(e.element) : bare((made[0] as Ex).type);
      if (element.kind === "ARRAY") throw invalid("Cannot construct array with element type ARRAY because nested arrays are not supported", e.at);
      return { sql: `CAST([${made.map((i) => i.sql).join(", ")}] AS ${held(element)}[])`, type: types.array(element) };
    }
    case "struct":
      return struct(x, e);
    case "scalar": {
      const rows = subquery(x, e.query);
      if (rows.columns.length !== 1) throw invalid("Scalar subquery cannot have more than one column unless using SELECT AS STRUCT to build STRUCT values", e.at);
      return { sql: `(${rows.sql})`, type: rows.columns[0]?.type as SqlType };
    }
    case "exists":
      return yes(`EXISTS (${subquery(x, e.query).sql})`);
    case "arrayQuery": {
      const rows = subquery(x, e.query);
      if (rows.columns.length !== 1) throw invalid("ARRAY subquery cannot have more than one column unless using SELECT AS STRUCT to build STRUCT values", e.at);
      const type = types.array(rows.columns[0]?.type as SqlType);
      if (type.element?.kind === "ARRAY") throw invalid("Cannot use array subquery with column of type ARRAY because nested arrays are not supported", e.at);
      return { sql: `coalesce(ARRAY(${rows.sql}), CAST([] AS ${held(type)}))`, type };
    }
    case "index":
      return index(x, e);
    case "field":
      return fieldOf(analyze(x, e.a), e.name, e.at);
    case "default":
      throw invalid("Unexpected keyword DEFAULT", e.at);
  }
}

export const units: Readonly<Record<string, (n: string) => string>> = {
  MICROSECOND: (n) => `to_microseconds(${n})`,
  MILLISECOND: (n) => `to_microseconds(${n} * 1000)`,
  SECOND: (n) => `to_microseconds(${n} * 1000000)`,
  MINUTE: (n) => `to_microseconds(${n} * 60000000)`,
  HOUR: (n) => `to_microseconds(${n} * 3600000000)`,
  DAY: (n) => `to_days(CAST(${n} AS INTEGER))`,
  WEEK: (n) => `to_days(CAST(${n} * 7 AS INTEGER))`,
  MONTH: (n) => `to_months(CAST(${n} AS INTEGER))`,
  QUARTER: (n) => `to_months(CAST(${n} * 3 AS INTEGER))`,
  YEAR: (n) => `to_months(CAST(${n} * 12 AS INTEGER))`,
};

function literalOf(value: Value, type: SqlType | null, at: Token): Ex {
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

function parameter(x: X, name: string | null, index: number, at: Token): Ex {
  const found = name === null ? x.env.parameters.positional[index] : x.env.parameters.named.get(name.toLowerCase());
  if (!found) throw name === null ? invalid("Query parameter number is out of range", at) : invalid(`Query parameter '${name}' not found`, at);
  return { sql: literal(found.value, found.type), type: bare(found.type), constant: found.value };
}

/** A path: a column, a row, a variable, and fields of them. */
function named(x: X, path: readonly string[], at: Token): Ex {
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

function fieldOf(a: Ex, name: string, at: Token): Ex {
  if (a.type.kind === "JSON") return { sql: `bq_json_member(${a.sql}, ${text(`$.${JSON.stringify(name)}`)})`, type: types.json, name };
  if (a.type.kind !== "STRUCT") throw invalid(`Cannot access field ${name} on a value with type ${shown(a.type)}`, at);
  const found = (a.type.fields ?? []).flatMap((f, k) => (f.name?.toLowerCase() === name.toLowerCase() ? [k] : []));
  if (found.length > 1) throw invalid(`Struct field name ${name} is ambiguous`, at);
  const k = found[0];
  if (k === undefined) throw invalid(`Field name ${name} does not exist in ${shown(a.type)}`, at);
  const f = a.type.fields?.[k];
  return { sql: `struct_extract(${a.sql}, 'f${k}')`, type: f?.type as SqlType, name: f?.name ?? name };
}

function subquery(x: X, q: Extract<Expr, { k: "scalar" | "exists" | "arrayQuery" }>["query"]): Rows {
  return within(x, { scope: newScope(x.scope), clause: null, inWindow: false }, () => x.query(x, q));
}

function unary(x: X, op: string, inner: Expr, at: Token): Ex {
  if (op === "NOT") return yes(`(NOT ${operand(x, inner, "NOT").sql})`);
  const a = analyze(x, inner);
  if (op === "~") {
    if (a.type.kind !== "INT64") throw invalid(`No matching signature for operator ~ for argument types: ${typeName(a)}`, at);
    return { sql: `(~${a.sql})`, type: a.type };
  }
  if (!isNumber(a.type)) throw invalid(`No matching signature for operator ${op} for argument types: ${typeName(a)}`, at);
  if (op === "+") return a;
  if (typeof a.constant === "number") return constantEx(-a.constant, a.type);
  // DuckDB's minus keeps the sign of a zero only as a product.
  if (a.type.kind === "FLOAT64") return { sql: `(${a.sql} * CAST(-1 AS DOUBLE))`, type: a.type };
  return { sql: `(-${a.sql})`, type: a.type };
}

const comparisons = new Set(["=", "<>", "<", "<=", ">", ">="]);

function binary(x: X, op: string, left: Expr, right: Expr, at: Token): Ex {
  if (op === "AND" || op === "OR") return yes(`(${operand(x, left, op).sql} ${op} ${operand(x, right, op).sql})`);
  if (comparisons.has(op)) {
    const [a, b] = comparable(x, left, right, op, at) as [Ex, Ex];
    if (op !== "=" && op !== "<>") orderable(a.type, op, at);
    return yes(compared(op, a, b));
  }
  const [a, b] = [analyze(x, left), analyze(x, right)];
  const none = () => invalid(`No matching signature for operator ${op} for argument types: ${typeName(a)}, ${typeName(b)}`, at);
  if (op === "||") {
    const joined = together([a, b], "operator ||", at);
    if (joined.type.kind === "ARRAY") return { sql: `CASE WHEN ${a.sql} IS NULL OR ${b.sql} IS NULL THEN NULL ELSE list_concat(${joined.all[0]?.sql}, ${joined.all[1]?.sql}) END`, type: joined.type };
    if (joined.type.kind !== "STRING" && joined.type.kind !== "BYTES") throw none();
    return { sql: `(${joined.all[0]?.sql} || ${joined.all[1]?.sql})`, type: joined.type };
  }
  if (["|", "&", "^", "<<", ">>"].includes(op)) {
    if (a.type.kind !== "INT64" || b.type.kind !== "INT64") throw none();
    return { sql: op === "^" ? `xor(${a.sql}, ${b.sql})` : `(${a.sql} ${op} ${b.sql})`, type: types.int64 };
  }
  const dated = dateArithmetic(op, a, b);
  if (dated) return dated;
  if (!(isNumber(a.type) || a.untyped) || !(isNumber(b.type) || b.untyped)) throw none();
  return arithmetic(op, a, b, at);
}

function dateArithmetic(op: string, a: Ex, b: Ex): Ex | null {
  if (op !== "+" && op !== "-") return null;
  const stamps = new Set(["TIMESTAMP", "DATETIME"]);
  if (b.type.kind === "INTERVAL" && (stamps.has(a.type.kind) || a.type.kind === "DATE"))
    return { sql: `(${a.sql} ${op} ${b.sql})`, type: a.type.kind === "DATE" ? types.datetime : a.type };
  if (op === "+" && a.type.kind === "INTERVAL" && b.type.kind !== "INTERVAL") return dateArithmetic(op, b, a);
  if (a.type.kind === "DATE" && b.type.kind === "INT64") return { sql: `(${a.sql} ${op} CAST(${b.sql} AS INTEGER))`, type: types.date };
  if (op === "+" && a.type.kind === "INT64" && b.type.kind === "DATE") return { sql: `(${b.sql} + CAST(${a.sql} AS INTEGER))`, type: types.date };
  return null;
}

export function arithmetic(op: string, left: Ex, right: Ex, at: Token): Ex {
  const joined = together([left, right], `operator ${op}`, at);
  let [a, b] = joined.all as [Ex, Ex];
  let type = joined.type;
  if (op === "/" && type.kind === "INT64") {
    type = types.float64;
    [a, b] = [coerce(a, type, at) as Ex, coerce(b, type, at) as Ex];
  }
  const decimal = type.kind === "NUMERIC" || type.kind === "BIGNUMERIC";
  if (decimal && (op === "*" || op === "/")) {
    return { sql: decimalCall(op === "*" ? "bq_mul" : "bq_div", asText(a), asText(b), type), type: bare(type) };
  }
  if (op === "/") return { sql: `CASE WHEN ${b.sql} = 0 THEN CAST(bq_fail('division by zero: ' || bq_double(${a.sql}) || ' / ' || bq_double(${b.sql})) AS DOUBLE) ELSE ${a.sql} / ${b.sql} END`, type };
  return { sql: `(${a.sql} ${op} ${b.sql})`, type: bare(type) };
}

export function comparable(x: X, a: Expr, b: Expr, op: string, at: Token): Ex[] {
  const { all, type } = together([analyze(x, a), analyze(x, b)], `operator ${op}`, at);
  equality(type, op, at);
  return all;
}

export function equality(type: SqlType, op: string, at: Token): void {
  // docs "Data type properties": comparable.
  if (type.kind === "ARRAY" || type.kind === "JSON" || type.kind === "GEOGRAPHY")
    throw invalid(`${op === "IN" || op === "=" ? "Equality" : "Comparison"} is not defined for arguments of type ${shown(type)}`, at);
}

export function orderable(type: SqlType, op: string, at: Token): void {
  if (["ARRAY", "JSON", "GEOGRAPHY", "STRUCT"].includes(type.kind)) throw invalid(`${op} is not defined for arguments of type ${shown(type)}`, at);
}

/** NaN is unequal to all, and neither smaller nor larger; DuckDB has it equal to itself and largest. */
export function compared(op: string, a: Ex, b: Ex): string {
  const plain = `(${a.sql} ${op} ${b.sql})`;
  if (a.type.kind !== "FLOAT64") return plain;
  const settled = (e: Ex) => typeof e.constant === "number" && !Number.isNaN(e.constant);
  if (op === "<>") return settled(a) || settled(b) ? plain : `(${a.sql} <> ${b.sql} OR isnan(${a.sql}))`;
  const guarded = op === "<" || op === "<=" ? b : a;
  return settled(guarded) || (op === "=" && settled(b)) ? plain : `(${a.sql} ${op} ${b.sql} AND NOT isnan(${guarded.sql}))`;
}

function choice(x: X, e: Extract<Expr, { k: "case" }>): Ex {
  const results = [...e.arms.map((arm) => analyze(x, arm.then)), ...(e.other ? [analyze(x, e.other)] : [])];
  const { all, type } = together(results, "CASE", e.at);
  const arms = e.arms.map((arm, k) => {
    let test: string;
    if (e.subject) {
      const pair = together([analyze(x, e.subject), analyze(x, arm.when)], "operator CASE", e.at);
      equality(pair.type, "=", e.at);
      test = compared("=", pair.all[0] as Ex, pair.all[1] as Ex);
    } else test = bool(x, arm.when, "CASE condition").sql;
    return `WHEN ${test} THEN ${all[k]?.sql}`;
  });
  return { sql: `CASE ${arms.join(" ")}${e.other ? ` ELSE ${all.at(-1)?.sql}` : ""} END`, type: bare(type) };
}

function struct(x: X, e: Extract<Expr, { k: "struct" }>): Ex {
  const values = e.items.map((i) => ({ ...analyze(x, i.value), alias: i.name }));
  const fields = e.type?.fields;
  if (!fields) return rowOf(values.map((v) => ({ name: v.alias ?? v.name ?? null, sql: v.untyped ? "CAST(NULL AS BIGINT)" : v.sql, type: v.type })));
  if (fields.length !== values.length) throw invalid(`STRUCT type has ${fields.length} fields but constructor call has ${values.length} fields`, e.at);
  return rowOf(fields.map((f, k) => ({ name: f.name, sql: into(values[k] as Ex, f.type, e.at).sql, type: f.type })));
}

/** A value where a type was written out. */
export function into(e: Ex, to: SqlType, at: Token): Ex {
  const made = coerce(e, bare(to), at);
  if (!made) throw invalid(`Value of type ${shown(e.type)} cannot be coerced to ${shown(to)}`, at);
  return made;
}

function index(x: X, e: Extract<Expr, { k: "index" }>): Ex {
  const a = analyze(x, e.a);
  const by = analyze(x, e.by);
  if (a.type.kind === "JSON") {
    if (by.type.kind === "INT64") return { sql: `bq_json_member(${a.sql}, '$[' || CAST(${by.sql} AS VARCHAR) || ']')`, type: types.json };
    return { sql: `bq_json_member(${a.sql}, '$.' || CAST(to_json(${by.sql}) AS VARCHAR))`, type: types.json };
  }
  if (a.type.kind !== "ARRAY" || by.type.kind !== "INT64") throw invalid(`Element access using [${e.how}()] is not supported on values of type ${shown(a.type)}`, e.at);
  const from = e.how.endsWith("ORDINAL") ? by.sql : `(${by.sql} + 1)`;
  const type = a.type.element as SqlType;
  if (e.how.startsWith("SAFE")) return { sql: `CASE WHEN ${from} BETWEEN 1 AND len(${a.sql}) THEN ${a.sql}[${from}] END`, type };
  return {
    sql: `CASE WHEN ${from} BETWEEN 1 AND len(${a.sql}) THEN ${a.sql}[${from}] WHEN ${a.sql} IS NULL OR ${by.sql} IS NULL THEN NULL ELSE CAST(bq_fail('Array index ' || ${by.sql} || ' is out of bounds') AS ${held(type)}) END`,
    type,
  };
}
