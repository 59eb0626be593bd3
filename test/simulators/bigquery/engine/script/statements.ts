import { cursor, end } from "../cursor.js";
import { type Typed, types, type Value } from "../datatype.js";
import type { Env } from "../env.js";
import { invalid } from "../errors-run.js";
import { lex, type Token } from "../lex.js";
import { evaluate, runStatement } from "../run.js";
import { begin, commit, rollback } from "../transactions.js";
import { parseType } from "../translate/parse-type.js";
import { SimError, type SimResult } from "../types.js";
import { type Node, parseScript } from "./parse.js";
import { isWord } from "./reader.js";
import { Failure, type Script, textOf } from "./state.js";

export async function statement(s: Script, tokens: readonly Token[], parameters?: Env["parameters"]): Promise<SimResult> {
  const first = tokens[0] as Token;
  const child = { sql: textOf(tokens), line: first.line, column: first.column, evaluationKind: "STATEMENT" } as const;
  const { env, finish } = s.env(s, parameters);
  try {
    const result = finish(await runStatement(tokens, env));
    s.children.push({ ...child, statementType: result.statementType, result, error: null });
    s.rowCount = result.affected === null ? null : BigInt(result.affected);
    s.bytes += result.bytesProcessed;
    return result;
  } catch (error) {
    if (error instanceof SimError) s.children.push({ ...child, statementType: first.upper, result: null, error });
    throw error;
  }
}

/** An expression's value; one with a query in it is a child job of its own. */
export async function value(s: Script, tokens: readonly Token[], to?: Typed["type"]): Promise<Typed> {
  const { env, finish } = s.env(s);
  const made = await evaluate(tokens, env, to);
  const first = tokens[0];
  if (first && tokens.some((t) => isWord(t, "SELECT"))) {
    const bare = { schema: null, rows: [], statementType: "SELECT", affected: null, bytesProcessed: 0 };
    const result = finish(bare);
    s.bytes += result.bytesProcessed;
    const place = { line: first.line, column: first.column, evaluationKind: "EXPRESSION" } as const;
    s.children.push({ ...place, sql: `SELECT ${textOf(tokens)}`, statementType: "SELECT", result, error: null });
  }
  return made;
}

/** NULL does not hold. */
export const holds = async (s: Script, tokens: readonly Token[]): Promise<boolean> =>
  (await value(s, tokens, types.bool)).value === true;

export async function declare(s: Script, node: Extract<Node, { kind: "declare" }>): Promise<void> {
  // A type may end in `>>`, which reading splits.
  const c = cursor([...node.type]);
  const type = node.type.length > 0 ? parseType(c) : null;
  if (type) end(c);
  const made: Typed =
    node.value.length > 0 ? await value(s, node.value, type ?? undefined) : { type: type ?? types.int64, value: null };
  for (const name of node.names) s.vars.declare(name, { type: type ?? made.type, value: made.value });
}

export async function set(s: Script, node: Extract<Node, { kind: "set" }>): Promise<void> {
  const [name] = node.names;
  if (!name) return;
  if (name.kind === "system") throw invalid(`Cannot assign to system variable @@${name.value}`, name);
  if (!node.tuple) return s.vars.set(name, await value(s, node.value, s.vars.typeOf(name)));
  const target = types.struct(node.names.map((n) => ({ name: null, type: s.vars.typeOf(n) })));
  const made = await value(s, node.value, target);
  if (made.value === null) throw invalid("Cannot assign NULL to a list of variables", name);
  const parts = Array.isArray(made.value) ? (made.value as readonly Value[]) : [];
  for (const [k, n] of node.names.entries()) s.vars.set(n, { type: s.vars.typeOf(n), value: parts[k] ?? null });
}

export const made = (like: Token, kind: Token["kind"], text: string): Token => ({
  ...like,
  kind,
  value: text,
  upper: text.toUpperCase(),
});

export async function raised(s: Script, node: Extract<Node, { kind: "raise" }>): Promise<unknown> {
  const { first } = node;
  if (node.message.length === 0) {
    const current = s.errors.at(-1);
    return current
      ? new Failure(current)
      : invalid("Cannot re-raise an existing exception outside of an exception handler", first);
  }
  const given = (await value(s, node.message, types.string)).value;
  const message = typeof given === "string" ? given : null;
  const error = new SimError("invalidQuery", 400, `${message ?? "NULL"} at [${first.line}:${first.column}]`);
  return new Failure({ error, message, statement: textOf([first, ...node.message]), at: first });
}

export async function transaction(s: Script, node: Extract<Node, { kind: "transaction" }>): Promise<void> {
  const first = node.tokens[0] as Token;
  const { tx } = s.scope;
  if (node.what === "BEGIN") {
    if (tx) throw invalid("Transactions cannot be nested: there is already a transaction open", first);
    s.scope.tx = begin(s.core);
  } else {
    if (!tx) throw invalid(`${node.what} TRANSACTION: there is no transaction open`, first);
    s.scope.tx = null;
    if (node.what === "COMMIT") await commit(s.core, tx);
    else rollback(s.core, tx);
  }
  const statementType = `${node.what}_TRANSACTION`;
  const result = { schema: null, rows: [], statementType, affected: null, bytesProcessed: 0 };
  const place = { line: first.line, column: first.column, evaluationKind: "STATEMENT" } as const;
  s.children.push({ ...place, sql: textOf(node.tokens), statementType, result, error: null });
  s.rowCount = null;
}

export async function immediate(s: Script, node: Extract<Node, { kind: "immediate" }>): Promise<void> {
  const text = (await value(s, node.sql, types.string)).value;
  if (typeof text !== "string") throw invalid("EXECUTE IMMEDIATE sql string cannot be NULL", node.first);
  const nodes = parseScript(lex(text));
  const [only] = nodes;
  if (nodes.length !== 1 || only?.kind !== "statement")
    throw invalid("EXECUTE IMMEDIATE takes one statement that is not part of the procedural language", node.first);
  const positional: Typed[] = [];
  const named = new Map<string, Typed>();
  for (const tokens of node.using) {
    const as = tokens.at(-2);
    if (isWord(as, "AS")) named.set((tokens.at(-1)?.value ?? "").toLowerCase(), await value(s, tokens.slice(0, -2)));
    else positional.push(await value(s, tokens));
  }
  const parameters = { positional, named };
  if (node.into.length === 0) return void (await statement(s, only.tokens, parameters));
  const word = (t: string) => made(node.first, "word", t);
  const op = (t: string) => made(node.first, "op", t);
  const row = [
    op("("),
    ...["SELECT", "AS", "STRUCT"].map(word),
    op("*"),
    word("FROM"),
    op("("),
    ...only.tokens,
    op(")"),
    op(")"),
  ];
  const target = types.struct(node.into.map((n) => ({ name: null, type: s.vars.typeOf(n) })));
  const { env } = s.env(s, parameters);
  const got = await evaluate(row, env, target);
  const parts = Array.isArray(got.value) ? (got.value as readonly Value[]) : [];
  for (const [k, n] of node.into.entries()) s.vars.set(n, { type: s.vars.typeOf(n), value: parts[k] ?? null });
}
