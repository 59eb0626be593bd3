import {
  type Cursor,
  expected,
  identifier,
  inParentheses,
  list,
  must,
  next,
  oneOf,
  peek,
  sees,
  takes,
  unexpected,
} from "../cursor.js";
import { typeNames, types } from "../datatype.js";
import { syntax, type Token } from "../lex.js";
import { SimError } from "../types.js";
import { reserved } from "../words.js";
import type { Arm, Expr } from "./ast.js";
import { call, noMore } from "./parse-call.js";
import { later, parseQuery, seesQuery } from "./parse-later.js";
import { parseType } from "./parse-type.js";

/** Expressions, by rising strength of binding (docs "Operators"). */
export const parseExpr = (c: Cursor): Expr => either(c);

const pair = (at: Token, op: string, a: Expr, b: Expr): Expr => ({ k: "binary", at, op, a, b });

function either(c: Cursor): Expr {
  let left = both(c);
  while (sees(c, "OR")) {
    c.at++;
    left = pair(left.at, "OR", left, both(c));
  }
  return left;
}

function both(c: Cursor): Expr {
  let left = negation(c);
  while (sees(c, "AND")) {
    c.at++;
    left = pair(left.at, "AND", left, negation(c));
  }
  return left;
}

function negation(c: Cursor): Expr {
  if (!sees(c, "NOT")) return comparison(c);
  const at = next(c);
  return { k: "unary", at, op: "NOT", a: negation(c) };
}

/** Comparisons do not associate. */
function comparison(c: Cursor): Expr {
  const a = bitOr(c);
  const at = peek(c);
  const op = !adjacentShift(c) && oneOf(c, "=", "<>", "!=", "<=", ">=", "<", ">");
  if (op) return pair(a.at, op === "!=" ? "<>" : op, a, bitOr(c));
  if (takes(c, "IS")) {
    const not = takes(c, "NOT");
    const what = oneOf(c, "NULL", "TRUE", "FALSE", "UNKNOWN");
    if (what) return { k: "is", at, what: what === "UNKNOWN" ? "NULL" : what, not, a };
    must(c, "DISTINCT", "FROM");
    return { k: "distinct", at, not, a, b: bitOr(c) };
  }
  const not = sees(c, "NOT") && ["IN", "BETWEEN", "LIKE"].includes(peek(c, 1).upper);
  if (not) c.at++;
  const word = oneOf(c, "IN", "BETWEEN", "LIKE");
  if (word === "BETWEEN") {
    const low = bitOr(c);
    must(c, "AND");
    return { k: "between", at, not, a, low, high: bitOr(c) };
  }
  if (word === "LIKE") {
    if (sees(c, "ANY") || sees(c, "ALL") || sees(c, "SOME")) throw unexpected(c);
    return { k: "like", at, not, a, pattern: bitOr(c) };
  }
  if (word === "IN") {
    if (takes(c, "UNNEST")) return { k: "inUnnest", at, not, a, array: inParentheses(c, () => parseExpr(c)) };
    return inParentheses(c, (): Expr => {
      if (seesQuery(c)) return { k: "inQuery", at, not, a, query: parseQuery(c) };
      return { k: "in", at, not, a, items: list(c, () => parseExpr(c)) };
    });
  }
  return a;
}

const adjacentShift = (c: Cursor): boolean => sees(c, ">", ">") && peek(c, 1).start === peek(c).end;

function bitOr(c: Cursor): Expr {
  let left = bitXor(c);
  while (sees(c, "|")) left = pair(next(c), "|", left, bitXor(c));
  return left;
}
function bitXor(c: Cursor): Expr {
  let left = bitAnd(c);
  while (sees(c, "^")) left = pair(next(c), "^", left, bitAnd(c));
  return left;
}
function bitAnd(c: Cursor): Expr {
  let left = shift(c);
  while (sees(c, "&")) left = pair(next(c), "&", left, shift(c));
  return left;
}
function shift(c: Cursor): Expr {
  let left = sum(c);
  for (;;) {
    if (adjacentShift(c)) {
      const at = next(c);
      c.at++;
      left = pair(at, ">>", left, sum(c));
    } else if (sees(c, "<<")) left = pair(next(c), "<<", left, sum(c));
    else return left;
  }
}
function sum(c: Cursor): Expr {
  let left = product(c);
  while (sees(c, "+") || sees(c, "-")) left = pair(peek(c), next(c).value, left, product(c));
  return left;
}
function product(c: Cursor): Expr {
  let left = unary(c);
  while (sees(c, "*") || sees(c, "/") || sees(c, "||")) left = pair(peek(c), next(c).value, left, unary(c));
  return left;
}

function unary(c: Cursor): Expr {
  const at = peek(c);
  const op = oneOf(c, "-", "+", "~");
  if (!op) return postfix(c);
  // The least INT64 has no positive counterpart.
  const number = peek(c);
  if (op === "-" && number.kind === "number" && /^\d+$/.test(number.value)) {
    c.at++;
    return { k: "literal", at, type: types.int64, value: -BigInt(number.value) };
  }
  return { k: "unary", at, op, a: unary(c) };
}

function postfix(c: Cursor): Expr {
  let left = primary(c);
  for (;;) {
    const at = peek(c);
    if (takes(c, ".")) {
      const token = next(c);
      if (token.kind === "op" && token.value === "*") {
        c.at -= 2;
        return left;
      }
      if (token.kind !== "word" && token.kind !== "quoted") throw unexpected(c, token);
      if (left.k === "name") left = { ...left, path: [...left.path, token.value] };
      else left = { k: "field", at: token, a: left, name: token.value };
    } else if (takes(c, "[")) {
      const how = peek(c, 1).value === "(" ? oneOf(c, "OFFSET", "ORDINAL", "SAFE_OFFSET", "SAFE_ORDINAL") : null;
      const by = how ? inParentheses(c, () => parseExpr(c)) : parseExpr(c);
      must(c, "]");
      left = { k: "index", at, how: how ?? "", a: left, by };
    } else return left;
  }
}

const typedLiterals = new Set([
  "DATE",
  "TIME",
  "DATETIME",
  "TIMESTAMP",
  "NUMERIC",
  "DECIMAL",
  "BIGNUMERIC",
  "BIGDECIMAL",
  "JSON",
]);

function primary(c: Cursor): Expr {
  const at = peek(c);
  switch (at.kind) {
    case "number":
      c.at++;
      if (/^(\d+|0x[0-9a-f]+)$/i.test(at.value)) return { k: "literal", at, type: types.int64, value: BigInt(at.value) };
      return { k: "literal", at, type: types.float64, value: Number(at.value) };
    case "string":
      c.at++;
      return { k: "literal", at, type: types.string, value: alone(c, at) };
    case "bytes":
      c.at++;
      return { k: "literal", at, type: types.bytes, value: Buffer.from(alone(c, at), "hex") };
    case "parameter":
      c.at++;
      return { k: "parameter", at, name: at.value === "" ? null : at.value, index: at.value === "" ? c.parameters++ : -1 };
    case "system":
      c.at++;
      return { k: "system", at, name: at.value };
    case "quoted":
      c.at++;
      if (sees(c, "(")) return call(c, at, at.value);
      return { k: "name", at, path: [at.value], quoted: true };
    case "op":
      if (sees(c, "(")) return parenthesis(c);
      if (takes(c, "[")) {
        const items = takes(c, "]") ? null : list(c, () => parseExpr(c));
        if (items) must(c, "]");
        return { k: "array", at, element: null, items: items ?? [] };
      }
      throw unexpected(c);
    case "word":
      return word(c);
    default:
      throw unexpected(c);
  }
}

/** Other dialects join adjacent literals; Google's analyzer refuses them, in these words. */
function alone(c: Cursor, first: Token): string {
  const second = peek(c);
  if (second.kind !== first.kind) return first.value;
  if (second.start === first.end)
    throw syntax("concatenated string literals must be separated by whitespace or comments", second);
  throw new SimError(
    "invalidQuery",
    400,
    `Concatenation of subsequent string literals is not supported. Did you mean to use the || operator? at [${second.line}:${second.column}]`,
  );
}

function parenthesis(c: Cursor): Expr {
  const at = must(c, "(");
  if (seesQuery(c)) {
    const query = parseQuery(c);
    must(c, ")");
    return { k: "scalar", at, query };
  }
  const items = list(c, () => parseExpr(c));
  must(c, ")");
  return items.length === 1
    ? (items[0] as Expr)
    : { k: "struct", at, type: null, items: items.map((value) => ({ name: null, value })) };
}

function word(c: Cursor): Expr {
  const at = peek(c);
  const following = peek(c, 1);
  const upper = at.upper;
  if (typedLiterals.has(upper) && following.kind === "string") {
    c.at += 2;
    return { k: "literal", at, type: { kind: typeNames[upper] ?? "STRING" }, value: following.value };
  }
  switch (upper) {
    case "NULL":
      c.at++;
      return { k: "literal", at, type: null, value: null };
    case "TRUE":
    case "FALSE":
      c.at++;
      return { k: "literal", at, type: types.bool, value: upper === "TRUE" };
    case "DEFAULT":
      c.at++;
      return { k: "default", at };
    case "CASE":
      return choice(c);
    case "IF":
      c.at++;
      return call(c, at, "IF");
    case "CAST":
      return cast(c, false);
    case "SAFE_CAST":
      if (following.value === "(") return cast(c, true);
      break;
    case "EXTRACT": {
      c.at++;
      must(c, "(");
      const part = datePart(c);
      must(c, "FROM");
      const a = parseExpr(c);
      const zone = takes(c, "AT", "TIME", "ZONE") ? parseExpr(c) : null;
      must(c, ")");
      return { k: "extract", at, part, a, zone };
    }
    case "EXISTS": {
      c.at++;
      const query = inParentheses(c, () => parseQuery(c));
      return { k: "exists", at, query };
    }
    case "INTERVAL": {
      c.at++;
      const a = parseExpr(c);
      return { k: "interval", at, a, part: datePart(c) };
    }
    case "ARRAY":
      return array(c);
    case "STRUCT":
      return struct(c);
    case "LEFT":
    case "RIGHT":
      if (following.value !== "(") break;
      c.at++;
      return call(c, at, upper);
    case "SAFE":
      if (following.value === "." && peek(c, 3).value === "(") {
        c.at += 2;
        const name = next(c);
        return call(c, name, name.value, true);
      }
      break;
    case "NET":
      if (following.value === "." && peek(c, 3).value === "(") throw unexpected(c);
  }
  if (reserved.has(upper)) throw unexpected(c);
  c.at++;
  if (sees(c, "(")) return call(c, at, at.value);
  if (upper.startsWith("CURRENT_") && ["CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_DATETIME"].includes(upper))
    return { k: "call", at, name: upper, args: [], more: noMore };
  return { k: "name", at, path: [at.value], quoted: false };
}

/** `DAY`, `WEEK(MONDAY)` */
export function datePart(c: Cursor): string {
  const name = next(c);
  if (name.kind !== "word") throw unexpected(c, name);
  if (name.upper !== "WEEK" || !takes(c, "(")) return name.upper;
  const day = next(c).upper;
  must(c, ")");
  return `WEEK(${day})`;
}

function cast(c: Cursor, safe: boolean): Expr {
  const at = next(c);
  must(c, "(");
  const a = parseExpr(c);
  must(c, "AS");
  const to = parseType(c);
  const format = takes(c, "FORMAT") ? parseExpr(c) : null;
  must(c, ")");
  return { k: "cast", at, safe, a, to, format };
}

function array(c: Cursor): Expr {
  const at = next(c);
  if (takes(c, "(")) {
    const query = parseQuery(c);
    must(c, ")");
    return { k: "arrayQuery", at, query };
  }
  let element = null;
  if (sees(c, "<")) {
    c.at--;
    element = parseType(c).element ?? null;
  }
  must(c, "[");
  const items = takes(c, "]") ? null : list(c, () => parseExpr(c));
  if (items) must(c, "]");
  return { k: "array", at, element, items: items ?? [] };
}

function struct(c: Cursor): Expr {
  const at = peek(c);
  let type = null;
  if (peek(c, 1).value === "<") type = parseType(c);
  else c.at++;
  must(c, "(");
  const items = sees(c, ")")
    ? []
    : list(c, () => {
        const value = parseExpr(c);
        const alias = takes(c, "AS") ? identifier(c) : null;
        if (alias !== null && type)
          throw syntax("STRUCT constructors cannot specify both an explicit type and field names with AS", at);
        return { name: alias, value };
      });
  must(c, ")");
  return { k: "struct", at, type, items };
}

function choice(c: Cursor): Expr {
  const at = must(c, "CASE");
  const subject = sees(c, "WHEN") ? null : parseExpr(c);
  const arms: Arm[] = [];
  while (takes(c, "WHEN")) {
    const when = parseExpr(c);
    must(c, "THEN");
    arms.push({ when, result: parseExpr(c) });
  }
  if (arms.length === 0) throw expected(c, "keyword WHEN");
  const other = takes(c, "ELSE") ? parseExpr(c) : null;
  must(c, "END");
  return { k: "case", at, subject, arms, other };
}

later.expr = parseExpr;
