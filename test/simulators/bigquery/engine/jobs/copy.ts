import { z } from "zod";
import { versionBytes } from "../bytes.js";
import {
  columnNamed,
  datasetKey,
  datasetOf,
  findTable,
  latest,
  nameText,
  notFoundTable,
  type Table,
  type Version,
} from "../catalog.js";
import { fineGrained, type Privileges, policyTagDenied } from "../privileges.js";
import { copyParts, type Physical, withConnection } from "../store.js";
import { type Core, travelled } from "../transactions.js";
import { type CopyRequest, type CopyResult, SimError, type TableName } from "../types.js";
import { type Decorated, decorated } from "./decorators.js";
import {
  alreadyExists,
  bad,
  destination,
  dispositions,
  makeTable,
  partitionRows,
  put,
  rowsOf,
  samePartitioning,
  tableName,
  type Write,
} from "./target.js";

/**
 * Copy jobs. Sources: REST Job, JobConfigurationTableCopy (operationType, dispositions); docs "Manage tables" (Limitations on copying
 * tables), "Introduction to table clones", "Introduction to table snapshots", quotas "Table clones"; bigquery-utils#486 for a CLONE that
 * would overwrite.
 */
const configuration = z.object({
  sourceTable: tableName.optional(),
  sourceTables: z.array(tableName).optional(),
  destinationTable: tableName,
  createDisposition: dispositions.create,
  writeDisposition: dispositions.write.default("WRITE_EMPTY"),
  operationType: z.enum(["COPY", "SNAPSHOT", "RESTORE", "CLONE"]).default("COPY"),
  destinationExpirationTime: z.string().optional(),
});

export type Operation = z.infer<typeof configuration>["operationType"];

export interface Copy {
  readonly sources: readonly TableName[];
  readonly destination: TableName;
  readonly operation: Operation;
  readonly write: Write;
  readonly create: "CREATE_IF_NEEDED" | "CREATE_NEVER";
  /** Microseconds. */
  readonly expires: bigint | null;
  readonly user: string;
  readonly by: string;
  /** DDL keeps the partitions of a table that it reads as of a time; a job's `t@time` does not. */
  readonly at?: bigint;
}

export async function copyJob(core: Core, privileges: Privileges, request: CopyRequest): Promise<CopyResult> {
  const read = configuration.safeParse(request.configuration);
  if (!read.success) throw bad(`Invalid copy configuration: ${z.prettifyError(read.error)}`);
  const { sourceTable, sourceTables, destinationTable, operationType, destinationExpirationTime } = read.data;
  const made = await copyTables(core, privileges, {
    sources: sourceTables ?? (sourceTable ? [sourceTable] : []),
    destination: destinationTable,
    operation: operationType,
    write: read.data.writeDisposition,
    create: read.data.createDisposition,
    expires: destinationExpirationTime === undefined ? null : BigInt(Date.parse(destinationExpirationTime)) * 1000n,
    user: request.user,
    by: request.jobId,
  });
  return made.result;
}

/** Copies, clones, makes snapshots and restores; also what DDL statements do. */
export async function copyTables(
  core: Core,
  privileges: Privileges,
  c: Copy,
): Promise<{ readonly result: CopyResult; readonly table: Table }> {
  const { catalog, quotas } = core;
  if (c.sources.length === 0) throw new SimError("required", 400, "Required parameter is missing: sourceTable");
  if (c.sources.length > quotas.limit("sourceTables"))
    throw bad(`Copy jobs can have at most ${quotas.limit("sourceTables")} source tables`);
  const sources = c.sources.map((name) => source(core, privileges, name, c));
  const first = sources[0] as Source;
  const to = decorated(c.destination, catalog.now());
  if (to.at !== null) throw bad(`Invalid destination table ID "${c.destination.tableId}".`);
  checkOperation(c, sources, to);
  const existing = destination(core, to.name, { create: c.create, write: c.write, partition: to.partition });
  // A clone or snapshot is a new table, even where the one that is there is empty.
  if (existing && (c.operation === "CLONE" || c.operation === "SNAPSHOT")) throw alreadyExists(to.name);
  demandDestination(privileges, c, to.name, existing);
  quotas.modification(nameText(to.name));
  if (c.operation === "SNAPSHOT") quotas.snapshot(nameText(first.table.name));
  const shares = c.operation !== "COPY";
  if (shares) checkChain(core, first.table);
  if (existing) compatible(existing, first, c, to);
  const parts = (await Promise.all(sources.map((s) => partsOf(core, s)))).flat();
  const own = sources.length > 1 ? [await joined(core, first.version, parts)] : parts;
  const keep = existing && to.partition !== null && c.write !== "WRITE_APPEND" ? await others(core, existing, to.partition) : [];
  // Others can have made or dropped the table meanwhile: then all begins anew.
  if (findTable(catalog, to.name) !== existing) return await copyTables(core, privileges, c);
  const table =
    existing ?? makeTable(core, to.name, c.operation === "SNAPSHOT" ? "SNAPSHOT" : "TABLE", first.version.columns, c.by);
  const overwrites = !existing || (c.write !== "WRITE_APPEND" && to.partition === null);
  const columns = overwrites ? first.version.columns : latest(table).columns;
  const mapped = overwrites ? own : await remapped(core, table, first.version, own);
  put(
    core,
    table,
    [...keep, ...mapped],
    to.partition !== null && c.write !== "WRITE_APPEND" ? "WRITE_TRUNCATE" : c.write,
    columns,
    c.by,
  );
  if (overwrites) dress(core, table, first, c, existing !== null);
  const result = {
    copiedRows: rowsOf(mapped),
    copiedLogicalBytes: await versionBytes(core.store, { ...first.version, parts: mapped, columns }),
  };
  return { result, table };
}

interface Source extends Decorated {
  readonly table: Table;
  readonly version: Version;
  /** `t@time` in a job: the partitions of the table are lost (docs "Access historical data"). */
  readonly flat: boolean;
}

function source(core: Core, privileges: Privileges, name: TableName, c: Copy): Source {
  const { catalog } = core;
  const read = decorated(name, catalog.now());
  const dataset = catalog.datasets.get(datasetKey(read.name));
  const elsewhere = datasetOf(catalog, c.destination).location;
  if (dataset && dataset.location !== elsewhere)
    throw bad(`Cannot read and write in different locations: source: ${dataset.location}, destination: ${elsewhere}`);
  datasetOf(catalog, read.name, catalog.location);
  const table = findTable(catalog, read.name);
  if (!table) throw notFoundTable(read.name, catalog.location);
  const allowed: Readonly<Record<Operation, readonly Table["kind"][]>> = {
    COPY: ["TABLE"],
    CLONE: ["TABLE", "SNAPSHOT"],
    SNAPSHOT: ["TABLE"],
    RESTORE: ["SNAPSHOT"],
  };
  if (!allowed[c.operation].includes(table.kind))
    throw bad(`${nameText(read.name)} is not allowed for this operation because it is currently a ${table.kind}.`);
  for (const permission of ["tables.get", "tables.getData"]) privileges.demand(c.user, permission, read.name);
  if (c.operation === "SNAPSHOT") privileges.demand(c.user, "tables.createSnapshot", read.name);
  if (c.operation === "RESTORE") privileges.demand(c.user, "tables.restoreSnapshot", read.name);
  const at = c.at ?? read.at;
  const version = at === null ? latest(table) : travelled(catalog, table, at);
  // "You cannot copy columns if you don't have access to them" (docs "Restrict access with column-level access control").
  for (const column of version.columns) {
    const [tag] = column.policyTags;
    if (tag !== undefined && !privileges.may(c.user, fineGrained, read.name))
      throw policyTagDenied(tag, `${nameText(read.name).replace(":", ".")}.${column.name}`);
  }
  if (
    table.rowPolicies.length > 0 &&
    !table.rowPolicies.some((p) => /^\s*\(?\s*TRUE\s*\)?\s*$/i.test(p.filter) && sees(p.grantees, c.user))
  )
    throw new SimError(
      "accessDenied",
      403,
      `Access Denied: Table ${nameText(read.name)}: User needs a TRUE filter on the row access policies of the table to copy it.`,
    );
  return { ...read, table, version, flat: c.at === undefined && read.at !== null && c.operation === "COPY" };
}

const sees = (grantees: readonly string[], user: string): boolean =>
  grantees.some((g) => g === "allAuthenticatedUsers" || g === "allUsers" || g.replace(/^[a-zA-Z]+:/, "") === user);

function checkOperation(c: Copy, sources: readonly Source[], to: Decorated): void {
  const { operation, write } = c;
  if (operation === "COPY") return;
  if (sources.length > 1) throw bad(`${operation} takes one source table only`);
  if (to.partition !== null || sources[0]?.partition !== null) throw bad(`${operation} takes no partition decorators`);
  const allowed: readonly Write[] = operation === "RESTORE" ? ["WRITE_EMPTY", "WRITE_TRUNCATE"] : ["WRITE_EMPTY"];
  // Wording: bigquery-utils#486.
  const shown = `${operation[0]}${operation.slice(1).toLowerCase()}`;
  if (!allowed.includes(write))
    throw bad(`${shown} operation with write disposition ${write} is not supported. Please try again with WRITE_EMPTY.`);
}

function demandDestination(privileges: Privileges, c: Copy, name: TableName, existing: Table | null): void {
  const { datasetId, projectId } = name;
  if (!existing) privileges.demand(c.user, "tables.create", { projectId, datasetId });
  privileges.demand(c.user, "tables.updateData", existing ? name : { projectId, datasetId });
}

function checkChain(core: Core, from: Table): void {
  const { catalog, quotas } = core;
  if (from.depth >= quotas.limit("cloneDepth"))
    throw bad(
      `Table ${nameText(from.name)} is at the maximum depth of ${quotas.limit("cloneDepth")} clones and snapshots; it can be copied only.`,
    );
  const base = from.base ?? from;
  let children = 0;
  for (const dataset of catalog.datasets.values())
    for (const table of dataset.tables.values()) if (table.base === base) children++;
  if (children >= quotas.limit("clonesPerBase"))
    throw new SimError(
      "quotaExceeded",
      403,
      `Quota exceeded: Table ${nameText(base.name)} has too many clones and snapshots: ${children}.`,
    );
}

/** What WRITE_TRUNCATE and WRITE_APPEND ask of the table that is there. */
function compatible(existing: Table, from: Source, c: Copy, to: Decorated): void {
  const { columns } = latest(existing);
  const whole = c.write !== "WRITE_APPEND" && to.partition === null;
  if (whole) {
    if (rowsOf(latest(existing).parts) > 0 || c.write === "WRITE_TRUNCATE")
      samePartitioning(existing, from.flat ? null : from.table.partitioning, from.table.clustering);
    return;
  }
  const mismatch = from.version.columns.find((column) => {
    const there = columnNamed(columns, column.name);
    return !there || there.type.kind !== column.type.kind;
  });
  if (mismatch || columns.length !== from.version.columns.length)
    throw bad(
      `Provided Schema does not match Table ${nameText(existing.name)}. Field ${mismatch?.name ?? "list"} does not match.`,
    );
  if (c.write === "WRITE_APPEND" && existing.rowPolicies.some((p) => from.table.rowPolicies.some((q) => q.id === p.id)))
    throw bad(`Row access policy names of ${nameText(from.table.name)} and ${nameText(existing.name)} collide`);
}

/** Rows in the streaming buffer are not there yet for a copy job (docs "Introduction to table clones", Limitations). */
async function partsOf(core: Core, from: Source): Promise<readonly Physical[]> {
  const { table, version } = from;
  const parts = version.parts.filter((part) => !table.streaming?.parts.has(part));
  if (from.partition === null) return parts;
  return [await partitionRows(core, table, { ...version, parts }, from.partition, "only")];
}

const joined = (core: Core, version: Version, parts: readonly Physical[]): Promise<Physical> =>
  withConnection(core.store, (duck) => copyParts(core.store, duck, version.columns, parts));

const others = async (core: Core, table: Table, partition: string): Promise<readonly Physical[]> => [
  await partitionRows(core, table, latest(table), partition, "without"),
];

/** The same rows under the columns that the table has; names decide. */
async function remapped(core: Core, table: Table, from: Version, parts: readonly Physical[]): Promise<readonly Physical[]> {
  const { columns } = latest(table);
  return await withConnection(core.store, async (duck) => {
    const made = await copyParts(core.store, duck, columns, []);
    const pairs = columns.map((c) => [c.id, columnNamed(from.columns, c.name)?.id ?? "NULL"] as const);
    for (const part of parts) {
      if (part.rows === 0) continue;
      await duck.run(
        `INSERT INTO ${made.name} (${pairs.map(([id]) => id).join(", ")}) SELECT ${pairs.map(([, id]) => id).join(", ")} FROM ${part.name}`,
      );
      made.rows += part.rows;
    }
    return [made];
  });
}

/**
 * Metadata of a table that was made or overwritten. Schema, constraints, partitioning, clustering and policy tags are the source's (REST
 * Job; docs "Restrict access with column-level access control"); the table's own IAM policy stays, a new one has none (docs "Manage
 * tables"); row access policies are the source's (docs "Use row-level security with other BigQuery features"). What happens to labels,
 * descriptions and expirations is told nowhere: the worst is taken, and a test can say otherwise (engine/quota.ts).
 */
function dress(core: Core, table: Table, from: Source, c: Copy, overwritten: boolean): void {
  const { quotas } = core;
  const like = from.table;
  const shared = c.operation !== "COPY";
  table.partitioning = from.flat ? null : like.partitioning;
  table.clustering = like.clustering;
  table.requirePartitionFilter = from.flat ? false : like.requirePartitionFilter;
  table.primaryKey = like.primaryKey;
  table.foreignKeys = like.foreignKeys;
  table.rowPolicies = like.rowPolicies.map((p) => ({ ...p }));
  table.labels = quotas.limit("copyTakesLabels") > 0 ? like.labels : {};
  table.description = quotas.limit("copyTakesDescription") > 0 ? like.description : null;
  table.friendlyName = quotas.limit("copyTakesDescription") > 0 ? like.friendlyName : null;
  if (c.expires !== null) table.expires = c.expires;
  else if (overwritten || like.expires !== null)
    table.expires = quotas.limit("copyTakesExpiration") > 0 ? like.expires : table.expires;
  const origin = { table: like.name, at: from.at ?? from.version.at };
  table.cloneOf = c.operation === "CLONE" || c.operation === "RESTORE" ? origin : null;
  table.snapshotOf = c.operation === "SNAPSHOT" ? origin : null;
  table.base = shared ? (like.base ?? like) : null;
  table.depth = shared ? like.depth + 1 : 0;
}
