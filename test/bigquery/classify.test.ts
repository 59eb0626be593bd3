import { expect, it } from "vitest";
import { classify, explain, type Native, nativeOf } from "../../adapters/bigquery/classify.js";
import { fault } from "../../adapters/bigquery/errors.js";

const job = (reason: string, message: string): Native => ({
  reason,
  status: 200,
  code: null,
  message,
  sent: true,
  retryAfterMs: null,
});
/** What the service says, and what the user is told of it. Texts: docs "Error messages" and "Quotas", and issues of its clients. */
const told: readonly (readonly [reason: string, message: string, kind: string, hint: RegExp])[] = [
  ["notFound", "Not found: Table p:d.t was not found in location US", "missing-object", /location/],
  [
    "accessDenied",
    "Access Denied: Project p: User does not have bigquery.jobs.create permission in project p.",
    "denied",
    /jobUser/,
  ],
  [
    "accessDenied",
    "Access Denied: Table p:d.t: Permission bigquery.tables.updateData denied on table p:d.t",
    "denied",
    /dataEditor/,
  ],
  [
    "accessDenied",
    'Access Denied: BigQuery BigQuery: User does not have permission to access policy tag "p" on column t.c',
    "denied",
    /FineGrainedReader/,
  ],
  ["duplicate", "Already Exists: Table p:d.t", "unsupported", /exists/],
  ["invalidQuery", "Invalid snapshot time 1 for table p:d.t@1. Cannot read before 2.", "missing-object", /history/],
  ["quotaExceeded", "Quota exceeded: Your table exceeded quota for imports or query appends per table", "resources", /quota/],
  ["rateLimitExceeded", "Exceeded rate limits: too many table update operations for this table", "transient", /again/],
  ["jobRateLimitExceeded", "Job exceeded rate limits", "transient", /again/],
  ["invalidQuery", 'Syntax error: Unexpected identifier "SELEC" at [1:1]', "syntax", /message/],
  ["invalidQuery", "Unrecognized name: nme at [1:8]", "missing-object", /column/],
  ["invalidQuery", "Transaction is aborted due to concurrent update against table p:d.t. Transaction ID: x", "conflict", /again/],
  ["invalidQuery", "UPDATE/MERGE must match at most one source row for each target row", "bad-data", /unique/],
  ["invalidQuery", "Query error: Bad int64 value: abc at [3:1]", "bad-data", /value/],
  [
    "invalidQuery",
    "Cannot query over table 'd.t' without a filter over column(s) 'd' that can be used for partition elimination",
    "unsupported",
    /partitions/,
  ],
  [
    "invalidQuery",
    "UPDATE or DELETE statement over table d.t would affect rows in the streaming buffer, which is not supported",
    "unsupported",
    /streamed/,
  ],
  [
    "invalid",
    "Error while reading data, error message: JSON parsing error in row starting at position 0: No such field: x.",
    "bad-file",
    /file/,
  ],
  [
    "resourcesExceeded",
    "Resources exceeded during query execution: Too many DML statements outstanding against table p:d.t, limit is 20.",
    "conflict",
    /queue/,
  ],
  [
    "resourcesExceeded",
    "Resources exceeded during query execution: The query could not be executed in the allotted memory.",
    "resources",
    /memory/,
  ],
  [
    "bytesBilledLimitExceeded",
    "Query exceeded limit for bytes billed: 1. 10485760 or higher required.",
    "resources",
    /maximumBytesBilled/,
  ],
  ["billingTierLimitExceeded", "Query exceeded resource limits", "resources", /computation/],
  ["responseTooLarge", "Response too large to return.", "resources", /larger/],
  ["backendError", "Error encountered during execution. Retrying may solve the problem.", "transient", /again/],
  ["internalError", "An internal error occurred and the request could not be completed.", "transient", /again/],
  ["jobBackendError", "Job failed", "transient", /again/],
  ["stopped", "Job execution was cancelled: User requested cancellation", "cancelled", /again/],
  ["stopped", "Job execution was cancelled: Job timed out after 1s", "cancelled", /limit/],
  ["timeout", "Operation timed out after 6.0 hours.", "cancelled", /limit/],
  ["conditionNotMet", "Precondition check failed.", "conflict", /properties/],
  ["somethingNew", "We have no word for it", "other", /underneath/],
];
for (const [reason, message, kind, hint] of told) {
  it(`takes ${reason} (${message.slice(0, 50)}) for ${kind}`, () => {
    const found = explain(job(reason, message));
    expect(found).toMatchObject({ kind, outcome: "not-applied" });
    expect(found.hint).toMatch(hint);
    expect(found.native).toContain(reason);
  });
}

const apiError = (status: number, more: object = {}): Error =>
  Object.assign(new Error("Multiple errors occurred"), {
    code: status,
    errors: [],
    response: { statusCode: status, headers: {} },
    ...more,
  });

it("reads what the client throws: the service's first error, its status, and how long it wants to be left alone", () => {
  const e = apiError(403, {
    errors: [{ reason: "rateLimitExceeded", message: "Exceeded rate limits" }],
    response: { statusCode: 403, headers: { "retry-after": "2" } },
  });
  expect(nativeOf(e)).toEqual({
    reason: "rateLimitExceeded",
    status: 403,
    code: null,
    message: "Exceeded rate limits",
    sent: true,
    retryAfterMs: 2000,
  });
});

for (const [status, kind] of [
  [401, "denied"],
  [403, "denied"],
  [404, "missing-object"],
  [412, "conflict"],
  [429, "transient"],
  [500, "transient"],
  [502, "transient"],
  [400, "syntax"],
] as const) {
  it(`takes an answer of ${status} without a reason for ${kind}`, () => expect(classify(apiError(status)).kind).toBe(kind));
}

it("tells a connection that was lost from a login that failed, and from the local disk", () => {
  const coded = (code: string, name = "FetchError") => Object.assign(new Error(code), { code, name });
  expect(nativeOf(coded("ECONNRESET"))).toMatchObject({ sent: true });
  expect(nativeOf(coded("ECONNREFUSED"))).toMatchObject({ sent: false });
  expect(classify(coded("ECONNREFUSED")).kind).toBe("transient");
  expect(classify(coded("ENOSPC", "Error"))).toMatchObject({ kind: "resources", hint: expect.stringContaining("disk") });
});

it("tells how to install the client", () => {
  const e = Object.assign(new Error("Cannot find package '@google-cloud/bigquery'"), { code: "ERR_MODULE_NOT_FOUND" });
  expect(classify(e)).toMatchObject({ kind: "driver-missing", detail: "npm install @google-cloud/bigquery" });
});

it("explains whatever is thrown, and never throws itself", () => {
  expect(classify(fault("conflict", "m", "h"))).toMatchObject({ kind: "conflict", hint: "h" });
  expect(classify("text")).toMatchObject({ kind: "other", outcome: "unknown" });
  expect(classify(undefined).kind).toBe("other");
  expect(classify(new DOMException("x", "AbortError"))).toMatchObject({ kind: "cancelled", outcome: "not-applied" });
  expect(classify(new TypeError("our own mistake"))).toMatchObject({ kind: "other", outcome: "not-applied" });
  const hostile = new Error("x");
  Object.defineProperty(hostile, "code", { get: () => ({}) });
  expect(classify(hostile).kind).toBe("other");
});
