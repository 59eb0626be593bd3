import { cursor, end, peek, unexpected } from "./cursor.js";
import { bare, type SqlType, shown, type Typed } from "./datatype.js";
import { ddl } from "./ddl/index.js";
import { dml } from "./dml/index.js";
import type { Env } from "./env.js";
import { invalid } from "./errors.js";
import { ask, newX } from "./execute.js";
import type { Token } from "./lex.js";
import { coerce, fitted } from "./translate/coerce.js";
import { analyze } from "./translate/expr.js";
import { outputsOf } from "./translate/outputs.js";
import { parseExpr } from "./translate/parse-expr.js";
import { parseQuery, seesQuery } from "./translate/parse-query.js";
import { query } from "./translate/query.js";
import type { SimField, SimResult } from "./types.js";
import { cell, field, fromDuck } from "./values.js";

const withoutEnd = (tokens: readonly Token[]): readonly Token[] => (tokens.at(-1)?.kind === "end" ? tokens.slice(0, -1) : tokens);

/** Runs a SELECT, DML or DDL statement. */
export async function runStatement(given: readonly Token[], env: Env): Promise<SimResult> {
  const tokens = withoutEnd(given);
  const c = cursor(tokens);
  if (seesQuery(c)) return await select(tokens, env);
  const word = peek(c).upper;
  if (["INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE"].includes(word)) return await dml(c, env);
  if (["CREATE", "DROP", "ALTER", "GRANT", "REVOKE"].includes(word)) return await ddl(c, env);
  throw unexpected(c);
}

async function select(tokens: readonly Token[], env: Env): Promise<SimResult> {
  const c = cursor(tokens);
  const q = parseQuery(c);
  end(c);
  const x = await newX(env, q);
  const rows = query(x, q);
  const outputs = outputsOf(rows.columns, rows.value);
  await env.planned?.("SELECT");
  const fields: SimField[] = outputs.columns.map((o) => field(o.name as string, o.type));
  const result = { schema: fields, statementType: "SELECT", affected: null, bytesProcessed: 0 };
  if (env.dryRun) return { ...result, rows: [] };
  const read = await ask(env, rows.sql);
  const { struct } = outputs;
  const cells = read.map((row) => {
    const values = struct ? (fromDuck(row[0] ?? null, struct) as readonly never[] | null) : null;
    return outputs.columns.map((o, k) =>
      struct ? cell(values?.[k] ?? null, o.type) : cell(fromDuck(row[k] ?? null, o.type), o.type),
    );
  });
  return { ...result, rows: cells };
}

/** An expression's value. */
export async function evaluate(given: readonly Token[], env: Env, to?: SqlType): Promise<Typed> {
  const tokens = withoutEnd(given);
  const c = cursor(tokens);
  const e = parseExpr(c);
  end(c);
  const x = await newX(env, e);
  x.clause = "expression";
  const made = analyze(x, e);
  const wanted = to ? coerce(made, to, e.at) : made;
  if (!wanted) throw invalid(`Cannot coerce expression of type ${shown(made.type)} to type ${shown(to as SqlType)}`, e.at);
  const type = to ?? bare(made.type);
  await env.planned?.("SELECT");
  if (env.dryRun) return { type, value: null };
  if (wanted.constant !== undefined && (!to || !(to.length || to.precision))) return { type, value: wanted.constant };
  const rows = await ask(env, `SELECT ${to ? fitted(wanted.sql, to) : wanted.untyped ? "NULL" : wanted.sql}`);
  return { type, value: fromDuck(rows[0]?.[0] ?? null, wanted.type) };
}
