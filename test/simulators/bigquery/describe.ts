import { z } from "zod";
import type { Call } from "./faults.js";
import type { Job } from "./job.js";
import type { Jobs } from "./jobs.js";
import type { Incoming } from "./world.js";

/** As much of a request as the conditions of faults look at, whether or not the request is right. */
const sent = z
  .looseObject({
    jobReference: z.looseObject({ jobId: z.string().catch("") }).catch({ jobId: "" }),
    configuration: z.looseObject({ dryRun: z.boolean().catch(false) }).catch({ dryRun: false }),
    query: z.string().catch(""),
    dryRun: z.boolean().catch(false),
  })
  .catch({ jobReference: { jobId: "" }, configuration: { dryRun: false }, query: "", dryRun: false });

const part = z
  .looseObject({
    query: z.string().catch(""),
    destinationTable: z.looseObject({ datasetId: z.string(), tableId: z.string() }).optional().catch(undefined),
  })
  .catch({ query: "", destinationTable: undefined });

/** A request as the conditions of faults see it. */
export function describeCall({ route, user, text, query }: Omit<Incoming, "req" | "twist">, jobs: Jobs): Call {
  const { endpoint, dataset, table } = route;
  const address = table === "" ? dataset : `${dataset}.${table}`;
  const named = route.job === "" ? null : peek(jobs, route.project, route.job, query.get("location"));
  if (named || route.job !== "") {
    const about = { jobId: route.job, sql: named?.sql ?? "", kind: named?.kind ?? ("" as const) };
    return { endpoint, user, ...about, dryRun: false, table: address };
  }
  const starts = endpoint === "jobs.insert" || endpoint === "jobs.query" || endpoint.startsWith("upload");
  if (!starts) return { endpoint, user, jobId: "", sql: "", kind: "", dryRun: false, table: address };
  const body = sent.parse(json(text));
  const { configuration } = body;
  const kind =
    endpoint === "jobs.query" ? "query" : (["query", "load", "copy", "extract"] as const).find((k) => k in configuration);
  const inner = part.parse(kind && configuration[kind]);
  const to = inner.destinationTable;
  return {
    endpoint,
    user,
    jobId: body.jobReference.jobId,
    sql: endpoint === "jobs.query" ? body.query : inner.query,
    kind: kind ?? "",
    dryRun: body.dryRun || configuration.dryRun,
    table: to ? `${to.datasetId}.${to.tableId}` : "",
  };
}

function peek(jobs: Jobs, project: string, id: string, location: string | null): Job | null {
  try {
    return jobs.find(project, id, location);
  } catch {
    return null;
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
