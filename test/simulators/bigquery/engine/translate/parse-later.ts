import { type Cursor, peek } from "../cursor.js";
import type { Expr, Query } from "./ast.js";

const missing = (): never => {
  throw new Error("the parsers are not loaded");
};

/** Expressions, calls and queries hold each other; each parser puts itself here when it is loaded. */
export const later: { query: (c: Cursor) => Query; expr: (c: Cursor) => Expr } = { query: missing, expr: missing };

export const parseQuery = (c: Cursor): Query => later.query(c);
export const parseExpr = (c: Cursor): Expr => later.expr(c);

/** Whether a query begins here, perhaps in parentheses of its own. */
export function seesQuery(c: Cursor): boolean {
  let k = 0;
  while (peek(c, k).kind === "op" && peek(c, k).value === "(") k++;
  const token = peek(c, k);
  return token.kind === "word" && (token.upper === "SELECT" || token.upper === "WITH");
}
