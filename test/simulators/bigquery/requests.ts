import { rm } from "node:fs/promises";
import { z } from "zod";
import type { QueryRequest, Resource, SimParameter } from "./engine/types.js";
import { errors } from "./errors.js";
import type { JobKind, Outcome, Work } from "./job.js";
import { billed, newJobId } from "./jobs.js";
import { sizeOf } from "./uploads.js";
import type { World } from "./world.js";

/** A job as a request asks for it. */
export interface JobRequest {
  readonly id: string;
  readonly project: string;
  readonly user: string;
  readonly location: string;
  readonly kind: JobKind;
  readonly sql: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly timeout: number | null;
  readonly dryRun: boolean;
  readonly configuration: Resource;
}

const int64 = z.union([z.string().regex(/^-?\d+$/), z.number().int()]).transform(Number);
const resource: z.ZodType<Resource> = z.record(z.string(), z.any());
const tableName = z.object({ projectId: z.string(), datasetId: z.string(), tableId: z.string() });
const datasetName = z.object({ projectId: z.string().optional(), datasetId: z.string() });

const jobBody = z.looseObject({
  jobReference: z
    .looseObject({ projectId: z.string().optional(), jobId: z.string().optional(), location: z.string().nullish() })
    .optional(),
  configuration: z.looseObject({
    query: resource.optional(),
    load: resource.optional(),
    copy: resource.optional(),
    extract: resource.optional(),
    dryRun: z.boolean().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    jobTimeoutMs: int64.optional(),
  }),
});

const parameterType: z.ZodType<SimParameter["parameterType"]> = z.any();
const parameterValue: z.ZodType<SimParameter["parameterValue"]> = z.any();

const queryConfiguration = z.looseObject({
  query: z.string(),
  useLegacySql: z.boolean().default(true),
  defaultDataset: datasetName.optional(),
  destinationTable: tableName.optional(),
  writeDisposition: z.string().optional(),
  createDisposition: z.string().optional(),
  maximumBytesBilled: int64.optional(),
  parameterMode: z.string().optional(),
  queryParameters: z
    .array(z.object({ name: z.string().optional(), parameterType, parameterValue: parameterValue.default({}) }))
    .default([]),
  scriptOptions: z
    .looseObject({
      keyResultStatement: z.enum(["LAST", "FIRST_SELECT"]).optional(),
      statementByteBudget: int64.optional(),
      statementTimeoutMs: int64.optional(),
    })
    .optional(),
});

/** Parts of a query's configuration that would change what it does; nobody here needs them. */
const absent = [
  "clustering",
  "connectionProperties",
  "continuous",
  "createSession",
  "destinationEncryptionConfiguration",
  "rangePartitioning",
  "schemaUpdateOptions",
  "systemVariables",
  "tableDefinitions",
  "timePartitioning",
  "userDefinedFunctionResources",
];

/** "Quotas", query jobs: the text has 1 MB at most, 10,000 parameters can be given. */
const longest = 1024 * 1024;
const mostParameters = 10_000;
/** IJobConfiguration.labels in the client's types.d.ts: lower case letters, digits, _ and -, 63 of them; keys begin with a letter. */
const labelKey = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u;
const labelValue = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;

/** The body of jobs.insert, checked as far as the service does before there is a job. */
export function parseJob(text: string, o: { project: string; user: string; comesWithFile: boolean }, world: World): JobRequest {
  const { project, user, comesWithFile } = o;
  const { jobReference, configuration } = jobBody.parse(JSON.parse(text));
  const kinds = (["query", "load", "copy", "extract"] as const).filter((k) => configuration[k] !== undefined);
  const [kind, another] = kinds;
  if (kind === undefined) throw errors.required("configuration");
  if (another !== undefined)
    throw errors.configuration("Job configuration must contain exactly one job-specific configuration object");
  if (kind === "extract") throw errors.notHere("extract jobs");
  const { labels = {} } = configuration;
  for (const [name, value] of Object.entries(labels)) {
    if (!labelKey.test(name) || !labelValue.test(value)) throw errors.configuration(`Invalid label: ${name}=${value}`);
  }
  const sql = kind === "query" ? checkQuery(configuration.query ?? {}) : "";
  if (kind !== "query") destinationOf(configuration[kind] ?? {});
  if (kind === "load" && !comesWithFile) checkSources(configuration.load ?? {});
  return {
    id: jobReference?.jobId ?? newJobId(),
    project,
    user,
    location: locationOf(jobReference?.location, world),
    kind,
    sql,
    labels,
    timeout: configuration.jobTimeoutMs ?? null,
    dryRun: configuration.dryRun ?? false,
    configuration: { ...(configuration as Resource), jobType: kind.toUpperCase() },
  };
}

/** Names of locations are not case-sensitive. Without one a job runs where its data is, and here there is one place only. */
function locationOf(asked: string | null | undefined, world: World): string {
  if (asked === null || asked === undefined || asked === "") return world.location;
  return asked.toLowerCase() === world.location.toLowerCase() ? world.location : asked;
}

function checkQuery(configuration: Resource): string {
  const query = queryConfiguration.parse(configuration);
  if (query.useLegacySql) throw errors.notHere("legacy SQL, which is the API's default: set useLegacySql to false");
  for (const name of absent) {
    const value = configuration[name];
    const nothing = value === undefined || value === false || (Array.isArray(value) && value.length === 0);
    if (!nothing) throw errors.notHere(`configuration.query.${name}`);
  }
  if (query.scriptOptions?.statementTimeoutMs !== undefined) throw errors.notHere("scriptOptions.statementTimeoutMs");
  if (query.query.trim() === "") throw errors.required("query");
  if (query.query.length > longest) throw errors.queryTooLong();
  if (query.queryParameters.length > mostParameters) throw errors.configuration("Too many query parameters; 10000 is the limit");
  return query.query;
}

/** What the engine is asked for. */
export function queryRequest(job: JobRequest, signal: AbortSignal): QueryRequest {
  const query = queryConfiguration.parse(job.configuration["query"]);
  const parameters = query.queryParameters.map(({ name, ...rest }) => (name === undefined ? rest : { name, ...rest }));
  const mode = query.parameterMode?.toUpperCase() ?? (parameters.some((p) => "name" in p) ? "NAMED" : "POSITIONAL");
  const { defaultDataset: dataset, scriptOptions } = query;
  return {
    sql: query.query,
    parameters,
    parameterMode: parameters.length === 0 ? "NONE" : mode === "NAMED" ? "NAMED" : "POSITIONAL",
    project: job.project,
    defaultDataset: dataset ? { projectId: dataset.projectId ?? job.project, datasetId: dataset.datasetId } : null,
    location: job.location,
    user: job.user,
    jobId: job.id,
    dryRun: job.dryRun,
    maximumBytesBilled: query.maximumBytesBilled ?? null,
    statementByteBudget: scriptOptions?.statementByteBudget ?? null,
    ...(scriptOptions?.keyResultStatement && { keyResultStatement: scriptOptions.keyResultStatement }),
    signal,
    ...(query.destinationTable && { destination: query.destinationTable }),
    ...(query.writeDisposition !== undefined && { writeDisposition: query.writeDisposition }),
    ...(query.createDisposition !== undefined && { createDisposition: query.createDisposition }),
  };
}

/** What a job does. `file`: what came with it. */
export function workOf(job: JobRequest, world: World, file: string | null = null): Work {
  const { kind, user, id: jobId } = job;
  if (kind === "query") {
    return async (signal) => {
      const result = await world.engine.query(queryRequest(job, signal));
      return { kind, result, billed: billed(result) };
    };
  }
  const configuration = (job.configuration[kind] ?? {}) as Resource;
  return async (signal): Promise<Outcome> => {
    checkPlace(configuration, job, world);
    if (kind === "copy") return { kind, result: await world.engine.copy({ configuration, user, jobId, signal }) };
    const files = file === null ? await sources(configuration, world) : [file];
    const sizes = await Promise.all(files.map(sizeOf));
    try {
      const result = await world.engine.load({ files, configuration, user, jobId, signal });
      return { kind: "load", result, inputFiles: files.length, inputBytes: sizes.reduce((sum, n) => sum + n, 0) };
    } finally {
      if (file !== null) await rm(file, { force: true });
    }
  };
}

/** The table that a load or copy job writes. */
function destinationOf(configuration: Resource): z.infer<typeof tableName> {
  const { data } = tableName.safeParse(configuration["destinationTable"]);
  if (!data) throw errors.required("destinationTable");
  return data;
}

/** A job finds only what is where it runs. [M] text: that of queries. */
function checkPlace(configuration: Resource, job: JobRequest, world: World): void {
  if (job.location === world.location) return;
  const to = destinationOf(configuration);
  throw errors.datasetNotFound(to.projectId, to.datasetId, job.location);
}

/** "Quotas", load jobs: 10,000 addresses. */
function checkSources(configuration: Resource): void {
  const { data: uris = [] } = z.array(z.string()).safeParse(configuration["sourceUris"]);
  if (uris.length === 0) throw errors.required("sourceUris");
  if (uris.length > 10_000) throw errors.configuration("Too many source URIs; 10000 is the limit");
}

async function sources(configuration: Resource, world: World): Promise<readonly string[]> {
  const uris = z.array(z.string()).parse(configuration["sourceUris"]);
  const found = await Promise.all(uris.map((uri) => world.buckets.find(uri)));
  return found.flat();
}
