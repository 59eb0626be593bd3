import { errors } from "./errors.js";

type TokenKind = "word" | "quoted" | "string" | "number" | "op" | "bind" | "column" | "stage" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** Word: folded to upper case. Quoted and string: the value. Bind: its name. Column: the number of `$1`. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

const operators = ["::", "||", "<=", ">=", "<>", "!=", "=>", "->", ":="];
const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", "0": "\0" };
const fold = (word: string): string => word.toUpperCase();

/**
 * Splits a statement into tokens. Escapes of strings from docs "String & binary data types": backslash sequences, '' and $$…$$.
 */
export function lex(sql: string): Token[] {
  const tokens: Token[] = [];
  let i = 0;
  let binds = 0;
  const push = (kind: TokenKind, value: string, start: number) => tokens.push({ kind, value, start, end: i });
  const fail = (start: number) => {
    const { line, position } = place(sql, start);
    return errors.syntax(line, position, sql[start] ?? "<EOF>");
  };
  while (i < sql.length) {
    const start = i;
    const c = sql[i] ?? "";
    if (/\s/.test(c)) i++;
    else if (sql.startsWith("--", i) || sql.startsWith("//", i)) i = lineEnd(sql, i);
    else if (sql.startsWith("/*", i)) {
      const close = sql.indexOf("*/", i + 2);
      if (close < 0) throw fail(start);
      i = close + 2;
    } else if (c === '"') {
      let value = "";
      for (i++; ; i++) {
        if (i >= sql.length) throw fail(start);
        if (sql[i] !== '"') value += sql[i];
        else if (sql[i + 1] === '"') {
          value += '"';
          i++;
        } else break;
      }
      i++;
      push("quoted", value, start);
    } else if (c === "'") {
      const string = readString(sql, i);
      if (!string) throw fail(start);
      i = string.end;
      push("string", string.value, start);
    } else if (sql.startsWith("$$", i)) {
      const close = sql.indexOf("$$", i + 2);
      if (close < 0) throw fail(start);
      const value = sql.slice(i + 2, close);
      i = close + 2;
      push("string", value, start);
    } else if (c === "$" && /\d/.test(sql[i + 1] ?? "")) {
      const digits = /\d+/y;
      digits.lastIndex = i + 1;
      const n = digits.exec(sql)?.[0] ?? "";
      i += 1 + n.length;
      push("column", n, start);
    } else if (c === "?") {
      i++;
      push("bind", String(++binds), start);
    } else if (c === ":" && /\d/.test(sql[i + 1] ?? "")) {
      const n = /\d+/.exec(sql.slice(i + 1, i + 12))?.[0] ?? "";
      i += 1 + n.length;
      push("bind", n, start);
    } else if (c === "@") {
      // A stage with its path; a quoted part may hold anything but a quote.
      const stage = /@(?:"(?:[^"]|"")*"|[^\s();,"'])*/y;
      stage.lastIndex = i;
      const value = stage.exec(sql)?.[0] ?? "@";
      i += value.length;
      push("stage", value.slice(1), start);
    } else if (/\d/.test(c) || (c === "." && /\d/.test(sql[i + 1] ?? ""))) {
      const pattern = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
      pattern.lastIndex = i;
      const value = pattern.exec(sql)?.[0] ?? "";
      i += value.length;
      push("number", value, start);
    } else if (/[\p{L}_]/u.test(c)) {
      const pattern = /[\p{L}\p{N}_$]+/uy;
      pattern.lastIndex = i;
      const value = pattern.exec(sql)?.[0] ?? "";
      i += value.length;
      push("word", fold(value), start);
    } else {
      const op = operators.find((o) => sql.startsWith(o, i)) ?? c;
      if (!"()[]{},.;:=<>+-*/%|!~&^".includes(op[0] ?? "")) throw fail(start);
      i += op.length;
      push("op", op, start);
    }
  }
  push("end", "<EOF>", sql.length);
  return tokens;
}

/** Line (from 1) and position in it (from 0), as the service's messages count. */
export function place(sql: string, offset: number): { line: number; position: number } {
  const before = sql.slice(0, offset);
  const line = before.split("\n").length;
  return { line, position: offset - (before.lastIndexOf("\n") + 1) };
}

function lineEnd(sql: string, from: number): number {
  const end = sql.indexOf("\n", from);
  return end < 0 ? sql.length : end;
}

function readString(sql: string, start: number): { value: string; end: number } | null {
  let value = "";
  let i = start + 1;
  let from = i;
  for (;;) {
    const next = /['\\]/g;
    next.lastIndex = i;
    const found = next.exec(sql);
    if (!found) return null;
    value += sql.slice(from, found.index);
    i = found.index + 1;
    if (found[0] === "'") {
      if (sql[i] !== "'") return { value, end: i };
      value += "'";
      from = ++i;
      continue;
    }
    const escaped = /(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[0-3][0-7]{2}|[\s\S])/y;
    escaped.lastIndex = i;
    const sequence = escaped.exec(sql)?.[0] ?? "";
    value += plainOf(sequence);
    i += sequence.length;
    from = i;
  }
}

function plainOf(sequence: string): string {
  if (/^[xu]./.test(sequence)) return String.fromCharCode(Number.parseInt(sequence.slice(1), 16));
  if (/^\d{3}$/.test(sequence)) return String.fromCharCode(Number.parseInt(sequence, 8));
  return escapes[sequence] ?? sequence;
}
