import type { Action, Call, Feed } from "./actions.js";
import { candidateOf, digest, digestOf, loadCandidate, raise, rebase, sound, swap } from "./candidates.js";
import {
  adopt,
  barred,
  type Extent,
  foreignBag,
  type Known,
  type Model,
  type Open,
  type Published,
  publishInPlace,
  type Refusal,
  refused,
  setWatermark,
  take,
  unaccounted,
} from "./model.js";
import { discard, type Moved, redo, rollback } from "./moves.js";
import { type Bag, type Counts, fold, plus, type Row, type TableName, type Window } from "./rows.js";

/** What must come of a call: a refusal by one of these codes, or an answer; and the world afterwards, either way. */
export type Prediction = { readonly next: Model } & (
  | Refusal
  | { readonly outcome: "done" }
  | { readonly outcome: "nothing"; readonly release: number }
  | { readonly outcome: "opened"; readonly release: number }
  | { readonly outcome: "validated"; readonly ok: boolean }
  | { readonly outcome: "moved"; readonly from: number; readonly to: number; readonly overruled: boolean }
  /** What comes of the run in the sandbox, and the rows there afterwards. */
  | { readonly outcome: "rehearsed"; readonly run: Prediction; readonly rows: Readonly<Record<TableName, Bag | null>> }
  | (Published & { readonly release: number })
);
type Tables = Partial<Record<TableName, Row[]>>;
const entries = (feed: Feed): [TableName, readonly Row[]][] => Object.entries(feed) as [TableName, readonly Row[]][];

/** The rows of a feed, one a key; tables of which nothing comes are left out. */
function staged(feed: Feed, windowed = false): Tables | null {
  const tables: Tables = {};
  for (const [t, rows] of entries(feed)) {
    const folded = fold(t, rows);
    if (folded === null) return null;
    if (folded.length > 0 || windowed) tables[t] = folded;
  }
  return tables;
}

export function predict(now: Model, a: Exclude<Action, { do: "die" | "lose" }>): Prediction {
  const next = structuredClone(now);
  const no = (r: Refusal): Prediction => ({ ...r, next: structuredClone(now) });
  const moved = (r: Moved): Prediction => (r.outcome === "refused" ? no(r) : { ...r, next });
  switch (a.do) {
    case "write": {
      const t = next.tables[a.table];
      t.rows = plus(plus(t.rows, foreignBag(a.table, a.gone), -1), foreignBag(a.table, a.come));
      next.foreign += 1;
      return { outcome: "done", next };
    }
    case "run":
      return run(now, next, a.feed, { window: a.window, once: a.once !== undefined });
    case "rollback":
      return moved(rollback(next, a.to, a.overwrite === true));
    case "rehearse":
      return rehearse(now, next, a.feed);
    case "prune":
      next.untidy = false;
      // The releases that can be gone back over, or brought again, stay.
      next.spare = next.events - next.kept.length - next.undone.reduce((n, u) => n + u.releases.length, 0);
      return { outcome: "done", next };
    case "redo":
      return moved(redo(next));
    case "hold":
      next.held = { reason: a.reason };
      next.events += 1;
      return { outcome: "done", next };
    case "discard":
      discard(next);
      return { outcome: "done", next };
    case "unhold":
      next.held = null;
      next.events += 1;
      return { outcome: "done", next };
    case "setWatermark": {
      const r = setWatermark(next, a.table, a.to);
      return r.outcome === "refused" ? no(r) : { outcome: "done", next };
    }
    case "adopt": {
      const r = adopt(next, a.watermark);
      return r.outcome === "refused" ? no(r) : { outcome: "done", next };
    }
    case "recover":
      next.untidy = false;
      return { outcome: "done", next };
    case "audit":
      return { outcome: "done", next };
    case "begin":
      next.slots[a.slot] = { release: take(next), fate: "open", staged: {}, candidate: null, approved: null };
      return { outcome: "opened", release: next.highest, next };
    case "clone":
    case "rebuild":
      return open(now, next, a);
    default:
      return step(now, next, a);
  }
}

/** What is wrong with a window, or with rows in it. */
function outside(watermark: number | null, rows: readonly Row[], w: Window): string | null {
  const from = w.from ?? watermark;
  if (from !== null && (w.from === undefined ? from > w.until : from >= w.until)) return "CONFIG";
  if (w.from !== undefined && watermark !== null && w.from > watermark) return "GAP";
  const beyond = (at: number): boolean => (from !== null && at < from) || at >= w.until;
  return rows.some((r) => beyond(Number(r["seq"]))) ? "BAD_ROW" : null;
}

function run(now: Model, next: Model, feed: Feed, o: Extent = {}): Prediction {
  const { window } = o;
  const no = (r: Refusal): Prediction => ({ ...r, next: structuredClone(now) });
  const bar = barred(next);
  if (bar !== null) return no(bar);
  if (entries(feed).some(([t]) => unaccounted(next.tables[t]))) return no(refused("NOT_ADOPTED"));
  const tables = staged(feed, window !== undefined);
  if (tables === null) return no(refused("BAD_ROW"));
  if (window !== undefined) {
    const wrong = outside(next.tables.log.known?.watermark ?? null, tables.log ?? [], window);
    if (wrong !== null) return no(refused(wrong));
  }
  const release = take(next);
  const r = publishInPlace(next, release, tables, o);
  if (r.outcome === "published") return { ...r, release, next };
  if (r.outcome === "nothing") return { outcome: "nothing", release: now.live, next: structuredClone(now) };
  // What was judged leaves a record.
  const judged = structuredClone(now);
  judged.fates.set(take(judged), "rejected");
  return { ...r, next: judged };
}

function open(now: Model, next: Model, a: Extract<Call, { do: "clone" | "rebuild" }>): Prediction {
  const tables = a.tables.map((t) => next.tables[t]);
  const fresh = a.do === "rebuild";
  if (!fresh && tables.some((t) => !t.there)) return { ...refused("NOT_FOUND"), next: structuredClone(now) };
  if (tables.some(unaccounted)) return { ...refused("NOT_ADOPTED"), next: { ...structuredClone(now), gap: true } };
  const release = take(next);
  next.slots[a.slot] = { release, fate: "open", staged: {}, candidate: candidateOf(next, a.tables, fresh), approved: null };
  return { outcome: "opened", release, next };
}

function step(now: Model, next: Model, a: Extract<Call, { slot: number }>): Prediction {
  const no = (r: Refusal): Prediction => ({ ...r, next: structuredClone(now) });
  const o = next.slots[a.slot] as Open;
  const approved = "approved" in a && a.approved === true ? (o.approved ?? "") : null;
  if (approved === "") return no(refused("CONFIG"));
  if (o.fate !== "open") return no(refused("NOT_OPEN"));
  if (a.do === "resume") return { outcome: "opened", release: o.release, next };
  if (a.do === "await") return { outcome: "done", next };
  if (a.do === "reject") {
    o.fate = "rejected";
    next.fates.set(o.release, "rejected");
    return { outcome: "done", next };
  }
  if (o.candidate !== null) return ofCandidate(now, next, o, a, approved);
  if (a.do === "load") return load(now, next, o, a.feed);
  // A publish that would skip rows, since what they were read from is no longer the watermark.
  const { watermark } = next.tables.items.known ?? { watermark: null };
  const from = o.staged.items?.from ?? null;
  const gap = from !== null && (watermark === null || watermark < from);
  const bar = a.do === "publish" ? barred(next) : null;
  if (bar !== null) return no(bar);
  if (gap) return no(refused("GAP"));
  const feed = Object.fromEntries(Object.entries(o.staged).map(([t, s]) => [t, s.raw])) as Feed;
  const r = publishInPlace(next, o.release, staged(feed) ?? {});
  const found = r.outcome === "published" ? inPlace(next, r) : "";
  if (a.do === "validate") {
    const judged = structuredClone(now);
    (judged.slots[a.slot] as Open).approved = found;
    return { outcome: "validated", ok: r.outcome !== "refused", next: judged };
  }
  if (approved !== null && r.outcome !== "refused" && found !== approved) return no(refused("STALE_APPROVAL"));
  if (r.outcome === "refused") return no(r);
  if (r.outcome === "published") {
    o.fate = "published";
    return { ...r, release: o.release, next };
  }
  o.fate = "abandoned";
  next.fates.set(o.release, "abandoned");
  return { outcome: "nothing", release: now.live, next };
}

function load(now: Model, next: Model, o: Open, feed: Feed): Prediction {
  const no = (r: Refusal): Prediction => ({ ...r, next: structuredClone(now) });
  if (entries(feed).some(([t]) => unaccounted(next.tables[t]))) return no(refused("NOT_ADOPTED"));
  for (const [t, rows] of entries(feed)) {
    const raw = [...(o.staged[t]?.raw ?? []), ...rows];
    if (fold(t, raw) === null) return no(refused("BAD_ROW"));
    if (raw.length > 0) o.staged[t] = { raw, from: next.tables[t].known?.watermark ?? null };
  }
  return { outcome: "done", next };
}

function ofCandidate(now: Model, next: Model, o: Open, a: Extract<Call, { slot: number }>, approved: string | null): Prediction {
  const no = (r: Refusal): Prediction => ({ ...r, next: structuredClone(now) });
  const c = o.candidate as NonNullable<Open["candidate"]>;
  switch (a.do) {
    case "load":
      return loadCandidate(next, c, a.feed) ? { outcome: "done", next } : no(refused("BAD_ROW"));
    case "transform":
      raise(c, a.table);
      return { outcome: "done", next };
    case "validate":
      o.approved = digest(c);
      return { outcome: "validated", ok: sound(c), next };
    case "rebase": {
      const made = rebase(next, c);
      if ("outcome" in made) return no(made);
      o.candidate = made;
      return { outcome: "done", next };
    }
    default: {
      const bar = barred(next);
      if (bar !== null) return no(bar);
      const r = swap(next, o.release, c, approved);
      if (r.outcome === "refused") return no(r);
      o.fate = "published";
      return { ...r, release: o.release, next };
    }
  }
}

/** What a release in place has come to, as its digest names it. */
const inPlace = (m: Model, r: Published): string =>
  digestOf(
    (Object.entries(r.counts) as [TableName, Counts][]).map(([t, counts]) => {
      const { tally, watermark } = m.tables[t].known as Known;
      return [t, tally, watermark, counts];
    }),
  );

/** A run in a sandbox: the tables and what is known of them, without the past. Outside nothing changes. */
function rehearse(now: Model, next: Model, feed: Feed): Prediction {
  const inside: Model = { ...structuredClone(now), live: 0, line: [], kept: [], undone: [], held: null };
  const p = run(inside, structuredClone(inside), feed);
  const rows = (t: TableName): Bag | null => (p.next.tables[t].there ? p.next.tables[t].rows : null);
  return { outcome: "rehearsed", run: p, rows: { items: rows("items"), days: rows("days"), log: rows("log") }, next };
}

/** The world after the owner in the last slot has died and another has recovered: what was open is closed. */
export function settled(m: Model): Model {
  const next = structuredClone(m);
  const last = next.slots.length - 1;
  const o = next.slots[last];
  if (o?.fate === "open") next.fates.set(o.release, "abandoned");
  next.slots[last] = null;
  next.gap = true;
  next.untidy = false;
  return next;
}
