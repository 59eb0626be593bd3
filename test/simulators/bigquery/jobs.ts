import { randomBytes } from "node:crypto";
import type { Counter, LoggedJob } from "./counts.js";
import { type ChildResult, type CopyResult, type LoadResult, type Resource, SimError, type SimResult } from "./engine/types.js";
import { errors } from "./errors.js";
import { later } from "./faults.js";

export type JobKind = LoggedJob["kind"];

/** What a job came to. */
export type Outcome =
  | { readonly kind: "query"; readonly result: SimResult; readonly billed: number }
  | { readonly kind: "load"; readonly result: LoadResult; readonly inputFiles: number; readonly inputBytes: number }
  | { readonly kind: "copy"; readonly result: CopyResult };

/** A job and what became of it. */
export interface Job {
  readonly id: string;
  readonly project: string;
  readonly location: string;
  readonly user: string;
  readonly kind: JobKind;
  /** The query's text; empty for other jobs. */
  readonly sql: string;
  readonly configuration: Resource;
  readonly createdAt: number;
  /** Of the child of a script: the script's job, and what the child was. */
  readonly parent: { readonly id: string; readonly child: ChildResult } | null;
  readonly done: Promise<void>;
  /** Resolves as soon as it is known that the job will not end by itself soon. */
  readonly stalled: Promise<void>;
  state: "PENDING" | "RUNNING" | "DONE";
  startedAt: number;
  endedAt: number;
  error: SimError | null;
  outcome: Outcome | null;
  children: readonly Job[];
  deleted: boolean;
  /** What has not happened by now does not happen. False if it has ended. */
  cancel(reason: SimError): boolean;
}

export interface Asked {
  readonly id: string;
  readonly project: string;
  readonly location: string;
  readonly user: string;
  readonly kind: JobKind;
  readonly sql: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly configuration: Resource;
  /** Milliseconds from the job's creation; null: none. */
  readonly timeout: number | null;
}

export type Work = (signal: AbortSignal) => Promise<Outcome>;

/** What a fault does to a job on its way. */
export interface Twist {
  /** Waited for while the job is pending, while it runs, and when its effect has happened. */
  readonly pending?: () => Promise<void>;
  readonly running?: () => Promise<void>;
  readonly done?: () => Promise<void>;
  readonly hang?: boolean;
  readonly fails?: { readonly error: SimError; readonly effect: boolean };
}

export interface Jobs {
  /** Starts a job; an id that exists is refused with `duplicate`. */
  start(asked: Asked, work: Work, twist?: Twist): Job;
  /** By its full name. Without a location: those of the US and EU are found ("Specify locations"). */
  find(project: string, id: string, location: string | null): Job;
  newest(): readonly Job[];
  running(): readonly Job[];
}

/** How much is kept: jobs, and rows of their results. The service keeps both longer: six months and a day. */
const remembered = { jobs: 50_000, rows: 5_000_000 };

const isId = /^[A-Za-z0-9_-]{1,1024}$/;
const key = (project: string, location: string, id: string): string => `${project}:${location.toUpperCase()}.${id}`;
const nameless = ["US", "EU"];

export const newJobId = (): string => `job_${randomBytes(21).toString("base64url")}`;

export function jobs(o: { readonly now: () => number; readonly counter: Counter }): Jobs {
  const known = new Map<string, Job>();
  const logged = new Map<string, LoggedJob>();
  const running = new Set<Job>();
  let rows = 0;
  const forget = (): void => {
    for (const [name, old] of known) {
      if (known.size <= remembered.jobs && rows <= remembered.rows) return;
      if (old.state !== "DONE") continue;
      known.delete(name);
      logged.delete(name);
      rows -= weight(old);
    }
  };
  return {
    newest: () => [...known.values()].filter((j) => !j.deleted).reverse(),
    running: () => [...running],
    find: (project, id, location) => {
      const found = (location === null ? nameless : [location])
        .map((l) => known.get(key(project, l, id)))
        .find((j) => j !== undefined && !j.deleted);
      if (!found) throw errors.jobNotFound(project, id, location ?? undefined);
      return found;
    },
    start: (asked, work, twist = {}) => {
      const { id, project, location, kind, sql, labels, user } = asked;
      if (!isId.test(id)) throw errors.jobId(id);
      const name = key(project, location, id);
      const seen = logged.get(name);
      if (seen) seen.requests += 1;
      if (known.has(name)) throw errors.jobExists(project, id, location);
      forget();
      const log = o.counter.job({ id, kind, sql, labels, user, location });
      const { job, run } = makeJob(asked, o.now);
      known.set(name, job);
      logged.set(name, log);
      running.add(job);
      void run(work, twist).then((settle) => {
        job.children = childrenOf(job);
        for (const child of job.children) known.set(key(project, location, child.id), child);
        rows += weight(job);
        running.delete(job);
        o.counter.ended(log, ended(job));
        settle();
      });
      return job;
    },
  };
}

function makeJob(asked: Asked, now: () => number): { job: Job; run(work: Work, twist: Twist): Promise<() => void> } {
  const controller = new AbortController();
  const { signal } = controller;
  const over = later<void>();
  const stalled = later<void>();
  const { id, project, location, user, kind, sql, configuration } = asked;
  const job: Job = {
    ...{ id, project, location, user, kind, sql, configuration },
    createdAt: now(),
    parent: null,
    done: over.promise,
    stalled: stalled.promise,
    state: "PENDING",
    startedAt: 0,
    endedAt: 0,
    error: null,
    outcome: null,
    children: [],
    deleted: false,
    cancel: (reason) => {
      if (job.state === "DONE") return false;
      controller.abort(reason);
      return true;
    },
  };
  const wait = async (gate: (() => Promise<void>) | undefined, abortable: boolean): Promise<void> => {
    if (!gate) return;
    stalled.resolve();
    await (abortable ? orAbort(gate(), signal) : gate());
  };
  const act = async (work: Work, twist: Twist): Promise<Outcome> => {
    await wait(twist.pending, true);
    job.state = "RUNNING";
    job.startedAt = now();
    await wait(twist.running, true);
    if (twist.hang) await wait(() => new Promise(() => {}), true);
    if (twist.fails && !twist.fails.effect) throw twist.fails.error;
    const outcome = await work(signal);
    // what has happened has happened: the signal comes too late
    await wait(twist.done, false);
    if (twist.fails) throw twist.fails.error;
    return outcome;
  };
  const run = async (work: Work, twist: Twist): Promise<() => void> => {
    const { timeout } = asked;
    const stop = (): boolean => job.cancel(errors.timedOut(timeout ?? 0));
    const timer = timeout === null ? undefined : setTimeout(stop, Math.min(timeout, 2 ** 31 - 1));
    try {
      job.outcome = await act(work, twist);
    } catch (e) {
      job.error = failure(e, signal);
    }
    clearTimeout(timer);
    job.startedAt ||= now();
    job.endedAt = now();
    job.state = "DONE";
    return over.resolve;
  };
  return { job, run };
}

/** Whatever the engine throws when it is stopped, the reason is known here. */
function failure(e: unknown, signal: AbortSignal): SimError {
  if (e instanceof SimError && e.reason !== "stopped") return e;
  if (signal.aborted && signal.reason instanceof SimError) return withChildren(signal.reason, e);
  return e instanceof SimError ? e : errors.internal(e);
}

function withChildren(reason: SimError, e: unknown): SimError {
  if (e instanceof SimError && e.children) reason.children = e.children;
  return reason;
}

/** Waits, but not longer than until the signal. */
async function orAbort<T>(waiting: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const stop = later<void>();
  const listen = (): void => stop.resolve();
  signal.addEventListener("abort", listen);
  try {
    return await Promise.race([waiting, stop.promise.then((): never => signal.throwIfAborted() as never)]);
  } finally {
    signal.removeEventListener("abort", listen);
  }
}

/**
 * Users' histories show the jobs of a script's statements as `script_job_<hash>_<n>`; here they appear when the script has ended.
 */
function childrenOf(job: Job): Job[] {
  const result = job.outcome?.kind === "query" ? job.outcome.result : null;
  const children = result?.children ?? job.error?.children ?? [];
  const hash = randomBytes(16).toString("hex");
  return children.map((child, n) => ({
    ...job,
    id: `script_job_${hash}_${n}`,
    sql: child.sql,
    configuration: { jobType: "QUERY", query: { query: child.sql, useLegacySql: false, priority: "INTERACTIVE" } },
    parent: { id: job.id, child },
    error: child.error,
    outcome: child.result ? { kind: "query", result: child.result, billed: billed(child.result) } : null,
    children: [],
    cancel: () => false,
  }));
}

const mib = 1024 * 1024;

/**
 * "Pricing", on-demand: bytes are rounded up to a MB, at least 10 MB for each table that is referenced and for each query. [M] that nothing
 * is billed where nothing is processed. A script is billed for its statements.
 */
export function billed(result: SimResult): number {
  if (result.children) return result.children.reduce((sum, child) => sum + (child.result ? billed(child.result) : 0), 0);
  if (result.bytesProcessed === 0) return 0;
  const least = 10 * mib * Math.max(1, result.tables?.length ?? 1);
  return Math.max(least, Math.ceil(result.bytesProcessed / mib) * mib);
}

const weight = (job: Job): number => (job.outcome?.kind === "query" ? job.outcome.result.rows.length : 0);

function ended(job: Job): Parameters<Counter["ended"]>[1] {
  const { outcome, error } = job;
  const query = outcome?.kind === "query" ? outcome : null;
  const rows = query
    ? (query.result.affected ?? query.result.rows.length)
    : outcome?.kind === "load"
      ? outcome.result.outputRows
      : 0;
  return {
    outcome: error?.reason ?? "ok",
    statementType: query?.result.statementType ?? "",
    bytesProcessed: query?.result.bytesProcessed ?? 0,
    bytesBilled: query?.billed ?? 0,
    rows,
    milliseconds: job.endedAt - job.createdAt,
  };
}
