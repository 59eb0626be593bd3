import { type Cursor, peek } from "../cursor.js";
import type { Query } from "./ast.js";

/** Expressions hold queries and queries expressions; the parser of queries puts itself here when it is loaded. */
export const later: { query: (c: Cursor) => Query } = {
  query: () => {
    throw new Error("parse-query.ts is not loaded");
  },
};

export const parseQuery = (c: Cursor): Query => later.query(c);

/** Whether a query begins here, perhaps in parentheses of its own. */
export function seesQuery(c: Cursor): boolean {
  let k = 0;
  while (peek(c, k).kind === "op" && peek(c, k).value === "(") k++;
  const token = peek(c, k);
  return token.kind === "word" && (token.upper === "SELECT" || token.upper === "WITH");
}
