import type { TableRef } from "../adapter/shapes.js";
import type { Kept, State, TableState } from "../ledger/state.js";
import type { PlannedStep } from "../plan/compile.js";
import { fencedSteps } from "./fenced.js";
import type { Held } from "./held.js";
import type { Work } from "./work.js";

/** After a publish: staged rows go, and what no kept release needs. What fails here is a warning; the next cleanup finds it. */
export async function cleanUp(w: Work, held: Held, before: State, after: State, drop: readonly TableRef[]): Promise<void> {
  const calm = w.calm();
  const kept = keptOf(after);
  const gone = keptOf(before).filter((k) => !kept.some((a) => a.release === k.release));
  const used = new Set(imagesTables(after).map(textOf));
  const images = new Map(imagesTables(before).map((path) => [textOf(path), path]));
  const versions = gone.flatMap((k) =>
    Object.values(k.tables).flatMap((t) => (t.undo.kind === "swap" && t.undo.kept !== null ? [t.undo.kept] : [])),
  );
  const drops = [
    ...drop,
    ...versions.map((path) => ({ path })),
    ...[...images].flatMap(([text, path]) => (used.has(text) ? [] : [{ path }])),
  ];
  const thinned = [...images].filter(([text]) => used.has(text) && gone.some((k) => imagesOf(k).some((p) => textOf(p) === text)));
  const steps: PlannedStep[] = [
    ...drops.map((ref, i) => ({ id: `drop.${i}`, step: { kind: "drop" as const, ref } })),
    ...thinned.map(([, path], i) => ({
      id: `forget.${i}`,
      step: { kind: "forget" as const, changes: { path }, keep: spared(after) },
    })),
  ];
  await orWarn(w, () => fencedSteps(calm, held, "clean", steps));
}

/** Staged rows bear the number of their release: nobody else comes to need them, so no lease is needed. */
export const dropStaged = (w: Work, drop: readonly TableRef[]): Promise<void> =>
  orWarn(w, async () => {
    for (const ref of drop) await w.calm().run({ kind: "drop", ref });
  });

async function orWarn(w: Work, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (err) {
    w.ctx.log.warn({ err, pipeline: w.ctx.settings.pipeline }, "cleanup failed after the commit");
    const reason = err instanceof Error ? err.message : String(err);
    w.warnings.push({ code: "CLEANUP", message: `published, but cleaning up failed (recover() finds what was left): ${reason}` });
  }
}
/**
 * The cleanup of a release in place that its own block can do: it forgets the images of releases that are no longer kept, of a
 * table every so many releases. null: tables have to go as well, and that needs the lease. What this very release pushes out
 * is forgotten by a later one.
 */
export function lightCleanUp(
  s: State,
  tables: readonly {
    readonly alias: string;
    readonly changes: TableRef;
    readonly was: Pick<TableState, "changes" | "sinceScan"> | null;
    readonly fill: boolean;
  }[],
  release: number,
  keep: number,
  scanEvery: number,
): readonly PlannedStep[] | null {
  const leaving = s.kept.slice(0, Math.max(0, s.kept.length + 1 - keep));
  const swapped = leaving.some((k) => Object.values(k.tables).some((t) => t.undo.kind === "swap"));
  const moved = tables.some((t) => t.was?.changes != null && textOf(t.was.changes) !== textOf(t.changes.path));
  if (swapped || moved || s.undone.length > 0) return null;
  const kept = [...spared(s), release];
  // Counted by the table's own releases, which every one of them raises; one table a release, as long as there are not more than that.
  const every = Math.min(keep, scanEvery);
  const due = tables.filter((t, i) => !t.fill && s.kept.length >= keep && ((t.was?.sinceScan ?? 0) + i) % every === 0);
  return due.map((t) => ({ id: `${t.alias}.forget`, step: { kind: "forget" as const, changes: t.changes, keep: kept } }));
}
/** The releases whose images stay. */
const spared = (s: State): readonly number[] => [...keptOf(s), ...(s.overwritten ?? [])].map((k) => k.release);
const keptOf = (s: State): readonly Kept[] => [...s.kept, ...s.undone.flatMap((u) => u.releases)];
/** The images tables that a state needs: of its tables, of the releases that it keeps, and of the tables as a rollback or redo brings them back. */
export const imagesTables = (s: State): readonly (readonly string[])[] => {
  const tables = [...Object.values(s.tables), ...keptOf(s).flatMap((k) => Object.values(k.tables).flatMap((t) => [t.was, t.is]))];
  return [
    ...keptOf(s).flatMap(imagesOf),
    ...(s.overwritten ?? []).map((o) => o.changes),
    ...tables.flatMap((t) => (t?.changes == null ? [] : [t.changes])),
  ];
};
/** The releases whose images are needed. */
export const neededImages = (s: State): readonly number[] => keptOf(s).map((k) => k.release);
const textOf = (path: readonly string[]): string => path.join("\0");
/** Where a release has images; a release that changed nothing has none. */
const imagesOf = (k: Kept): readonly (readonly string[])[] =>
  Object.values(k.tables).flatMap((t) => (t.undo.kind === "images" && t.undo.before + t.undo.after > 0 ? [t.undo.changes] : []));
