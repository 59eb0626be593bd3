import type { ColumnShape, TableRef } from "../../adapter/shapes.js";
import { imageColumns, type Step } from "../../adapter/steps.js";
import { isCutoverError } from "../../errors/index.js";
import { imagesTablesOf } from "../../ledger/images.js";
import type { LedgerNames } from "../../ledger/names.js";
import type { State } from "../../ledger/state.js";
import type { PlannedStep } from "../../plan/compile.js";
import { keyOf } from "../load/tables.js";
import type { Work } from "../session/work.js";

type Views = Step<"view"> | Step<"dropView">;

/** A table that has a view of its images: its key in the ledger, and its name. */
export interface Viewed {
  readonly id: string;
  readonly path: readonly string[];
}

/**
 * The step after which the view of a table shows the images tables that the state needs and no others. `fresh`: one that was just
 * made, and that no state knows yet.
 */
export async function changesView(
  w: Work,
  s: State,
  { id, path }: Viewed,
  fresh?: { readonly changes: TableRef; readonly columns: readonly ColumnShape[] },
): Promise<Views> {
  const ref = w.names.changesView(id, path.at(-1) ?? "");
  const images = fresh === undefined ? [] : [fresh];
  for (const found of imagesTablesOf(s, id)) {
    const changes = { path: found };
    if (fresh?.changes.path.join("\0") === found.join("\0")) continue;
    const shape = await w.describe(changes, "columns");
    if (shape !== null) images.push({ changes, columns: ofTable(shape.columns) });
  }
  return images.length === 0
    ? { kind: "dropView", ref }
    : { kind: "view", ref, shows: { what: "changes", images }, replace: true };
}

const own: ReadonlySet<string> = new Set(Object.values(imageColumns));
const ofTable = (columns: readonly ColumnShape[]): readonly ColumnShape[] => columns.filter((c) => !own.has(c.name));

/** Views that must show what is left once these images tables are gone: of the tables that they belong to. */
export async function viewsWithout(w: Work, s: State, gone: readonly TableRef[]): Promise<readonly PlannedStep[]> {
  if (gone.length === 0) return [];
  const names = gone.map((ref) => ref.path.at(-1) ?? "");
  const configured = Object.values(w.ctx.tables).map((d) => keyOf(w, d));
  const all = new Map([...configured.map(({ id, ref }) => ({ id, path: ref.path })), ...tablesOf(s)].map((t) => [t.id, t]));
  const tables = [...all.values()].filter(({ id }) => names.some((name) => name.startsWith(w.names.changesOf(id))));
  const steps: PlannedStep[] = [];
  for (const [i, t] of tables.entries()) steps.push({ id: `view.${i}`, step: await changesView(w, s, t) });
  return steps;
}

/** Every table that a state tells of, of undone releases too. */
export function tablesOf(s: State): readonly Viewed[] {
  const releases = [...s.kept, ...s.undone.flatMap((u) => u.releases)];
  const known = releases.flatMap((k) => Object.entries(k.tables).map(([id, t]) => [id, t.is.path] as const));
  const all = new Map([...known, ...Object.entries(s.tables).map(([id, t]) => [id, t.path] as const)]);
  return [...all].map(([id, path]) => ({ id, path }));
}

/** The step that makes the view of releases. */
export const releasesView = ({ releases, journal }: LedgerNames, replace: boolean): Step<"view"> => ({
  kind: "view",
  ref: releases,
  shows: { what: "releases", journal },
  replace,
});

/** The step that makes the view of what checks found. */
export const checksView = ({ checks, checkResults }: LedgerNames, replace: boolean): Step<"view"> => ({
  kind: "view",
  ref: checks,
  shows: { what: "checks", results: checkResults },
  replace,
});

/** A view is a kindness: where the warehouse refuses to make one, work goes on without. */
export async function kindly(w: Work, step: Views): Promise<void> {
  try {
    await w.run(step);
  } catch (err) {
    if (!isCutoverError(err, "ADAPTER") || err.context.outcome !== "not-applied" || err.context.kind === "cancelled") throw err;
    w.ctx.log.warn({ err, view: step.ref.path.join(".") }, "a view of the ledger could not be made");
  }
}
