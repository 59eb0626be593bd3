import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { Column } from "./catalog.js";
import { held } from "./datatype.js";
import { duck } from "./names.js";

/** A table of DuckDB that holds rows of one or more versions. It changes only while one transaction has it for itself. */
export interface Physical {
  readonly name: string;
  rows: number;
}

/** Who works with tables of DuckDB: what it holds is not dropped under it. */
export interface Worker {
  readonly duck: DuckDBConnection;
  readonly held: Set<Physical>;
}

export interface Store {
  readonly instance: DuckDBInstance;
  /** For work that belongs to no session. */
  readonly own: DuckDBConnection;
  readonly physicals: Map<string, Physical>;
  next: number;
}

const definition = (c: Column): string => {
  const limited = c.type.name === "TEXT" && c.type.length !== 16_777_216;
  const bounded = c.type.name === "BINARY" && c.type.length !== 8_388_608;
  const check = limited
    ? ` CHECK (length(${duck(c.name)}) <= ${c.type.length})`
    : bounded
      ? ` CHECK (octet_length(${duck(c.name)}) <= ${c.type.length})`
      : "";
  return `${duck(c.name)} ${held(c.type)}${c.nullable ? "" : " NOT NULL"}${check}`;
};

const real = (columns: readonly Column[]): readonly Column[] => columns.filter((c) => c.virtual === null);

/** The columns that are stored, as a list. */
export const stored = (columns: readonly Column[]): string =>
  real(columns)
    .map((c) => duck(c.name))
    .join(", ");

function register(store: Store, by: Worker): Physical {
  const physical: Physical = { name: `v_${++store.next}`, rows: 0 };
  store.physicals.set(physical.name, physical);
  by.held.add(physical);
  return physical;
}

/** An empty table with the constraints that the service enforces: NOT NULL and lengths. */
export async function createPart(store: Store, by: Worker, columns: readonly Column[]): Promise<Physical> {
  const physical = register(store, by);
  const defined = real(columns).map(definition);
  await by.duck.run(`CREATE TABLE ${physical.name} (${defined.length > 0 ? defined.join(", ") : '"·" INTEGER'})`);
  return physical;
}

/** The rows of the parts in a table of their own. */
export async function copyParts(
  store: Store,
  by: Worker,
  columns: readonly Column[],
  parts: readonly Physical[],
): Promise<Physical> {
  const physical = await createPart(store, by, columns);
  const names = stored(columns);
  for (const part of parts) {
    if (part.rows === 0) continue;
    await by.duck.run(`INSERT INTO ${physical.name} (${names}) SELECT ${names} FROM ${part.name}`);
    physical.rows += part.rows;
  }
  return physical;
}

/** A relation with the rows of the parts. */
export function union(parts: readonly Physical[], columns: readonly Column[], virtual: (c: Column) => string): string {
  const computed = columns.some((c) => c.virtual !== null);
  const filled = parts.filter((part) => part.rows > 0);
  const chosen = filled.length > 0 ? filled : parts.slice(0, 1);
  const only = chosen[0];
  if (!computed && only && chosen.length === 1) return only.name;
  const names = stored(columns);
  const rows = chosen.map((part) => `SELECT ${names} FROM ${part.name}`).join(" UNION ALL ");
  if (!computed) return `(${rows})`;
  return `(SELECT ${columns.map((c) => (c.virtual === null ? duck(c.name) : `${virtual(c)} AS ${duck(c.name)}`)).join(", ")} FROM (${rows}))`;
}

/** Drops what no version, transaction or statement needs any more. */
export async function sweep(store: Store, live: ReadonlySet<Physical>): Promise<void> {
  const dead = [...store.physicals.values()].filter((p) => !live.has(p));
  if (dead.length === 0) return;
  for (const physical of dead) store.physicals.delete(physical.name);
  await store.own.run(dead.map((p) => `DROP TABLE IF EXISTS ${p.name}`).join("; "));
}
