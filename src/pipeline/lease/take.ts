import type { Step } from "../../adapter/steps.js";
import { isCutoverError } from "../../errors/index.js";
import { anchors, type LedgerEvent } from "../../ledger/events.js";
import { readEvents } from "../../ledger/fold.js";
import type { LedgerNames } from "../../ledger/names.js";
import type { Plan, PlannedStep } from "../../plan/compile.js";
import type { Row } from "../../sql/sql.js";
import { formatTimestamp } from "../../table/canonical.js";
import { thisProcess } from "../context.js";
import { beatOn, type Work } from "../session/work.js";

/** What taking the lease told. */
export interface Taken {
  readonly fence: bigint;
  readonly events: readonly LedgerEvent[];
  /** The release number taken; null where none was asked for. */
  readonly release: number | null;
  /** The owner before had not given it up. */
  readonly tookOver: boolean;
  /** ISO text: the warehouse's clock when the lease was taken. */
  readonly now: string;
}
/** Somebody has it: the lease as it stands. */
export interface Refused {
  readonly row: Row;
}
export interface TakeOptions {
  readonly pipeline: string;
  /** No other attempt has this name: a lease under it was taken by a statement whose answer was lost, and may be taken again. */
  readonly owner: string;
  readonly releases: 0 | 1;
  readonly instead: bigint | null;
}

/** How long those who do not wait for another owner try again where engines take two writers of one row for a conflict. */
const PATIENCE_MS = 2000;

/** Takes the lease of a pipeline, and reads its state as its owner. */
export async function takeLease(w: Work, names: LedgerNames, o: TakeOptions): Promise<Taken | Refused> {
  const { settings, adapter } = w.ctx;
  const taking = {
    kind: "lease" as const,
    lease: names.lease,
    owner: o.owner,
    process: thisProcess,
    deadProcess: adapter.capabilities.exclusiveProcess,
    ttlMs: settings.ttlMs,
    releases: o.releases,
    instead: o.instead,
  };
  const { ok, rows } = await (adapter.capabilities.transaction === "script" ? inOneCall : inTurn)(w, names, o, taking);
  const row = rows[0] ?? {};
  if (!ok)
    return row["owner"] === o.owner ? takeLease(w, names, { ...o, instead: BigInt(row["lease_fence"] as bigint) }) : { row };
  const fence = BigInt(row["lease_fence"] as bigint);
  try {
    return {
      fence,
      events: eventsOf(rows, w.names.database),
      release: o.releases === 0 ? null : Number(row["releases"]),
      tookOver: row["left_by"] !== null,
      now: formatTimestamp(row["now"] as bigint),
    };
  } catch (e) {
    // A lease that cannot be worked with must not keep others out.
    await giveUp(w, names, fence, o.releases);
    throw e;
  }
}

type Taking = Step<"lease">;
interface Asked {
  readonly ok: boolean;
  readonly rows: readonly Row[];
}
const patience = (w: Work): number => Math.max(w.ctx.settings.waitMs, PATIENCE_MS);

/** One statement that commits by itself, and a query. */
async function inTurn(w: Work, names: LedgerNames, o: TakeOptions, taking: Taking): Promise<Asked> {
  const { ok } = await w.patiently(patience(w), () => w.run(taking));
  try {
    return { ok, rows: await readState(w, names, o.pipeline) };
  } catch (e) {
    if (ok) await giveUpUnread(w, names, o);
    throw e;
  }
}

/** Where a call is a job of a second or more: both in one block, which commits whether the lease was to be had or not. */
async function inOneCall(w: Work, names: LedgerNames, o: TakeOptions, taking: Taking): Promise<Asked> {
  const steps: PlannedStep[] = [
    { id: "lease", step: taking, judges: "later" },
    { id: "state", step: stateStep(names, o.pipeline) },
  ];
  const plan: Plan = { name: "lease", atomic: true, steps, ledger: true };
  const { results } = await w.block(plan, "commit", w.ctx.settings.ttlMs, patience(w));
  return { ok: results.get("lease")?.affected === 1, rows: results.get("state")?.rows ?? [] };
}

/** The lease and the journal of a pipeline: a row for each event, and one without an event where there is none. */
export const readState = async (w: Work, names: LedgerNames, pipeline: string): Promise<readonly Row[]> =>
  (await w.run(stateStep(names, pipeline))).rows;

const stateStep = (names: LedgerNames, pipeline: string): Step<"readState"> => ({
  kind: "readState",
  lease: names.lease,
  journal: names.journal,
  pipeline,
  anchors,
});

export const eventsOf = (rows: readonly Row[], database: string): readonly LedgerEvent[] =>
  readEvents(
    rows.filter((r) => r["event"] !== null),
    database,
  );

/** How long another session may take to give a lease up, in milliseconds. */
const LONGEST_MS = 30_000;

/**
 * Gives a lease up, also after an abort. The session may be gone; the lease is not, and would keep everybody waiting: then
 * another session does it, where there can be one. A release number is not given back twice.
 */
export async function giveUp(w: Work, names: LedgerNames, fence: bigint, releases: 0 | 1): Promise<void> {
  const free = { kind: "free", lease: names.lease, fence, releases } as const;
  await ended(w, async (on, again) => void (await on.run(again ? { ...free, releases: 0 } : free)));
}

/** A lease whose fence was never read. */
async function giveUpUnread(w: Work, names: LedgerNames, o: TakeOptions): Promise<void> {
  await ended(w, async (on) => {
    const row = (await on.run({ kind: "readLease", lease: names.lease })).rows[0] ?? {};
    if (row["owner"] !== o.owner) return;
    await on.run({ kind: "free", lease: names.lease, fence: BigInt(row["fence"] as bigint), releases: o.releases });
  });
}

/** Lets a lease that was taken over run out, as its owner left it: the next one tidies up. */
export const letRunOut = (w: Work, names: LedgerNames, fence: bigint): Promise<void> =>
  ended(w, async (on) => void (await on.run({ kind: "renew", lease: names.lease, fence, ttlMs: 0 })));

async function ended(w: Work, body: (on: Work, again: boolean) => Promise<void>): Promise<void> {
  const { ctx } = w;
  try {
    await body(w.calm(), false).catch((e: unknown) => {
      if (!ctx.adapter.capabilities.concurrentSessions) throw e;
      return beatOn(ctx, AbortSignal.timeout(LONGEST_MS), (on) => body(on, true));
    });
  } catch (err) {
    if (isCutoverError(err, "ADAPTER") && err.context.kind === "missing-object") return;
    ctx.log.warn({ err, pipeline: ctx.settings.pipeline }, "a lease was not given up; it expires by itself");
  }
}
