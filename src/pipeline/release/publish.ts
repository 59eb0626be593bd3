import type { BlockResult } from "../../adapter/operations.js";
import { type ColumnShape, stored, type TableShape } from "../../adapter/shapes.js";
import { CutoverError } from "../../errors/index.js";
import { recordedOf } from "../../ledger/names.js";
import { imageShapes } from "../../ledger/shapes.js";
import type { State, TableState } from "../../ledger/state.js";
import { planInPlace, type TableLoad } from "../../plan/in-place.js";
import { opOf, type ReleaseFacts } from "../../plan/release.js";
import type { Row } from "../../sql/sql.js";
import type { TableDefinition } from "../../table/definition.js";
import { exactNames } from "../../table/exact.js";
import { findColumn } from "../../table/resolve.js";
import type { ColumnType } from "../../table/types.js";
import { laterText } from "../../table/watermark.js";
import { markerOf } from "../candidate/place.js";
import type { Held } from "../lease/held.js";
import { changesRef, type Staged } from "../load/load.js";
import { hashOf, ownColumn, readableWatermark, requireLive } from "../load/tables.js";
import { changesView, kindly } from "../look/views.js";
import { withAside } from "../quarantine/quarantine.js";
import { lightCleanUp } from "../recovery/clean-up.js";
import type { Work } from "../session/work.js";
import { withChecks } from "./check-results.js";
import { jsRunner } from "./js-checks.js";
import { loadsWithReferences } from "./references.js";
import { type Outcome, outcome, refusal, sampleContext } from "./verdict.js";

export interface PublishOptions {
  /** Leaves the pipeline on hold, for this reason. */
  readonly hold?: string;
  /** `now`: the tables were described under this very lease, so that only others can have altered them since. */
  readonly described?: "now";
  readonly note?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  /** The digest of what was approved. */
  readonly expect?: string | undefined;
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
  let fresh = o.described === "now";
  for (;;) {
    const tables = await withAside(w, staged, await tableLoads(w, held, staged, foreign, fresh));
    fresh = false;
    for (const t of tables) await prepareTables(w, held.state, t);
    const forget = end === "commit" ? lightCleanUp(held.state, tables, release, facts.keep, w.ctx.settings.scanEvery) : null;
    const { plan, published } = planInPlace(tables, { ...facts, forget }, jsRunner(w));
    const result = await withChecks(w, () => held.during((limit) => w.block(plan, end, limit)));
    if (result.outcome === "committed" && forget !== null) held.freed();
    const context = sampleContext(
      tables.map((t) => ({ alias: t.alias, columns: stored(t.live.columns) })),
      w,
    );
    if (result.outcome !== "refused") {
      for (const t of tables) if (t.scanAll && !t.fill && !foreign.has(t.alias)) tellDrift(w, t, result);
      return outcome(w, published, result, release, held.now, context);
    }
    const refusing = result.results.get(result.at)?.rows[0] ?? {};
    if (refusing["same"] === true && refusing["moved"] === false) return null;
    const alias = tables.find(
      (t) => result.at === opOf.count(t.alias) || (refusing["same"] === false && result.at === opOf.tally(t.alias)),
    )?.alias;
    if (alias === undefined)
      throw refusal(
        w,
        published,
        result,
        context,
        tables.map((t) => t.alias),
        held.fence,
      );
    foreign.add(alias);
    const expected = tables.find((t) => t.alias === alias)?.was?.rows ?? 0;
    const found = String(refusing["rows"] ?? "?");
    const message = `${alias}: others have written to the table: it has ${found} rows where the ledger recorded ${expected}; their rows are kept, and all rows were read again`;
    w.warnings.push({ code: "FOREIGN_WRITES", message });
  }
}

/** How long a description is taken for what a table is, in milliseconds. */
const LATELY_MS = 10_000;

/**
 * What was staged, against live as it is now: between load and publish other releases may have come. `fresh`: they have not,
 * and what was described a moment ago need not be asked for again.
 */
export async function tableLoads(
  w: Work,
  held: Held,
  staged: readonly Staged[],
  foreign: ReadonlySet<string>,
  fresh = false,
): Promise<readonly TableLoad[]> {
  const loads: TableLoad[] = [];
  // A release is redone as a whole: beside rows that no source gives again, all tables need their images.
  const given = staged.every((s) => s.rewindable);
  for (const s of staged) {
    const lately = fresh && s.found.live !== null && performance.now() - s.found.seenAt < LATELY_MS;
    const live = lately ? s.found.live : await w.describe(s.found.ref, "columns");
    loads.push(tableLoad(w, { ...s, rewindable: given, found: { ...s.found, live } }, held.state, foreign.has(s.found.alias)));
  }
  return loadsWithReferences(w, held.state, loads, w.release ?? 0);
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
    hold: o.hold,
    journal: w.names.journal,
    results: w.names.checkResults,
    lease: w.names.lease,
    nextSeq: held.nextSeq,
    hashVersion: w.ctx.adapter.syntax.hashVersion,
    forget: null,
    marker: markerOf(w, held.fence),
  };
}

function tableLoad(w: Work, s: Staged, state: State, foreign: boolean): TableLoad {
  const { found } = s;
  const d = found.definition;
  const was = state.tables[found.id] ?? null;
  const live: TableShape = found.live ?? { ref: found.ref, columns: s.columns, marker: null, version: null, fingerprint: null };
  const columns = stored(live.columns);
  const sensitive = w.ctx.adapter.capabilities.identifiers;
  const exact = exactNames(d, columns, sensitive);
  const own = ownColumn(w.ctx, columns, d);
  const cursor = d.cursor === null ? null : (findColumn(columns, d.cursor, sensitive) ?? null);
  requireLive(w, found, was);
  requireSameColumns(w, s, columns);
  requireNoGap(w, s, was?.watermark ?? null, cursor?.type);
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
    deletes: s.deletes,
    flagged: s.flagged,
    fill: !foreign && (was?.rows ?? 0) === 0 && s.rewindable && s.rows > s.flagged,
    scanAll: foreign || due || (was !== null && was.hash !== hashOf(w.ctx, columns)),
    grown: grown(w, d, columns, own, was),
    totals: s.totals,
    position: s.position,
    checks: exact.checks,
  };
}

/** Whether the columns that were recorded are still the first, and those behind them are this pipeline's own doing. */
function grown(
  w: Work,
  d: TableDefinition,
  columns: readonly ColumnShape[],
  own: string | null,
  was: TableState | null,
): boolean {
  if (was === null) return false;
  if (
    own !== null &&
    was.hash ===
      hashOf(
        w.ctx,
        columns.filter((c) => c.name !== own),
      )
  )
    return true;
  return (
    d.onUnknownColumn === "add" &&
    was.hash === hashOf(w.ctx, recordedOf(columns, was.hash)) &&
    was.hash !== hashOf(w.ctx, columns)
  );
}

/** Between load and publish a swap may have changed the table: what was staged for a column that is gone would go unseen. */
export function requireSameColumns(w: Work, s: Staged, live: readonly ColumnShape[]): void {
  const typeOf = (columns: readonly ColumnShape[], name: string) => columns.find((c) => c.name === name)?.type;
  const moved = s.given.filter((name) => typeOf(live, name) !== typeOf(s.columns, name));
  if (moved.length === 0) return;
  const { alias } = s.found;
  const reason = `it was loaded for columns that the table has no more, or not in that type: ${moved.join(", ")}`;
  const where = { table: alias, pipeline: w.ctx.settings.pipeline, release: w.release ?? undefined };
  throw new CutoverError("BAD_SOURCE", `${alias}: ${reason}; reject the release and load again`, { reason, ...where });
}

/** After a rollback the watermark is lower than the one that the source was read from: what lies between was never loaded. */
export function requireNoGap(w: Work, s: Staged, watermark: string | null, type: ColumnType | undefined): void {
  if (type === undefined) return;
  readableWatermark(w, s.found.alias, watermark, type);
  if (s.from === null || laterText(watermark, s.from, type) === watermark) return;
  const { alias } = s.found;
  const message = `${alias}: the release was read from ${s.from}, but the watermark is ${watermark ?? "at the start"} now, and the rows between would be skipped; reject it and load again`;
  throw new CutoverError("GAP", message, { watermark, from: s.from, table: alias, pipeline: w.ctx.settings.pipeline });
}

/** What must stand before the block: the images table, and live itself where the engine makes no tables in a block. */
async function prepareTables(w: Work, s: State, t: TableLoad): Promise<void> {
  const columns = imageShapes(w.ctx.adapter.syntax, t.live.columns);
  const known = t.was?.changes?.join("\0") === t.changes.path.join("\0");
  if (!known) {
    await w.run({ kind: "create", ref: t.changes, columns, ifNotExists: true, scratch: true }, t.alias);
    const fresh = { changes: t.changes, columns: stored(t.live.columns) };
    await kindly(w, await changesView(w, s, { id: t.id, path: t.live.ref.path }, fresh));
  }
  if (t.make === "before")
    await w.run({ kind: "create", ref: t.live.ref, columns: t.live.columns, ifNotExists: true, scratch: false }, t.alias);
}
