import { type ColumnShape, rowsOf, stored } from "../adapter/shapes.js";
import { sqlOp } from "../adapter/sql-op.js";
import { imageColumns, type Scope, type Step } from "../adapter/steps.js";
import type { Syntax } from "../adapter/syntax.js";
import { join, raw, type Sql, template } from "./sql.js";
import { stepWords } from "./step-words.js";

/** How an engine tells rows apart, bit for bit. */
export interface TellingApart {
  /** What rows are grouped by, where the engine would take some for equal that are not. */
  told(columns: readonly ColumnShape[], alias: string): string;
  /** Equal in all of the columns, so far as `told` tells rows apart. */
  sameRow(columns: readonly ColumnShape[], a: string, b: string): string;
}
type Own = Step<"capture"> & { readonly scope: Extract<Scope, { readonly own: string }> };

/** Whether a capture is one of a release's own rows: see {@link captureOwn}. */
export const isOwn = (s: Step<"capture">): s is Own => s.scope !== "all" && "own" in s.scope;

/**
 * The capture of what comes beside what is there. With a key: rows whose key live has not. Without one: the n-th copy of a row
 * stays for the n-th among the own rows in the window. Both joins have an equality that engines join by.
 */
export function captureOwn(s: Own, syntax: Syntax, { told, sameRow }: TellingApart) {
  const { name, table, listed, record, deleted, inScope, sameKey } = stepWords(syntax);
  const columns = stored(s.live.columns);
  const given = columns.filter((c) => s.given.includes(c.name));
  const values = columns.map((c) =>
    s.given.includes(c.name) ? name("d", c.name) : `CAST(${c.default ?? "NULL"} AS ${c.native})`,
  );
  const [image, op] = [`'after' AS ${name(imageColumns.image)}`, `'insert' AS ${name(imageColumns.op)}`];
  const head = `${record(s.changes, columns)} SELECT ${s.release}, ${image}, ${op}, ${listed(values)}`;
  const [copy, hash] = [name("_cutover_copy"), name("_cutover_hash")];
  const [l, d, o] = [name("l"), name("d"), name("o")];
  const comes = `NOT (${deleted(s.deletes, "d")})`;
  const live = template`${rowsOf(s.live.ref)}${raw(` AS ${l}`)}`;
  const [first] = s.key;
  if (first !== undefined) {
    const met = `ON ${sameKey(s.key, "d", "l")} WHERE ${name("l", first)} IS NULL AND ${comes}`;
    return [sqlOp(template`${raw(`${head} FROM ${table(s.delta)} AS ${d} LEFT JOIN `)}${live}${raw(` ${met}`)}`)];
  }
  const copies = (alias: string): string =>
    `SELECT ${listed(given.map((c) => name(alias, c.name)))}, ${syntax.rowHash(given, alias)} AS ${hash}, row_number() OVER (PARTITION BY ${told(given, alias)} ORDER BY NULL) AS ${copy} FROM `;
  const where = template`${inScope(s.scope, "l")}${s.prune === null ? raw("") : template` AND ${s.prune}`}`;
  const there = template`${raw(copies("l"))}${live}${raw(" WHERE ")}${where}`;
  const brought = `${copies("d")}${table(s.delta)} AS ${d} WHERE ${comes}`;
  const same = `${name("d", "_cutover_hash")} = ${name("o", "_cutover_hash")} AND ${name("d", "_cutover_copy")} = ${name("o", "_cutover_copy")} AND ${sameRow(given, "d", "o")}`;
  const missing: Sql = raw(`) AS ${o} ON ${same} WHERE ${name("o", "_cutover_copy")} IS NULL`);
  return [sqlOp(join([raw(`${head} FROM (${brought}) AS ${d} LEFT JOIN (`), there, missing], ""))];
}
