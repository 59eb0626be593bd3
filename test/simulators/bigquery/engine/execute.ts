import type { DuckDBValue } from "@duckdb/node-api";
import { types } from "./datatype.js";
import type { Duck, Env } from "./env.js";
import { invalid, told } from "./errors.js";
import { withConnection } from "./store.js";
import type { Expr } from "./translate/ast.js";
import { coerce } from "./translate/coerce.js";
import { analyze } from "./translate/expr.js";
import type { X } from "./translate/model.js";
import { query } from "./translate/query.js";
import { SimError } from "./types.js";
import { fromDuck } from "./values.js";

const stopped = () => new SimError("stopped", 499, "Job execution was cancelled: User requested cancellation");

/** Work on a connection that ends when the job is cancelled; DuckDB's errors in the service's words. */
export async function work<T>(env: Env, body: (duck: Duck) => Promise<T>): Promise<T> {
  if (env.signal.aborted) throw stopped();
  return await withConnection(env.store, async (duck) => {
    const interrupt = () => duck.interrupt();
    env.signal.addEventListener("abort", interrupt);
    try {
      return await body(duck);
    } catch (error) {
      throw told(error);
    } finally {
      env.signal.removeEventListener("abort", interrupt);
    }
  });
}

export async function ask(env: Env, sql: string): Promise<readonly (readonly DuckDBValue[])[]> {
  return await work(env, async (duck) => await rowsOf(duck, sql));
}

export async function rowsOf(duck: Duck, sql: string): Promise<readonly (readonly DuckDBValue[])[]> {
  try {
    return (await duck.runAndReadAll(sql)).getRows();
  } catch (error) {
    throw told(error, sql);
  }
}

/** Rows that changed. */
export async function change(duck: Duck, sql: string): Promise<number> {
  try {
    return (await duck.run(sql)).rowsChanged;
  } catch (error) {
    throw told(error, sql);
  }
}

function blank(env: Env): X {
  return {
    env,
    scope: null,
    ctes: new Map(),
    grouping: null,
    windows: new Map(),
    clause: null,
    inAggregate: false,
    inWindow: false,
    counter: { n: 0 },
    views: [],
    times: new Map(),
    query,
    analyze,
  };
}

/** What is needed to read a statement; `root`: all of it, for the times that it asks for. */
export async function newX(env: Env, root: unknown): Promise<X> {
  const found: Expr[] = [];
  collect(root, found);
  const times = new Map<Expr, bigint | null>();
  for (const e of found) times.set(e, await micros(env, e));
  return { ...blank(env), times };
}

function collect(node: unknown, found: Expr[]): void {
  if (Array.isArray(node)) {
    for (const n of node) collect(n, found);
    return;
  }
  if (typeof node !== "object" || node === null || node instanceof Uint8Array || node instanceof Map) return;
  if ("time" in node && node.time) found.push(node.time as Expr);
  for (const [key, inner] of Object.entries(node)) if (key !== "at" && key !== "type" && key !== "to") collect(inner, found);
}

async function micros(env: Env, e: Expr): Promise<bigint | null> {
  const value = coerce(analyze(blank(env), e), types.timestamp, e.at);
  if (!value) throw invalid("FOR SYSTEM_TIME AS OF expression must be of type TIMESTAMP", e.at);
  const rows = await ask(env, `SELECT ${value.sql}`);
  return fromDuck(rows[0]?.[0] ?? null, types.timestamp) as bigint | null;
}

/** The value of an expression that stands where no table is: options, defaults of a statement. */
export async function constantOf(
  env: Env,
  e: Expr,
  to?: Parameters<typeof coerce>[1],
): Promise<{ type: Parameters<typeof coerce>[1]; value: ReturnType<typeof fromDuck> }> {
  const made = analyze(blank(env), e);
  const wanted = to ? coerce(made, to, e.at) : made;
  if (!wanted) throw invalid(`Expression of type ${made.type.kind} cannot become ${to?.kind}`, e.at);
  if (wanted.constant !== undefined) return { type: wanted.type, value: wanted.constant };
  const rows = await ask(env, `SELECT ${wanted.sql}`);
  return { type: wanted.type, value: fromDuck(rows[0]?.[0] ?? null, wanted.type) };
}
