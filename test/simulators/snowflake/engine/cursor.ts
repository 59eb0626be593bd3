import { errors } from "./errors.js";
import { lex, place, type Token } from "./lex.js";
import type { SimError } from "./types.js";

/** Where a parser stands in a statement. */
export interface Cursor {
  readonly sql: string;
  readonly tokens: readonly Token[];
  at: number;
}

export const cursor = (sql: string): Cursor => ({ sql, tokens: lex(sql), at: 0 });

export const peek = (c: Cursor, ahead = 0): Token => c.tokens[Math.min(c.at + ahead, c.tokens.length - 1)] as Token;

export function next(c: Cursor): Token {
  const token = peek(c);
  if (token.kind !== "end") c.at++;
  return token;
}

export function unexpected(c: Cursor, token: Token = peek(c)): SimError {
  const { line, position } = place(c.sql, token.start);
  return errors.syntax(line, position, token.kind === "end" ? "<EOF>" : c.sql.slice(token.start, token.end));
}

/** Whether these words come next. */
export function sees(c: Cursor, ...words: readonly string[]): boolean {
  return words.every((word, k) => {
    const token = peek(c, k);
    return (token.kind === "word" || token.kind === "op") && token.value === word;
  });
}

/** Takes these words if they come next. */
export function takes(c: Cursor, ...words: readonly string[]): boolean {
  if (!sees(c, ...words)) return false;
  c.at += words.length;
  return true;
}

export function must(c: Cursor, ...words: readonly string[]): void {
  for (const word of words) if (!takes(c, word)) throw unexpected(c);
}

/** The first of these words that comes next, taken; null if none does. */
export function oneOf<W extends string>(c: Cursor, ...words: readonly W[]): W | null {
  return words.find((word) => takes(c, word)) ?? null;
}

export function identifier(c: Cursor): string {
  const token = peek(c);
  if (token.kind !== "word" && token.kind !== "quoted") throw unexpected(c);
  if (token.kind === "quoted" && token.value === "") throw unexpected(c);
  c.at++;
  return token.value;
}

/** `a`, `a.b`, `a.b.c`, and `a..c` for the schema PUBLIC (docs "Object name resolution"). */
export function path(c: Cursor): string[] {
  if (takes(c, "IDENTIFIER", "(")) {
    const token = next(c);
    if (token.kind !== "string") throw unexpected(c, token);
    must(c, ")");
    const inner = cursor(token.value);
    const names = path(inner);
    end(inner);
    return names;
  }
  const names = [identifier(c)];
  while (takes(c, ".")) {
    if (takes(c, ".")) names.push("PUBLIC");
    names.push(identifier(c));
  }
  if (names.length > 3) throw unexpected(c);
  return names;
}

export function string(c: Cursor): string {
  const token = next(c);
  if (token.kind !== "string") throw unexpected(c, token);
  return token.value;
}

export function integer(c: Cursor): number {
  const token = next(c);
  if (token.kind !== "number" || !/^\d+$/.test(token.value)) throw unexpected(c, token);
  return Number(token.value);
}

/** Nothing may follow but one semicolon. */
export function end(c: Cursor): void {
  takes(c, ";");
  if (peek(c).kind !== "end") throw unexpected(c);
}

export function list<T>(c: Cursor, item: () => T): T[] {
  const items = [item()];
  while (takes(c, ",")) items.push(item());
  return items;
}

export function inParentheses<T>(c: Cursor, body: () => T): T {
  must(c, "(");
  const result = body();
  must(c, ")");
  return result;
}
