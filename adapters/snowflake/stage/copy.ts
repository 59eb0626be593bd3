import { randomUUID } from "node:crypto";
import type { ColumnShape, FileSet, IoOptions, TableRef } from "cutover/adapter";
import { lossless, type Origin } from "../casts.js";
import { query } from "../describe.js";
import { type Link, perform, run } from "../driver.js";
import { fault } from "../errors.js";
import { plain } from "../render.js";
import { syntax, text } from "../syntax.js";
import { remove, type Scratch } from "./scratch.js";
import { type Location, locate } from "./sources.js";
import { loaded } from "./spool.js";

/** How files of others are read, in the words of COPY. */
export const formats: Readonly<Record<FileSet["format"], string>> = {
  csv: "TYPE = CSV COMPRESSION = AUTO FIELD_OPTIONALLY_ENCLOSED_BY = '\"' ESCAPE = NONE ESCAPE_UNENCLOSED_FIELD = NONE NULL_IF = () EMPTY_FIELD_AS_NULL = TRUE ENCODING = 'UTF8'",
  ndjson: "TYPE = JSON COMPRESSION = AUTO ALLOW_DUPLICATE = FALSE STRIP_OUTER_ARRAY = FALSE",
  parquet: "TYPE = PARQUET COMPRESSION = AUTO BINARY_AS_TEXT = FALSE USE_LOGICAL_TYPE = TRUE",
};

/**
 * Files first as they are, into a table that goes with the session; from there each value is cast, and refused where it does not
 * fit: what COPY itself casts, it rounds and cuts.
 */
export async function loadFiles(
  link: Link,
  scratch: Scratch,
  into: TableRef,
  columns: readonly ColumnShape[],
  set: FileSet,
  o: IoOptions,
): Promise<number> {
  const schema = into.path.slice(0, -1);
  const locations = await locate(link, scratch, schema, set, o);
  try {
    const raw = syntax.ident([...schema, `_CUTOVER_RAW_${randomUUID().replaceAll("-", "").toUpperCase()}`]);
    const source = await sources[set.format]({ link, scratch, raw, schema, columns, locations, o });
    const values = columns.map((c, i) => lossless(source[i]?.expression ?? "NULL", source[i]?.origin ?? { text: true }, c));
    const names = columns.map((c) => syntax.ident([c.name])).join(", ");
    const insert = `INSERT INTO ${syntax.ident(into.path)} (${names}) SELECT ${values.join(", ")} FROM ${raw}`;
    const { affected } = await run(link, plain(insert), o);
    await perform(link, `DROP TABLE ${raw}`, o);
    return affected ?? 0;
  } finally {
    for (const location of locations) if (location.own) await remove(link, location.at);
  }
}

interface Load {
  readonly link: Link;
  readonly scratch: Scratch;
  /** The table to make and fill. */
  readonly raw: string;
  readonly schema: readonly string[];
  readonly columns: readonly ColumnShape[];
  readonly locations: readonly Location[];
  readonly o: IoOptions;
}
/** For each column, how it is read from the table. */
type Source = readonly { readonly expression: string; readonly origin: Origin }[];

const sources: Readonly<Record<FileSet["format"], (l: Load) => Promise<Source>>> = {
  /** Texts, in the order of the columns. */
  async csv(l) {
    await perform(l.link, `CREATE TEMPORARY TABLE ${l.raw} (${l.columns.map((_, i) => `"C${i}" VARCHAR`).join(", ")})`, l.o);
    for (const location of l.locations) {
      const header = location.header ?? (await inferred(l.link, l.scratch, l.schema, "csv", location, l.o)).map((c) => c.name);
      const fields = l.columns.map((c) => `$${indexOf(header, c.name, location) + 1}`);
      await copy(l, location, `(SELECT ${fields.join(", ")} FROM ${location.at})`, `${formats.csv} SKIP_HEADER = 1`);
    }
    return l.columns.map((_, i) => ({ expression: `"C${i}"`, origin: { text: true } }));
  },
  /** Whole objects. */
  async ndjson(l) {
    await perform(l.link, `CREATE TEMPORARY TABLE ${l.raw} ("V" VARIANT)`, l.o);
    for (const location of l.locations) await copy(l, location, location.at, formats.ndjson);
    await refuseMissing(l);
    return l.columns.map((c) => ({ expression: part(c), origin: { variant: true } }));
  },
  /** The types that the files have: a float among them is a float, and an instant an instant. */
  async parquet(l) {
    const shapes = await Promise.all(
      l.locations.map((location) => inferred(l.link, l.scratch, l.schema, "parquet", location, l.o)),
    );
    const [first = []] = shapes;
    const other = shapes.findIndex((shape) => JSON.stringify(shape) !== JSON.stringify(first));
    const [a, b] = [l.locations[0], l.locations[other]];
    if (b !== undefined) {
      const hint = `Load ${b.shown} apart from ${a?.shown}, or write it with the same columns.`;
      throw fault("bad-file", `${b.shown} has other columns than ${a?.shown}`, hint);
    }
    const names = first.map((c) => c.name);
    const source = l.columns.map((c) => first[indexOf(names, c.name, a)] as FileColumn);
    const body = [...new Set(source)].map((c) => `${syntax.ident([c.name])} ${c.native}`).join(", ");
    await perform(l.link, `CREATE TEMPORARY TABLE ${l.raw} (${body})`, l.o);
    for (const location of l.locations)
      await copy(l, location, location.at, formats.parquet, " MATCH_BY_COLUMN_NAME = CASE_SENSITIVE");
    return source.map((c) => ({ expression: syntax.ident([c.name]), origin: { native: c.native } }));
  },
};

/** By its exact name, else whatever its case. */
function indexOf(names: readonly string[], name: string, location: Location | undefined): number {
  const exact = names.indexOf(name);
  const at = exact >= 0 ? exact : names.findIndex((n) => n.toUpperCase() === name.toUpperCase());
  if (at < 0) throw missing(location?.shown ?? "the files", name);
  return at;
}
const missing = (what: string, name: string): Error =>
  fault(
    "bad-file",
    `${what} has no column "${name}"`,
    `Add the column "${name}" to ${what}, or take it out of the table's columns.`,
  );

async function copy(l: Load, location: Location, from: string, format: string, more = ""): Promise<void> {
  const statement = `COPY INTO ${l.raw} FROM ${from} FILE_FORMAT = (${format})${more} ON_ERROR = ABORT_STATEMENT`;
  const { rows } = await run(l.link, plain(statement), l.o);
  loaded(rows);
  if (rows.some((r) => r["file"] !== undefined)) return;
  throw fault("bad-file", `no file at ${location.shown}`, `Check ${location.shown}: no file is there.`);
}

/** A key of an object, as it is spelled, else whatever its case. */
const part = (c: ColumnShape): string => `NVL(GET("V", ${text(c.name)}), GET_IGNORE_CASE("V", ${text(c.name)}))`;

/** A key that no object has is no NULL, but a column that is missing. */
async function refuseMissing(l: Load): Promise<void> {
  const counts = l.columns.map((c, i) => `COUNT(${part(c)}) AS "K${i}"`);
  const returns = Object.fromEntries(["ALL", ...l.columns.map((_, i) => `K${i}`)].map((n) => [n, "int64" as const]));
  const [row] = await query(l.link, plain(`SELECT COUNT(*) AS "ALL", ${counts.join(", ")} FROM ${l.raw}`), l.o, returns);
  if (row?.["ALL"] === 0n) return;
  const absent = l.columns.find((_, i) => row?.[`K${i}`] === 0n);
  if (absent !== undefined) throw missing(l.locations.map((at) => at.shown).join(", "), absent.name);
}

interface FileColumn {
  readonly name: string;
  readonly native: string;
}
/** INFER_SCHEMA has other words, with spaces among them. */
const nativeOf = (type: string): string => {
  const bare = type.replace(/\s/g, "").toUpperCase();
  return (
    ({ TEXT: "VARCHAR", REAL: "FLOAT", DOUBLE: "FLOAT", TIME: "TIME(9)" } as Readonly<Record<string, string>>)[bare] ??
    withDigits(bare)
  );
};
const withDigits = (type: string): string => (/^TIMESTAMP_[NLT]TZ$|^TIMESTAMP_TZ$/.test(type) ? `${type}(9)` : type);

/** Columns of files as the service finds them. */
export async function inferred(
  link: Link,
  scratch: Scratch,
  schema: readonly string[],
  format: FileSet["format"],
  location: Location,
  o: IoOptions,
): Promise<readonly FileColumn[]> {
  const options = format === "csv" ? `${formats.csv} PARSE_HEADER = TRUE` : formats[format];
  const name = await scratch.format(schema, options, o);
  const at = location.at.startsWith("'") ? location.at : text(location.at);
  const statement = `SELECT "COLUMN_NAME", "TYPE" FROM TABLE(INFER_SCHEMA(LOCATION => ${at}, FILE_FORMAT => ${text(name)})) ORDER BY "ORDER_ID"`;
  const rows = await query(link, plain(statement), o, { COLUMN_NAME: "string", TYPE: "string" });
  return rows.map((r) => ({ name: String(r["COLUMN_NAME"]), native: nativeOf(String(r["TYPE"])) }));
}
