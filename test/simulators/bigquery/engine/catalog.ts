import type { SqlType } from "./datatype.js";
import type { Physical } from "./store.js";
import { type DatasetName, type Json, type Resource, SimError, type TableName } from "./types.js";

export interface Column {
  /** Its name in DuckDB, the same for the column's life. */
  readonly id: string;
  readonly name: string;
  readonly type: SqlType;
  readonly required: boolean;
  /** An expression of GoogleSQL. */
  readonly default: string | null;
  readonly description: string | null;
  readonly policyTags: readonly string[];
  /** `_PARTITIONTIME` of an ingestion-time partitioned table. */
  readonly hidden?: boolean;
  /** Descriptions and policy tags of nested fields, by path. */
  readonly nested?: Readonly<Record<string, { readonly description?: string; readonly required?: boolean }>>;
}

/** What a commit left: the rows of its parts, which nobody changes any more. */
export interface Version {
  readonly parts: readonly Physical[];
  readonly columns: readonly Column[];
  /** Microseconds since 1970; every commit has its own. */
  readonly at: bigint;
  /** Parts that came on top of the version before; null where rows were changed otherwise. */
  readonly appended: readonly Physical[] | null;
  readonly by: string;
}

export type Partitioning =
  | {
      readonly kind: "time";
      readonly field: string | null;
      readonly unit: "HOUR" | "DAY" | "MONTH" | "YEAR";
      readonly expirationMs: string | null;
    }
  | { readonly kind: "range"; readonly field: string; readonly start: bigint; readonly end: bigint; readonly interval: bigint };

export type TableKind = "TABLE" | "VIEW" | "MATERIALIZED_VIEW" | "EXTERNAL" | "SNAPSHOT";

export interface RowPolicy {
  readonly id: string;
  grantees: readonly string[];
  filter: string;
  readonly created: bigint;
  modified: bigint;
}

export interface Source {
  readonly table: TableName;
  /** Microseconds. */
  readonly at: bigint;
}

export interface Table {
  readonly id: number;
  name: TableName;
  kind: TableKind;
  /** Oldest first. A view has one, without parts. */
  versions: Version[];
  partitioning: Partitioning | null;
  clustering: readonly string[];
  requirePartitionFilter: boolean;
  description: string | null;
  friendlyName: string | null;
  labels: Readonly<Record<string, string>>;
  /** Microseconds. */
  expires: bigint | null;
  primaryKey: readonly string[] | null;
  foreignKeys: readonly Json[];
  /** GoogleSQL of a view. */
  view: string | null;
  external: Resource | null;
  cloneOf: Source | null;
  snapshotOf: Source | null;
  /** The table whose storage it shares, through clones and snapshots. */
  base: Table | null;
  depth: number;
  policy: { bindings: readonly Json[]; etag: number };
  rowPolicies: RowPolicy[];
  /** Rows that came by tabledata.insertAll and are still in the buffer. */
  streaming: { parts: Set<Physical>; oldest: bigint; until: bigint } | null;
  readonly created: bigint;
  modified: bigint;
  /** Changes with everything that changes. */
  etag: number;
  temporary: boolean;
  dropped: bigint | null;
}

export interface Dataset {
  readonly name: DatasetName;
  readonly tables: Map<string, Table>;
  /** Latest last. */
  readonly droppedTables: Table[];
  resource: Resource;
  location: string;
  readonly created: bigint;
  modified: bigint;
  etag: number;
}

export interface Catalog {
  readonly project: string;
  readonly location: string;
  readonly datasets: Map<string, Dataset>;
  ids: number;
  /** Microseconds, never twice the same. */
  tick(): bigint;
  /** Microseconds. */
  now(): bigint;
}

export const latest = (table: Table): Version => table.versions.at(-1) as Version;

export const nameText = (n: TableName): string => `${n.projectId}:${n.datasetId}.${n.tableId}`;

export const datasetKey = (n: DatasetName): string => `${n.projectId}.${n.datasetId}`;

export const notFoundTable = (n: TableName, location: string): SimError =>
  new SimError("notFound", 404, `Not found: Table ${nameText(n)} was not found in location ${location}`);

export const notFoundDataset = (n: DatasetName, location: string | null): SimError =>
  new SimError(
    "notFound",
    404,
    `Not found: Dataset ${n.projectId}:${n.datasetId}${location === null ? "" : ` was not found in location ${location}`}`,
  );

export const newColumnId = (catalog: Catalog): string => `c${++catalog.ids}`;

export const columnNamed = (columns: readonly Column[], name: string): Column | undefined => {
  const lower = name.toLowerCase();
  return columns.find((c) => c.name.toLowerCase() === lower);
};

/** The dataset, if it is there and in this location. */
export function datasetOf(catalog: Catalog, name: DatasetName, location: string | null = null): Dataset {
  const found = catalog.datasets.get(datasetKey(name));
  if (!found || (location !== null && found.location !== location)) throw notFoundDataset(name, location);
  return found;
}

/** null: no such table; a table whose expiration has passed is none. */
export function findTable(catalog: Catalog, name: TableName): Table | null {
  const dataset = catalog.datasets.get(datasetKey(name));
  const found = dataset?.tables.get(name.tableId);
  if (!found || !dataset) return null;
  if (found.expires !== null && found.expires <= catalog.now()) {
    dropTable(catalog, found);
    return null;
  }
  return found;
}

export function newTable(catalog: Catalog, name: TableName, kind: TableKind, columns: readonly Column[], by: string): Table {
  const at = catalog.tick();
  return {
    id: ++catalog.ids,
    name,
    kind,
    versions: [{ parts: [], columns, at, appended: null, by }],
    partitioning: null,
    clustering: [],
    requirePartitionFilter: false,
    description: null,
    friendlyName: null,
    labels: {},
    expires: null,
    primaryKey: null,
    foreignKeys: [],
    view: null,
    external: null,
    cloneOf: null,
    snapshotOf: null,
    base: null,
    depth: 0,
    policy: { bindings: [], etag: 1 },
    rowPolicies: [],
    streaming: null,
    created: at,
    modified: at,
    etag: ++catalog.ids,
    temporary: false,
    dropped: null,
  };
}

export function putTable(catalog: Catalog, table: Table): void {
  datasetOf(catalog, table.name).tables.set(table.name.tableId, table);
}

export function dropTable(catalog: Catalog, table: Table): void {
  const dataset = datasetOf(catalog, table.name);
  if (dataset.tables.get(table.name.tableId) !== table) return;
  dataset.tables.delete(table.name.tableId);
  table.dropped = catalog.tick();
  dataset.droppedTables.push(table);
}

/** A commit: the table has a new version. */
export function pushVersion(catalog: Catalog, table: Table, version: Omit<Version, "at">): Version {
  const made: Version = { ...version, at: catalog.tick() };
  table.versions.push(made);
  touch(catalog, table);
  return made;
}

/** Metadata have changed. */
export function touch(catalog: Catalog, table: Table): void {
  table.modified = catalog.tick();
  table.etag = ++catalog.ids;
}

/** Everything that any version of any table still holds, within time travel. */
export function livePhysicals(catalog: Catalog, windowMicros: bigint): Set<Physical> {
  const live = new Set<Physical>();
  const oldest = catalog.now() - windowMicros;
  const keep = (table: Table): void => {
    const first = table.versions.findLastIndex((v) => v.at <= oldest);
    if (first > 0) table.versions.splice(0, first);
    for (const version of table.versions) for (const part of version.parts) live.add(part);
  };
  for (const dataset of catalog.datasets.values()) {
    for (const table of dataset.tables.values()) keep(table);
    while (dataset.droppedTables[0] && (dataset.droppedTables[0].dropped ?? 0n) < oldest) dataset.droppedTables.shift();
    for (const table of dataset.droppedTables) keep(table);
  }
  return live;
}
