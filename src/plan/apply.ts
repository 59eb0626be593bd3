import { stored, type TableRef, type TableShape } from "../adapter/shapes.js";
import type { Deletes, Scope, Step } from "../adapter/steps.js";
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
  readonly deletes: Deletes | null;
  readonly release: number;
  readonly key: readonly string[];
  readonly cursor: string | null;
}

export const byKey = (scope: Scope): boolean => scope !== "all" && "keys" in scope;
/** Whether a load takes rows away: an append does not. */
export const goes = (scope: Scope): boolean => scope === "all" || !("own" in scope);
/** A table for rows that a release appends: they bear its number in the column that no source gives. */
export function landing(live: TableShape, scope: Scope, release: number): TableShape {
  if (scope === "all" || !("own" in scope)) return live;
  return { ...live, columns: live.columns.map((c) => (c.name === scope.own ? { ...c, default: String(release) } : c)) };
}

/** Which rows of the delta may be older than live's: in key scope, by cursor. */
export const staleIn = (
  a: Pick<Application, "delta" | "key" | "cursor" | "scope"> & { readonly live: TableShape },
): Step<"tally">["stale"] =>
  a.cursor === null || !byKey(a.scope) ? null : { live: a.live, delta: a.delta, key: a.key, cursor: a.cursor, prune: null };

/** The same algebra as in place, on the candidate; the images are counted and go with it. */
export const planApply = (
  tables: readonly Application[],
  at: Parameters<typeof fence>[0],
  recorded: readonly PlannedStep[] = [],
): Plan => ({
  name: "load",
  atomic: true,
  steps: [fence(at), ...tables.flatMap(applySteps), ...recorded],
});

function applySteps(a: Application): readonly PlannedStep[] {
  const { candidate: live, scratch: changes, release, key } = a;
  const tally = opOf.tally(a.alias);
  return [
    {
      id: opOf.capture(a.alias),
      step: {
        kind: "capture",
        live: landing(live, a.scope, release),
        delta: a.delta,
        given: a.given,
        rows: a.rows,
        changes,
        scope: a.scope,
        release,
        key,
        cursor: a.cursor,
        deletes: a.deletes,
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
        removes: goes(a.scope) ? { sameAs: tally, column: "before_rows" } : 0,
        inserts: { sameAs: tally, column: "after_rows" },
      },
    },
  ];
}
