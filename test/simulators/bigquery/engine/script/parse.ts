import type { Token } from "../lex.js";
import {
  closers,
  closing,
  commas,
  expect,
  isOp,
  isWord,
  names,
  next,
  nonEmpty,
  peek,
  type Reader,
  refused,
  rest,
  semicolon,
  topLevel,
  unexpected,
  until,
} from "./reader.js";

/**
 * Scripts as a tree. Source: GoogleSQL reference "Procedural language". What stands between the words of the language is kept as tokens,
 * and read when it is reached.
 */
export type Node =
  | { readonly kind: "statement"; readonly tokens: readonly Token[] }
  | {
      readonly kind: "declare";
      readonly names: readonly Token[];
      readonly type: readonly Token[];
      readonly value: readonly Token[];
    }
  | { readonly kind: "set"; readonly names: readonly Token[]; readonly tuple: boolean; readonly value: readonly Token[] }
  | { readonly kind: "if"; readonly branches: readonly Branch[]; readonly otherwise: readonly Node[] }
  | {
      readonly kind: "case";
      readonly value: readonly Token[];
      readonly branches: readonly Branch[];
      readonly otherwise: readonly Node[] | null;
      readonly first: Token;
    }
  | { readonly kind: "loop"; readonly when: readonly Token[]; readonly until: readonly Token[]; readonly body: readonly Node[] }
  | { readonly kind: "for"; readonly name: Token; readonly query: readonly Token[]; readonly body: readonly Node[] }
  | { readonly kind: "block"; readonly body: readonly Node[]; readonly handler: readonly Node[] | null }
  | { readonly kind: "raise"; readonly message: readonly Token[]; readonly first: Token }
  | { readonly kind: "assert"; readonly condition: readonly Token[]; readonly message: Token | null; readonly first: Token }
  | { readonly kind: "transaction"; readonly what: "BEGIN" | "COMMIT" | "ROLLBACK"; readonly tokens: readonly Token[] }
  | {
      readonly kind: "immediate";
      readonly sql: readonly Token[];
      readonly into: readonly Token[];
      readonly using: readonly (readonly Token[])[];
      readonly first: Token;
    }
  | { readonly kind: "break" | "continue" | "return" };

export interface Branch {
  readonly condition: readonly Token[];
  readonly body: readonly Node[];
}

/** @throws SimError invalidQuery where the words of a script do not fit together, before anything has run. */
export function parseScript(tokens: readonly Token[]): readonly Node[] {
  const r: Reader = { tokens, at: 0 };
  const nodes = list(r, true);
  if (peek(r).kind !== "end") throw unexpected(peek(r));
  return nodes;
}

/** Statements up to a word that closes the list. Declarations come first in a block, as documented. */
function list(r: Reader, top = false): readonly Node[] {
  const nodes: Node[] = [];
  let declarations = true;
  for (;;) {
    while (isOp(peek(r), ";")) r.at++;
    const token = peek(r);
    if (token.kind === "end") return nodes;
    if (isWord(token, ...closers)) {
      if (top) throw unexpected(token);
      return nodes;
    }
    if (isWord(token, "DECLARE") && !declarations)
      throw refused("Variable declarations are allowed only at the start of a block or script", token);
    if (!isWord(token, "DECLARE")) declarations = false;
    nodes.push(node(r));
    // The last statement of a list needs no semicolon at the end of the script only.
    semicolon(r);
  }
}

function node(r: Reader): Node {
  const first = peek(r);
  const second = peek(r, 1);
  if (first.kind !== "word") return { kind: "statement", tokens: rest(r) };
  switch (first.upper) {
    case "DECLARE":
      return declare(r);
    case "SET":
      return set(r);
    case "IF":
      return conditional(r);
    case "CASE":
      return choice(r);
    case "LOOP": {
      next(r);
      const body = list(r);
      closing(r, "LOOP");
      return { kind: "loop", when: [], until: [], body };
    }
    case "WHILE": {
      next(r);
      const when = until(r, "DO");
      next(r);
      const body = list(r);
      closing(r, "WHILE");
      return { kind: "loop", when, until: [], body };
    }
    case "REPEAT": {
      next(r);
      const body = list(r);
      expect(r, "UNTIL");
      const condition = until(r, "END");
      closing(r, "REPEAT");
      return { kind: "loop", when: [], until: condition, body };
    }
    case "FOR": {
      next(r);
      const name = next(r);
      expect(r, "IN");
      const query = until(r, "DO");
      next(r);
      const body = list(r);
      closing(r, "FOR");
      return { kind: "for", name, query, body };
    }
    case "BEGIN":
      if (isWord(second, "TRANSACTION") || isOp(second, ";") || second.kind === "end") return transaction(r, "BEGIN");
      return block(r);
    case "COMMIT":
    case "ROLLBACK":
      return transaction(r, first.upper === "COMMIT" ? "COMMIT" : "ROLLBACK");
    case "RAISE":
      return raise(r);
    case "ASSERT":
      return assertion(r);
    case "BREAK":
    case "LEAVE":
      next(r);
      return { kind: "break" };
    case "CONTINUE":
    case "ITERATE":
      next(r);
      return { kind: "continue" };
    case "RETURN":
      next(r);
      return { kind: "return" };
    case "EXECUTE":
      return immediate(r);
    case "CALL":
      throw refused("CALL: procedures are not simulated", first);
    default:
      return { kind: "statement", tokens: rest(r) };
  }
}

function declare(r: Reader): Node {
  next(r);
  const found = names(r);
  const all = nonEmpty(r, rest(r));
  const at = all.findIndex((t) => isWord(t, "DEFAULT"));
  const type = at < 0 ? all : all.slice(0, at);
  const value = at < 0 ? [] : all.slice(at + 1);
  if (at >= 0 && value.length === 0) throw unexpected(peek(r));
  return { kind: "declare", names: found, type, value };
}

function set(r: Reader): Node {
  next(r);
  const tuple = isOp(peek(r), "(");
  if (tuple) next(r);
  const first = peek(r);
  if (first.kind !== "word" && first.kind !== "quoted" && first.kind !== "system") throw unexpected(first, "identifier");
  const found = tuple ? names(r) : [next(r)];
  if (tuple && !isOp(next(r), ")")) throw unexpected(peek(r), '")"');
  const equals = next(r);
  if (!isOp(equals, "=")) throw unexpected(equals, '"="');
  return { kind: "set", names: found, tuple, value: nonEmpty(r, rest(r)) };
}

function conditional(r: Reader): Node {
  const branches: Branch[] = [];
  for (let more = true; more; more = isWord(peek(r), "ELSEIF")) {
    next(r);
    const condition = until(r, "THEN");
    next(r);
    branches.push({ condition, body: list(r) });
  }
  let otherwise: readonly Node[] = [];
  if (isWord(peek(r), "ELSE")) {
    next(r);
    otherwise = list(r);
  }
  closing(r, "IF");
  return { kind: "if", branches, otherwise };
}

function choice(r: Reader): Node {
  const first = next(r);
  const value = isWord(peek(r), "WHEN") ? [] : until(r, "WHEN");
  const branches: Branch[] = [];
  while (isWord(peek(r), "WHEN")) {
    next(r);
    const condition = until(r, "THEN");
    next(r);
    branches.push({ condition, body: list(r) });
  }
  let otherwise: readonly Node[] | null = null;
  if (isWord(peek(r), "ELSE")) {
    next(r);
    otherwise = list(r);
  }
  closing(r, "CASE");
  return { kind: "case", value, branches, otherwise, first };
}

function block(r: Reader): Node {
  next(r);
  const body = list(r);
  let handler: readonly Node[] | null = null;
  if (isWord(peek(r), "EXCEPTION")) {
    next(r);
    expect(r, "WHEN");
    expect(r, "ERROR");
    expect(r, "THEN");
    handler = list(r);
  }
  expect(r, "END");
  return { kind: "block", body, handler };
}

function transaction(r: Reader, what: "BEGIN" | "COMMIT" | "ROLLBACK"): Node {
  const tokens = [next(r)];
  if (isWord(peek(r), "TRANSACTION")) tokens.push(next(r));
  return { kind: "transaction", what, tokens };
}

function raise(r: Reader): Node {
  const first = next(r);
  if (!isWord(peek(r), "USING")) return { kind: "raise", message: [], first };
  next(r);
  expect(r, "MESSAGE");
  const equals = next(r);
  if (!isOp(equals, "=")) throw unexpected(equals, '"="');
  return { kind: "raise", message: nonEmpty(r, rest(r)), first };
}

function assertion(r: Reader): Node {
  const first = next(r);
  const all = nonEmpty(r, rest(r));
  const message = all.at(-1);
  if (message?.kind === "string" && isWord(all.at(-2), "AS"))
    return { kind: "assert", condition: nonEmpty(r, all.slice(0, -2)), message, first };
  return { kind: "assert", condition: all, message: null, first };
}

function immediate(r: Reader): Node {
  const first = next(r);
  expect(r, "IMMEDIATE");
  const all = nonEmpty(r, rest(r));
  const top = topLevel(all);
  const using = top.findIndex((t) => isWord(t.token, "USING"));
  const into = top.findIndex((t) => isWord(t.token, "INTO"));
  const at = (k: number) => (k < 0 ? all.length : (top[k]?.at ?? all.length));
  const sql = all.slice(0, Math.min(at(using), at(into)));
  return {
    kind: "immediate",
    sql,
    into: into < 0 ? [] : all.slice(at(into) + 1, using > into ? at(using) : all.length).filter((t) => !isOp(t, ",")),
    using: using < 0 ? [] : commas(all.slice(at(using) + 1, into > using ? at(into) : all.length)),
    first,
  };
}
