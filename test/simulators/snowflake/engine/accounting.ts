import { retentionOf, type Table } from "./catalog.js";
import type { Engine } from "./engine.js";
import { type Physical, sweep } from "./store.js";

const day = 86_400_000_000;
/** More tables of DuckDB than this are not kept for the sake of time travel: the oldest versions go first. */
const mostPhysicals = 700;
const every = 40;

function tables(engine: Engine): Table[] {
  const found: Table[] = [];
  const { catalog } = engine;
  const databases = [...catalog.databases.values(), ...catalog.droppedDatabases];
  for (const database of databases) {
    for (const schema of [...database.schemas.values(), ...database.droppedSchemas]) {
      for (const r of schema.relations.values()) if (r.type === "TABLE") found.push(r);
      found.push(...schema.droppedTables);
    }
  }
  for (const session of engine.sessions) found.push(...session.temporary.values());
  return found;
}

function live(engine: Engine, all: readonly Table[]): Set<Physical> {
  const kept = new Set<Physical>();
  for (const table of all) for (const version of table.versions) for (const part of version.parts) kept.add(part);
  for (const session of engine.sessions) {
    for (const part of session.held) kept.add(part);
    for (const [table, work] of session.transaction?.works ?? []) {
      for (const part of [
        ...work.base.parts,
        ...work.added,
        ...(work.own ? [work.own] : []),
        ...(work.merged ? [work.merged.into] : []),
      ])
        kept.add(part);
      for (const version of table.versions) for (const part of version.parts) kept.add(part);
    }
  }
  return kept;
}

/** Versions that nobody may travel to any more are forgotten; then, beyond a number of tables, the oldest that are not current. */
function forget(engine: Engine, all: readonly Table[]): void {
  const now = engine.now();
  const needed = new Set([...engine.sessions].flatMap((s) => [...(s.transaction?.works.values() ?? [])].map((w) => w.base)));
  for (const table of all) {
    const oldest = now - retentionOf(table) * day;
    // A version lives on until its successor is older than the retention.
    while (table.versions.length > 1 && (table.versions[1]?.at ?? now) <= oldest && !needs(table, needed)) table.versions.shift();
  }
  let excess = engine.store.physicals.size - mostPhysicals;
  if (excess <= 0) return;
  const old = all
    .flatMap((table) => table.versions.slice(0, -1).map((version) => ({ table, version })))
    .sort((a, b) => a.version.at - b.version.at);
  for (const { table, version } of old) {
    if (excess <= 0) break;
    if (needs(table, needed) || table.versions[0] !== version) continue;
    table.versions.shift();
    excess--;
  }
  for (const schema of [...engine.catalog.databases.values()].flatMap((d) => [...d.schemas.values()])) {
    while (excess > 0 && schema.droppedTables.length > 0) {
      const gone = schema.droppedTables.shift();
      excess -= gone?.versions.length ?? 0;
    }
  }
}

const needs = (table: Table, needed: ReadonlySet<Table["versions"][number]>): boolean =>
  table.versions[0] !== undefined && needed.has(table.versions[0]);

/** Tidies up after some commits. */
export function trim(engine: Engine): void {
  engine.untidy = (engine.untidy ?? 0) + 1;
  if (engine.untidy < every) return;
  engine.untidy = 0;
  const all = tables(engine);
  forget(engine, all);
  const kept = live(engine, all);
  engine.sweeping = (engine.sweeping ?? Promise.resolve()).then(() => sweep(engine.store, kept));
}

/** What is stored: bytes in distinct physical tables, and what clones and versions share of them. */
export function accounting(engine: Engine): Record<string, number> {
  const all = tables(engine);
  const current = new Map<Physical, number>();
  let logical = 0;
  for (const table of all.filter((t) => t.dropped === null)) {
    const version = table.versions.at(-1);
    for (const part of version?.parts ?? []) {
      current.set(part, (current.get(part) ?? 0) + 1);
      logical += part.rows;
    }
  }
  const physical = [...current.keys()].reduce((n, part) => n + part.rows, 0);
  return {
    tables: all.filter((t) => t.dropped === null).length,
    versions: all.reduce((n, t) => n + t.versions.length, 0),
    physicalTables: engine.store.physicals.size,
    rows: logical,
    physicalRows: physical,
    sharedRows: logical - physical,
    sessions: engine.sessions.size,
    openTransactions: [...engine.sessions].filter((s) => s.transaction?.explicit).length,
  };
}
