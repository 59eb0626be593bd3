import type { DifferencePart } from "../adapter/steps.js";
import type { Kept, State } from "../ledger/state.js";

/**
 * What makes up `to` less `from` for one table, `from` published before `to`. Along releases in place their images do; where a release
 * kept no images (a first load, a swap), the difference goes through whole versions: that of `to` is live less the
 * images since, that of `from` is the kept version less the images up to it. null: not kept.
 */
export function differenceParts(
  s: State,
  id: string,
  live: readonly string[],
  from: number,
  to: number,
): readonly DifferencePart[] | null {
  const order = published(s);
  const between = s.kept.slice(order.indexOf(from), order.indexOf(to)).filter((k) => k.tables[id] !== undefined);
  const whole = between.findIndex((k) => k.tables[id]?.undo.kind !== "images");
  if (whole < 0) return between.flatMap((k) => imagesOf(k, id, 1));
  const later = versionOf(s, id, live, to);
  const first = between[whole] as Kept;
  const undo = first.tables[id]?.undo;
  if (later === null || undo === undefined) return null;
  // What was there before the first whole version; brought back to `from` by the images in between.
  const before: DifferencePart[] = undo.kind === "swap" && undo.kept !== null ? [{ table: { path: undo.kept }, sign: -1 }] : [];
  return [...later, ...before, ...between.slice(0, whole).flatMap((k) => imagesOf(k, id, 1))];
}

/** The releases that can be told apart, in the order of their publication: the i-th of `kept` lies between the i-th and the next. */
export const published = (s: State): readonly number[] =>
  s.kept.length === 0 ? [s.live] : [...s.kept.map((k) => k.previous), s.live];

/** The rows of a table as of a release: the next whole version above it (kept, or live) less the images in between. */
function versionOf(s: State, id: string, live: readonly string[], release: number): readonly DifferencePart[] | null {
  const above = s.kept.slice(published(s).indexOf(release)).filter((k) => k.tables[id] !== undefined);
  const swap = above.findIndex((k) => k.tables[id]?.undo.kind !== "images");
  const undo = above[swap]?.tables[id]?.undo;
  if (undo?.kind === "fill") return [];
  const table = undo?.kind === "swap" ? undo.kept : live;
  if (table === null) return null;
  const images = (swap < 0 ? above : above.slice(0, swap)).flatMap((k) => imagesOf(k, id, -1));
  return [{ table: { path: table }, sign: 1 }, ...images];
}

function imagesOf(k: Kept, id: string, sign: 1 | -1): readonly DifferencePart[] {
  const undo = k.tables[id]?.undo;
  return undo?.kind === "images" ? [{ changes: { path: undo.changes }, release: k.release, sign }] : [];
}
/** The same difference the other way round. */
export const reversed = (parts: readonly DifferencePart[]): readonly DifferencePart[] =>
  parts.map((p) => ({ ...p, sign: p.sign === 1 ? (-1 as const) : (1 as const) }));
