import type { Kept, State } from "./state.js";

/** Releases whose images, versions and events are needed: kept ones, and those that a redo brings back. */
export const keptOf = (s: State): readonly Kept[] => [...s.kept, ...s.undone.flatMap((u) => u.releases)];
/** The images tables that a state needs: of its tables, of the releases that it keeps, and of the tables as a rollback or redo brings them back. */
export const imagesTables = (s: State): readonly (readonly string[])[] => {
  const tables = [...Object.values(s.tables), ...keptOf(s).flatMap((k) => Object.values(k.tables).flatMap((t) => [t.was, t.is]))];
  const others = (s.overwritten ?? []).map((o) => o.changes);
  return [...keptOf(s).flatMap(imagesOf), ...others, ...tables.flatMap((t) => (t?.changes == null ? [] : [t.changes]))];
};
/** The releases whose images are needed. */
export const neededImages = (s: State): readonly number[] => [...keptOf(s), ...(s.overwritten ?? [])].map((k) => k.release);
/** Those of one table, the newest first. */
export function imagesTablesOf(s: State, id: string): readonly (readonly string[])[] {
  const releases = keptOf(s).toReversed();
  const known = [s.tables[id], ...releases.flatMap((k) => [k.tables[id]?.is, k.tables[id]?.was])];
  const paths = [...known.flatMap((t) => (t?.changes == null ? [] : [t.changes])), ...releases.flatMap((k) => imagesIn(k, id))];
  return [...new Map(paths.map((path) => [path.join("\0"), path])).values()];
}
/** Where a release has images; a release that changed nothing has none. */
export const imagesOf = (k: Kept): readonly (readonly string[])[] => Object.keys(k.tables).flatMap((id) => imagesIn(k, id));
function imagesIn(k: Kept, id: string): readonly (readonly string[])[] {
  const undo = k.tables[id]?.undo;
  return undo?.kind === "images" && undo.before + undo.after > 0 ? [undo.changes] : [];
}
