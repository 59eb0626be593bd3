import {
  type Candidate,
  type CandidateTable,
  type Kept,
  type Loaded,
  type Model,
  out,
  type Published,
  type Refusal,
  refused,
  wrote,
} from "./model.js";
import {
  type Bag,
  bagOf,
  type Counts,
  effect,
  fold,
  highest,
  holds,
  later,
  measure,
  plus,
  type Row,
  rowOf,
  type TableName,
  textOf,
  texts,
} from "./rows.js";

const entries = <V>(of: Partial<Record<TableName, V>>): [TableName, V][] => Object.entries(of) as [TableName, V][];
const none: Counts = { inserted: 0, updated: 0, deleted: 0, unchanged: 0, stale: 0 };

/** Copies of live, or nothing to begin with. */
export function candidateOf(m: Model, tables: readonly TableName[], fresh: boolean): Candidate {
  const copies = tables.map((t): [TableName, CandidateTable] => {
    const { rows, known } = m.tables[t];
    const watermark = known?.watermark ?? null;
    return [t, { rows: fresh ? bagOf([]) : rows, watermark: fresh ? null : watermark, counts: none }];
  });
  return { clonedFrom: m.live, fresh, tables: Object.fromEntries(copies), done: [] };
}

/** Whether a load fits: into all of its tables, or into none. */
export function loadCandidate(m: Model, c: Candidate, feed: Partial<Record<TableName, readonly Row[]>>): boolean {
  const load: Loaded["load"] = {};
  for (const [t] of entries(c.tables)) {
    const delta = fold(t, feed[t] ?? []);
    if (delta === null) return false;
    if (delta.length > 0) load[t] = { delta, from: m.tables[t].known?.watermark ?? null };
  }
  if (Object.keys(load).length > 0) redoTo(c, { load });
  return true;
}
/** A load or a transform, done to what the candidate has come to. */
function redoTo(c: Candidate, did: Candidate["done"][number]): void {
  c.done.push(did);
  if ("raise" in did) raised(c, did.raise);
  for (const [t, { delta }] of "load" in did ? entries(did.load) : []) {
    const to = c.tables[t] as CandidateTable;
    const e = effect(t, to.rows, delta);
    to.rows = plus(plus(to.rows, e.before, -1), e.after);
    if (t === "items") to.watermark = later(to.watermark, highest(delta));
    to.counts = sum(to.counts, e.counts);
  }
}
const sum = (a: Counts, b: Counts): Counts => ({
  inserted: a.inserted + b.inserted,
  updated: a.updated + b.updated,
  deleted: a.deleted + b.deleted,
  unchanged: a.unchanged + b.unchanged,
  stale: a.stale + b.stale,
});

/** What `transform` does to one of its tables. */
export const raise = (c: Candidate, t: TableName): void => redoTo(c, { raise: t });
function raised(c: Candidate, t: TableName): void {
  const to = c.tables[t];
  if (to === undefined) throw new Error(`no candidate of ${t}`);
  const column = measure[t];
  const one = (text: string): string => textOf(t, { ...rowOf(t, text), [column]: Number(rowOf(t, text)[column]) + 1 });
  to.rows = bagOf(texts(to.rows).map(one));
}

/** Made anew from live as it is now, and all that was done to it done again. */
export function rebase(m: Model, c: Candidate): Candidate | Refusal {
  if (skips(m, c)) return refused("GAP");
  const made = candidateOf(m, Object.keys(c.tables) as TableName[], c.fresh);
  for (const did of c.done) redoTo(made, did);
  return made;
}
/** Rows that were read from beyond where live, and the loads before, have come to: those between would be skipped. */
function skips(m: Model, c: Candidate): boolean {
  if (c.fresh) return false;
  let read = m.tables.items.known?.watermark ?? null;
  for (const did of c.done) {
    const load = "load" in did ? did.load.items : undefined;
    if (load === undefined) continue;
    if (load.from !== null && (read === null || read < load.from)) return true;
    read = later(read, highest(load.delta));
  }
  return false;
}

export const sound = (c: Candidate): boolean => entries(c.tables).every(([t, { rows }]) => holds(t, rows));
/** What a validation names by its digest. */
export const digestOf = (tables: readonly (readonly [TableName, Bag, number | null, Counts])[]): string =>
  JSON.stringify(tables.map(([t, rows, watermark, counts]) => [t, [...rows].sort(), watermark, counts]).sort());
export const digest = (c: Candidate): string =>
  sound(c) ? digestOf(entries(c.tables).map(([t, { rows, watermark, counts }]) => [t, rows, watermark, counts])) : "";

/** Candidates and live change places: all of them, or none. `expect`: the digest that was approved. */
export function swap(m: Model, release: number, c: Candidate, expect: string | null): Published | Refusal {
  if (c.clonedFrom !== m.live) return refused("STALE_CANDIDATE");
  if (skips(m, c)) return refused("GAP");
  if (expect !== null && !sound(c)) return refused("CHECKS_FAILED");
  if (expect !== null && digest(c) !== expect) return refused("STALE_APPROVAL");
  const codes = [
    ...(entries(c.tables).some(([t]) => m.tables[t].there && wrote(m.tables[t])) ? ["DRIFTED"] : []),
    ...(sound(c) ? [] : ["CHECKS_FAILED"]),
  ];
  if (codes.length > 0) return refused(...codes);
  const touches: Kept["touches"] = {};
  const counts: Partial<Record<TableName, Counts>> = {};
  for (const [name, { rows, watermark, counts: of }] of entries(c.tables)) {
    const t = m.tables[name];
    const is = { tally: rows, watermark };
    const undo = { kind: "swap" as const, version: t.there ? t.rows : null };
    touches[name] = { was: t.known, is, undo, clean: true, took: false, consumed: false };
    counts[name] = of;
    m.tables[name] = { there: true, rows, known: is };
  }
  out(m, release, touches);
  return { outcome: "published", counts, foreign: false };
}
