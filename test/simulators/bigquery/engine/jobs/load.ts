import { stat } from "node:fs/promises";
import { z } from "zod";
import { partitionId, versionBytes } from "../bytes.js";
import { type Column, columnNamed, latest, nameText, type Partitioning, type Table } from "../catalog.js";
import { stopped } from "../errors-run.js";
import type { Privileges } from "../privileges.js";
import { type Physical, duck as quoted, withConnection } from "../store.js";
import type { Core } from "../transactions.js";
import { type LoadRequest, type LoadResult, SimError, type TableName } from "../types.js";
import { decorated } from "./decorators.js";
import { detect } from "./detect.js";
import { fill } from "./fill.js";
import { byIngestion, stamped, withPseudo } from "./ingestion.js";
import { fillParquet, parquetColumns, parquetTable } from "./parquet.js";
import { problems } from "./problems.js";
import { csvRows, jsonRows, type Row, type RowOptions } from "./rows.js";
import { columnOf, fieldSchema, sameSchema } from "./schema.js";
import { isGzip } from "./source.js";
import { bad, destination, dispositions, makeTable, partitionRows, put, samePartitioning, tableName } from "./target.js";

/** Load jobs. Sources: REST Job, JobConfigurationLoad; docs "Loading CSV data", "Loading JSON data", "Loading Parquet data". */
const flag = z.boolean().default(false);
const count = z.union([z.number(), z.string()]).transform(Number);
const configuration = z.object({
  sourceUris: z.array(z.string()).optional(),
  schema: z.object({ fields: z.array(fieldSchema).optional() }).optional(),
  destinationTable: tableName,
  sourceFormat: z.enum(["CSV", "NEWLINE_DELIMITED_JSON", "PARQUET"]).default("CSV"),
  createDisposition: dispositions.create,
  writeDisposition: z.enum(["WRITE_EMPTY", "WRITE_TRUNCATE", "WRITE_APPEND", "WRITE_TRUNCATE_DATA"]).default("WRITE_APPEND"),
  autodetect: flag,
  skipLeadingRows: count.default(0),
  nullMarker: z.string().optional(),
  nullMarkers: z.array(z.string()).optional(),
  fieldDelimiter: z.string().optional(),
  quote: z.string().optional(),
  allowQuotedNewlines: flag,
  allowJaggedRows: flag,
  ignoreUnknownValues: flag,
  maxBadRecords: count.default(0),
  preserveAsciiControlCharacters: flag,
  sourceColumnMatch: z.enum(["NAME", "POSITION", "SOURCE_COLUMN_MATCH_UNSPECIFIED"]).optional(),
  decimalTargetTypes: z.array(z.string()).default([]),
  encoding: z.enum(["UTF-8"]).default("UTF-8"),
  timePartitioning: z
    .object({ type: z.enum(["HOUR", "DAY", "MONTH", "YEAR"]), field: z.string().optional(), expirationMs: z.string().optional() })
    .optional(),
  rangePartitioning: z
    .object({ field: z.string(), range: z.object({ start: z.string(), end: z.string(), interval: z.string() }) })
    .optional(),
  clustering: z.object({ fields: z.array(z.string()) }).optional(),
  destinationTableProperties: z
    .object({
      description: z.string().optional(),
      friendlyName: z.string().optional(),
      expirationTime: z.string().optional(),
      labels: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
});
type Configuration = z.infer<typeof configuration>;

const delimiters: Readonly<Record<string, string>> = { "\\t": "\t", tab: "\t" };

export async function loadJob(core: Core, privileges: Privileges, request: LoadRequest): Promise<LoadResult> {
  const given = configuration.safeParse(request.configuration);
  if (!given.success) throw bad(`Invalid load configuration: ${z.prettifyError(given.error)}`);
  const c = given.data;
  const { catalog, quotas } = core;
  const to = decorated(c.destinationTable, catalog.now());
  const truncates = c.writeDisposition === "WRITE_TRUNCATE" || c.writeDisposition === "WRITE_TRUNCATE_DATA";
  const write = truncates ? "WRITE_TRUNCATE" : c.writeDisposition === "WRITE_EMPTY" ? "WRITE_EMPTY" : "WRITE_APPEND";
  const existing = destination(core, to.name, { create: c.createDisposition, write, partition: to.partition });
  const { projectId, datasetId } = to.name;
  if (!existing) privileges.demand(request.user, "tables.create", { projectId, datasetId });
  privileges.demand(request.user, "tables.updateData", existing ? to.name : { projectId, datasetId });
  quotas.modification(nameText(to.name));
  await checkFiles(core, request.files, c);
  const replace = c.writeDisposition === "WRITE_TRUNCATE" && to.partition === null;
  const columns = await columnsFor(core, c, request.files, existing, replace);
  if (columns.length > quotas.limit("columns"))
    throw bad(`Too many columns: ${columns.length}. Maximum: ${quotas.limit("columns")}`);
  const partitioning = existing && !wanted(c) ? existing.partitioning : partitioningOf(c, columns);
  const clustering = existing && !c.clustering ? existing.clustering : (c.clustering?.fields ?? []);
  if (existing && wanted(c)) samePartitioning(existing, partitioning, clustering);
  const found = problems(c.sourceFormat === "CSV" ? "CSV" : "JSON", c.maxBadRecords);
  const before = existing && latest(existing).columns;
  const read = await rowsOf(core, c, request, columns, found);
  if (request.signal.aborted) throw stopped();
  const all = withPseudo(catalog, existing && !replace ? latest(existing).columns : columns, partitioning);
  const part =
    partitioning && byIngestion(partitioning) ? await stamped(core, read, columns, all, partitioning, to.partition) : read;
  await checkPartitions(core, { partitioning, version: { parts: [part], columns: all } }, to.partition, to.name);
  const keep =
    existing && to.partition !== null && truncates
      ? [await partitionRows(core, existing, latest(existing), to.partition, "without")]
      : [];
  // Others can have made, dropped or changed the table while the files were read: then all begins anew.
  const now = destination(core, to.name, { create: c.createDisposition, write, partition: to.partition });
  if (now !== existing || (existing && latest(existing).columns !== before)) return await loadJob(core, privileges, request);
  const table = existing ?? makeTable(core, to.name, "TABLE", all, request.jobId);
  put(core, table, [...keep, part], keep.length > 0 || truncates ? "WRITE_TRUNCATE" : write, all, request.jobId);
  if (table !== existing || replace) {
    table.partitioning = partitioning;
    table.clustering = clustering;
    dress(table, c, replace && table === existing);
  }
  const outputBytes = await versionBytes(core.store, { parts: [part], columns: all, at: 0n, appended: null, by: "" });
  return { outputRows: part.rows, outputBytes, badRecords: found.count() };
}

const wanted = (c: Configuration): boolean => c.timePartitioning !== undefined || c.rangePartitioning !== undefined;

async function checkFiles(core: Core, files: readonly string[], c: Configuration): Promise<void> {
  const { quotas } = core;
  if (files.length > quotas.limit("loadFiles"))
    throw bad(`Too many sources provided: ${files.length}. Limit is ${quotas.limit("loadFiles")}.`);
  let bytes = 0;
  for (const file of files) {
    bytes += (await stat(file)).size;
    if (c.sourceFormat === "PARQUET" && (await isGzip(file)))
      throw bad("Error while reading data, error message: Input file is not in Parquet format.");
  }
  if (bytes > quotas.limit("loadBytes"))
    throw new SimError(
      "quotaExceeded",
      403,
      `Quota exceeded: Your load job exceeds the maximum size of ${quotas.limit("loadBytes")} bytes`,
    );
}

/** The columns that the rows are read by: the job's schema, the file's or the table's own. */
async function columnsFor(
  core: Core,
  c: Configuration,
  files: readonly string[],
  existing: Table | null,
  replace: boolean,
): Promise<readonly Column[]> {
  const { catalog } = core;
  const there = existing ? latest(existing).columns.filter((column) => !column.hidden) : null;
  const given = c.schema?.fields;
  if (given && given.length > 0) {
    const columns = given.map((f) => columnOf(catalog, f));
    const names = new Set(columns.map((column) => column.name.toLowerCase()));
    if (names.size < columns.length) throw bad("Duplicate field names in the schema");
    if (!there) return columns;
    sameSchema(nameText((existing as Table).name), there, columns, replace ? "replace" : "append");
    return replace ? columns : there;
  }
  if (c.sourceFormat === "PARQUET" && (!there || replace))
    return parquetTable(catalog, await parquetColumns(core.store, files, c.decimalTargetTypes));
  if (c.autodetect && (!there || replace)) return detect(core, c.sourceFormat === "CSV" ? "CSV" : "JSON", files);
  if (there) return there;
  throw bad("No schema specified on job or table.");
}

async function rowsOf(
  core: Core,
  c: Configuration,
  request: LoadRequest,
  columns: readonly Column[],
  found: ReturnType<typeof problems>,
): Promise<Physical> {
  const { files } = request;
  if (c.sourceFormat === "PARQUET") {
    const there = await parquetColumns(core.store, files, c.decimalTargetTypes);
    return await fillParquet(core.store, columns, files, there, c.ignoreUnknownValues);
  }
  const nulls = c.nullMarkers ?? (c.nullMarker === undefined || c.nullMarker === "" ? null : [c.nullMarker]);
  const delimiter = c.fieldDelimiter ?? ",";
  const options: RowOptions = {
    ignoreUnknown: c.ignoreUnknownValues,
    skip: c.skipLeadingRows > 0 ? c.skipLeadingRows : c.autodetect && c.sourceFormat === "CSV" ? 1 : 0,
    delimiter: delimiters[delimiter] ?? delimiter,
    quote: c.quote ?? '"',
    newlines: c.allowQuotedNewlines,
    jagged: c.allowJaggedRows,
    nulls,
    byName: c.sourceColumnMatch === "NAME",
    control: c.preserveAsciiControlCharacters,
  };
  const read = c.sourceFormat === "CSV" ? csvRows : jsonRows;
  return await fill(core.store, columns, stoppable(read(files, columns, options, core.quotas, found), request.signal), found);
}

async function* stoppable(batches: AsyncGenerator<readonly Row[]>, signal: AbortSignal): AsyncGenerator<readonly Row[]> {
  for await (const rows of batches) {
    if (signal.aborted) throw stopped();
    yield rows;
  }
}

function partitioningOf(c: Configuration, columns: readonly Column[]): Partitioning | null {
  const field = c.timePartitioning?.field ?? c.rangePartitioning?.field;
  if (field !== undefined && !columnNamed(columns, field))
    throw bad(`The field specified for partitioning cannot be found in the schema. Field: ${field}`);
  if (c.timePartitioning)
    return {
      kind: "time",
      field: c.timePartitioning.field ?? null,
      unit: c.timePartitioning.type,
      expirationMs: c.timePartitioning.expirationMs ?? null,
    };
  if (!c.rangePartitioning) return null;
  const { start, end, interval } = c.rangePartitioning.range;
  return { kind: "range", field: c.rangePartitioning.field, start: BigInt(start), end: BigInt(end), interval: BigInt(interval) };
}

/** At most 4,000 partitions a job; a job for one partition must hold rows of that one only (docs "Quotas", "Managing partitioned table data"). */
async function checkPartitions(
  core: Core,
  into: {
    readonly partitioning: Partitioning | null;
    readonly version: { readonly parts: readonly Physical[]; readonly columns: readonly Column[] };
  },
  partition: string | null,
  name: TableName,
): Promise<void> {
  const { partitioning, version } = into;
  const part = version.parts[0];
  if (partition !== null && !partitioning)
    throw bad(`Cannot use a partition decorator with table ${nameText(name)}, which is not partitioned`);
  if (!partitioning || partitioning.field === null || !part || part.rows === 0) return;
  const key = columnNamed(version.columns, partitioning.field);
  if (!key) return;
  const id = partitionId(partitioning, quoted(key.id));
  const ids = await withConnection(core.store, async (duck) =>
    (await duck.runAndReadAll(`SELECT DISTINCT ${id} FROM ${part.name} LIMIT ${core.quotas.limit("partitionsPerJob") + 1}`))
      .getRows()
      .map((r) => String(r[0])),
  );
  if (ids.length > core.quotas.limit("partitionsPerJob"))
    throw bad(
      `Too many partitions produced by query, allowed ${core.quotas.limit("partitionsPerJob")}, query produces at least ${ids.length} partitions`,
    );
  const other = partition === null ? undefined : ids.find((found) => found !== partition);
  if (other !== undefined) throw bad(`Some rows belong to different partitions rather than destination partition ${partition}`);
}

/** WRITE_TRUNCATE loses row access policies and what else hung on the table (docs "Introduction to row-level security"). */
function dress(table: Table, c: Configuration, overwritten: boolean): void {
  const properties = c.destinationTableProperties;
  if (overwritten) {
    table.rowPolicies = [];
    table.primaryKey = null;
    table.foreignKeys = [];
  }
  if (properties?.description !== undefined) table.description = properties.description;
  if (properties?.friendlyName !== undefined) table.friendlyName = properties.friendlyName;
  if (properties?.labels !== undefined) table.labels = properties.labels;
  if (properties?.expirationTime !== undefined) table.expires = BigInt(Date.parse(properties.expirationTime)) * 1000n;
}
