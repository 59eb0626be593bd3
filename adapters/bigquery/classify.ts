import { endedBy, type Fault, localMeaning, type Meaning, messageOf, missingDriver } from "cutover/adapter";
import * as z from "zod";
import { BigQueryFault, cancelled } from "./errors.js";

/** What an error of the service's or of the client's is made of. Read once, so that hostile getters and prototypes do no harm. */
export interface Native {
  /** The service's own word for what went wrong. */
  readonly reason: string | null;
  /** Of the answer; null: there was none. */
  readonly status: number | null;
  /** Of the system or the network (`ECONNRESET`). */
  readonly code: string | null;
  readonly message: string;
  /** false: the request never left, since nobody was logged in. */
  readonly sent: boolean;
  readonly retryAfterMs: number | null;
}

const conflict: Meaning = ["conflict", "Another transaction wrote to the same table; nothing was changed, run again."];
const server: Meaning = ["transient", "BigQuery met an error of its own; run again."];
const rate: Meaning = ["transient", "Too many requests, or too many changes of one table, came within seconds; run again."];
const lost: Meaning = ["transient", "The connection to BigQuery was lost; run again."];
const stopped: Meaning = ["cancelled", "The job was cancelled; run it again when you want it."];
const late: Meaning = ["cancelled", "The job ran into its time limit; raise the limit if the work really takes that long."];
const refused: Meaning = [
  "denied",
  "BigQuery refused the credentials: check `credentials`, `keyFilename`, or what `gcloud auth application-default login` left.",
];
const lacking: Meaning = [
  "denied",
  "Grant the account roles/bigquery.jobUser on the project, and roles/bigquery.dataEditor on the dataset and on that of the ledger.",
];
const absent: Meaning = [
  "missing-object",
  "The object does not exist there, or the account may not see it: check project, dataset, name and location.",
];
const misfit: Meaning = ["bad-data", "A value does not fit its column; mend the source, or the column's type."];
const invalid: Meaning = ["syntax", "BigQuery does not take the statement; see its message."];
const exhausted: Meaning = [
  "resources",
  "A quota of the project or of the table is used up: wait until it is refilled, or ask for a higher one. In place, a release costs the table no modification of its daily quota.",
];

/** By the service's reason. Source: docs "Error messages" (error table), and the reasons in the clients' retry predicates. */
const reasons: Readonly<Record<string, Meaning>> = {
  accessDenied: lacking,
  forbidden: lacking,
  required: lacking,
  authError: refused,
  notFound: absent,
  duplicate: ["unsupported", "Something of that name exists already; drop or rename it."],
  invalidQuery: invalid,
  invalid: invalid,
  badRequest: invalid,
  parseError: invalid,
  quotaExceeded: exhausted,
  rateLimitExceeded: rate,
  userRateLimitExceeded: rate,
  jobRateLimitExceeded: rate,
  tableUnavailable: rate,
  backendError: server,
  jobBackendError: server,
  internalError: server,
  jobInternalError: server,
  stopped,
  timeout: late,
  responseTooLarge: ["resources", "The result is larger than an answer may be; ask for fewer rows or columns."],
  resultSizeLimitExceeded: ["resources", "The result is larger than an answer may be; ask for fewer rows or columns."],
  resourcesExceeded: [
    "resources",
    "The query needs more memory than there is for it; load smaller deltas, or fewer tables at once.",
  ],
  bytesBilledLimitExceeded: [
    "resources",
    "The statement would read more than `maximumBytesBilled`; raise it, or partition the table so that less is read.",
  ],
  billingTierLimitExceeded: ["resources", "The query needs more computation than its tier allows; make it simpler."],
  billingNotEnabled: ["denied", "The project has no billing, and without it no DML: enable it in the console."],
  blocked: ["denied", "BigQuery keeps the project or the query out; ask the project's administrator, or the support."],
  conditionNotMet: ["conflict", "Somebody else changed the table's properties at the same time; nothing was changed, run again."],
  notImplemented: ["unsupported", "The service cannot do this; see its message."],
  resourceInUse: ["conflict", "What is to be dropped is being used; run again."],
};

/** By what the service says, where its reason has several meanings. The first that fits decides. */
const messages: readonly (readonly [message: RegExp, meaning: Meaning])[] = [
  [/aborted due to concurrent update|could not serialize access|concurrent (?:update|transaction|modification)/i, conflict],
  [
    /too many (?:DML|concurrent) |DML statements outstanding|Too many .*mutating DML/i,
    [
      "conflict",
      "Too many statements wait for the same table (20 may queue); nothing was changed, run again, or load less often.",
    ],
  ],
  [/timed out|job timeout|exceeded the (?:time|timeout)/i, late],
  [
    /UPDATE or DELETE statement over table .* would affect rows in the streaming buffer|streaming buffer/i,
    [
      "unsupported",
      "Rows that were just streamed in cannot be changed for up to 90 minutes; load the table by cutover alone, or wait until the buffer is empty.",
    ],
  ],
  [
    /without a filter over column|require_partition_filter|partition elimination/i,
    [
      "unsupported",
      "The table takes only queries that name its partitions; a query or a check of yours does not: add a filter there.",
    ],
  ],
  [
    /does not have bigquery\.jobs\.create|bigquery\.jobs\.create permission/i,
    ["denied", "Grant the account roles/bigquery.jobUser on the project: every statement is a job there."],
  ],
  [
    /bigquery\.datasets\.create/i,
    ["denied", "Grant roles/bigquery.user on the project, or make the dataset of the ledger yourself in the same location."],
  ],
  [
    /bigquery\.tables\.(?:getIamPolicy|setIamPolicy)|bigquery\.rowAccessPolicies/i,
    ["denied", "A swap carries policies over: grant roles/bigquery.dataOwner on the dataset, or publish in place."],
  ],
  [
    /fine-grained reader|policy tag|protected by a? ?(?:policy|data)|categories\.get|maskedReader/i,
    [
      "denied",
      "Columns bear policy tags: grant roles/datacatalog.categoryFineGrainedReader on them, or keep those columns elsewhere.",
    ],
  ],
  [
    /bigquery\.tables\.(\w+)|Permission bigquery/i,
    ["denied", "Grant roles/bigquery.dataEditor on the dataset of the table, and on that of the ledger."],
  ],
  [
    /(?:query|script|statement)(?: text)?(?: is)? too (?:large|long)|maximum (?:standard SQL )?query length|query is too complex/i,
    [
      "resources",
      "The statement is longer than BigQuery takes (1 MB); load fewer tables in one release, or name fewer partitions.",
    ],
  ],
  [/Exceeded rate limits|too many table update operations/i, rate],
  [
    /not found in location|was not found in location|location .* (?:does not|different)|in a different (?:region|location)|Cannot read and write in different locations/i,
    ["missing-object", "Data and jobs must be in one location: name the dataset's in `location`."],
  ],
  [/^Not found:/i, absent],
  [
    /Invalid snapshot time|Cannot read (?:before|beyond)|Invalid time travel/i,
    [
      "missing-object",
      "The table's history does not reach that far: it goes back 7 days, or what the dataset keeps, and not beyond the day it was made.",
    ],
  ],
  [
    /UPDATE\/MERGE must match at most one source row/i,
    ["bad-data", "Several rows came for one row of the table; the key must be unique on both sides."],
  ],
  [
    /Required field .* cannot be null|cannot be set to NULL|NULL for required|null value .* required/i,
    ["bad-data", "NULL came for a column that is REQUIRED; mend the source, or the table."],
  ],
  [
    /Bad (?:int64|double|bool|date|time|timestamp|numeric) value|Could not (?:parse|cast|convert)|Invalid (?:NUMERIC|BIGNUMERIC|date|timestamp|datetime|time|value)|out of range|overflow|exceeds the maximum (?:length|allowed)|has (?:length|precision)|Invalid cast|maximum length/i,
    misfit,
  ],
  [
    /Error while reading data|JSON parsing error|CSV table|is not in correct format|not a (?:valid )?(?:Parquet|gzip)|Failed to (?:read|decompress)|Provided Schema does not match/i,
    ["bad-file", "The file is missing, truncated, or holds other columns than the table; write it again and load once more."],
  ],
  [
    /Unrecognized name|Name .* not found inside/i,
    ["missing-object", "A column that the statement names does not exist; check the name."],
  ],
];

const network: ReadonlySet<string> = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "EAI_AGAIN",
  "ENOTFOUND",
  "ERR_STREAM_PREMATURE_CLOSE",
  "UND_ERR_SOCKET",
]);
/** Of these nothing arrived. */
const unreached: ReadonlySet<string> = new Set(["ECONNREFUSED", "EAI_AGAIN", "ENOTFOUND", "ENETUNREACH", "EHOSTUNREACH"]);

const errorShape = z.object({
  errors: z
    .array(z.object({ reason: z.string().optional(), message: z.string().optional() }))
    .nullish()
    .catch(null),
  response: z
    .object({ statusCode: z.number().optional().catch(undefined), headers: z.record(z.string(), z.unknown()).catch({}) })
    .nullish()
    .catch(null),
  code: z.union([z.number(), z.string()]).nullish().catch(null),
  type: z.string().nullish().catch(null),
});

/** An error of the client's (common: ApiError), of its HTTP (node-fetch: FetchError), or of its login. */
export function nativeOf(e: unknown): Native {
  const none = { reason: null, status: null, code: null, message: messageOf(e), sent: false, retryAfterMs: null };
  if (!(e instanceof Error)) return none;
  const read = errorShape.safeParse(e);
  if (!read.success) return none;
  const { errors, response, code, type } = read.data;
  if ("errors" in e && (typeof code === "number" || response?.statusCode !== undefined)) {
    const [first] = errors ?? [];
    const after = Number(response?.headers["retry-after"]);
    return {
      reason: first?.reason ?? null,
      status: typeof code === "number" ? code : (response?.statusCode ?? null),
      code: null,
      message: (first?.message ?? e.message).slice(0, 4000),
      sent: true,
      retryAfterMs: Number.isFinite(after) ? after * 1000 : null,
    };
  }
  const word = typeof code === "string" ? code : null;
  const fetched = e.name === "FetchError" || typeof type === "string" || (word !== null && network.has(word));
  return { ...none, code: word ?? (fetched ? "ECONNABORTED" : null), sent: fetched && !(word !== null && unreached.has(word)) };
}

/** What an answer, or a job's `errorResult`, means. Never `unknown`: that depends on what was asked. */
export function explain({ reason, status, code, message, sent }: Native): Fault {
  const native = [code, reason, message].filter((part) => part !== null && part !== "").join(" ");
  const meaning = meaningOf({ reason, status, code, message, sent });
  if (meaning === null) return { kind: "other", outcome: "not-applied", native, hint: "Look at the error underneath." };
  return { kind: meaning[0], outcome: "not-applied", native, hint: meaning[1] };
}

function meaningOf(n: Omit<Native, "retryAfterMs">): Meaning | null {
  if (n.status === null && n.reason === null) {
    if (n.code !== null && network.has(n.code)) return n.sent || unreached.has(n.code) ? lost : refused;
    const local = localMeaning(n.code, "A local file or folder cannot be used; check its name and its permissions.");
    return local ?? (n.sent ? lost : refused);
  }
  // What the service's own machines say of themselves outweighs the words of the message.
  const byReason = n.reason === null ? undefined : reasons[n.reason];
  if (byReason === server || byReason === absent || byReason === rate) return refine(n, byReason);
  const said = messages.find(([pattern]) => pattern.test(n.message))?.[1];
  return said ?? byReason ?? byStatus(n.status);
}
/** A reason that is clear, but for messages that say more of the same. */
function refine(n: Pick<Native, "message">, found: Meaning): Meaning {
  const said = messages.find(([pattern]) => pattern.test(n.message))?.[1];
  if (found === server) return said === conflict ? conflict : found;
  return said !== undefined && (said[0] === found[0] || said[0] === "conflict") ? said : found;
}
function byStatus(status: number | null): Meaning | null {
  if (status === null) return null;
  if (status === 401) return refused;
  if (status === 403) return lacking;
  if (status === 404) return absent;
  if (status === 412) return reasons["conditionNotMet"] ?? null;
  if (status === 429) return rate;
  if (status === 408 || status >= 500) return server;
  return status >= 400 ? invalid : null;
}

/** Explains whatever `open`, a session or the driver threw. */
export function classify(e: unknown): Fault {
  if (e instanceof BigQueryFault) return e.fault;
  if (!(e instanceof Error)) return { kind: "other", outcome: "unknown", native: messageOf(e) };
  const missing = missingDriver(e, "@google-cloud/bigquery");
  if (missing !== null) return missing;
  const ended = endedBy(e);
  if (ended !== null) return cancelled(ended, true).fault;
  const native = nativeOf(e);
  // What a job came to is told by a BigQueryFault; without a word of the service's or of the system's, it is an error of our own.
  if (native.status === null && native.code === null)
    return { kind: "other", outcome: "not-applied", native: native.message, hint: "Look at the error underneath." };
  return explain(native);
}
