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
import { syntax } from "../syntax.js";

export const name = (...path: readonly string[]): string => syntax.ident(path);
export const table = (ref: TableRef): string => syntax.ident(ref.path);
export const columnsOf = (shape: TableShape): readonly ColumnShape[] => stored(shape.columns);
export const listed = (parts: readonly string[]): string => parts.join(", ");
export const all = (conditions: readonly string[]): string => (conditions.length === 0 ? "TRUE" : conditions.join(" AND "));

/** Keys are never NULL: plain equality, which the service joins by. */
export const sameKey = (key: readonly string[], a: string, b: string): string =>
  all(key.map((k) => `${name(a, k)} = ${name(b, k)}`));
/** Equal bit for bit in all of the columns. */
export const sameRow = (columns: readonly ColumnShape[], a: string, b: string): string =>
  all(columns.map((c) => syntax.nullSafeEq(name(a, c.name), name(b, c.name), c.type)));
/** What rows are told apart by where they are grouped: the hash for floats and JSON, which the service groups in its own way. */
export const told = (columns: readonly ColumnShape[], alias: string): string =>
  listed([
    syntax.rowHash(columns, alias),
    ...columns.filter((c) => c.type !== "float64" && c.type !== "json").map((c) => name(alias, c.name)),
  ]);

/** The start of a statement that records images. */
export const record = (changes: TableRef, columns: readonly ColumnShape[]): string => {
  const heads = [imageColumns.release, imageColumns.image, imageColumns.op];
  return `INSERT INTO ${table(changes)} (${listed([...heads, ...columns.map((c) => c.name)].map((n) => name(n)))})`;
};
/** The images of one kind of one release. */
export const images = (release: number, image: string, alias: string): string =>
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
