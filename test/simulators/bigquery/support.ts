import { BigQuery, type BigQueryOptions } from "@google-cloud/bigquery";
import { type Simulator, type SimulatorOptions, startBigQuery } from "./server.js";

export interface Project {
  readonly sim: Simulator;
  /** The official client; it repeats nothing unless told to, so that tests see each failure at once. */
  client(options?: BigQueryOptions & { readonly user?: string }): BigQuery;
  /** A request of its own, for what the client does not do; `path` is below the project. */
  rest(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** Starts simulators; `end` closes those that were started. */
export function projects(): { start(options?: SimulatorOptions): Promise<Project>; end(): Promise<void> } {
  const sims: Simulator[] = [];
  return {
    start: async (options = {}) => {
      const sim = await startBigQuery(options);
      sims.push(sim);
      return {
        sim,
        client: ({ user, ...more } = {}) => new BigQuery({ ...sim.connectionOptions(user), autoRetry: false, ...more }),
        rest: async (method, path, body, headers = {}) => {
          const sent = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
          const address = path.startsWith("http") ? path : `${sim.url}/bigquery/v2/projects/${sim.project}${path}`;
          const authorization = `Bearer ${sim.token()}`;
          const found = await fetch(address, { method, headers: { authorization, ...headers }, ...sent });
          const text = await found.text();
          return { status: found.status, headers: found.headers, body: text.startsWith("{") ? JSON.parse(text) : { text } };
        },
      };
    },
    end: async () => {
      for (const sim of sims.splice(0)) await sim.close();
    },
  };
}

/** Of an error that the client throws: status, reason of the first error, message. */
export function refusalOf(e: unknown): { readonly code: unknown; readonly reason: unknown; readonly message: string } {
  const { code, errors, message } = e as { code?: unknown; errors?: readonly { reason?: unknown }[]; message: string };
  return { code, reason: errors?.[0]?.reason, message };
}

/** What a promise is rejected with. */
export async function refusedBy(promise: Promise<unknown>): Promise<ReturnType<typeof refusalOf>> {
  try {
    await promise;
  } catch (e) {
    return refusalOf(e);
  }
  throw new Error("It was not refused.");
}

/** A SELECT of the numbers from 1. */
export const manyRows = (rows: number): string => `SELECT n FROM UNNEST(GENERATE_ARRAY(1, ${rows})) AS n ORDER BY n`;
