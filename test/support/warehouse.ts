import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { Warehouse } from "cutover";
import { ansi, defineAdapter } from "cutover/adapter";
import { duckdb } from "cutover/duckdb";
import { afterEach, describe } from "vitest";
import { capabilities } from "../../adapters/duckdb/capabilities.js";
import { classify } from "../../adapters/duckdb/errors.js";
import { instances } from "../../adapters/duckdb/instance.js";
import { openSession } from "../../adapters/duckdb/session.js";
import { clone } from "../../adapters/duckdb/steps/clone.js";
import { swap } from "../../adapters/duckdb/steps/swap.js";
import { syntax } from "../../adapters/duckdb/syntax.js";
import { long } from "./long.js";

/** DuckDB with the compilers that every engine gets: what they do must not depend on DuckDB's own. */
export function portable(path: string): Warehouse {
  const open = instances(path === ":memory:" ? { kind: "memory", config: {} } : { kind: "file", path, config: {} });
  return defineAdapter({
    contract: 1,
    name: "duckdb-portable",
    capabilities,
    syntax,
    steps: { ...ansi(syntax), clone, swap },
    open: async () => openSession(await open()),
    classify,
  });
}

export const warehouses = {
  duckdb: (path: string): Warehouse => duckdb({ path }),
  portable,
} as const;
export type WarehouseName = keyof typeof warehouses;

export type Row = Readonly<Record<string, unknown>>;
/** A database for one test, and a way to look at it that the library has no part in. */
export interface Db {
  readonly name: WarehouseName;
  readonly path: string;
  readonly folder: string;
  readonly warehouse: Warehouse;
  /** Runs SQL on a connection of the test's own. */
  query(sql: string): Promise<readonly Row[]>;
  /** One more connection: a reader, or someone else who writes. */
  connect(): Promise<DuckDBConnection>;
  /** All rows of a table as text, in an order of their own. */
  content(table: string): Promise<readonly string[]>;
  /** Every table of the database, as `schema.name`. */
  tables(): Promise<readonly string[]>;
  /** Tables that the library made beside live and for its deltas. */
  litter(): Promise<readonly string[]>;
  /** Closed before the database is. */
  own<P extends { close(): Promise<void> }>(pipeline: P): P;
  /** Closes every handle of this process, so that another can open the file. */
  release(): Promise<void>;
  dispose(): Promise<void>;
}

export async function openDb(name: WarehouseName): Promise<Db> {
  const folder = await mkdtemp(join(tmpdir(), "cutover-"));
  const path = join(folder, "warehouse.duckdb");
  const pipelines: { close(): Promise<void> }[] = [];
  const connections: DuckDBConnection[] = [];
  let instance: DuckDBInstance | null = null;
  let own: DuckDBConnection | null = null;
  const connect = async (): Promise<DuckDBConnection> => {
    instance ??= await DuckDBInstance.fromCache(path, {});
    const c = await instance.connect();
    connections.push(c);
    return c;
  };
  const query = async (sql: string): Promise<readonly Row[]> => {
    own ??= await connect();
    return (await own.runAndReadAll(sql)).getRowObjectsJson();
  };
  const tables = async (): Promise<readonly string[]> => {
    const rows = await query("SELECT schema_name || '.' || table_name AS t FROM duckdb_tables() WHERE NOT temporary ORDER BY 1");
    return rows.map((r) => String(r["t"]));
  };
  const release = async (): Promise<void> => {
    for (const p of pipelines.splice(0)) await p.close();
    for (const c of connections.splice(0)) c.closeSync();
    own = null;
    instance?.closeSync();
    instance = null;
  };
  return {
    name,
    path,
    folder,
    warehouse: warehouses[name](path),
    query,
    connect,
    tables,
    release,
    content: async (table) => (await query(`SELECT * FROM ${table} ORDER BY ALL`)).map((r) => JSON.stringify(r)),
    litter: async () => (await tables()).filter((t) => t.includes("._cutover_") || t.startsWith("cutover_ledger.delta_")),
    own: (p) => {
      pipelines.push(p);
      return p;
    },
    dispose: async () => {
      await release();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The same tests on every warehouse. */
export function onEveryWarehouse(body: (open: () => Promise<Db>, name: WarehouseName) => void): void {
  // The portable compilers have the kit's steps, and other engines' tests; all of this by them takes minutes more.
  const asked = long ? (Object.keys(warehouses) as WarehouseName[]) : (["duckdb"] as const);
  for (const name of asked) {
    describe(name, () => {
      const opened: Db[] = [];
      afterEach(async () => {
        for (const db of opened.splice(0)) await db.dispose();
      });
      body(async () => {
        const db = await openDb(name);
        opened.push(db);
        return db;
      }, name);
    });
  }
}
