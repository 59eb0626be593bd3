import { isSql, raw, type Sql } from "../sql/sql.js";
import type { SqlOp } from "./operations.js";

/** An operation from SQL, or from text that the dialect wrote itself. */
export function sqlOp(statement: string | Sql, o: Omit<SqlOp, "sql"> = {}): SqlOp {
  return { sql: isSql(statement) ? statement : raw(statement), ...o };
}
