import type { TableRef } from "../../adapter/shapes.js";
import { CutoverError } from "../../errors/index.js";
import type { BroughtTo, Done } from "../../ledger/progress.js";
import type { OpenRelease, State } from "../../ledger/state.js";
import type { Staged } from "../load/load.js";
import { definitionOf, type Found, keyOf } from "../load/tables.js";
import type { TableCounts } from "../look/reports.js";
import type { Work } from "../session/work.js";

/** What one table of a candidate has come to. */
export interface TableProgress {
  readonly found: Found;
  /** The candidate's table. */
  readonly ref: TableRef;
  readonly fromStart: boolean;
  /** Loads that brought rows for it, oldest first: each has staged tables of its own, so one that fails leaves the others whole. */
  readonly loads: readonly BroughtTo[];
  readonly watermark: string | null;
}
/** What a candidate has come to, by the journal: every step reads it anew, in whatever process. */
export interface Progress {
  readonly id: number;
  readonly tables: readonly TableProgress[];
  /** Built from nothing as a whole, so its sources are read from the start. */
  readonly fromStart: boolean;
  readonly clonedFrom: number;
  /** It was checked when it was live first: a check that compares with live has no say. */
  readonly unchecked: boolean;
}

export function progressOf(w: Work, state: State, open: OpenRelease): Progress {
  const tables = open.tables.map((alias) => tableOf(w, state, open, alias));
  return {
    id: open.release,
    tables,
    fromStart: open.fromStart === true,
    clonedFrom: open.clonedFrom,
    unchecked: false,
  };
}

function tableOf(w: Work, state: State, open: OpenRelease, alias: string): TableProgress {
  const found = foundAgain(w, state, open, alias);
  const path = open.candidates[found.id];
  if (path === undefined) throw anotherTable(w, open, alias);
  const fromStart = open.built.includes(found.id);
  const loads = loadsOf(open.done, alias);
  const begun = fromStart ? null : (found.state?.watermark ?? null);
  return { found, ref: { path }, fromStart, loads, watermark: loads.length === 0 ? begun : (loads.at(-1)?.watermark ?? null) };
}

/** A table of an open release, by the names that it was found under; what it is now, whoever needs it looks at. */
function foundAgain(w: Work, state: State, open: OpenRelease, alias: string): Found {
  const definition = definitionOf(w.ctx, alias);
  const { ref, id } = keyOf(w, definition);
  const path = open.paths[id];
  return {
    alias,
    definition,
    id,
    ref: path === undefined ? ref : { path },
    live: null,
    seenAt: 0,
    state: state.tables[id] ?? null,
  };
}

function anotherTable(w: Work, open: OpenRelease, alias: string): CutoverError<"NOT_FOUND"> {
  const { pipeline } = w.ctx.settings;
  const message = `release ${open.release} of ${pipeline} was opened for another table than ${alias} is now; configure ${alias} as it was, or reject the release`;
  return new CutoverError("NOT_FOUND", message, { what: "table", name: alias, table: alias, pipeline, release: open.release });
}

const loadsOf = (done: readonly Done[], alias: string): readonly BroughtTo[] =>
  done.flatMap((d) => {
    const t = d.kind === "load" ? d.tables[alias] : undefined;
    return t === undefined ? [] : [t];
  });

/** What is staged for a release in place, by table: each load holds the rows of those before. */
export function stagedOf(w: Work, state: State, open: OpenRelease): ReadonlyMap<string, Staged> {
  const staged = new Map<string, Staged>();
  for (const d of open.done) {
    if (d.kind !== "load") continue;
    for (const [alias, t] of Object.entries(d.tables)) {
      const found = foundAgain(w, state, open, alias);
      if (found.id !== t.id) throw anotherTable(w, open, alias);
      staged.set(alias, { ...t.staged, found: { ...found, ref: { path: t.path } } });
    }
  }
  return staged;
}

/** What a load brought, for the journal. */
export function asBrought(staged: Staged, more: Pick<BroughtTo, "tally" | "counts" | "watermark">): BroughtTo {
  const { found, ...saved } = staged;
  return { id: found.id, path: [...found.ref.path], staged: saved, ...more };
}

/** Counts of several loads together. */
export const sumOf = (counts: readonly TableCounts[], none: TableCounts): TableCounts =>
  counts.reduce(
    (a, b) => ({
      inserted: a.inserted + b.inserted,
      updated: a.updated + b.updated,
      deleted: a.deleted + b.deleted,
      unchanged: a.unchanged + b.unchanged,
      stale: a.stale + b.stale,
      quarantined: a.quarantined + b.quarantined,
    }),
    none,
  );
