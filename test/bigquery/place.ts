import { type Adapter, adapterOf, type IoOptions, type Row, raw, type Session, type Warehouse } from "cutover/adapter";
import { type BigQueryOptions, bigquery } from "cutover/bigquery";
import type { LoggedJob } from "../simulators/bigquery/counts.js";
import { type Simulator, type SimulatorOptions, startBigQuery } from "../simulators/bigquery/server.js";

export const calm = (tag = "cutover orders test"): IoOptions => ({ tag, signal: new AbortController().signal });

/** A simulated project of its own, and the adapter on it. */
export interface Project {
  readonly sim: Simulator;
  readonly warehouse: Warehouse;
  readonly adapter: Adapter;
  open(o?: IoOptions): Promise<Session>;
  /** A warehouse with other options, as another user if one is named. */
  other(options: Partial<BigQueryOptions>, user?: string): Warehouse;
  /** Statements of SQL, one after the other; the rows of the last. */
  sql(...statements: readonly string[]): Promise<readonly Row[]>;
  /** Jobs that began while `body` ran. */
  jobs(body: () => Promise<unknown>): Promise<readonly LoggedJob[]>;
  close(): Promise<void>;
}

export async function project(options: SimulatorOptions = {}): Promise<Project> {
  const sim = await startBigQuery(options);
  const other = (more: Partial<BigQueryOptions>, user?: string): Warehouse =>
    bigquery({ ...sim.connectionOptions(user), ...more } as BigQueryOptions);
  const warehouse = other({});
  const adapter = adapterOf(warehouse) as Adapter;
  const open = async (o = calm()): Promise<Session> => (await adapter.open(o)) as Session;
  let own: Promise<Session> | undefined;
  return {
    sim,
    warehouse,
    adapter,
    open,
    other,
    async sql(...statements) {
      own ??= open();
      let rows: readonly Row[] = [];
      for (const text of statements) rows = (await (await own).execute({ sql: raw(text) }, calm("setting up"))).rows;
      return rows;
    },
    async jobs(body) {
      const mark = sim.counts.mark();
      await body();
      return sim.counts.since(mark).log;
    },
    close: () => sim.close(),
  };
}
