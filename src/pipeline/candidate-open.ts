import { type ColumnShape, stored, type TableRef, type TableShape } from "../adapter/shapes.js";
import { CutoverError } from "../errors/index.js";
import { besideLive } from "../ledger/names.js";
import type { SourceTotals } from "../source/source.js";
import { findColumn } from "../table/resolve.js";
import { claimTables } from "./claims.js";
import { configError } from "./config.js";
import { type Context, thisProcess } from "./context.js";
import type { Held } from "./held.js";
import { graceFrom } from "./leftovers.js";
import { stagedTables } from "./load.js";
import { noCounts } from "./report.js";
import type { StageReport, TableCounts, Warning } from "./reports.js";
import { refuseMix } from "./sets.js";
import { opened, type Steps } from "./steps.js";
import { definitionOf, type Found, findTables, madeShapes, requireBaseline, requireLive } from "./tables.js";
import type { CallOptions, Work } from "./work.js";

/** What one table of a candidate has come to. */
export interface TableProgress {
  readonly found: Found;
  readonly ref: TableRef;
  readonly fromStart: boolean;
  counts: TableCounts;
  staged: number;
  /** Loads that brought rows for it: each has staged tables of its own, so one that fails leaves the others whole. */
  loads: number;
  watermark: string | null;
  /** What the last of those loads had staged. */
  raw: TableRef | null;
  totals: SourceTotals | null;
}
/** What a candidate has come to: kept in this process; the journal knows that it is open. */
export interface Progress extends Steps {
  readonly tables: readonly TableProgress[];
  /** Built from nothing, so its sources are read from the start. */
  readonly fromStart: boolean;
  readonly clonedFrom: number;
  /** It was checked when it was live first: a check that compares with live has no say. */
  readonly unchecked: boolean;
  /** What the steps so far did and warned of, for the report of a whole run. */
  readonly stages: StageReport[];
  readonly warnings: Warning[];
}

/** `if-new`: built anew only where there is nothing to clone. */
export type From = "live" | "start" | "if-new";

/** The tables of a candidate: those named, or all of the pipeline. */
export function candidateTables(ctx: Context, tables: readonly string[] | undefined): readonly string[] {
  const aliases = tables ?? Object.keys(ctx.tables);
  if (aliases.length === 0) throw configError([{ path: "tables", message: "name at least one table" }]);
  const twice = aliases.find((alias, i) => aliases.indexOf(alias) < i);
  if (twice !== undefined) throw configError([{ path: "tables", message: `${twice} is named twice` }]);
  for (const alias of aliases) definitionOf(ctx, alias);
  refuseMix(ctx, "a candidate", aliases, 'one candidate for each table (clone({ tables: ["…"] })), or a release in place');
  return aliases;
}

export function refuseEngine(ctx: Context, aliases: readonly string[], from: From): void {
  const { capabilities, name } = ctx.adapter;
  const where = { pipeline: ctx.settings.pipeline, table: aliases[0] };
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

/** Opens a release for a candidate and makes its tables. */
export async function openProgress(ctx: Context, aliases: readonly string[], o: CallOptions, from: From): Promise<Progress> {
  refuseEngine(ctx, aliases, from);
  return opened(ctx, "clone", o, (w, held, release) => makeCandidate(w, held, release, aliases, from));
}

/** A candidate of tables as they are now, under the lease of its release. */
export async function makeCandidate(
  w: Work,
  held: Held,
  release: number,
  aliases: readonly string[],
  from: From,
): Promise<Progress> {
  let tables: readonly Found[];
  try {
    tables = await findTables(w, held.state, aliases);
    for (const found of tables) requireOriginal(w, held, found, from);
    await claimTables(w, held, tables);
    await requireBaseline(w, tables);
  } catch (e) {
    held.giveBack();
    throw e;
  }
  const { refs, clonedFrom } = await openCandidate(held, release, tables);
  const progress = makeProgress(w, {
    release,
    clonedFrom,
    fromStart: from === "start",
    tables: tables.map((found, i) =>
      newTable(found, refs[i] as TableRef, from === "start" || found.live === null || (from === "if-new" && anew(w, found))),
    ),
  });
  try {
    await w.stage("clone", async () => {
      for (const t of progress.tables) await makeTable(w, held, t);
    });
  } catch (e) {
    await abandon(w, held, release, refs, "the candidate could not be made");
    throw e;
  }
  return progress;
}

/** A run that replaces a table begins with an empty one, unless rows keep what their load does not give. */
function anew(w: Work, { definition: d, live }: Found): boolean {
  if (d.mode !== "replace") return false;
  const declared = (c: ColumnShape): boolean =>
    findColumn(d.columns ?? [], c.name, w.ctx.adapter.capabilities.identifiers) !== undefined;
  return d.key.length === 0 || (d.columns !== null && stored(live?.columns ?? []).every(declared));
}

function requireOriginal(w: Work, held: Held, found: Found, from: From): void {
  const { alias, live } = found;
  if (from === "if-new") requireLive(w, found, held.state.tables[found.id] ?? null);
  if (live !== null || from !== "live") return;
  const message = `table ${alias} does not exist, so there is nothing to clone; use rebuild(), or run() once`;
  throw new CutoverError("NOT_FOUND", message, { what: "table", name: alias, table: alias });
}

/** A table of a candidate to which nothing has been done yet. */
export const newTable = (found: Found, ref: TableRef, fromStart: boolean): TableProgress => ({
  found,
  ref,
  fromStart,
  counts: noCounts,
  staged: 0,
  loads: 0,
  watermark: fromStart ? null : (found.state?.watermark ?? null),
  raw: null,
  totals: null,
});

/** Records that a release has a candidate, before its tables are made: what is recorded is tidied up. */
export async function openCandidate(
  held: Held,
  release: number,
  tables: readonly Found[],
): Promise<{ readonly refs: readonly TableRef[]; readonly clonedFrom: number }> {
  const refs = tables.map((found) => besideLive(found.ref.path, "candidate", release));
  const clonedFrom = held.state.live;
  await held.append("opened", release, {
    release,
    strategy: "swap",
    state: "open",
    at: held.now,
    process: thisProcess,
    clonedFrom,
    tables: tables.map((found) => found.alias),
    candidates: Object.fromEntries(tables.map((found, i) => [found.id, [...(refs[i] as TableRef).path]])),
    until: graceFrom(held.now),
  });
  return { refs, clonedFrom };
}

/** A candidate whose tables are about to be made, or have been. */
export const makeProgress = (
  w: Work,
  { release, ...made }: Pick<Progress, "tables" | "fromStart" | "clonedFrom"> & { readonly release: number },
): Progress => ({
  ...made,
  id: release,
  state: "open",
  unchecked: false,
  stages: w.stages,
  warnings: w.warnings,
});

/** What was staged for a candidate, and the images that its loads made; some may not exist. */
export const stagedFor = (w: Work, p: Progress): readonly TableRef[] =>
  p.tables.flatMap(({ found, loads }) => [...stagedTables(w, found.id, p.id, loads + 1), w.names.scratch(found.id, p.id)]);

/** A table of a candidate, as it is now. */
export async function candidateShape(w: Work, p: Pick<Progress, "id">, t: Pick<TableProgress, "ref">): Promise<TableShape> {
  const candidate = await w.describe(t.ref);
  if (candidate !== null) return candidate;
  const name = t.ref.path.join(".");
  throw new CutoverError("NOT_FOUND", `the candidate of release ${p.id} is gone`, { what: "table", name, release: p.id });
}

/** A candidate that could not be made is closed at once; where even that fails, recovery does it. */
export async function abandon(w: Work, held: Held, release: number, refs: readonly TableRef[], reason: string): Promise<void> {
  try {
    await held.append("abandoned", release, { strategy: "swap", reason }, w.calm());
    for (const ref of refs) await w.calm().run({ kind: "drop", ref });
  } catch (err) {
    w.ctx.log.warn({ err, release }, "a candidate that failed could not be dropped; recovery does it");
  }
}

async function makeTable(w: Work, held: Held, { found, ref, fromStart: empty }: TableProgress): Promise<void> {
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
    { kind: "create", ref, columns: madeShapes(w.ctx, definition.columns, definition), ifNotExists: false, scratch: false },
    alias,
  );
}
