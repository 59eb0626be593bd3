import type { ColumnShape, FileSet, Sql, TableRef, TableShape } from "cutover/adapter";
import { afterName, fold, generatedColumns } from "./ddl.js";
import { type Connection, run } from "./driver.js";
import { fault } from "./errors.js";
import { sniff } from "./files.js";
import { fingerprintOf } from "./fingerprint.js";
import { renderSql } from "./render.js";
import { fromNative, syntax, text } from "./syntax.js";

/** SQL that compares a catalog's name as DuckDB does: without regard to the case of ASCII letters. */
export const isName = (column: string, name: string): string =>
  `translate(${column}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') = ${text(fold(name))}`;

/** A three-part path, shorter ones completed by where the connection is at home. */
export async function complete(c: Connection, path: readonly string[]): Promise<readonly [string, string, string]> {
  const home = path.length >= 3 ? [] : (await homeOf(c)).slice(0, 3 - path.length);
  const [database, schema, table] = [...home, ...path];
  if (database === undefined || schema === undefined || table === undefined || path.length > 3) {
    throw fault("syntax", `no table name: ${path.join(".")}`, "A table has at most three names: database, schema and table.");
  }
  return [database, schema, table];
}
export async function homeOf(c: Connection): Promise<readonly string[]> {
  const { rows } = await run(c, { text: "SELECT current_database() AS database, current_schema() AS schema", values: [] });
  return [String(rows[0]?.["database"]), String(rows[0]?.["schema"])];
}

/**
 * A table as the catalog has it; null when there is none.
 * @throws DuckDBFault of kind `unsupported` for a view or a temporary table.
 */
export async function describe(c: Connection, ref: TableRef): Promise<TableShape | null> {
  const [database, schema, name] = await complete(c, ref.path);
  const there = `${isName("database_name", database)} AND ${isName("schema_name", schema)}`;
  const tables = await run(c, {
    text: `SELECT database_name, schema_name, table_name, temporary, comment, sql FROM duckdb_tables() WHERE ${there} AND ${isName("table_name", name)}`,
    values: [],
  });
  const table = tables.rows[0];
  if (table === undefined) {
    const views = await run(c, {
      text: `SELECT 1 AS found FROM duckdb_views() WHERE ${there} AND ${isName("view_name", name)}`,
      values: [],
    });
    if (views.rows.length === 0) return null;
    throw fault(
      "unsupported",
      `${syntax.ident(ref.path)} is a view`,
      "Name the table that the view reads; a view cannot be published to.",
    );
  }
  if (table["temporary"] === true) {
    throw fault("unsupported", `${syntax.ident(ref.path)} is a temporary table`, "Use a table that outlives the connection.");
  }
  const path = [String(table["database_name"]), String(table["schema_name"]), String(table["table_name"])] as const;
  const body = afterName(String(table["sql"]), "TABLE");
  const generated = generatedColumns(body);
  const { rows } = await run(c, {
    text: `SELECT column_name, data_type, is_nullable, column_default, comment FROM duckdb_columns() WHERE database_name = ${text(path[0])} AND schema_name = ${text(path[1])} AND table_name = ${text(path[2])} ORDER BY column_index`,
    values: [],
  });
  const comments = rows.flatMap((row) =>
    typeof row["comment"] === "string" ? [[String(row["column_name"]), row["comment"]] as const] : [],
  );
  const own = {
    body,
    comment: typeof table["comment"] === "string" ? table["comment"] : null,
    columnComments: Object.fromEntries(comments),
  };
  return {
    ref: { path },
    columns: rows.map((row, i) => columnOf(row, generated[i] === true)),
    marker: null,
    version: null,
    fingerprint: await fingerprintOf(c, path, own),
  };
}

function columnOf(row: Readonly<Record<string, unknown>>, generated: boolean): ColumnShape {
  const native = String(row["data_type"]);
  return {
    name: String(row["column_name"]),
    type: fromNative(native) ?? "string",
    nullable: row["is_nullable"] === true,
    native,
    ...(typeof row["column_default"] === "string" && !generated ? { default: row["column_default"] } : {}),
    ...(generated ? { generated: true } : {}),
  };
}

/** Tables of a schema whose names start with `prefix`. */
export async function list(c: Connection, schema: TableRef, prefix: string): Promise<readonly TableRef[]> {
  const [database, name] = await complete(c, [...schema.path, prefix]);
  const folded = `translate(table_name, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')`;
  const { rows } = await run(c, {
    text: `SELECT database_name, schema_name, table_name FROM duckdb_tables() WHERE ${isName("database_name", database)} AND ${isName("schema_name", name)} AND starts_with(${folded}, ${text(fold(prefix))}) ORDER BY table_name`,
    values: [],
  });
  return rows.map((row) => ({ path: [String(row["database_name"]), String(row["schema_name"]), String(row["table_name"])] }));
}

export async function hasSchema(c: Connection, schema: TableRef): Promise<boolean> {
  const [database, name] = await complete(c, [...schema.path, ""]);
  const { rows } = await run(c, {
    text: `SELECT 1 AS found FROM duckdb_schemas() WHERE ${isName("database_name", database)} AND ${isName("schema_name", name)}`,
    values: [],
  });
  return rows.length > 0;
}

/** Columns of files as the engine guesses them, or of a query as it types them. */
export async function columnsOf(c: Connection, source: FileSet | Sql): Promise<readonly ColumnShape[]> {
  if (!("~sql" in source)) return (await sniff(c, source)).map(({ name, native }) => shape(name, native));
  const { text: query, values } = renderSql(source);
  const { rows } = await run(c, { text: `DESCRIBE SELECT * FROM (${query.replace(/;\s*$/, "")}\n)`, values });
  return rows.map((row) => shape(String(row["column_name"]), String(row["column_type"])));
}
const shape = (name: string, native: string): ColumnShape => ({
  name,
  native,
  type: fromNative(native) ?? "string",
  nullable: true,
});
