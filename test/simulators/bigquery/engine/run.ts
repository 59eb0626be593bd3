import { cursor, end, peek, unexpected } from "./cursor.js";
import { ddl } from "./ddl/index.js";
import { bare, shown, type SqlType, type Typed } from "./datatype.js";
import { dml } from "./dml/index.js";
import type { Env } from "./env.js";
import { invalid, runtime } from "./errors.js";
import { ask, newX } from "./execute.js";
import type { Token } from "./lex.js";
import { coerce, fitted } from "./translate/coerce.js";
import { analyze } from "./translate/expr.js";
import { parseExpr } from "./translate/parse-expr.js";
import { parseQuery, seesQuery } from "./translate/parse-query.js";
import type { Output } from "./translate/model.js";
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
    return outputs.columns.map((o, k) => (struct ? cell(values?.[k] ?? null, o.type) : cell(fromDuck(row[k] ?? null, o.type), o.type)));
  });
  return { ...result, rows: cells };
}

/** Columns of a result: anonymous ones are called f0_, f1_ …; a result of one struct by AS STRUCT or AS VALUE has its fields. */
export function outputsOf(columns: readonly Output[], value: boolean): { readonly columns: readonly Output[]; readonly struct: SqlType | null } {
  const first = columns[0];
  const struct = value && first?.type.kind === "STRUCT" ? first.type : null;
  const all = struct ? (struct.fields ?? []) : columns;
  let anonymous = 0;
  const named = all.map((o) => ({ ...o, name: o.name ?? `f${anonymous++}_` }));
  const names = named.map((o) => o.name.toLowerCase());
  const twice = named.filter((_, k) => names.indexOf(names[k] as string) !== k);
  if (twice.length > 0) throw runtime(`Duplicate column names in the result are not supported. Found duplicate(s): ${twice.map((o) => o.name).join(", ")}`);
  return { columns: named, struct };
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
