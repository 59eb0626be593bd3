import {
  type Bag,
  bagOf,
  type Counts,
  effect,
  exchange,
  fold,
  highest,
  holds,
  later,
  plus,
  type Row,
  same,
  size,
  type TableName,
  tableNames,
  textOf,
} from "./rows.js";

/** What the ledger accounts for. */
export interface Known {
  tally: Bag;
  watermark: number | null;
}
export interface TableModel {
  there: boolean;
  /** What readers see, whoever wrote it. */
  rows: Bag;
  known: Known | null;
}
/** What a release did to a table, as far as going back over it needs it. */
export interface Touch {
  was: Known | null;
  is: Known;
  undo: { kind: "images"; before: Bag; after: Bag } | { kind: "fill" } | { kind: "swap"; version: Bag | null };
  /** Nobody else had a hand in it, so the difference of tallies is that of the images. */
  clean: boolean;
}
export interface Kept {
  release: number;
  previous: number;
  touches: Partial<Record<TableName, Touch>>;
}
export type Fate = "published" | "rejected" | "abandoned" | "rolled-back";
/** A release by steps, or a candidate. */
export interface Open {
  release: number;
  fate: Fate | "open";
  staged: Partial<Record<TableName, { raw: Row[]; from: number | null }>>;
  candidate: { table: TableName; rows: Bag; watermark: number | null; clonedFrom: number; fresh: boolean } | null;
}
export interface Model {
  keep: number;
  tables: Record<TableName, TableModel>;
  live: number;
  /** Releases in the order of their publication, live last: also those no longer kept. */
  line: number[];
  kept: Kept[];
  undone: { from: number; to: number; releases: Kept[]; holds: boolean }[];
  /** The reason of a hold; null as reason: a rollback's. */
  held: { reason: string | null } | null;
  fates: Map<number, Fate>;
  /** The highest release number taken, and whether one may have been lost since. */
  highest: number;
  gap: boolean;
  slots: (Open | null)[];
  /** What a lost answer left may lie about until recovery. */
  untidy: boolean;
  /** Rows that others wrote so far: each gets a key of its own. */
  foreign: number;
  /** Publications, moves, baselines and holds: each is one row of the journal. */
  events: number;
}
/** No release bears this number: what was cloned before a new baseline is stale. */
const BASELINE = -1;

export function newModel(keep: number): Model {
  const none = (): TableModel => ({ there: false, rows: new Map(), known: null });
  return {
    keep,
    tables: { items: none(), days: none() },
    live: 0,
    line: [],
    kept: [],
    undone: [],
    held: null,
    fates: new Map(),
    highest: 0,
    gap: false,
    slots: [null, null, null],
    untidy: false,
    foreign: 0,
    events: 0,
  };
}
export const take = (m: Model): number => {
  m.gap = false;
  m.highest += 1;
  return m.highest;
};
const wrote = (t: TableModel): boolean => !same(t.rows, t.known?.tally ?? new Map());
/** Whether the ledger and the warehouse agree. */
export const agrees = (m: Model): boolean =>
  tableNames.every((t) => !m.tables[t].there || (m.tables[t].known !== null && !wrote(m.tables[t])));
/** Rows that no release accounts for. */
export const unaccounted = (t: TableModel): boolean => t.there && t.known === null && size(t.rows) > 0;

export interface Published {
  readonly outcome: "published";
  readonly counts: Partial<Record<TableName, Counts>>;
  /** The number of rows told that others wrote. */
  readonly foreign: boolean;
}
export type Refusal = { readonly outcome: "refused"; readonly codes: readonly string[] };
export const refused = (...codes: string[]): Refusal => ({ outcome: "refused", codes });
type Staged = Partial<Record<TableName, readonly Row[]>>;

/** One block: nothing of it, or all. `staged` is folded. */
export function publishInPlace(m: Model, release: number, staged: Staged): Published | Refusal | { readonly outcome: "nothing" } {
  const touches: Kept["touches"] = {};
  const counts: Partial<Record<TableName, Counts>> = {};
  const rows: Partial<Record<TableName, Bag>> = {};
  let [moves, foreign] = [false, false];
  for (const [name, delta] of Object.entries(staged) as [TableName, readonly Row[]][]) {
    const t = m.tables[name];
    const was = t.known;
    const recorded = was?.tally ?? new Map();
    const counted = size(t.rows) === size(recorded);
    const fills = counted && size(recorded) === 0;
    const e = effect(name, t.rows, delta);
    const now = plus(plus(t.rows, e.before, -1), e.after);
    const watermark = name === "items" ? later(was?.watermark ?? null, highest(delta)) : null;
    const is = { tally: fills || !counted ? now : plus(plus(recorded, e.before, -1), e.after), watermark };
    moves ||= fills || e.before.size + e.after.size > 0 || watermark !== (was?.watermark ?? null);
    foreign ||= !counted;
    rows[name] = now;
    counts[name] = e.counts;
    touches[name] = { was, is, undo: fills ? { kind: "fill" } : { kind: "images", ...images(e) }, clean: !wrote(t) };
  }
  if (!moves) return { outcome: "nothing" };
  if (Object.entries(rows).some(([name, now]) => !holds(name as TableName, now))) return refused("CHECKS_FAILED");
  for (const name of Object.keys(rows) as TableName[]) {
    m.tables[name] = { there: true, rows: rows[name] as Bag, known: (touches[name] as Touch).is };
  }
  out(m, release, touches);
  return { outcome: "published", counts, foreign };
}
const images = ({ before, after }: { before: Bag; after: Bag }) => ({ before, after });

function out(m: Model, release: number, touches: Kept["touches"]): void {
  m.kept = [...m.kept, { release, previous: m.live, touches }].slice(-m.keep);
  m.live = release;
  m.line.push(release);
  m.undone = [];
  m.events += 1;
  m.fates.set(release, "published");
}

/** Candidate and live change places. */
export function swap(m: Model, o: Open): Published | Refusal {
  const c = o.candidate;
  if (c === null) throw new Error("no candidate");
  if (c.clonedFrom !== m.live) return refused("STALE_CANDIDATE");
  const t = m.tables[c.table];
  if (t.there && wrote(t)) return refused("DRIFTED");
  if (!holds(c.table, c.rows)) return refused("CHECKS_FAILED");
  const is: Known = { tally: c.rows, watermark: c.watermark };
  const touch: Touch = { was: t.known, is, undo: { kind: "swap", version: t.there ? t.rows : null }, clean: true };
  m.tables[c.table] = { there: true, rows: c.rows, known: is };
  out(m, o.release, { [c.table]: touch });
  return { outcome: "published", counts: {}, foreign: false };
}

/** How a load changes a candidate; null: it does not fit. */
export function loadCandidate(o: Open, raw: readonly Row[]): boolean {
  const c = o.candidate;
  if (c === null) throw new Error("no candidate");
  const delta = fold(c.table, raw);
  if (delta === null) return false;
  const e = effect(c.table, c.rows, delta);
  c.rows = plus(plus(c.rows, e.before, -1), e.after);
  if (c.table === "items") c.watermark = later(c.watermark, highest(delta));
  return true;
}

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
    if (wrote(t)) return "DRIFTED";
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

/** What is there becomes the baseline: nothing older can be gone back to, and what was cloned before is stale. */
export function adopt(m: Model, watermark: number | null): Refusal | { readonly outcome: "adopted" } {
  const there = tableNames.filter((t) => m.tables[t].there);
  if (there.length === 0) return refused("NOT_FOUND");
  if (there.some((t) => !holds(t, m.tables[t].rows))) return refused("CHECKS_FAILED");
  for (const name of there) {
    const t = m.tables[name];
    t.known = { tally: t.rows, watermark: name === "items" ? (watermark ?? t.known?.watermark ?? null) : null };
  }
  m.kept = [];
  m.undone = [];
  m.events += 1;
  for (const o of m.slots) if (o?.fate === "open" && o.candidate !== null) o.candidate.clonedFrom = BASELINE;
  return { outcome: "adopted" };
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
export const foreignBag = (t: TableName, rows: readonly Row[]): Bag => bagOf(rows.map((r) => textOf(t, r)));
