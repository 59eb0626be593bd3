import type { Warehouse } from "../adapter/define.js";
import { type ColumnShape, rowsOf } from "../adapter/shapes.js";
import { CutoverError } from "../errors/index.js";
import { configError } from "../pipeline/config.js";
import { ident, isSql, join, type Row, type Sql, template } from "../sql/sql.js";
import { rowDecoder } from "../table/decode.js";
import { definitionOf, type Table } from "../table/define.js";
import type { TableName } from "../table/definition.js";
import { findColumn, resolveName } from "../table/resolve.js";
import { onSession } from "./on-session.js";

/** How {@link read} hands rows out. */
export interface ReadOptions<C extends string = string> {
  /** The columns that order the rows, the first of them first. Default: in no order. */
  readonly orderBy?: C | readonly C[];
}

/**
 * All rows of a table, or of a query, in memory: for tests. A table made by `table()` gives rows of its own type; others the exact
 * values of their types (`bigint` for int64, text for decimals, dates and times). Every column is read, declared or not.
 * @example
 * await read(warehouse, orders, { orderBy: "id" });
 * await read(warehouse, "main.orders");
 * await read(warehouse, sql`SELECT count(*) AS n FROM main.orders WHERE customer = ${"Ada"}`); // [{ n: 1n }]
 * @throws CutoverError `NOT_FOUND`: there is no such table, or no such column to order by.
 */
export function read<Out>(warehouse: Warehouse, from: Table<unknown, Out>, o?: ReadOptions<keyof Out & string>): Promise<Out[]>;
export function read(warehouse: Warehouse, from: TableName | Sql, o?: ReadOptions): Promise<Row[]>;
export function read(warehouse: Warehouse, from: TableName | Sql | Table, o: ReadOptions = {}): Promise<Row[]> {
  const definition = typeof from === "object" && "name" in from ? (definitionOf(from)?.definition ?? null) : null;
  const name = isName(from) ? from : (definition?.name ?? null);
  return onSession(warehouse, "read", async (adapter, session, io) => {
    const { identifiers } = adapter.capabilities;
    let columns: readonly ColumnShape[];
    let rows: Sql;
    if (name !== null) {
      const shape = await session.describe(resolveName(name, session.home, adapter.capabilities), io, "columns");
      if (shape === null) throw missing("table", typeof name === "string" ? name : name.join("."));
      columns = shape.columns;
      rows = rowsOf(shape.ref);
    } else if (isSql(from)) {
      columns = await session.columnsOf(from, io);
      rows = template`(${from})`;
    } else throw configError([{ path: "from", message: "expected a table, its name, or sql`…`" }]);
    const list = join(
      columns.map((c) => ident(["found", c.name])),
      ", ",
    );
    const order = (typeof o.orderBy === "string" ? [o.orderBy] : (o.orderBy ?? [])).map((by) => {
      const column = findColumn(columns, by, identifiers);
      if (column === undefined) throw missing("column", by);
      return ident(["found", column.name]);
    });
    const ordered = order.length === 0 ? template`` : template` ORDER BY ${join(order, ", ")}`;
    const statement = template`SELECT ${list} FROM ${rows} AS ${ident(["found"])}${ordered}`;
    const decode = rowDecoder(columns, definition?.columns ?? null, identifiers);
    const all: Row[] = [];
    for await (const batch of session.stream(statement, columns, io)) for (const row of batch) all.push(decode(row));
    return all;
  });
}
const isName = (v: unknown): v is TableName => typeof v === "string" || Array.isArray(v);

const missing = (what: "table" | "column", name: string): CutoverError<"NOT_FOUND"> =>
  new CutoverError("NOT_FOUND", `there is no ${what} ${name}`, { what, name });
