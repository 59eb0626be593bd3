import { type Column, nameText, type Partitioning, type Version } from "./catalog.js";
import type { SqlType } from "./datatype.js";
import type { ReadLog, Scan } from "./env.js";
import { invalid } from "./errors-run.js";
import { type Physical, duck as quoted, type Store, text, union, withConnection } from "./store.js";
import { partitionColumn } from "./transactions.js";
import { SimError, type TableName } from "./types.js";

/**
 * What a statement would be billed for. Sources: docs "Estimate and control costs" and "BigQuery pricing" (Data size calculation, Query
 * size calculation; Data manipulation language: q is what the statement reads, t the whole of the partitions that it may change; a query
 * costs 10 MB at least, and 10 MB for each table).
 */
const fixed: Partial<Record<SqlType["kind"], number>> = {
  INT64: 8,
  FLOAT64: 8,
  NUMERIC: 16,
  BIGNUMERIC: 32,
  BOOL: 1,
  DATE: 8,
  TIME: 8,
  DATETIME: 8,
  TIMESTAMP: 8,
  INTERVAL: 16,
  RANGE: 16,
};

/** SQL of DuckDB for the logical bytes of a value; NULL has none. */
function size(type: SqlType, value: string, depth = 0): string {
  const bytes = fixed[type.kind];
  if (bytes !== undefined) return `CASE WHEN ${value} IS NULL THEN 0 ELSE ${bytes} END`;
  if (type.kind === "BYTES") return `coalesce(octet_length(${value}) + 2, 0)`;
  if (type.kind === "ARRAY" && type.element) {
    const x = `x${depth}`;
    return `coalesce(list_sum(list_transform(${value}, lambda ${x}: ${size(type.element, x, depth + 1)})), 0)`;
  }
  if (type.kind === "STRUCT")
    return `(0${(type.fields ?? []).map((f, k) => ` + ${size(f.type, `${value}.f${k}`, depth)}`).join("")})`;
  return `coalesce(strlen(${value}) + 2, 0)`;
}

/** Logical bytes of whole columns of a part; known ones are not asked for again. */
async function ofPart(store: Store, part: Physical, columns: readonly Column[]): Promise<number> {
  if (part.rows === 0) return 0;
  const asked = columns.filter((c) => !part.bytes.has(c.id));
  if (asked.length > 0) {
    const sums = asked.map((c) => `CAST(sum(${size(c.type, quoted(c.id))}) AS DOUBLE)`);
    const row = await ask(store, `SELECT ${sums.join(", ")} FROM ${part.name}`);
    for (const [k, c] of asked.entries()) part.bytes.set(c.id, row[k] ?? 0);
  }
  return columns.reduce((n, c) => n + (part.bytes.get(c.id) ?? 0), 0);
}

const ask = (store: Store, sql: string): Promise<readonly number[]> =>
  withConnection(store, async (duck) => ((await duck.runAndReadAll(sql)).getRows()[0] ?? []).map(Number));

/** Logical bytes of a version's rows, all columns. */
export async function versionBytes(store: Store, version: Version): Promise<number> {
  let bytes = 0;
  for (const part of version.parts) bytes += await ofPart(store, part, version.columns);
  return bytes;
}

/** SQL of DuckDB for the id of a row's partition, as decorators and INFORMATION_SCHEMA.PARTITIONS write it. */
export function partitionId(partitioning: Partitioning, column: string): string {
  if (partitioning.kind === "range") {
    const { start, end, interval } = partitioning;
    return `CASE WHEN ${column} IS NULL THEN '__NULL__' WHEN ${column} < ${start} OR ${column} >= ${end} THEN '__UNPARTITIONED__' ELSE CAST(${start} + ((${column} - ${start}) // ${interval}) * ${interval} AS VARCHAR) END`;
  }
  const formats = { HOUR: "%Y%m%d%H", DAY: "%Y%m%d", MONTH: "%Y%m", YEAR: "%Y" } as const;
  return `coalesce(strftime(${column}, '${formats[partitioning.unit]}'), '__NULL__')`;
}

async function ofScan(store: Store, scan: Scan): Promise<number> {
  const { table, version } = scan;
  const columns = [...scan.columns];
  // A change reads what it names and writes all columns of what it may touch.
  const counted = scan.whole ? [...columns, ...version.columns] : columns;
  if (counted.length === 0) return 0;
  const key = partitionColumn(table, version);
  if (!table.partitioning || !key || (scan.prune === null && scan.partition === null)) {
    let bytes = 0;
    for (const part of version.parts) {
      bytes += await ofPart(store, part, columns);
      if (scan.whole) bytes += await ofPart(store, part, version.columns);
    }
    return bytes;
  }
  const id = partitionId(table.partitioning, key.id);
  const rows = union(version.parts, version.columns);
  const chosen =
    scan.partition === null
      ? `${id} IN (SELECT DISTINCT ${id} FROM ${rows} WHERE ${scan.prune})`
      : `${id} = ${text(scan.partition)}`;
  const sum = counted.map((c) => size(c.type, quoted(c.id))).join(" + ");
  const [bytes = 0] = await ask(store, `SELECT CAST(coalesce(sum(${sum}), 0) AS DOUBLE) FROM ${rows} WHERE ${chosen}`);
  return bytes;
}

export interface Reads extends ReadLog {
  readonly scans: readonly Scan[];
  /** Distinct tables, as they were first met. */
  tables(): readonly TableName[];
  bytes(): Promise<number>;
}

export function reads(store: Store): Reads {
  const scans: Scan[] = [];
  return {
    scans,
    add: (scan) => void scans.push(scan),
    tables: () => [...new Map(scans.filter((s) => !s.table.temporary).map((s) => [s.table, s.table.name])).values()],
    async bytes() {
      let bytes = 0;
      for (const scan of scans) bytes += await ofScan(store, scan);
      return bytes;
    },
  };
}

const megabyte = 1_048_576;
const least = 10 * megabyte;

/** Bytes billed for bytes processed: whole megabytes, 10 MB for each table at least; what reads nothing is free. */
export const billed = (processed: number, tables: number): number =>
  processed === 0 ? 0 : Math.max(Math.ceil(processed / megabyte) * megabyte, least * Math.max(1, tables));

/** @throws SimError where the statement would cost more than it may (wording: users' issues). */
export function checkBudget(bytes: number, most: number | null): void {
  if (most !== null && bytes > most)
    throw new SimError(
      "bytesBilledLimitExceeded",
      400,
      `Query exceeded limit for bytes billed: ${most}. ${bytes} or higher required.`,
    );
}

/** Tables that ask for a partition filter (docs "Manage partitioned tables"). @throws SimError */
export function checkFilters(scans: readonly Scan[]): void {
  for (const { table, prune, partition } of scans) {
    if (!table.requirePartitionFilter || !table.partitioning || prune !== null || partition !== null) continue;
    const field = table.partitioning.field ?? "_PARTITION_LOAD_TIME', '_PARTITIONDATE', '_PARTITIONTIME";
    throw invalid(
      `Cannot query over table '${nameText(table.name).replace(":", ".")}' without a filter over column(s) '${field}' that can be used for partition elimination`,
    );
  }
}
