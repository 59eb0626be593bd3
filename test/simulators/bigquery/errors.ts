import { type Resource, SimError } from "./engine/types.js";

/** "Error messages" (docs/error-messages): the HTTP status that a reason has when it answers a request. */
const statuses: Readonly<Record<string, number>> = {
  accessDenied: 403,
  authError: 401,
  backendError: 503,
  badRequest: 400,
  billingNotEnabled: 403,
  billingTierLimitExceeded: 400,
  blocked: 403,
  // users' reports: "Query exceeded limit for bytes billed: 500. 10485760 or higher required." comes with this reason
  bytesBilledLimitExceeded: 400,
  conditionNotMet: 412,
  duplicate: 409,
  internalError: 500,
  invalid: 400,
  invalidQuery: 400,
  jobBackendError: 400,
  jobInternalError: 400,
  jobRateLimitExceeded: 400,
  notFound: 404,
  notImplemented: 501,
  quotaExceeded: 403,
  rateLimitExceeded: 403,
  required: 400,
  resourceInUse: 400,
  resourcesExceeded: 400,
  responseTooLarge: 403,
  tableUnavailable: 400,
  timeout: 400,
};

export const refusal = (reason: string, message: string, location?: string): SimError =>
  new SimError(reason, statuses[reason] ?? 400, message, location);

const reference = (project: string, id: string, location?: string): string =>
  location === undefined ? `${project}:${id}` : `${project}:${location}.${id}`;

/** Errors of the protocol. Those of SQL are the engine's. [M] marks a text or reason that no source here confirms. */
export const errors = {
  /** Google's API front end ("Authentication errors"); the client shows the first message. */
  credentials: () =>
    refusal(
      "authError",
      "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.",
    ),
  /** googleapis/google-cloud-java#2867 shows reason, status and text. */
  jobExists: (project: string, id: string, location: string) =>
    refusal("duplicate", `Already Exists: Job ${reference(project, id, location)}`),
  /** googleapis/nodejs-bigquery#1016: without a location the text has none either. */
  jobNotFound: (project: string, id: string, location?: string) =>
    refusal("notFound", `Not found: Job ${reference(project, id, location)}`),
  /** Job.jobReference: letters, numbers, underscores, dashes; 1,024 characters. [M] text. */
  jobId: (id: string) =>
    refusal(
      "invalid",
      `Invalid job ID "${id.slice(0, 200)}". Job IDs must be alphanumeric (plus underscores and dashes) and must be at most 1024 characters long.`,
    ),
  /** [M] text: the one known from jobs of projects that a user may not bill. */
  project: (project: string) =>
    refusal(
      "accessDenied",
      `Access Denied: Project ${project}: User does not have bigquery.jobs.create permission in project ${project}.`,
    ),
  /** getredash and others report this text for datasets of another region. */
  datasetNotFound: (project: string, dataset: string, location: string) =>
    refusal("notFound", `Not found: Dataset ${project}:${dataset} was not found in location ${location}`),
  projectNotFound: (project: string) => refusal("notFound", `Not found: Project ${project}`),
  /** [M] text. */
  configuration: (what: string) => refusal("invalid", what),
  required: (what: string) => refusal("required", `Required parameter is missing: ${what}`),
  /** Velir/dbt-ga4#269 has the text; [M] the reason. */
  queryTooLong: () =>
    refusal(
      "invalid",
      "The query is too large. The maximum standard SQL query length is 1024.00K characters, including comments and white space characters.",
    ),
  /** "Error messages", on SSLEOFError: a request that is too large is a 413. [M] reason and text. */
  bodyTooLarge: () => new SimError("uploadTooLarge", 413, "Request Entity Too Large"),
  /** The reason `stopped` is documented; [M] the text after the colon. */
  cancelled: () => new SimError("stopped", 499, "Job execution was cancelled: User requested cancellation"),
  /** googleapis/python-bigquery-pandas#492 has the text. */
  timedOut: (milliseconds: number) =>
    new SimError("stopped", 499, `Job execution was cancelled: Job timed out after ${Math.round(milliseconds / 1000)}s`),
  /** "Error messages", resourceInUse: a job that runs cannot be deleted. [M] text. */
  jobRuns: (project: string, id: string, location: string) =>
    refusal("resourceInUse", `Job ${reference(project, id, location)} is still running`),
  /** [M] */
  notQuery: (project: string, id: string, location: string) =>
    refusal("invalid", `Job ${reference(project, id, location)} is not a query job`),
  uri: (uri: string) => refusal("notFound", `Not found: URI ${uri}`),
  /** What the service has and the simulator has not: an error, never a silent success. */
  notHere: (what: string) => refusal("notImplemented", `The simulator has no ${what}`),
  /** Shows what went wrong in the simulator itself. */
  internal: (e: unknown) =>
    refusal("internalError", `An internal error occurred: ${e instanceof Error ? (e.stack ?? e.message) : String(e)}`),
};

/** "Error messages": what failed within a job has another name when it answers jobs.query and jobs.getQueryResults. */
const inAnswers: Readonly<Record<string, string>> = {
  backendError: "jobBackendError",
  internalError: "jobInternalError",
  rateLimitExceeded: "jobRateLimitExceeded",
};

/** The failure of a job as the answer to a request for its result. [M] that `stopped` is a 499 there. */
export function asAnswer(e: SimError): SimError {
  const named = inAnswers[e.reason];
  if (named !== undefined) return refusal(named, e.message, e.location);
  return e.reason === "stopped" ? e : refusal(e.reason, e.message, e.location);
}

/** ErrorProto. */
export const errorProto = (e: SimError): Resource => ({
  reason: e.reason,
  ...(e.location !== undefined && { location: e.location }),
  message: e.message,
});

const words: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  409: "ALREADY_EXISTS",
  412: "FAILED_PRECONDITION",
  429: "RESOURCE_EXHAUSTED",
  499: "CANCELLED",
  500: "INTERNAL",
  501: "UNIMPLEMENTED",
  503: "UNAVAILABLE",
};

/** "Error messages", sample error response. */
export const errorBody = (e: SimError): string =>
  JSON.stringify({
    error: {
      code: e.status,
      message: e.message,
      errors: [{ message: e.message, domain: "global", ...errorProto(e) }],
      status: words[e.status] ?? "UNKNOWN",
    },
  });
