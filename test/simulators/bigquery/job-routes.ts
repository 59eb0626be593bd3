import { z } from "zod";
import type { Outgoing } from "../shared/http.js";
import type { Resource, SimResult } from "./engine/types.js";
import { asAnswer, errors, refusal } from "./errors.js";
import { json, nothing, ok } from "./http.js";
import type { Job } from "./job.js";
import { type JobRequest, parseJob, queryRequest, workOf } from "./requests.js";
import { dml, dryRunResource, jobEntry, jobResource, referenceOf } from "./resources.js";
import { page, type Timestamps, timestampsOf, withRows } from "./results.js";
import { type Handler, type Incoming, numberOf, settled, type World } from "./world.js";

/** jobs.getQueryResults waits 10 s unless told otherwise, and about 200 s at most (IGetQueryResultsParams in the client's types.d.ts). */
const usualWait = 10_000;
const longestWait = 200_000;
/** IQueryRequest.requestId: a repeated request is known for 15 minutes. */
const requestLifetime = 15 * 60_000;

/** Starts the job of a request, with the file that came with it. */
export async function insert(call: Incoming, world: World, file: string | null = null): Promise<Outgoing> {
  const request = file === null ? requestOf(call.text, call, world) : loadOf(call, world);
  if (request.dryRun) return ok(await dryRun(request, world));
  const job = world.jobs.start(request, workOf(request, world, file), call.twist);
  await settled(job, world.patience, job.stalled);
  return ok(jobResource(job));
}

/** Jobs that a user may start; whoever may not gets no job. */
function requestOf(text: string, { route, user }: Pick<Incoming, "route" | "user">, world: World): JobRequest {
  if (route.project !== world.project) throw errors.project(route.project);
  world.engine.demand(user, "bigquery.jobs.create", { projectId: world.project });
  return parseJob(text, { project: route.project, user, comesWithFile: route.endpoint.startsWith("upload") }, world);
}

/** Only load jobs come with a file. [M] text. */
export function loadOf(call: Incoming, world: World): JobRequest {
  const request = requestOf(call.text, call, world);
  if (request.kind !== "load") throw errors.configuration("Media uploads are for load jobs only");
  return request;
}

async function dryRun(request: JobRequest, world: World): Promise<Resource> {
  return dryRunResource({ ...request, result: await estimate(request, world), now: world.now() });
}

function estimate(request: JobRequest, world: World): Promise<SimResult> {
  if (request.kind !== "query") throw errors.notHere("dry runs of other jobs than queries");
  world.counter.dryRun();
  return world.engine.query(queryRequest(request, new AbortController().signal));
}

/** The job of an address. Those of others need a permission ("Managing jobs"). */
function jobOf({ route, query, user }: Incoming, world: World, permission = "bigquery.jobs.get"): Job {
  if (route.project !== world.project) throw errors.projectNotFound(route.project);
  const job = world.jobs.find(route.project, route.job, query.get("location"));
  if (job.user !== user) world.engine.demand(user, permission, { projectId: world.project });
  return job;
}

/** What jobs.query and jobs.getQueryResults answer: the first rows, or that there are none yet. */
function answer(
  job: Job,
  kind: string,
  wanted: { start: number; maxResults: number | null; timestamps: Timestamps },
  world: World,
): Outgoing {
  const head: Resource = { kind, jobReference: referenceOf(job) };
  if (job.state !== "DONE") return ok({ ...head, jobComplete: false });
  if (job.error) throw asAnswer(job.error);
  if (job.outcome?.kind !== "query") throw errors.notQuery(job.project, job.id, job.location);
  const { result } = job.outcome;
  const rest: Resource = {
    ...head,
    etag: job.id.slice(-16),
    jobComplete: true,
    totalBytesProcessed: String(result.bytesProcessed),
    cacheHit: false,
    ...dml(result),
  };
  if (!result.schema) return ok({ ...rest, totalRows: "0" });
  const { rows, count, next } = page(result.schema, result.rows, { ...wanted, bytes: world.pageBytes });
  const schema = { fields: result.schema as unknown as readonly Resource[] };
  const token = next === null ? {} : { pageToken: tokenOf(next) };
  return json(withRows({ ...rest, schema, totalRows: String(result.rows.length), ...token }, count === 0 ? null : rows));
}

const tokenOf = (at: number): string => Buffer.from(`rows ${at}`).toString("base64url");

function placeOf(token: string): number {
  const found = /^rows (\d+)$/.exec(Buffer.from(token, "base64url").toString());
  // [M] the reason; users report the text
  if (!found) throw refusal("invalid", `Invalid page token: ${token.slice(0, 100)}`);
  return Number(found[1]);
}

/** jobs.query: the fast path of the client (buildQueryRequest_), for queries without an id of their own. */
const queryBody = z.looseObject({
  query: z.string(),
  location: z.string().nullish(),
  labels: z.record(z.string(), z.string()).optional(),
  dryRun: z.boolean().optional(),
  jobTimeoutMs: z.union([z.string(), z.number()]).optional(),
  timeoutMs: z.number().optional(),
  maxResults: z.number().optional(),
  requestId: z.string().max(36).optional(),
  formatOptions: z
    .looseObject({ useInt64Timestamp: z.boolean().optional(), timestampOutputFormat: z.string().optional() })
    .optional(),
});

const seen = new WeakMap<World, Map<string, { readonly job: Job; readonly text: string }>>();

const runQuery: Handler = async (call, world) => {
  const body = queryBody.parse(JSON.parse(call.text));
  const { location, labels, dryRun: dry, jobTimeoutMs, timeoutMs, maxResults, requestId, formatOptions, ...query } = body;
  const { jobCreationMode: _, kind: __, ...asked } = query;
  const configuration = { query: asked, labels, dryRun: dry, jobTimeoutMs };
  const text = JSON.stringify({ jobReference: { location: location ?? undefined }, configuration });
  const request = requestOf(text, call, world);
  const timestamps = timestampsOf({
    format: formatOptions?.timestampOutputFormat ?? null,
    int64: formatOptions?.useInt64Timestamp ?? false,
  });
  const kind = "bigquery#queryResponse";
  if (request.dryRun) {
    const result = await estimate(request, world);
    const schema = result.schema && { schema: { fields: result.schema as unknown as readonly Resource[] } };
    const jobReference = { projectId: request.project, location: request.location };
    const totalBytesProcessed = String(result.bytesProcessed);
    return ok({ kind, jobReference, jobComplete: true, totalBytesProcessed, cacheHit: false, ...schema });
  }
  const known = seen.get(world) ?? new Map<string, { readonly job: Job; readonly text: string }>();
  seen.set(world, known);
  const name = `${call.user}/${requestId}`;
  const earlier = requestId === undefined ? undefined : known.get(name);
  const same = earlier?.text === text && world.now() - earlier.job.createdAt < requestLifetime;
  const job = same && earlier ? earlier.job : world.jobs.start(request, workOf(request, world), call.twist);
  if (requestId !== undefined) known.set(name, { job, text });
  await settled(job, Math.min(timeoutMs ?? usualWait, longestWait));
  return answer(job, kind, { start: 0, maxResults: maxResults ?? null, timestamps }, world);
};

const results: Handler = async (call, world) => {
  const { query } = call;
  const job = jobOf(call, world);
  if (job.kind !== "query") throw errors.notQuery(job.project, job.id, job.location);
  await settled(job, Math.min(numberOf(query, "timeoutMs") ?? usualWait, longestWait));
  const token = query.get("pageToken");
  const start = token ? placeOf(token) : (numberOf(query, "startIndex") ?? 0);
  const timestamps = timestampsOf({
    format: query.get("formatOptions.timestampOutputFormat"),
    int64: query.get("formatOptions.useInt64Timestamp") === "true",
  });
  const wanted = { start, maxResults: numberOf(query, "maxResults"), timestamps };
  return answer(job, "bigquery#getQueryResultsResponse", wanted, world);
};

const list: Handler = ({ query, route, user }, world) => {
  if (route.project !== world.project) throw errors.projectNotFound(route.project);
  const parent = query.get("parentJobId");
  const all = query.get("allUsers") === "true";
  if (all) world.engine.demand(user, "bigquery.jobs.listAll", { projectId: world.project });
  const states = query.getAll("stateFilter").map((s) => s.toUpperCase());
  const from = numberOf(query, "minCreationTime") ?? 0;
  const to = numberOf(query, "maxCreationTime") ?? Number.POSITIVE_INFINITY;
  const fitting = world.jobs
    .newest()
    .filter((j) => (parent === null ? j.parent === null : j.parent?.id === parent))
    .filter((j) => all || j.user === user)
    .filter((j) => j.createdAt >= from && j.createdAt <= to)
    .filter((j) => states.length === 0 || states.includes(j.state));
  const token = query.get("pageToken");
  const start = token ? fitting.findIndex((j) => j.id === token) + 1 : 0;
  const shown = fitting.slice(start, start + (numberOf(query, "maxResults") ?? 50));
  const last = shown.at(-1);
  const more = last && fitting.at(-1) !== last ? { nextPageToken: last.id } : {};
  const full = query.get("projection") === "full";
  return ok({ kind: "bigquery#jobList", etag: `${fitting.length}`, ...more, jobs: shown.map((j) => jobEntry(j, full)) });
};

/** Answers at once; how the job ended has to be asked for (ICancelParams in the client's types.d.ts). */
const cancel: Handler = (call, world) => {
  const job = jobOf(call, world, "bigquery.jobs.update");
  job.cancel(errors.cancelled());
  return ok({ kind: "bigquery#jobCancelResponse", job: jobResource(job) });
};

const remove: Handler = (call, world) => {
  const job = jobOf(call, world, "bigquery.jobs.delete");
  if (job.state !== "DONE") throw errors.jobRuns(job.project, job.id, job.location);
  job.deleted = true;
  return nothing;
};

export const jobRoutes = {
  "jobs.insert": (call: Incoming, world: World) => insert(call, world),
  "jobs.query": runQuery,
  "jobs.get": (call: Incoming, world: World) => ok(jobResource(jobOf(call, world))),
  "jobs.list": list,
  "jobs.cancel": cancel,
  "jobs.delete": remove,
  results,
} satisfies Record<string, Handler>;
