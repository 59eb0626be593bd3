import { rowsOf, type TableShape } from "../../adapter/shapes.js";
import { type CheckDefinition, comparable, targetOf } from "../../check/checks.js";
import { type Reference, type Referred, referenceKey } from "../../check/observe.js";
import { CutoverError } from "../../errors/index.js";
import type { State } from "../../ledger/state.js";
import { mayLose, type TableLoad } from "../../plan/in-place.js";
import type { TableSwap } from "../../plan/swap.js";
import { findColumn } from "../../table/resolve.js";
import { configError } from "../config.js";
import { keyOf } from "../load/tables.js";
import type { Work } from "../session/work.js";

/** A table that a release writes: as it will be, and what the ledger will say of what it lost. */
interface Becoming {
  readonly id: string;
  readonly shape: TableShape;
  /** Values of these columns together never go away but with their row. */
  readonly key: readonly string[];
  readonly lost: number;
  /** Whether the release holds the table against what the ledger says of it. */
  readonly guarded: boolean;
}
interface Referring {
  readonly alias: string;
  readonly shape: TableShape;
  readonly checks: readonly CheckDefinition[];
}

/** Tables with what their references point to: what the release makes of it, or the table as it is. */
export async function withReferences<T>(
  w: Work,
  state: State,
  tables: readonly T[],
  of: (t: T) => Referring,
  becoming: readonly Becoming[],
): Promise<readonly (T & { readonly referred: Readonly<Record<string, Referred>> })[]> {
  const found: (T & { readonly referred: Readonly<Record<string, Referred>> })[] = [];
  for (const t of tables) {
    const { checks } = of(t);
    const referred: Record<string, Referred> = {};
    for (const [i, c] of checks.entries())
      if (c.kind === "references") referred[referenceKey(c)] = await lookUp(w, state, of(t), c, i, becoming);
    found.push({ ...t, referred });
  }
  return found;
}

export const loadsWithReferences = (
  w: Work,
  state: State,
  loads: readonly TableLoad[],
  release: number,
): Promise<readonly TableLoad[]> => {
  const becoming = loads.map((t): Becoming => {
    const lost = mayLose(t) ? release : (t.was?.lost ?? 0);
    return { id: t.id, shape: t.live, key: t.key, lost, guarded: true };
  });
  return withReferences(w, state, loads, (t) => ({ ...t, shape: t.live }), becoming);
};
export const swapsWithReferences = (
  w: Work,
  state: State,
  swaps: readonly TableSwap[],
  release: number,
): Promise<readonly TableSwap[]> => {
  const becoming = swaps.map((t): Becoming => ({ id: t.id, shape: t.candidate, key: t.key, lost: release, guarded: false }));
  return withReferences(w, state, swaps, (t) => ({ ...t, shape: t.candidate }), becoming);
};

async function lookUp(
  w: Work,
  state: State,
  from: Referring,
  d: Reference,
  index: number,
  becoming: readonly Becoming[],
): Promise<Referred> {
  const { ref, id } = keyOf(w, { name: d.to });
  const made = becoming.find((b) => b.id === id);
  const shape = made?.shape ?? (await w.describe(ref, "columns"));
  const where = { pipeline: w.ctx.settings.pipeline, table: from.alias };
  if (shape === null) {
    const name = ref.path.join(".");
    const message = `${from.alias}: what ${d.column} references does not exist: there is no table ${name}; load it in the same release, or before`;
    throw new CutoverError("NOT_FOUND", message, { what: "table", name, ...where });
  }
  const by = w.ctx.adapter.capabilities.identifiers;
  const there = findColumn(shape.columns, d.toColumn, by);
  const here = findColumn(from.shape.columns, d.column, by);
  const path = `tables.${from.alias}.checks[${index}]`;
  if (there === undefined)
    throw configError([
      { path, message: `${targetOf(d)}: no such column; there are ${shape.columns.map((c) => c.name).join(", ")}` },
    ]);
  if (here !== undefined && !comparable(here.type, there.type))
    throw configError([{ path, message: `${d.column} is ${here.type} and ${targetOf(d)} is ${there.type}: never equal` }]);
  const lost = made?.lost ?? state.tables[id]?.lost ?? 0;
  const known = made !== undefined || state.tables[id] !== undefined;
  const wholeKey = made?.key.length === 1 && made.key[0] === there.name;
  return {
    rows: rowsOf(shape.ref),
    column: there.name,
    epoch: known ? [id, lost] : null,
    guarded: made?.guarded === true && wholeKey,
  };
}
