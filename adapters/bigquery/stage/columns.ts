import { type ColumnShape, type ColumnType, type FileSet, type IoOptions, inline, type Sql } from "cutover/adapter";
import { cancelled } from "../errors.js";
import type { DryRun, Field, Link } from "../link.js";
import { fromNative, syntax } from "../syntax.js";
import { headerOf, listFiles, objects, sampleOf } from "./local.js";
import { footerOf } from "./parquet.js";
import { uris } from "./raw.js";
import { nativeOf } from "./schema.js";

/** Rows that are looked at before the types of a text file are told. */
const SAMPLE = 10_000;

/** Columns of what files hold, or of what a query returns: nothing is loaded, and nothing billed. */
export async function columnsOf(link: Link, source: FileSet | Sql, o: IoOptions): Promise<readonly ColumnShape[]> {
  if (o.signal.aborted) throw cancelled("signal", true);
  if ("~sql" in source) return queryColumns(link, inline(source, syntax), o);
  const at = uris(source);
  if (at !== null) return bucketColumns(link, source.format, at, o);
  const [first = ""] = await listFiles(source);
  if (source.format === "parquet") return (await footerOf(first)).map((c) => shape(c.name, c.type));
  const seen = source.format === "csv" ? await ofCsv(first) : await ofNdjson(first);
  return [...seen].map(([name, type]) => shape(name, type ?? "string"));
}
const shape = (name: string, type: ColumnType): ColumnShape => ({ name, type, native: syntax.type(type), nullable: true });

export async function queryColumns(link: Link, text: string, o: IoOptions): Promise<readonly ColumnShape[]> {
  return shapes(await link.dryRun({ query: { query: text } }, o));
}
const shapes = (found: DryRun): readonly ColumnShape[] =>
  found.schema.map((f: Field) => {
    const native = nativeOf(f);
    return { name: f.name, native, type: fromNative(native) ?? "string", nullable: true };
  });

const formats: Readonly<Record<FileSet["format"], Readonly<Record<string, unknown>>>> = {
  csv: { sourceFormat: "CSV", csvOptions: { skipLeadingRows: "1", allowQuotedNewlines: true, sourceColumnMatch: "NAME" } },
  ndjson: { sourceFormat: "NEWLINE_DELIMITED_JSON" },
  parquet: { sourceFormat: "PARQUET", decimalTargetTypes: ["NUMERIC", "BIGNUMERIC", "STRING"] },
};
/** The service looks into the files itself, for a query on them that is never run. */
async function bucketColumns(
  link: Link,
  format: FileSet["format"],
  at: readonly string[],
  o: IoOptions,
): Promise<readonly ColumnShape[]> {
  const tableDefinitions = { files: { ...formats[format], sourceUris: at, autodetect: true } };
  const found = shapes(await link.dryRun({ query: { query: "SELECT * FROM `files`", tableDefinitions } }, o));
  // A number of a text file has the widest type there: what is guessed from some rows is too narrow for others.
  return format === "parquet"
    ? found
    : found.map((c) => (c.native.startsWith("ARRAY") || c.native.startsWith("STRUCT") ? shape(c.name, "json") : c));
}

type Seen = Map<string, ColumnType | null>;

async function ofCsv(file: string): Promise<Seen> {
  const names = await headerOf(file);
  const seen: Seen = new Map(names.map((n) => [n, null]));
  for (const fields of await sampleOf(file, SAMPLE))
    for (const [i, name] of names.entries()) {
      const field = fields[i];
      if (field !== null && field !== undefined) seen.set(name, wider(seen.get(name) ?? null, guess(field)));
    }
  return seen;
}
async function ofNdjson(file: string): Promise<Seen> {
  const seen: Seen = new Map();
  let rows = 0;
  for await (const object of objects(file)) {
    for (const [name, raw] of object) {
      const before = seen.get(name) ?? null;
      seen.set(name, raw === "null" ? before : wider(before, ofToken(raw)));
    }
    rows += 1;
    if (rows === SAMPLE) break;
  }
  return seen;
}
function ofToken(raw: string): ColumnType {
  if (/^[{[]/.test(raw)) return "json";
  if (!raw.startsWith('"')) return guess(raw);
  const type = guess(JSON.parse(raw) as string);
  // What is quoted is no number, whatever its digits.
  return type === "int64" || type === "float64" || type === "bool" ? "string" : type;
}

const forms: readonly (readonly [form: RegExp, type: ColumnType])[] = [
  [/^-?(?:0|[1-9]\d{0,17})$/, "int64"],
  [/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/, "float64"],
  [/^(?:true|false)$/i, "bool"],
  [/^\d{4}-\d{2}-\d{2}$/, "date"],
  [/^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?$/, "datetime"],
  [/^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)? ?(?:[Zz]|UTC|[+-]\d{2}:?\d{2})$/, "timestamp"],
];
const guess = (text: string): ColumnType => forms.find(([form]) => form.test(text))?.[1] ?? "string";

/** A type that holds what either does. */
function wider(a: ColumnType | null, b: ColumnType): ColumnType {
  if (a === null || a === b) return b;
  const both = [a, b];
  if (both.includes("int64") && both.includes("float64")) return "float64";
  return both.includes("json") ? "json" : "string";
}
