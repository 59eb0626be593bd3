import type { Row } from "../sql/sql.js";
import { renamed, type Table, type Tables } from "../table/define.js";
import { type Candidate, clone, rebuild } from "./candidate/candidate.js";
import { type Config, configError } from "./config.js";
import { type Context, closedError, makeContext } from "./context.js";
import { leased } from "./lease/lease.js";
import type { AnyFeed, Feed, KeysWithCursor } from "./load/feed.js";
import { setWatermark } from "./load/set-watermark.js";
import { type AdoptOptions, adopt } from "./look/adopt.js";
import { type DiffOptions, diff } from "./look/diff.js";
import { history } from "./look/history.js";
import { audit, checkLive, status } from "./look/look.js";
import { type PlanOptions, plan } from "./look/plans.js";
import type {
  AuditReport,
  PlanText,
  RecoveryReport,
  ReleaseSummary,
  RollbackReport,
  RowChange,
  RunReport,
  Status,
  Validation,
} from "./look/reports.js";
import { type QuarantinedRow, quarantined } from "./quarantine/quarantined.js";
import { type Mend, type RedriveOptions, type RedriveReport, redrive } from "./quarantine/redrive.js";
import { type PruneOptions, type PruneReport, prune } from "./recovery/prune.js";
import { recover } from "./recovery/recover.js";
import { discard } from "./release/pending.js";
import { begin, type Release } from "./release/release.js";
import { resume } from "./release/resume.js";
import { run } from "./release/run.js";
import { checkReason, type RunOptions } from "./release/run-options.js";
import { type RollbackOptions, redo, rollback } from "./rollback/rollback.js";
import { dropOwn, makeSandbox, type SandboxOptions } from "./sandbox/sandbox.js";
import type { CallOptions } from "./session/work.js";

type Out<T> = T extends Table<infer _I, infer O, infer _C> ? O : never;
type Cur<T> = T extends Table<infer _I, infer _O, infer C> ? C : never;

/** A named set of tables published together. */
export interface Pipeline<T extends Tables = Tables> extends AsyncDisposable {
  readonly name: string;
  readonly tables: T;
  /**
   * load → validate → publish in one call, from the last watermark, safe to repeat. Resolves as published, already
   * published, or nothing to do.
   * @throws CutoverError `CHECKS_FAILED`, `BAD_ROW`, `BAD_SOURCE`, `SOURCE`, `HELD`, `LEASE_HELD`, `LEASE_LOST`, `CLAIMED`, `NOT_ADOPTED`, `CANCELLED`, `PUBLISH_FAILED`.
   */
  run(feed: Feed<T>, o?: RunOptions): Promise<RunReport<T>>;
  /** A release in place, by steps. */
  begin(o?: CallOptions): Promise<Release<T>>;
  /** A candidate that begins as a copy of live (zero-copy where the engine can). Default: all tables of the pipeline. */
  clone<K extends keyof T = keyof T>(o?: CallOptions & { readonly tables?: readonly K[] }): Promise<Candidate<Pick<T, K>>>;
  /** A candidate that begins empty; its tables may be new. Default: all tables of the pipeline. */
  rebuild<K extends keyof T = keyof T>(o?: CallOptions & { readonly tables?: readonly K[] }): Promise<Candidate<Pick<T, K>>>;
  /**
   * An open release, by its number: one that this process has open, or one that was put on hold (`Release.hold`), by whatever
   * process. Narrow it by `strategy`.
   * @throws CutoverError `NOT_FOUND`, `NOT_OPEN`, `NOT_HELD`, `LEASE_HELD`.
   */
  resume(release: number, o?: CallOptions): Promise<(Release<T> & { readonly strategy: "in-place" }) | Candidate<T>>;
  /** Goes back to a kept release: rows, schema, watermark. Leaves the pipeline on hold. @throws CutoverError `DRIFTED`, `RETENTION_PASSED`, `NOT_FOUND`, `PUBLISH_FAILED`, `ROLLBACK_FAILED`. */
  rollback(o?: RollbackOptions): Promise<RollbackReport>;
  /** The releases of the last rollback, again; lifts its hold. @throws CutoverError `NOTHING_TO_REDO`, `DRIFTED`, `PUBLISH_FAILED`, `ROLLBACK_FAILED`. */
  redo(o?: CallOptions): Promise<RollbackReport>;
  /** While on hold, run and publish are refused (`HELD`). `reason` is kept in the journal. @throws CutoverError `LEASE_LOST`. */
  hold(reason: string, o?: CallOptions): Promise<void>;
  /** Lifts a hold: run and publish are allowed again. @throws CutoverError `LEASE_LOST`. */
  unhold(o?: CallOptions): Promise<void>;
  /** The statements of a release or rollback, none of them run. */
  plan(o: PlanOptions): Promise<PlanText>;
  /** Where the pipeline stands: what is live, what is open, who works. Takes no lease. */
  status(o?: CallOptions): Promise<Status<T>>;
  /** Releases, from the one that was settled last on, page by page as you read: memory stays bounded. At most `limit` of them. */
  history(o?: CallOptions & { readonly limit?: number }): AsyncIterable<ReleaseSummary>;
  /** The rows by which two kept releases differ. */
  diff<K extends keyof T & string>(table: K, o: DiffOptions): AsyncIterable<RowChange<Out<T[K]>>>;
  /** Recorded against found, by a full scan. */
  audit(o?: CallOptions): Promise<AuditReport>;
  /** The checks of each table against live, now. */
  check(o?: CallOptions & { readonly tables?: readonly (keyof T & string)[] }): Promise<Validation>;
  /** A baseline of existing tables; loads nothing. */
  adopt(o?: CallOptions & { readonly watermarks?: { readonly [K in KeysWithCursor<T>]?: Cur<T[K]> } }): Promise<AuditReport>;
  /** Rows that did not fit (`onInvalid: "quarantine"`) and wait to be loaded again or dismissed, in the order in which they came. */
  quarantined(table: keyof T & string, o?: CallOptions): AsyncIterable<QuarantinedRow>;
  /**
   * Loads the rows that wait in quarantine again, as `mend` returns them; without it as they are, for where the table was mended
   * instead. What fits now is published as a release of its own, by key, and leaves quarantine with it; what does not stays. The
   * watermark does not move.
   * @throws CutoverError `UNSUPPORTED` in mode replace, and without a key; `SOURCE` where `mend` throws; else as {@link Pipeline.run}.
   */
  redrive(table: keyof T & string, mend?: Mend, o?: RedriveOptions): Promise<RedriveReport<T>>;
  /**
   * Says where the next run reads a table on; `null`: from the start. It publishes nothing. Going back over the release that
   * loaded the table last takes it back, and a redo brings it again; a candidate made before is stale.
   * @throws CutoverError `CONFIG`, `NOT_FOUND` where no release has loaded the table yet.
   */
  setWatermark<K extends KeysWithCursor<T> & string>(table: K, to: Cur<T[K]> | null, o?: CallOptions): Promise<void>;
  /**
   * Gives up what a rollback took back of sources that cannot rewind (`status().pending`), and lifts its hold: the next release
   * goes on from where those were read. What was rolled back with it can no longer be redone. Without any, nothing happens.
   */
  discard(o?: CallOptions): Promise<void>;
  /** Settles what an interrupted owner left; runs by itself at the start of each release. */
  recover(o?: CallOptions): Promise<RecoveryReport>;
  /**
   * Removes what no kept release needs: releases that nobody continues, tables that belong to nothing, images beyond the
   * retention, and all of the journal but what is kept and a snapshot. `dryRun` only tells what that would be.
   * @throws CutoverError `LEASE_HELD`, `LEASE_LOST`, `CONFIG`.
   */
  prune(o?: PruneOptions): Promise<PruneReport>;
  /**
   * Every table cloned into a schema of its own, and a pipeline that works there: to try what is not to be tried on live. Holds
   * the lease while it clones. Nothing of live changes; the journal tells that the sandbox is there, and whoever comes when its
   * time is over drops it.
   * @throws CutoverError `CONFIG` (there is such a schema already), `UNSUPPORTED`, `LEASE_HELD`, `LEASE_LOST`, `CANCELLED`.
   */
  sandbox(o: SandboxOptions): Promise<Sandbox<T>>;
  /** Aborts what runs, waits for it, closes only what it opened. */
  close(): Promise<void>;
}

/**
 * A pipeline on clones, with a ledger of its own. `await using` drops it at the end; `close()` only closes it, and its tables stay
 * until it expires.
 */
export interface Sandbox<T extends Tables = Tables> extends Pipeline<T> {
  /** Where its tables stand, under their own names, and its ledger. `tables` holds the names in full. */
  readonly schema: string;
  /** When it will be dropped, by the warehouse's clock (ISO text). */
  readonly expires: string;
  /** Ends what runs in it, and drops the schema with all that is in it. Again: nothing. */
  drop(o?: CallOptions): Promise<void>;
}

/**
 * Makes a pipeline. Synchronous: checks the configuration; connects at the first call.
 * @throws CutoverError `CONFIG` with every mistake, by path.
 */
export function cutover<const T extends Tables>(config: Config<T>): Pipeline<T> {
  const ctx = makeContext(config);
  return makePipeline(ctx, config.tables) as unknown as Pipeline<T>;
}

function makePipeline(ctx: Context, tables: Tables): Pipeline {
  const leave = ctx.pool.join();
  const hold = async (reason: string, o?: CallOptions): Promise<void> => {
    checkReason(reason);
    await leased(ctx, "rollback", o, 0, (_w, held) => held.last("held", held.state.live, { reason }));
  };
  const unhold = (o?: CallOptions): Promise<void> =>
    leased(ctx, "rollback", o, 0, (_w, held) => held.last("unheld", held.state.live, {}));
  const close = async (): Promise<void> => {
    if (!ctx.closing.signal.aborted) ctx.closing.abort(closedError(ctx.settings.pipeline));
    await Promise.allSettled([...ctx.running]);
    await leave();
  };
  return {
    name: ctx.settings.pipeline,
    tables,
    run: (feed, o) => run(ctx, feed as AnyFeed, o),
    begin: (o) => begin(ctx, o),
    clone: async (o) => clone(ctx, named(o)) as Promise<never>,
    rebuild: async (o) => rebuild(ctx, named(o)) as Promise<never>,
    resume: (release, o) => resume(ctx, release, o) as Promise<never>,
    rollback: (o) => rollback(ctx, o),
    redo: (o) => redo(ctx, o),
    hold,
    unhold,
    plan: (o) => plan(ctx, o),
    status: (o) => status(ctx, o),
    history: (o) => history(ctx, o),
    diff: (table, o) => diff(ctx, table, o) as AsyncGenerator<RowChange<Row> & RowChange<never>>,
    audit: (o) => audit(ctx, o),
    check: (o) => checkLive(ctx, o),
    adopt: (o) => adopt(ctx, o as AdoptOptions | undefined),
    quarantined: (table, o) => quarantined(ctx, table, o),
    redrive: (table, mend, o) => redrive(ctx, table, mend, o),
    setWatermark: (table, to, o) => setWatermark(ctx, table, to, o),
    discard: (o) => discard(ctx, o),
    recover: (o) => recover(ctx, o),
    prune: (o) => prune(ctx, o),
    sandbox: (o) => sandbox(ctx, tables, o) as Promise<never>,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function sandbox(ctx: Context, tables: Tables, o: SandboxOptions): Promise<Sandbox> {
  const made = await makeSandbox(ctx, o);
  const moved = Object.entries(tables).map(([alias, t]) => [alias, renamed(t, made.paths[alias] ?? t.name)]);
  const inner = makePipeline(made.ctx, Object.fromEntries(moved) as Tables);
  const drop = async (o?: CallOptions): Promise<void> => {
    await inner.close();
    await dropOwn(ctx, made, o);
  };
  return { ...inner, schema: made.schema, expires: made.expires, drop, [Symbol.asyncDispose]: () => drop() };
}
const named = (
  o: (CallOptions & { readonly tables?: readonly PropertyKey[] }) | undefined,
): CallOptions & { readonly tables?: readonly string[] } => {
  const { tables, ...rest } = o ?? {};
  if (tables !== undefined && !Array.isArray(tables))
    throw configError([{ path: "tables", message: 'expected aliases of tables, such as ["orders"]' }]);
  return tables === undefined ? rest : { ...rest, tables: tables.map(String) };
};
