import { stored, type TableRef, type TableShape } from "../adapter/shapes.js";
import { CutoverError } from "../errors/index.js";
import { besideLive } from "../ledger/names.js";
import type { SourceTotals } from "../source/source.js";
import { claimTables } from "./claims.js";
import { type Context, thisProcess } from "./context.js";
import type { Held } from "./held.js";
import { graceFrom } from "./leftovers.js";
import { alreadyPublished, refuseHeld } from "./outcome.js";
import { noCounts } from "./report.js";
import type { RunReport, StageReport, TableCounts, Warning } from "./reports.js";
import { opened, type Steps } from "./steps.js";
import { declaredShapes, type Found, findTables, requireBaseline, requireLive } from "./tables.js";
import type { CallOptions, Work } from "./work.js";

/** What a candidate has come to: kept in this process; the journal knows that it is open. */
export interface Progress extends Steps {
  readonly found: Found;
  readonly ref: TableRef;
  readonly fromStart: boolean;
  readonly clonedFrom: number;
  /** It was checked when it was live first: a check that compares with live has no say. */
  readonly unchecked: boolean;
  counts: TableCounts;
  staged: number;
  loads: number;
  watermark: string | null;
  /** What the last load that brought rows had staged, and which of two sets of tables holds it: a load that fails or brings nothing leaves it whole. */
  raw: TableRef | null;
  generation: number;
  generations: number;
  totals: SourceTotals | null;
  /** What the steps so far did and warned of, for the report of a whole run. */
  readonly stages: StageReport[];
  readonly warnings: Warning[];
}

/** `if-new`: built anew only where there is nothing to clone. */
export type From = "live" | "start" | "if-new";

/** The table of a candidate. */
export function oneTable(ctx: Context, tables: readonly string[] | undefined): string {
  const aliases = tables ?? Object.keys(ctx.tables);
  const { pipeline } = ctx.settings;
  if (aliases.length === 1 && aliases[0] !== undefined) return aliases[0];
  const message = `a candidate holds one table, not ${aliases.length}: name it, as in clone({ tables: [${JSON.stringify(aliases[0] ?? "orders")}] }), or publish several tables in place`;
  throw new CutoverError("UNSUPPORTED", message, {
    capability: "candidates of several tables",
    alternative: "one candidate for each table, or a release in place",
    pipeline,
  });
}

function refuseEngine(ctx: Context, alias: string, from: From): void {
  const { capabilities, name } = ctx.adapter;
  const where = { pipeline: ctx.settings.pipeline, table: alias };
  const refuse = (capability: string, alternative: string): never => {
    throw new CutoverError("UNSUPPORTED", `${name} has no ${capability}; use ${alternative}`, {
      capability,
      alternative,
      ...where,
    });
  };
  const instead = capabilities.transaction === "none" ? "an engine with transactions" : "a release in place";
  if (capabilities.swap === "none") refuse("swap", instead);
  if (capabilities.clone === "none" && from !== "start") refuse("clone", "rebuild()");
  const apart = ctx.adapter.steps.mark !== undefined && ctx.adapter.steps.rename !== undefined;
  if (!capabilities.transactionalDdl && !apart) refuse("transactional DDL", instead);
}

/** Opens a release for a candidate and makes its table; a key that is already published returns its report instead. */
export async function openProgress(
  ctx: Context,
  alias: string,
  o: CallOptions,
  from: From,
  key: string | undefined,
): Promise<Progress | RunReport> {
  refuseEngine(ctx, alias, from);
  return opened(ctx, "clone", o, async (w, held, release): Promise<Progress | RunReport> => {
    const done = await alreadyPublished(w, held, key);
    if (done !== null) return done;
    if (from === "if-new") refuseHeld(w, held);
    const found = (await findTables(w, held.state, [alias]))[0] as Found;
    const fromStart = from === "start" || (from === "if-new" && found.live === null);
    if (from === "if-new") requireLive(w, found, held.state.tables[found.id] ?? null);
    if (found.live === null && !fromStart) {
      held.giveBack();
      const message = `table ${alias} does not exist, so there is nothing to clone; use rebuild(), or run() once`;
      throw new CutoverError("NOT_FOUND", message, { what: "table", name: alias, table: alias });
    }
    try {
      await claimTables(w, held, [found]);
      await requireBaseline(w, [found]);
    } catch (e) {
      held.giveBack();
      throw e;
    }
    const { ref, clonedFrom } = await openCandidate(held, release, found);
    try {
      await w.stage("clone", () => makeCandidate(w, held, found, ref, fromStart));
    } catch (e) {
      await abandon(w, held, release, ref, "the candidate could not be made");
      throw e;
    }
    const watermark = fromStart ? null : (found.state?.watermark ?? null);
    return makeProgress(w, { release, found, ref, fromStart, clonedFrom, watermark });
  });
}

/** Records that a release has a candidate, before its table is made: what is recorded is tidied up. */
export async function openCandidate(
  held: Held,
  release: number,
  found: Found,
): Promise<{ readonly ref: TableRef; readonly clonedFrom: number }> {
  const ref = besideLive(found.ref.path, "candidate", release);
  const clonedFrom = held.state.live;
  await held.append("opened", release, {
    release,
    strategy: "swap",
    state: "open",
    at: held.now,
    process: thisProcess,
    clonedFrom,
    tables: [found.alias],
    candidates: { [found.id]: [...ref.path] },
    until: graceFrom(held.now),
  });
  return { ref, clonedFrom };
}

interface Made {
  readonly release: number;
  readonly found: Found;
  readonly ref: TableRef;
  readonly fromStart: boolean;
  readonly clonedFrom: number;
  readonly watermark: string | null;
}
/** A candidate whose table has just been made. */
export const makeProgress = (w: Work, { release, ...made }: Made): Progress => ({
  ...made,
  id: release,
  state: "open",
  unchecked: false,
  counts: noCounts,
  staged: 0,
  loads: 0,
  raw: null,
  generation: 0,
  generations: 1,
  totals: null,
  stages: w.stages,
  warnings: w.warnings,
});

/** The table of a candidate, as it is now. */
export async function candidateShape(w: Work, p: Progress): Promise<TableShape> {
  const candidate = await w.describe(p.ref);
  if (candidate !== null) return candidate;
  const name = p.ref.path.join(".");
  throw new CutoverError("NOT_FOUND", `the candidate of release ${p.id} is gone`, { what: "table", name, release: p.id });
}

/** A candidate that could not be made is closed at once; where even that fails, recovery does it. */
export async function abandon(w: Work, held: Held, release: number, ref: TableRef, reason: string): Promise<void> {
  try {
    await held.append("abandoned", release, { strategy: "swap", reason }, w.calm());
    await w.calm().run({ kind: "drop", ref });
  } catch (err) {
    w.ctx.log.warn({ err, release }, "a candidate that failed could not be dropped; recovery does it");
  }
}

async function makeCandidate(w: Work, held: Held, found: Found, ref: TableRef, empty: boolean): Promise<void> {
  const { definition, alias } = found;
  const { adapter } = w.ctx;
  const live = found.live === null ? null : await w.describe(found.ref);
  await w.run({ kind: "drop", ref }, alias);
  if (live !== null && adapter.capabilities.clone === "none") {
    const message = `${alias}: ${adapter.name} clones no tables, so the new one has the columns of live and their types, and nothing else that live bears (defaults, indexes, comments)`;
    w.warnings.push({ code: "PLAIN_TABLE", message });
    await w.run({ kind: "create", ref, columns: stored(live.columns), ifNotExists: false, scratch: false }, alias);
    return;
  }
  if (live !== null) {
    const plan = {
      name: "clone",
      atomic: true,
      steps: [{ id: `${alias}.clone`, step: { kind: "clone" as const, from: live, to: ref, depth: 0, empty } }],
    };
    if (adapter.capabilities.transactionalDdl) await held.during((limit) => w.block(plan, "commit", limit));
    else for (const s of plan.steps) await w.run(s.step, alias);
    return;
  }
  if (definition.columns === null)
    throw new CutoverError("NOT_FOUND", `table ${alias} does not exist and declares no columns, so it cannot be built`, {
      what: "table",
      name: alias,
      table: alias,
    });
  await w.run(
    { kind: "create", ref, columns: declaredShapes(w.ctx, definition.columns, definition), ifNotExists: false, scratch: false },
    alias,
  );
}
