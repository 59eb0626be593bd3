import type { TableRef } from "../../adapter/shapes.js";
import { asRecorded } from "../../check/planned.js";
import { isCutoverError } from "../../errors/index.js";
import type { Done } from "../../ledger/progress.js";
import type { OpenRelease } from "../../ledger/state.js";
import { planInPlace } from "../../plan/in-place.js";
import { opOf } from "../../plan/release.js";
import type { Source } from "../../source/source.js";
import type { Tables } from "../../table/define.js";
import { type Context, thisProcess } from "../context.js";
import { claimTables } from "../lease/claims.js";
import type { Held } from "../lease/held.js";
import { type AnyFeed, type Feed, openFeed } from "../load/feed.js";
import { type Staged, stagedTables, stageTable } from "../load/load.js";
import { findTables, requireBaseline, withOwnColumn } from "../load/tables.js";
import { checkExtent, type Extent, type LoadOptions } from "../load/window.js";
import { asPlanText } from "../look/plan-text.js";
import { noCounts } from "../look/report.js";
import type { LoadReport, PlanText, RunReport, Validation } from "../look/reports.js";
import { cleanUp } from "../recovery/clean-up.js";
import { graceFrom } from "../recovery/leftovers.js";
import type { CallOptions, Work } from "../session/work.js";
import type { ReleaseState, Strategy } from "../words.js";
import { checkExpect, type ExpectOptions, requireApproved } from "./approved.js";
import { checkHold, type HoldOptions, holdRelease } from "./await.js";
import { noteRefused } from "./check-results.js";
import { jsRunner } from "./js-checks.js";
import { nothingToDo, published, refuseHeld, requireTransactions, settling } from "./outcome.js";
import { type Acks, makeAcks } from "./pending.js";
import { asBrought, stagedOf } from "./progress.js";
import { publishInPlace, releaseFacts, tableLoads } from "./publish.js";
import { checkReason } from "./run-options.js";
import { foundBy, isOpen, opened, publishing, recordRefusal, type Steps, step } from "./steps.js";
import { validation } from "./verdict.js";

/** A release by steps. Disposal (`await using`) abandons it unless it is settled or held. */
export interface Release<T extends Tables = Tables> extends AsyncDisposable {
  readonly strategy: Strategy;
  readonly id: number;
  readonly state: ReleaseState;
  /** Again: another load into the same release. Windows of one release follow each other without a gap. */
  load(feed: Feed<T>, o?: LoadOptions): Promise<LoadReport<T>>;
  /** In place: the publish block, rehearsed and rolled back. A failed check is a result, not an error. */
  validate(o?: CallOptions): Promise<Validation>;
  /** @throws CutoverError `CHECKS_FAILED`, `HELD`, `LEASE_HELD`, `STALE_CANDIDATE`, `STALE_APPROVAL`, `NOT_OPEN`. */
  publish(o?: ExpectOptions): Promise<RunReport<T>>;
  /**
   * Until then runs, recovery and disposal leave the release alone, and `resume` finds it from any process. Nothing is locked:
   * other releases go on. Once the time is over the release is abandoned. Again: counted from now.
   */
  hold(o: HoldOptions, c?: CallOptions): Promise<void>;
  /** `reason` is kept in the journal. */
  reject(reason?: string, o?: CallOptions): Promise<void>;
  /** After `load`: exactly what `publish` will run. */
  plan(o?: CallOptions): Promise<PlanText>;
}

export async function begin(ctx: Context, o: CallOptions = {}): Promise<Release> {
  requireTransactions(ctx);
  const id = await opened(ctx, "load", o, async (_w, held, release) => {
    await held.last("opened", release, {
      release,
      strategy: "in-place",
      state: "open",
      at: held.now,
      process: thisProcess,
      clonedFrom: held.state.live,
      tables: Object.keys(ctx.tables),
      candidates: {},
      until: graceFrom(held.now),
    });
    return release;
  });
  return makeRelease(ctx, { id, state: "open" });
}

/** A handle on an open release in place. */
export function makeRelease(ctx: Context, s: Steps): Release & { readonly strategy: "in-place" } {
  const { id } = s;
  const acks = makeAcks();
  const tried = new Set<string>();
  /** What was staged, and what a load that failed may have left. */
  const drop = (w: Work, open: OpenRelease): TableRef[] => {
    const loads = open.done.filter((d) => d.kind === "load").flatMap((d) => Object.values(d.tables));
    const last = Math.max(0, ...loads.map((t) => t.staged.generation + 1));
    return [...new Set([...loads.map((t) => t.id), ...tried])].flatMap((table) => stagedTables(w, table, id, last + 1));
  };
  const settle = (event: "rejected" | "abandoned", reason: string, o?: CallOptions): Promise<void> =>
    step(ctx, s, "load", o, async (w, held, open) => {
      if (event === "abandoned" && open.heldUntil !== undefined) return;
      await held.last(event, id, { strategy: "in-place", reason, ...foundBy(open) });
      s.state = event;
      if (event === "rejected") await noteRefused(w, id, foundBy(open).checks);
      for (const ref of drop(w, open)) await w.run({ kind: "drop", ref });
    });
  const publishNow = async (w: Work, held: Held, open: OpenRelease, expect: string | undefined): Promise<RunReport> => {
    refuseHeld(w, held);
    const staged = [...stagedOf(w, held.state, open).values()];
    await requireApproved(w, id, expect, () => rehearse(w, held, staged, id));
    const result = staged.length === 0 ? null : await w.stage("publish", () => publishInPlace(w, held, staged, id, {}, "commit"));
    if (result !== null) {
      s.state = "published";
      return published(w, held, held.state, result, drop(w, open));
    }
    await held.append("abandoned", id, { strategy: "in-place", reason: "nothing to do" });
    s.state = "abandoned";
    await cleanUp(w, held, held.state, held.state, drop(w, open));
    return nothingToDo(w, held, "in-place");
  };
  return {
    strategy: "in-place",
    id,
    get state() {
      return s.state;
    },
    load: async (feed, o = {}) => {
      checkExtent(ctx.tables, o);
      return step(ctx, s, "load", o, async (w, held, open) => {
        const staged = stagedOf(w, held.state, open);
        const more = new Map<string, Staged>();
        const report = await w.stage("load", () => load(w, held, feed as AnyFeed, o, { id, staged, more, tried, acks }));
        await held.last("loaded", id, { until: graceFrom(held.now), ...(more.size === 0 ? {} : { did: didLoad(more) }) });
        for (const one of more.values()) acks.staged(one);
        s.state = "loaded";
        return report;
      });
    },
    validate: (o) =>
      step(ctx, s, "validate", o, async (w, held, open) => {
        const staged = [...stagedOf(w, held.state, open).values()];
        const v = await w.stage("validate", () => rehearse(w, held, staged, id));
        await held.last("validated", id, { ok: v.ok, until: graceFrom(held.now), checks: asRecorded(v.checks) });
        s.state = v.ok ? "validated" : "loaded";
        return v;
      }),
    publish: async (o = {}) => {
      checkExpect(o);
      return publishing(
        s,
        settling(ctx, o, (seen) =>
          step(ctx, s, "publish", o, async (w, held, open) => {
            seen(id, held.fence);
            return publishNow(w, held, open, o.expect).catch(async (e: unknown) => {
              if (await recordRefusal(w, held, id, e)) s.state = "loaded";
              throw e;
            });
          }),
        ).then((report) => acks.tell(ctx, o, report)),
      );
    },
    hold: async (h, o) => {
      checkHold(h);
      await step(ctx, s, "load", o, (_w, held) => holdRelease(held, id, h));
    },
    reject: async (reason = "rejected", o) => {
      checkReason(reason);
      await settle("rejected", reason, o);
    },
    plan: (o) =>
      step(ctx, s, "load", o, async (w, held, open) => {
        const tables = await tableLoads(w, held, [...stagedOf(w, held.state, open).values()], new Set());
        const { plan } = planInPlace(tables, releaseFacts(w, held, id, {}), jsRunner(w));
        return asPlanText(w, [plan]);
      }),
    [Symbol.asyncDispose]: () => dispose(ctx, s, () => settle("abandoned", "disposed")),
  };
}

const didLoad = (more: ReadonlyMap<string, Staged>): Done => ({
  kind: "load",
  tables: Object.fromEntries(
    [...more].map(([alias, one]) => [
      alias,
      asBrought(one, { tally: opOf.tally(alias), counts: noCounts, watermark: one.watermark }),
    ]),
  ),
});

export async function dispose(ctx: Context, s: Steps, abandon: () => Promise<void>): Promise<void> {
  if (!isOpen(s.state) || ctx.closing.signal.aborted) return;
  try {
    await abandon();
  } catch (err) {
    // Leaving a block must not hide the error that led there; recovery closes the release.
    if (!isCutoverError(err, "NOT_OPEN"))
      ctx.log.warn({ err, release: s.id }, "a release could not be abandoned; recovery does it");
  }
}

interface Loading {
  readonly id: number;
  readonly staged: ReadonlyMap<string, Staged>;
  readonly more: Map<string, Staged>;
  readonly tried: Set<string>;
  readonly acks: Acks;
}
/** What it stages comes into `more`: of a load that fails halfway, nothing may count. */
async function load(
  w: Work,
  held: Held,
  feed: AnyFeed,
  extent: Extent,
  { id, staged, more, tried, acks }: Loading,
): Promise<LoadReport> {
  const sources = await openFeed(w, feed, held.state, id, false, extent);
  const tables = await findTables(
    w,
    held.state,
    sources.map(([alias]) => alias),
  );
  await claimTables(w, held, tables);
  await requireBaseline(w, tables);
  const report: Record<string, { rows: number; quarantined: number }> = {};
  for (const found of tables) {
    const source = sources.find(([alias]) => alias === found.alias)?.[1] as Source;
    tried.add(found.id);
    acks.add(found, source, held.state.positions?.[found.id] ?? null);
    const before = staged.get(found.alias) ?? null;
    const one = await stageTable(w, await withOwnColumn(w, found), { source, release: id, before, extent });
    if (one !== null) more.set(found.alias, one);
    const brought = (of: (s: Staged) => number): number => (one === null ? 0 : of(one) - (before === null ? 0 : of(before)));
    report[found.alias] = { rows: brought((s) => s.rawRows), quarantined: brought((s) => s.aside?.rows ?? 0) };
  }
  return { release: id, staged: report, warnings: w.warnings };
}

async function rehearse(w: Work, held: Held, staged: readonly Staged[], id: number): Promise<Validation> {
  try {
    const o = staged.length === 0 ? null : await publishInPlace(w, held, staged, id, {}, "rollback");
    return o === null ? { ok: true, digest: "", checks: [] } : validation(o);
  } catch (e) {
    if (!isCutoverError(e, "CHECKS_FAILED")) throw e;
    return { ok: false, digest: "", checks: e.context.checks };
  }
}
