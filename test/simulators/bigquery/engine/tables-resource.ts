import { type Catalog, type Column, datasetOf, latest, type Table } from "./catalog.js";
import type { SqlType } from "./datatype.js";
import { etagOf } from "./resources.js";
import type { Physical } from "./store.js";
import type { Json, Resource, SimField } from "./types.js";
import { field } from "./values.js";

const ms = (micros: bigint): string => String(micros / 1000n);
const iso = (micros: bigint): string => new Date(Number(micros / 1000n)).toISOString();

/** A column as TableFieldSchema. */
export function schemaField(c: Column): SimField {
  return {
    ...nested(field(c.name, c.type, { required: c.required }), c, c.name),
    ...(c.default === null ? {} : { defaultValueExpression: c.default }),
    ...(c.description === null ? {} : { description: c.description }),
    ...(c.policyTags.length > 0 ? { policyTags: { names: c.policyTags } } : {}),
  };
}

function nested(f: SimField, c: Column, path: string): SimField {
  const more = c.nested?.[path];
  const made: SimField = {
    ...f,
    ...(more?.description === undefined ? {} : { description: more.description }),
    ...(more?.required ? { mode: "REQUIRED" as const } : {}),
  };
  return f.fields ? { ...made, fields: f.fields.map((inner) => nested(inner, c, `${path}.${inner.name}`)) } : made;
}

const sizes: Partial<Record<SqlType["kind"], number>> = {
  BOOL: 1,
  NUMERIC: 16,
  BIGNUMERIC: 32,
  STRING: 16,
  BYTES: 16,
  JSON: 32,
  ARRAY: 32,
  STRUCT: 32,
};

/** Logical bytes: measured where a statement has read the column, else guessed by its type. */
function bytesOf(part: Physical, columns: readonly Column[]): number {
  return columns.reduce((n, c) => n + (part.bytes.get(c.id) ?? part.rows * (sizes[c.type.kind] ?? 8)), 0);
}

const sourceOf = (name: Table["name"]): Resource => ({
  projectId: name.projectId,
  datasetId: name.datasetId,
  tableId: name.tableId,
});

function partitioningOf(table: Table): Resource {
  const p = table.partitioning;
  if (!p) return {};
  if (p.kind === "range")
    return {
      rangePartitioning: { field: p.field, range: { start: String(p.start), end: String(p.end), interval: String(p.interval) } },
    };
  return {
    timePartitioning: {
      type: p.unit,
      ...(p.field === null ? {} : { field: p.field }),
      ...(p.expirationMs === null ? {} : { expirationMs: p.expirationMs }),
      ...(table.requirePartitionFilter ? { requirePartitionFilter: true } : {}),
    },
  };
}

/** A table as tables.get answers it. */
export function tableResource(catalog: Catalog, table: Table): Resource {
  const { name } = table;
  const version = latest(table);
  const columns = version.columns.filter((c) => !c.hidden);
  const rows = version.parts.reduce((n, part) => n + part.rows, 0);
  const bytes = version.parts.reduce((n, part) => n + bytesOf(part, columns), 0);
  const stored = table.kind === "TABLE" || table.kind === "SNAPSHOT";
  const buffered = table.streaming && table.streaming.until > catalog.now() ? table.streaming : null;
  const dataset = catalog.datasets.get(`${name.projectId}.${name.datasetId}`);
  return {
    kind: "bigquery#table",
    etag: etagOf(table.etag),
    id: `${name.projectId}:${name.datasetId}.${name.tableId}`,
    selfLink: `https://bigquery.googleapis.com/bigquery/v2/projects/${name.projectId}/datasets/${name.datasetId}/tables/${name.tableId}`,
    tableReference: sourceOf(name),
    ...(table.description === null ? {} : { description: table.description }),
    ...(table.friendlyName === null ? {} : { friendlyName: table.friendlyName }),
    ...(Object.keys(table.labels).length > 0 ? { labels: table.labels } : {}),
    schema: { fields: columns.map(schemaField) as unknown as Json },
    ...(stored
      ? { numBytes: String(bytes), numLongTermBytes: "0", numRows: String(rows), numTotalLogicalBytes: String(bytes) }
      : {}),
    creationTime: ms(table.created),
    ...(table.expires === null ? {} : { expirationTime: ms(table.expires) }),
    lastModifiedTime: ms(table.modified),
    type: table.kind,
    location: dataset?.location ?? datasetOf(catalog, name).location,
    ...partitioningOf(table),
    ...(table.clustering.length > 0 ? { clustering: { fields: table.clustering } } : {}),
    ...(table.requirePartitionFilter ? { requirePartitionFilter: true } : {}),
    ...(table.view === null
      ? {}
      : table.kind === "MATERIALIZED_VIEW"
        ? { materializedView: { query: table.view } }
        : { view: { query: table.view, useLegacySql: false } }),
    ...(table.external === null ? {} : { externalDataConfiguration: table.external }),
    ...(table.cloneOf
      ? { cloneDefinition: { baseTableReference: sourceOf(table.cloneOf.table), cloneTime: iso(table.cloneOf.at) } }
      : {}),
    ...(table.snapshotOf
      ? { snapshotDefinition: { baseTableReference: sourceOf(table.snapshotOf.table), snapshotTime: iso(table.snapshotOf.at) } }
      : {}),
    ...(table.primaryKey || table.foreignKeys.length > 0
      ? {
          tableConstraints: {
            ...(table.primaryKey ? { primaryKey: { columns: table.primaryKey } } : {}),
            ...(table.foreignKeys.length > 0 ? { foreignKeys: table.foreignKeys } : {}),
          },
        }
      : {}),
    ...(buffered
      ? {
          streamingBuffer: {
            estimatedRows: String([...buffered.parts].reduce((n, part) => n + part.rows, 0)),
            estimatedBytes: String([...buffered.parts].reduce((n, part) => n + bytesOf(part, columns), 0)),
            oldestEntryTime: ms(buffered.oldest),
          },
        }
      : {}),
  };
}
