import { type ColumnShape, stored, type TableRef, type TableShape } from "../../adapter/shapes.js";
import { CutoverError } from "../../errors/index.js";
import { besideLive } from "../../ledger/names.js";
import type { State } from "../../ledger/state.js";
import { findColumn } from "../../table/resolve.js";
import { configError } from "../config.js";
import { type Context, thisProcess } from "../context.js";
import { claimTables } from "../lease/claims.js";
import type { Held } from "../lease/held.js";
import { stagedTables } from "../load/load.js";
import { definitionOf, type Found, findTables, madeShapes, requireBaseline, requireLive } from "../load/tables.js";
import { graceFrom } from "../recovery/leftovers.js";
import type { Progress, TableProgress } from "../release/progress.js";
import { opened } from "../release/steps.js";
import type { CallOptions, Work } from "../session/work.js";
import { refuseMix } from "./sets.js";

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

/** A table of a candidate that is about to be made, or was just made. */
export interface Made {
  readonly found: Found;
  readonly ref: TableRef;
  readonly fromStart: boolean;
}
/** A candidate that was just opened. */
export interface Opened extends Pick<Work, "stages" | "warnings"> {
  readonly id: number;
  readonly tables: readonly Made[];
}

/** Opens a release for a candidate and makes its tables. */
export async function openProgress(ctx: Context, aliases: readonly string[], o: CallOptions, from: From): Promise<Opened> {
  refuseEngine(ctx, aliases, from);
  return opened(ctx, "clone", o, async (w, held, release) => {
    const tables = await makeCandidate(w, held, release, aliases, from);
    return { id: release, tables, stages: w.stages, warnings: w.warnings };
  });
}

/** A candidate of tables as they are now, under the lease of its release. */
export async function makeCandidate(
  w: Work,
  held: Held,
  release: number,
  aliases: readonly string[],
  from: From,
): Promise<readonly Made[]> {
  let tables: readonly Found[];
  try {
    tables = await findTables(w, held.state, aliases);
    for (const found of tables) requireOriginal(w, found, from, held.state);
    await claimTables(w, held, tables);
    await requireBaseline(w, tables);
  } catch (e) {
    held.giveBack();
    throw e;
  }
  const fresh = (found: Found): boolean => found.live === null || (from === "if-new" && anew(w, found));
  const built = tables.filter((found) => from === "start" || fresh(found));
  const made = await openCandidate(held, release, tables, { built, fromStart: from === "start" });
  try {
    await w.stage("clone", () => makeTables(w, held, made));
  } catch (e) {
    await abandon(w, held, release, made, "the candidate could not be made");
    throw e;
  }
  return made;
}

/** A run that replaces a table begins with an empty one, unless rows keep what their load does not give. */
function anew(w: Work, { definition: d, live }: Found): boolean {
  if (d.mode !== "replace") return false;
  const declared = (c: ColumnShape): boolean =>
    findColumn(d.columns ?? [], c.name, w.ctx.adapter.capabilities.identifiers) !== undefined;
  return d.key.length === 0 || (d.columns !== null && stored(live?.columns ?? []).every(declared));
}

/** Makes the tables of a candidate, anew where they are there. */
export async function makeTables(w: Work, held: Held, tables: readonly Made[]): Promise<void> {
  for (const t of tables) await makeTable(w, held, t);
}

/** Refuses to clone what is not there. */
export function requireOriginal(w: Work, found: Found, from: From, state: State): void {
  const { alias, live } = found;
  if (from === "if-new") requireLive(w, found, state.tables[found.id] ?? null);
  if (live !== null || from !== "live") return;
  const message = `table ${alias} does not exist, so there is nothing to clone; use rebuild(), or run() once`;
  throw new CutoverError("NOT_FOUND", message, { what: "table", name: alias, table: alias });
}

/** Records that a release has a candidate, before its tables are made: what is recorded is tidied up. */
export async function openCandidate(
  held: Held,
  release: number,
  tables: readonly Found[],
  { built, fromStart }: { readonly built: readonly Found[]; readonly fromStart: boolean },
): Promise<readonly Made[]> {
  const made = tables.map((found) => ({
    found,
    ref: besideLive(found.ref.path, "candidate", release),
    fromStart: built.includes(found),
  }));
  await held.append("opened", release, {
    release,
    strategy: "swap",
    state: "open",
    at: held.now,
    process: thisProcess,
    clonedFrom: held.state.live,
    tables: tables.map((found) => found.alias),
    candidates: Object.fromEntries(made.map(({ found, ref }) => [found.id, [...ref.path]])),
    paths: Object.fromEntries(tables.map((found) => [found.id, [...found.ref.path]])),
    built: built.map((found) => found.id),
    fromStart,
    until: graceFrom(held.now),
  });
  return made;
}

/** What was staged for a candidate, and the images that its loads made; some may not exist. */
export const stagedFor = (w: Work, p: Progress): readonly TableRef[] =>
  p.tables.flatMap(({ found, loads }) => [...stagedTables(w, found.id, p.id, loads.length + 1), w.names.scratch(found.id, p.id)]);

/** A table of a candidate, as it is now. */
export async function candidateShape(w: Work, p: Pick<Progress, "id">, t: Pick<TableProgress, "ref">): Promise<TableShape> {
  const candidate = await w.describe(t.ref);
  if (candidate !== null) return candidate;
  const name = t.ref.path.join(".");
  throw new CutoverError("NOT_FOUND", `the candidate of release ${p.id} is gone`, { what: "table", name, release: p.id });
}

/** A candidate that could not be made is closed at once; where even that fails, recovery does it. */
export async function abandon(w: Work, held: Held, release: number, tables: readonly Made[], reason: string): Promise<void> {
  try {
    await held.append("abandoned", release, { strategy: "swap", reason }, w.calm());
    for (const { ref } of tables) await w.calm().run({ kind: "drop", ref });
  } catch (err) {
    w.ctx.log.warn({ err, release }, "a candidate that failed could not be dropped; recovery does it");
  }
}

async function makeTable(w: Work, held: Held, { found, ref, fromStart: empty }: Made): Promise<void> {
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
