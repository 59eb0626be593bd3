import { type AuthClient, authClient } from "./client.js";
import type { Counts } from "./counts.js";
import { openEngine } from "./engine/index.js";
import type { Resource, SimEngine, SimEngineOptions } from "./engine/types.js";
import type { Faults } from "./faults.js";
import { jobResource } from "./resources.js";
import { type Service, serve } from "./service.js";

export type { Endpoint } from "./calls.js";
export type { Counts, LoggedJob, Tally } from "./counts.js";
export type { At, Call, Fault, Faults, Held, Struck, When } from "./faults.js";

export interface SimulatorOptions extends Omit<SimEngineOptions, "project"> {
  /** Default: "test-project". */
  readonly project?: string;
  /** Users; each has a token of its own. Default: tester@example.com. */
  readonly users?: readonly string[];
  /**
   * Milliseconds that jobs.insert waits for the end of a job before it answers. Default: 100, which most jobs here do not need; 0 answers
   * with a job that runs, as the service does.
   */
  readonly patience?: number;
  /** Bytes of rows in one answer. Default: 10 MB, as the service has it. */
  readonly pageBytes?: number;
  /** Bytes of JSON in one request. Default: 10 MB ("Quotas", query jobs: maximum request size). */
  readonly bodyBytes?: number;
}

/** What `new BigQuery(...)` takes to reach the simulator; with `dataset`, what `bigquery(...)` takes. */
export interface ConnectionOptions {
  readonly projectId: string;
  readonly dataset: string;
  readonly location: string;
  readonly apiEndpoint: string;
  readonly authClient: AuthClient;
}

export interface Simulator {
  readonly url: string;
  readonly port: number;
  readonly project: string;
  readonly location: string;
  /** For the first user unless told otherwise. */
  connectionOptions(user?: string): ConnectionOptions;
  /** A user's token, for processes that make their own `authClient(token)`. */
  token(user?: string): string;
  readonly engine: SimEngine;
  readonly faults: Faults;
  readonly counts: Counts;
  /** Jobs as jobs.get shows them, the newest first. */
  jobs(): readonly Resource[];
  /** Puts files into a bucket of Cloud Storage, for load jobs from gs://. */
  bucket(name: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<void>;
  close(): Promise<void>;
}

const mb = 10 * 1024 * 1024;

/** A project of BigQuery on a free port of this machine, for the official client. */
export async function startBigQuery(options: SimulatorOptions = {}): Promise<Simulator> {
  const { project = "test-project", location = "US", datasets = ["app"], users = ["tester@example.com"] } = options;
  const { patience = 100, pageBytes = mb, bodyBytes = mb, now } = options;
  const engine = await openEngine({ project, location, datasets, ...(now && { now }) });
  const service: Service = await serve(engine, {
    ...{ project, location, patience, pageBytes, bodyBytes },
    users: new Map(users.map((name) => [tokenOf(name), name])),
  });
  const { url, port, faults, counts } = service;
  const token = (user = users[0] ?? ""): string => tokenOf(user);
  return {
    ...{ url, port, project, location, engine, faults, counts, token },
    connectionOptions: (user) => ({
      projectId: project,
      dataset: datasets[0] ?? "",
      location,
      apiEndpoint: url,
      authClient: authClient(token(user)),
    }),
    jobs: () => service.jobs.newest().map(jobResource),
    bucket: service.buckets.put,
    close: async () => {
      await service.close();
      await engine.close();
    },
  };
}

const tokenOf = (user: string): string => `token-of-${user}`;
