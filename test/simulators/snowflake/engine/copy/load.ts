import { readFile } from "node:fs/promises";
import { gunzipSync, inflateSync } from "node:zlib";
import { VARCHAR } from "@duckdb/node-api";
import { types } from "../datatype.js";
import type { Session } from "../engine.js";
import { errors } from "../errors.js";
import { documents } from "../json.js";
import { duck, text } from "../names.js";
import { duckRun } from "../run.js";
import { asJson } from "../translate/convert.js";
import type { Col, Expr } from "../translate/model.js";
import { typeOf } from "../values.js";
import { csvRows } from "./csv.js";
import { type Format, on } from "./format.js";
import type { StagedFile } from "./stages.js";

/** A file's rows as a relation of DuckDB: `$1`, `$2` … (docs "Querying data in staged files"). */
export interface Loaded {
  readonly table: string;
  readonly columns: readonly Col[];
  readonly rows: number;
  /** Fields in the shortest and in the longest row of a CSV file. */
  readonly fields: readonly [number, number];
  /** Names from a header or of the file's own columns. */
  readonly names: readonly string[] | null;
  drop(): Promise<void>;
}

/** `width`: how many `$n` there must be at least. */
export async function load(session: Session, file: StagedFile, shown: string, format: Format, width: number): Promise<Loaded> {
  const table = `"·f${++session.engine.store.next}"`;
  const extra = `, ${text(shown)} AS "METADATA$FILENAME", row_number() OVER () AS "METADATA$FILE_ROW_NUMBER"`;
  const tail: Col[] = [
    { name: "METADATA$FILENAME", type: types.text(), nullable: true },
    { name: "METADATA$FILE_ROW_NUMBER", type: types.number(), nullable: true },
  ];
  const drop = async () => void (await session.duck.run(`DROP TABLE IF EXISTS temp.${table}`));
  if (format["TYPE"] === "PARQUET") {
    const { names, sql } = await parquet(session, file.file, format);
    await duckRun(session, `CREATE TEMP TABLE ${table} AS SELECT *${extra} FROM (${sql})`);
    const rows = await count(session, table);
    return { table, columns: [{ name: "$1", type: types.variant, nullable: true }, ...tail], rows, fields: [1, 1], names, drop };
  }
  const content = new TextDecoder("utf-8").decode(unpack(await readFile(file.file), format["COMPRESSION"] ?? "AUTO"));
  if (format["TYPE"] === "JSON") {
    const docs = documents(content, on(format, "STRIP_OUTER_ARRAY"));
    await append(
      session,
      table,
      docs.map((d) => [d]),
      1,
      "JSON",
      extra,
    );
    return {
      table,
      columns: [{ name: "$1", type: types.variant, nullable: true }, ...tail],
      rows: docs.length,
      fields: [1, 1],
      names: null,
      drop,
    };
  }
  const all = csvRows(content, format);
  const header = on(format, "PARSE_HEADER") ? (all.shift() ?? []).map((n) => n ?? "") : null;
  const rows = all.slice(Number(format["SKIP_HEADER"] ?? 0));
  const fields = rows.map((r) => r.length);
  const shortest = fields.reduce((n, length) => Math.min(n, length), Number.POSITIVE_INFINITY);
  const longest = fields.reduce((n, length) => Math.max(n, length), 0);
  const wide = Math.max(longest, width);
  await append(session, table, rows, wide, "VARCHAR", extra);
  const columns = Array.from({ length: wide }, (_, k) => ({ name: `$${k + 1}`, type: types.text(), nullable: true }));
  return { table, columns: [...columns, ...tail], rows: rows.length, fields: [shortest, longest], names: header, drop };
}

async function count(session: Session, table: string): Promise<number> {
  return Number((await session.duck.runAndReadAll(`SELECT count(*) FROM ${table}`)).getRows()[0]?.[0] ?? 0);
}

function unpack(bytes: Buffer, compression: string): Buffer {
  const kind = compression.toUpperCase();
  const gzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (kind === "GZIP" || (kind === "AUTO" && gzip)) {
    if (!gzip) throw errors.badFile("not in gzip format");
    return gunzipSync(bytes);
  }
  if (kind === "DEFLATE") return inflateSync(bytes);
  if (kind === "AUTO" || kind === "NONE") return bytes;
  throw errors.unsupported(`COMPRESSION = ${kind}`);
}

/** Rows of texts into a temporary table, through DuckDB's appender. */
async function append(
  session: Session,
  table: string,
  rows: readonly (readonly (string | null)[])[],
  width: number,
  type: string,
  extra: string,
): Promise<void> {
  const names = Array.from({ length: Math.max(1, width) }, (_, k) => duck(`$${k + 1}`));
  const raw = `·raw${++session.engine.store.next}`;
  await duckRun(session, `CREATE TEMP TABLE "${raw}" (${names.map((n) => `${n} VARCHAR`).join(", ")})`);
  const appender = await session.duck.createAppender(raw, "main", "temp");
  for (const row of rows) {
    for (let k = 0; k < names.length; k++) appender.appendValue(row[k] ?? null, VARCHAR);
    appender.endRow();
  }
  appender.closeSync();
  await duckRun(
    session,
    `CREATE TEMP TABLE ${table} AS SELECT ${names.map((n) => `CAST(${n} AS ${type}) AS ${n}`).join(", ")}${extra} FROM "${raw}"`,
  );
  await duckRun(session, `DROP TABLE "${raw}"`);
}

/** A Parquet file's rows as one VARIANT each, keyed by the file's column names. */
async function parquet(session: Session, file: string, format: Format): Promise<{ names: string[]; sql: string }> {
  const from = `read_parquet(${text(file)}${on(format, "BINARY_AS_TEXT") ? ", binary_as_string = true" : ""})`;
  const shape = await duckRun(session, `SELECT * FROM ${from} LIMIT 0`);
  const names = shape.columnNames();
  const sorted = names.map((name, k) => ({ name, type: shape.columnType(k) })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const pairs = sorted.map(({ name, type }) => {
    const quoted = `"${name.replaceAll('"', '""')}"`;
    const nested = /STRUCT|\[\]|MAP/.test(type.toString());
    const e: Expr = {
      sql: () => (nested ? `to_json(${quoted})` : quoted),
      type: () => (nested ? types.variant : typeOf(type)),
      text: name,
    };
    return `${text(`${JSON.stringify(name)}:`)} || ${precise(e, quoted)}`;
  });
  const keys = pairs.length === 0 ? "''" : `concat_ws(',', ${pairs.join(", ")})`;
  return { names, sql: `SELECT CAST(sf_canonical('{' || ${keys} || '}') AS JSON) AS "$1" FROM ${from}` };
}

/** Times go into the VARIANT with all their digits. */
function precise(e: Expr, quoted: string): string {
  const type = e.type()?.name;
  if (type === "TIMESTAMP_NTZ") return `CAST(to_json(strftime(CAST(${quoted} AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%f')) AS VARCHAR)`;
  if (type === "TIMESTAMP_LTZ")
    return `CAST(to_json(strftime(CAST(${quoted} AS TIMESTAMPTZ) AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%f') || ' Z') AS VARCHAR)`;
  if (type === "TIME") return `CAST(to_json(CAST(${quoted} AS VARCHAR)) AS VARCHAR)`;
  return asJson(e);
}
