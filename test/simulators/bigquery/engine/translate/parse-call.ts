import {
  type Cursor,
  identifier,
  inParentheses,
  isIdentifier,
  list,
  must,
  oneOf,
  peek,
  sees,
  takes,
  unexpected,
} from "../cursor.js";
import type { Token } from "../lex.js";
import type { Arg, CallMore, Edge, Expr, Frame, Order, Window } from "./ast.js";
import { parseExpr, parseQuery } from "./parse-later.js";

export const noMore: CallMore = {
  star: false,
  distinct: false,
  nulls: null,
  order: [],
  limit: null,
  having: null,
  over: null,
  safe: false,
};

export function call(c: Cursor, at: Token, name: string, safe = false): Expr {
  must(c, "(");
  const star = takes(c, "*");
  const distinct = !star && takes(c, "DISTINCT");
  const args: Arg[] = star || sees(c, ")") ? [] : list(c, () => argument(c));
  const nulls = oneOf(c, "IGNORE", "RESPECT");
  if (nulls) must(c, "NULLS");
  let having = null;
  if (takes(c, "HAVING")) {
    const max = oneOf(c, "MAX", "MIN");
    if (!max) throw unexpected(c);
    having = { max: max === "MAX", value: parseExpr(c) };
  }
  const order = sees(c, "ORDER") ? orderBy(c) : [];
  const limit = takes(c, "LIMIT") ? parseExpr(c) : null;
  must(c, ")");
  const over = takes(c, "OVER") ? overClause(c) : null;
  return { k: "call", at, name: name.toUpperCase(), args, more: { star, distinct, nulls, order, limit, having, over, safe } };
}

function argument(c: Cursor): Arg {
  if (isIdentifier(peek(c)) && peek(c, 1).value === "=>" && peek(c, 1).kind === "op") {
    const name = identifier(c);
    c.at++;
    return { name: name.toLowerCase(), value: parseExpr(c) };
  }
  if (sees(c, "SELECT") || sees(c, "WITH")) {
    const at = peek(c);
    return { name: null, value: { k: "scalar", at, query: parseQuery(c) } };
  }
  // `WEEK(MONDAY)` as an argument is a call of a name; the functions read it.
  return { name: null, value: parseExpr(c) };
}

export function orderBy(c: Cursor): Order[] {
  must(c, "ORDER", "BY");
  return list(c, () => {
    const value = parseExpr(c);
    const descending = oneOf(c, "ASC", "DESC") === "DESC";
    const nulls = takes(c, "NULLS") ? oneOf(c, "FIRST", "LAST") : null;
    return { value, descending, nullsFirst: nulls === null ? null : nulls === "FIRST" };
  });
}

function overClause(c: Cursor): Window {
  if (!sees(c, "(")) return { named: identifier(c), partition: [], order: [], frame: null };
  return window(c);
}

export function window(c: Cursor): Window {
  return inParentheses(c, () => {
    const named = isIdentifier(peek(c)) ? identifier(c) : null;
    const partition = takes(c, "PARTITION", "BY") ? list(c, () => parseExpr(c)) : [];
    const order = sees(c, "ORDER") ? orderBy(c) : [];
    const unit = oneOf(c, "ROWS", "RANGE");
    return { named, partition, order, frame: unit ? frame(c, unit) : null };
  });
}

function frame(c: Cursor, unit: Frame["unit"]): Frame {
  if (!takes(c, "BETWEEN")) return { unit, from: edge(c), to: null };
  const from = edge(c);
  must(c, "AND");
  return { unit, from, to: edge(c) };
}

function edge(c: Cursor): Edge {
  if (takes(c, "CURRENT", "ROW")) return { value: null, direction: "CURRENT" };
  const value = takes(c, "UNBOUNDED") ? null : parseExpr(c);
  const direction = oneOf(c, "PRECEDING", "FOLLOWING");
  if (!direction) throw unexpected(c);
  return { value, direction };
}
