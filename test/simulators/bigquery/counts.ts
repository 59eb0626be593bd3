import { add, less, lessByName } from "../shared/counts.js";

/** One job as the service's history would show it; a request that meets an existing job is not a second job. */
export interface LoggedJob {
  /** Counts from 1. */
  readonly nth: number;
  readonly id: string;
  readonly kind: "query" | "load" | "copy" | "extract";
  /** The query's text; empty for other jobs. */
  readonly sql: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly user: string;
  readonly location: string;
  /** Requests that asked to start a job of this id. */
  requests: number;
  /** Empty until it ends, then "ok" or the reason of its error. */
  outcome: string;
  /** SELECT, MERGE, SCRIPT …; empty until it ends, and for other jobs than queries. */
  statementType: string;
  bytesProcessed: number;
  bytesBilled: number;
  /** Rows of the result, or changed, or loaded. */
  rows: number;
  milliseconds: number;
}

export interface Tally {
  readonly requests: number;
  /** By endpoint: jobs.insert, results, upload, tables.get … */
  readonly endpoints: Readonly<Record<string, number>>;
  /** Jobs that began; requests that met an existing one, dry runs and the children of scripts are left out. */
  readonly jobs: number;
  /** By kind: query, load, copy. */
  readonly kinds: Readonly<Record<string, number>>;
  readonly dryRuns: number;
  /** Bodies on the wire: `uploaded` is the part of `up` that were files. `processed` and `billed` are those of queries that have ended. */
  readonly bytes: {
    readonly up: number;
    readonly down: number;
    readonly uploaded: number;
    readonly processed: number;
    readonly billed: number;
  };
}

export interface Counts extends Tally {
  /** Every job in the order in which they came. */
  readonly log: readonly LoggedJob[];
  mark(): Mark;
  /** What was counted after the mark. */
  since(mark: Mark): Tally & { readonly log: readonly LoggedJob[] };
}

export interface Mark {
  readonly tally: Tally;
  readonly at: number;
}

/** How a job ended. */
export interface Ended {
  readonly outcome: string;
  readonly statementType: string;
  readonly bytesProcessed: number;
  readonly bytesBilled: number;
  readonly rows: number;
  readonly milliseconds: number;
}

type Begun = Pick<LoggedJob, "id" | "kind" | "sql" | "labels" | "user" | "location">;

export interface Counter extends Counts {
  request(endpoint: string): void;
  received(bytes: number): void;
  answered(bytes: number): void;
  /** Bytes of files that came with a load job. */
  uploaded(bytes: number): void;
  dryRun(): void;
  job(begun: Begun): LoggedJob;
  ended(job: LoggedJob, how: Ended): void;
}

export function counter(): Counter {
  const endpoints: Record<string, number> = {};
  const kinds: Record<string, number> = {};
  const log: LoggedJob[] = [];
  const bytes = { up: 0, down: 0, uploaded: 0, processed: 0, billed: 0 };
  const total = { requests: 0, dryRuns: 0 };
  const tally = (): Tally => ({
    ...total,
    endpoints: { ...endpoints },
    jobs: log.length,
    kinds: { ...kinds },
    bytes: { ...bytes },
  });
  return {
    get requests() {
      return total.requests;
    },
    get dryRuns() {
      return total.dryRuns;
    },
    get jobs() {
      return log.length;
    },
    endpoints,
    kinds,
    bytes,
    log,
    mark: () => ({ tally: tally(), at: log.length }),
    since: (mark) => ({ ...subtract(tally(), mark.tally), log: log.slice(mark.at) }),
    request: (endpoint) => {
      total.requests += 1;
      add(endpoints, endpoint);
    },
    received: (size) => {
      bytes.up += size;
    },
    answered: (size) => {
      bytes.down += size;
    },
    uploaded: (size) => {
      bytes.up += size;
      bytes.uploaded += size;
    },
    dryRun: () => {
      total.dryRuns += 1;
    },
    job: (begun) => {
      const rest = { outcome: "", statementType: "", bytesProcessed: 0, bytesBilled: 0, rows: 0, milliseconds: 0 };
      const logged: LoggedJob = { ...begun, nth: log.length + 1, requests: 1, ...rest };
      log.push(logged);
      add(kinds, begun.kind);
      return logged;
    },
    ended: (job, how) => {
      Object.assign(job, how);
      bytes.processed += how.bytesProcessed;
      bytes.billed += how.bytesBilled;
    },
  };
}

function subtract({ endpoints, kinds, bytes, ...totals }: Tally, then: Tally): Tally {
  return {
    ...less(totals, then),
    endpoints: lessByName(endpoints, then.endpoints),
    kinds: lessByName(kinds, then.kinds),
    bytes: less(bytes, then.bytes),
  };
}
