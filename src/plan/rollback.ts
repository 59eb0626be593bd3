import { stored, type TableRef, type TableShape } from "../adapter/shapes.js";
import { type Displaced, payloadText } from "../ledger/events.js";
import type { Kept, Overwritten } from "../ledger/state.js";
import type { Plan, PlannedStep } from "./compile.js";
import { intend, type Placing, placing } from "./intent.js";
import { undoneAside } from "./quarantine.js";
import { fence, type ReleaseFacts, unchanged } from "./release.js";

type TableUndo = Kept["tables"][string];

/** What one table needs to go from the release that is live to another. */
export interface TableMove {
  readonly id: string;
  readonly alias: string;
  readonly live: TableShape;
  /** The version that comes back, where a swap lies between; its fingerprint is the one that it had when it was live. */
  readonly back: TableShape | null;
  /** The name that live gets when `back` takes its place. */
  readonly keepAs: TableRef;
  /**
   * Where a swap is a step of its own: a copy of `back` (undo) or of live (redo), in which the images of releases before the
   * swap are exchanged, so that until the swap nothing is changed that is kept. null: there are none, or DDL is transactional.
   */
  readonly copy: TableShape | null;
  /** Others wrote after the swap that is taken back, and the ledger knows it: their rows are in the version that leaves only. */
  readonly foreign: boolean;
  /** Others wrote here, and are overruled. */
  readonly overrule: Overrule | null;
}
/**
 * How rows of others give way to a rollback. `swap`: the version that leaves is not compared with what was recorded, since a copy
 * of it is kept. Otherwise what live shall hold again is staged in `delta`, and what it replaces becomes the before-images of a
 * release number of its own.
 */
export type Overrule =
  | { readonly by: "swap" }
  | {
      readonly by: "delta";
      readonly delta: TableRef;
      readonly changes: TableRef;
      readonly release: number;
      readonly key: readonly string[];
      /** The column of the delta that is TRUE for rows that were not there; null: none was, the table was empty. */
      readonly gone: string | null;
    };
export interface Move {
  readonly direction: "undo" | "redo";
  /** The releases between, oldest first. */
  readonly releases: readonly Kept[];
  readonly tables: readonly TableMove[];
  readonly from: number;
  readonly to: number;
}

const ofTable = (m: Pick<Move, "releases">, id: string): readonly { readonly release: number; readonly t: TableUndo }[] =>
  m.releases.flatMap((k) => {
    const t = k.tables[id];
    return t === undefined ? [] : [{ release: k.release, t }];
  });

/** The first swap of a table among releases that go together: its version is the one that changes places with live. */
export const firstSwap = (m: Pick<Move, "releases">, id: string): number | null =>
  m.releases.find((k) => k.tables[id]?.undo.kind === "swap")?.release ?? null;

/**
 * Going back: the images of older releases are exchanged in the version that comes back, newest first, and the swap
 * comes last, so that no release in between is ever seen. Redo: the swap comes first, then the version that left is
 * brought to where the next rollback expects it.
 */
export function planMove(
  m: Move,
  f: Pick<ReleaseFacts, "pipeline" | "fence" | "lease" | "journal" | "nextSeq" | "hashVersion" | "marker">,
): { readonly plan: Plan; readonly displaced: Displaced; readonly placings: readonly Placing[]; readonly recorded: PlannedStep } {
  const displaced: Displaced = Object.fromEntries(
    m.tables.filter((t) => t.back !== null).map((t) => [t.id, { kept: [...keptBy(m, t).path], fingerprint: t.live.fingerprint }]),
  );
  const { marker } = f;
  const placings = marker === null ? [] : m.tables.filter((t) => t.back !== null).map((t) => placed(m, t, marker));
  const steps = m.tables.flatMap((t) => tableSteps(m, t, f.hashVersion, placings.length > 0));
  const payload = { from: m.from, to: m.to, releases: m.releases.map((k) => k.release), displaced, ...overwrittenBy(m.tables) };
  const event = m.direction === "undo" ? "rolled-back" : "redone";
  const record: PlannedStep = {
    id: "record",
    step: {
      kind: "record",
      journal: f.journal,
      events: [
        ...keyEventsOf(m).map((e) => ({ pipeline: f.pipeline, fence: f.fence, seq: f.nextSeq(), facts: [], ...e })),
        {
          pipeline: f.pipeline,
          release: m.to,
          seq: f.nextSeq(),
          event,
          fence: f.fence,
          payload: payloadText(event, payload, f.journal.path[0] ?? ""),
          facts: [],
        },
      ],
    },
  };
  return {
    plan: {
      name: m.direction === "undo" ? "rollback" : "redo",
      atomic: true,
      steps: [
        fence(f),
        ...steps,
        ...undoneAside(m, f.pipeline),
        placings.length === 0 ? record : intend(record, placings, changesLive(m)),
      ],
    },
    displaced,
    placings,
    recorded: record,
  };
}

/** Whether a live table that keeps its place gets other rows in the block itself. */
const changesLive = (m: Move): boolean => m.tables.some((t) => t.back === null && olderThanSwap(m, t.id).length > 0);

/** What the rollback of a move overwrites, and where that is kept. */
export function overwrittenBy(tables: readonly TableMove[]): { readonly overwritten?: Overwritten[] } {
  const overwritten = tables.flatMap(({ overrule: o }) =>
    o?.by === "delta" ? [{ release: o.release, changes: [...o.changes.path] }] : [],
  );
  return overwritten.length === 0 ? {} : { overwritten };
}

/** An idempotency key counts while its release is published. */
const keyEventsOf = (m: Move): { readonly release: number; readonly event: string; readonly payload: string }[] =>
  m.releases.flatMap((k) =>
    k.key === undefined ? [] : [{ release: k.release, event: m.direction === "undo" ? "key-returned" : "key", payload: k.key }],
  );

/** Releases from the swap on live in the version that leaves (or comes back) as a whole; the images of those before it are exchanged. */
export function olderThanSwap(
  m: Pick<Move, "releases">,
  id: string,
): readonly { readonly release: number; readonly t: TableUndo }[] {
  const swap = m.releases.findIndex((k) => k.tables[id]?.undo.kind === "swap");
  return ofTable({ releases: swap < 0 ? m.releases : m.releases.slice(0, swap) }, id);
}

/** The version that the next move finds: the one that left, or the copy of it that was brought to where that expects it. */
const keptBy = (m: Move, t: TableMove): TableRef => (m.direction === "redo" && t.copy !== null ? t.copy.ref : t.keepAs);

/** The version that takes live's place, and what becomes of the copy. */
function placed(m: Move, t: TableMove, marker: string): Placing {
  const back = t.back as TableShape;
  const touching = ofTable(m, t.id);
  const was = (m.direction === "undo" ? touching.at(-1)?.t.is : touching[0]?.t.was) ?? null;
  const common = { alias: t.alias, live: t.live, at: t.live.ref, keepAs: t.keepAs, marker, was };
  if (m.direction === "redo") return placing({ ...common, candidate: back, spent: t.copy === null ? null : t.keepAs });
  return placing({ ...common, candidate: t.copy ?? back, spent: t.copy === null ? null : back.ref });
}

function tableSteps(m: Move, t: TableMove, hashVersion: string, apart: boolean): PlannedStep[] {
  if (t.overrule?.by === "delta") return overruling(t, t.overrule);
  const older = olderThanSwap(m, t.id);
  const { copy } = t;
  if (apart && t.back !== null) {
    const exchanged = copy === null ? [] : m.direction === "undo" ? older.toReversed() : older;
    return [...unmoved(m, t, hashVersion), ...exchanged.flatMap((s) => exchange(m, t, copy as TableShape, s, hashVersion))];
  }
  if (m.direction === "undo") {
    const on = t.back ?? t.live;
    const undone = older.toReversed().flatMap((s) => exchange(m, t, on, s, hashVersion));
    return t.back === null ? undone : [...unmoved(m, t, hashVersion), ...undone, place(m, t)];
  }
  const left: TableShape = { ...t.live, ref: t.keepAs };
  if (t.back === null) return older.flatMap((s) => exchange(m, t, t.live, s, hashVersion));
  return [...unmoved(m, t, hashVersion), place(m, t), ...older.flatMap((s) => exchange(m, t, left, s, hashVersion))];
}

/** The version that leaves is kept, but not for ever: what others wrote there must not go with it unseen. */
function unmoved(m: Move, t: TableMove, hashVersion: string): PlannedStep[] {
  if (t.overrule !== null) return [];
  const touching = ofTable(m, t.id);
  const is = m.direction === "undo" ? touching.at(-1)?.t.is : touching[0]?.t.was;
  return is === undefined ? [] : [unchanged(`${t.alias}.live`, t.live, is, hashVersion)];
}

/** Whatever stands under the keys that the releases touched becomes what it was before them, by the algebra of a load. */
function overruling(t: TableMove, o: Extract<Overrule, { by: "delta" }>): PlannedStep[] {
  const columns = stored(t.live.columns);
  const common = { changes: o.changes, release: o.release };
  const { key } = o;
  const tally = `${t.alias}.overruled`;
  return [
    {
      id: `${t.alias}.capture`,
      step: {
        kind: "capture",
        ...common,
        live: t.live,
        delta: o.delta,
        given: columns.map((c) => c.name),
        rows: null,
        scope: o.gone === null ? "all" : { keys: key },
        key,
        cursor: null,
        deletes: o.gone === null ? null : { column: o.gone, equals: { value: true, type: "bool" } },
        prune: null,
      },
    },
    { id: tally, step: { kind: "tally", ...common, columns, stale: null, count: null, moved: null } },
    {
      id: `${t.alias}.exchange`,
      step: {
        kind: "exchange",
        ...common,
        live: t.live,
        key,
        remove: "before",
        captured: true,
        prune: null,
        rows: null,
        removes: { sameAs: tally, column: "before_rows" },
        inserts: { sameAs: tally, column: "after_rows" },
      },
    },
  ];
}

const place = (m: Move, t: TableMove): PlannedStep => ({
  id: `${t.alias}.swap`,
  step: { kind: "swap", live: t.live, candidate: t.back as TableShape, at: t.live.ref, keepAs: t.keepAs, marker: String(m.to) },
});

function exchange(
  m: Move,
  t: TableMove,
  on: TableShape,
  s: { readonly release: number; readonly t: TableUndo },
  hashVersion: string,
): PlannedStep[] {
  const { undo, is } = s.t;
  const id = `${t.alias}.${s.release}`;
  if (undo.kind === "swap") return [];
  if (undo.kind === "fill") {
    return [
      unchanged(`${id}.scan`, on, is, hashVersion),
      { id: `${id}.empty`, step: { kind: "empty", live: on, rows: is.rows } },
    ];
  }
  const forward = m.direction === "redo";
  return [
    {
      id,
      step: {
        kind: "exchange",
        live: on,
        changes: { path: undo.changes },
        release: s.release,
        key: undo.key,
        captured: false,
        prune: null,
        remove: forward ? "before" : "after",
        rows: forward ? undo.after : undo.before,
        removes: forward ? undo.before : undo.after,
        inserts: forward ? undo.after : undo.before,
      },
    },
  ];
}
