import { type ColumnShape, decimalOf, type FileSet, type IoOptions, type Sql } from "cutover/adapter";
import { type Link, perform, start } from "../driver.js";
import { renderSql, type Statement } from "../render.js";
import { fromNative, syntax } from "../syntax.js";
import type { ResultColumn } from "../values.js";
import { inferred } from "./copy.js";
import type { Scratch } from "./scratch.js";
import { locate } from "./sources.js";

/** Columns of what files hold, as the service finds them, or of what a query returns. */
export async function columnsOf(
  link: Link,
  scratch: Scratch,
  source: FileSet | Sql,
  o: IoOptions,
): Promise<readonly ColumnShape[]> {
  if ("~sql" in source) return queryColumns(link, renderSql(source), o);
  const schema = await homeOf(link, o);
  const [first] = await locate(link, scratch, schema, source, o, true);
  if (first === undefined) return [];
  // What is inferred from some rows is too narrow for the others: each type in its widest form.
  return (await inferred(link, scratch, schema, source.format, first, o)).map(({ name, native }) => {
    // A whole number of a file has the widest type there; one beyond 64 bits is refused when it is staged.
    const type = native === "NUMBER(38,0)" ? "int64" : fromNative(native);
    const known = type !== null && (decimalOf(type)?.scale ?? 0) <= 37 ? type : "string";
    return { name, type: known, native: syntax.type(known), nullable: true };
  });
}
async function homeOf(link: Link, o: IoOptions): Promise<readonly string[]> {
  const { rows } = await perform(link, 'SELECT CURRENT_DATABASE() AS "D", CURRENT_SCHEMA() AS "S"', o);
  return [String(rows[0]?.["D"]), String(rows[0]?.["S"])];
}

/** The columns of a query without running it (snowflake-sdk: connection/statement.js, describeOnly). */
export async function queryColumns(link: Link, query: Statement, o: IoOptions): Promise<readonly ColumnShape[]> {
  const done = await start(link, query, o, { describeOnly: true });
  return (done.getColumns() ?? []).map((c) => {
    const native = nativeOf(c);
    return { name: c.getName(), native, type: fromNative(native) ?? "string", nullable: true };
  });
}

const plainNames: Readonly<Record<string, string>> = { REAL: "FLOAT", TEXT: "VARCHAR", MAP: "VARIANT" };
function nativeOf(c: ResultColumn): string {
  const type = c.getType().toUpperCase();
  const scale = c.getScale() ?? 0;
  if (type === "FIXED") return `NUMBER(${c.getPrecision() ?? 38},${scale})`;
  if (type === "TIME" || type.startsWith("TIMESTAMP_")) return `${type}(${scale})`;
  return plainNames[type] ?? type;
}
