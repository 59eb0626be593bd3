import type { Endpoint } from "./calls.js";

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

export interface Struck {
  /** How often it struck. */
  readonly times: number;
  remove(): void;
}

export interface Held extends Struck {
  /** Resolves when a request or its job waits here. */
  readonly reached: Promise<Call>;
  release(): void;
}

export interface Faults {
  /** Strikes `times` times (default: once). Of several that fit, the first one added strikes. */
  add(when: When, fault: Fault, times?: number): Struck;
  /** One request, or the job that it starts, waits at the given point until released. Default: while the job runs. */
  hold(when: When, at?: At): Held;
  clear(): void;
}

/** A fault that has been chosen for a request; `reached` tells whoever holds it. */
export interface Strike {
  readonly fault: Fault;
  readonly at: At;
  reached(): void;
}

export interface FaultBook extends Faults {
  strike(call: Call): Strike | undefined;
}

interface Rule {
  readonly when: When;
  readonly fault: Fault;
  left: number;
  seen: number;
  struck: number;
  readonly reached?: (call: Call) => void;
}

export function faultBook(): FaultBook {
  const rules: Rule[] = [];
  const enter = (rule: Rule): Struck => {
    rules.push(rule);
    return {
      get times() {
        return rule.struck;
      },
      remove: () => {
        rule.left = 0;
      },
    };
  };
  return {
    add: (when, fault, times = 1) => enter({ when, fault, left: times, seen: 0, struck: 0 }),
    hold: (when, at = "running") => {
      const gate = later<void>();
      const reached = later<Call>();
      const rule: Rule = { when, fault: { at, hold: gate.promise }, left: 1, seen: 0, struck: 0, reached: reached.resolve };
      const { remove } = enter(rule);
      return {
        get times() {
          return rule.struck;
        },
        remove,
        reached: reached.promise,
        release: gate.resolve,
      };
    },
    clear: () => {
      rules.length = 0;
    },
    strike: (call) => {
      for (const rule of rules) {
        if (rule.left === 0 || !fits(rule.when, call)) continue;
        rule.seen += 1;
        if (rule.seen < (rule.when.nth ?? 1)) continue;
        rule.left -= 1;
        rule.struck += 1;
        return { fault: rule.fault, at: rule.fault.at ?? usually(rule.fault), reached: () => rule.reached?.(call) };
      }
      return undefined;
    },
  };
}

const usually = (fault: Fault): At => (fault.body !== undefined || fault.slow !== undefined ? "after" : "before");

/** A promise and its end, as Promise.withResolvers of newer runtimes. */
export function later<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((r) => {
    resolve = r;
  });
  return { promise, resolve };
}

const starting: readonly Endpoint[] = ["jobs.insert", "jobs.query", "upload"];

function fits(when: When, call: Call): boolean {
  const endpoints = when.endpoint === undefined ? starting : [when.endpoint].flat();
  if (!endpoints.includes(call.endpoint)) return false;
  if (call.dryRun !== (when.dryRun ?? false)) return false;
  if (when.kind !== undefined && when.kind !== call.kind) return false;
  if (when.user !== undefined && when.user !== call.user) return false;
  if (when.job !== undefined && !matches(when.job, call.jobId)) return false;
  if (when.table !== undefined && !matches(when.table, call.table)) return false;
  const { sql } = when;
  if (typeof sql === "function" ? !sql(call.sql) : sql !== undefined && !matches(sql, call.sql)) return false;
  return when.where?.(call) ?? true;
}

const matches = (wanted: string | RegExp, found: string): boolean =>
  typeof wanted === "string" ? found.includes(wanted) : wanted.test(found);
