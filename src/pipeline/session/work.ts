import pRetry from "p-retry";
import { met } from "../../adapter/interactive.js";
import type { AtomicBlock, BlockResult, Native, OpResult } from "../../adapter/operations.js";
import type { IoOptions, Session } from "../../adapter/session.js";
import type { TableRef, TableShape } from "../../adapter/shapes.js";
import type { Step } from "../../adapter/steps.js";
import { CutoverError, isCutoverError, located } from "../../errors/index.js";
import { type LedgerNames, ledgerNames } from "../../ledger/names.js";
import { compileBlock, compileStep, type Plan } from "../../plan/compile.js";
import type { Row, Sql } from "../../sql/sql.js";
import { type Context, closedError } from "../context.js";
import type { StageReport, Warning } from "../look/reports.js";
import type { Stage } from "../words.js";
import { explain } from "./faults.js";

/** What every call takes. */
export interface CallOptions {
  /**
   * Cancels the call: it ends with `CANCELLED`, and nothing is published. A commit that has begun is not cancelled; if its
   * answer is lost, the call ends as it really went, after 30 s at most.
   */
  readonly signal?: AbortSignal;
}
export interface StepResult {
  /** false: an expectation of the step failed; what ran before it in the step is kept. */
  readonly ok: boolean;
  /** The rows of the operation that returns some. */
  readonly rows: readonly Row[];
  readonly affected: number;
}
/** One operation at work: a session of its own, a signal, and what it reports. */
export interface Work {
  readonly ctx: Context;
  readonly session: Session<Native>;
  readonly names: LedgerNames;
  readonly signal: AbortSignal;
  readonly warnings: Warning[];
  readonly stages: StageReport[];
  /** What JavaScript checks threw: the cause of a refusal. */
  readonly thrown: unknown[];
  release: number | null;
  /** The warehouse's clock, in microseconds since 1970-01-01, once the lease has been taken; null before. */
  clock: (() => bigint) | null;
  /** Runs `body` as a stage: timed, told to observers, named in errors. */
  stage<R>(stage: Stage, body: () => Promise<R>): Promise<R>;
  /** Statements that each commit by themselves. */
  run(step: Step, table?: string): Promise<StepResult>;
  /** Repeats what other transactions conflict with, for so many milliseconds at most. */
  patiently<R>(timeoutMs: number, body: () => Promise<R>): Promise<R>;
  /**
   * One transaction; repeated while other transactions conflict with it, for `patienceMs` at most (default: the time limit).
   * @throws CutoverError `BUDGET`: it would read more than `maxBytes`.
   */
  block(plan: Plan, end: "commit" | "rollback", timeoutMs: number, patienceMs?: number): Promise<BlockResult>;
  /** What a block would read at most, in bytes; null: the engine cannot tell. Finding out may read `most` bytes. */
  estimate(block: AtomicBlock, most: number): Promise<number | null>;
  /** null: no such table. `columns`: no fingerprint, marker or version. */
  describe(ref: TableRef, what?: "columns" | "whole"): Promise<TableShape | null>;
  query(statement: Sql): Promise<readonly Row[]>;
  io(label: string): IoOptions;
  /** The same work with a signal that never fires: what must be put in order after an abort. */
  calm(): Work;
  /** Any error as a CutoverError that says where it happened. */
  explain(e: unknown): unknown;
  /** Any call of the session, counted, with its errors explained: `source` while rows are read, `commits` of a block. */
  call<R>(
    label: string,
    table: string | undefined,
    body: (o: IoOptions) => Promise<R>,
    source?: boolean,
    commits?: boolean,
  ): Promise<R>;
}

/** How often a block that met a conflict is tried again. */
const CONFLICTS = 25;

/**
 * Runs an operation on a session of its own. The session is closed instead of kept when the operation failed, since
 * nobody knows what state it is in.
 */
export function operate<R>(ctx: Context, stage: Stage, o: CallOptions | undefined, body: (w: Work) => Promise<R>): Promise<R> {
  return tracked(ctx, async () => {
    const { w, close } = await openWork(ctx, stage, o);
    let failure: unknown;
    try {
      return await body(w);
    } catch (e) {
      failure = w.explain(e);
      throw failure;
    } finally {
      await close(failure);
    }
  });
}

/** Work that `close` waits for; a closed pipeline begins none. */
export async function tracked<R>(ctx: Context, body: () => Promise<R>): Promise<R> {
  if (ctx.closing.signal.aborted) throw closedError(ctx.settings.pipeline);
  const work = body();
  ctx.running.add(work);
  try {
    return await work;
  } finally {
    ctx.running.delete(work);
  }
}

/** Runs `body` on the session that all heartbeats of a warehouse share; ended by `stop`, or by close. */
export function beatOn(ctx: Context, stop: AbortSignal, body: (w: Work) => Promise<void>): Promise<void> {
  const signal = AbortSignal.any([ctx.closing.signal, stop]);
  return ctx.pool.beat({ signal, tag: `cutover ${ctx.settings.pipeline} heartbeat` }, (session) =>
    body(makeWork(ctx, session, signal, "publish")),
  );
}

/** A session to work with, and the function that gives it back: for those whose work does not end with one call. */
export async function openWork(
  ctx: Context,
  stage: Stage,
  o?: CallOptions,
): Promise<{ readonly w: Work; readonly close: (failure?: unknown) => Promise<void> }> {
  const { pipeline } = ctx.settings;
  const signal = AbortSignal.any([ctx.closing.signal, ...(o?.signal === undefined ? [] : [o.signal])]);
  let session: Session<Native>;
  try {
    signal.throwIfAborted();
    session = await ctx.pool.take({ signal, tag: `cutover ${pipeline} open` });
  } catch (e) {
    throw explain(ctx.adapter, e, { stage, signal, where: { pipeline } });
  }
  let closed = false;
  const close = async (failure?: unknown): Promise<void> => {
    if (closed) return;
    closed = true;
    const broken =
      failure !== undefined && (!isCutoverError(failure) || failure.code === "ADAPTER" || failure.code === "CANCELLED");
    await ctx.pool.give(session, broken).catch((err: unknown) => ctx.log.warn({ err }, "a session did not close"));
  };
  return { w: makeWork(ctx, session, signal, stage), close };
}

function makeWork(ctx: Context, session: Session<Native>, signal: AbortSignal, first: Stage): Work {
  const { adapter, settings } = ctx;
  let current = first;
  let statements = 0;
  let bytes: number | null = null;
  const read = (more: number | undefined): void => {
    if (more !== undefined) bytes = (bytes ?? 0) + more;
  };
  const secret = Object.values(ctx.tables).some((t) => t.redact.length > 0);
  const io = (label: string): IoOptions => ({ signal, tag: `cutover ${settings.pipeline} ${label}` });
  const w: Work = {
    ctx,
    session,
    signal,
    names: ledgerNames(session.home, settings.ledgerSchema, settings.pipeline),
    warnings: [],
    stages: [],
    thrown: [],
    release: null,
    clock: null,
    io,
    async stage(stage, body) {
      const outer = current;
      const from = statements;
      const outside = bytes;
      bytes = null;
      const start = performance.now();
      current = stage;
      ctx.emit(w.release, { type: "stage.start", stage });
      const end = (failed?: unknown): void => {
        const ms = performance.now() - start;
        w.stages.push({ stage, ms: Math.round(ms), statements: statements - from, bytes });
        bytes = outside === null ? bytes : outside + (bytes ?? 0);
        const code = isCutoverError(failed) ? { code: failed.code } : {};
        ctx.emit(w.release, { type: "stage.end", stage, ms, ok: failed === undefined, ...code });
        current = outer;
      };
      try {
        const result = await body();
        end();
        return result;
      } catch (e) {
        const failure = w.explain(e);
        end(failure);
        throw failure;
      }
    },
    async call(label, table, body, source = false, commits = false) {
      const start = performance.now();
      statements += 1;
      let nativeId: string | undefined;
      try {
        signal.throwIfAborted();
        const result = await body(io(label));
        nativeId = nativeIdOf(result);
        return result;
      } catch (e) {
        const where = { pipeline: settings.pipeline, table, release: w.release ?? undefined };
        throw explain(adapter, e, { stage: current, signal, source, commits, where, secret });
      } finally {
        const named = nativeId === undefined ? {} : { nativeId };
        ctx.emit(w.release, { type: "statement", label, ms: performance.now() - start, ...named });
      }
    },
    async run(step, table) {
      let rows: readonly Row[] = [];
      let affected = 0;
      const results = new Map<string, OpResult>();
      for (const op of compileStep(adapter, step)) {
        const result = await w.call(step.kind, table, (o) => session.execute(op, o));
        read(result.bytes);
        if (!("native" in op) && op.returns !== undefined) rows = result.rows;
        affected += result.affected ?? 0;
        if (!("native" in op) && !met(op.expect, result, results)) return { ok: false, rows: result.rows, affected };
      }
      return { ok: true, rows, affected };
    },
    patiently(timeoutMs, body) {
      const start = performance.now();
      return pRetry(body, {
        retries: CONFLICTS,
        minTimeout: 2,
        maxTimeout: 250,
        factor: 1.6,
        randomize: true,
        shouldRetry: ({ error }) =>
          isCutoverError(error, "ADAPTER") &&
          error.context.kind === "conflict" &&
          !signal.aborted &&
          performance.now() - start < timeoutMs,
      });
    },
    async block(plan, end, timeoutMs, patienceMs = timeoutMs) {
      const start = performance.now();
      const left = (): number => timeoutMs - (performance.now() - start);
      const block = compileBlock(adapter, plan, end, timeoutMs);
      if (plan.ledger !== true) await withinBudget(w, block);
      statements += block.ops.length - 1;
      const attempt = (o: IoOptions) => session.atomic({ ...block, timeoutMs: Math.max(1, Math.floor(left())) }, o);
      const result = await w
        .patiently(patienceMs, () => w.call(plan.name, undefined, attempt, false, end === "commit"))
        .catch((e: unknown) => {
          if (isCutoverError(e, "ADAPTER") && e.context.kind === "cancelled" && !signal.aborted)
            throw tooLong(plan.name, timeoutMs, settings.pipeline, e);
          throw e;
        });
      read(result.bytes);
      return result;
    },
    async estimate(block, most) {
      const { estimate } = session;
      if (estimate === undefined) return null;
      return (await w.call("estimate", undefined, (o) => estimate.call(session, block, o, most))).bytes;
    },
    calm: () => makeWork(ctx, session, new AbortController().signal, current),
    explain(e) {
      const where = { pipeline: settings.pipeline, release: w.release ?? undefined };
      return located(explain(adapter, e, { stage: current, signal, where, secret }), where);
    },
    describe: (ref, what = "whole") => w.call("describe", ref.path.at(-1), (o) => session.describe(ref, o, what)),
    query: (sql) => w.call("query", undefined, async (o) => (await session.execute({ sql }, o)).rows),
  };
  return w;
}

/** The engine's name for a call; of a block that ran statement by statement, for the last of them. */
function nativeIdOf(result: unknown): string | undefined {
  if (typeof result !== "object" || result === null) return undefined;
  if ("nativeId" in result && typeof result.nativeId === "string") return result.nativeId;
  if (!("results" in result) || !(result.results instanceof Map)) return undefined;
  return [...result.results.values()].map(nativeIdOf).findLast((id) => id !== undefined);
}

/** Before anything is spent. */
async function withinBudget(w: Work, block: AtomicBlock): Promise<void> {
  const { maxBytes, pipeline } = w.ctx.settings;
  if (maxBytes === null) return;
  const bytes = await w.estimate(block, maxBytes);
  if (bytes === null || bytes <= maxBytes) return;
  const message = `${block.id} of ${pipeline} would read ${bytes} bytes, more than the ${maxBytes} that maxBytes allows; nothing was changed. Load fewer partitions at a time, or raise maxBytes`;
  throw new CutoverError("BUDGET", message, { bytes, maxBytes, pipeline, release: w.release ?? undefined });
}

function tooLong(name: string, timeoutMs: number, pipeline: string, cause: unknown): CutoverError<"PUBLISH_FAILED"> {
  const message = `${name} of ${pipeline} was ended after ${Math.round(timeoutMs / 1000)} s, the longest that the lease allows; nothing was changed. Raise lease.ttl`;
  return new CutoverError("PUBLISH_FAILED", message, { state: "before", pipeline }, { cause });
}

/** Another owner has taken the lease over. */
export function lostLease(w: Work, fence: bigint, cause?: unknown): CutoverError<"LEASE_LOST"> {
  const { pipeline } = w.ctx.settings;
  const message = `the lease of pipeline ${pipeline} was lost to another owner; nothing of this operation was published`;
  return new CutoverError("LEASE_LOST", message, { fence: Number(fence), pipeline, release: w.release ?? undefined }, { cause });
}
/** A refusal that has no better explanation. */
export function refused(what: string, pipeline: string): CutoverError<"PUBLISH_FAILED"> {
  return new CutoverError("PUBLISH_FAILED", `${what} was refused by the warehouse; nothing was changed`, {
    state: "before",
    pipeline,
  });
}
