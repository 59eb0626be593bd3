import { randomBytes } from "node:crypto";
import type { Counter, LoggedJob } from "./counts.js";
import type { SimResult } from "./engine/types.js";
import { errors } from "./errors.js";
import { type Asked, type Job, makeJob, type Twist, type Work } from "./job.js";

export interface Jobs {
  /** Starts a job; an id that exists is refused with `duplicate`. */
  start(asked: Asked, work: Work, twist?: Twist): Job;
  /** By its full name. Without a location: those of the US and EU are found ("Specify locations"). */
  find(project: string, id: string, location: string | null): Job;
  newest(): readonly Job[];
  running(): readonly Job[];
}

/** How much is kept: jobs, and rows of their results. The service keeps both longer: six months and a day. */
const remembered = { jobs: 20_000, rows: 5_000_000 };

const isId = /^[A-Za-z0-9_-]{1,1024}$/;
const key = (project: string, location: string, id: string): string => `${project}:${location.toUpperCase()}.${id}`;
const nameless = ["US", "EU"];

export const newJobId = (): string => `job_${randomBytes(21).toString("base64url")}`;

export function jobs(o: { readonly now: () => number; readonly counter: Counter; readonly closing: Promise<void> }): Jobs {
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
      const { job, run } = makeJob(asked, o.now, o.closing);
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
