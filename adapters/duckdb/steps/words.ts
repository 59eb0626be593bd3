import { createHash } from "node:crypto";
import { type ColumnShape, type StepWords, stepWords, type TableRef } from "cutover/adapter";
import { fold } from "../ddl.js";
import { RETURNING } from "../driver.js";
import { syntax } from "../syntax.js";

export const { name, table, columnsOf, listed, all, sameKey, sameRow, record, images, deleted, inScope }: StepWords =
  stepWords(syntax);

/** A form of a value that the engine groups and joins by, bit for bit: it takes −0 for 0 otherwise, and may fold case. */
export function exact(c: ColumnShape, alias: string): string {
  const value = name(alias, c.name);
  if (c.type === "float64") return `CAST(CAST(CAST(${value} AS DOUBLE) AS BIT) AS BIGINT)`;
  return c.type === "string" || c.type === "json" ? `encode(CAST(${value} AS VARCHAR))` : value;
}

/** From this many rows on the engine writes an INSERT out before the commit (a row group holds 122,880). */
const LARGE = 120_000;
/**
 * An INSERT into a table that others read. DuckDB 1.5 lets readers see a large one half done while it commits, unless it
 * returns rows; one that returns rows takes about twice as long.
 */
export const visibly = (insert: string, rows: number | null): string =>
  rows !== null && rows < LARGE ? insert : `${insert}${RETURNING}`;

/** Where a capture notes the row addresses for the exchange of the same block. */
export function notes(live: TableRef, release: number, what: "match" | "keep"): string {
  const digest = createHash("sha256")
    .update(fold(JSON.stringify([release, ...live.path])))
    .digest("hex");
  return name("temp", "main", `_cutover_${what}_${digest.slice(0, 16)}`);
}
