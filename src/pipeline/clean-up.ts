import type { TableRef } from "../adapter/shapes.js";
import type { Kept, State } from "../ledger/state.js";
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
      step: { kind: "forget" as const, changes: { path }, keep: kept.map((k) => k.release) },
    })),
  ];
  try {
    await fencedSteps(calm, held, "clean", steps);
  } catch (err) {
    w.ctx.log.warn({ err, pipeline: w.ctx.settings.pipeline }, "cleanup failed after the commit");
    const reason = err instanceof Error ? err.message : String(err);
    w.warnings.push({ code: "CLEANUP", message: `published, but cleaning up failed (recover() finds what was left): ${reason}` });
  }
}
const keptOf = (s: State): readonly Kept[] => [...s.kept, ...s.undone.flatMap((u) => u.releases)];
/** The images tables that a state needs: of its tables, of the releases that it keeps, and of the tables as a rollback or redo brings them back. */
export const imagesTables = (s: State): readonly (readonly string[])[] => {
  const tables = [...Object.values(s.tables), ...keptOf(s).flatMap((k) => Object.values(k.tables).flatMap((t) => [t.was, t.is]))];
  return [...keptOf(s).flatMap(imagesOf), ...tables.flatMap((t) => (t?.changes == null ? [] : [t.changes]))];
};
const textOf = (path: readonly string[]): string => path.join("\0");
/** Where a release has images; a release that changed nothing has none. */
const imagesOf = (k: Kept): readonly (readonly string[])[] =>
  Object.values(k.tables).flatMap((t) => (t.undo.kind === "images" && t.undo.before + t.undo.after > 0 ? [t.undo.changes] : []));
