import type { ColumnShape, TableRef } from "../../adapter/shapes.js";
import { type Deletes, imageColumns } from "../../adapter/steps.js";
import type { Syntax } from "../../adapter/syntax.js";
import { ident, join, raw, type Sql, template } from "../sql.js";

export const on = (ref: TableRef): Sql => ident(ref.path);
export const column = (name: string, alias?: string): Sql => ident(alias === undefined ? [name] : [alias, name]);
export const columns = (names: readonly string[], alias?: string): Sql =>
  join(
    names.map((n) => column(n, alias)),
    ", ",
  );
/** A table, an expression or a subquery under a name: the name is quoted where it is given and wherever it is used. */
export const as = (what: Sql, name: string): Sql => template`${what} AS ${ident([name])}`;
export const and = (parts: readonly Sql[]): Sql => (parts.length === 0 ? raw("TRUE") : join(parts, " AND "));

/** Keys are never NULL, so plain equality does, and engines join fastest by it. */
export const sameKey = (key: readonly string[], a: string, b: string): Sql =>
  and(key.map((k) => template`${column(k, a)} = ${column(k, b)}`));
/** Equal bit for bit in all of the columns. */
export const sameRow = (syntax: Syntax, shapes: readonly ColumnShape[], a: string, b: string): Sql =>
  and(shapes.map((c) => raw(syntax.nullSafeEq(syntax.ident([a, c.name]), syntax.ident([b, c.name]), c.type))));
/** Whether a row of the delta stands for a deleted one; never NULL. */
export const deleted = (syntax: Syntax, deletes: Deletes | null, alias: string): Sql =>
  deletes === null
    ? raw("FALSE")
    : raw(syntax.nullSafeEq(syntax.ident([alias, deletes.column]), syntax.literal(deletes.equals), deletes.equals.type));
/** The images of one kind of one release. */
export const images = (release: number, image: "before" | "after", alias?: string): Sql =>
  template`${column(imageColumns.release, alias)} = ${release} AND ${column(imageColumns.image, alias)} = ${image}`;
/** Row for row the smallest or one of a key: numbers the rows of each group. */
export const numbered = (partition: Sql, order: Sql = raw("NULL")): Sql =>
  template`row_number() OVER (PARTITION BY ${partition} ORDER BY ${order})`;
/** What tells rows apart bit for bit where the engine groups: a float stands in the hash only, since −0 may come back as 0 from a sort by it. */
export const told = (syntax: Syntax, shapes: readonly ColumnShape[], alias: string): Sql =>
  join(
    [...shapes.filter((c) => c.type !== "float64").map((c) => column(c.name, alias)), raw(syntax.rowHash(shapes, alias))],
    ", ",
  );
