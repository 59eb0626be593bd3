import { type ColumnShape, stored, type TableRef, type TableShape } from "../adapter/shapes.js";
import { type Deletes, type Interval, imageColumns, type Scope } from "../adapter/steps.js";
import type { Syntax } from "../adapter/syntax.js";
import type { ColumnType } from "../table/types.js";
import { join, raw, type Sql, template } from "./sql.js";

/** Words that step compilers of an engine share, as text in its own quotes. */
export interface StepWords {
  /** A name by its exact path. */
  name(...path: readonly string[]): string;
  /** A table by its exact path. */
  table(ref: TableRef): string;
  /** The columns that are stored. */
  columnsOf(shape: TableShape): readonly ColumnShape[];
  /** With commas between. */
  listed(parts: readonly string[]): string;
  /** All of the conditions; TRUE for none. */
  all(conditions: readonly string[]): string;
  /** Keys are never NULL: plain equality, which engines join by. */
  sameKey(key: readonly string[], a: string, b: string): string;
  /** Equal bit for bit in all of the columns. */
  sameRow(columns: readonly ColumnShape[], a: string, b: string): string;
  /** The start of a statement that records images. */
  record(changes: TableRef, columns: readonly ColumnShape[]): string;
  /** The images of one kind of one release. */
  images(release: number, image: string, alias: string): string;
  /** Whether a row of the delta stands for a deleted one; never NULL. */
  deleted(deletes: Deletes | null, alias: string): string;
  /** Whether the scope speaks for a row; NULL partitions are in none. */
  inScope(scope: Scope, alias: string): Sql;
}

/** The words in an engine's syntax: for compilers that write a step in their own way rather than in that of `ansi`. */
export function stepWords(syntax: Pick<Syntax, "ident" | "nullSafeEq" | "literal">): StepWords {
  const name = (...path: readonly string[]): string => syntax.ident(path);
  const table = (ref: TableRef): string => syntax.ident(ref.path);
  const listed = (parts: readonly string[]): string => parts.join(", ");
  const all = (conditions: readonly string[]): string => (conditions.length === 0 ? "TRUE" : conditions.join(" AND "));
  const heads = [imageColumns.release, imageColumns.image, imageColumns.op];
  return {
    name,
    table,
    columnsOf: (shape) => stored(shape.columns),
    listed,
    all,
    sameKey: (key, a, b) => all(key.map((k) => `${name(a, k)} = ${name(b, k)}`)),
    sameRow: (columns, a, b) => all(columns.map((c) => syntax.nullSafeEq(name(a, c.name), name(b, c.name), c.type))),
    record: (changes, columns) =>
      `INSERT INTO ${table(changes)} (${listed([...heads, ...columns.map((c) => c.name)].map((n) => name(n)))})`,
    images: (release, image, alias) =>
      `${name(alias, imageColumns.release)} = ${release} AND ${name(alias, imageColumns.image)} = '${image}'`,
    deleted: (deletes, alias) =>
      deletes === null
        ? "FALSE"
        : syntax.nullSafeEq(name(alias, deletes.column), syntax.literal(deletes.equals), deletes.equals.type),
    inScope(scope, alias) {
      if (scope === "all" || "keys" in scope) return raw("TRUE");
      if ("own" in scope) {
        const own = raw(`${name(alias, scope.own)} IS NOT NULL`);
        const { window } = scope;
        return window === null ? own : template`${own} AND ${within(name(alias, window.column), window, window.type)}`;
      }
      if ("interval" in scope) return within(name(alias, scope.partition), scope.interval, scope.type);
      if ("from" in scope)
        return raw(`${name(alias, scope.partition)} IN (SELECT ${name(scope.partition)} FROM ${table(scope.from)})`);
      if (scope.values.length === 0) return raw("FALSE");
      const { type } = scope;
      const values = scope.values.map((value) => template`${{ value, type }}`);
      return template`${raw(name(alias, scope.partition))} IN (${join(values, ", ")})`;
    },
  };
}

/** Whether a value, as text of the engine, lies in a half-open interval; NULL does not. */
export function within(value: string, { from, until }: Interval, type: ColumnType): Sql {
  const bounds = [
    ...(from === null ? [] : [template`${raw(value)} >= ${{ value: from, type }}`]),
    ...(until === null ? [] : [template`${raw(value)} < ${{ value: until, type }}`]),
  ];
  return bounds.length === 0 ? raw(`${value} IS NOT NULL`) : join(bounds, " AND ");
}
