import { SimError } from "./types.js";

export type TokenKind = "word" | "quoted" | "string" | "bytes" | "number" | "op" | "parameter" | "system" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** Word: as written. Quoted, string: the value. Bytes: hex. Parameter: its name, "" for `?`. System: the path behind `@@`. */
  readonly value: string;
  /** The word in capitals; of other kinds the value. */
  readonly upper: string;
  readonly start: number;
  readonly end: number;
  /** From 1, as `at [l:c]` counts. */
  readonly line: number;
  readonly column: number;
  readonly sql: string;
}

// `>>` stays two tokens: it also closes two types.
const operators = ["<<", "||", "<=", ">=", "<>", "!=", "=>", "@{"];
const plain: Readonly<Record<string, string>> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

export const syntax = (message: string, token: Pick<Token, "line" | "column">): SimError =>
  new SimError("invalidQuery", 400, `Syntax error: ${message} at [${token.line}:${token.column}]`);

/** Splits a text into tokens, the last of kind `end` (docs "Lexical structure and syntax"). */
export function lex(sql: string): Token[] {
  const tokens: Token[] = [];
  let i = 0;
  let line = 1;
  let lineStart = 0;
  let seen = 0;
  const mark = (start: number): { line: number; column: number } => {
    for (let nl = sql.indexOf("\n", seen); nl >= 0 && nl < start; nl = sql.indexOf("\n", nl + 1)) {
      line++;
      lineStart = nl + 1;
      seen = lineStart;
    }
    return { line, column: start - lineStart + 1 };
  };
  const push = (kind: TokenKind, value: string, start: number): void => {
    const at = mark(start);
    tokens.push({ kind, value, upper: kind === "word" ? value.toUpperCase() : value, start, end: i, sql, ...at });
  };
  const space = /(?:\s+|--[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)+/y;
  const word = /[A-Za-z_][A-Za-z0-9_]*/y;
  const number = /0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
  const quote = /([rR][bB]?|[bB][rR]?)?('''|"""|'|")/y;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = i;
    return pattern.exec(sql);
  };
  while (i < sql.length) {
    const start = i;
    const skipped = take(space);
    if (skipped) {
      i += skipped[0].length;
      continue;
    }
    const c = sql[i] as string;
    const quoted = take(quote);
    if (quoted) {
      const prefix = (quoted[1] ?? "").toLowerCase();
      const read = readString(sql, i + quoted[0].length, quoted[2] as string, prefix.includes("r"), prefix.includes("b"));
      if (!read) throw syntax("Unclosed string literal", mark(start));
      if ("problem" in read) throw syntax(read.problem, mark(start));
      i = read.end;
      push(prefix.includes("b") ? "bytes" : "string", read.value, start);
    } else if (c === "`") {
      const read = readString(sql, i + 1, "`", false, false);
      if (!read) throw syntax("Unclosed identifier literal", mark(start));
      if ("problem" in read) throw syntax(read.problem, mark(start));
      if (read.value === "") throw syntax("Invalid empty identifier", mark(start));
      i = read.end;
      push("quoted", read.value, start);
    } else if (c === "@" && sql[i + 1] === "@") {
      i += 2;
      const name = /[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*/y;
      const found = take(name);
      if (!found) throw syntax('Unexpected "@@"', mark(start));
      i += found[0].length;
      push("system", found[0].toLowerCase(), start);
    } else if (c === "@" && sql[i + 1] !== "{") {
      i++;
      if (sql[i] === "`") {
        const read = readString(sql, i + 1, "`", false, false);
        if (!read || "problem" in read) throw syntax("Unclosed identifier literal", mark(start));
        i = read.end;
        push("parameter", read.value, start);
        continue;
      }
      const found = take(word);
      if (!found) throw syntax('Unexpected "@"', mark(start));
      i += found[0].length;
      push("parameter", found[0], start);
    } else if (c === "?") {
      i++;
      push("parameter", "", start);
    } else if ((c >= "0" && c <= "9") || (c === "." && /\d/.test(sql[i + 1] ?? "") && !afterName(tokens, i))) {
      const value = take(number)?.[0] ?? c;
      i += value.length;
      if (/[A-Za-z_]/.test(sql[i] ?? "") && !afterDot(tokens))
        throw syntax("Missing whitespace between literal and alias", mark(i));
      push("number", value, start);
    } else if (/[A-Za-z_]/.test(c)) {
      const value = take(word)?.[0] ?? c;
      i += value.length;
      push("word", value, start);
    } else {
      const op = operators.find((o) => sql.startsWith(o, i)) ?? c;
      if (!"()[]{},.;:=<>+-*/%|!~&^@$".includes(op[0] as string)) {
        if (sql.startsWith("/*", i)) throw syntax("Unclosed comment", mark(start));
        throw syntax(`Illegal input character ${JSON.stringify(c)}`, mark(start));
      }
      i += op.length;
      push("op", op, start);
    }
  }
  push("end", "end of input", sql.length);
  return tokens;
}

const afterName = (tokens: readonly Token[], at: number): boolean => {
  const last = tokens.at(-1);
  return (
    last !== undefined &&
    last.end === at &&
    (last.kind === "word" || last.kind === "quoted" || last.value === ")" || last.value === "]")
  );
};
const afterDot = (tokens: readonly Token[]): boolean => tokens.at(-1)?.value === "." || tokens.at(-1)?.value === "-";

type Read = { readonly value: string; readonly end: number } | { readonly problem: string };

function readString(sql: string, from: number, close: string, raw: boolean, bytes: boolean): Read | null {
  const parts: string[] = [];
  const long = close.length === 3;
  const stop = new RegExp(long ? `\\\\|${close}` : `\\\\|\\n|${close}`, "g");
  let i = from;
  for (;;) {
    stop.lastIndex = i;
    const found = stop.exec(sql);
    if (!found || found[0] === "\n") return null;
    parts.push(encode(sql.slice(i, found.index), bytes));
    i = found.index + found[0].length;
    if (found[0] === close) return { value: parts.join(""), end: i };
    const sequence = /x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2}|[\s\S]/iy;
    sequence.lastIndex = i;
    const escaped = sequence.exec(sql)?.[0];
    if (escaped === undefined) return null;
    if (raw) {
      parts.push(encode(`\\${sql[i]}`, bytes));
      i += 1;
      continue;
    }
    const value = unescaped(escaped, bytes);
    if (value === null) return { problem: `Illegal escape sequence: \\${escaped[0]}` };
    parts.push(value);
    i += escaped.length;
  }
}

const encode = (text: string, bytes: boolean): string => (bytes ? Buffer.from(text, "utf8").toString("hex") : text);

/** One escape sequence (docs "Escape sequences"); of bytes as hex. */
function unescaped(sequence: string, bytes: boolean): string | null {
  const c = sequence[0] as string;
  if ((c === "x" || c === "X" || c === "u" || c === "U") && sequence.length > 1) {
    if (c === "u" && sequence.length !== 5) return null;
    const code = Number.parseInt(sequence.slice(1), 16);
    if (bytes) return c.toLowerCase() === "x" ? sequence.slice(1).toLowerCase() : null;
    return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? null : String.fromCodePoint(code);
  }
  if (/^[0-3][0-7]{2}$/.test(sequence)) {
    const code = Number.parseInt(sequence, 8);
    return bytes ? code.toString(16).padStart(2, "0") : String.fromCodePoint(code);
  }
  const found = plain[c] ?? ("\\?\"'`\n".includes(c) ? c : null);
  return found === null ? null : encode(found, bytes);
}
