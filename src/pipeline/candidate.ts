import { stored, type TableRef, type TableShape } from "../adapter/shapes.js";
import { factsOf } from "../check/planned.js";
import { CutoverError, isCutoverError } from "../errors/index.js";
import { besideLive } from "../ledger/names.js";
import { applied, planApply } from "../plan/apply.js";
import { planText } from "../plan/compile.js";
import { planRehearsal, planSwap, type TableSwap } from "../plan/swap.js";
import type { Source, SourceTotals } from "../source/source.js";
import { ident, type Sql } from "../sql/sql.js";
import type { Tables } from "../table/define.js";
import { findColumn } from "../table/resolve.js";
import { laterText } from "../table/watermark.js";
import { type Context, thisProcess } from "./context.js";
import { type AnyFeed, openFeed } from "./feed.js";
import { jsRunner } from "./js-checks.js";
import { type Held } from "./lease.js";
import { stageTable } from "./load.js";
import { imageTable, type Outcome, outcome, type PublishOptions, refusal, releaseFacts, sampleContext, validation } from "./publish.js";
import { graceFrom } from "./recover.js";
import { asPlanText, dispose, type Release } from "./release.js";
import { noCounts } from "./report.js";
import type { LoadReport, RunReport, TableCounts, Validation } from "./reports.js";
import { alreadyPublished, published, refuseHeld, type RunOptions, settling } from "./run.js";
import { opened, step, type Steps } from "./steps.js";
import { claimTables, declaredShapes, findTables, type Found, hashOf, requireBaseline } from "./tables.js";
import type { CallOptions, Work } from "./work.js";

/** A whole table prepared apart from live, that then changes places with it. */
export interface Candidate<T extends Tables = Tables> extends Release<T> {
  readonly strategy: "swap";
  /** The candidate's tables, for `transform`. */
  readonly refs: { readonly [K in keyof T]: Sql };
  /** SQL of yours on the candidate; also DDL: a column more, another order, an index. */
  transform(statement: Sql, o?: CallOptions): Promise<{ readonly affected: number }>;
  /** What `publish` of a candidate does. */
  swap(o?: CallOptions): Promise<RunReport<T>>;
}
export interface CandidateOptions extends CallOptions {
  readonly tables?: readonly string[];
}

/** What a candidate has come to: kept in this process; the journal knows that it is open. */
interface Progress extends Steps {
  readonly found: Found;
  readonly ref: TableRef;
  readonly fromStart: boolean;
  readonly clonedFrom: number;
  counts: TableCounts;
  staged: number;
  watermark: string | null;
  raw: TableRef | null;
  totals: SourceTotals | null;
}

export function clone(ctx: Context, o: CandidateOptions = {}): Promise<Candidate> {
  return openCandidate(ctx, o, "live");
}
export function rebuild(ctx: Context, o: CandidateOptions = {}): Promise<Candidate> {
  return openCandidate(ctx, o, "start");
}

function oneTable(ctx: Context, tables: readonly string[] | undefined): string {
  const aliases = tables ?? Object.keys(ctx.tables);
  const { pipeline } = ctx.settings;
  if (aliases.length === 1 && aliases[0] !== undefined) return aliases[0];
  const message = `a candidate holds one table, not ${aliases.length}: name it, as in clone({ tables: [${JSON.stringify(aliases[0] ?? "orders")}] }), or publish several tables in place`;
  throw new CutoverError("UNSUPPORTED", message, { capability: "candidates of several tables", alternative: "one candidate for each table, or a release in place", pipeline });
}

/** `if-new`: built anew only where there is nothing to clone. */
type From = "live" | "start" | "if-new";

async function openCandidate(ctx: Context, o: CandidateOptions, from: From): Promise<Candidate> {
  const alias = oneTable(ctx, o.tables);
  const progress = await openProgress(ctx, alias, o, from, undefined);
  if ("status" in progress) throw new Error("only a run has an idempotency key");
  return makeHandle(ctx, alias, progress);
}

function refuseEngine(ctx: Context, alias: string, from: From): void {
  const { capabilities, name } = ctx.adapter;
  const where = { pipeline: ctx.settings.pipeline, table: alias };
  const refuse = (capability: string, alternative: string): never => {
    throw new CutoverError("UNSUPPORTED", `${name} has no ${capability}; use ${alternative}`, { capability, alternative, ...where });
  };
  if (capabilities.swap === "none") refuse("swap", "a release in place");
  if (capabilities.clone === "none" && from !== "start") refuse("clone", "rebuild()");
  if (!capabilities.transactionalDdl) refuse("transactional DDL", "a release in place");
}

async function openProgress(ctx: Context, alias: string, o: CandidateOptions, from: From, key: string | undefined): Promise<Progress | RunReport> {
  refuseEngine(ctx, alias, from);
  return opened(ctx, "clone", o, async (w, held, release): Promise<Progress | RunReport> => {
    if (from === "if-new") refuseHeld(w, held);
    const done = await alreadyPublished(w, held, key);
    if (done !== null) return done;
    const found = (await findTables(w, held.state, [alias]))[0] as Found;
    const fromStart = from === "start" || (from === "if-new" && found.live === null);
    if (found.live === null && !fromStart) {
      held.giveBack();
      const message = `table ${alias} does not exist, so there is nothing to clone; use rebuild(), or run() once`;
      throw new CutoverError("NOT_FOUND", message, { what: "table", name: alias, table: alias });
    }
    await claimTables(w, held, [found]);
    await requireBaseline(w, [found]);
    const ref = besideLive(found.ref.path, "candidate", release);
    const clonedFrom = held.state.live;
    await held.append("opened", release, {
      release, strategy: "swap", state: "open", at: held.now, process: thisProcess, clonedFrom, tables: [alias],
      candidates: { [found.id]: [...ref.path] }, until: graceFrom(held.now),
    });
    await w.stage("clone", () => makeCandidate(w, held, found, ref, fromStart));
    return {
      id: release, state: "open", found, ref, fromStart, clonedFrom, counts: noCounts, staged: 0, raw: null, totals: null,
      watermark: fromStart ? null : (found.state?.watermark ?? null),
    };
  });
}

async function makeCandidate(w: Work, held: Held, found: Found, ref: TableRef, empty: boolean): Promise<void> {
  const { live, definition, alias } = found;
  await w.run({ kind: "drop", ref }, alias);
  if (live !== null) {
    const plan = { name: "clone", atomic: true, steps: [{ id: `${alias}.clone`, step: { kind: "clone" as const, from: live, to: ref, depth: 0, empty } }] };
    if (w.ctx.adapter.capabilities.transactionalDdl) await held.during((limit) => w.block(plan, "commit", limit));
    else for (const s of plan.steps) await w.run(s.step, alias);
    return;
  }
  if (definition.columns === null) throw new CutoverError("NOT_FOUND", `table ${alias} does not exist and declares no columns, so it cannot be built`, { what: "table", name: alias, table: alias });
  await w.run({ kind: "create", ref, columns: declaredShapes(w.ctx, definition.columns, definition), ifNotExists: false }, alias);
}

function makeHandle(ctx: Context, alias: string, p: Progress): Candidate {
  const settle = (event: "rejected" | "abandoned", reason: string, o?: CallOptions): Promise<void> =>
    step(ctx, p, "clone", o, async (w, held) => {
      await held.append(event, p.id, { strategy: "swap", reason });
      p.state = event;
      await w.run({ kind: "drop", ref: p.ref }, alias);
      for (const part of [0, 1, 2]) await w.run({ kind: "drop", ref: w.names.delta(p.found.id, p.id, part) }, alias);
    });
  const swap = (o?: CallOptions): Promise<RunReport> =>
    settling(ctx, o ?? {}, (seen) =>
      step(ctx, p, "swap", o, async (w, held) => {
        seen(p.id);
        return swapNow(w, held, p, {});
      }),
    );
  return {
    strategy: "swap",
    id: p.id,
    get state() {
      return p.state;
    },
    refs: { [alias]: ident(p.ref.path) },
    load: (feed, o) =>
      step(ctx, p, "load", o, async (w, held) => {
        const report = await w.stage("load", () => loadCandidate(w, held, feed as AnyFeed, p));
        await held.append("loaded", p.id, { until: graceFrom(held.now) });
        p.state = "loaded";
        return report;
      }),
    transform: (statement, o) =>
      step(ctx, p, "load", o, async (w, held) => {
        const { affected } = await w.call("transform", alias, (io) => w.session.execute({ sql: statement }, io));
        await held.append("loaded", p.id, { until: graceFrom(held.now) });
        p.state = "loaded";
        return { affected: affected ?? 0 };
      }),
    validate: (o) =>
      step(ctx, p, "validate", o, async (w, held) => {
        const v = await w.stage("validate", () => rehearse(w, held, p));
        await held.append("validated", p.id, { ok: v.ok, until: graceFrom(held.now) });
        if (v.ok) p.state = "validated";
        return v;
      }),
    publish: swap,
    swap,
    reject: (reason = "rejected", o) => settle("rejected", reason, o),
    plan: (o) =>
      step(ctx, p, "swap", o, async (w, held) => {
        const { plan } = planSwap(await tableSwap(w, held, p), releaseFacts(w, held, p.id, {}), jsRunner(w));
        return asPlanText(planText(ctx.adapter, [plan]));
      }),
    [Symbol.asyncDispose]: () => dispose(ctx, p, () => settle("abandoned", "disposed")),
  };
}

/** Loads into the candidate at once; the images that this makes are only there to count, and go again. */
async function loadCandidate(w: Work, held: Held, feed: AnyFeed, p: Progress): Promise<LoadReport> {
  const { found } = p;
  const sources = await openFeed(w, feed, held.state, p.id, p.fromStart);
  const other = sources.find(([alias]) => alias !== found.alias);
  if (other !== undefined) throw new CutoverError("NOT_FOUND", `this candidate has the table ${found.alias}, not ${other[0]}`, { what: "table", name: other[0] });
  const source = sources[0]?.[1] as Source | undefined;
  const candidate = (await w.describe(p.ref)) as TableShape;
  const target: Found = { ...found, live: candidate, state: p.fromStart ? null : found.state };
  const staged = source === undefined ? null : await stageTable(w, target, source, p.id, null);
  if (staged === null) return { release: p.id, staged: { [found.alias]: { rows: 0, quarantined: 0 } }, warnings: w.warnings };
  const scratch = w.names.scratch(found.id, p.id);
  await w.run({ kind: "drop", ref: scratch }, found.alias);
  await w.run({ kind: "create", ref: scratch, columns: imageTable(w, candidate.columns), ifNotExists: false }, found.alias);
  const exact = (n: string): string => findColumn(candidate.columns, n, w.ctx.adapter.capabilities.identifiers.caseSensitive)?.name ?? n;
  const { mode, cursor } = found.definition;
  const plan = planApply({
    alias: found.alias, candidate, delta: staged.delta, given: staged.given, rows: staged.rows, scratch, scope: staged.scope,
    release: p.id, key: found.definition.key.map(exact), cursor: cursor === null || mode !== "upsert" ? null : exact(cursor), lease: w.names.lease, fence: held.fence,
  });
  const result = await held.during((limit) => w.block(plan, "commit", limit));
  if (result.outcome === "refused") throw new CutoverError("LEASE_LOST", "the lease was lost while the candidate was loaded", { fence: Number(held.fence) });
  await w.run({ kind: "drop", ref: scratch }, found.alias);
  p.counts = applied(p.counts, factsOf(result.results), found.alias, staged.rows);
  p.staged += staged.rows;
  p.raw = staged.raw;
  p.totals = staged.totals;
  const type = cursor === null ? null : findColumn(candidate.columns, cursor, w.ctx.adapter.capabilities.identifiers.caseSensitive)?.type;
  p.watermark = type === null || type === undefined ? p.watermark : laterText(p.watermark, staged.watermark, type);
  return { release: p.id, staged: { [found.alias]: { rows: staged.rawRows, quarantined: 0 } }, warnings: w.warnings };
}

async function tableSwap(w: Work, held: Held, p: Progress): Promise<TableSwap> {
  const { definition, alias, id, ref } = p.found;
  const candidate = await w.describe(p.ref);
  if (candidate === null) throw new CutoverError("NOT_FOUND", `the candidate of release ${p.id} is gone`, { what: "table", name: p.ref.path.join("."), release: p.id });
  const columns = stored(candidate.columns);
  const exact = (n: string): string => findColumn(columns, n, w.ctx.adapter.capabilities.identifiers.caseSensitive)?.name ?? n;
  return {
    alias, id, candidate,
    live: await w.describe(ref),
    at: ref,
    keepAs: besideLive(ref.path, "before", p.id),
    key: definition.key.map(exact),
    partition: definition.partition === null ? null : exact(definition.partition),
    hash: hashOf(w.ctx, columns),
    watermark: p.watermark,
    was: held.state.tables[id] ?? null,
    staged: p.staged,
    counts: p.counts,
    raw: p.raw,
    totals: p.totals,
    checks: definition.checks,
  };
}

async function rehearse(w: Work, held: Held, p: Progress): Promise<Validation> {
  const t = await tableSwap(w, held, p);
  const { published: planned } = planSwap(t, { ...releaseFacts(w, held, p.id, {}), nextSeq: () => 0 }, jsRunner(w));
  const result = await held.during((limit) => w.block(planRehearsal(t, jsRunner(w)).plan, "rollback", limit));
  const of = sampleContext([{ alias: t.alias, columns: stored(t.candidate.columns) }], w);
  if (result.outcome !== "refused") return validation(outcome(w, planned, result, p.id, held.now, of));
  const error = refusal(w, planned, result, of, [t.alias]);
  if (isCutoverError(error, "CHECKS_FAILED")) return { ok: false, digest: "", checks: error.context.checks };
  throw error;
}

async function swapNow(w: Work, held: Held, p: Progress, o: PublishOptions): Promise<RunReport> {
  refuseHeld(w, held);
  const { pipeline } = w.ctx.settings;
  const { live } = held.state;
  if (p.clonedFrom !== live) {
    const message = `the candidate of release ${p.id} was made from release ${p.clonedFrom}, but ${live} is live now; reject it and clone again`;
    throw new CutoverError("STALE_CANDIDATE", message, { clonedFrom: p.clonedFrom, live, pipeline, release: p.id });
  }
  const t = await tableSwap(w, held, p);
  const { plan, published: planned } = planSwap(t, releaseFacts(w, held, p.id, o), jsRunner(w));
  const result = await w.stage("swap", () => held.during((limit) => w.block(plan, "commit", limit)));
  const of = sampleContext([{ alias: t.alias, columns: stored(t.candidate.columns) }], w);
  if (result.outcome === "refused") throw await swapRefused(w, held, t, p, planned, result, of);
  p.state = "published";
  const done: Outcome = outcome(w, planned, result, p.id, held.now, of);
  await lookBehind(w, t);
  return published(w, held, done, [0, 1, 2].map((part) => w.names.delta(t.id, p.id, part)));
}

async function swapRefused(w: Work, held: Held, t: TableSwap, p: Progress, planned: Outcome["published"], result: Parameters<typeof refusal>[2], of: Parameters<typeof refusal>[3]): Promise<CutoverError> {
  if (result.at !== `${t.alias}.live`) {
    const error = refusal(w, planned, result, of, [t.alias]);
    if (isCutoverError(error, "CHECKS_FAILED")) await held.append("validated", p.id, { ok: false, until: graceFrom(held.now) });
    return error;
  }
  const row = result.results.get(result.at)?.rows[0];
  const hash = t.was?.hash ?? "";
  const expected = { rows: t.was?.rows ?? 0, checksum: `${hash}:${t.was?.sum ?? "0"}` };
  const found = { rows: Number(row?.["rows"] ?? 0), checksum: `${hash}:${String(row?.["sum"] ?? "")}` };
  const message = `${t.alias}: others have written to live since the ledger last knew it (${found.rows} rows, recorded ${expected.rows}); a swap would lose their rows, so nothing was changed. adopt() takes them into the baseline`;
  return new CutoverError("DRIFTED", message, { expected, found, pipeline: w.ctx.settings.pipeline, release: p.id, table: t.alias });
}

/** A write that began before the swap can commit into the displaced table: it is kept there, and told. */
async function lookBehind(w: Work, t: TableSwap): Promise<void> {
  if (t.live === null || t.was === null || w.ctx.adapter.capabilities.swapGuard !== "detect") return;
  try {
    const { ok, rows } = await w.run({ kind: "count", on: t.keepAs, rows: t.was.rows }, t.alias);
    if (ok) return;
    const message = `${t.alias}: others wrote while the tables changed places; ${t.keepAs.path.join(".")} has ${String(rows[0]?.["rows"])} rows, recorded ${t.was.rows}. Their rows are kept there`;
    w.warnings.push({ code: "FOREIGN_WRITES", message });
  } catch (err) {
    w.ctx.log.warn({ err }, "the displaced table could not be looked at");
  }
}

/** `run` with strategy swap: a clone (or, where there is nothing yet, a new table), loaded, checked, swapped. */
export async function runByCandidate(ctx: Context, feed: AnyFeed, o: RunOptions): Promise<RunReport> {
  const alias = oneTable(ctx, undefined);
  const p = await openProgress(ctx, alias, o, "if-new", o.idempotencyKey);
  if ("status" in p) return p;
  const handle = makeHandle(ctx, alias, p);
  try {
    const { warnings } = await handle.load(feed as never, o);
    if (p.staged === 0) {
      await handle.reject("nothing to do");
      const live = p.clonedFrom;
      return { status: "nothing-to-do", pipeline: ctx.settings.pipeline, release: live, strategy: "swap", tables: {}, checks: [], stages: [], warnings };
    }
    return await settling(ctx, o, (seen) =>
      step(ctx, p, "swap", o, (w, held) => {
        seen(p.id);
        return swapNow(w, held, p, o);
      }),
    );
  } catch (e) {
    const reason = isCutoverError(e, "CHECKS_FAILED") ? "checks failed" : "the run failed";
    await handle.reject(reason).catch((err: unknown) => ctx.log.warn({ err, release: p.id }, "a failed candidate could not be rejected; recovery does it"));
    throw e;
  }
}
