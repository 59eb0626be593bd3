import { stored, type TableRef, type TableShape } from "../adapter/shapes.js";
import type { Scope, Step } from "../adapter/steps.js";
import type { Facts } from "../check/planned.js";
import type { TableCounts } from "../pipeline/reports.js";
import type { Plan, PlannedStep } from "./compile.js";
import { fence, opOf } from "./release.js";

/** A load into one table of a candidate. */
export interface Application {
  readonly alias: string;
  readonly candidate: TableShape;
  readonly delta: TableRef;
  readonly given: readonly string[];
  readonly rows: number;
  readonly scratch: TableRef;
  readonly scope: Scope;
  readonly release: number;
  readonly key: readonly string[];
  readonly cursor: string | null;
}

/** Which rows of the delta may be older than live's: in key scope, by cursor. */
export const staleIn = (
  a: Pick<Application, "delta" | "key" | "cursor" | "scope"> & { readonly live: TableShape },
): Step<"tally">["stale"] =>
  a.cursor === null || a.scope === "all" || !("keys" in a.scope)
    ? null
    : { live: a.live, delta: a.delta, key: a.key, cursor: a.cursor, prune: null };

/** The same algebra as in place, on the candidate; the images are counted and go with it. */
export const planApply = (tables: readonly Application[], at: Parameters<typeof fence>[0]): Plan => ({
  name: "load",
  atomic: true,
  steps: [fence(at), ...tables.flatMap(applySteps)],
});

function applySteps(a: Application): readonly PlannedStep[] {
  const { candidate: live, scratch: changes, release, key } = a;
  const tally = opOf.tally(a.alias);
  return [
    {
      id: opOf.capture(a.alias),
      step: {
        kind: "capture",
        live,
        delta: a.delta,
        given: a.given,
        rows: a.rows,
        changes,
        scope: a.scope,
        release,
        key,
        cursor: a.cursor,
        deletes: null,
        prune: null,
      },
    },
    {
      id: tally,
      step: {
        kind: "tally",
        changes,
        release,
        columns: stored(live.columns),
        stale: staleIn({ ...a, live }),
        count: null,
        moved: null,
      },
    },
    {
      id: `${a.alias}.exchange`,
      step: {
        kind: "exchange",
        live,
        changes,
        release,
        key,
        remove: "before",
        captured: true,
        prune: null,
        rows: a.rows,
        removes: { sameAs: tally, column: "before_rows" },
        inserts: { sameAs: tally, column: "after_rows" },
      },
    },
  ];
}

/** Counts with those of one more load. */
export function applied(before: TableCounts, facts: Facts, alias: string, staged: number): TableCounts {
  const tally = facts[opOf.tally(alias)]?.[0] ?? {};
  const n = (name: string): number => Number(tally[name] ?? 0);
  const [inserted, updated, deleted, stale] = [n("inserted"), n("updated"), n("deleted"), n("stale")];
  return {
    inserted: before.inserted + inserted,
    updated: before.updated + updated,
    deleted: before.deleted + deleted,
    stale: before.stale + stale,
    unchanged: before.unchanged + Math.max(0, staged - inserted - updated - stale),
    quarantined: before.quarantined,
  };
}
