import { described, types } from "../datatype.js";
import type { Translation } from "../environment.js";
import { errors } from "../errors.js";
import { entries } from "../json.js";
import { text } from "../names.js";
import { relationOfRows } from "../results.js";
import { duckRun } from "../run.js";
import { type Cell, columnsOf, rowsOf } from "../show/listing.js";
import type { Argument, Col } from "../translate/model.js";
import { typeOf } from "../values.js";
import { type Format, formatOf } from "./format.js";
import { load } from "./load.js";
import { filesAt, type Location, location, type StagedFile } from "./stages.js";

interface Found {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
}

const columns = columnsOf(["COLUMN_NAME", "TYPE", "NULLABLE:flag", "EXPRESSION", "FILENAMES", "ORDER_ID:number"]);

/** `INFER_SCHEMA(LOCATION => …, FILE_FORMAT => …)` (docs "INFER_SCHEMA"): the columns of the first file. */
export function inferSchema(t: Translation, args: readonly Argument[]): { sql: () => string; columns: () => readonly Col[] } {
  const { session } = t.statement;
  const named = (name: string) => args.find((a) => a.name === name)?.value.constant;
  const [where, format] = [named("LOCATION"), named("FILE_FORMAT")];
  if (where === undefined || format === undefined) throw errors.fewArguments("INFER_SCHEMA", 2, args.length);
  const unknown = args.find(
    (a) =>
      a.name === null || !["LOCATION", "FILE_FORMAT", "IGNORE_CASE", "MAX_FILE_COUNT", "MAX_RECORDS_PER_FILE"].includes(a.name),
  );
  if (unknown) throw errors.invalidParameter(unknown.name ?? "");
  let rows: Cell[][] = [];
  t.prepare.push(async () => {
    const at = location(session, where.replace(/^@/, ""), "READ");
    const f = formatOf(session, new Map([["FORMAT_NAME", format]]), null);
    const [file] = await filesAt(at);
    if (!file) return;
    const found =
      f["TYPE"] === "PARQUET"
        ? await parquet(t, file)
        : f["TYPE"] === "JSON"
          ? await json(t, at, file, f)
          : await csv(t, at, file, f);
    rows = found.map((c, k) => [c.name, c.type, c.nullable, `$1:${c.name}::${c.type}`, `${at.shown}${file.path}`, k]);
  });
  return {
    sql: () => relationOfRows(columns, rowsOf(columns, rows)),
    columns: () =>
      columns.map((c) => ({
        name: c.name,
        type: types.text(),
        nullable: true,
        ...(c.type === "FIXED" ? { type: types.number() } : c.type === "BOOLEAN" ? { type: types.boolean } : {}),
      })),
  };
}

/** The names that INFER_SCHEMA gives types: TEXT, REAL, NUMBER(p, s) … (docs "INFER_SCHEMA", examples). */
const inferred = (type: string): string =>
  type.startsWith("VARCHAR")
    ? "TEXT"
    : type.startsWith("BINARY")
      ? "BINARY"
      : type === "FLOAT"
        ? "REAL"
        : type.replace(/^(NUMBER\(\d+),/, "$1, ").replace(/^(TIMESTAMP_\w+|TIME)\(\d\)$/, "$1");

async function parquet(t: Translation, file: StagedFile): Promise<Found[]> {
  const shape = await duckRun(t.statement.session, `SELECT * FROM read_parquet(${text(file.file)}) LIMIT 0`);
  return shape.columnNames().map((name, k) => {
    const type = shape.columnType(k);
    const nested = /STRUCT|MAP/.test(type.toString()) ? "OBJECT" : type.toString().endsWith("[]") ? "ARRAY" : null;
    return { name, type: nested ?? inferred(described(typeOf(type))), nullable: true };
  });
}

/** The narrowest type that all values of a column have. */
function narrowest(values: readonly (string | null)[]): string {
  const given = values.filter((v) => v !== null);
  const all = (pattern: RegExp) => given.length > 0 && given.every((v) => pattern.test(v ?? ""));
  if (all(/^(true|false)$/i)) return "BOOLEAN";
  if (all(/^-?\d{1,38}(\.\d{1,37})?$/)) {
    const scale = Math.max(...given.map((v) => v?.split(".")[1]?.length ?? 0));
    const whole = Math.max(...given.map((v) => (v ?? "").replace("-", "").split(".")[0]?.length ?? 1));
    return `NUMBER(${Math.min(38, whole + scale)}, ${scale})`;
  }
  if (all(/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/)) return "REAL";
  if (all(/^\d{4}-\d\d-\d\d$/)) return "DATE";
  if (all(/^\d\d:\d\d:\d\d(\.\d+)?$/)) return "TIME";
  return all(/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?$/) ? "TIMESTAMP_NTZ" : "TEXT";
}

async function csv(t: Translation, at: Location, file: StagedFile, format: Format): Promise<Found[]> {
  const { session } = t.statement;
  const loaded = await load(session, file, `${at.shown}${file.path}`, format, 0);
  const width = loaded.columns.length - 2;
  const rows = (await session.duck.runAndReadAll(`SELECT * FROM ${loaded.table}`)).getRows() as (string | null)[][];
  await loaded.drop();
  return Array.from({ length: Math.max(width, loaded.names?.length ?? 0) }, (_, k) => ({
    name: loaded.names?.[k] ?? `c${k + 1}`,
    type: narrowest(rows.map((r) => r[k] ?? null)),
    nullable: true,
  }));
}

async function json(t: Translation, at: Location, file: StagedFile, format: Format): Promise<Found[]> {
  const { session } = t.statement;
  const loaded = await load(session, file, `${at.shown}${file.path}`, format, 0);
  const rows = (await session.duck.runAndReadAll(`SELECT CAST("$1" AS VARCHAR) FROM ${loaded.table}`)).getRows();
  await loaded.drop();
  const kinds = new Map<string, (string | null)[]>();
  for (const [document] of rows) {
    for (const [key, value] of entries(String(document)) ?? []) {
      const values = kinds.get(key) ?? [];
      values.push(value === "null" ? null : value);
      kinds.set(key, values);
    }
  }
  return [...kinds].map(([name, values]) => ({ name, type: jsonType(values), nullable: true }));
}

function jsonType(values: readonly (string | null)[]): string {
  const given = values.filter((v) => v !== null);
  if (given.some((v) => v?.startsWith("{"))) return "OBJECT";
  if (given.some((v) => v?.startsWith("["))) return "ARRAY";
  return narrowest(given.map((v) => (v?.startsWith('"') ? (JSON.parse(v) as string) : v)));
}
