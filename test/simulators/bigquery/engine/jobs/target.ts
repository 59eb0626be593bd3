import { z } from "zod";
import { partitionId } from "../bytes.js";
import {
  type Column,
  datasetOf,
  findTable,
  latest,
  nameText,
  newTable,
  notFoundTable,
  type Partitioning,
  pushVersion,
  putTable,
  type Table,
} from "../catalog.js";
import { createPart, duck, type Physical, stored, text, union, withConnection } from "../store.js";
import { type Core, partitionColumn } from "../transactions.js";
import { SimError, type TableName } from "../types.js";

/** Where a load or copy job writes: dispositions are the same for both (REST Job: JobConfigurationLoad, JobConfigurationTableCopy). */
export const tableName = z.object({ projectId: z.string(), datasetId: z.string(), tableId: z.string() });

export const dispositions = {
  create: z.enum(["CREATE_IF_NEEDED", "CREATE_NEVER"]).default("CREATE_IF_NEEDED"),
  write: z.enum(["WRITE_EMPTY", "WRITE_TRUNCATE", "WRITE_APPEND"]),
};

export type Write = z.infer<typeof dispositions.write>;

export const bad = (message: string): SimError => new SimError("invalid", 400, message);

export const alreadyExists = (name: TableName): SimError =>
  new SimError("duplicate", 409, `Already Exists: Table ${nameText(name)}`);

export const rowsOf = (parts: readonly Physical[]): number => parts.reduce((n, part) => n + part.rows, 0);

/** The destination as it is; null where the job makes it. @throws SimError where the dispositions do not allow it. */
export function destination(
  core: Core,
  name: TableName,
  o: { create: "CREATE_IF_NEEDED" | "CREATE_NEVER"; write: Write; partition: string | null },
): Table | null {
  datasetOf(core.catalog, name, core.catalog.location);
  const found = findTable(core.catalog, name);
  if (!found) {
    if (o.create === "CREATE_NEVER") throw notFoundTable(name, core.catalog.location);
    return null;
  }
  if (found.kind !== "TABLE")
    throw bad(`${nameText(name)} is not allowed for this operation because it is currently a ${found.kind}.`);
  if (o.write === "WRITE_EMPTY" && o.partition === null && rowsOf(latest(found).parts) > 0) throw alreadyExists(name);
  return found;
}

/** A new table in the catalog, with what its dataset gives to tables. */
export function makeTable(core: Core, name: TableName, kind: Table["kind"], columns: readonly Column[], by: string): Table {
  const { catalog } = core;
  const made = newTable(catalog, name, kind, columns, by);
  const lifetime = datasetOf(catalog, name).resource["defaultTableExpirationMs"];
  if (typeof lifetime === "string") made.expires = catalog.now() + BigInt(lifetime) * 1000n;
  putTable(catalog, made);
  return made;
}

/** How a load or copy that overwrites differs in its partitions from what is there (wording: users' issues). */
export function samePartitioning(table: Table, wanted: Partitioning | null, wantedClustering: readonly string[]): void {
  const shown = (p: Partitioning | null, clustering: readonly string[]): string => {
    const by = clustering.length > 0 ? ` clustering(${clustering.join(",")})` : "";
    if (p === null) return `none${by}`;
    if (p.kind === "range") return `range(field:${p.field},start:${p.start},end:${p.end},interval:${p.interval})${by}`;
    return `interval(type:${p.unit.toLowerCase()}${p.field === null ? "" : `,field:${p.field}`})${by}`;
  };
  const [expected, got] = [shown(table.partitioning, table.clustering), shown(wanted, wantedClustering)];
  if (expected.toLowerCase() !== got.toLowerCase())
    throw bad(
      `Incompatible table partitioning specification. Expects partitioning specification ${expected}, but input partitioning specification is ${got}`,
    );
}

/** Rows of one partition, or all but those of it, as a part of their own. */
export async function partitionRows(
  core: Core,
  table: Table,
  version: { readonly parts: readonly Physical[]; readonly columns: readonly Column[] },
  partition: string,
  which: "only" | "without",
): Promise<Physical> {
  const key = partitionColumn(table, { ...version, at: 0n, appended: null, by: "" });
  if (!table.partitioning || !key)
    throw bad(`Cannot use a partition decorator with table ${nameText(table.name)}, which is not partitioned`);
  const id = partitionId(table.partitioning, duck(key.id));
  const { columns, parts } = version;
  return await withConnection(core.store, async (by) => {
    const made = await createPart(core.store, by, columns);
    const names = stored(columns);
    const where = `${id} ${which === "only" ? "=" : "<>"} ${text(partition)}`;
    const done = await by.run(`INSERT INTO ${made.name} (${names}) SELECT ${names} FROM ${union(parts, columns)} WHERE ${where}`);
    made.rows = done.rowsChanged;
    return made;
  });
}

/** Makes the parts the table's next version: one atomic update. */
export function put(
  core: Core,
  table: Table,
  parts: readonly Physical[],
  write: Write,
  columns: readonly Column[],
  by: string,
): void {
  const now = latest(table);
  const append = write === "WRITE_APPEND" || (write === "WRITE_EMPTY" && now.parts.length === 0 && columns === now.columns);
  // Rows in the streaming buffer flow in after the overwrite (docs "Use the legacy streaming API").
  const buffered = append ? [] : now.parts.filter((part) => table.streaming?.parts.has(part));
  const next = append
    ? { parts: [...now.parts, ...parts], columns, appended: parts }
    : { parts: [...parts, ...buffered], columns, appended: null };
  pushVersion(core.catalog, table, { ...next, by });
  core.tidy();
}
