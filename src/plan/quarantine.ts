import type { TableRef, TableShape } from "../adapter/shapes.js";
import type { Kept } from "../ledger/state.js";
import type { PlannedStep } from "./compile.js";

/** Rows of a release that did not fit, and those that it loads again. */
export interface AsideLoad {
  readonly quarantine: TableRef;
  /** Rows that did not fit; null: none. */
  readonly staged: { readonly ref: TableRef; readonly rows: number; readonly fresh: number } | null;
  /** The delta was made of rows of the quarantine. */
  readonly redriven: boolean;
}

/** How long rows are kept that have been settled: a source may give them again. */
const SETTLED_MS = 90 * 86_400_000;

interface Target {
  readonly alias: string;
  readonly live: TableShape;
  readonly raw: TableRef;
  readonly key: readonly string[];
  readonly cursor: string | null;
  readonly aside?: AsideLoad | null;
}
interface Of {
  readonly pipeline: string;
  readonly release: number;
  readonly keep: readonly number[];
}

/** Whether the quarantine is not the same afterwards. */
export const movesAside = (t: Pick<Target, "aside">): boolean =>
  t.aside != null && ((t.aside.staged?.fresh ?? 0) > 0 || t.aside.redriven);

/** Before the exchange: what live has now decides which rows are stale. */
export function asideSteps(t: Target, o: Of): readonly PlannedStep[] {
  if (t.aside == null) return [];
  const { quarantine, staged, redriven } = t.aside;
  const { pipeline, release, keep } = o;
  const settle: PlannedStep = {
    id: `${t.alias}.settle`,
    step: {
      kind: "settleAside",
      quarantine,
      pipeline,
      release,
      delta: t.raw,
      stale: t.cursor === null || t.key.length === 0 ? null : { live: t.live, key: t.key, cursor: t.cursor },
    },
  };
  const put = (from: TableRef): PlannedStep => ({
    id: `${t.alias}.aside`,
    step: { kind: "setAside", staged: from, quarantine, pipeline, release, keep: [...keep, release], forgetMs: SETTLED_MS },
  });
  return [...(redriven ? [settle] : []), ...(staged === null || staged.fresh === 0 ? [] : [put(staged.ref)])];
}

/** What releases that are rolled back, or published again, had put aside and settled. */
export const undoneAside = (
  m: { readonly direction: "undo" | "redo"; readonly releases: readonly Kept[] },
  pipeline: string,
): readonly PlannedStep[] => {
  const tables = m.releases.flatMap((k) => Object.values(k.tables));
  const paths = tables.flatMap((t) => (t.quarantine === undefined ? [] : [t.quarantine]));
  const each = new Map(paths.map((path) => [path.join("\0"), path]));
  const releases = m.releases.map((k) => k.release);
  return [...each.values()].map((path, i) => ({
    id: `aside.${i}`,
    step: { kind: "undoAside", quarantine: { path }, pipeline, releases, direction: m.direction },
  }));
};
