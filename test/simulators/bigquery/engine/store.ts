import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { Column } from "./catalog.js";
import { held } from "./datatype.js";
import { macros } from "./macros.js";
import { registerFunctions } from "./udfs.js";

/** A table of DuckDB that holds rows of one or more versions. Once a version has it, nobody changes it. */
export interface Physical {
  readonly name: string;
  rows: number;
  /** Logical bytes by physical column, worked out when they are asked for (engine/bytes.ts). */
  readonly bytes: Map<string, number>;
}

export interface Store {
  readonly instance: DuckDBInstance;
  readonly own: DuckDBConnection;
  readonly idle: DuckDBConnection[];
  readonly physicals: Map<string, Physical>;
  next: number;
  /** Statements under way: while there are any, nothing is swept. */
  busy: number;
}

export async function openStore(): Promise<Store> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const own = await instance.connect();
  await own.run("SET preserve_insertion_order = true; SET TimeZone = 'UTC'; SET scalar_subquery_error_on_multiple_rows = true");
  await own.run("SET ieee_floating_point_ops = true; SET integer_division = false");
  registerFunctions(own);
  for (const macro of macros) await own.run(`CREATE OR REPLACE MACRO ${macro}`);
  return { instance, own, idle: [], physicals: new Map(), next: 0, busy: 0 };
}

/** Lends a connection for the time of `body`: statements that run at the same time have one each. */
export async function withConnection<T>(store: Store, body: (duck: DuckDBConnection) => Promise<T>): Promise<T> {
  const duck = store.idle.pop() ?? (await store.instance.connect());
  store.busy++;
  try {
    return await body(duck);
  } finally {
    store.busy--;
    store.idle.push(duck);
  }
}

/** An identifier of DuckDB. */
export const duck = (name: string): string => `"${name.replaceAll('"', '""')}"`;
/** A text literal of DuckDB. */
export const text = (value: string): string => {
  const plain = `'${value.replaceAll("'", "''")}'`;
  return value.includes("\0") ? plain.replaceAll("\0", "' || chr(0) || '").replace(/^(.*)$/s, "($1)") : plain;
};

export const stored = (columns: readonly Column[]): string => columns.map((c) => c.id).join(", ");

/** An empty table for rows of these columns. */
export async function createPart(store: Store, by: DuckDBConnection, columns: readonly Column[]): Promise<Physical> {
  const physical: Physical = { name: `v_${++store.next}`, rows: 0, bytes: new Map() };
  const defined = columns.map((c) => `${c.id} ${held(c.type)}`);
  await by.run(`CREATE TABLE ${physical.name} (${defined.length > 0 ? defined.join(", ") : "nothing INTEGER"})`);
  store.physicals.set(physical.name, physical);
  return physical;
}

/** The rows of the parts in a table of their own. `columns` that a part does not have yet are NULL there. */
export async function copyParts(
  store: Store,
  by: DuckDBConnection,
  columns: readonly Column[],
  parts: readonly Physical[],
): Promise<Physical> {
  const physical = await createPart(store, by, columns);
  const names = stored(columns);
  const filled = parts.filter((part) => part.rows > 0);
  if (filled.length === 0) return physical;
  await by.run(
    `INSERT INTO ${physical.name} (${names || "nothing"}) ${filled.map((part) => `SELECT ${names || "NULL"} FROM ${part.name}`).join(" UNION ALL ")}`,
  );
  physical.rows = filled.reduce((n, part) => n + part.rows, 0);
  return physical;
}

/** A relation with the rows of the parts. */
export function union(parts: readonly Physical[], columns: readonly Column[]): string {
  const filled = parts.filter((part) => part.rows > 0);
  const chosen = filled.length > 0 ? filled : parts.slice(0, 1);
  if (chosen.length === 0)
    return `(SELECT ${columns.map((c) => `CAST(NULL AS ${held(c.type)}) AS ${c.id}`).join(", ") || "1 AS nothing"} WHERE FALSE)`;
  if (chosen.length === 1) return (chosen[0] as Physical).name;
  return `(${chosen.map((part) => `SELECT ${stored(columns) || "nothing"} FROM ${part.name}`).join(" UNION ALL ")})`;
}

/** Drops what no version and no transaction needs any more; `live` tells which those are. */
export async function sweep(store: Store, live: ReadonlySet<Physical>): Promise<void> {
  if (store.busy > 0) return;
  const dead = [...store.physicals.values()].filter((p) => !live.has(p));
  if (dead.length === 0) return;
  for (const physical of dead) store.physicals.delete(physical.name);
  await store.own.run(dead.map((p) => `DROP TABLE IF EXISTS ${p.name}`).join("; "));
}
