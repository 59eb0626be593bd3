import type { BlockResult } from "../adapter/operations.js";
import { type ColumnShape, stored, type TableRef, type TableShape } from "../adapter/shapes.js";
import { imageColumns } from "../adapter/steps.js";
import { factsOf, type PlannedCheck } from "../check/planned.js";
import type { CheckResult } from "../check/result.js";
import { CutoverError } from "../errors/index.js";
import type { LedgerEvent, Published } from "../ledger/events.js";
import { afterPublish } from "../ledger/fold.js";
import { digest } from "../ledger/names.js";
import type { Kept, State } from "../ledger/state.js";
import { planInPlace, type TableLoad } from "../plan/in-place.js";
import { opOf, type ReleaseFacts } from "../plan/release.js";
import type { Row } from "../sql/sql.js";
import { exactNames } from "../table/exact.js";
import { findColumn } from "../table/resolve.js";
import { laterText } from "../table/watermark.js";
import { jsRunner } from "./js-checks.js";
import type { Held } from "./lease.js";
import { changesRef, type Staged } from "./load.js";
import type { Validation } from "./reports.js";
import { type SampleContext, withSamples } from "./samples.js";
import { hashOf } from "./tables.js";
import { refused, type Work } from "./work.js";

export interface PublishOptions {
  readonly note?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}
/** What a block that published, or rehearsed it, came to. */
export interface Outcome {
  readonly published: Published;
  readonly checks: readonly CheckResult[];
  readonly event: Pick<LedgerEvent, "release" | "at">;
}

/** Publishes a release in place, or rehearses it. null: the block would change nothing, neither rows nor watermark. */
export async function publishInPlace(
  w: Work,
  held: Held,
  staged: readonly Staged[],
  release: number,
  o: PublishOptions,
  end: "commit" | "rollback",
): Promise<Outcome | null> {
  const facts = releaseFacts(w, held, release, o);
  const foreign = new Set<string>();
  for (;;) {
    const tables = await tableLoads(w, held, staged, foreign);
    for (const t of tables) await prepareTables(w, t);
    const { plan, published } = planInPlace(tables, facts, jsRunner(w));
    const result = await held.during((limit) => w.block(plan, end, limit));
    const context = sampleContext(
      tables.map((t) => ({ alias: t.alias, columns: stored(t.live.columns) })),
      w,
    );
    if (result.outcome !== "refused") {
      for (const t of tables) if (t.scanAll && !foreign.has(t.alias)) tellDrift(w, t, result);
      return outcome(w, published, result, release, held.now, context);
    }
    if (result.at === opOf.effect) return null;
    const alias = tables.find((t) => result.at === opOf.count(t.alias))?.alias;
    if (alias === undefined)
      throw refusal(
        w,
        published,
        result,
        context,
        tables.map((t) => t.alias),
      );
    foreign.add(alias);
    const expected = tables.find((t) => t.alias === alias)?.was?.rows ?? 0;
    const found = String(result.results.get(result.at)?.rows[0]?.["rows"] ?? "?");
    const message = `${alias}: others have written to the table: it has ${found} rows where the ledger recorded ${expected}; their rows are kept, and all rows were read again`;
    w.warnings.push({ code: "FOREIGN_WRITES", message });
  }
}

/** What was staged, against live as it is now: between load and publish other releases may have come. */
export async function tableLoads(
  w: Work,
  held: Held,
  staged: readonly Staged[],
  foreign: ReadonlySet<string>,
): Promise<readonly TableLoad[]> {
  const loads: TableLoad[] = [];
  for (const s of staged) {
    const live = await w.describe(s.found.ref);
    loads.push(tableLoad(w, { ...s, found: { ...s.found, live } }, held.state, foreign.has(s.found.alias)));
  }
  return loads;
}

/** A scan that was due, not asked for by a wrong count: what it finds beside what was recorded is told. */
function tellDrift(w: Work, t: TableLoad, result: BlockResult): void {
  const row = (op: string): Row => result.results.get(op)?.rows[0] ?? {};
  const [images, found] = [row(opOf.tally(t.alias)), row(opOf.scan(t.alias))];
  const big = (v: unknown): bigint => BigInt(String(v ?? 0));
  const rows = big(t.was?.rows) + big(images["after_rows"]) - big(images["before_rows"]);
  const sum = big(t.was?.sum) + big(images["after_sum"]) - big(images["before_sum"]);
  if (t.was?.hash !== t.hash || (big(found["rows"]) === rows && big(found["sum"]) === sum)) return;
  const message = `${t.alias}: a full scan found ${String(found["rows"])} rows where the ledger expected ${rows}, or other contents: others have written to the table; their rows are kept, and the ledger now knows them`;
  w.warnings.push({ code: "FOREIGN_WRITES", message });
}

export function releaseFacts(w: Work, held: Held, release: number, o: PublishOptions): ReleaseFacts {
  const { pipeline, keep } = w.ctx.settings;
  return {
    pipeline,
    release,
    keep,
    fence: held.fence,
    state: held.state,
    note: o.note,
    key: o.idempotencyKey,
    journal: w.names.journal,
    lease: w.names.lease,
    nextSeq: held.nextSeq,
  };
}

function tableLoad(w: Work, s: Staged, state: State, foreign: boolean): TableLoad {
  const { found } = s;
  const d = found.definition;
  const was = state.tables[found.id] ?? null;
  const live: TableShape = found.live ?? { ref: found.ref, columns: s.columns, marker: null, version: null, fingerprint: null };
  const columns = stored(live.columns);
  const sensitive = w.ctx.adapter.capabilities.identifiers.caseSensitive;
  const exact = exactNames(d, columns, sensitive);
  const cursor = d.cursor === null ? null : (findColumn(columns, d.cursor, sensitive) ?? null);
  const due = (was?.sinceScan ?? 0) + 1 >= w.ctx.settings.scanEvery;
  return {
    alias: found.alias,
    id: found.id,
    live,
    make: found.live !== null ? null : w.ctx.adapter.capabilities.transactionalDdl ? "in-block" : "before",
    delta: s.delta,
    raw: s.raw,
    given: s.given,
    rows: s.rows,
    scope: s.scope,
    key: exact.key,
    partition: exact.partition,
    cursor: exact.cursor !== null && s.given.includes(exact.cursor) ? exact.cursor : null,
    changes: changesRef(w, found, columns),
    hash: hashOf(w.ctx, columns),
    watermark: cursor === null ? s.watermark : laterText(was?.watermark ?? null, s.watermark, cursor.type),
    was,
    fill: !foreign && (was?.rows ?? 0) === 0 && s.rewindable,
    scanAll: foreign || due || (found.live === null && was !== null) || (was !== null && was.hash !== hashOf(w.ctx, columns)),
    totals: s.totals,
    checks: exact.checks,
  };
}

/** What must stand before the block: the images table, and live itself where the engine makes no tables in a block. */
async function prepareTables(w: Work, t: TableLoad): Promise<void> {
  const columns = imageTable(w, t.live.columns);
  const known = t.was?.changes?.join("\0") === t.changes.path.join("\0");
  if (!t.fill && !known) await w.run({ kind: "create", ref: t.changes, columns, ifNotExists: true }, t.alias);
  if (t.make === "before") await w.run({ kind: "create", ref: t.live.ref, columns: t.live.columns, ifNotExists: true }, t.alias);
}
export function imageTable(w: Work, columns: readonly ColumnShape[]): readonly ColumnShape[] {
  const { syntax } = w.ctx.adapter;
  const heads: ColumnShape[] = [
    { name: imageColumns.release, type: "int64", nullable: true, native: syntax.type("int64") },
    { name: imageColumns.image, type: "string", nullable: true, native: syntax.type("string") },
    { name: imageColumns.op, type: "string", nullable: true, native: syntax.type("string") },
  ];
  return [...heads, ...stored(columns).map(({ name, type, native }) => ({ name, type, native, nullable: true }))];
}

export const sampleContext =
  (tables: readonly { readonly alias: string; readonly columns: readonly ColumnShape[] }[], w: Work) =>
  (alias: string): SampleContext => ({
    columns: tables.find((t) => t.alias === alias)?.columns ?? [],
    redact: w.ctx.tables[alias]?.redact ?? [],
  });

const plannedOf = (p: Published): readonly PlannedCheck[] => Object.values(p.tables).flatMap((t) => t.checks);

export function outcome(
  w: Work,
  p: Published,
  result: BlockResult,
  release: number,
  at: string,
  of: (alias: string) => SampleContext,
): Outcome {
  const checks = withSamples(plannedOf(p), result.results, of);
  for (const c of checks) w.ctx.emit(release, { type: "check", result: c });
  const facts = factsOf(result.results);
  return { published: { ...p, facts }, checks, event: { release, at } };
}

/** Why a block was refused. */
export function refusal(
  w: Work,
  p: Published,
  result: Extract<BlockResult, { outcome: "refused" }>,
  of: (alias: string) => SampleContext,
  aliases: readonly string[],
): CutoverError {
  const { pipeline } = w.ctx.settings;
  const release = w.release ?? undefined;
  if (result.at === opOf.fence) {
    return new CutoverError("LEASE_LOST", `the lease of pipeline ${pipeline} was lost to another owner; nothing was published`, {
      fence: 0,
      pipeline,
      release,
    });
  }
  if (plannedOf(p).some((c) => c.op === result.at)) {
    const checks = withSamples(plannedOf(p), result.results, of);
    for (const c of checks) w.ctx.emit(w.release, { type: "check", result: c });
    return checksFailed(checks, { pipeline, release });
  }
  const table = aliases.find((a) => result.at.startsWith(`${a}.`));
  if (result.at.includes(".capture")) {
    const reason = "keys of the load live in partitions outside its scope";
    return new CutoverError("BAD_ROW", `${table}: ${reason}; load those partitions too`, {
      row: null,
      reason,
      pipeline,
      release,
      table,
    });
  }
  return refused(`${result.at} of release ${release ?? "?"}`, pipeline);
}

export function checksFailed(
  checks: readonly CheckResult[],
  where: { readonly pipeline: string; readonly release?: number | undefined },
): CutoverError<"CHECKS_FAILED"> {
  const failed = checks.filter((c) => c.outcome === "fail");
  const told = failed.map((c) => `${c.table} ${c.check}: ${c.message}`).join("; ");
  return new CutoverError("CHECKS_FAILED", `${failed.length} of ${checks.length} checks failed, live is as it was: ${told}`, {
    checks,
    ...where,
  });
}

/** A validation as users see it: what was validated is named by a digest of contents and results. */
export function validation(o: Outcome): Validation {
  const state = afterPublish(o.published, o.event.release, o.event.at);
  const contents = Object.fromEntries(
    Object.keys(o.published.tables).map((id) => [id, [state.tables[id]?.rows, state.tables[id]?.sum, state.tables[id]?.hash]]),
  );
  const results = o.checks.map((c) => [c.table, c.check, c.outcome, c.observed]);
  return {
    ok: o.checks.every((c) => c.outcome !== "fail"),
    digest: digest([o.event.release, contents, results], 32),
    checks: o.checks,
  };
}

/** After a publish: staged rows go, and what no kept release needs. What fails here is a warning; the next cleanup finds it. */
export async function cleanUp(w: Work, before: State, after: State, drop: readonly TableRef[]): Promise<void> {
  const calm = w.calm();
  const kept = keptOf(after);
  const gone = keptOf(before).filter((k) => !kept.some((a) => a.release === k.release));
  const used = new Set([...kept.flatMap(imagesOf), ...tablesOf(after)].map(textOf));
  const images = new Map([...gone.flatMap(imagesOf), ...tablesOf(before)].map((path) => [textOf(path), path]));
  const versions = gone.flatMap((k) =>
    Object.values(k.tables).flatMap((t) => (t.undo.kind === "swap" && t.undo.kept !== null ? [t.undo.kept] : [])),
  );
  try {
    for (const ref of drop) await calm.run({ kind: "drop", ref });
    for (const path of versions) await calm.run({ kind: "drop", ref: { path } });
    for (const [text, path] of images) {
      if (!used.has(text)) await calm.run({ kind: "drop", ref: { path } });
      else if (gone.some((k) => imagesOf(k).some((p) => textOf(p) === text)))
        await calm.run({ kind: "forget", changes: { path }, keep: kept.map((k) => k.release) });
    }
  } catch (err) {
    w.ctx.log.warn({ err, pipeline: w.ctx.settings.pipeline }, "cleanup failed after the commit");
    const reason = err instanceof Error ? err.message : String(err);
    w.warnings.push({ code: "CLEANUP", message: `published, but cleaning up failed (recover() finds what was left): ${reason}` });
  }
}
const keptOf = (s: State): readonly Kept[] => [...s.kept, ...s.undone.flatMap((u) => u.releases)];
/** The images tables that tables use now. */
const tablesOf = (s: State): readonly (readonly string[])[] =>
  Object.values(s.tables).flatMap((t) => (t.changes === null ? [] : [t.changes]));
const textOf = (path: readonly string[]): string => path.join("\0");
/** Where a release has images; a release that changed nothing has none. */
const imagesOf = (k: Kept): readonly (readonly string[])[] =>
  Object.values(k.tables).flatMap((t) => (t.undo.kind === "images" && t.undo.before + t.undo.after > 0 ? [t.undo.changes] : []));
