import { latest, type Partitioning, type Table } from "../catalog.js";
import { shown } from "../datatype.js";

/** A partitioning as PARTITION BY writes it. */
export function partitionText(p: Partitioning, kind: string | undefined): string {
  if (p.kind === "range") return `RANGE_BUCKET(${p.field}, GENERATE_ARRAY(${p.start}, ${p.end}, ${p.interval}))`;
  if (p.field === null) return p.unit === "DAY" ? "_PARTITIONDATE" : `TIMESTAMP_TRUNC(_PARTITIONTIME, ${p.unit})`;
  if (kind === "DATE") return p.unit === "DAY" ? p.field : `DATE_TRUNC(${p.field}, ${p.unit})`;
  if (kind === "DATETIME") return `DATETIME_TRUNC(${p.field}, ${p.unit})`;
  return p.unit === "DAY" ? `DATE(${p.field})` : `TIMESTAMP_TRUNC(${p.field}, ${p.unit})`;
}

/** INFORMATION_SCHEMA.TABLES' `ddl`, in short. */
export function ddlOf(table: Table): string {
  const { projectId, datasetId, tableId } = table.name;
  const columns = latest(table).columns.filter((c) => !c.hidden);
  const list = columns.map((c) => `  \`${c.name}\` ${shown(c.type)}${c.required ? " NOT NULL" : ""}`).join(",\n");
  const kind = columns.find((c) => c.name === table.partitioning?.field)?.type.kind;
  return [
    `CREATE ${table.kind === "TABLE" ? "TABLE" : table.kind.replaceAll("_", " ")} \`${projectId}.${datasetId}.${tableId}\`\n(\n${list}\n)`,
    ...(table.partitioning ? [`PARTITION BY ${partitionText(table.partitioning, kind)}`] : []),
    ...(table.clustering.length > 0 ? [`CLUSTER BY ${table.clustering.join(", ")}`] : []),
    ...(table.view === null ? [] : [`AS ${table.view}`]),
  ].join("\n");
}
