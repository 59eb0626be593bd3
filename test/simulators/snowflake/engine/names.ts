/**
 * The service compares identifiers exactly, DuckDB without regard to case. So a name goes to DuckDB with a mark that tells which of its
 * letters are lower case: `ID` stays, `id` becomes `id·3`. Source: docs "Identifier requirements" (double-quoted identifiers).
 */
export function encode(name: string): string {
  if (!/[a-z·]/.test(name)) return name;
  let bits = "";
  for (const letter of name) bits += letter >= "a" && letter <= "z" ? "1" : "0";
  return `${name}·${BigInt(`0b${bits}`).toString(16)}`;
}

export function decode(name: string): string {
  const mark = name.lastIndexOf("·");
  return mark < 0 ? name : name.slice(0, mark);
}

/** A name for DuckDB's SQL. */
export const duck = (name: string): string => `"${encode(name).replaceAll('"', '""')}"`;

/** A string literal for DuckDB's SQL. */
export function text(value: string): string {
  const parts = value.split("\0").map((part) => `'${part.replaceAll("'", "''")}'`);
  return parts.length === 1 ? parts.join("") : `(${parts.join(" || chr(0) || ")})`;
}

/** A name as the service writes it in messages and DDL: quoted where it would not come back bare. */
export const shown = (name: string): string => (/^[A-Z_][A-Z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);

export const shownPath = (path: readonly string[]): string => path.map(shown).join(".");
