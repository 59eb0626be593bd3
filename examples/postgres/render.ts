import { type OpResult, render, resultJson, type Sql } from "cutover/adapter";
import type { Statement } from "./driver.js";
import { syntax } from "./syntax.js";

/**
 * SQL with `$n` placeholders; `results` are those of the block so far, for values that refer to them. A text stays bare,
 * so that Postgres takes it for whatever it is compared with; every other value, and NULL, states its type.
 */
export const rendered = (sql: Sql, results?: ReadonlyMap<string, OpResult>): Statement =>
  render(
    sql,
    syntax,
    (i, { value, type }) => (type === "string" && value !== null ? `$${i + 1}` : `CAST($${i + 1} AS ${syntax.type(type)})`),
    ({ resultOf }) => ({ value: resultJson(results?.get(resultOf)), type: "string" }),
  );

export const plain = (text: string): Statement => ({ text, values: [] });

/** A statement around a query: its last comment must not swallow what follows. */
export const around = (query: Statement, before: string, after: string): Statement => ({
  ...query,
  text: `${before}${query.text.replace(/;\s*$/, "")}\n${after}`,
});
