import { bare, type SqlType, shown, types } from "../datatype.js";
import { invalid } from "../errors.js";
import type { Token } from "../lex.js";
import type { Expr } from "./ast.js";
import { asText, coerce, constantEx, decimalCall, isNumber, together, typeName } from "./coerce.js";
import type { Ex, X } from "./model.js";

export const yes = (sql: string): Ex => ({ sql, type: types.bool });

export function bool(x: X, e: Expr, where: string): Ex {
  const made = x.analyze(x, e);
  const coerced = coerce(made, types.bool, e.at);
  if (!coerced) throw invalid(`${where} should return type BOOL, but returns ${shown(made.type)}`, e.at);
  return coerced;
}

export function operand(x: X, e: Expr, op: string): Ex {
  const made = x.analyze(x, e);
  const coerced = coerce(made, types.bool, e.at);
  if (!coerced) throw invalid(`No matching signature for operator ${op} for argument types: ${typeName(made)}`, e.at);
  return coerced;
}

export function unary(x: X, op: string, inner: Expr, at: Token): Ex {
  if (op === "NOT") return yes(`(NOT ${operand(x, inner, "NOT").sql})`);
  const a = x.analyze(x, inner);
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

export function binary(x: X, op: string, left: Expr, right: Expr, at: Token): Ex {
  if (op === "AND" || op === "OR") return yes(`(${operand(x, left, op).sql} ${op} ${operand(x, right, op).sql})`);
  if (comparisons.has(op)) {
    const [a, b] = comparable(x, left, right, op, at) as [Ex, Ex];
    if (op !== "=" && op !== "<>") orderable(a.type, op, at);
    return yes(compared(op, a, b));
  }
  const [a, b] = [x.analyze(x, left), x.analyze(x, right)];
  const none = () => invalid(`No matching signature for operator ${op} for argument types: ${typeName(a)}, ${typeName(b)}`, at);
  if (op === "||") {
    const joined = together([a, b], "operator ||", at);
    if (joined.type.kind === "ARRAY")
      return {
        sql: `CASE WHEN ${a.sql} IS NULL OR ${b.sql} IS NULL THEN NULL ELSE list_concat(${joined.all[0]?.sql}, ${joined.all[1]?.sql}) END`,
        type: joined.type,
      };
    if (joined.type.kind !== "STRING" && joined.type.kind !== "BYTES") throw none();
    return { sql: `(${joined.all[0]?.sql} || ${joined.all[1]?.sql})`, type: joined.type };
  }
  if (["|", "&", "^", "<<", ">>"].includes(op)) {
    if (a.type.kind !== "INT64" || b.type.kind !== "INT64") throw none();
    // docs "Bitwise operators": shifts do not extend the sign; by 64 and more they leave nothing.
    if (op === ">>" || op === "<<") {
      const shifted = op === "<<" ? `bq_left(${a.sql}, ${b.sql})` : `bq_right(${a.sql}, ${b.sql})`;
      return { sql: shifted, type: types.int64 };
    }
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
  if (a.type.kind === "DATE" && b.type.kind === "INT64")
    return { sql: `(${a.sql} ${op} CAST(${b.sql} AS INTEGER))`, type: types.date };
  if (op === "+" && a.type.kind === "INT64" && b.type.kind === "DATE")
    return { sql: `(${b.sql} + CAST(${a.sql} AS INTEGER))`, type: types.date };
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
  if (op === "/")
    return {
      sql: `CASE WHEN ${b.sql} = 0 THEN CAST(bq_fail('division by zero: ' || bq_double(${a.sql}) || ' / ' || bq_double(${b.sql})) AS DOUBLE) ELSE ${a.sql} / ${b.sql} END`,
      type,
    };
  return { sql: `(${a.sql} ${op} ${b.sql})`, type: bare(type) };
}

export function comparable(x: X, a: Expr, b: Expr, op: string, at: Token): Ex[] {
  const bare = (e: Expr): boolean => e.k === "literal" && e.type === null;
  if ((bare(a) || bare(b)) && !op.startsWith("IS"))
    throw invalid(`Operands of ${op === "<>" ? "!=" : op} cannot be literal NULL`, at);
  const { all, type } = together([x.analyze(x, a), x.analyze(x, b)], `operator ${op}`, at);
  equality(type, op, at);
  return all;
}

export function equality(type: SqlType, op: string, at: Token): void {
  // docs "Data type properties": comparable.
  if (type.kind === "ARRAY" || type.kind === "JSON" || type.kind === "GEOGRAPHY")
    throw invalid(
      `${op === "IN" || op === "=" ? "Equality" : "Comparison"} is not defined for arguments of type ${shown(type)}`,
      at,
    );
}

export function orderable(type: SqlType, op: string, at: Token): void {
  if (["ARRAY", "JSON", "GEOGRAPHY", "STRUCT"].includes(type.kind))
    throw invalid(`${op} is not defined for arguments of type ${shown(type)}`, at);
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
