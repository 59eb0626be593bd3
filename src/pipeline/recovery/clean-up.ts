import type { TableRef } from "../../adapter/shapes.js";
import { imagesOf, imagesTables, keptOf, neededImages } from "../../ledger/images.js";
import type { State, TableState } from "../../ledger/state.js";
import type { PlannedStep } from "../../plan/compile.js";
import { fencedSteps } from "../lease/fenced.js";
import type { Held } from "../lease/held.js";
import { viewsWithout } from "../look/views.js";
import type { Work } from "../session/work.js";

const textOf = (path: readonly string[]): string => path.join("\0");

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
  const spent = [...images].flatMap(([text, path]) => (used.has(text) ? [] : [{ path }]));
  const drops = [...drop, ...versions.map((path) => ({ path })), ...spent];
  const thinned = [...images].filter(([text]) => used.has(text) && gone.some((k) => imagesOf(k).some((p) => textOf(p) === text)));
  const steps = async (): Promise<PlannedStep[]> => [
    ...(await viewsWithout(calm, after, spent)),
    ...drops.map((ref, i) => ({ id: `drop.${i}`, step: { kind: "drop" as const, ref } })),
    ...thinned.map(([, path], i) => ({
      id: `forget.${i}`,
      step: { kind: "forget" as const, changes: { path }, keep: neededImages(after) },
    })),
  ];
  await orWarn(w, async () => fencedSteps(calm, held, "clean", await steps()));
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
  const kept = [...neededImages(s), release];
  // Counted by the table's own releases, which every one of them raises; one table a release, as long as there are not more than that.
  const every = Math.min(keep, scanEvery);
  const due = tables.filter((t, i) => !t.fill && s.kept.length >= keep && ((t.was?.sinceScan ?? 0) + i) % every === 0);
  return due.map((t) => ({ id: `${t.alias}.forget`, step: { kind: "forget" as const, changes: t.changes, keep: kept } }));
}
