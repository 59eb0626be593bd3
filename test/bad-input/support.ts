import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { type CallOptions, type Config, cutover, type ErrorCode, type Pipeline, rows, type Table, table } from "cutover";
import { duckdb } from "cutover/duckdb";
import { expect, onTestFinished } from "vitest";
import { type Failed, failure } from "../support/failure.js";

export { failure };

type Tables = Readonly<Record<string, Table>>;
type AnyRow = Record<string, unknown>;

/** A warehouse in memory with one pipeline that has published two releases of one table. */
export interface World {
  readonly instance: DuckDBInstance;
  readonly etl: Pipeline<Tables>;
  /** A further pipeline on the same warehouse; closed at the end of the test. */
  pipeline(config: Omit<Config, "warehouse">): Pipeline<Tables>;
  /** SQL by another hand than the library's. */
  sql(text: string): Promise<AnyRow[]>;
  /** What must be as before: live, the names of all tables, where the pipeline stands. */
  snapshot(): Promise<unknown>;
  /** A run that must work, whatever was refused before it. */
  goodRun(): Promise<void>;
}

const at = (n: number): string => new Date(Date.UTC(2024, 0, 1, 0, n)).toISOString();
/** The n-th row of the table `orders`. */
export const order = (n: number): AnyRow => ({ id: n, customer: `c${n}`, amount: `${n}.50`, updated_at: at(n) });

export const orders: Table = table("main.orders", {
  columns: { id: "int64", customer: "string", amount: "decimal(10,2)?", updated_at: "timestamp" },
  key: "id",
  cursor: "updated_at",
});

export async function world(
  o: Omit<Partial<Config>, "warehouse" | "tables"> & { readonly table?: Table; readonly next?: (n: number) => AnyRow } = {},
): Promise<World> {
  const { table: t = orders, next = order, ...config } = o;
  const instance = await DuckDBInstance.create(":memory:");
  const pipelines: Pipeline<Tables>[] = [];
  const own: DuckDBConnection = await instance.connect();
  onTestFinished(async () => {
    for (const p of pipelines) await p.close();
    own.closeSync();
    instance.closeSync();
  });
  const pipeline = (c: Omit<Config, "warehouse">): Pipeline<Tables> => {
    const made = cutover({ ...c, warehouse: duckdb({ instance }) } as Config<Tables>);
    pipelines.push(made);
    return made;
  };
  const etl = pipeline({ pipeline: "p", tables: { orders: t }, ...config });
  let made = 0;
  const sql = async (text: string): Promise<AnyRow[]> => (await own.runAndReadAll(text)).getRowObjectsJson() as AnyRow[];
  const name = typeof t.name === "string" ? t.name : t.name.map((part) => `"${part}"`).join(".");
  const goodRun = async (): Promise<void> => {
    const report = await etl.run({ orders: rows([next(++made)]) });
    expect(report.status).toBe("published");
    expect(report.tables["orders"]?.inserted).toBe(1);
  };
  await goodRun();
  await goodRun();
  return {
    instance,
    etl,
    pipeline,
    sql,
    goodRun,
    async snapshot() {
      const { live, watermarks, tallies, held, open, lease } = await etl.status();
      return {
        rows: await sql(`SELECT * FROM ${name} ORDER BY ALL`),
        tables: await sql(
          // Each pipeline has a lease from its first contact on; that is no change of anything.
          "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT starts_with(table_name, 'lease_') ORDER BY ALL",
        ),
        status: { live, watermarks, tallies, held, open, lease },
      };
    },
  };
}

/** As `failure`; and nothing was changed, and the next run works. */
export async function refused<C extends ErrorCode>(w: World, act: () => unknown, code: C): Promise<Failed<C>> {
  const before = await w.snapshot();
  const e = await failure(act, code);
  expect(await w.snapshot()).toEqual(before);
  await w.goodRun();
  return e;
}

/** An empty directory for the test. */
export async function directory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "cutover-bad-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

export type { CallOptions };
