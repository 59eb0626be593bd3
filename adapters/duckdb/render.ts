import { type OpResult, type ResultRef, render, resultJson, type Sql, type TypedValue } from "cutover/adapter";
import type { Statement } from "./driver.js";
import { syntax } from "./syntax.js";

/** SQL with `$n` placeholders; `results` are those of the block so far, for values that refer to them. */
export function renderSql(sql: Sql, results?: ReadonlyMap<string, OpResult>): Statement {
  const resolve = (ref: ResultRef): TypedValue => ({ value: resultJson(results?.get(ref.resultOf)), type: "string" });
  return render(sql, syntax, placeholder, resolve);
}

/** A text stays bare, so that it compares with a date or a number as a literal would; every other value, and NULL, states its type. */
function placeholder(index: number, { value, type }: TypedValue): string {
  const name = `$${index + 1}`;
  return type === "string" && value !== null && value !== undefined ? name : `CAST(${name} AS ${syntax.type(type)})`;
}
