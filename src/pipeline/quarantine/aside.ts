import type { Batch } from "../../adapter/session.js";
import type { ColumnShape, TableRef } from "../../adapter/shapes.js";
import { CutoverError } from "../../errors/index.js";
import { asideShapes } from "../../ledger/quarantine.js";
import { type Aside, makeAside } from "../../source/aside.js";
import type { Source } from "../../source/source.js";
import type { Load } from "../load/source-shapes.js";
import type { Found } from "../load/tables.js";
import { noCandidate } from "../release/pending.js";
import type { Work } from "../session/work.js";

/** Rows of a release that did not fit, staged beside its delta. */
export interface StagedAside {
  readonly ref: TableRef;
  readonly rows: number;
}

/** Where the rows of a load go that do not fit; null: they are refused. */
export function asideOf(found: Found, load: Load, release: number, generation: number): Aside | null {
  const { definition } = found;
  if (definition.onInvalid === "reject" || load.kind !== "rows") return null;
  return makeAside({ release, load: generation + 1, redact: definition.redact, position: load.position });
}
export function requireSiftable({ alias, definition }: Found, load: Load): void {
  if (definition.onInvalid === "reject" || load.kind === "rows") return;
  const alternative = 'rows(), or a table with onInvalid: "reject"';
  const message = `${alias}: onInvalid: "quarantine" needs rows(): of ${load.kind}() the engine casts the values, and one that does not fit fails the whole load; use ${alternative}`;
  throw new CutoverError("UNSUPPORTED", message, { capability: `quarantine of ${load.kind}()`, alternative, table: alias });
}

interface Sifting {
  readonly into: TableRef;
  readonly columns: readonly ColumnShape[];
  readonly from: AsyncIterable<Batch>;
  readonly aside: Aside;
  /** Staged misfits, and parts of either on their way to the others. */
  readonly misfits: TableRef;
  readonly part: TableRef;
}

/**
 * Stages rows that fit and rows that do not, in one reading. A session writes one table at a time: when as many misfits are
 * held as memory allows, the source waits until they are written.
 */
export async function stageSifted(
  w: Work,
  alias: string,
  s: Sifting,
): Promise<{ readonly rows: number; readonly aside: StagedAside | null }> {
  const parts = inParts(s.from, s.aside);
  let rows = 0;
  const misfits = async (): Promise<void> => {
    const held = s.aside.take();
    if (held === null) return;
    const first = s.aside.total === held.rows;
    const columns = asideShapes(w.ctx.adapter.syntax);
    await stagePart(w, alias, { first, into: s.misfits, columns, from: once(held), part: s.part });
  };
  for (let n = 0; n === 0 || (await parts.more()); n++) {
    rows += await stagePart(w, alias, { first: n === 0, into: s.into, columns: s.columns, from: parts.next(), part: s.part });
    await misfits();
  }
  // Those that came after the last row that fits.
  await misfits();
  return { rows, aside: s.aside.total === 0 ? null : { ref: s.misfits, rows: s.aside.total } };
}

/** A further part of a staged table comes by one of its own. */
export async function stagePart(
  w: Work,
  alias: string,
  p: {
    readonly first: boolean;
    readonly into: TableRef;
    readonly columns: readonly ColumnShape[];
    readonly from: AsyncIterable<Batch>;
    readonly part: TableRef;
  },
): Promise<number> {
  const to = p.first ? p.into : p.part;
  const { rows } = await w.call("stage", alias, (o) => w.session.stage(to, p.columns, p.from, o), true);
  if (p.first) return rows;
  if (rows > 0) await w.run({ kind: "append", from: p.part, to: p.into, columns: p.columns.map((c) => c.name) }, alias);
  await w.run({ kind: "drop", ref: p.part }, alias);
  return rows;
}

export async function* once(batch: Batch): AsyncGenerator<Batch> {
  yield batch;
}

/** The batches in parts: one ends where no more misfits can be held. Who leaves a part in the middle ends the source. */
function inParts(from: AsyncIterable<Batch>, aside: Aside): { next(): AsyncIterable<Batch>; more(): Promise<boolean> } {
  const batches = from[Symbol.asyncIterator]();
  let ahead: Batch | null = null;
  let ended = false;
  const read = async (): Promise<Batch | null> => {
    const next = await batches.next();
    if (next.done === true) ended = true;
    return next.done === true ? null : next.value;
  };
  const part = async function* (): AsyncGenerator<Batch> {
    let left = true;
    try {
      for (;;) {
        const batch = ahead ?? (await read());
        ahead = null;
        if (batch !== null && batch.rows > 0) yield batch;
        if (batch !== null && !aside.full) continue;
        left = false;
        return;
      }
    } finally {
      if (left && !ended) await batches.return?.();
    }
  };
  return {
    next: part,
    more: async () => {
      if (!ended) ahead = await read();
      return !ended;
    },
  };
}

/** Rows of the loads before and of this one that did not fit, together. */
export async function joinAside(
  w: Work,
  alias: string,
  before: StagedAside | null,
  now: StagedAside | null,
): Promise<StagedAside | null> {
  if (before === null || now === null) return now ?? before;
  const columns = asideShapes(w.ctx.adapter.syntax).map((c) => c.name);
  await w.run({ kind: "append", from: before.ref, to: now.ref, columns }, alias);
  return { ref: now.ref, rows: before.rows + now.rows };
}

/** The rows of a candidate become live by a swap, where no quarantine can be written with them yet. */
export function requireNoAside(found: Found, source: Source): void {
  if (!source.rewindable) throw noCandidate(found.alias);
  if (found.definition.onInvalid === "reject") return;
  const alternative = 'a release in place, or a table with onInvalid: "reject"';
  const message = `${found.alias}: a candidate has no quarantine (onInvalid); use ${alternative}`;
  throw new CutoverError("UNSUPPORTED", message, { capability: "quarantine in a candidate", alternative, table: found.alias });
}

/** Quarantined rows never pass silently. */
export const tellAside = (w: Work, alias: string, rows: number): number =>
  w.warnings.push({
    code: "QUARANTINED",
    message: `${alias}: ${rows} rows did not fit; they are kept in quarantine with the release, which loads the others. quarantined() shows them, redrive() loads them once they are mended`,
  });
