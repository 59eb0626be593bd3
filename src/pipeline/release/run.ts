import type { TableRef } from "../../adapter/shapes.js";
import { asRecorded } from "../../check/planned.js";
import { isCutoverError } from "../../errors/index.js";
import type { Source } from "../../source/source.js";
import { runByCandidate } from "../candidate/candidate.js";
import type { Context } from "../context.js";
import { claimTables } from "../lease/claims.js";
import type { Held } from "../lease/held.js";
import { leased } from "../lease/lease.js";
import { type AnyFeed, openFeed } from "../load/feed.js";
import { madeFor, type Staged, stagedTables, stageTable } from "../load/load.js";
import { findTables, requireBaseline, withOwnColumn } from "../load/tables.js";
import { checkExtent, type Extent } from "../load/window.js";
import type { RunReport } from "../look/reports.js";
import type { Work } from "../session/work.js";
import { noteRefused } from "./check-results.js";
import { alreadyPublished, nothingToDo, published, refuseHeld, requireTransactions, settling } from "./outcome.js";
import { type Acks, makeAcks } from "./pending.js";
import { type PublishOptions, publishInPlace } from "./publish.js";
import { checkRunOptions, type RunOptions } from "./run-options.js";

/** One call: load, validate, publish, from the last watermark; safe to repeat. */
export async function run(ctx: Context, feed: AnyFeed, o: RunOptions = {}): Promise<RunReport> {
  checkRunOptions(o);
  checkExtent(ctx.tables, o);
  if (o.strategy === "swap") return runByCandidate(ctx, feed, o);
  requireTransactions(ctx);
  const acks = makeAcks();
  const report = await settling(ctx, o, (seen) =>
    leased(ctx, "load", o, 1, async (w, held) => {
      const release = held.release as number;
      w.release = release;
      seen(release, held.fence);
      const done = await alreadyPublished(w, held, o.idempotencyKey);
      if (done !== null) return done;
      refuseHeld(w, held);
      const staged: Staged[] = [];
      const drop: TableRef[] = [];
      try {
        await w.stage("load", () => stageFeed(w, held, feed, { release, extent: o, staged, drop, acks }));
        const result =
          staged.length === 0
            ? null
            : await w.stage("publish", () => publishInPlace(w, held, staged, release, { ...o, described: "now" }, "commit"));
        if (result !== null) return await published(w, held, held.state, result, staged.flatMap(madeFor));
        held.giveBack();
        for (const ref of drop) await w.run({ kind: "drop", ref });
        return nothingToDo(w, held, "in-place");
      } catch (e) {
        await failed(w, held, release, e, drop, o);
        throw e;
      }
    }),
  );
  return acks.tell(ctx, o, report);
}

interface Staging {
  readonly release: number;
  readonly extent: Extent;
  /** What was staged, and what must be dropped in the end. */
  readonly staged: Staged[];
  readonly drop: TableRef[];
  readonly acks: Acks;
}
/** Stages every table that the feed has a source for. */
export async function stageFeed(
  w: Work,
  held: Held,
  feed: AnyFeed,
  { release, extent, staged, drop, acks }: Staging,
): Promise<void> {
  const sources = await openFeed(w, feed, held.state, release, false, extent);
  const tables = await findTables(
    w,
    held.state,
    sources.map(([alias]) => alias),
  );
  await claimTables(w, held, tables);
  await requireBaseline(w, tables);
  for (const found of tables) {
    const source = sources.find(([alias]) => alias === found.alias)?.[1] as Source;
    drop.push(...stagedTables(w, found.id, release, 1));
    acks.add(found, source, held.state.positions?.[found.id] ?? null);
    const one = await stageTable(w, await withOwnColumn(w, found), { source, release, before: null, extent });
    if (one === null) continue;
    staged.push(one);
    acks.staged(one);
  }
}

/** A failed run leaves a record when its rows were judged, and no staged rows. Its own error is the one that counts. */
export async function failed(
  w: Work,
  held: Held,
  release: number,
  e: unknown,
  drop: readonly TableRef[],
  o: PublishOptions,
): Promise<void> {
  if (isCutoverError(e, "ADAPTER") && e.context.outcome === "unknown") return;
  const calm = w.calm();
  try {
    if (isCutoverError(e, "CHECKS_FAILED")) {
      const reason = e.context.checks
        .filter((c) => c.outcome === "fail")
        .map((c) => `${c.table} ${c.check}`)
        .join(", ");
      const checks = asRecorded(e.context.checks);
      const payload = { strategy: "in-place" as const, reason, checks, ...(o.note === undefined ? {} : { note: o.note }) };
      await held.append("rejected", release, payload, calm);
      await noteRefused(calm, release, checks);
    } else held.giveBack();
  } catch (err) {
    w.ctx.log.warn({ err, pipeline: w.ctx.settings.pipeline }, "a failed run could not be recorded");
  }
  try {
    for (const ref of drop) await calm.run({ kind: "drop", ref });
  } catch (err) {
    w.ctx.log.warn({ err, pipeline: w.ctx.settings.pipeline }, "cleaning up after a failed run failed; recovery does it");
  }
}
