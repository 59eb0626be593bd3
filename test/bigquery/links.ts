import type { Fault, IoOptions } from "cutover/adapter";
import { classify } from "../../adapters/bigquery/classify.js";
import { connector } from "../../adapters/bigquery/connect.js";
import type { Link } from "../../adapters/bigquery/link.js";
import { readOptions } from "../../adapters/bigquery/options.js";
import { type Simulator, type SimulatorOptions, startBigQuery } from "../simulators/bigquery/server.js";

export const io = (o: Partial<IoOptions> = {}): IoOptions => ({
  signal: new AbortController().signal,
  tag: "cutover shop test",
  ...o,
});

export interface Place {
  readonly sim: Simulator;
  readonly link: Link;
  /** Makes `app.<name>` with one column `n`, by the API. */
  table(name: string, more?: object): Promise<void>;
  /** The first cell of a query's result. */
  cell(query: string): Promise<unknown>;
}

/** Links to simulators; `end` closes what was opened. */
export function places(): { open(o?: SimulatorOptions, more?: object): Promise<Place>; end(): Promise<void> } {
  const sims: Simulator[] = [];
  return {
    open: async (o = {}, more = {}) => {
      const sim = await startBigQuery(o);
      sims.push(sim);
      const { link } = await connector(readOptions({ ...sim.connectionOptions(), ...more }))(io());
      return {
        sim,
        link,
        table: async (name, fields = {}) => {
          const tableReference = { projectId: sim.project, datasetId: "app", tableId: name };
          const body = { tableReference, schema: { fields: [{ name: "n", type: "INTEGER" }] }, ...fields };
          await link.rest({ method: "POST", path: "/datasets/app/tables", body }, io());
        },
        cell: async (query) => {
          const done = await link.run({ query: { query } }, io());
          for await (const [row] of link.pages(done, io())) return row?.[0];
          return undefined;
        },
      };
    },
    end: async () => {
      for (const sim of sims.splice(0)) await sim.close();
    },
  };
}

/** What a promise is rejected with, explained. */
export async function failure(promise: Promise<unknown>): Promise<Fault & { readonly message: string }> {
  try {
    await promise;
  } catch (e) {
    return { ...classify(e), message: e instanceof Error ? e.message : String(e) };
  }
  throw new Error("it did not fail");
}
