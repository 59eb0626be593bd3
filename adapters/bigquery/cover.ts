import { type Partitioning, readFingerprint } from "./fingerprint.js";
import { syntax } from "./syntax.js";

/** The column by which a table is cut, bare or as one of a table's alias. */
export function partitionColumn(p: Partitioning, alias?: string): string {
  const column = p.column === null ? "_PARTITIONTIME" : syntax.ident([p.column]);
  return alias === undefined ? column : `${syntax.ident([alias])}.${column}`;
}

/**
 * What is true of every row of a table that is read in whole only with a filter on its partitions (`require_partition_filter`); null
 * where none is needed.
 */
export function coverOf(fingerprint: unknown, alias?: string): string | null {
  const print = readFingerprint(fingerprint);
  if (print === null || print.partitioning === null || !print.requirePartitionFilter) return null;
  const p = print.partitioning;
  const column = partitionColumn(p, alias);
  const all = p.kind === "range" ? `${column} >= ${p.start} OR ${column} < ${p.start}` : `${column} >= ${first[p.type]}`;
  return `(${all} OR ${column} IS NULL)`;
}
const first = { DATE: "DATE '0001-01-01'", DATETIME: "DATETIME '0001-01-01'", TIMESTAMP: "TIMESTAMP '0001-01-01 00:00:00+00'" };
