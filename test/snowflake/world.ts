import { type Config, cutover, type ErrorCode, type Pipeline, rows, type Table, table } from "cutover";
import { adapterOf, type Row, raw, type Session } from "cutover/adapter";
import { type SnowflakeOptions, snowflake } from "cutover/snowflake";
import { expect, onTestFinished } from "vitest";
import { type Simulator, type SimulatorOptions, startSnowflake } from "../simulators/snowflake/server.js";
import { type Failed, failure } from "../support/failure.js";
import { calm } from "./place.js";

export { failure };

/** Its role has what a test grants to it, beside what it owns. */
export const etlUser = { name: "ETL", password: "etl's own", roles: ["ETL"], defaultWarehouse: "WH" } as const;
const admin = { name: "TESTER", password: "not a secret", roles: ["SYSADMIN"], defaultWarehouse: "WH" } as const;

type Tables = Readonly<Record<string, Table>>;
type Login = Extract<SnowflakeOptions, { username?: string | undefined }>;
type More = Omit<Partial<Config>, "warehouse" | "tables"> & { readonly table?: Table; readonly warehouse?: Partial<Login> };

export const orders: Table = table("ORDERS", { columns: { ID: "int64", V: "string?" }, key: "ID" });
export const order = (id: number, v = `v${id}`) => ({ ID: id, V: v });
/** More than one statement takes: they go by files. */
export function* manyOrders(count = 12_000, from = 1) {
  for (let id = from; id < from + count; id++) yield order(id);
}

/** A simulated account that the tests of a file share. */
export interface Region {
  readonly sim: Simulator;
  /** A database of the test's own in it. */
  world(): Promise<World>;
  close(): Promise<void>;
}
export interface World {
  readonly sim: Simulator;
  readonly database: string;
  readonly login: ReturnType<Simulator["connectionOptions"]>;
  /** A pipeline on the database; closed at the end of the test. */
  etl(more?: More): Pipeline<Tables>;
  own<P extends { close(): Promise<void> }>(pipeline: P): P;
  /** SQL by an administrator: the rows of the last statement. `$` stands for the database. */
  sql(...statements: readonly string[]): Promise<readonly Row[]>;
  /** Every table of the database with its rows, but for leases. */
  snapshot(): Promise<unknown>;
  /** Tables that were made beside live, and what is staged. */
  litter(): Promise<readonly string[]>;
  /** The rows of ORDERS, as `id=v`. */
  live(): Promise<readonly string[]>;
}

export async function region(options: SimulatorOptions = {}): Promise<Region> {
  const sim = await startSnowflake({ users: [admin, etlUser], roles: ["ETL"], ...options });
  const connecting = adapterOf(snowflake(sim.connectionOptions()))?.open(calm()) as Promise<Session>;
  const session = await connecting;
  const run = async (text: string): Promise<readonly Row[]> => (await session.execute({ sql: raw(text) }, calm("the test"))).rows;
  let worlds = 0;
  return {
    sim,
    async world() {
      sim.faults.clear();
      const database = `W${++worlds}`;
      await run(`CREATE DATABASE ${database}`);
      return worldIn(sim, database, run);
    },
    async close() {
      await session.close();
      await sim.close();
    },
  };
}

function worldIn(sim: Simulator, database: string, run: (text: string) => Promise<readonly Row[]>): World {
  const login = { ...sim.connectionOptions(), database };
  const own: World["own"] = (pipeline) => {
    onTestFinished(() => pipeline.close());
    return pipeline;
  };
  const sql: World["sql"] = async (...statements) => {
    let found: readonly Row[] = [];
    for (const text of statements) found = await run(text.replaceAll("$", database));
    return found;
  };
  return {
    sim,
    database,
    login,
    own,
    etl: ({ warehouse, table: t = orders, ...config } = {}) =>
      own(
        cutover({
          warehouse: snowflake({ ...login, ...warehouse }),
          pipeline: "p",
          tables: { orders: t },
          ...config,
        } as Config<Tables>),
      ),
    sql,
    live: async () => (await sql('SELECT "ID", "V" FROM $.PUBLIC.ORDERS ORDER BY 1')).map((r) => `${r["ID"]}=${r["V"]}`),
    litter: async () =>
      (await sql("SHOW TABLES IN DATABASE $")).map((r) => String(r["name"])).filter((n) => /^_cutover_|^delta_/i.test(n)),
    async snapshot() {
      const found: Record<string, unknown> = {};
      for (const t of await sql("SHOW TABLES IN DATABASE $")) {
        const [schema, name] = [String(t["schema_name"]), String(t["name"])];
        if (/^lease_|^turn$/.test(name)) continue;
        found[`${schema}.${name}`] = (await sql(`SELECT * FROM $."${schema}"."${name}"`))
          .map((r) => JSON.stringify(Object.values(r).map(String)))
          .sort();
      }
      return found;
    },
  };
}

/** As `failure`; and nothing was changed. */
export async function refused<C extends ErrorCode>(w: World, act: () => unknown, code: C): Promise<Failed<C>> {
  const before = await w.snapshot();
  const e = await failure(act, code);
  expect(await w.snapshot()).toEqual(before);
  return e;
}

/** A run that must work. */
export async function goodRun(etl: Pipeline<Tables>, id: number): Promise<void> {
  expect(await etl.run({ orders: rows([order(id)]) })).toMatchObject({
    status: "published",
    tables: { orders: { inserted: 1 } },
  });
}
