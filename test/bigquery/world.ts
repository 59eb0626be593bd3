import { type Config, cutover, type ErrorCode, type Pipeline, rows, type Table, table } from "cutover";
import { type Row, raw, type Session } from "cutover/adapter";
import { type BigQueryOptions, bigquery } from "cutover/bigquery";
import { expect, onTestFinished } from "vitest";
import type { SimEngine } from "../simulators/bigquery/engine/types.js";
import type { ConnectionOptions, Simulator, SimulatorOptions } from "../simulators/bigquery/server.js";
import { type Failed, failure } from "../support/failure.js";
import { calm, project } from "./place.js";

export { failure };

type Tables = Readonly<Record<string, Table>>;
export type Etl = Pipeline<Tables>;
type More = Omit<Partial<Config>, "warehouse" | "tables"> & {
  readonly table?: Table;
  /** Options of the warehouse in place of those of {@link World.login}; `undefined` takes one away. */
  readonly warehouse?: object;
};
type Resource = ReturnType<SimEngine["tables"]["get"]>;

const admin = "tester@example.com";
/** Each world has an account of its own, so that what is granted in one says nothing of the next. */
const accounts = Array.from({ length: 200 }, (_, i) => `etl${i + 1}@example.com`);

export const order = (id: number, v = `v${id}`) => ({ id, v });
/** More than one chunk of an upload. */
export function* manyOrders(count: number, from = 1, v = "") {
  for (let id = from; id < from + count; id++) yield order(id, `${v}${id}`);
}

/** A simulated project that the tests of a file share. */
export interface Region {
  readonly sim: Simulator;
  /** A dataset of the test's own in it, and an account. */
  world(): World;
  close(): Promise<void>;
}
export interface World {
  readonly sim: Simulator;
  readonly dataset: string;
  readonly ledger: string;
  /** The account; until something is granted to it, it may do everything. */
  readonly user: string;
  /** How the account reaches the dataset. */
  readonly login: ConnectionOptions;
  /** A pipeline of the account's, on the table `orders`; closed at the end of the test. */
  etl(more?: More): Etl;
  own<P extends { close(): Promise<void> }>(pipeline: P): P;
  /** SQL by an administrator: the rows of the last statement. `$` stands for the dataset. */
  sql(...statements: readonly string[]): Promise<readonly Row[]>;
  /** A role or a permission: on the project, a dataset, a table. */
  grant(what: string, dataset?: string | null, table?: string): void;
  revoke(what: string, dataset?: string | null, table?: string): void;
  /** The table as the API has it. */
  table(name?: string): Resource;
  /** Its rows, as `id=v`. */
  live(): Promise<readonly string[]>;
  /** Every table of the dataset with its rows and what it wears, and the rows of the ledger, but for leases and claims. */
  snapshot(): Promise<unknown>;
  /** Tables that only an operation that has ended badly leaves behind. */
  litter(): readonly string[];
}

export async function region(options: SimulatorOptions = {}): Promise<Region> {
  const place = await project({ ...options, users: [admin, ...accounts, ...(options.users ?? [])] });
  const session: Session = await place.open();
  const run = async (text: string): Promise<readonly Row[]> => (await session.execute({ sql: raw(text) }, calm("the test"))).rows;
  let worlds = 0;
  return {
    sim: place.sim,
    world() {
      place.sim.faults.clear();
      worlds += 1;
      const dataset = `w${worlds}`;
      for (const datasetId of [dataset, `${dataset}_ledger`])
        place.sim.engine.datasets.insert(
          place.sim.project,
          { datasetReference: { projectId: place.sim.project, datasetId }, location: place.sim.location },
          { user: admin },
        );
      return worldIn(place.sim, dataset, accounts[worlds - 1] ?? "", run);
    },
    close: () => place.close(),
  };
}

function worldIn(sim: Simulator, dataset: string, user: string, run: (text: string) => Promise<readonly Row[]>): World {
  const { engine, project: projectId } = sim;
  const by = { user: admin };
  const ledger = `${dataset}_ledger`;
  const login = { ...sim.connectionOptions(user), dataset };
  const own: World["own"] = (pipeline) => {
    onTestFinished(() => pipeline.close());
    return pipeline;
  };
  const on = (datasetId?: string | null, tableId?: string) => ({
    projectId,
    ...(datasetId === undefined || datasetId === null ? {} : { datasetId }),
    ...(tableId === undefined ? {} : { tableId }),
  });
  const names = (datasetId: string): readonly string[] => {
    const { items } = engine.tables.list({ projectId, datasetId }, {}, by);
    // What a view shows stands in tables, too.
    return items
      .filter((t) => t["type"] !== "VIEW")
      .map((t) => String((t["tableReference"] as { tableId?: unknown }).tableId))
      .sort();
  };
  const contents = async (datasetId: string, tableId: string): Promise<readonly (readonly unknown[])[]> =>
    (await engine.rows({ projectId, datasetId, tableId }, { maxResults: 100_000 }, by)).rows;
  return {
    sim,
    dataset,
    ledger,
    user,
    login,
    own,
    etl: ({ warehouse, table: t, ...config } = {}) =>
      own(
        cutover({
          warehouse: bigquery(given({ ...login, ...warehouse }) as BigQueryOptions),
          pipeline: "p",
          ledgerSchema: ledger,
          tables: { orders: t ?? orders(dataset) },
          ...config,
        } as Config<Tables>),
      ),
    async sql(...statements) {
      let found: readonly Row[] = [];
      for (const text of statements) found = await run(text.replaceAll("$", dataset));
      return found;
    },
    grant: (what, d, t) => engine.grant(user, what, on(d, t)),
    revoke: (what, d, t) => engine.revoke(user, what, on(d, t)),
    table: (name = "orders") => engine.tables.get({ projectId, datasetId: dataset, tableId: name }, null, by),
    live: async () => (await contents(dataset, "orders")).map(([id, v]) => `${String(id)}=${String(v)}`).sort(),
    async snapshot() {
      const rowsOf = async (d: string, t: string) => (await contents(d, t)).map((r) => JSON.stringify(r)).sort();
      const theirs = names(dataset).map(async (t) => {
        const { etag: _etag, ...wears } = engine.tables.get({ projectId, datasetId: dataset, tableId: t }, "BASIC", by);
        return [t, wears, wears["type"] === "TABLE" ? await rowsOf(dataset, t) : null];
      });
      const kept = names(ledger)
        .filter((t) => !/^lease_|^turn$|^claims$/.test(t))
        .map(async (t) => [t, await rowsOf(ledger, t)] as const);
      return [await Promise.all(theirs), (await Promise.all(kept)).filter(([, found]) => found.length > 0)];
    },
    litter: () => [dataset, ledger].flatMap((d) => names(d).filter((name) => /^_cutover_|^delta_/.test(name))),
  };
}

/** What is `undefined` is not given at all. */
const given = (options: object): object => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

export const orders = (dataset: string): Table =>
  table(`${dataset}.orders`, { columns: { id: "int64", v: "string?" }, key: "id" });

/** As `failure`; and nothing was changed, nothing was left, and nobody holds the pipeline. `etl`: who asks how things stand. */
export async function refused<C extends ErrorCode>(w: World, act: () => unknown, code: C): Promise<Failed<C>> {
  const etl = bystander(w);
  const before = [await w.snapshot(), await etl.status()];
  const e = await failure(act, code);
  const after = [await w.snapshot(), await etl.status()];
  expect(after).toEqual(before);
  expect((await etl.status()).lease).toBeNull();
  return e;
}
/** A pipeline of the same name, of somebody who may do everything. */
function bystander(w: World): Etl {
  return w.etl({ warehouse: { authClient: w.sim.connectionOptions().authClient } });
}

/** A run that must work. */
export async function goodRun(etl: Etl, id: number): Promise<void> {
  expect(await etl.run({ orders: rows([order(id)]) })).toMatchObject({
    status: "published",
    tables: { orders: { inserted: 1 } },
  });
}
