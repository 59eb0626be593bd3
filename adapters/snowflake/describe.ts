import type { ColumnShape, IoOptions, Row, TableRef, TableShape } from "cutover/adapter";
import { type Link, type Returns, run } from "./driver.js";
import { fault, SnowflakeFault } from "./errors.js";
import { fingerprintOf, splitComment } from "./fingerprint.js";
import type { Statement } from "./render.js";
import { fromNative, syntax } from "./syntax.js";

export const query = async (link: Link, statement: Statement, o: IoOptions, returns?: Returns): Promise<readonly Row[]> =>
  (await run(link, statement, o, returns)).rows;

/** A table's path with its three names. */
export function complete(path: readonly string[], what = "table"): readonly [string, string, string] {
  const [database, schema, name] = path;
  if (path.length === 3 && database !== undefined && schema !== undefined && name !== undefined) return [database, schema, name];
  throw fault("syntax", `no full name of a ${what}: ${path.join(".")}`, "Name database, schema and table.");
}

/** No such database, schema or table; not a column that the catalog lacks. */
const isMissing = (e: unknown): boolean => e instanceof SnowflakeFault && (e.code === "002003" || e.code === "002043");

const tableFacts = ["TABLE_TYPE", "IS_TRANSIENT", "IS_TEMPORARY", "IS_ICEBERG", "IS_DYNAMIC", "IS_HYBRID"] as const;
/** One statement: what kind of table it is, its comment, and its columns in order. The words of the catalog are nobody's names. */
function catalogOf([database, schema, name]: readonly [string, string, string]): Statement {
  const shown = [...tableFacts.map((n) => `T.${n}`), "T.COMMENT AS TABLE_COMMENT", "C.*"];
  const from = `${syntax.ident([database])}.INFORMATION_SCHEMA`;
  const same = "C.TABLE_SCHEMA = T.TABLE_SCHEMA AND C.TABLE_NAME = T.TABLE_NAME";
  return {
    text: `SELECT ${shown.join(", ")} FROM ${from}.TABLES AS T LEFT JOIN ${from}.COLUMNS AS C ON ${same} WHERE T.TABLE_SCHEMA = ? AND T.TABLE_NAME = ? ORDER BY C.ORDINAL_POSITION`,
    binds: [schema, name],
  };
}

/**
 * A table as the catalog has it; null when there is none.
 * @throws SnowflakeFault of kind `unsupported` for what is no plain table, and for columns that releases could not keep right.
 */
export async function describe(link: Link, ref: TableRef, o: IoOptions, what: "columns" | "whole"): Promise<TableShape | null> {
  const path = complete(ref.path);
  const rows = await query(link, catalogOf(path), o).catch((e: unknown) => {
    if (isMissing(e)) return [];
    throw e;
  });
  const [first] = rows;
  if (first === undefined) return null;
  const table = syntax.ident(path);
  refuseKind(first, table);
  const found = rows.filter((r) => typeof r["COLUMN_NAME"] === "string").map((r) => columnOf(r, table));
  const comment = splitComment(String(first["TABLE_COMMENT"] ?? ""));
  if (what === "columns") return { ref: { path }, columns: found, marker: null, version: null, fingerprint: null };
  const transient = first["IS_TRANSIENT"] === "YES";
  const { print, computed, version } = await fingerprintOf(link, path, { transient, comment: comment.own }, o);
  const columns = found.map((c) => (computed.has(c.name) ? generated(c) : c));
  return { ref: { path }, columns, marker: comment.marker, version, fingerprint: print };
}
const generated = ({ default: _computed, ...c }: ColumnShape): ColumnShape => ({ ...c, generated: true });

function refuseKind(row: Row, table: string): void {
  const kind = String(row["TABLE_TYPE"]).toLowerCase();
  const flags = (["TEMPORARY", "ICEBERG", "DYNAMIC", "HYBRID"] as const).filter((f) => row[`IS_${f}`] === "YES");
  if (kind === "base table" && flags.length === 0) return;
  const shown = flags[0] === undefined ? kind : `${flags[0].toLowerCase()} table`;
  const hint = kind.includes("view")
    ? "Name the table that the view reads; a view cannot be published to."
    : "Use a standard table, permanent or transient: others cannot be written, cloned or exchanged in the same way.";
  throw fault("unsupported", `${table} is a${/^[aeiou]/.test(shown) ? "n" : ""} ${shown}`, hint);
}

function columnOf(row: Row, table: string): ColumnShape {
  const name = String(row["COLUMN_NAME"]);
  const native = nativeOf(row);
  const type = fromNative(native);
  const collation = String(row["COLLATION_NAME"] ?? "").toLowerCase();
  const refuse = (what: string, hint: string): never => {
    throw fault("unsupported", `${table} has ${what} in "${name}"`, hint);
  };
  if (type === null) return refuse(`a column of type ${native}`, "Keep such columns in a table of their own.");
  if (!["", "utf8", "bin"].includes(collation))
    refuse(`the collation ${collation}`, "Texts are compared as they are, bit for bit; take the collation off.");
  if (row["IS_IDENTITY"] === "YES")
    refuse("an identity column", "Let its default be the NEXTVAL of a sequence: rows go and come again in a release.");
  return {
    name,
    type,
    nullable: row["IS_NULLABLE"] !== "NO",
    native,
    ...(typeof row["COLUMN_DEFAULT"] === "string" ? { default: row["COLUMN_DEFAULT"] } : {}),
  };
}

/** Lengths beyond which a type needs no word: a table that is made without one has them (docs: data types, string & binary). */
const whole = { TEXT: [16_777_216, 134_217_728], BINARY: [8_388_608, 67_108_864] } as const;

function nativeOf(row: Row): string {
  const type = String(row["DATA_TYPE"]).toUpperCase();
  const length = Number(row["CHARACTER_MAXIMUM_LENGTH"] ?? 0);
  switch (type) {
    case "NUMBER":
    case "FIXED":
      return `NUMBER(${row["NUMERIC_PRECISION"]},${row["NUMERIC_SCALE"]})`;
    case "TEXT":
    case "VARCHAR":
      return length === 0 || whole.TEXT.some((n) => n === length) ? "VARCHAR" : `VARCHAR(${length})`;
    case "BINARY":
      return length === 0 || whole.BINARY.some((n) => n === length) ? "BINARY" : `BINARY(${length})`;
    case "TIME":
    case "TIMESTAMP_NTZ":
    case "TIMESTAMP_LTZ":
    case "TIMESTAMP_TZ":
      return `${type}(${row["DATETIME_PRECISION"] ?? 9})`;
    case "REAL":
    case "DOUBLE":
      return "FLOAT";
    default:
      return type;
  }
}

export async function hasSchema(link: Link, schema: TableRef, o: IoOptions): Promise<boolean> {
  const [database, name] = complete([...schema.path, ""], "schema");
  const text = `SELECT SCHEMA_NAME FROM ${syntax.ident([database])}.INFORMATION_SCHEMA.SCHEMATA WHERE SCHEMA_NAME = ?`;
  return (await query(link, { text, binds: [name] }, o, { SCHEMA_NAME: "string" })).length > 0;
}

/** Tables of a schema whose names start with `prefix`. */
export async function list(link: Link, schema: TableRef, prefix: string, o: IoOptions): Promise<readonly TableRef[]> {
  const [database, name] = complete([...schema.path, prefix], "schema");
  const from = `${syntax.ident([database])}.INFORMATION_SCHEMA.TABLES`;
  const text = `SELECT TABLE_NAME FROM ${from} WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE' AND STARTSWITH(TABLE_NAME, ?) ORDER BY TABLE_NAME`;
  const rows = await query(link, { text, binds: [name, prefix] }, o, { TABLE_NAME: "string" }).catch((e: unknown) => {
    if (isMissing(e)) return [];
    throw e;
  });
  return rows.map((r) => ({ path: [database, name, String(r["TABLE_NAME"])] }));
}
