import { cursor, end } from "../cursor.js";
import { type Typed, types, type Value } from "../datatype.js";
import type { Env } from "../env.js";
import { invalid, stopped } from "../errors-run.js";
import { lex, type Token } from "../lex.js";
import { evaluate, runStatement } from "../run.js";
import { begin, type Core, commit, rollback, type Scope } from "../transactions.js";
import { parseType } from "../translate/parse-type.js";
import { type ChildResult, SimError, type SimResult } from "../types.js";
import { type Branch, isWord, type Node, parseScript } from "./parse.js";
import type { Variables } from "./variables.js";

/** What the statements of one script share. */
export interface Script {
  readonly core: Core;
  readonly scope: Scope;
  readonly vars: Variables;
  readonly signal: AbortSignal;
  readonly jobId: string;
  readonly children: ChildResult[];
  /** Surroundings for one more statement, and what it read. */
  env(script: Script, parameters?: Env["parameters"]): { readonly env: Env; finish(result: SimResult): SimResult };
  rowCount: bigint | null;
  bytes: number;
  errors: readonly Raised[];
}

interface Raised {
  readonly error: SimError;
  /** As @@error.message has it. */
  readonly message: string | null;
  readonly statement: string;
  readonly at: Token;
}

type Flow = "next" | "break" | "continue" | "return";

/** The text of tokens as it stands in the script. */
const textOf = (tokens: readonly Token[]): string => {
  const [first, last] = [tokens[0], tokens.at(-1)];
  return first && last ? first.sql.slice(first.start, last.end) : "";
};

const firstOf = (node: Node): Token | null => {
  switch (node.kind) {
    case "statement":
    case "transaction":
      return node.tokens[0] ?? null;
    case "declare":
    case "set":
      return node.names[0] ?? null;
    case "raise":
    case "assert":
    case "immediate":
    case "case":
      return node.first;
    case "if":
      return node.branches[0]?.condition[0] ?? null;
    case "loop":
      return node.when[0] ?? node.until[0] ?? null;
    case "for":
      return node.name;
    default:
      return null;
  }
};

/** Runs all nodes. What is still open at the end of the script is rolled back (docs "Transactions", Transaction scope). */
export async function runScript(s: Script, nodes: readonly Node[]): Promise<void> {
  try {
    await list(s, nodes);
  } catch (error) {
    throw error instanceof Failure ? error.raised.error : error;
  } finally {
    if (s.scope.tx && s.core.open.has(s.scope.tx)) rollback(s.core, s.scope.tx);
    s.scope.tx = null;
  }
}

/** An error on its way to a handler. */
class Failure extends Error {
  readonly raised: Raised;
  constructor(raised: Raised) {
    super(raised.error.message);
    this.raised = raised;
  }
}

async function list(s: Script, nodes: readonly Node[]): Promise<Flow> {
  for (const node of nodes) {
    const flow = await one(s, node);
    if (flow !== "next") return flow;
  }
  return "next";
}

async function one(s: Script, node: Node): Promise<Flow> {
  if (s.signal.aborted) throw stopped();
  try {
    return await act(s, node);
  } catch (error) {
    throw failed(s, error, node);
  }
}

/** Adds the place in the script, as the service does: `Query error: … at [l:c]`. */
function failed(s: Script, error: unknown, node: Node): unknown {
  // A transaction that was cancelled is over.
  if (s.scope.tx && !s.core.open.has(s.scope.tx)) s.scope.tx = null;
  if (error instanceof Failure) return error;
  if (s.signal.aborted) return stopped();
  if (!(error instanceof SimError) || error.reason === "stopped") return error;
  const at = firstOf(node);
  if (!at) return error;
  const placed = / at \[\d+:\d+\]$/.test(error.message) ? error.message : `${error.message} at [${at.line}:${at.column}]`;
  const message = error.reason === "invalidQuery" && !placed.startsWith("Query error: ") ? `Query error: ${placed}` : placed;
  const told = new SimError(error.reason, error.status, message, error.location);
  return new Failure({
    error: told,
    message,
    statement: "tokens" in node ? textOf(node.tokens) : at.sql.slice(at.start, at.end),
    at,
  });
}

async function act(s: Script, node: Node): Promise<Flow> {
  switch (node.kind) {
    case "statement":
      await statement(s, node.tokens);
      return "next";
    case "declare":
      await declare(s, node);
      return "next";
    case "set":
      await set(s, node);
      return "next";
    case "if": {
      for (const branch of node.branches) if (await holds(s, branch.condition)) return list(s, branch.body);
      return list(s, node.otherwise);
    }
    case "case":
      return choose(s, node);
    case "loop":
      return loop(s, node);
    case "for":
      return each(s, node);
    case "block":
      return block(s, node);
    case "raise":
      throw await raised(s, node);
    case "assert":
      if (!(await holds(s, node.condition))) throw invalid(node.message?.value ?? "Assertion failed", node.first);
      return "next";
    case "transaction":
      await transaction(s, node);
      return "next";
    case "immediate":
      await immediate(s, node);
      return "next";
    default:
      return node.kind;
  }
}

async function statement(s: Script, tokens: readonly Token[], parameters?: Env["parameters"]): Promise<SimResult> {
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
async function value(s: Script, tokens: readonly Token[], to?: Typed["type"]): Promise<Typed> {
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
const holds = async (s: Script, tokens: readonly Token[]): Promise<boolean> =>
  (await value(s, tokens, types.bool)).value === true;

async function declare(s: Script, node: Extract<Node, { kind: "declare" }>): Promise<void> {
  // A type may end in `>>`, which reading splits.
  const c = cursor([...node.type]);
  const type = node.type.length > 0 ? parseType(c) : null;
  if (type) end(c);
  const made: Typed =
    node.value.length > 0 ? await value(s, node.value, type ?? undefined) : { type: type ?? types.int64, value: null };
  for (const name of node.names) s.vars.declare(name, { type: type ?? made.type, value: made.value });
}

async function set(s: Script, node: Extract<Node, { kind: "set" }>): Promise<void> {
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

const made = (like: Token, kind: Token["kind"], text: string): Token => ({
  ...like,
  kind,
  value: text,
  upper: text.toUpperCase(),
});

async function choose(s: Script, node: Extract<Node, { kind: "case" }>): Promise<Flow> {
  const op = (text: string) => made(node.first, "op", text);
  const condition = (branch: Branch): readonly Token[] =>
    node.value.length === 0
      ? branch.condition
      : [op("("), ...node.value, op(")"), op("="), op("("), ...branch.condition, op(")")];
  for (const branch of node.branches) if (await holds(s, condition(branch))) return list(s, branch.body);
  if (node.otherwise === null) throw invalid("No WHEN branch of CASE matches and there is no ELSE", node.first);
  return list(s, node.otherwise);
}

async function loop(s: Script, node: Extract<Node, { kind: "loop" }>): Promise<Flow> {
  for (;;) {
    if (s.signal.aborted) throw stopped();
    if (node.when.length > 0 && !(await holds(s, node.when))) return "next";
    const flow = await list(s, node.body);
    if (flow === "break") return "next";
    if (flow === "return") return flow;
    if (node.until.length > 0 && (await holds(s, node.until))) return "next";
  }
}

async function each(s: Script, node: Extract<Node, { kind: "for" }>): Promise<Flow> {
  const word = (text: string) => made(node.name, "word", text);
  const op = (text: string) => made(node.name, "op", text);
  const asArray = [
    word("ARRAY"),
    op("("),
    ...["SELECT", "AS", "STRUCT"].map(word),
    op("*"),
    word("FROM"),
    ...node.query,
    op(")"),
  ];
  const rows = await value(s, asArray);
  const element = rows.type.element ?? types.int64;
  for (const row of Array.isArray(rows.value) ? (rows.value as readonly Value[]) : []) {
    s.vars.enter();
    try {
      s.vars.declare(node.name, { type: element, value: row });
      const flow = await list(s, node.body);
      if (flow === "break") return "next";
      if (flow === "return") return flow;
    } finally {
      s.vars.leave();
    }
  }
  return "next";
}

/** Variables of the block are gone in its handler (reference "Procedural language", BEGIN…EXCEPTION…END). */
async function block(s: Script, node: Extract<Node, { kind: "block" }>): Promise<Flow> {
  try {
    s.vars.enter();
    try {
      return await list(s, node.body);
    } finally {
      s.vars.leave();
    }
  } catch (error) {
    if (!node.handler || !(error instanceof Failure)) throw error;
    const before = s.errors;
    s.errors = [...before, error.raised];
    s.vars.enter();
    try {
      return await list(s, node.handler);
    } finally {
      s.vars.leave();
      s.errors = before;
    }
  }
}

async function raised(s: Script, node: Extract<Node, { kind: "raise" }>): Promise<unknown> {
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

async function transaction(s: Script, node: Extract<Node, { kind: "transaction" }>): Promise<void> {
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

async function immediate(s: Script, node: Extract<Node, { kind: "immediate" }>): Promise<void> {
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

/** System variables of a script (reference "System variables"). */
export function systemVariable(s: Script | null, name: string): Typed | undefined {
  const text = (t: string | null): Typed => ({ type: types.string, value: t });
  const error = s?.errors.at(-1);
  switch (name) {
    case "row_count":
      return { type: types.int64, value: s?.rowCount ?? null };
    case "error.message":
      return text(error?.message ?? null);
    case "error.statement_text":
      return text(error?.statement ?? null);
    case "error.formatted_stack_trace":
      return text(error ? `At [${error.at.line}:${error.at.column}]` : null);
    case "script.job_id":
      return text(s?.jobId ?? null);
    case "script.bytes_processed":
      return { type: types.int64, value: s ? BigInt(s.bytes) : null };
    case "script.num_child_jobs":
      return { type: types.int64, value: s ? BigInt(s.children.length) : null };
    default:
      return undefined;
  }
}
