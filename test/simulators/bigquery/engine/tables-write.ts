import { z } from "zod";
import {
  type Catalog,
  type Column,
  columnNamed,
  datasetOf,
  findTable,
  latest,
  newTable,
  type Partitioning,
  pushVersion,
  putTable,
  type Table,
  touch,
} from "./catalog.js";
import { shown } from "./datatype.js";
import { widened } from "./ddl/alter-table.js";
import { checkColumns, checkName } from "./ddl/columns.js";
import { alreadyExists, pseudoColumn } from "./ddl/create-table.js";
import { checkClustering } from "./ddl/partitioning.js";
import { columnOf, type FieldSchema, fieldSchema, sameSchema } from "./jobs/schema.js";
import type { Privileges } from "./privileges.js";
import type { Quotas } from "./quota.js";
import { patchedMap } from "./resources.js";
import type { Store } from "./store.js";
import { type DatasetName, type Json, type Resource, SimError, type TableName } from "./types.js";

export interface Surroundings {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly quotas: Quotas;
}

const bad = (message: string): SimError => new SimError("invalid", 400, message);
const text = z.union([z.string(), z.number()]).transform(String);

const timeBody = z.looseObject({
  type: z.enum(["HOUR", "DAY", "MONTH", "YEAR"]),
  field: z.string().nullish(),
  expirationMs: text.nullish(),
  requirePartitionFilter: z.boolean().nullish(),
});
const rangeBody = z.looseObject({ field: z.string(), range: z.looseObject({ start: text, end: text, interval: text }) });

const body = z.looseObject({
  tableReference: z.looseObject({ tableId: z.string() }).optional(),
  schema: z.looseObject({ fields: z.array(fieldSchema).optional() }).nullish(),
  description: z.string().nullish(),
  friendlyName: z.string().nullish(),
  labels: z.record(z.string(), z.string().nullable()).nullish(),
  expirationTime: text.nullish(),
  timePartitioning: timeBody.nullish(),
  rangePartitioning: rangeBody.nullish(),
  clustering: z.looseObject({ fields: z.array(z.string()) }).nullish(),
  requirePartitionFilter: z.boolean().nullish(),
  view: z.looseObject({ query: z.string() }).nullish(),
  materializedView: z.looseObject({ query: z.string() }).nullish(),
  externalDataConfiguration: z.record(z.string(), z.any()).nullish(),
  tableConstraints: z
    .looseObject({
      primaryKey: z.looseObject({ columns: z.array(z.string()) }).nullish(),
      foreignKeys: z.array(z.any()).nullish(),
    })
    .nullish(),
});

type Body = z.infer<typeof body>;

function read(given: Resource): Body {
  const parsed = body.safeParse(given);
  if (!parsed.success) throw bad(`Invalid JSON payload received. ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function partitioningOf(b: Body, columns: readonly Column[]): Partitioning | null {
  if (b.rangePartitioning) {
    const { field, range } = b.rangePartitioning;
    if (columnNamed(columns, field)?.type.kind !== "INT64")
      throw bad(`The field specified for range partitioning must be an INTEGER column: ${field}.`);
    return { kind: "range", field, start: BigInt(range.start), end: BigInt(range.end), interval: BigInt(range.interval) };
  }
  const time = b.timePartitioning;
  if (!time) return null;
  if (time.field) {
    const found = columnNamed(columns, time.field);
    if (!found) throw bad(`The field specified for partitioning cannot be found in the schema. field: ${time.field}.`);
    const fits =
      found.type.kind === "TIMESTAMP" || found.type.kind === "DATETIME" || (found.type.kind === "DATE" && time.type !== "HOUR");
    if (!fits)
      throw bad(`The type of the field ${time.field} does not fit time partitioning by ${time.type}: ${found.type.kind}.`);
  }
  return { kind: "time", field: time.field ?? null, unit: time.type, expirationMs: time.expirationMs ?? null };
}

/** tables.insert */
export async function insertTable(
  core: Surroundings,
  dataset: DatasetName,
  given: Resource,
  user: string,
  viewed: readonly Column[] | null,
): Promise<Table> {
  const { catalog } = core;
  const b = read(given);
  const tableId = b.tableReference?.tableId ?? "";
  if (!/^[\p{L}\p{M}\p{N}\p{Pc}\p{Pd}\p{Zs}]{1,1024}$/u.test(tableId) || Buffer.byteLength(tableId) > 1024)
    throw bad(`Invalid table ID "${tableId}".`);
  const name: TableName = { ...dataset, tableId };
  if (findTable(catalog, name)) throw alreadyExists(name);
  const fields = b.schema?.fields ?? [];
  // googleapis/google-cloud-python#7246
  if (viewed !== null && fields.length > 0) throw bad("Schema field shouldn't be used as input with a view");
  let columns: readonly Column[] = viewed ?? fields.map((f) => columnFor(catalog, f));
  checkColumns(columns);
  const partitioning = partitioningOf(b, columns);
  if (partitioning?.kind === "time" && partitioning.field === null) columns = [...columns, pseudoColumn({ catalog })];
  const kind = b.view ? "VIEW" : b.materializedView ? "MATERIALIZED_VIEW" : b.externalDataConfiguration ? "EXTERNAL" : "TABLE";
  const made = newTable(catalog, name, kind, columns, user);
  made.partitioning = partitioning;
  made.clustering = checkClustering(b.clustering?.fields ?? [], columns);
  made.requirePartitionFilter = b.requirePartitionFilter ?? b.timePartitioning?.requirePartitionFilter ?? false;
  made.description = b.description ?? null;
  made.friendlyName = b.friendlyName ?? null;
  made.labels = patchedMap({}, b.labels ?? {});
  made.view = b.view?.query ?? b.materializedView?.query ?? null;
  made.external = b.externalDataConfiguration ?? null;
  made.primaryKey = b.tableConstraints?.primaryKey?.columns ?? null;
  made.foreignKeys = (b.tableConstraints?.foreignKeys ?? []) as readonly Json[];
  for (const key of made.primaryKey ?? []) if (!columnNamed(columns, key)) throw bad(`Primary key column ${key} does not exist.`);
  const lifetime = datasetOf(catalog, name).resource["defaultTableExpirationMs"];
  made.expires =
    expiration(catalog, b.expirationTime) ?? (typeof lifetime === "string" ? catalog.now() + BigInt(lifetime) * 1000n : null);
  putTable(catalog, made);
  return made;
}

function columnFor(catalog: Catalog, f: FieldSchema): Column {
  checkName(f.name);
  const nested: Record<string, { description?: string; required?: boolean }> = {};
  note(f, f.name, nested);
  return { ...columnOf(catalog, f), ...(Object.keys(nested).length > 0 ? { nested } : {}) };
}

/** Descriptions and modes of nested fields, which the type of a column does not hold. */
function note(f: FieldSchema, path: string, into: Record<string, { description?: string; required?: boolean }>): void {
  for (const inner of f.fields ?? []) {
    const at = `${path}.${inner.name}`;
    if (inner.description !== undefined || inner.mode === "REQUIRED")
      into[at] = {
        ...(inner.description === undefined ? {} : { description: inner.description }),
        ...(inner.mode === "REQUIRED" ? { required: true } : {}),
      };
    note(inner, at, into);
  }
}

function expiration(catalog: Catalog, given: string | null | undefined): bigint | null {
  if (given === undefined || given === null || given === "0") return null;
  const at = BigInt(given) * 1000n;
  if (at <= catalog.now()) throw bad("Invalid expiration time: it must be in the future.");
  return at;
}

/** tables.patch and, with `whole`, tables.update: what is not told is taken away there. */
export async function patchTable(
  core: Surroundings,
  table: Table,
  given: Resource,
  whole: boolean,
  user: string,
  demand: Privileges["demand"],
  viewed: readonly Column[] | null,
): Promise<void> {
  const { catalog } = core;
  const b = read(given);
  const has = (key: keyof Body): boolean => whole || b[key] !== undefined;
  const { columns } = latest(table);
  if (has("timePartitioning") || has("rangePartitioning")) samePartitioning(table, b, whole);
  const clustering =
    b.clustering !== undefined || whole ? checkClustering(b.clustering?.fields ?? [], columns) : table.clustering;
  const expires = has("expirationTime") ? expiration(catalog, b.expirationTime) : table.expires;
  const labels = has("labels") ? patchedMap(whole ? {} : table.labels, b.labels ?? (whole ? {} : null)) : table.labels;
  const key = has("tableConstraints") ? (b.tableConstraints?.primaryKey?.columns ?? null) : table.primaryKey;
  for (const k of key ?? []) if (!columnNamed(columns, k)) throw bad(`Primary key column ${k} does not exist.`);
  if (b.schema?.fields) await schema(core, table, b.schema.fields, user, demand);
  if (has("description")) table.description = b.description ?? null;
  if (has("friendlyName")) table.friendlyName = b.friendlyName ?? null;
  if (has("requirePartitionFilter"))
    table.requirePartitionFilter = b.requirePartitionFilter ?? b.timePartitioning?.requirePartitionFilter ?? false;
  if (b.view && viewed) {
    if (table.kind !== "VIEW") throw bad(`Cannot add a view to a ${table.kind}.`);
    table.view = b.view.query;
    // Descriptions of columns: not known whether they stay; here they go.
    table.versions = [{ parts: [], columns: viewed, at: catalog.tick(), appended: null, by: user }];
  }
  table.labels = labels;
  table.expires = expires;
  table.clustering = clustering;
  table.primaryKey = key;
  if (has("tableConstraints")) table.foreignKeys = (b.tableConstraints?.foreignKeys ?? []) as readonly Json[];
  touch(catalog, table);
}

function samePartitioning(table: Table, b: Body, whole: boolean): void {
  const p = table.partitioning;
  const time = b.timePartitioning;
  if (time === undefined && b.rangePartitioning === undefined && whole && p === null) return;
  const same =
    p?.kind === "time"
      ? time !== null &&
        time !== undefined &&
        time.type === p.unit &&
        (time.field ?? null)?.toLowerCase() === p.field?.toLowerCase()
      : p?.kind === "range"
        ? b.rangePartitioning?.field.toLowerCase() === p.field.toLowerCase()
        : !time && !b.rangePartitioning;
  if (!same) throw bad("Cannot change partitioning of a table.");
  if (p?.kind === "time" && time) table.partitioning = { ...p, expirationMs: time.expirationMs ?? null };
}

/** A schema may gain columns, lose REQUIRED, and change descriptions, defaults and policy tags (docs "Modifying table schemas"). */
async function schema(
  core: Surroundings,
  table: Table,
  fields: readonly FieldSchema[],
  user: string,
  demand: Privileges["demand"],
): Promise<void> {
  const { catalog } = core;
  const name = `${table.name.projectId}:${table.name.datasetId}.${table.name.tableId}`;
  const wanted = fields.map((f) => columnFor(catalog, f));
  const now = latest(table);
  const there = now.columns.filter((c) => !c.hidden);
  const known = wanted.filter((c) => columnNamed(there, c.name));
  sameSchema(name, there, known, "append");
  for (const c of there) {
    const found = columnNamed(wanted, c.name);
    if (!found) throw bad(`Provided Schema does not match Table ${name}. Field ${c.name} is missing in new schema`);
    if (shown(found.type) !== shown(c.type) && !(found.type.length === undefined && found.type.precision === undefined))
      throw bad(
        `Provided Schema does not match Table ${name}. Field ${c.name} has changed type from ${shown(c.type)} to ${shown(found.type)}`,
      );
    if (found.policyTags.join() !== c.policyTags.join()) demand(user, "bigquery.tables.setCategory", table.name);
  }
  const added = wanted.filter((c) => !columnNamed(there, c.name));
  const required = added.find((c) => c.required);
  if (required)
    throw bad(
      `Provided Schema does not match Table ${name}. Cannot add required fields to an existing schema. (field: ${required.name})`,
    );
  let parts = now.parts;
  // Wide first by what is there, in its order; new columns come last.
  let columns: Column[] = now.columns.map((c) => {
    const found = columnNamed(wanted, c.name);
    return c.hidden || !found ? c : { ...found, id: c.id };
  });
  for (const c of added) {
    parts = await widened({ store: core.store, signal: new AbortController().signal }, parts, columns, c);
    columns = [...columns, c];
  }
  pushVersion(catalog, table, { parts, columns, appended: null, by: user });
}
