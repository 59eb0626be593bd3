import { createHash } from "node:crypto";
import {
  type ColumnShape,
  imageColumns,
  join,
  raw,
  type Scope,
  type Sql,
  stored,
  type TableRef,
  type TableShape,
  template,
} from "cutover/adapter";
import { fold } from "../ddl.js";
import { RETURNING } from "../driver.js";
import { syntax } from "../syntax.js";

export const name = (...path: readonly string[]): string => syntax.ident(path);
export const table = (ref: TableRef): string => syntax.ident(ref.path);
export const columnsOf = (shape: TableShape): readonly ColumnShape[] => stored(shape.columns);
export const listed = (parts: readonly string[]): string => parts.join(", ");
export const all = (conditions: readonly string[]): string => (conditions.length === 0 ? "TRUE" : conditions.join(" AND "));

/** Keys are never NULL: plain equality, which the engine joins by. */
export const sameKey = (key: readonly string[], a: string, b: string): string =>
  all(key.map((k) => `${name(a, k)} = ${name(b, k)}`));
/** Equal bit for bit in all of the columns. */
export const sameRow = (columns: readonly ColumnShape[], a: string, b: string): string =>
  all(columns.map((c) => syntax.nullSafeEq(name(a, c.name), name(b, c.name), c.type)));

/** A form of a value that the engine groups and joins by, bit for bit: it takes −0 for 0 otherwise, and may fold case. */
export function exact(c: ColumnShape, alias: string): string {
  const value = name(alias, c.name);
  if (c.type === "float64") return `CAST(CAST(CAST(${value} AS DOUBLE) AS BIT) AS BIGINT)`;
  return c.type === "string" || c.type === "json" ? `encode(CAST(${value} AS VARCHAR))` : value;
}

const heads = [imageColumns.release, imageColumns.image, imageColumns.op];
/** The start of a statement that records images. */
export const record = (changes: TableRef, columns: readonly ColumnShape[]): string =>
  `INSERT INTO ${table(changes)} (${listed([...heads, ...columns.map((c) => c.name)].map((n) => name(n)))})`;
/** From this many rows on the engine writes an INSERT out before the commit (a row group holds 122,880). */
const LARGE = 120_000;
/**
 * An INSERT into a table that others read. DuckDB 1.5 lets readers see a large one half done while it commits, unless it
 * returns rows; one that returns rows takes about twice as long.
 */
export const visibly = (insert: string, rows: number | null): string =>
  rows !== null && rows < LARGE ? insert : `${insert}${RETURNING}`;

/** The images of one kind of one release. */
export const images = (release: number, image: "before" | "after", alias: string): string =>
  `${name(alias, imageColumns.release)} = ${release} AND ${name(alias, imageColumns.image)} = '${image}'`;

/** Whether the scope speaks for a row; NULL partitions are in none. */
export function inScope(scope: Scope, alias: string): Sql {
  if (scope === "all" || "keys" in scope) return raw("TRUE");
  if ("from" in scope)
    return raw(`${name(alias, scope.partition)} IN (SELECT ${name(scope.partition)} FROM ${table(scope.from)})`);
  if (scope.values.length === 0) return raw("FALSE");
  const { type } = scope;
  const values = scope.values.map((value) => template`${{ value, type }}`);
  return template`${raw(name(alias, scope.partition))} IN (${join(values, ", ")})`;
}

/** Where a capture notes the row addresses for the exchange of the same block. */
export function notes(live: TableRef, release: number, what: "match" | "keep"): string {
  const digest = createHash("sha256")
    .update(fold(JSON.stringify([release, ...live.path])))
    .digest("hex");
  return name("temp", "main", `_cutover_${what}_${digest.slice(0, 16)}`);
}
