import * as shared from "../shared/faults.js";
import { matches } from "../shared/faults.js";
import type { Endpoint } from "./calls.js";

export type { Struck } from "../shared/faults.js";

/** A request as a fault's condition sees it. */
export interface Call {
  readonly endpoint: Endpoint;
  readonly user: string;
  /** The job that the request starts or asks for; empty: none, or the service makes its id. */
  readonly jobId: string;
  /** The text of that job's query; empty elsewhere. */
  readonly sql: string;
  /** That job's kind; empty elsewhere. */
  readonly kind: "query" | "load" | "copy" | "extract" | "";
  readonly dryRun: boolean;
  /** `dataset.table` of the address, or `dataset`; for load and copy jobs the table that they write. */
  readonly table: string;
}

/** Which requests a fault strikes. Everything given must fit. Without `endpoint`: those that start a job. */
export interface When {
  readonly endpoint?: Endpoint | readonly Endpoint[];
  readonly sql?: string | RegExp | ((sql: string) => boolean);
  /** The job's id, or a part of it. */
  readonly job?: string | RegExp;
  readonly kind?: Call["kind"];
  readonly user?: string;
  readonly table?: string | RegExp;
  /** Dry runs. Default: they do not fit. */
  readonly dryRun?: boolean;
  /** Only from the n-th fitting request on, counted from 1. */
  readonly nth?: number;
  readonly where?: (call: Call) => boolean;
}

/**
 * When it strikes: before the request has an effect; while the job that it starts is pending, or is running (and has done nothing yet);
 * when that job's effect has happened but the job is not done; or after the effect of the request.
 */
export type At = "before" | "pending" | "running" | "done" | "after";

/** What happens. `drop`, `status` and `body` concern the request's answer, `job` and `hang` the job that it starts. */
export interface Fault {
  readonly at?: At;
  /** Milliseconds. */
  readonly delay?: number;
  /** Waits until this resolves. */
  readonly hold?: Promise<void>;
  /** The connection is closed without an answer. Where it strikes within the job: at once, and the job goes on. */
  readonly drop?: true;
  /** For uploads: the connection is closed when so many bytes of the file have come. */
  readonly uploaded?: number;
  /** An HTTP status; with the service's error body where it has a reason, which 429, 500 and 503 have by themselves. */
  readonly status?: number;
  readonly reason?: string;
  readonly message?: string;
  /** Seconds. */
  readonly retryAfter?: number;
  /** "malformed": 200, but no JSON. "truncated": the connection closes in the middle of the body. */
  readonly body?: "malformed" | "truncated";
  /** The body comes in pieces with so many milliseconds between them. */
  readonly slow?: number;
  /** The job ends as a failure with this reason (backendError …), with or without its effect (default: without). */
  readonly job?: { readonly reason: string; readonly message?: string; readonly effect?: boolean };
  /** The job does nothing until it is cancelled or its time is over. */
  readonly hang?: true;
}

export type Held = shared.Held<Call>;
export type Faults = shared.Faults<When, Fault, Call, At>;

/** A fault that has been chosen for a request. */
export interface Strike extends shared.Strike<Fault> {
  readonly at: At;
}

export interface FaultBook extends Faults {
  strike(call: Call): Strike | undefined;
}

export function faultBook(): FaultBook {
  const { strike, ...faults } = shared.faultBook<When, Fault, Call, At>(fits, (at, hold) => ({ at, hold }));
  return {
    ...faults,
    strike: (call) => {
      const chosen = strike(call);
      return chosen && { ...chosen, at: chosen.fault.at ?? usually(chosen.fault) };
    },
  };
}

const usually = (fault: Fault): At => (fault.body !== undefined || fault.slow !== undefined ? "after" : "before");

const starting: readonly Endpoint[] = ["jobs.insert", "jobs.query", "upload"];

function fits(when: When, call: Call): boolean {
  const endpoints = when.endpoint === undefined ? starting : [when.endpoint].flat();
  if (!endpoints.includes(call.endpoint)) return false;
  if (call.dryRun !== (when.dryRun ?? false)) return false;
  if (when.kind !== undefined && when.kind !== call.kind) return false;
  if (when.user !== undefined && when.user !== call.user) return false;
  if (!matches(when.job, call.jobId) || !matches(when.table, call.table) || !matches(when.sql, call.sql)) return false;
  return when.where?.(call) ?? true;
}
