import {
  type Cursor,
  expected,
  identifier,
  inParentheses,
  isIdentifier,
  list,
  must,
  oneOf,
  peek,
  sees,
  tablePath,
  takes,
  unexpected,
} from "../cursor.js";
import { syntax } from "../lex.js";
import type { Body, From, Item, Query, Select, Window } from "./ast.js";
import { orderBy, window } from "./parse-call.js";
import { parseExpr } from "./parse-expr.js";
import { later, seesQuery } from "./parse-later.js";

export { seesQuery };

export function parseQuery(c: Cursor): Query {
  const at = peek(c);
  let recursive = false;
  let ctes: Query["ctes"] = [];
  if (takes(c, "WITH")) {
    recursive = takes(c, "RECURSIVE");
    ctes = list(c, () => {
      const name = identifier(c);
      must(c, "AS");
      return { name, query: inParentheses(c, () => parseQuery(c)) };
    });
  }
  const body = sets(c);
  const order = sees(c, "ORDER") ? orderBy(c) : [];
  let limit = null;
  let offset = null;
  if (takes(c, "LIMIT")) {
    limit = parseExpr(c);
    if (takes(c, "OFFSET")) offset = parseExpr(c);
  }
  return { at, recursive, ctes, body, order, limit, offset };
}

/** Different set operations need parentheses (docs "Set operators"). */
function sets(c: Cursor): Body {
  const first = term(c);
  const parts = [first];
  let kind: { op: "UNION" | "EXCEPT" | "INTERSECT"; all: boolean } | null = null;
  const at = peek(c);
  for (;;) {
    const token = peek(c);
    const op = oneOf(c, "UNION", "EXCEPT", "INTERSECT");
    if (!op) break;
    const quantity = oneOf(c, "ALL", "DISTINCT");
    if (!quantity) throw expected(c, "keyword ALL or keyword DISTINCT");
    if (quantity === "ALL" && op !== "UNION") throw syntax(`${op} ALL is not supported`, token);
    if (kind && (kind.op !== op || kind.all !== (quantity === "ALL")))
      throw syntax("Different set operations cannot be used in the same query without using parentheses for grouping", token);
    kind = { op, all: quantity === "ALL" };
    parts.push(term(c));
  }
  return kind ? { k: "set", op: kind.op, all: kind.all, parts, at } : first;
}

function term(c: Cursor): Body {
  if (sees(c, "(")) return { k: "query", query: inParentheses(c, () => parseQuery(c)) };
  return { k: "select", select: select(c) };
}

function select(c: Cursor): Select {
  const at = must(c, "SELECT");
  const distinct = takes(c, "DISTINCT");
  if (!distinct) takes(c, "ALL");
  let as: Select["as"] = null;
  if (sees(c, "AS")) {
    c.at++;
    as = oneOf(c, "STRUCT", "VALUE");
    if (!as) throw unexpected(c);
  }
  const items: Item[] = [];
  do {
    // A trailing comma is allowed.
    if (items.length > 0 && (sees(c, "FROM") || peek(c).kind === "end" || sees(c, ")"))) break;
    items.push(item(c));
  } while (takes(c, ","));
  const from = takes(c, "FROM") ? parseFrom(c) : null;
  const where = takes(c, "WHERE") ? parseExpr(c) : null;
  const group = takes(c, "GROUP", "BY") ? grouping(c) : null;
  const having = takes(c, "HAVING") ? parseExpr(c) : null;
  const qualify = takes(c, "QUALIFY") ? parseExpr(c) : null;
  const windows = new Map<string, Window>();
  if (takes(c, "WINDOW"))
    list(c, () => {
      const name = identifier(c);
      must(c, "AS");
      windows.set(name.toLowerCase(), window(c));
    });
  return { at, distinct, as, items, from, where, group, having, qualify, windows };
}

function grouping(c: Cursor): Select["group"] {
  for (const word of ["ROLLUP", "CUBE", "GROUPING"]) if (sees(c, word)) throw unexpected(c);
  return list(c, () => parseExpr(c));
}

function item(c: Cursor): Item {
  const at = peek(c);
  if (takes(c, "*")) return { k: "star", of: null, at, ...starMore(c) };
  const value = parseExpr(c);
  if (sees(c, ".", "*")) {
    c.at += 2;
    return { k: "star", of: value, at, ...starMore(c) };
  }
  return { k: "expr", value, alias: aliasOf(c), at };
}

function starMore(c: Cursor): { except: string[]; replace: { value: ReturnType<typeof parseExpr>; alias: string }[] } {
  const except = sees(c, "EXCEPT", "(") && takes(c, "EXCEPT") ? inParentheses(c, () => list(c, () => identifier(c))) : [];
  const replace = takes(c, "REPLACE")
    ? inParentheses(c, () =>
        list(c, () => {
          const value = parseExpr(c);
          must(c, "AS");
          return { value, alias: identifier(c) };
        }),
      )
    : [];
  return { except, replace };
}

export function aliasOf(c: Cursor): string | null {
  if (takes(c, "AS")) return identifier(c);
  return isIdentifier(peek(c)) ? identifier(c) : null;
}

export function parseFrom(c: Cursor): From {
  let left = joins(c);
  while (sees(c, ",")) {
    const at = peek(c);
    c.at++;
    left = { k: "join", at, kind: "CROSS", a: left, b: joins(c), on: null, using: null };
  }
  return left;
}

function joins(c: Cursor): From {
  let left = relation(c);
  for (;;) {
    const at = peek(c);
    const word = oneOf(c, "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS");
    if (!word) return left;
    if (word === "LEFT" || word === "RIGHT" || word === "FULL") takes(c, "OUTER");
    if (word !== "JOIN") must(c, "JOIN");
    const kind = word === "JOIN" ? "INNER" : word;
    const b = relation(c);
    const on = kind !== "CROSS" && takes(c, "ON") ? parseExpr(c) : null;
    const using = kind !== "CROSS" && !on && takes(c, "USING") ? inParentheses(c, () => list(c, () => identifier(c))) : null;
    const array = b.k === "unnest" || (b.k === "table" && b.path.length > 1);
    if (kind !== "CROSS" && !on && !using && !array)
      throw syntax(`${kind} JOIN must have an immediately following ON or USING clause`, at);
    left = { k: "join", at, kind, a: left, b, on, using };
  }
}

function relation(c: Cursor): From {
  const at = peek(c);
  if (sees(c, "(")) {
    if (seesQuery(c)) {
      // `((SELECT …) UNION ALL …)` as well as a join in parentheses that begins with a subquery.
      const before = c.at;
      const counted = c.parameters;
      try {
        const query = inParentheses(c, () => parseQuery(c));
        return { k: "query", at, query, alias: aliasOf(c) };
      } catch (error) {
        if (peek({ ...c, at: before }, 1).value !== "(") throw error;
        c.at = before;
        c.parameters = counted;
      }
    }
    must(c, "(");
    const inner = parseFrom(c);
    must(c, ")");
    return inner;
  }
  if (takes(c, "UNNEST")) {
    const array = inParentheses(c, () => parseExpr(c));
    const alias = aliasOf(c);
    const offset = takes(c, "WITH", "OFFSET") ? (aliasOf(c) ?? "offset") : null;
    return { k: "unnest", at, array, alias, offset };
  }
  const path = tablePath(c);
  let time = null;
  const system = () => sees(c, "FOR", "SYSTEM_TIME") || sees(c, "FOR", "SYSTEM");
  const alias = system() ? null : aliasOf(c);
  if (system()) {
    c.at++;
    if (!takes(c, "SYSTEM_TIME")) must(c, "SYSTEM", "TIME");
    must(c, "AS", "OF");
    time = parseExpr(c);
  }
  const late = alias ?? (time ? aliasOf(c) : null);
  if (sees(c, "TABLESAMPLE")) throw unexpected(c);
  const offset = takes(c, "WITH", "OFFSET") ? (aliasOf(c) ?? "offset") : null;
  return { k: "table", at, path, alias: late, time, offset };
}

later.query = parseQuery;
