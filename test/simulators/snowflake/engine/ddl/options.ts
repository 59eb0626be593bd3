import { type Cursor, identifier, inParentheses, list, must, next, path, sees, takes, unexpected } from "../cursor.js";

/** `NAME = value …` as file formats and COPY INTO take them; a list is kept as JSON. */
export function formatOptions(c: Cursor): Map<string, string> {
  const options = new Map<string, string>();
  while (c.tokens[c.at]?.kind === "word") {
    const name = identifier(c);
    must(c, "=");
    options.set(name, optionValue(c));
    takes(c, ",");
  }
  return options;
}

export function optionValue(c: Cursor): string {
  if (sees(c, "(")) return JSON.stringify(inParentheses(c, () => (sees(c, ")") ? [] : list(c, () => optionValue(c)))));
  const token = c.tokens[c.at];
  if (token?.kind === "word" || token?.kind === "quoted") return path(c).join(".");
  if (token?.kind === "string" || token?.kind === "number") return next(c).value;
  throw unexpected(c);
}
