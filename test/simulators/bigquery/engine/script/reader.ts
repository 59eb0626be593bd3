import { syntax, type Token } from "../lex.js";
import { SimError } from "../types.js";

export const closers = ["END", "ELSE", "ELSEIF", "EXCEPTION", "UNTIL", "WHEN"];

export interface Reader {
  readonly tokens: readonly Token[];
  at: number;
}

export const isWord = (token: Token | undefined, ...words: readonly string[]): boolean =>
  token?.kind === "word" && words.includes(token.upper);

export const isOp = (token: Token | undefined, op: string): boolean => token?.kind === "op" && token.value === op;

/** A refusal with the place in the text. */
export const refused = (message: string, token: Pick<Token, "line" | "column">): SimError =>
  new SimError("invalidQuery", 400, `${message} at [${token.line}:${token.column}]`);

export const peek = (r: Reader, ahead = 0): Token => r.tokens[Math.min(r.at + ahead, r.tokens.length - 1)] as Token;

export const next = (r: Reader): Token => {
  const token = peek(r);
  if (token.kind !== "end") r.at++;
  return token;
};

export function unexpected(token: Token, wanted?: string): Error {
  const met = token.kind === "end" ? "end of script" : shown(token);
  return syntax(wanted ? `Expected ${wanted} but got ${met}` : `Unexpected ${met}`, token);
}

const keywords = new Set([
  "THEN",
  "DO",
  ...closers,
  "IF",
  "SELECT",
  "SET",
  "TRANSACTION",
  "USING",
  "DEFAULT",
  "CASE",
  "LOOP",
  "WHILE",
]);

const shown = (token: Token): string => {
  if (token.kind === "word") return keywords.has(token.upper) ? `keyword ${token.upper}` : `identifier "${token.value}"`;
  return token.kind === "op" ? `"${token.value}"` : `${token.kind} "${token.value}"`;
};

export function expect(r: Reader, ...words: readonly string[]): Token {
  const token = next(r);
  if (!isWord(token, ...words)) throw unexpected(token, `keyword ${words.join(" or ")}`);
  return token;
}

export function semicolon(r: Reader): void {
  if (peek(r).kind === "end") return;
  const token = next(r);
  if (!isOp(token, ";")) throw unexpected(token, '";"');
}

/** Tokens up to one of the words, outside brackets and CASE expressions; at least one of them. */
export function until(r: Reader, ...words: readonly string[]): readonly Token[] {
  const from = r.at;
  let depth = 0;
  let cases = 0;
  for (; ; r.at++) {
    const token = peek(r);
    if (token.kind === "end" || isOp(token, ";")) throw unexpected(token, `keyword ${words.join(" or ")}`);
    if (isOp(token, "(") || isOp(token, "[")) depth++;
    else if (isOp(token, ")") || isOp(token, "]")) depth--;
    else if (depth > 0) continue;
    else if (cases === 0 && r.at > from && isWord(token, ...words)) return r.tokens.slice(from, r.at);
    else if (isWord(token, "CASE")) cases++;
    else if (cases > 0 && isWord(token, "END")) cases--;
  }
}

/** What is left of a statement. */
export function rest(r: Reader): readonly Token[] {
  const from = r.at;
  let depth = 0;
  for (; ; r.at++) {
    const token = peek(r);
    if (token.kind === "end" || isOp(token, ";")) {
      if (depth > 0) throw unexpected(token, '")"');
      return r.tokens.slice(from, r.at);
    }
    if (isOp(token, "(")) depth++;
    else if (isOp(token, ")") && --depth < 0) throw unexpected(token);
  }
}

export function nonEmpty(r: Reader, tokens: readonly Token[]): readonly Token[] {
  if (tokens.length === 0) throw unexpected(peek(r));
  return tokens;
}

export function closing(r: Reader, word: string): void {
  expect(r, "END");
  expect(r, word);
}

export function names(r: Reader): readonly Token[] {
  const found: Token[] = [];
  do {
    const token = next(r);
    if (token.kind !== "word" && token.kind !== "quoted") throw unexpected(token, "identifier");
    found.push(token);
  } while (isOp(peek(r), ",") && next(r));
  return found;
}

export function topLevel(tokens: readonly Token[]): { token: Token; at: number }[] {
  let depth = 0;
  return tokens.flatMap((token, at) => {
    if (isOp(token, "(")) depth++;
    if (isOp(token, ")")) depth--;
    return depth === 0 ? [{ token, at }] : [];
  });
}

export function commas(tokens: readonly Token[]): (readonly Token[])[] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (isOp(token, "(") || isOp(token, "[")) depth++;
    if (isOp(token, ")") || isOp(token, "]")) depth--;
    if (depth === 0 && isOp(token, ",")) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts.filter((p) => p.length > 0);
}
