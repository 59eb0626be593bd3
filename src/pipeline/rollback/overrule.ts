import { type ColumnShape, stored, type TableRef } from "../../adapter/shapes.js";
import { CutoverError } from "../../errors/index.js";
import { besideLive } from "../../ledger/names.js";
import { imageShapes } from "../../ledger/shapes.js";
import type { Move, Overrule, TableMove } from "../../plan/rollback.js";
import { exactNames } from "../../table/exact.js";
import type { Held } from "../lease/held.js";
import { changesRef } from "../load/load.js";
import { keyOf } from "../load/tables.js";
import type { Work } from "../session/work.js";

/** How the rows of others give way, and what was made for that: to be dropped afterwards. */
export interface Overruling {
  readonly how: Overrule;
  readonly drop: readonly TableRef[];
  /** To be dropped if the rollback does not take place. */
  readonly undo: readonly TableRef[];
  /** What became of the rows of others, for people. */
  readonly told: string;
}
/** TRUE in the delta for keys that had no row. */
const GONE = "_cutover_gone";

/** Prepares a rollback over rows of others in one table. `earnest` false: a rehearsal makes no copies that stay. */
export async function overrule(
  w: Work,
  held: Held,
  m: Omit<Move, "tables">,
  t: TableMove,
  earnest: boolean,
): Promise<Overruling> {
  if (t.back !== null) return keepVersion(w, held, m, t, earnest);
  const release = held.release as number;
  const columns = stored(t.live.columns);
  const undone = m.releases.flatMap((k) => {
    const of = k.tables[t.id];
    return of === undefined ? [] : [{ release: k.release, ...of }];
  });
  const key = keyOfTable(w, t, columns);
  const filled = undone.some((k) => k.undo.kind === "fill");
  if (key.length === 0 && !filled) throw keyless(w, t);
  const changes = changesRef(w, t, columns);
  await w.run({
    kind: "create",
    ref: changes,
    columns: imageShapes(w.ctx.adapter.syntax, columns),
    ifNotExists: true,
    scratch: true,
  });
  const delta = w.names.delta(t.id, release, "0r");
  const shapes = columns.map(({ name, type, native }): ColumnShape => ({ name, type, native, nullable: true }));
  const gone: ColumnShape = { name: GONE, type: "bool", native: w.ctx.adapter.syntax.type("bool"), nullable: true };
  await w.run({ kind: "drop", ref: delta }, t.alias);
  await w.run({ kind: "create", ref: delta, columns: [...shapes, gone], ifNotExists: false, scratch: true }, t.alias);
  if (!filled) {
    const releases = undone.map((k) => k.release);
    await w.run({ kind: "recall", changes, releases, key, columns, gone: GONE, to: delta }, t.alias);
  }
  const told = `${t.alias}: rows that others had written were overwritten; what stood there is kept in ${changes.path.join(".")} under release ${release}`;
  return { how: { by: "delta", delta, changes, release, key, gone: filled ? null : GONE }, drop: [delta], undo: [], told };
}

/** Over a swap the version that leaves has their rows: a copy of it outlasts what is kept for redo. */
async function keepVersion(w: Work, held: Held, m: Omit<Move, "tables">, t: TableMove, earnest: boolean): Promise<Overruling> {
  const to = besideLive(t.live.ref.path, "foreign", m.from, `f${held.fence}_`);
  const step = { kind: "clone" as const, from: t.live, to, depth: 0, empty: false };
  if (earnest && w.ctx.adapter.capabilities.transactionalDdl) {
    const plan = { name: "clone", atomic: true, steps: [{ id: `${t.alias}.clone`, step }] };
    await held.during((limit) => w.block(plan, "commit", limit));
  } else if (earnest) await w.run(step, t.alias);
  const told = `${t.alias}: others had written to the version that left; a copy of it is kept as ${to.path.join(".")}`;
  return { how: { by: "swap" }, drop: [], undo: earnest ? [to] : [], told };
}

function keyOfTable(w: Work, t: TableMove, columns: readonly ColumnShape[]): readonly string[] {
  const definition = Object.values(w.ctx.tables).find((d) => keyOf(w, d).id === t.id);
  return definition === undefined ? [] : exactNames(definition, columns, w.ctx.adapter.capabilities.identifiers).key;
}

function keyless(w: Work, t: TableMove): CutoverError<"UNSUPPORTED"> {
  const alternative = "adopt() to take what is there as the new baseline";
  const message = `${t.alias}: without a key nobody can tell which rows of others stand in the place of those that are gone; use ${alternative}`;
  const where = { pipeline: w.ctx.settings.pipeline, table: t.alias };
  return new CutoverError("UNSUPPORTED", message, { capability: 'onDrift: "overwrite" without a key', alternative, ...where });
}
