import type { Resource, SimResult, TableName } from "./engine/types.js";
import { errorProto } from "./errors.js";
import type { Job } from "./job.js";

export const referenceOf = (job: Job): Resource => ({ projectId: job.project, jobId: job.id, location: job.location });

/** The API writes int64 as text. */
const int64 = (n: number): string => String(n);
const tableOf = (t: TableName): Resource => ({ projectId: t.projectId, datasetId: t.datasetId, tableId: t.tableId });

/** Job, as jobs.get answers it. */
export const jobResource = (job: Job): Resource => ({
  kind: "bigquery#job",
  etag: `${job.id.slice(-12)}${job.state}`,
  id: `${job.project}:${job.location}.${job.id}`,
  user_email: job.user,
  principal_subject: `user:${job.user}`,
  configuration: job.configuration,
  jobReference: referenceOf(job),
  statistics: statistics(job),
  status: status(job),
});

/** An entry of jobs.list. */
export const jobEntry = (job: Job, full: boolean): Resource => {
  const { configuration, statistics: counted, etag: _, ...rest } = jobResource(job);
  const more = full ? { configuration } : { configuration: { jobType: (configuration as Resource)["jobType"] } };
  return {
    ...rest,
    ...more,
    statistics: counted,
    state: job.state,
    ...(job.error && { errorResult: errorProto(job.error) }),
  };
};

function status(job: Job): Resource {
  if (!job.error) return { state: job.state };
  return { errorResult: errorProto(job.error), errors: [errorProto(job.error)], state: job.state };
}

function statistics(job: Job): Resource {
  const { outcome, parent } = job;
  const children = job.children.length;
  return {
    creationTime: int64(job.createdAt),
    ...(job.startedAt > 0 && { startTime: int64(job.startedAt) }),
    ...(job.state === "DONE" && {
      endTime: int64(job.endedAt),
      finalExecutionDurationMs: int64(job.endedAt - job.startedAt),
      totalSlotMs: int64(job.endedAt - job.startedAt),
    }),
    ...(children > 0 && { numChildJobs: int64(children) }),
    ...(parent && {
      parentJobId: parent.id,
      scriptStatistics: {
        evaluationKind: parent.child.evaluationKind,
        stackFrames: [{ startLine: parent.child.line, startColumn: parent.child.column, text: parent.child.sql }],
      },
    }),
    ...(outcome?.kind === "query" && queryStatistics(outcome.result, outcome.billed)),
    ...(outcome?.kind === "load" && {
      load: {
        inputFiles: int64(outcome.inputFiles),
        inputFileBytes: int64(outcome.inputBytes),
        outputRows: int64(outcome.result.outputRows),
        outputBytes: int64(outcome.result.outputBytes),
        badRecords: int64(outcome.result.badRecords),
      },
    }),
    ...(outcome?.kind === "copy" && {
      copy: {
        copiedRows: int64(outcome.result.copiedRows),
        copiedLogicalBytes: int64(outcome.result.copiedLogicalBytes),
      },
    }),
  };
}

/** Statistics of a query, as far as clients read them. */
function queryStatistics(result: SimResult, billed: number): Resource {
  return {
    totalBytesProcessed: int64(result.bytesProcessed),
    query: {
      totalBytesProcessed: int64(result.bytesProcessed),
      totalBytesBilled: int64(billed),
      cacheHit: false,
      statementType: result.statementType,
      ...dml(result),
      ...(result.ddlTargetTable && { ddlTargetTable: tableOf(result.ddlTargetTable) }),
      ...(result.ddlOperation !== undefined && { ddlOperationPerformed: result.ddlOperation }),
      ...(result.tables && { referencedTables: result.tables.map(tableOf) }),
    },
  };
}

/** What jobs.query, jobs.getQueryResults and statistics tell of changed rows. */
export const dml = ({ affected, dmlStats }: SimResult): Resource => ({
  ...(affected !== null && { numDmlAffectedRows: int64(affected) }),
  ...(dmlStats && {
    dmlStats: {
      insertedRowCount: int64(dmlStats.inserted),
      updatedRowCount: int64(dmlStats.updated),
      deletedRowCount: int64(dmlStats.deleted),
    },
  }),
});

/** A dry run makes no job: the reference has no id, and the schema stands in the statistics (JobStatistics2.schema). */
export function dryRunResource(o: {
  readonly project: string;
  readonly location: string;
  readonly user: string;
  readonly configuration: Resource;
  readonly result: SimResult;
  readonly now: number;
}): Resource {
  const { result } = o;
  const counted = queryStatistics(result, 0);
  return {
    kind: "bigquery#job",
    id: `${o.project}:${o.location}.`,
    user_email: o.user,
    configuration: o.configuration,
    jobReference: { projectId: o.project, location: o.location },
    statistics: {
      creationTime: int64(o.now),
      ...counted,
      query: {
        ...(counted["query"] as Resource),
        totalBytesProcessedAccuracy: result.totalBytesProcessedAccuracy ?? "PRECISE",
        ...(result.schema && { schema: { fields: result.schema as unknown as readonly Resource[] } }),
        ...(result.undeclared && { undeclaredQueryParameters: result.undeclared as unknown as readonly Resource[] }),
      },
    },
    status: { state: "DONE" },
  };
}
