import { type Kept, type Model, type Refusal, refused, type TableModel, type Touch, wrote } from "./model.js";
import { type Bag, exchange, plus, same, type TableName, tableNames } from "./rows.js";

export type Moved = { readonly outcome: "moved"; readonly from: number; readonly to: number } | Refusal;

/** Back to a release: the newest is taken back first; over a swap the kept version comes back, and older images go in it. */
export function rollback(m: Model, to: number | null): Moved {
  if (m.live === 0) return refused("NOT_FOUND");
  const target = to ?? m.kept.at(-1)?.previous ?? null;
  const at = m.kept.findIndex((k) => k.previous === target);
  if (at < 0) return refused(...tooOld(m, target));
  const group = m.kept.slice(at);
  const codes = tableNames.flatMap((name) => takeBack(m.tables[name], group, name) ?? []);
  if (codes.length > 0) return refused(...codes);
  m.events += 1;
  const from = m.live;
  m.live = m.kept[at]?.previous ?? 0;
  m.kept = m.kept.slice(0, at);
  const gone = m.line.splice(m.live === 0 ? 0 : m.line.lastIndexOf(m.live) + 1);
  for (const release of gone) m.fates.set(release, "rolled-back");
  m.undone.push({ from, to: m.live, releases: group, holds: m.held === null });
  m.held ??= { reason: null };
  return { outcome: "moved", from, to: m.live };
}
/** Numbers are in the order of opening: an older release that was opened later than a kept one does not look older. */
const tooOld = (m: Model, target: number | null): readonly string[] => {
  if (target !== null && target > (m.kept[0]?.previous ?? m.live)) return ["RETENTION_PASSED", "NOT_FOUND"];
  return ["RETENTION_PASSED"];
};
const touching = (group: readonly Kept[], name: TableName): Touch[] => group.flatMap((k) => k.touches[name] ?? []);

function takeBack(t: TableModel, group: readonly Kept[], name: TableName): string | null {
  const all = touching(group, name);
  const first = all[0];
  if (first === undefined) return null;
  const swapped = all.findIndex((x) => x.undo.kind === "swap");
  const undo = all[swapped]?.undo;
  let on = t.rows;
  if (undo?.kind === "swap") {
    if (undo.version === null) return "UNSUPPORTED";
    // What others wrote since the swap is in the version that leaves, and nowhere else.
    if (wrote(t) || all.slice(swapped + 1).some((x) => x.took)) return "DRIFTED";
    on = undo.version;
  }
  for (const x of (swapped < 0 ? all : all.slice(0, swapped)).toReversed()) {
    const next =
      x.undo.kind === "images" ? exchange(name, on, x.undo.after, x.undo.before) : same(on, x.is.tally) ? new Map() : null;
    if (next === null) return "DRIFTED";
    on = next;
  }
  if (undo?.kind === "swap") undo.version = t.rows;
  t.rows = on;
  t.known = first.was;
  return null;
}

/** The latest rollback, taken back. */
export function redo(m: Model): Moved {
  const group = m.undone.at(-1);
  if (group === undefined) return refused("NOTHING_TO_REDO");
  if (group.releases.some((k) => tableNames.some((t) => k.touches[t]?.undo.kind === "fill"))) return refused("NOTHING_TO_REDO");
  for (const name of tableNames) if (!bringAgain(m.tables[name], group.releases, name)) return refused("DRIFTED");
  m.undone.pop();
  m.events += 1;
  const from = m.live;
  m.live = group.from;
  m.kept.push(...group.releases);
  for (const k of group.releases) {
    m.line.push(k.release);
    m.fates.set(k.release, "published");
  }
  // A hold of somebody's own outlasts rollback and redo.
  if (group.holds && m.held?.reason === null) m.held = null;
  return { outcome: "moved", from, to: m.live };
}

function bringAgain(t: TableModel, group: readonly Kept[], name: TableName): boolean {
  const all = touching(group, name);
  const last = all.at(-1);
  if (last === undefined) return true;
  const swapped = all.findIndex((x) => x.undo.kind === "swap");
  const undo = all[swapped]?.undo;
  if (undo?.kind === "swap" && wrote(t)) return false;
  let on = t.rows;
  for (const x of swapped < 0 ? all : all.slice(0, swapped)) {
    const next = x.undo.kind === "images" ? exchange(name, on, x.undo.before, x.undo.after) : null;
    if (next === null) return false;
    on = next;
  }
  if (undo?.kind === "swap") {
    t.rows = undo.version ?? new Map();
    undo.version = on;
  } else t.rows = on;
  t.known = last.is;
  return true;
}

/** What `diff` between two kept releases must sum up to; null: others had a hand in it. */
export function difference(m: Model, name: TableName, releases: readonly Kept[]): Bag | null {
  const t = m.tables[name];
  const all = touching(releases, name);
  if (all.some((x) => x.undo.kind !== "images") && wrote(t)) return null;
  let sum: Bag = new Map();
  for (const x of all) {
    if (all.length > 1 && !x.clean) return null;
    if (x.undo.kind === "images") sum = plus(plus(sum, x.undo.after), x.undo.before, -1);
    else sum = plus(plus(sum, x.is.tally), x.undo.kind === "swap" ? (x.undo.version ?? new Map()) : new Map(), -1);
  }
  return sum;
}
