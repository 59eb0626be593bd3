import { type ColumnType, type OpResult, type ResultRef, render, resultJson, type Sql, type TypedValue } from "cutover/adapter";
import { asText } from "./encode.js";
import { floatText, fromText, resultName, syntax } from "./syntax.js";

/** A statement with `?`, and what is bound: text, each in a form that its placeholder turns into its type. */
export interface Statement {
  readonly text: string;
  readonly binds: readonly (string | null)[];
}
export const plain = (text: string): Statement => ({ text, binds: [] });

/** SQL as the service takes it; `results` are those of the block so far, for values that refer to them. */
export function renderSql(sql: Sql, results?: ReadonlyMap<string, OpResult>): Statement {
  const resolve = (ref: ResultRef): TypedValue => ({ value: resultJson(results?.get(ref.resultOf)), type: "string" });
  const { text, values } = render(sql, syntax, placeholder, resolve);
  return { text: text.replace(/;\s*$/, ""), binds: values.map((v) => asText(v.value, v.type)) };
}

/** A text stays bare, so that it compares with a date or a number as a literal would; every other value, and NULL, states its type. */
function placeholder(_index: number, { value, type }: TypedValue): string {
  if (value === null || value === undefined) return `CAST(? AS ${syntax.type(type)})`;
  return fromText("?", syntax.type(type));
}

type Returns = Readonly<Record<string, ColumnType>>;
/** How {@link floatText} ends: whoever has it in a statement has seen to the names and the floats of its result. */
const written = floatText("").slice(-", 'TME') END".length);

/** A result's column: its name where the driver can bear it, a float with all of its digits. */
export function shown(name: string, type: ColumnType, expr: string): string {
  const value = type === "float64" ? floatText(expr) : expr;
  return `${value} AS ${syntax.ident([resultName(name)])}`;
}

/**
 * A query around a query whose result could not be read as it is: of a float the service would write about 13 digits. One that
 * has seen to it by {@link shown}, since it has an order to keep, is left alone.
 */
export function readable(statement: Statement, returns: Returns): Statement {
  const names = Object.keys(returns);
  const hard = names.some((n) => returns[n] === "float64" || resultName(n) !== n);
  const seenTo =
    statement.text.includes(written) || names.some((n) => resultName(n) !== n && statement.text.includes(resultName(n)));
  if (!hard || seenTo) return statement;
  const columns = names.map((n) => shown(n, returns[n] as ColumnType, syntax.ident([n])));
  return { text: `SELECT ${columns.join(", ")} FROM (${statement.text}\n) AS Q`, binds: statement.binds };
}
