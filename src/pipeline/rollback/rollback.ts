import type { BlockResult } from "../../adapter/operations.js";
import { stored, type TableRef } from "../../adapter/shapes.js";
import { CutoverError } from "../../errors/index.js";
import { apply, positionAbove } from "../../ledger/fold.js";
import { besideLive } from "../../ledger/names.js";
import { emptyState, type Kept, type State, tallyOf } from "../../ledger/state.js";
import { type Move, olderThanSwap, overwrittenBy, planMove, type TableMove } from "../../plan/rollback.js";
import { carryOut, intended, markerOf, prepare } from "../candidate/place.js";
import { refuseMix } from "../candidate/sets.js";
import { configError } from "../config.js";
import type { Context } from "../context.js";
import type { Held } from "../lease/held.js";
import { isUnknown, leased, look } from "../lease/lease.js";
import { type Pending, settling } from "../lease/settle.js";
import { hashOf } from "../load/tables.js";
import { noCounts, tableReport } from "../look/report.js";
import type { RollbackReport, TableReport } from "../look/reports.js";
import { refuseStranded } from "../release/pending.js";
import { type CallOptions, lostLease, operate, refused, type Work } from "../session/work.js";
import { missing, tableMoves, widenImages } from "./moves.js";
import { type Overruling, overrule } from "./overrule.js";
import { restore } from "./restore.js";

/** How far to go back, and whether in earnest. */
export interface RollbackOptions extends CallOptions {
  /** The release to go back to; default the one before. 0: before the first release. */
  readonly to?: number;
  /** Everything is done and then undone: the report says what would be. */
  readonly dryRun?: boolean;
  /**
   * When others wrote rows that the rollback would take away: `refuse` (default) throws `DRIFTED`; `overwrite` puts the rows of
   * the release gone back to in their place. What stood there is kept first, in the images table under a release number of its
   * own or, where a swap is taken back, in a copy of the version that leaves; `warnings` of the report name the place. Needs a key,
   * or a swap.
   */
  readonly onDrift?: "refuse" | "overwrite";
  /**
   * `time-travel`: a release that is no longer kept comes back from the engine's own history, as long as that lasts, and as a
   * release of its own, which can be rolled back in turn. For one table, and back to its last swap.
   */
  readonly restore?: "time-travel";
}

/** Goes back to a kept release: rows, schema, watermark. Leaves the pipeline on hold. */
export async function rollback(ctx: Context, o: RollbackOptions = {}): Promise<RollbackReport> {
  checkRollback(o);
  if (o.restore !== undefined && o.to !== undefined && !(await isKept(ctx, o.to, o))) return restore(ctx, o.to, o);
  return settling<Moved, RollbackReport>(ctx, o, (begun) =>
    leased(ctx, "rollback", o, o.onDrift === "overwrite" ? 1 : 0, async (w, held) => {
      const { state } = held;
      const unused = (): void => held.giveBack();
      try {
        const releases = releasesAbove(ctx, state, o.to);
        refuseStranded(ctx, state, releases);
        const to = releases[0]?.previous ?? 0;
        const m = { direction: "undo" as const, releases, from: state.live, to };
        const overrules = o.onDrift === "overwrite" ? new Map<string, Overruling>() : null;
        const report = await w.stage("rollback", () => move(w, held, m, o.dryRun === true ? null : begun, overrules));
        if (o.dryRun === true || ![...(overrules ?? [])].some(([, r]) => r.how.by === "delta")) unused();
        return report;
      } catch (e) {
        if (!isUnknown(e)) unused();
        throw e;
      }
    }),
  );
}

function checkRollback(o: RollbackOptions): void {
  if (o.onDrift !== undefined && o.onDrift !== "refuse" && o.onDrift !== "overwrite")
    throw configError([{ path: "onDrift", message: 'expected "refuse" or "overwrite"' }]);
  if (o.onDrift === "overwrite" && o.restore !== undefined)
    throw configError([
      { path: "onDrift", message: "says nothing to `restore`, which replaces the table as a whole; leave one of the two out" },
    ]);
  if (o.restore === undefined) return;
  const restore = "restore";
  if (o.restore !== "time-travel") throw configError([{ path: restore, message: 'expected "time-travel"' }]);
  if (o.to === undefined) throw configError([{ path: restore, message: "needs `to`: the release to restore" }]);
  if (o.dryRun) throw configError([{ path: restore, message: "cannot be a dryRun: the past is copied to be compared" }]);
}

const isKept = (ctx: Context, to: number, o: CallOptions): Promise<boolean> =>
  operate(ctx, "rollback", o, async (w) => positionAbove((await look(w))?.state ?? emptyState, to) >= 0);

/** Publishes again what the last rollback took back, and lifts its hold. */
export function redo(ctx: Context, o: CallOptions = {}): Promise<RollbackReport> {
  return settling<Moved, RollbackReport>(ctx, o, (begun) =>
    leased(ctx, "rollback", o, 0, async (w, held) => {
      const { state } = held;
      const group = state.undone.at(-1);
      const filled = group?.releases.find((k) => Object.values(k.tables).some((t) => t.undo.kind === "fill"));
      if (group === undefined || filled !== undefined) {
        const { pipeline } = ctx.settings;
        const why =
          filled === undefined
            ? "nothing was just rolled back"
            : `release ${filled.release} was a first load, of which no images are kept`;
        throw new CutoverError("NOTHING_TO_REDO", `${pipeline}: ${why}; unhold(), then run again`, {
          live: state.live,
          pipeline,
        });
      }
      const m = { direction: "redo" as const, releases: group.releases, from: state.live, to: group.from };
      return w.stage("rollback", () => move(w, held, m, begun, null));
    }),
  );
}

/** The kept releases above a target, oldest first. */
export function releasesAbove(ctx: Context, s: State, target: number | undefined): readonly Kept[] {
  const { pipeline } = ctx.settings;
  const to = target ?? s.kept.at(-1)?.previous;
  if (s.live === 0)
    throw new CutoverError("NOT_FOUND", `pipeline ${pipeline} has published nothing that could be rolled back`, {
      what: "release",
      name: String(target ?? "the release before"),
      pipeline,
    });
  const oldest = s.kept[0]?.previous ?? s.live;
  const at = to === undefined ? -1 : positionAbove(s, to);
  if (at >= 0) return s.kept.slice(at);
  if (to === undefined || (Number.isInteger(to) && to < oldest)) {
    const past = ctx.adapter.capabilities.timeTravel
      ? `; while the engine's own history (time travel, AT | BEFORE) lasts, rollback({ to: ${to ?? oldest - 1}, restore: "time-travel" }) restores it`
      : "";
    const message = `release ${to ?? "before"} of ${pipeline} can no longer be gone back to: what it takes is kept back to ${oldest} (keep: ${ctx.settings.keep})${past}`;
    throw new CutoverError("RETENTION_PASSED", message, { oldest, pipeline });
  }
  const there = s.kept.map((k) => k.previous).join(", ");
  throw new CutoverError("NOT_FOUND", `release ${to} of ${pipeline} is not one that can be rolled back to; there are ${there}`, {
    what: "release",
    name: String(to),
    pipeline,
  });
}

type Moved = "rolled-back" | "redone";

/** Tables in which rows of others give way, by their key in the ledger; null: they do not. */
type Overrules = Map<string, Overruling> | null;

/** `begun` null: a rehearsal. */
async function move(
  w: Work,
  held: Held,
  m: Omit<Move, "tables">,
  begun: ((p: Pending<Moved, RollbackReport>) => void) | null,
  overrules: Overrules,
): Promise<RollbackReport> {
  const { state } = held;
  const { pipeline } = w.ctx.settings;
  const copies: TableRef[] = [];
  const marker = markerOf(w, held.fence);
  const found = await tableMoves(w, m, marker === null ? null : held.fence, overrules !== null);
  refuseMixedMove(w.ctx, m.direction, found);
  await widenImages(w, m, found);
  for (const t of found) if (t.foreign) await give(w, held, m, t, begun !== null, overrules);
  const moved = found.map((t) => ({ ...t, overrule: overrules?.get(t.id)?.how ?? null }));
  const tables = await withCopies(w, held, m, moved, copies);
  const { hashVersion } = w.ctx.adapter.syntax;
  const { plan, displaced, placings } = planMove(
    { ...m, tables },
    { pipeline, fence: held.fence, lease: w.names.lease, journal: w.names.journal, nextSeq: held.nextSeq, hashVersion, marker },
  );
  if (plan.steps.some((s) => "step" in s && s.step.kind === "count"))
    w.ctx.log.warn({ pipeline, from: m.from, to: m.to }, "a recorded checksum is of an older version: rows are only counted");
  const common = { release: m.to, seq: 0, fence: held.fence, at: held.now };
  const payload = {
    from: m.from,
    to: m.to,
    releases: m.releases.map((k) => k.release),
    displaced,
    ...overwrittenBy(tables),
  };
  const event = m.direction === "undo" ? "rolled-back" : "redone";
  const after = apply(state, { ...common, event, payload });
  const done = (): RollbackReport => {
    if (begun !== null) w.ctx.emit(m.to, { type: "rolled-back", from: m.from, to: m.to });
    const warnings = [...(overrules?.values() ?? [])].map((r) => ({ code: "FOREIGN_WRITES" as const, message: r.told }));
    return { from: m.from, to: m.to, tables: moveReport(state, after, tables), warnings: [...w.warnings, ...warnings] };
  };
  const finished = async (): Promise<RollbackReport> => {
    await dropAll(w, staged());
    return done();
  };
  const staged = (): readonly TableRef[] => [...(overrules?.values() ?? [])].flatMap((r) => r.drop);
  const what = `the ${m.direction === "undo" ? "rollback" : "redo"} from release ${m.from} to ${m.to}`;
  begun?.({ what, stage: "rollback", event, release: m.to, fence: held.fence, resolve: done });
  let result: BlockResult;
  try {
    if (begun !== null) await prepare(w, placings);
    result = await held.during((limit) => w.block(plan, begun === null ? "rollback" : "commit", limit));
  } catch (e) {
    // What may have been decided needs its copy.
    if (!isUnknown(e)) await dropAll(w, [...copies, ...staged()]);
    throw e;
  }
  if (result.outcome === "committed" && placings.length > 0) {
    await carryOut(w, held, intended(w, held, plan, result), placings);
    return finished();
  }
  await dropAll(w, copies);
  if (result.outcome !== "refused") return finished();
  if (result.at === "fence") throw lostLease(w, held.fence);
  const drifting = tables.find((t) => result.at.startsWith(`${t.alias}.`));
  if (drifting !== undefined && (await give(w, held, m, drifting, begun !== null, overrules)))
    return move(w, held, m, begun, overrules);
  await dropAll(w, [...staged(), ...[...(overrules?.values() ?? [])].flatMap((r) => r.undo)]);
  throw await drifted(w, state, tables, result.at);
}

/** A table that changes places does so after the others got their rows back. */
export function refuseMixedMove(ctx: Context, direction: Move["direction"], moves: readonly TableMove[]): void {
  if (moves.every((t) => t.back === null)) return;
  const what = direction === "undo" ? "a rollback" : "a redo";
  const aliases = moves.map((t) => t.alias);
  refuseMix(ctx, what, aliases, "going one release at a time where each has one table");
}

/** Lets rows of others give way in a table, where that was asked for and has not been done; whether it was. */
async function give(
  w: Work,
  held: Held,
  m: Omit<Move, "tables">,
  t: TableMove,
  earnest: boolean,
  overrules: Overrules,
): Promise<boolean> {
  if (overrules === null || overrules.has(t.id)) return false;
  overrules.set(t.id, await overrule(w, held, m, t, earnest));
  return true;
}

/** Copies that nothing needs; recovery drops those that this could not. */
async function dropAll(w: Work, copies: readonly TableRef[]): Promise<void> {
  const calm = w.calm();
  for (const ref of copies)
    await calm
      .run({ kind: "drop", ref })
      .catch((err: unknown) => w.ctx.log.warn({ err }, "a copy could not be dropped; recovery does it"));
}

/**
 * Where a swap is a step of its own, the images of releases before it are exchanged in a copy: what is kept stays as it is
 * until the swap has happened.
 */
async function withCopies(
  w: Work,
  held: Held,
  m: Omit<Move, "tables">,
  tables: readonly TableMove[],
  copies: TableRef[],
): Promise<readonly TableMove[]> {
  if (w.ctx.adapter.capabilities.transactionalDdl) return tables;
  const made: TableMove[] = [];
  for (const t of tables) {
    const from = m.direction === "undo" ? t.back : t.live;
    if (t.back === null || from === null || olderThanSwap(m, t.id).length === 0) {
      made.push(t);
      continue;
    }
    const to = besideLive(t.live.ref.path, m.direction === "undo" ? "candidate" : "before", Number(held.fence), "f");
    await w.run({ kind: "clone", from, to, depth: 0, empty: false }, t.alias);
    copies.push(to);
    const copy = await w.describe(to);
    if (copy === null) throw missing(w, t.alias, to.path);
    made.push({ ...t, copy });
  }
  return made;
}

/** Someone else wrote the rows that the rollback would take away: what was recorded, and what is there. */
async function drifted(w: Work, state: State, tables: readonly TableMove[], at: string): Promise<CutoverError> {
  const t = tables.find((m) => at.startsWith(`${m.alias}.`));
  const { pipeline } = w.ctx.settings;
  if (t === undefined) return refused(at, pipeline);
  const recorded = state.tables[t.id] ?? { rows: 0, sum: "0", hash: hashOf(w.ctx, t.live.columns) };
  const { rows } = await w.run({ kind: "scan", on: t.live.ref, columns: stored(t.live.columns), expected: null }, t.alias);
  const found = { rows: Number(rows[0]?.["rows"]), checksum: `${recorded.hash}:${String(rows[0]?.["sum"])}` };
  const message = `${t.alias}: others have written to rows that would be taken back; nothing was changed. Look at audit(); adopt() takes what is there as the new baseline, rollback({ onDrift: "overwrite" }) overwrites it and keeps it aside`;
  return new CutoverError("DRIFTED", message, { expected: tallyOf(recorded), found, pipeline, table: t.alias });
}

function moveReport(before: State, after: State, tables: readonly TableMove[]): Readonly<Record<string, TableReport>> {
  return Object.fromEntries(
    tables.map((t) => {
      const is = after.tables[t.id] ?? {
        path: [],
        rows: 0,
        sum: "0",
        hash: before.tables[t.id]?.hash ?? "",
        watermark: null,
        proven: [],
        changes: null,
        sinceScan: 0,
      };
      return [t.alias, tableReport(noCounts, before.tables[t.id] ?? null, is)];
    }),
  );
}
