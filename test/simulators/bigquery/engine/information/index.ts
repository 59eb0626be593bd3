import { latest, type Table } from "../catalog.js";
import { held, type SqlType, shown, types, type Value } from "../datatype.js";
import { ddlOf } from "../ddl/text.js";
import type { Env } from "../env.js";
import { invalid } from "../errors.js";
import type { Token } from "../lex.js";
import { SimError } from "../types.js";
import { literal } from "../values.js";

type Field = readonly [string, SqlType];
interface View {
  readonly fields: readonly Field[];
  readonly rows: (table: Table) => readonly (readonly Value[])[];
}

const text = (...names: string[]): Field[] => names.map((n) => [n, types.string] as const);
const own = (t: Table): string[] => [t.name.projectId, t.name.datasetId, t.name.tableId];
const kinds = {
  TABLE: "BASE TABLE",
  VIEW: "VIEW",
  MATERIALIZED_VIEW: "MATERIALIZED VIEW",
  EXTERNAL: "EXTERNAL",
  SNAPSHOT: "SNAPSHOT",
} as const;
const visible = (t: Table) => latest(t).columns.filter((c) => !c.hidden);
const rowsOf = (t: Table): bigint => BigInt(latest(t).parts.reduce((n, p) => n + p.rows, 0));
const quoted = (s: string): string => JSON.stringify(s);

function options(t: Table): readonly (readonly [string, string, string])[] {
  const all: (readonly [string, string, string])[] = [];
  if (t.expires !== null) all.push(["expiration_timestamp", "TIMESTAMP", `TIMESTAMP_MICROS(${t.expires})`]);
  if (t.friendlyName !== null) all.push(["friendly_name", "STRING", quoted(t.friendlyName)]);
  if (t.description !== null) all.push(["description", "STRING", quoted(t.description)]);
  const labels = Object.entries(t.labels);
  if (labels.length > 0)
    all.push([
      "labels",
      "ARRAY<STRUCT<STRING, STRING>>",
      `[${labels.map(([k, v]) => `STRUCT(${quoted(k)}, ${quoted(v)})`).join(", ")}]`,
    ]);
  if (t.requirePartitionFilter) all.push(["require_partition_filter", "BOOL", "true"]);
  if (t.partitioning?.kind === "time" && t.partitioning.expirationMs !== null)
    all.push(["partition_expiration_days", "FLOAT64", String(Number(t.partitioning.expirationMs) / 86_400_000)]);
  return all;
}

/** The views of a dataset's INFORMATION_SCHEMA that an adapter reads, with the columns that it may ask for (docs "INFORMATION_SCHEMA"). */
const views: Readonly<Record<string, View>> = {
  TABLES: {
    fields: [
      ...text("table_catalog", "table_schema", "table_name", "table_type", "is_insertable_into", "is_typed"),
      ["creation_time", types.timestamp],
      ...text("ddl"),
    ],
    rows: (t) => [[...own(t), kinds[t.kind], t.kind === "TABLE" ? "YES" : "NO", "NO", t.created, ddlOf(t)]],
  },
  COLUMNS: {
    fields: [
      ...text("table_catalog", "table_schema", "table_name", "column_name"),
      ["ordinal_position", types.int64],
      ...text("is_nullable", "data_type", "is_hidden", "is_system_defined", "is_partitioning_column"),
      ["clustering_ordinal_position", types.int64],
      ...text("column_default"),
    ],
    rows: (t) =>
      visible(t).map((c, k) => {
        const clustered = t.clustering.findIndex((n) => n.toLowerCase() === c.name.toLowerCase());
        return [
          ...own(t),
          c.name,
          BigInt(k + 1),
          c.required ? "NO" : "YES",
          shown(c.type),
          "NO",
          "NO",
          t.partitioning?.field?.toLowerCase() === c.name.toLowerCase() ? "YES" : "NO",
          clustered < 0 ? null : BigInt(clustered + 1),
          c.default ?? "NULL",
        ];
      }),
  },
  COLUMN_FIELD_PATHS: {
    fields: text("table_catalog", "table_schema", "table_name", "column_name", "field_path", "data_type", "description"),
    rows: (t) => visible(t).map((c) => [...own(t), c.name, c.name, shown(c.type), c.description]),
  },
  TABLE_OPTIONS: {
    fields: text("table_catalog", "table_schema", "table_name", "option_name", "option_type", "option_value"),
    rows: (t) => options(t).map((o) => [...own(t), ...o]),
  },
  TABLE_CONSTRAINTS: {
    fields: text(
      "constraint_catalog",
      "constraint_schema",
      "constraint_name",
      "table_catalog",
      "table_schema",
      "table_name",
      "constraint_type",
      "is_deferrable",
      "initially_deferred",
      "enforced",
    ),
    rows: (t) =>
      t.primaryKey
        ? [[t.name.projectId, t.name.datasetId, `${t.name.tableId}.pk$`, ...own(t), "PRIMARY KEY", "NO", "NO", "NO"]]
        : [],
  },
  KEY_COLUMN_USAGE: {
    fields: [
      ...text(
        "constraint_catalog",
        "constraint_schema",
        "constraint_name",
        "table_catalog",
        "table_schema",
        "table_name",
        "column_name",
      ),
      ["ordinal_position", types.int64],
    ],
    rows: (t) =>
      (t.primaryKey ?? []).map((c, k) => [
        t.name.projectId,
        t.name.datasetId,
        `${t.name.tableId}.pk$`,
        ...own(t),
        c,
        BigInt(k + 1),
      ]),
  },
  TABLE_STORAGE: {
    fields: [
      ...text("project_id", "table_schema", "table_name"),
      ["creation_time", types.timestamp],
      ["total_rows", types.int64],
      ["storage_last_modified_time", types.timestamp],
    ],
    rows: (t) => (t.kind === "TABLE" || t.kind === "SNAPSHOT" ? [[...own(t), t.created, rowsOf(t), latest(t).at]] : []),
  },
};

/** `d.INFORMATION_SCHEMA.V` and `p.d.INFORMATION_SCHEMA.V` as a relation; null: the path is something else. */
export function schemaView(
  env: Env,
  path: readonly string[],
  at: Token,
): { sql: string; columns: readonly { name: string; type: SqlType }[] } | null {
  const k = path.findIndex((p) => p.toUpperCase() === "INFORMATION_SCHEMA");
  if (k < 0 || k !== path.length - 2) return null;
  const name = (path[k + 1] as string).toUpperCase();
  const projectId = k === 2 ? (path[0] as string) : env.project;
  const datasetId = k === 0 ? env.dataset?.datasetId : path[k - 1];
  if (datasetId === undefined)
    throw invalid(`Table "INFORMATION_SCHEMA.${name}" must be qualified with a dataset (e.g. dataset.table)`, at);
  const dataset = env.catalog.datasets.get(`${projectId}.${datasetId}`);
  if (!dataset || dataset.location !== env.location)
    throw new SimError("notFound", 404, `Not found: Dataset ${projectId}:${datasetId} was not found in location ${env.location}`);
  const view = Object.hasOwn(views, name) ? views[name] : undefined;
  if (!view) throw invalid(`Table INFORMATION_SCHEMA.${name} is not known to the simulator`, at);
  env.demand("bigquery.tables.list", { projectId, datasetId });
  const rows = [...dataset.tables.values()]
    .filter((t) => t.expires === null || t.expires > env.catalog.now())
    .flatMap((t) => view.rows(t));
  const written = rows.map(
    (r) => `SELECT ${view.fields.map(([, type], n) => `${literal(r[n] ?? null, type)} AS k${n}`).join(", ")}`,
  );
  const none = `SELECT ${view.fields.map(([, type], n) => `CAST(NULL AS ${held(type)}) AS k${n}`).join(", ")} WHERE FALSE`;
  return { sql: `(${written.join(" UNION ALL ") || none})`, columns: view.fields.map(([n, type]) => ({ name: n, type })) };
}
