import { type Candidate, type Kept, type Model, out, type Published, type Refusal, refused, wrote } from "./model.js";
import {
  bagOf,
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

type Entry = [TableName, { rows: ReturnType<typeof bagOf>; watermark: number | null }];
const entries = (c: Candidate): Entry[] => Object.entries(c.tables) as Entry[];

/** Copies of live, or nothing to begin with. */
export function candidateOf(m: Model, tables: readonly TableName[], fresh: boolean): Candidate {
  const copies = tables.map((t) => {
    const { rows, known } = m.tables[t];
    return [t, fresh ? { rows: bagOf([]), watermark: null } : { rows, watermark: known?.watermark ?? null }] as const;
  });
  return { clonedFrom: m.live, tables: Object.fromEntries(copies) };
}

/** Whether a load fits: into all of its tables, or into none. */
export function loadCandidate(c: Candidate, feed: Partial<Record<TableName, readonly Row[]>>): boolean {
  const brought = entries(c).map(([t, to]) => [t, to, fold(t, feed[t] ?? [])] as const);
  if (brought.some(([, , delta]) => delta === null)) return false;
  for (const [t, to, delta] of brought) {
    const e = effect(t, to.rows, delta ?? []);
    to.rows = plus(plus(to.rows, e.before, -1), e.after);
    if (t === "items") to.watermark = later(to.watermark, highest(delta ?? []));
  }
  return true;
}

/** What `transform` does to one of its tables. */
export function raise(c: Candidate, t: TableName): void {
  const to = c.tables[t];
  if (to === undefined) throw new Error(`no candidate of ${t}`);
  const column = measure[t];
  const raised = (text: string): string => textOf(t, { ...rowOf(t, text), [column]: Number(rowOf(t, text)[column]) + 1 });
  to.rows = bagOf(texts(to.rows).map(raised));
}

export const sound = (c: Candidate): boolean => entries(c).every(([t, { rows }]) => holds(t, rows));

/** Candidates and live change places: all of them, or none. */
export function swap(m: Model, release: number, c: Candidate): Published | Refusal {
  if (c.clonedFrom !== m.live) return refused("STALE_CANDIDATE");
  const codes = [
    ...(entries(c).some(([t]) => m.tables[t].there && wrote(m.tables[t])) ? ["DRIFTED"] : []),
    ...(sound(c) ? [] : ["CHECKS_FAILED"]),
  ];
  if (codes.length > 0) return refused(...codes);
  const touches: Kept["touches"] = {};
  for (const [name, { rows, watermark }] of entries(c)) {
    const t = m.tables[name];
    const is = { tally: rows, watermark };
    const undo = { kind: "swap" as const, version: t.there ? t.rows : null };
    touches[name] = { was: t.known, is, undo, clean: true, took: false };
    m.tables[name] = { there: true, rows, known: is };
  }
  out(m, release, touches);
  return { outcome: "published", counts: {}, foreign: false };
}
