import { bare, held, type SqlType, shown, types } from "../datatype.js";
import { invalid } from "../errors.js";
import type { Token } from "../lex.js";
import { literal } from "../values.js";
import type { Expr } from "./ast.js";
import { call } from "./call.js";
import { cast, coerce, together } from "./coerce.js";
import { extract } from "./dates.js";
import { type Ex, fresh, newScope, type Rows, within, type X } from "./model.js";
import { fieldOf, literalOf, named, parameter, rowOf } from "./names.js";
import { once } from "./once.js";
import { binary, bool, comparable, compared, equality, operand, orderable, unary, yes } from "./operators.js";

/** Finds out what an expression's names mean and its type, and writes it for DuckDB. */
export function analyze(x: X, e: Expr): Ex {
  const known = x.grouping?.nodes.get(e);
  if (known && !x.inAggregate) return known;
  const before = x.grouping?.free.length ?? 0;
  const made = analyzed(x, e);
  // A whole expression that is grouped by may name its columns.
  if (x.grouping?.keys.has(made.sql)) x.grouping.free.length = before;
  return made;
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
      const among = `IN (${items.map((i) => i.sql).join(", ")})`;
      // NaN is among nothing.
      if (type.kind === "FLOAT64")
        return yes(once(a?.sql ?? "", (s) => `(${e.not ? "NOT " : ""}(NOT isnan(${s}) AND ${s} ${among}))`));
      return yes(`(${a?.sql} ${e.not ? "NOT " : ""}${among})`);
    }
    case "inUnnest": {
      const array = analyze(x, e.array);
      if (array.type.kind !== "ARRAY")
        throw invalid(
          `Values referenced in UNNEST must be arrays. UNNEST contains expression of type ${shown(array.type)}`,
          e.array.at,
        );
      const { all, type } = together(
        [analyze(x, e.a), { sql: "v", type: array.type.element as SqlType }],
        "operator IN UNNEST",
        e.at,
      );
      equality(type, "IN", e.at);
      return yes(
        `(${all[0]?.sql} ${e.not ? "NOT " : ""}IN (SELECT ${all[1]?.sql} FROM (SELECT unnest(${array.sql}) AS v) ${fresh(x)}))`,
      );
    }
    case "inQuery": {
      const rows = subquery(x, e.query);
      if (rows.columns.length !== 1) throw invalid("Subquery of type IN must have only one output column", e.at);
      const { all, type } = together(
        [analyze(x, e.a), { sql: "k0", type: rows.columns[0]?.type as SqlType }],
        "operator IN",
        e.at,
      );
      equality(type, "IN", e.at);
      return yes(`(${all[0]?.sql} ${e.not ? "NOT " : ""}IN (SELECT ${all[1]?.sql} FROM (${rows.sql}) ${fresh(x)}))`);
    }
    case "between": {
      const { all, type } = together([analyze(x, e.a), analyze(x, e.low), analyze(x, e.high)], "operator BETWEEN", e.at);
      orderable(type, "BETWEEN", e.at);
      const [a, low, high] = all as [Ex, Ex, Ex];
      if (type.kind !== "FLOAT64") return yes(`(${a.sql} ${e.not ? "NOT " : ""}BETWEEN ${low.sql} AND ${high.sql})`);
      const within = once(
        a.sql,
        (s) => `(${compared(">=", { ...a, sql: s }, low)} AND ${compared("<=", { ...a, sql: s }, high)})`,
      );
      return yes(e.not ? `(NOT ${within})` : within);
    }
    case "like": {
      const { all, type } = together([analyze(x, e.a), analyze(x, e.pattern)], "operator LIKE", e.at);
      if (type.kind !== "STRING")
        throw invalid(`No matching signature for operator LIKE for argument types: ${shown(type)}, ${shown(type)}`, e.at);
      return yes(`(${all[0]?.sql} ${e.not ? "NOT " : ""}LIKE ${all[1]?.sql} ESCAPE '\\')`);
    }
    case "case":
      return choice(x, e);
    case "cast":
      if (e.format) throw invalid("The simulator does not know CAST … FORMAT", e.at);
      return cast(analyze(x, e.a), e.to, e.a.at, e.safe);
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
      if (element.kind === "ARRAY")
        throw invalid("Cannot construct array with element type ARRAY because nested arrays are not supported", e.at);
      return { sql: `CAST([${made.map((i) => i.sql).join(", ")}] AS ${held(element)}[])`, type: types.array(element) };
    }
    case "struct":
      return struct(x, e);
    case "scalar": {
      const rows = subquery(x, e.query);
      if (rows.columns.length !== 1)
        throw invalid(
          "Scalar subquery cannot have more than one column unless using SELECT AS STRUCT to build STRUCT values",
          e.at,
        );
      return { sql: `(${rows.sql})`, type: rows.columns[0]?.type as SqlType };
    }
    case "exists":
      return yes(`EXISTS (${subquery(x, e.query).sql})`);
    case "arrayQuery": {
      const rows = subquery(x, e.query);
      if (rows.columns.length !== 1)
        throw invalid(
          "ARRAY subquery cannot have more than one column unless using SELECT AS STRUCT to build STRUCT values",
          e.at,
        );
      const type = types.array(rows.columns[0]?.type as SqlType);
      if (type.element?.kind === "ARRAY")
        throw invalid("Cannot use array subquery with column of type ARRAY because nested arrays are not supported", e.at);
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

function subquery(x: X, q: Extract<Expr, { k: "scalar" | "exists" | "arrayQuery" }>["query"]): Rows {
  return within(x, { scope: newScope(x.scope), clause: null, inWindow: false }, () => x.query(x, q));
}

function choice(x: X, e: Extract<Expr, { k: "case" }>): Ex {
  const results = [...e.arms.map((arm) => analyze(x, arm.result)), ...(e.other ? [analyze(x, e.other)] : [])];
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
  if (!fields)
    return rowOf(
      values.map((v) => ({ name: v.alias ?? v.name ?? null, sql: v.untyped ? "CAST(NULL AS BIGINT)" : v.sql, type: v.type })),
    );
  if (fields.length !== values.length)
    throw invalid(`STRUCT type has ${fields.length} fields but constructor call has ${values.length} fields`, e.at);
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
    if (by.type.kind === "INT64")
      return { sql: `bq_json_member(${a.sql}, '$[' || CAST(${by.sql} AS VARCHAR) || ']')`, type: types.json };
    return { sql: `bq_json_member(${a.sql}, '$.' || CAST(to_json(${by.sql}) AS VARCHAR))`, type: types.json };
  }
  if (a.type.kind !== "ARRAY" || by.type.kind !== "INT64")
    throw invalid(`Element access using [${e.how}()] is not supported on values of type ${shown(a.type)}`, e.at);
  const from = e.how.endsWith("ORDINAL") ? by.sql : `(${by.sql} + 1)`;
  const type = a.type.element as SqlType;
  if (e.how.startsWith("SAFE")) return { sql: `CASE WHEN ${from} BETWEEN 1 AND len(${a.sql}) THEN ${a.sql}[${from}] END`, type };
  return {
    sql: `CASE WHEN ${from} BETWEEN 1 AND len(${a.sql}) THEN ${a.sql}[${from}] WHEN ${a.sql} IS NULL OR ${by.sql} IS NULL THEN NULL ELSE CAST(bq_fail('Array index ' || ${by.sql} || ' is out of bounds') AS ${held(type)}) END`,
    type,
  };
}
