import { later, orAbort } from "../shared/waiting.js";
import type { LoggedJob } from "./counts.js";
import { type ChildResult, type CopyResult, type LoadResult, type Resource, SimError, type SimResult } from "./engine/types.js";
import { errors } from "./errors.js";

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

/** A job that has not begun, and what runs it. `closing`: nobody waits for anything any more. */
export function makeJob(
  asked: Asked,
  now: () => number,
  closing: Promise<void>,
): { job: Job; run(work: Work, twist: Twist): Promise<() => void> } {
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
    await (abortable ? orAbort(gate(), signal) : Promise.race([gate(), closing]));
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
    if (twist.fails) {
      // What a script did before is told by its children all the same.
      if (outcome.result && "children" in outcome.result) twist.fails.error.children = outcome.result.children;
      throw twist.fails.error;
    }
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
