import type { BlockResult } from "../../adapter/operations.js";
import { type ColumnShape, rowsOf, stored } from "../../adapter/shapes.js";
import { compileChecks } from "../../check/compile.js";
import { fromRecord, type PlannedCheck } from "../../check/planned.js";
import { CutoverError } from "../../errors/index.js";
import { pendingReleases } from "../../ledger/consumed.js";
import { anchors } from "../../ledger/events.js";
import { fold } from "../../ledger/fold.js";
import { digest, recordedOf } from "../../ledger/names.js";
import { emptyState, type State, tallyOf } from "../../ledger/state.js";
import type { Plan } from "../../plan/compile.js";
import { opOf, validate } from "../../plan/release.js";
import { formatTimestamp } from "../../table/canonical.js";
import { exactNames } from "../../table/exact.js";
import type { Context } from "../context.js";
import { look } from "../lease/lease.js";
import { eventsOf } from "../lease/take.js";
import { type Found, findTables, hashOf, keyOf } from "../load/tables.js";
import { jsRunner } from "../release/js-checks.js";
import { withReferences } from "../release/references.js";
import { withSamples } from "../release/samples.js";
import { sampleContext } from "../release/verdict.js";
import { type CallOptions, operate, type Work } from "../session/work.js";
import type { AuditReport, Status, Validation } from "./reports.js";

/** Where the pipeline stands. Takes no lease. */
export function status(ctx: Context, o?: CallOptions): Promise<Status> {
  return operate(ctx, "audit", o, async (w) => {
    const seen = await look(w);
    const state = seen?.state ?? emptyState;
    const owner = seen?.lease["owner"];
    const working = typeof owner === "string" && seen?.lease["expired"] !== true;
    const byTable = <R>(pick: (id: string) => R): Record<string, R> =>
      Object.fromEntries(Object.entries(ctx.tables).map(([alias, d]) => [alias, pick(keyOf(w, d).id)]));
    return {
      live: state.live === 0 ? null : state.live,
      open: state.open.map(({ release, state: stage, strategy, at, checks }) => ({
        release,
        state: stage,
        strategy,
        at,
        canRollBackTo: false,
        checks: fromRecord(checks),
      })),
      watermarks: byTable((id) => state.tables[id]?.watermark ?? null),
      tallies: byTable((id) => (state.tables[id] === undefined ? null : tallyOf(state.tables[id]))),
      lease: working ? { owner, expires: formatTimestamp(seen?.lease["expires_at"] as bigint) } : null,
      held: state.held,
      pending: pendingReleases(state),
    };
  });
}

/** Every table, scanned, against what the ledger recorded. Takes no lease. */
export function audit(ctx: Context, o?: CallOptions): Promise<AuditReport> {
  return operate(ctx, "audit", o, (w) =>
    w.stage("audit", async () => {
      const seen = await look(w);
      const tables = (await findTables(w, seen?.state ?? emptyState)).filter((t) => t.live !== null);
      const { state, results } = await still(w, seen !== null, tables);
      const found = tables.map((t) => {
        const row = results.get(opOf.scan(t.alias))?.rows[0];
        const known = state.tables[t.id];
        const hash = hashOf(ctx, audited(t, known?.hash));
        const tally = { rows: Number(row?.["rows"]), checksum: `${hash}:${String(row?.["sum"])}` };
        return [t.alias, { recorded: known === undefined ? null : tallyOf(known), found: tally }] as const;
      });
      const missing = Object.entries(ctx.tables).flatMap(([alias, d]) => {
        const known = state.tables[keyOf(w, d).id];
        if (known === undefined || tables.some((t) => t.alias === alias)) return [];
        return [[alias, { recorded: tallyOf(known), found: { rows: 0, checksum: `${known.hash}:0` } }] as const];
      });
      const gone = missing.length > 0;
      const ok =
        !gone &&
        found.every(([, t]) =>
          t.recorded === null ? t.found.rows === 0 : t.recorded.rows === t.found.rows && t.recorded.checksum === t.found.checksum,
        );
      return { ok, tables: Object.fromEntries([...found, ...missing]) };
    }),
  );
}

/** Columns that this pipeline itself has added since they were recorded are not part of what was. */
const audited = ({ definition: d, live }: Found, recorded: string | undefined): readonly ColumnShape[] => {
  const columns = live?.columns ?? [];
  const adds = d.releaseColumn !== null || d.onUnknownColumn === "add";
  return adds && recorded !== undefined ? recordedOf(columns, recorded) : columns;
};

/** How often an audit looks again because a release came in between, on engines whose transactions see what others commit. */
const AGAIN = 20;

/** The scans of all tables, and the state that they belong to: the journal says the same before and after them. */
async function still(
  w: Work,
  ledger: boolean,
  tables: readonly Found[],
  again = AGAIN,
): Promise<{ readonly state: State; readonly results: BlockResult["results"] }> {
  const { journal, lease } = w.names;
  const { pipeline } = w.ctx.settings;
  const reading = (id: string): Plan["steps"] =>
    ledger ? [{ id, step: { kind: "readState", lease, journal, pipeline, anchors } }] : [];
  const scans = tables.map((t) => ({
    id: opOf.scan(t.alias),
    step: { kind: "scan" as const, on: t.ref, columns: stored(audited(t, t.state?.hash)), expected: null },
  }));
  const plan: Plan = { name: "audit", atomic: true, steps: [...reading("journal"), ...scans, ...reading("after")] };
  const { results } = await w.block(plan, "rollback", MAX_SCAN_MS);
  const events = (id: string) => eventsOf(results.get(id)?.rows ?? [], w.names.database);
  const before = events("journal");
  if (again > 0 && before.at(-1)?.seq !== events("after").at(-1)?.seq) return still(w, ledger, tables, again - 1);
  return { state: fold(before), results };
}
/** Scans that hold no lease may take as long as they need. */
const MAX_SCAN_MS = 86_400_000;

/** The checks of each table against live, over all rows. */
export function checkLive(ctx: Context, o: CallOptions & { readonly tables?: readonly string[] } = {}): Promise<Validation> {
  return operate(ctx, "validate", o, (w) =>
    w.stage("validate", async () => {
      const state = (await look(w))?.state ?? emptyState;
      const tables = await findTables(w, state, o.tables);
      const results = [];
      for (const t of tables) results.push(...(await checkTable(w, state, t)));
      return {
        ok: results.every((r) => r.outcome !== "fail"),
        digest: digest([state.live, results.map((r) => [r.check, r.outcome, r.observed])], 32),
        checks: results,
      };
    }),
  );
}

async function checkTable(w: Work, state: State, t: Found) {
  if (t.live === null)
    throw new CutoverError("NOT_FOUND", `table ${t.alias} does not exist yet`, { what: "table", name: t.alias, table: t.alias });
  const { plan, planned, columns } = await liveChecks(w, state, t);
  // Scans tell of every failure; a JavaScript check refuses its block, so each has one of its own.
  const scans = plan.steps.filter((s) => !("inspect" in s));
  const blocks = [...(scans.length === 0 ? [] : [scans]), ...plan.steps.filter((s) => "inspect" in s).map((s) => [s])];
  const results = new Map();
  for (const steps of blocks)
    for (const [id, r] of (await w.block({ ...plan, steps }, "rollback", MAX_SCAN_MS)).results) results.set(id, r);
  return withSamples(planned, results, sampleContext([{ alias: t.alias, columns }], w));
}

/** The checks of a table over all rows of live, as a plan. */
export async function liveChecks(
  w: Work,
  state: State,
  t: Found,
): Promise<{ readonly plan: Plan; readonly planned: readonly PlannedCheck[]; readonly columns: ReturnType<typeof stored> }> {
  const live = t.live;
  if (live === null) throw new Error("a table that does not exist has no checks");
  const columns = stored(live.columns);
  const exact = exactNames(t.definition, columns, w.ctx.adapter.capabilities.identifiers);
  const [found] = await withReferences(w, state, [t], () => ({ alias: t.alias, shape: live, checks: exact.checks }), []);
  const checks = compileChecks(exact.checks, {
    alias: t.alias,
    columns,
    key: exact.key,
    partition: exact.partition,
    self: rowsOf(live.ref),
    effective: null,
    delta: null,
    totals: null,
    rowsBefore: t.state?.rows ?? null,
    against: null,
    changed: null,
    observed: t.state?.observed ?? {},
    referred: found?.referred ?? {},
    proven: [],
  });
  return {
    plan: { name: "check", atomic: true, steps: validate([{ alias: t.alias, live, checks }], jsRunner(w)) },
    planned: checks.planned,
    columns,
  };
}
