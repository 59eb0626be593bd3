import { syntax, type Token } from "./lex.js";
import type { SimError } from "./types.js";
import { reserved } from "./words.js";

export interface Cursor {
  readonly tokens: readonly Token[];
  at: number;
  /** `?` parameters seen so far. */
  parameters: number;
}

export const cursor = (tokens: readonly Token[]): Cursor => ({ tokens, at: 0, parameters: 0 });

/** The token `ahead` places further; behind the last one a token of kind `end`. */
export function peek(c: Cursor, ahead = 0): Token {
  const found = c.tokens[c.at + ahead];
  if (found) return found;
  const last = c.tokens.at(-1);
  const end = last?.end ?? 0;
  const column = (last?.column ?? 1) + (end - (last?.start ?? 0));
  return { kind: "end", value: "end of input", upper: "", start: end, end, line: last?.line ?? 1, column, sql: last?.sql ?? "" };
}

export function next(c: Cursor): Token {
  const token = peek(c);
  c.at++;
  return token;
}

const is = (token: Token, what: string): boolean => token.upper === what && (token.kind === "word" || token.kind === "op");

/** Whether these words or operators come next. */
export function sees(c: Cursor, ...what: readonly string[]): boolean {
  for (let k = 0; k < what.length; k++) if (!is(peek(c, k), what[k] as string)) return false;
  return true;
}

export function takes(c: Cursor, ...what: readonly string[]): boolean {
  if (!sees(c, ...what)) return false;
  c.at += what.length;
  return true;
}

export function oneOf<T extends string>(c: Cursor, ...what: readonly T[]): T | null {
  const found = what.find((w) => is(peek(c), w));
  if (found !== undefined) c.at++;
  return found ?? null;
}

export function must(c: Cursor, ...what: readonly string[]): Token {
  let last = peek(c);
  for (const w of what) {
    last = peek(c);
    if (!is(last, w)) throw expected(c, /^\W/.test(w) ? `"${w}"` : `keyword ${w}`);
    c.at++;
  }
  return last;
}

/** How messages call a token. */
export function told(token: Token): string {
  if (token.kind === "end") return "end of input";
  if (token.kind === "word") return reserved.has(token.upper) ? `keyword ${token.upper}` : `identifier "${token.value}"`;
  if (token.kind === "quoted") return `identifier \`${token.value}\``;
  if (token.kind === "string") return `string literal ${token.sql.slice(token.start, token.end)}`;
  if (token.kind === "number") return `${/^\d+$/.test(token.value) ? "integer" : "floating point"} literal "${token.value}"`;
  return `"${token.sql.slice(token.start, token.end)}"`;
}

export const expected = (c: Cursor, what: string): SimError => syntax(`Expected ${what} but got ${told(peek(c))}`, peek(c));

export function unexpected(c: Cursor, token = peek(c)): SimError {
  return token.kind === "end" ? syntax("Unexpected end of statement", token) : syntax(`Unexpected ${told(token)}`, token);
}

/** A name: quoted, or a word that is not reserved. */
export function identifier(c: Cursor): string {
  const token = peek(c);
  if (token.kind === "quoted" || (token.kind === "word" && !reserved.has(token.upper))) {
    c.at++;
    return token.value;
  }
  throw unexpected(c);
}

export const isIdentifier = (token: Token): boolean =>
  token.kind === "quoted" || (token.kind === "word" && !reserved.has(token.upper));

export function list<T>(c: Cursor, item: () => T): T[] {
  const all = [item()];
  while (takes(c, ",")) all.push(item());
  return all;
}

export function inParentheses<T>(c: Cursor, body: () => T): T {
  must(c, "(");
  const made = body();
  must(c, ")");
  return made;
}

export function string(c: Cursor): string {
  const token = peek(c);
  if (token.kind !== "string") throw expected(c, "string literal");
  c.at++;
  return token.value;
}

export function integer(c: Cursor): number {
  const token = peek(c);
  if (token.kind !== "number" || !/^\d+$/.test(token.value)) throw expected(c, "integer literal");
  c.at++;
  return Number(token.value);
}

export function end(c: Cursor): void {
  takes(c, ";");
  const token = peek(c);
  if (token.kind !== "end") throw syntax(`Expected end of input but got ${told(token)}`, token);
}

/**
 * A table's name: parts quoted or not, with dashes in the first as long as it is not quoted (docs "Table names"). A quoted part may hold
 * several parts of the name.
 */
export function tablePath(c: Cursor): string[] {
  const parts: string[] = [];
  for (;;) {
    const token = peek(c);
    if (token.kind === "quoted") {
      c.at++;
      parts.push(...token.value.split("."));
    } else if (token.kind === "word" && (parts.length > 0 || !reserved.has(token.upper))) {
      c.at++;
      parts.push(dashed(c, token));
    } else if (token.kind === "number" && parts.length > 0) {
      c.at++;
      parts.push(dashed(c, token));
    } else throw unexpected(c);
    if (!sees(c, ".")) return parts;
    c.at++;
  }
}

function dashed(c: Cursor, first: Token): string {
  let name = first.value;
  let end = first.end;
  while (peek(c).value === "-" && peek(c).start === end) {
    const part = peek(c, 1);
    if ((part.kind !== "word" && part.kind !== "number") || part.start !== end + 1) break;
    name += `-${part.value}`;
    end = part.end;
    c.at += 2;
    // `a-1b`: the lexer splits digits from letters.
    while (peek(c).kind === "word" && peek(c).start === end) {
      name += peek(c).value;
      end = peek(c).end;
      c.at++;
    }
  }
  return name;
}
