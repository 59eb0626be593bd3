import { types, type Value } from "../datatype.js";
import { invalid, stopped } from "../errors-run.js";
import type { Token } from "../lex.js";
import { rollback } from "../transactions.js";
import { SimError } from "../types.js";
import type { Branch, Node } from "./parse.js";
import { Failure, type Script, textOf } from "./state.js";
import { declare, holds, immediate, made, raised, set, statement, transaction, value } from "./statements.js";

type Flow = "next" | "break" | "continue" | "return";

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
    await runNodes(s, nodes);
  } finally {
    if (s.scope.tx && s.core.open.has(s.scope.tx)) rollback(s.core, s.scope.tx);
    s.scope.tx = null;
  }
}

/** Runs nodes and leaves a transaction open, as a session would. */
export async function runNodes(s: Script, nodes: readonly Node[]): Promise<void> {
  try {
    await list(s, nodes);
  } catch (error) {
    throw error instanceof Failure ? error.raised.error : error;
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
