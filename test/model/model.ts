import {
  type Bag,
  bagOf,
  type Counts,
  effect,
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
  type Window,
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
  /** The count told that others wrote, and the ledger took it in. */
  took: boolean;
  /** Its source will not give these rows again. */
  consumed: boolean;
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
  candidate: Candidate | null;
  /** What the last validation found that it would come to; "": nothing that could be approved. null: none yet. */
  approved: string | null;
}
/** Whole tables prepared apart from live, which go out together. */
export interface Candidate {
  clonedFrom: number;
  fresh: boolean;
  tables: Partial<Record<TableName, CandidateTable>>;
  /** What was done to it, in order: a rebase does it again. */
  done: (Loaded | { raise: TableName })[];
}
export interface CandidateTable {
  rows: Bag;
  watermark: number | null;
  counts: Counts;
}
/** Folded rows, and the watermark of live that they were read from. */
export type Loaded = { load: Partial<Record<TableName, { delta: Row[]; from: number | null }>> };
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
  /** In the order of settling. */
  fates: Map<number, Fate>;
  /** The highest release number taken, and whether one may have been lost since. */
  highest: number;
  gap: boolean;
  slots: (Open | null)[];
  /** What a lost answer left may lie about until recovery. */
  untidy: boolean;
  /** Rows that others wrote so far: each gets a key of its own. */
  foreign: number;
  /** Copies of versions with rows of others that left: nothing removes them. */
  copies: number;
  /** Publications, moves, baselines and holds: each is one row of the journal. */
  events: number;
  /** So many of them may be gone from the journal by a prune. */
  spare: number;
}
/** No release bears this number: what was cloned before a new baseline is stale. */
const BASELINE = -1;

export function newModel(keep: number): Model {
  const none = (): TableModel => ({ there: false, rows: new Map(), known: null });
  return {
    keep,
    tables: { items: none(), days: none(), log: none() },
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
    copies: 0,
    events: 0,
    spare: 0,
  };
}
export const take = (m: Model): number => {
  m.gap = false;
  m.highest += 1;
  return m.highest;
};
/** Whether somebody else wrote, as far as rows tell. */
export const wrote = (t: TableModel): boolean => !same(t.rows, t.known?.tally ?? new Map());
/** Whether every table holds what the ledger recorded; one that it does not know has no rows. */
export const agrees = (m: Model): boolean => tableNames.every((t) => !wrote(m.tables[t]));
/** Rows that no release accounts for. */
export const unaccounted = (t: TableModel): boolean => t.there && t.known === null && size(t.rows) > 0;

export interface Published {
  readonly outcome: "published";
  readonly counts: Partial<Record<TableName, Counts>>;
  /** The number of rows told that others wrote. */
  readonly foreign: boolean;
}
/** Releases taken back whose rows their sources will not give again. */
export const pending = (m: Model): readonly number[] =>
  m.undone
    .flatMap((u) => u.releases)
    .filter((k) => Object.values(k.touches).some((t) => t.consumed))
    .map((k) => k.release)
    .sort((a, b) => a - b);
/** Why nothing can be published. */
export const barred = (m: Model): Refusal | null =>
  pending(m).length > 0 ? refused("PENDING") : m.held === null ? null : refused("HELD");
export type Refusal = { readonly outcome: "refused"; readonly codes: readonly string[] };
export const refused = (...codes: string[]): Refusal => ({ outcome: "refused", codes });
type Staged = Partial<Record<TableName, readonly Row[]>>;

/** What a load speaks for, and whether its sources give their rows once only. */
export interface Extent {
  readonly window?: Window | undefined;
  readonly once?: boolean | undefined;
}
/** One block: nothing of it, or all. `staged` is folded. */
export function publishInPlace(
  m: Model,
  release: number,
  staged: Staged,
  { window, once = false }: Extent = {},
): Published | Refusal | { readonly outcome: "nothing" } {
  const touches: Kept["touches"] = {};
  const counts: Partial<Record<TableName, Counts>> = {};
  const rows: Partial<Record<TableName, Bag>> = {};
  let [moves, foreign] = [false, false];
  for (const [name, delta] of Object.entries(staged) as [TableName, readonly Row[]][]) {
    const t = m.tables[name];
    const was = t.known;
    const recorded = was?.tally ?? new Map();
    const counted = size(t.rows) === size(recorded);
    const fills = counted && size(recorded) === 0 && !once;
    const own = window === undefined ? undefined : { release, from: window.from ?? was?.watermark ?? null, until: window.until };
    const e = effect(name, t.rows, delta, own);
    const now = plus(plus(t.rows, e.before, -1), e.after);
    const read = window?.until ?? (name === "items" ? highest(delta) : null);
    const watermark = later(was?.watermark ?? null, read);
    const is = { tally: fills || !counted ? now : plus(plus(recorded, e.before, -1), e.after), watermark };
    moves ||= once || (fills && delta.length > 0) || e.before.size + e.after.size > 0 || watermark !== (was?.watermark ?? null);
    foreign ||= !counted;
    rows[name] = now;
    counts[name] = e.counts;
    touches[name] = {
      was,
      is,
      undo: fills ? { kind: "fill" } : { kind: "images", ...images(e) },
      clean: !wrote(t),
      took: !counted,
      consumed: once,
    };
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

export function out(m: Model, release: number, touches: Kept["touches"]): void {
  m.kept = [...m.kept, { release, previous: m.live, touches }].slice(-m.keep);
  m.live = release;
  m.line.push(release);
  m.undone = [];
  m.events += 1;
  m.fates.set(release, "published");
}

/** What is there becomes the baseline: nothing older can be gone back to, and what was cloned before is stale. */
export function adopt(m: Model, watermark: number | null): Refusal | { readonly outcome: "adopted" } {
  if (pending(m).length > 0) return refused("PENDING");
  const there = tableNames.filter((t) => m.tables[t].there);
  if (there.length === 0) return refused("NOT_FOUND");
  if (there.some((t) => !holds(t, m.tables[t].rows))) return refused("CHECKS_FAILED");
  for (const name of there) {
    const t = m.tables[name];
    t.known = { tally: t.rows, watermark: (name === "items" ? watermark : null) ?? t.known?.watermark ?? null };
  }
  m.kept = [];
  m.undone = [];
  m.events += 1;
  for (const o of m.slots) if (o?.fate === "open" && o.candidate !== null) o.candidate.clonedFrom = BASELINE;
  return { outcome: "adopted" };
}
/** Where the next run reads on. The release that loaded the table last ends there, and what was cloned before is stale. */
export function setWatermark(m: Model, name: TableName, to: number | null): Refusal | { readonly outcome: "set" } {
  const t = m.tables[name];
  if (t.known === null) return refused("NOT_FOUND");
  if (t.known.watermark === to) return { outcome: "set" };
  t.known = { ...t.known, watermark: to };
  const last = m.kept.findLast((k) => k.touches[name] !== undefined)?.touches[name];
  if (last !== undefined) last.is = { ...last.is, watermark: to };
  for (const o of m.slots) if (o?.fate === "open" && o.candidate?.tables[name] !== undefined) o.candidate.clonedFrom = BASELINE;
  return { outcome: "set" };
}
export const foreignBag = (t: TableName, rows: readonly Row[]): Bag => bagOf(rows.map((r) => textOf(t, r)));
