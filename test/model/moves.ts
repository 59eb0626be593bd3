import { type Kept, type Model, pending, type Refusal, refused, type TableModel, type Touch, wrote } from "./model.js";
import { type Bag, bagOf, exchange, plus, rowOf, same, type TableName, tableNames, type Value } from "./rows.js";

export type Moved =
  | { readonly outcome: "moved"; readonly from: number; readonly to: number; readonly overruled: boolean }
  | Refusal;

/** Back to a release: the newest is taken back first; over a swap the kept version comes back, and older images go in it. */
export function rollback(m: Model, to: number | null, overwrite: boolean): Moved {
  if (m.live === 0) return refused("NOT_FOUND");
  const target = to ?? m.kept.at(-1)?.previous ?? null;
  const at = m.kept.findIndex((k) => k.previous === target);
  if (at < 0) return refused(...tooOld(m, target));
  const group = m.kept.slice(at);
  const done = tableNames.map((name) => takeBack(m.tables[name], group, name, overwrite));
  const codes = done.flatMap((d) => (typeof d === "string" ? [d] : []));
  if (codes.length > 0) return refused(...codes);
  const by = done.flatMap((d) => (typeof d === "string" || d.overruled === null ? [] : [d.overruled]));
  // What is overwritten is kept under a release number of its own; what leaves as a whole, in a copy.
  if (by.includes("keys")) m.highest += 1;
  m.copies += by.filter((how) => how === "copy").length;
  m.events += 1;
  const from = m.live;
  m.live = m.kept[at]?.previous ?? 0;
  m.kept = m.kept.slice(0, at);
  const gone = m.line.splice(m.live === 0 ? 0 : m.line.lastIndexOf(m.live) + 1);
  for (const release of gone) m.fates.set(release, "rolled-back");
  m.undone.push({ from, to: m.live, releases: group, holds: m.held === null });
  unrewound(m);
  m.held ??= { reason: null };
  return { outcome: "moved", from, to: m.live, overruled: by.length > 0 };
}
/** Numbers are in the order of opening: an older release that was opened later than a kept one does not look older. */
const tooOld = (m: Model, target: number | null): readonly string[] => {
  if (target !== null && target > (m.kept[0]?.previous ?? m.live)) return ["RETENTION_PASSED", "NOT_FOUND"];
  return ["RETENTION_PASSED"];
};
const touching = (group: readonly Kept[], name: TableName): Touch[] => group.flatMap((k) => k.touches[name] ?? []);

/** How far the last of what is rolled back had read a source that cannot rewind does not move back. */
function unrewound(m: Model): void {
  for (const k of m.undone.toReversed().flatMap((u) => u.releases))
    for (const name of tableNames) {
      const touch = k.touches[name];
      if (touch?.consumed !== true) continue;
      const t = m.tables[name];
      t.known = { tally: t.known?.tally ?? new Map(), watermark: touch.is.watermark };
    }
}
/** Gives up what was taken back and cannot be read again. */
export function discard(m: Model): void {
  if (pending(m).length === 0) return;
  m.undone = [];
  if (m.held?.reason === null) m.held = null;
}

/** How rows of others gave way; null: there were none in the way. */
interface Back {
  readonly overruled: "keys" | "copy" | null;
}
function takeBack(t: TableModel, group: readonly Kept[], name: TableName, overwrite: boolean): Back | string {
  const all = touching(group, name);
  const first = all[0];
  if (first === undefined) return { overruled: null };
  const swapped = all.findIndex((x) => x.undo.kind === "swap");
  const undo = all[swapped]?.undo;
  const older = swapped < 0 ? all : all.slice(0, swapped);
  let overruled: Back["overruled"] = null;
  let on: Bag | null;
  if (undo?.kind === "swap") {
    if (undo.version === null) return "UNSUPPORTED";
    // What others wrote since the swap is in the version that leaves, and nowhere else.
    const drift = wrote(t) || all.slice(swapped + 1).some((x) => x.took);
    if (drift && !overwrite) return "DRIFTED";
    if (drift) overruled = "copy";
    on = takenBack(undo.version, older, name);
  } else {
    on = takenBack(t.rows, older, name);
    if (on === null && overwrite) {
      overruled = "keys";
      on = overwritten(t.rows, older, name);
      if (on === null) return "UNSUPPORTED";
    }
  }
  if (on === null) return "DRIFTED";
  if (undo?.kind === "swap") undo.version = t.rows;
  t.rows = on;
  t.known = first.was;
  return { overruled };
}
/** Without what the releases wrote; null: that is not there as they wrote it. */
function takenBack(from: Bag, releases: readonly Touch[], name: TableName): Bag | null {
  let on = from;
  for (const x of releases.toReversed()) {
    const filled = same(on, x.is.tally) ? new Map() : null;
    const next = x.undo.kind === "images" ? exchange(name, on, x.undo.after, x.undo.before) : filled;
    if (next === null) return null;
    on = next;
  }
  return on;
}
/** Rows under the keys that the releases touched become what they were, whoever wrote since; null: there is no key to tell by. */
function overwritten(from: Bag, releases: readonly Touch[], name: TableName): Bag | null {
  if (releases.some((x) => x.undo.kind === "fill")) return new Map();
  if (name !== "items") return null;
  const before = new Map<Value, string | null>();
  const id = (text: string): Value => rowOf(name, text)["id"] ?? null;
  for (const { undo } of releases) {
    if (undo.kind !== "images") continue;
    for (const text of undo.before.keys()) if (!before.has(id(text))) before.set(id(text), text);
    for (const text of undo.after.keys()) if (!before.has(id(text))) before.set(id(text), null);
  }
  const others = [...from.keys()].filter((text) => !before.has(id(text)));
  return bagOf([...others, ...[...before.values()].filter((text) => text !== null)]);
}

/** The latest rollback, taken back. */
export function redo(m: Model): Moved {
  const group = m.undone.at(-1);
  if (group === undefined) return refused("NOTHING_TO_REDO");
  if (group.releases.some((k) => tableNames.some((t) => k.touches[t]?.undo.kind === "fill"))) return refused("NOTHING_TO_REDO");
  for (const name of tableNames) if (!bringAgain(m.tables[name], group.releases, name)) return refused("DRIFTED");
  m.undone.pop();
  m.events += 1;
  unrewound(m);
  const from = m.live;
  m.live = group.from;
  m.kept.push(...group.releases);
  for (const k of group.releases) {
    m.line.push(k.release);
    m.fates.set(k.release, "published");
  }
  // A hold of somebody's own outlasts rollback and redo.
  if (group.holds && m.held?.reason === null) m.held = null;
  return { outcome: "moved", from, to: m.live, overruled: false };
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
