import { render, type Sql, type TypedValue } from "cutover/adapter";
import { asText } from "./encode.js";
import { bare, fromText, syntax } from "./syntax.js";

/** A positional parameter as the REST API has it; NULL keeps its type. */
export interface Parameter {
  readonly parameterType: { readonly type: string };
  readonly parameterValue: { readonly value: string | null };
}
/** A statement with `?`, and what they stand for. */
export interface Statement {
  readonly text: string;
  readonly parameters: readonly Parameter[];
}

/** SQL as the service takes it, by itself: values are parameters. */
export function renderSql(sql: Sql): Statement {
  const { text, values } = render(sql, syntax, placeholder);
  return { text: trimmed(text), parameters: values.map(parameter) };
}
/** Without the semicolon that users may end a statement with. */
export const trimmed = (text: string): string => text.replace(/;\s*$/, "");

/** What a parameter cannot say exactly travels as text, and is made of it in the statement. */
const placeholder = (_index: number, { type }: TypedValue): string => fromText(type, "?") ?? "?";
const parameter = ({ value, type }: TypedValue): Parameter => ({
  parameterType: { type: fromText(type, "?") === null ? bare(type) : "STRING" },
  parameterValue: { value: asText(value, type) },
});
