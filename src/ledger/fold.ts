import { REMEMBERED } from "../check/anomaly.js";
import { readChecks } from "../check/planned.js";
import type { Row } from "../sql/sql.js";
import { formatTimestamp } from "../table/canonical.js";
import { unrewound } from "./consumed.js";
import {
  anchors,
  type Displaced,
  type EventName,
  type LedgerEvent,
  type Published,
  type PublishedTable,
  payloads,
  published,
} from "./events.js";
import { readJson } from "./portable.js";
import { type Done, settled } from "./progress.js";
import { emptyState, type Kept, type OpenRelease, type Overwritten, type State, type TableState } from "./state.js";

/** Journal rows as events: parsed, in order, without what a stale owner wrote after another had taken over. */
export const readEvents = (rows: readonly Row[], database: string): LedgerEvent[] =>
  read(rows, database, payloads) as LedgerEvent[];

type Outlined<E> = E extends { readonly event: "published"; readonly payload: Published }
  ? Omit<E, "payload"> & { readonly payload: Omit<Published, "base"> }
  : E;
/** An event of a release without the whole state that a published one carries, which grows with what is kept. */
export type Outline = Outlined<LedgerEvent>;
const outlines = { ...payloads, published: published.omit({ base: true }) };
/** The same for those who only list releases. */
export const readOutlines = (rows: readonly Row[], database: string): Outline[] => read(rows, database, outlines) as Outline[];

type Read = Pick<LedgerEvent, "event" | "release" | "seq" | "fence" | "at"> & { readonly payload: unknown };
function read(rows: readonly Row[], database: string, schemas: typeof payloads | typeof outlines): Read[] {
  const events = rows
    .filter((r): r is Row & { event: EventName } => typeof r["event"] === "string" && Object.hasOwn(payloads, r["event"]))
    .map((r) => ({
      event: r.event,
      release: Number(r["release"]),
      seq: Number(r["seq"]),
      fence: BigInt(r["fence"] as bigint),
      at: formatTimestamp(r["recorded_at"] as bigint),
      payload: schemas[r.event].parse(readJson(String(r["payload"]), database)),
    }));
  const ordered = events.sort((a, b) => a.seq - b.seq || Number(b.fence - a.fence));
  let frontier = -1n;
  return ordered.filter((e) => {
    if (e.fence < frontier) return false;
    frontier = e.fence;
    return true;
  });
}

/** The state of a pipeline: the last event that carries all of it, and what followed. */
export function fold(events: readonly LedgerEvent[]): State {
  const from = events.findLastIndex((e) => anchors.includes(e.event));
  return events.slice(Math.max(from, 0)).reduce(apply, emptyState);
}

export function apply(s: State, e: LedgerEvent): State {
  switch (e.event) {
    case "opened":
      return { ...s, open: [...s.open, e.payload] };
    case "loaded": {
      const { until, did, facts } = e.payload;
      return step(s, e.release, { state: "loaded", until }, did === undefined ? [] : [settled(did, facts ?? {})]);
    }
    case "awaiting":
      return { ...s, open: s.open.map((o) => (o.release === e.release ? { ...o, heldUntil: e.payload.until } : o)) };
    case "rebasing":
      return step(s, e.release, { state: "loaded", until: e.payload.until, unfinished: true });
    case "rebased": {
      const { until, clonedFrom, built, done } = e.payload;
      return step(s, e.release, { state: "loaded", until, clonedFrom, built, done, unfinished: false });
    }
    case "validated":
      return step(s, e.release, {
        state: e.payload.ok ? "validated" : "loaded",
        until: e.payload.until,
        ...(e.payload.checks === undefined ? {} : { checks: e.payload.checks }),
      });
    case "rejected":
    case "abandoned":
      return { ...s, open: s.open.filter((o) => o.release !== e.release) };
    case "intent":
      return { ...s, pending: { release: e.release, fence: String(e.fence), intent: e.payload } };
    case "withdrawn":
      return { ...s, pending: null };
    case "discarded":
      return { ...s, undone: [], held: ownHold(s) ? null : s.held };
    case "held":
      return { ...s, held: e.payload.reason };
    case "unheld":
      return { ...s, held: null };
    case "sandboxed":
      return { ...s, sandboxes: [...without(s, e.payload.schema), { ...e.payload, ready: false }] };
    case "sandbox-ready": {
      const { schema } = e.payload;
      return { ...s, sandboxes: s.sandboxes.map((b) => (b.schema === schema ? { ...b, ready: true } : b)) };
    }
    case "sandbox-dropped":
      return { ...s, sandboxes: without(s, e.payload.schema) };
    case "watermark-set":
      return withWatermark(s, e.payload.table, e.payload.watermark);
    case "adopted":
      return {
        ...s,
        tables: {
          ...Object.fromEntries(Object.entries(s.tables).filter(([key]) => e.payload.left?.includes(key) !== true)),
          ...Object.fromEntries(
            Object.entries(e.payload.tables).map(([key, { scan, ...t }]) => {
              const found = e.payload.facts[scan]?.[0];
              return [key, { ...t, rows: Number(found?.["rows"] ?? t.rows), sum: String(found?.["sum"] ?? t.sum) }];
            }),
          ),
        },
        // What was there before the baseline is not what is there now: nothing older can be gone back to.
        kept: [],
        undone: [],
        open: s.open.map((o) => ({ ...o, clonedFrom: BEFORE_BASELINE })),
      };
    case "published":
      return afterPublish(e.payload, e.release, e.at);
    case "rolled-back":
      return {
        ...afterRollback(s, e.payload.to, e.payload.from, e.payload.displaced),
        ...(e.payload.overwritten === undefined ? {} : { overwritten: [...(s.overwritten ?? []), ...e.payload.overwritten] }),
      };
    case "redone":
      return afterRedo(s, e.payload.to, e.payload.displaced);
    case "snapshot":
      return e.payload.state;
    case "summary":
      return s;
  }
}

/**
 * The release that loaded the table last counts as having ended there: to go back over it and forward again leads to where this
 * was said. What was cloned before would take it back, and is stale.
 */
function withWatermark(s: State, key: string, watermark: string | null): State {
  const is = s.tables[key];
  if (is === undefined) return s;
  const last = s.kept.findLastIndex((k) => k.tables[key] !== undefined);
  const kept = s.kept.map((k, i) => {
    const t = k.tables[key];
    return i !== last || t === undefined ? k : { ...k, tables: { ...k.tables, [key]: { ...t, is: { ...t.is, watermark } } } };
  });
  const open = s.open.map((o) => (Object.hasOwn(o.candidates, key) ? { ...o, clonedFrom: BEFORE_BASELINE } : o));
  return { ...s, tables: { ...s.tables, [key]: { ...is, watermark } }, kept, open };
}

/** No release bears this number: what was cloned before a new baseline is stale. */
const BEFORE_BASELINE = -1;

const without = (s: State, schema: string): State["sandboxes"] => s.sandboxes.filter((b) => b.schema !== schema);

/** What an earlier validation found is not what the release holds now. */
const step = (s: State, release: number, now: Partial<OpenRelease>, did: readonly Done[] = []): State => ({
  ...s,
  open: s.open.map((open) => {
    if (open.release !== release) return open;
    const { checks: _before, ...o } = open;
    return { ...o, done: [...o.done, ...did], ...now };
  }),
});

export function afterPublish(p: Published, release: number, at: string): State {
  const entries = Object.entries(p.tables).map(([key, t]) => {
    const was = p.base.tables[key] ?? null;
    const is = tableAfter(t, was, p, release);
    const foreign = tookForeign(t, was, p) ? { foreign: true } : {};
    const quarantine = t.quarantine === undefined ? {} : { quarantine: t.quarantine };
    const consumed = t.position === undefined ? {} : { consumed: true };
    return [key, { was, is, undo: undoOf(t, p), ...foreign, ...quarantine, ...consumed }] as const;
  });
  const made: Kept = {
    release,
    previous: p.previous,
    at,
    strategy: p.strategy,
    ...(p.note === undefined ? {} : { note: p.note }),
    ...(p.key === undefined ? {} : { key: p.key }),
    tables: Object.fromEntries(entries),
  };
  return {
    ...p.base,
    live: release,
    held: p.base.held ?? p.hold ?? null,
    tables: { ...p.base.tables, ...Object.fromEntries(entries.map(([key, t]) => [key, t.is])) },
    kept: [...p.base.kept, made].slice(-p.keep),
    undone: [],
    pending: null,
    ...positionsAfter(p),
    open: p.base.open.filter((o) => o.release !== release),
    ...(p.base.overwritten === undefined ? {} : { overwritten: latest(p.base.overwritten, p.keep) }),
  };
}

/** Those of the latest rollbacks that overwrote something. */
const latest = (all: readonly Overwritten[], keep: number): Overwritten[] => {
  const numbers = [...new Set(all.map((o) => o.release))].slice(-keep);
  return all.filter((o) => numbers.includes(o.release));
};

function positionsAfter(p: Published): Pick<State, "positions"> {
  const read = Object.entries(p.tables).flatMap(([key, t]) => (t.position === undefined ? [] : [[key, t.position] as const]));
  return read.length === 0 ? {} : { positions: { ...p.base.positions, ...Object.fromEntries(read) } };
}
const fact = (p: Published, op: string | null): Row => (op === null ? {} : (p.facts[op]?.[0] ?? {}));

function undoOf(t: PublishedTable, p: Published): Kept["tables"][string]["undo"] {
  if (t.undo.kind !== "images") return t.undo;
  const images = fact(p, t.tally);
  return { ...t.undo, before: Number(images["before_rows"] ?? 0), after: Number(images["after_rows"] ?? 0) };
}

/** What the ledger expects of a table after a release: what it was, less one image and with the other. */
function expectedAfter(t: PublishedTable, was: TableState | null, p: Published): { readonly rows: number; readonly sum: string } {
  const images = fact(p, t.tally);
  const rows = (was?.rows ?? 0) + Number(images["after_rows"] ?? 0) - Number(images["before_rows"] ?? 0);
  const sum = BigInt(was?.sum ?? "0") + BigInt(String(images["after_sum"] ?? "0")) - BigInt(String(images["before_sum"] ?? "0"));
  return { rows, sum: sum.toString() };
}

/** Whether the scan of a release in place found anything else: others had written, rows or columns. */
function tookForeign(t: PublishedTable, was: TableState | null, p: Published): boolean {
  if (t.tally === null || t.scan === null) return false;
  const expected = expectedAfter(t, was, p);
  const scan = fact(p, t.scan);
  if (Number(scan["rows"]) !== expected.rows) return true;
  if (was === null || was.hash === t.hash) return String(scan["sum"]) !== expected.sum;
  return t.grown !== true && columnsIn(was.hash) !== columnsIn(t.hash);
}
/** A checksum's version is that of the algorithm, then the columns. */
const columnsIn = (hash: string): string => hash.slice(hash.lastIndexOf("/") + 1);

function tableAfter(t: PublishedTable, was: TableState | null, p: Published, release: number): TableState {
  const expected = expectedAfter(t, was, p);
  const scan = fact(p, t.scan);
  const proven = t.checks.filter((c) => readChecks([c], p.facts)[0]?.outcome === "pass").map((c) => c.id);
  const scanned = t.scan !== null;
  const lost = t.loses === true ? release : was?.lost;
  return {
    path: t.path,
    rows: scanned ? Number(scan["rows"]) : expected.rows,
    sum: scanned ? String(scan["sum"]) : expected.sum,
    hash: t.hash,
    watermark: t.watermark,
    proven,
    changes: t.changes ?? (was?.hash === t.hash ? was.changes : null),
    sinceScan: scanned ? 0 : (was?.sinceScan ?? 0) + 1,
    ...(lost === undefined ? {} : { lost }),
    ...remembered(t, was, p),
  };
}

/** What was observed before, and by this release. */
function remembered(t: PublishedTable, was: TableState | null, p: Published): Pick<TableState, "observed"> {
  const observed = { ...was?.observed };
  const found = t.checks.flatMap((c) => (c.remember === undefined ? [] : [[c.remember, readChecks([c], p.facts)[0]] as const]));
  for (const [metric, result] of new Map(found)) {
    const value = Number(result?.observed ?? Number.NaN);
    if (Number.isFinite(value)) observed[metric] = [...(observed[metric] ?? []), value].slice(-REMEMBERED);
  }
  return Object.keys(observed).length === 0 ? {} : { observed };
}

/** Where in `kept` the releases above one begin: by order of publication, since a release opened earlier may be published later. */
export const positionAbove = (s: Pick<State, "kept">, to: number): number => s.kept.findIndex((k) => k.previous === to);

/** Tables as they were before, or as they became; the versions that changed places under their new names. */
function afterRollback(s: State, to: number, from: number, displaced: Displaced): State {
  const at = positionAbove(s, to);
  const gone = at < 0 ? [] : s.kept.slice(at);
  const tables = { ...s.tables };
  for (const k of gone.toReversed()) for (const [key, t] of Object.entries(k.tables)) setOrDrop(tables, key, t.was);
  const undone = [...s.undone, { from, to, releases: gone.map((k) => replaceVersion(k, displaced, gone)) }];
  return {
    ...s,
    live: to,
    tables: unrewound(tables, undone),
    kept: at < 0 ? s.kept : s.kept.slice(0, at),
    undone,
    pending: null,
    // A hold of somebody's own outlasts rollback and redo.
    held: s.held ?? rolledBack(from, to),
  };
}
function afterRedo(s: State, to: number, displaced: Displaced): State {
  const again = s.undone.at(-1)?.releases ?? [];
  const last = s.undone.at(-1);
  const own = last !== undefined && s.held !== rolledBack(last.from, last.to);
  const tables = { ...s.tables };
  for (const k of again) for (const [key, t] of Object.entries(k.tables)) tables[key] = t.is;
  return {
    ...s,
    live: to,
    tables: unrewound(tables, s.undone.slice(0, -1)),
    kept: [...s.kept, ...again.map((k) => replaceVersion(k, displaced, again))],
    undone: s.undone.slice(0, -1),
    pending: null,
    held: own ? s.held : null,
  };
}
const ownHold = (s: State): boolean => s.undone.some((u) => s.held === rolledBack(u.from, u.to));
const rolledBack = (from: number, to: number): string => `release ${from} was rolled back to ${to}`;
/** The oldest swap among releases that go together is the one whose version changed places with live. */
function replaceVersion(k: Kept, displaced: Displaced, group: readonly Kept[]): Kept {
  const tables = Object.fromEntries(
    Object.entries(k.tables).map(([key, t]) => {
      const to = displaced[key];
      const first = group.find((g) => g.tables[key]?.undo.kind === "swap");
      if (to === undefined || t.undo.kind !== "swap" || first?.release !== k.release) return [key, t];
      return [key, { ...t, undo: { ...t.undo, ...to } }];
    }),
  );
  return { ...k, tables };
}
function setOrDrop(tables: Record<string, TableState>, key: string, was: TableState | null): void {
  if (was === null) delete tables[key];
  else tables[key] = was;
}
