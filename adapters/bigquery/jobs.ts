import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { IoOptions } from "cutover/adapter";
import { type JobAnswer, jobShape, jobsShape, type ResultsAnswer, read, resultsShape } from "./answers.js";
import { explain } from "./classify.js";
import { type Answer, type Client, send } from "./client.js";
import { BigQueryFault, cancelled, unknown } from "./errors.js";
import type { Done, JobConfiguration, JobOptions, JobRef } from "./link.js";
import { backoff, patiently } from "./retry.js";
import { type Watch, watching } from "./watch.js";

/** Where jobs run. */
export interface Service {
  readonly client: Client;
  readonly project: string;
  /** Names without one stand for those of this dataset. */
  readonly dataset: string;
  readonly location: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly maximumBytesBilled: string | null;
}
/** What `jobs.insert` takes. */
export interface JobResource {
  readonly jobReference: JobRef;
  readonly configuration: Readonly<Record<string, unknown>>;
}
/** Sends the resource of a job; 409 is an answer. Called once more where the answer was lost, unless the job is there. */
export type Submit = (job: JobResource, signal: AbortSignal) => Promise<Answer>;

/** How often a job is sent under a name of its own, after the service failed. */
const ATTEMPTS = 4;
/** How often one and the same job is sent, until somebody says that it is there. */
const SENDS = 5;
/** Failed attempts of others that lie between, where a job has a name that others give it too. */
const EARLIER = 50;
/** How long the service holds a question for results back (docs: jobs.getQueryResults, timeoutMs). */
const LONG_POLL_MS = 10_000;
const PAGE = 10_000;

export const insert =
  (s: Service): Submit =>
  (job, signal) =>
    send(s.client, { method: "POST", uri: "/jobs", project: s.project, body: JSON.stringify(job) }, { signal }, [409]);

/** The end of a job that was asked for: `failed` says that the service answered so. */
class JobFailure extends BigQueryFault {}

export async function runJob(s: Service, c: JobConfiguration, o: IoOptions & JobOptions, submit = insert(s)): Promise<Done> {
  const base = o.id ?? `cutover_${words(o.tag)}_${randomUUID()}`;
  const until = o.timeoutMs === undefined ? null : Date.now() + o.timeoutMs;
  let own = 0;
  for (let number = 1; ; number++) {
    const jobId = number === 1 ? base : `${base}_a${number}`;
    const ref = { projectId: s.project, location: s.location, jobId };
    const watch = watching(s.client, ref, until, o.signal);
    let earlier = false;
    try {
      if (o.signal.aborted) throw cancelled("signal", true);
      const job = { jobReference: ref, configuration: configurationOf(s, c, o, until) };
      earlier = await start(s, job, submit, watch);
      watch.began();
      return await finish(s, ref, c.query !== undefined, watch);
    } catch (e) {
      const ended = await judged(s, ref, e, o.again !== false, watch);
      // What failed before this call was made says nothing of this one.
      if (earlier && ended instanceof JobFailure && ended.fault.outcome === "not-applied" && number < EARLIER) continue;
      own += 1;
      const again = ended instanceof JobFailure && ended.fault.kind === "transient" && o.again !== false && own < ATTEMPTS;
      if (!again || watch.why() !== null) throw ended;
      await patient(backoff(own), o.signal);
    } finally {
      watch.over();
    }
  }
}

function configurationOf(s: Service, c: JobConfiguration, o: IoOptions, until: number | null): Readonly<Record<string, unknown>> {
  const { query, ...others } = c;
  return {
    ...others,
    ...(query === undefined ? {} : { query: queryOf(s, query, o.tag) }),
    labels: { ...s.labels, cutover: slug(o.tag) },
    ...(until === null ? {} : { jobTimeoutMs: String(Math.max(until - Date.now(), 1)) }),
  };
}
export const queryOf = (s: Service, query: { readonly query: string }, tag: string): Readonly<Record<string, unknown>> => ({
  useLegacySql: false,
  useQueryCache: false,
  defaultDataset: { projectId: s.project, datasetId: s.dataset },
  ...(s.maximumBytesBilled === null ? {} : { maximumBytesBilled: s.maximumBytesBilled }),
  ...query,
  query: `/* ${tag.replace(/[^\p{L}\p{N} ._:@#=+-]/gu, "_").slice(0, 200)} */ ${query.query}`,
});
/** A tag as a part of a job's name. */
export const words = (tag: string): string =>
  tag
    .replace(/^cutover\b/, "")
    .replace(/\W+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, 100) || "call";
/** The pipeline, which stands second in a tag, as the value of a label. */
const slug = (tag: string): string =>
  (/^cutover (\S+)/.exec(tag)?.[1] ?? "")
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "_")
    .slice(0, 63);

/** Sends the job until it is known to be there. Answers whether it was there before. */
async function start(s: Service, job: JobResource, submit: Submit, watch: Watch): Promise<boolean> {
  let sent = false;
  for (let n = 1; ; n++) {
    try {
      const { status } = await submit(job, watch.hard);
      return status === 409 && !sent;
    } catch (e) {
      if (!(e instanceof BigQueryFault)) throw e;
      const open = e.fault.outcome === "unknown";
      if (open && !watch.hard.aborted && (await glance(s, job.jobReference, watch.hard).catch(() => null)) !== null) return false;
      sent ||= open;
      const kind = watch.why() !== null ? null : e.fault.kind;
      if (kind !== "transient" || n === SENDS) throw sent ? unknown(e) : e;
      await patient(Math.max(backoff(n), e.retryAfterMs ?? 0), watch.hard);
    }
  }
}

const jobUri = (ref: JobRef): string => `/jobs/${encodeURIComponent(ref.jobId)}`;

/** A job as it stands, asked for once; null: there is none of that name. */
async function glance(s: Service, ref: JobRef, signal: AbortSignal): Promise<JobAnswer | null> {
  const request = { method: "GET", uri: jobUri(ref), project: ref.projectId, query: { location: ref.location } };
  const { status, body } = await send(s.client, request, { signal }, [404]);
  return status === 404 ? null : read(jobShape, body, "job");
}
const look = (s: Service, ref: JobRef, signal: AbortSignal): Promise<JobAnswer | null> =>
  patiently(signal, () => glance(s, ref, signal));

/** The first page of a query comes with the news that it has ended. */
const firstPages = new WeakMap<Done, ResultsAnswer>();

async function finish(s: Service, ref: JobRef, query: boolean, watch: Watch): Promise<Done> {
  for (let n = 1; ; n++) {
    const page = query ? await results(s, ref, null, watch.hard).catch((e: unknown) => onlyFaults(e)) : null;
    if (page !== null && !(page instanceof BigQueryFault)) {
      if (!page.jobComplete) continue;
      const affected = page.numDmlAffectedRows === undefined ? null : Number(page.numDmlAffectedRows);
      const bytes = Number(page.totalBytesProcessed ?? 0);
      const done = { job: ref, bytes, affected, schema: page.schema?.fields ?? [], statistics: null };
      firstPages.set(done, page);
      return done;
    }
    const job = await look(s, ref, watch.hard);
    if (job === null) throw unknown(new BigQueryFault(`the job ${ref.jobId} is gone`, gone));
    if (job.status.state === "DONE") {
      if (job.status.errorResult !== undefined) throw failureOf(s, job.status.errorResult);
      if (page === null) return { job: ref, bytes: 0, affected: null, schema: [], statistics: job.statistics ?? null };
      if (page.fault.kind !== "transient" || n >= SENDS) throw unknown(page);
    }
    await patient(query ? backoff(n) : Math.min(50 * 1.6 ** (n - 1), 2000), watch.hard);
  }
}
const gone = {
  kind: "missing-object",
  outcome: "unknown",
  hint: "Somebody deleted the job; look at the table, then run again.",
} as const;

function onlyFaults(e: unknown): BigQueryFault {
  if (e instanceof BigQueryFault) return e;
  throw e;
}
export function failureOf(
  s: Service,
  error: { readonly reason?: string | undefined; readonly message?: string | undefined },
): JobFailure {
  const message = s.client.redact(error.message ?? "the job failed");
  const native = { reason: error.reason ?? null, status: 200, code: null, message, sent: true, retryAfterMs: null };
  return new JobFailure(message, explain(native), native);
}

/** An error as the caller is to see it: whether it was cancelled, and whether it may have taken effect for all that. */
async function judged(s: Service, ref: JobRef, e: unknown, atomic: boolean, watch: Watch): Promise<unknown> {
  const why = watch.why();
  if (!(e instanceof BigQueryFault)) return why === null || !watch.hard.aborted ? e : cancelled(why, false);
  if (!(e instanceof JobFailure))
    return why === null ? e : cancelled(why, e.fault.outcome === "not-applied" && !watch.hard.aborted);
  const open = !atomic && uncertain.has(e.fault.kind) && (await committed(s, ref).catch(() => true));
  if (why !== null) return cancelled(why, !open);
  return open ? unknown(e) : e;
}
/** Failures that may come after a script's COMMIT as well as before. */
const uncertain: ReadonlySet<string> = new Set(["transient", "cancelled", "resources", "other"]);

/** Whether a script that failed had committed: each of its statements is a job of its own. */
async function committed(s: Service, ref: JobRef): Promise<boolean> {
  const { signal } = new AbortController();
  for (let pageToken: string | undefined; ; ) {
    const query = { parentJobId: ref.jobId, projection: "full", maxResults: 1000, pageToken };
    const { body } = await patiently(signal, () =>
      send(s.client, { method: "GET", uri: "/jobs", project: s.project, query }, { signal }),
    );
    const found = read(jobsShape, body, "list of jobs");
    const commits = found.jobs.filter(
      (j) =>
        j.statistics?.query?.statementType === "COMMIT_TRANSACTION" || /^\s*COMMIT\b/i.test(j.configuration?.query?.query ?? ""),
    );
    if (commits.some((j) => j.status.errorResult === undefined)) return true;
    pageToken = found.nextPageToken;
    if (pageToken === undefined) return false;
  }
}

async function results(s: Service, ref: JobRef, pageToken: string | null, signal: AbortSignal): Promise<ResultsAnswer> {
  const query = {
    location: ref.location,
    maxResults: PAGE,
    timeoutMs: LONG_POLL_MS,
    // Else a TIMESTAMP comes as a float, which has too few digits.
    "formatOptions.useInt64Timestamp": true,
    ...(pageToken === null ? {} : { pageToken }),
  };
  const uri = `/queries/${encodeURIComponent(ref.jobId)}`;
  const { body } = await send(s.client, { method: "GET", uri, project: ref.projectId, query }, { signal });
  return read(resultsShape, body, "result of a query");
}

/** Rows of a finished query, never more than a page at a time. */
export async function* pagesOf(s: Service, done: Done, signal: AbortSignal): AsyncGenerator<readonly (readonly unknown[])[]> {
  let page = firstPages.get(done) ?? (await patiently(signal, () => results(s, done.job, null, signal)));
  firstPages.delete(done);
  for (;;) {
    if (page.rows.length > 0) yield page.rows.map(({ f }) => f.map(({ v }) => v));
    const { pageToken } = page;
    if (pageToken === undefined || pageToken === "") return;
    page = await patiently(signal, () => results(s, done.job, pageToken, signal));
  }
}

/** A wait that an abort ends, as whatever comes next will notice. */
const patient = (ms: number, signal: AbortSignal): Promise<void> => pause(ms, undefined, { signal }).catch(() => undefined);
