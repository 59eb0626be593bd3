import { CutoverError } from "../../errors/index.js";
import type { LedgerEvent } from "../../ledger/events.js";
import { afterPublish, readEvents } from "../../ledger/fold.js";
import { type TableState, tallyOf } from "../../ledger/state.js";
import { unchanged } from "../../plan/release.js";
import { abandon, type Made, openCandidate } from "../candidate/candidate-open.js";
import { swapNow } from "../candidate/candidate-swap.js";
import type { Context } from "../context.js";
import type { Held } from "../lease/held.js";
import { isUnknown } from "../lease/lease.js";
import { type Found, findTables } from "../load/tables.js";
import type { RollbackReport, RunReport } from "../look/reports.js";
import { settling } from "../release/outcome.js";
import { progressOf } from "../release/progress.js";
import { opened } from "../release/steps.js";
import type { CallOptions, Work } from "../session/work.js";

/**
 * A release that is no longer kept comes back from the engine's own history, as a release of its own: a copy of live as it was
 * takes live's place. The pipeline is on hold afterwards, as after any rollback.
 */
export async function restore(ctx: Context, to: number, o: CallOptions): Promise<RollbackReport> {
  const { pipeline } = ctx.settings;
  const { capabilities, name } = ctx.adapter;
  const where = { pipeline, release: to };
  if (!capabilities.timeTravel) {
    const alternative = "a higher `keep`, or a new run from the start";
    const message = `${name} cannot read tables as they were, so release ${to} cannot be restored; use ${alternative}`;
    throw new CutoverError("UNSUPPORTED", message, { capability: "time travel", alternative, ...where });
  }
  let from = 0;
  const report: RunReport = await settling(ctx, o, (seen) =>
    opened(ctx, "rollback", o, async (w, held, release) => {
      seen(release, held.fence);
      from = held.state.live;
      return w.stage("rollback", () => restored(w, held, release, to));
    }),
  );
  const tables = Object.entries(report.tables).flatMap(([alias, t]) => (t === undefined ? [] : [[alias, t] as const]));
  return { from, to, tables: Object.fromEntries(tables), warnings: report.warnings };
}

async function restored(w: Work, held: Held, release: number, to: number): Promise<RunReport> {
  const past = await history(w, to).catch((e: unknown) => {
    held.giveBack();
    throw e;
  });
  const [found] = (await findTables(w, held.state, [past.alias])) as readonly [Found];
  const live = await w.describe(found.ref);
  if (live === null) {
    held.giveBack();
    throw unrestorable(w, to, `the table ${found.alias} is gone`);
  }
  const made = await openCandidate(held, release, [found], { built: [], fromStart: false });
  const [{ ref }] = made as readonly [Made];
  try {
    await w.run({ kind: "restore", live, to: ref, before: past.before }, found.alias);
    await requireContents(w, ref.path, found, past.is, to);
    const open = held.state.open.find((r) => r.release === release);
    if (open === undefined) throw new Error("the release was just opened");
    const p = progressOf(w, held.state, open);
    const restoring = { ...p, unchecked: true, tables: p.tables.map((t) => ({ ...t, watermark: past.is.watermark })) };
    const hold = `release ${to} was restored as release ${release}`;
    return await swapNow(w, held, restoring, { note: `restores release ${to}`, hold });
  } catch (e) {
    // What may have been decided is carried on by whoever comes next.
    const settled = !isUnknown(e) && held.state.pending === null && held.state.open.some((r) => r.release === release);
    if (settled) await abandon(w, held, release, made, "the past could not be restored");
    throw e;
  }
}

interface Past {
  readonly alias: string;
  /** What the table was. */
  readonly is: TableState;
  /** By which the engine finds it. */
  readonly before: string;
}
/** Where in the engine's history the table was as a release had left it: before the next release in place. */
async function history(w: Work, to: number): Promise<Past> {
  const { rows } = await w.run({
    kind: "findEvents",
    journal: w.names.journal,
    pipeline: w.ctx.settings.pipeline,
    events: ["published", "rolled-back", "redone"],
    payload: null,
    release: null,
    limit: null,
  });
  const events = readEvents(rows, w.names.database);
  const at = events.findIndex((e) => e.event === "published" && e.release === to);
  const event = events[at];
  if (event?.event !== "published") throw unrestorable(w, to, "the journal knows no such release");
  const since = events.slice(at + 1);
  if (since.some(swaps)) throw unrestorable(w, to, "the table changed places with another since, whose history is not its own");
  const state = afterPublish(event.payload, event.release, event.at);
  const touched = [...new Set(since.flatMap((e) => (e.event === "published" ? Object.keys(e.payload.tables) : [])))];
  const [id] = touched;
  const is = id === undefined ? undefined : state.tables[id];
  if (id === undefined || is === undefined || touched.length !== 1)
    throw unrestorable(w, to, touched.length > 1 ? "more than one table changed since" : "the table was not there");
  const next = since.find((e) => e.event === "published" && e.payload.tables[id] !== undefined);
  const table = next?.event === "published" ? next.payload.tables[id] : undefined;
  const before =
    next?.event === "published" && table?.tally != null ? next.payload.facts[table.tally]?.[0]?.["before"] : undefined;
  if (table === undefined || typeof before !== "string")
    throw unrestorable(w, to, "the release after it left no mark in the engine's history");
  return { alias: table.alias, is, before };
}

const swaps = (e: LedgerEvent): boolean =>
  e.event === "published"
    ? e.payload.strategy === "swap"
    : (e.event === "rolled-back" || e.event === "redone") && Object.keys(e.payload.displaced).length > 0;

async function requireContents(w: Work, path: readonly string[], found: Found, is: TableState, to: number): Promise<void> {
  const copy = await w.describe({ path });
  if (copy === null) throw unrestorable(w, to, "the engine made no copy");
  const { step } = unchanged("restored", copy, is, w.ctx.adapter.syntax.hashVersion);
  const { ok, rows } = await w.run(step, found.alias);
  if (ok) return;
  const there = { rows: Number(rows[0]?.["rows"]), checksum: `${is.hash}:${String(rows[0]?.["sum"] ?? "")}` };
  const message = `${found.alias}: what the engine's history holds is not what release ${to} had left; nothing was changed`;
  const where = { pipeline: w.ctx.settings.pipeline, release: to, table: found.alias };
  throw new CutoverError("DRIFTED", message, { expected: tallyOf(is), found: there, ...where });
}

function unrestorable(w: Work, to: number, why: string): CutoverError<"NOT_FOUND"> {
  const { pipeline } = w.ctx.settings;
  const message = `release ${to} of ${pipeline} cannot be restored from the engine's history: ${why}`;
  return new CutoverError("NOT_FOUND", message, { what: "release", name: String(to), pipeline });
}
