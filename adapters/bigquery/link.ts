import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import type { IoOptions } from "cutover/adapter";
import { jobShape, read } from "./answers.js";
import { type Client, send } from "./client.js";
import { failureOf, pagesOf, queryOf, runJob, type Service } from "./jobs.js";
import { patiently } from "./retry.js";
import { uploading } from "./upload.js";

/** A job by its full name. */
export interface JobRef {
  readonly projectId: string;
  readonly location: string;
  readonly jobId: string;
}
/** What the REST API calls `configuration`, by the parts that are used; labels, limits and the like are the link's affair. */
export interface JobConfiguration {
  readonly query?: { readonly query: string; readonly [more: string]: unknown };
  readonly load?: Readonly<Record<string, unknown>>;
  readonly copy?: Readonly<Record<string, unknown>>;
}
/** A column as the REST API has it; `type` may be the new word or the old one (INT64 or INTEGER). */
export interface Field {
  readonly name: string;
  readonly type: string;
  readonly mode?: string | undefined;
  readonly fields?: readonly Field[] | undefined;
  readonly description?: string | undefined;
  readonly policyTags?: { readonly names?: readonly string[] | undefined } | undefined;
  readonly maxLength?: string | undefined;
  readonly precision?: string | undefined;
  readonly scale?: string | undefined;
  readonly collation?: string | undefined;
  readonly defaultValueExpression?: string | undefined;
  readonly roundingMode?: string | undefined;
  readonly rangeElementType?: { readonly type: string } | undefined;
  readonly generatedColumn?: unknown;
}
/** What a job came to. */
export interface Done {
  readonly job: JobRef;
  /** Bytes that a query processed; 0 for other jobs. */
  readonly bytes: number;
  /** Rows that a DML statement changed; null: it was none. */
  readonly affected: number | null;
  readonly schema: readonly Field[];
  /** `statistics` as the REST API has them, for jobs that are no queries; null for queries. */
  readonly statistics: unknown;
}
export interface DryRun {
  readonly bytes: number;
  readonly schema: readonly Field[];
  readonly statementType: string | null;
}
export interface RestCall {
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  /** Below `/bigquery/v2/projects/<project>`: `/datasets/d/tables/t`, each part percent-encoded. */
  readonly path: string;
  /** Another project than the link's. */
  readonly project?: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** Sent as `If-Match`. */
  readonly etag?: string;
  /** A POST that may be sent once more although the first may have been carried out. */
  readonly repeatable?: boolean;
}

/** A project of the service, as jobs and REST calls reach it. */
export interface Link {
  readonly project: string;
  readonly location: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly maximumBytesBilled: string | null;
  /** What bears the names that readers use: a table, or a view on the table of a version. */
  readonly live: "table" | "view";
  /**
   * Sends a job once and waits for its end. `id`: what the name of the job is made of, so that whoever sends the same once more
   * meets the first; without it, it is new. `again`: it may be sent anew, under a name of its own, where the service failed
   * (default true; false for what may have committed before it failed).
   */
  run(configuration: JobConfiguration, o: IoOptions & JobOptions): Promise<Done>;
  /** What a query would come to, without running it. */
  dryRun(configuration: JobConfiguration, o: IoOptions): Promise<DryRun>;
  /** Rows of a finished query, page by page; cells as the REST API writes them: text, null, or nested `{ v }` and `{ f }`. */
  pages(done: Done, o: IoOptions): AsyncIterable<readonly (readonly unknown[])[]>;
  /** A load job of the bytes of a stream. `body()` makes it anew for each attempt. One that fails in mid-stream loads nothing. */
  upload(configuration: JobConfiguration, body: () => Readable, o: IoOptions & JobOptions): Promise<Done>;
  /** A REST call; answers the parsed JSON, null where there is none. Repeated where that is safe. */
  rest(call: RestCall, o: IoOptions): Promise<unknown>;
  close(): Promise<void>;
}
export interface JobOptions {
  readonly id?: string;
  readonly again?: boolean;
}

/** A link over a client. `location`: where the data is, and so the jobs. */
export function linkOn(s: Service, live: Link["live"]): Link {
  return {
    project: s.project,
    location: s.location,
    labels: s.labels,
    maximumBytesBilled: s.maximumBytesBilled,
    live,
    run: (configuration, o) => runJob(s, configuration, o),
    dryRun: (configuration, o) => dryRun(s, configuration, o),
    pages: (done, o) => pagesOf(s, done, o.signal),
    upload: (configuration, body, o) => runJob(s, configuration, o, uploading(s, body, o.signal)),
    rest: (call, o) => rest(s.client, s.project, call, o),
    close: async () => undefined,
  };
}

/** A REST call, repeated where that is safe: a POST only where the service said that it did nothing. */
export async function rest(client: Client, home: string, call: RestCall, o: Pick<IoOptions, "signal">): Promise<unknown> {
  const request = {
    method: call.method,
    uri: call.path,
    project: call.project ?? home,
    ...(call.query === undefined ? {} : { query: call.query }),
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    ...(call.etag === undefined ? {} : { headers: { "If-Match": call.etag } }),
  };
  const safe = call.method !== "POST" || call.repeatable === true;
  const { body } = await patiently(
    o.signal,
    () => send(client, request, o),
    (e) => safe || e.fault.outcome === "not-applied",
  );
  return body;
}

async function dryRun(s: Service, c: JobConfiguration, o: IoOptions): Promise<DryRun> {
  const query = c.query === undefined ? undefined : queryOf(s, c.query, o.tag);
  // The limit would refuse what is only to be told.
  const { maximumBytesBilled: _limit, ...unlimited } = query ?? {};
  const configuration = { ...c, ...(query === undefined ? {} : { query: unlimited }), dryRun: true };
  const jobReference = { projectId: s.project, location: s.location, jobId: randomUUID() };
  const body = await rest(
    s.client,
    s.project,
    { method: "POST", path: "/jobs", body: { jobReference, configuration }, repeatable: true },
    o,
  );
  const { statistics, status } = read(jobShape, body, "job");
  if (status.errorResult !== undefined) throw failureOf(s, status.errorResult);
  return {
    bytes: Number(statistics?.query?.totalBytesProcessed ?? statistics?.totalBytesProcessed ?? 0),
    schema: statistics?.query?.schema?.fields ?? [],
    statementType: statistics?.query?.statementType ?? null,
  };
}
