import { type Column, latest, type Table, type Version } from "./catalog.js";
import type { Engine, Session } from "./engine.js";
import { acquire, type Holder, newLock, releaseAll } from "./locks.js";
import { copyParts, createPart, type Physical, stored } from "./store.js";

/** What a transaction has done to one table, unseen by others until it commits. */
interface Work {
  /** The version that `own` was copied from. */
  base: Version;
  /** All rows of `base`, changed; null while rows were only added. */
  own: Physical | null;
  added: Physical[];
  dirty: boolean;
  merged: { from: readonly Physical[]; into: Physical } | null;
}

export interface Transaction extends Holder {
  readonly started: number;
  readonly name: string;
  readonly explicit: boolean;
  readonly works: Map<Table, Work>;
  readonly queryIds: string[];
  /** Load metadata of COPY, and what else counts only with the commit. */
  readonly loads: Map<string, { etag: string; status: string; at: number }>;
  readonly after: (() => void)[];
}

export function begin(engine: Engine, statement: string, explicit: boolean, name?: string): Transaction {
  const started = engine.tick();
  // The service numbers transactions by the clock, in nanoseconds.
  const id = `${started}000`;
  return {
    id,
    statement,
    locks: new Set(),
    waitsFor: null,
    started,
    name: name ?? id,
    explicit,
    works: new Map(),
    queryIds: [],
    loads: new Map(),
    after: [],
  };
}

/** Parts that others have added since a version; they hold no lock, so nothing else can have changed. */
function since(table: Table, base: Version): Physical[] {
  const at = table.versions.indexOf(base);
  return at < 0 ? [] : table.versions.slice(at + 1).flatMap((v) => v.appended ?? []);
}

/** The rows that a statement sees: the latest commit of others, and what its own transaction did (docs "Transactions", READ COMMITTED). */
export function visible(table: Table, tx: Transaction | null): { parts: readonly Physical[]; columns: readonly Column[] } {
  const now = latest(table);
  const work = tx?.works.get(table);
  if (!work) return now;
  const parts = work.own ? [work.own, ...since(table, work.base), ...work.added] : [...now.parts, ...work.added];
  return { parts, columns: now.columns };
}

function workOn(table: Table, tx: Transaction): Work {
  const known = tx.works.get(table);
  if (known) return known;
  const work: Work = { base: latest(table), own: null, added: [], dirty: false, merged: null };
  tx.works.set(table, work);
  return work;
}

const manyParts = 8;

/** A part for rows that a statement adds. It counts only when the statement was right: `add`. */
export async function partFor(session: Session, table: Table): Promise<Physical> {
  return await createPart(session.engine.store, session, latest(table).columns);
}

export async function add(session: Session, table: Table, tx: Transaction, part: Physical): Promise<void> {
  if (part.rows === 0) return;
  const work = workOn(table, tx);
  work.added.push(part);
  work.dirty = true;
  const parts = latest(table).parts;
  if (!work.own && parts.length >= manyParts && !work.merged) {
    const into = await copyParts(session.engine.store, session, latest(table).columns, parts);
    work.merged = { from: parts, into };
  }
}

/** Takes the table's lock and a copy of its rows that this transaction may change. */
export async function change(session: Session, table: Table, tx: Transaction, signal: AbortSignal): Promise<Physical> {
  await lock(session, table, tx, signal);
  const { store } = session.engine;
  const known = tx.works.get(table);
  const columns = latest(table).columns;
  const now = latest(table);
  if (!known?.own) {
    const own = await copyParts(store, session, columns, [...now.parts, ...(known?.added ?? [])]);
    const work = workOn(table, tx);
    Object.assign(work, { base: now, own, added: [], merged: null });
    return own;
  }
  const names = stored(columns);
  for (const part of [...since(table, known.base), ...known.added]) {
    await session.duck.run(`INSERT INTO ${known.own.name} (${names}) SELECT ${names} FROM ${part.name}`);
    known.own.rows += part.rows;
  }
  // Others can have added more meanwhile; those count as added since `now`.
  known.base = now;
  known.added = [];
  return known.own;
}

/** Replaces all rows: TRUNCATE and INSERT OVERWRITE. */
export async function replace(
  session: Session,
  table: Table,
  tx: Transaction,
  signal: AbortSignal,
  part: Physical,
): Promise<void> {
  await lock(session, table, tx, signal);
  const work = workOn(table, tx);
  Object.assign(work, { base: latest(table), own: part, added: [], merged: null, dirty: true });
}

export function touched(table: Table, tx: Transaction, rows: number): void {
  const work = tx.works.get(table);
  if (work?.own) work.own.rows += rows;
  if (work) work.dirty = true;
}

export async function lock(session: Session, table: Table, tx: Transaction, signal: AbortSignal): Promise<void> {
  const { engine } = session;
  const known = engine.locks.get(table) ?? newLock(table.name);
  engine.locks.set(table, known);
  const seconds = Number(session.parameters.get("LOCK_TIMEOUT") ?? 43_200);
  await acquire(known, tx, { seconds, signal, now: engine.now() });
}

/** All of it at once: nothing here waits, so no statement sees a half. */
export function commit(engine: Engine, tx: Transaction): void {
  const at = engine.tick();
  for (const [table, work] of tx.works) {
    if (!work.dirty) continue;
    const now = latest(table);
    if (work.own) {
      const parts = [work.own, ...since(table, work.base), ...work.added];
      pushVersion(table, { parts, columns: now.columns, at, queryIds: tx.queryIds, appended: null });
    } else {
      const { merged } = work;
      const whole = merged?.from.every((p, k) => now.parts[k] === p) === true;
      const before = merged && whole ? [merged.into, ...now.parts.slice(merged.from.length)] : now.parts;
      pushVersion(table, {
        parts: [...before, ...work.added],
        columns: now.columns,
        at,
        queryIds: tx.queryIds,
        appended: work.added,
      });
    }
  }
  for (const step of tx.after) step();
  tx.works.clear();
  releaseAll(tx, engine.now());
  engine.tidy();
}

export function pushVersion(table: Table, version: Version): void {
  table.versions.push(version);
}

export function rollback(engine: Engine, tx: Transaction): void {
  tx.works.clear();
  releaseAll(tx, engine.now());
  engine.tidy();
}
