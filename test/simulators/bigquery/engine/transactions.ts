import {
  type Catalog,
  columnNamed,
  datasetKey,
  findTable,
  latest,
  nameText,
  notFoundTable,
  pushVersion,
  type Table,
  type Version,
} from "./catalog.js";
import type { DmlKind, Made, TableView } from "./env.js";
import { aborted, invalid, serialize } from "./errors-run.js";
import { type Locks, release, take, tryTake } from "./locks.js";
import type { Quotas } from "./quota.js";
import { copyParts, type Physical, type Store, withConnection } from "./store.js";
import type { TableName } from "./types.js";

/**
 * Snapshot isolation by versions of tables. Sources: docs "Multi-statement transactions": all reads see the moment of BEGIN and the
 * transaction's own writes; who changes rows of a table that another has changed since, or is changing, is cancelled; INSERTs are in
 * nobody's way.
 */
export interface Core {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly locks: Locks;
  readonly quotas: Quotas;
  readonly open: Set<Transaction>;
  /** After a commit: what nobody needs any more can go. */
  tidy(): void;
}

/** What a transaction has done to a table, unseen by others until it commits. */
interface Work {
  readonly base: Version;
  /** All rows, changed; null while rows were only added. */
  own: readonly Physical[] | null;
  added: readonly Physical[];
}

export interface Transaction {
  readonly id: string;
  readonly started: bigint;
  readonly works: Map<Table, Work>;
  /** Tables whose turn it has, also of statements that failed. */
  readonly locked: Set<Table>;
  /** Tables by name as they were first met. */
  readonly met: Map<string, Table | null>;
}

export function begin(core: Core): Transaction {
  const started = core.catalog.tick();
  const tx: Transaction = { id: transactionId(started), started, works: new Map(), locked: new Set(), met: new Map() };
  core.open.add(tx);
  return tx;
}

/** Ids look like `5f3b1a2c-0000-2f3e-…`: hexadecimal in groups. */
const transactionId = (at: bigint): string => {
  const hex = at.toString(16).padStart(32, "0");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
};

function end(core: Core, tx: Transaction): void {
  for (const table of tx.locked) release(core.locks, table, tx);
  tx.works.clear();
  core.open.delete(tx);
  core.tidy();
}

export const rollback = (core: Core, tx: Transaction): void => end(core, tx);

/** Versions that others have committed on top of `base`. */
function since(table: Table, base: Version): readonly Version[] {
  const at = table.versions.indexOf(base);
  return at < 0 ? table.versions.filter((v) => v.at > base.at) : table.versions.slice(at + 1);
}

const mutated = (versions: readonly Version[]): boolean => versions.some((v) => v.appended === null);
const appendedIn = (versions: readonly Version[]): readonly Physical[] => versions.flatMap((v) => v.appended ?? []);

/** @throws SimError where a table was changed in the meantime: then the transaction is gone. */
export async function commit(core: Core, tx: Transaction): Promise<void> {
  await Promise.all([...tx.works.keys()].map((table) => compact(core, table)));
  for (const [table, work] of tx.works) {
    const later = since(table, work.base);
    const gone = table.dropped !== null || latest(table).columns !== work.base.columns;
    if (gone || (work.own && mutated(later))) {
      end(core, tx);
      throw aborted(table, tx.id);
    }
  }
  for (const [table, work] of tx.works) {
    const { columns } = latest(table);
    if (work.own) {
      const parts = [...work.own, ...appendedIn(since(table, work.base)), ...work.added];
      pushVersion(core.catalog, table, { parts, columns, appended: null, by: tx.id });
    } else if (work.added.length > 0) append(core.catalog, table, work.added, tx.id);
  }
  end(core, tx);
}

function append(catalog: Catalog, table: Table, added: readonly Physical[], by: string): void {
  const { parts, columns } = latest(table);
  pushVersion(catalog, table, { parts: [...parts, ...added], columns, appended: added, by });
}

const manyParts = 8;

/** Many small parts make a slow table: their rows move to one part, in the latest version only. */
async function compact(core: Core, table: Table): Promise<void> {
  const now = latest(table);
  if (now.parts.length < manyParts || table.streaming) return;
  const into = await withConnection(core.store, (duck) => copyParts(core.store, duck, now.columns, now.parts));
  const at = table.versions.indexOf(now);
  // Bases are compared by identity: a version that an open transaction began from stays.
  const based = [...core.open].some((tx) => tx.works.get(table)?.base === now);
  if (latest(table) === now && at >= 0 && !based) table.versions[at] = { ...now, parts: [into] };
}

/** What statements of a script share. */
export interface Scope {
  tx: Transaction | null;
  readonly temporary: Map<string, Table>;
}

const mutating = (kind: DmlKind): boolean => kind !== "INSERT";

/** How one statement sees tables: all of them as of its own start, or its transaction's. */
export function viewFor(core: Core, scope: Scope, signal: AbortSignal, by: string): TableView {
  const { tx } = scope;
  const started = tx?.started ?? core.catalog.tick();
  const seen = new Map<Table, Version>();
  const committed = (table: Table): Version => {
    const known = seen.get(table);
    if (known) return known;
    const found = table.versions.findLast((v) => v.at <= started);
    // Temporary tables are this script's own, whatever the clock says.
    if (!found && !(table.temporary || !tx)) throw notFoundTable(table.name, core.catalog.location);
    const version = found ?? latest(table);
    seen.set(table, version);
    return version;
  };
  const own = (table: Table): Version => {
    const work = tx?.works.get(table);
    if (!work) return committed(table);
    const parts = [...(work.own ?? work.base.parts), ...work.added];
    return { ...work.base, parts };
  };
  return {
    find(name) {
      if (!tx) return findTable(core.catalog, name);
      const key = nameText(name);
      if (!tx.met.has(key)) {
        const found = findTable(core.catalog, name);
        tx.met.set(key, found && (found.versions[0]?.at ?? 0n) > tx.started && found.created > tx.started ? null : found);
      }
      return tx.met.get(key) ?? null;
    },
    temporary: (name) => scope.temporary.get(name) ?? null,
    addTemporary: (table) => void scope.temporary.set(table.name.tableId, table),
    dropTemporary: (table) => void scope.temporary.delete(table.name.tableId),
    version: (table, at) => (at === null ? own(table) : travelled(core.catalog, table, at, tx)),
    write: (table, kind, make) =>
      tx ? writeIn(core, tx, table, kind, make, own) : writeAlone(core, table, kind, make, { signal, by, started }),
    ddl(_statementType, _name) {
      // Wording: reports of migrations that were refused on the service.
      if (tx)
        throw invalid(
          "DDL statements are not supported in a transaction, except for those creating or droping temporary tables or temporary functions.",
        );
    },
  };
}

async function writeIn(
  core: Core,
  tx: Transaction,
  table: Table,
  kind: DmlKind,
  make: (base: Version) => Promise<Made>,
  own: (table: Table) => Version,
): Promise<void> {
  const known = tx.works.get(table);
  const base = known?.base ?? own(table);
  const meet = () => {
    if (table.temporary) return;
    const had = tryTake(core.locks, table, tx);
    if (had) tx.locked.add(table);
    if (had && !mutated(since(table, base))) return;
    end(core, tx);
    throw aborted(table, tx.id);
  };
  // Checked before the rows are looked at: the service cancels as soon as it sees the other.
  if (mutating(kind) && kind !== "MERGE") meet();
  if (!known && tx.works.size >= core.quotas.limit("transactionTables"))
    throw invalid(`Transactions can mutate data in at most ${core.quotas.limit("transactionTables")} tables.`);
  const work: Work = known ?? { base, own: null, added: [] };
  const made = await make(own(table));
  // A MERGE that only inserts is in nobody's way (docs "DML statements in GoogleSQL", DML statement conflicts).
  if (kind === "MERGE" && made.parts) meet();
  tx.works.set(table, work);
  if (made.unchanged) return;
  if (made.parts) {
    work.own = made.parts;
    work.added = [];
  } else work.added = [...work.added, ...(made.appended ?? [])];
}

/** How often the service tries again where others came between (docs "DML statements in GoogleSQL", DML conflicts). */
const attempts = 3;

async function writeAlone(
  core: Core,
  table: Table,
  kind: DmlKind,
  make: (base: Version) => Promise<Made>,
  o: { signal: AbortSignal; by: string; started: bigint },
): Promise<void> {
  const { catalog, quotas } = core;
  if (!mutating(kind)) {
    const made = await make(latest(table));
    if (table.dropped !== null) throw notFoundTable(table.name, catalog.location);
    if (!made.unchanged) append(catalog, table, made.appended ?? made.parts ?? [], o.by);
    await compact(core, table);
    return core.tidy();
  }
  const holder = {};
  const limits = { concurrent: quotas.limit("dmlConcurrent"), queue: quotas.limit("dmlQueue"), signal: o.signal };
  await take(core.locks, table, holder, limits);
  try {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const base = latest(table);
      const made = await make(base);
      if (table.dropped !== null) throw notFoundTable(table.name, catalog.location);
      const later = since(table, base);
      if (mutated(later) || latest(table).columns !== base.columns) continue;
      if (made.unchanged) return;
      const parts = [...(made.parts ?? [...base.parts, ...(made.appended ?? [])]), ...appendedIn(later)];
      pushVersion(catalog, table, { parts, columns: base.columns, appended: null, by: o.by });
      return;
    }
    throw serialize(table);
  } finally {
    release(core.locks, table, holder);
    core.tidy();
  }
}

const hour = 3_600_000_000n;

/** Microseconds that a dataset's tables can be travelled back: 7 days unless the dataset says otherwise (docs "Time travel"). */
export function windowOf(catalog: Catalog, name: TableName): bigint {
  const hours = catalog.datasets.get(datasetKey(name))?.resource["maxTimeTravelHours"];
  return BigInt(typeof hours === "string" ? hours : 168) * hour;
}

/** The version at a time. @throws SimError where time travel has no such version (wording: users' issues). */
export function travelled(catalog: Catalog, table: Table, at: bigint, tx: Transaction | null = null): Version {
  const now = catalog.now();
  const millis = at / 1000n;
  const shown = `${millis} for table ${nameText(table.name)}@${millis}`;
  if (at > now || (tx && at > tx.started))
    throw invalid(`Invalid time travel timestamp ${shown}. Cannot read beyond the current time.`);
  const first = table.versions[0] as Version;
  const limit = now - windowOf(catalog, table.name);
  const oldest = first.at > limit ? first.at : limit;
  const found = table.versions.findLast((v) => v.at <= at);
  if (at < limit || !found) throw invalid(`Invalid snapshot time ${shown}. Cannot read before ${oldest / 1000n}.`);
  return found;
}

/** The value of a partitioning column by which rows find their partition, as a column of a version. */
export const partitionColumn = (table: Table, version: Version) =>
  table.partitioning === null
    ? undefined
    : table.partitioning.field === null
      ? version.columns.find((c) => c.hidden)
      : columnNamed(version.columns, table.partitioning.field);
