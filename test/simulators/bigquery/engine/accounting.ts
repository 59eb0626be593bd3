import { type Catalog, livePhysicals, type Table } from "./catalog.js";
import { type Physical, type Store, sweep } from "./store.js";
import type { Transaction } from "./transactions.js";

const day = 86_400_000_000n;
/** Docs "Time travel": seven days at most. */
const window = 7n * day;
/** More tables of DuckDB than this are not kept for the sake of time travel: the oldest versions go first. */
const mostPhysicals = 600;
const every = 40;

const tablesOf = (catalog: Catalog): readonly Table[] =>
  [...catalog.datasets.values()].flatMap((d) => [...d.tables.values(), ...d.droppedTables]);

export interface Tidier {
  /** After a commit. */
  tidy(): void;
  /** Work during which nothing is swept: it may hold parts that no version needs any more. */
  during<T>(work: () => Promise<T>): Promise<T>;
  settled(): Promise<void>;
}

/** Tidies up after some commits, as soon as nothing is under way. */
export function tidier(catalog: Catalog, store: Store, open: ReadonlySet<Transaction>): Tidier {
  let commits = 0;
  let sweeping = Promise.resolve();
  const held = (): Set<Physical> => {
    const parts = new Set<Physical>();
    for (const tx of open)
      for (const table of tx.met.values())
        for (const version of table?.versions ?? []) for (const part of version.parts) parts.add(part);
    for (const tx of open)
      for (const work of tx.works.values())
        for (const part of [...work.base.parts, ...(work.own ?? []), ...work.added]) parts.add(part);
    return parts;
  };
  const run = (): Promise<void> => {
    forget(catalog, store, open);
    const live = livePhysicals(catalog, window);
    for (const part of held()) live.add(part);
    return sweep(store, live);
  };
  return {
    tidy: () => void commits++,
    async during(work) {
      store.busy++;
      try {
        return await work();
      } finally {
        store.busy--;
        if (store.busy === 0 && commits >= every) {
          commits = 0;
          // What is dead by now stays dead, so whoever begins meanwhile is not in the way.
          sweeping = Promise.all([sweeping, run()]).then(() => undefined);
        }
      }
    },
    settled: () => sweeping,
  };
}

function forget(catalog: Catalog, store: Store, open: ReadonlySet<Transaction>): void {
  let excess = store.physicals.size - mostPhysicals;
  if (excess <= 0) return;
  const oldest = [...open].reduce((n, tx) => (tx.started < n ? tx.started : n), catalog.now());
  const old = tablesOf(catalog)
    .flatMap((table) =>
      table.versions.slice(0, -1).map((version, k) => ({ table, version, until: table.versions[k + 1]?.at ?? 0n })),
    )
    .filter(({ until }) => until < oldest)
    .sort((a, b) => (a.until < b.until ? -1 : 1));
  for (const { table, version } of old) {
    if (excess <= 0) return;
    if (table.versions[0] !== version) continue;
    table.versions.shift();
    excess--;
  }
  for (const dataset of catalog.datasets.values())
    while (excess > 0 && dataset.droppedTables.length > 0) excess -= dataset.droppedTables.shift()?.versions.length ?? 0;
}

/** What is stored, and what clones share of it. */
export function accounting(catalog: Catalog, store: Store, open: ReadonlySet<Transaction>): Record<string, number> {
  const tables = [...catalog.datasets.values()].flatMap((d) => [...d.tables.values()]);
  const current = new Set<Physical>();
  let rows = 0;
  for (const table of tables) {
    for (const part of table.versions.at(-1)?.parts ?? []) {
      current.add(part);
      rows += part.rows;
    }
  }
  const physicalRows = [...current].reduce((n, part) => n + part.rows, 0);
  return {
    tables: tables.length,
    clones: tables.filter((t) => t.cloneOf !== null).length,
    snapshots: tables.filter((t) => t.kind === "SNAPSHOT").length,
    versions: tables.reduce((n, t) => n + t.versions.length, 0),
    physicalTables: store.physicals.size,
    rows,
    physicalRows,
    sharedRows: rows - physicalRows,
    openTransactions: open.size,
  };
}
