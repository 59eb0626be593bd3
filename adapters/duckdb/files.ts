import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type FileSet, messageOf } from "cutover/adapter";
import type { Origin } from "./casts.js";
import { fold } from "./ddl.js";
import { type Connection, run } from "./driver.js";
import { classify, DuckDBFault, fault } from "./errors.js";
import { syntax, text } from "./syntax.js";

/** What can be selected from: SQL after FROM, and for each column its name, the native type to report and how it is read. */
export interface Relation {
  readonly from: string;
  readonly columns: readonly {
    readonly name: string;
    readonly native: string;
    readonly expression: string;
    readonly origin: Origin;
  }[];
}

/** A column to read: JSON keeps its JSON, and a decimal its digits. */
export interface Wanted {
  readonly name: string;
  readonly json: boolean;
  readonly decimal: boolean;
}
interface Key extends Wanted {
  /** As the files spell it. */
  readonly key: string;
}

const extensions: Readonly<Record<FileSet["format"], readonly string[]>> = {
  csv: ["csv", "csv.gz"],
  ndjson: ["ndjson", "jsonl", "ndjson.gz", "jsonl.gz"],
  parquet: ["parquet"],
};
const list = (values: readonly string[]): string => `[${values.map(text).join(", ")}]`;
const named = (files: readonly string[]): string =>
  files.length === 1 ? `"${files[0]}"` : `one of ${files.length} files ("${files[0]}" …)`;
const badFile = (message: string, hint: string): DuckDBFault => fault("bad-file", message, hint);

/** Runs what reads files; whatever goes wrong with one names it. */
export async function reading<T>(files: readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (e) {
    const known = classify(e);
    if (e instanceof DuckDBFault || !["bad-file", "other", "corrupt"].includes(known.kind)) throw e;
    const message = messageOf(e);
    const file = /[Ff]ile:? "([^"]+)"|File '([^']+)'|file '([^']+)'|file ?= ?(\S+)|pattern "([^"]+)"/
      .exec(message)
      ?.slice(1)
      .find((m) => m !== undefined);
    const subject = file === undefined ? named(files) : `"${file}"`;
    throw new DuckDBFault(
      message,
      { ...known, kind: "bad-file", hint: `Look at ${subject}: it cannot be read to its end in this format.` },
      e,
    );
  }
}

/** The files behind the names and globs, none of them missing or empty. */
export async function listFiles(c: Connection, set: FileSet): Promise<readonly string[]> {
  const found: string[] = [];
  for (const url of set.urls) {
    const patterns = patternsOf(url, set.format);
    const statement = { text: `SELECT filename, size FROM read_blob(${list(patterns)}) ORDER BY filename`, values: [] };
    const { rows } = await reading(patterns, () => run(c, statement, { filename: "string", size: "int64" }));
    if (rows.length === 0) throw badFile(`no file at "${url}"`, `Check "${url}": no file of that name or pattern is there.`);
    for (const { filename, size } of rows) {
      if (size === 0n)
        throw badFile(`"${String(filename)}" is empty`, `Write "${String(filename)}" again: it has 0 bytes, so it was cut off.`);
      found.push(String(filename));
    }
  }
  return found;
}
function patternsOf(url: string, format: FileSet["format"]): readonly string[] {
  const path = url.startsWith("file:") ? fileURLToPath(url) : url;
  if (path.includes("://") || !statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
  return extensions[format].map((extension) => `${path.replace(/\/+$/, "")}/*.${extension}`);
}

const readers = {
  csv: (files: readonly string[]): string =>
    `read_csv(${list(files)}, all_varchar = true, header = true, quote = '"', escape = '"', allow_quoted_nulls = false, union_by_name = true, hive_partitioning = false)`,
  ndjson: (files: readonly string[]): string =>
    `read_ndjson(${list(files)}, union_by_name = true, maximum_depth = 2, sample_size = -1, hive_partitioning = false)`,
  parquet: (files: readonly string[]): string => `read_parquet(${list(files)}, union_by_name = true, hive_partitioning = false)`,
} as const;

async function describeReader(
  c: Connection,
  reader: string,
): Promise<readonly { readonly name: string; readonly native: string }[]> {
  const { rows } = await run(c, { text: `DESCRIBE SELECT * FROM ${reader}`, values: [] });
  return rows.map((row) => ({ name: String(row["column_name"]), native: String(row["column_type"]) }));
}

/** Columns as the engine guesses them from the content: what `columnsOf` reports for files. */
export async function sniff(c: Connection, set: FileSet): Promise<readonly { readonly name: string; readonly native: string }[]> {
  const files = await listFiles(c, set);
  const reader = set.format === "csv" ? readers.csv(files).replace("all_varchar = true, ", "") : readers[set.format](files);
  return reading(files, async () => {
    await refuseMixed(c, set.format, files);
    const columns = await describeReader(c, reader);
    const nested = (native: string): boolean => set.format === "ndjson" && /^(?:STRUCT|MAP)\(|\]$/.test(native);
    return columns.map((k) => (nested(k.native) ? { ...k, native: "JSON" } : k));
  });
}

/** The files as something to select from; files whose columns differ are refused, not mixed. */
export async function relation(
  c: Connection,
  set: FileSet,
  wanted: readonly Wanted[],
): Promise<Relation & { readonly files: readonly string[] }> {
  const files = await listFiles(c, set);
  if (set.format === "ndjson") return { ...ndjson(files, await keysOf(c, files, wanted)), files };
  const reader = readers[set.format](files);
  const columns = await reading(files, async () => {
    await refuseMixed(c, set.format, files);
    return describeReader(c, reader);
  });
  const origin = (native: string): Origin => (set.format === "csv" ? { text: true } : { native });
  return {
    files,
    from: reader,
    columns: columns.map((k) => ({ ...k, expression: syntax.ident([k.name]), origin: origin(k.native) })),
  };
}

/** Columns of every file beside those of the first: by name, for Parquet by type as well. */
async function refuseMixed(c: Connection, format: FileSet["format"], files: readonly string[]): Promise<void> {
  const [first, ...others] = files;
  if (first === undefined || others.length === 0 || format === "ndjson") return;
  const schema = async (file: string): Promise<string> => {
    if (format === "csv")
      return (await describeReader(c, readers.csv([file])))
        .map((k) => fold(k.name))
        .sort()
        .join("\n");
    const parts = "name, type, converted_type, logical_type, num_children, scale, precision";
    const statement = `SELECT string_agg(concat_ws('|', ${parts}), chr(10) ORDER BY column_id) AS shape FROM parquet_schema(${text(file)}) WHERE column_id > 0`;
    return String((await run(c, { text: statement, values: [] })).rows[0]?.["shape"]);
  };
  const expected = await schema(first);
  for (const file of others) {
    if ((await schema(file)) === expected) continue;
    throw badFile(
      `"${file}" has other columns than "${first}"`,
      `Load "${file}" apart from "${first}", or write it with the same columns.`,
    );
  }
}

/** The keys wanted as the files spell them; a key that is nowhere in them is left out. */
async function keysOf(c: Connection, files: readonly string[], wanted: readonly Wanted[]): Promise<readonly Key[]> {
  const sample = readers.ndjson(files).replace("sample_size = -1, ", "");
  if (wanted.length === 0) return [];
  const quick = await reading(files, () => describeReader(c, sample));
  if (wanted.every((w) => quick.some((k) => k.name === w.name))) return wanted.map((w) => ({ ...w, key: w.name }));
  const statement = {
    text: `SELECT DISTINCT unnest(json_keys(json)) AS key FROM read_ndjson_objects(${list(files)})`,
    values: [],
  };
  const { rows } = await reading(files, () => run(c, statement, { key: "string" }));
  const keys = rows.map((row) => String(row["key"]));
  return wanted.flatMap((w) => {
    const key = keys.find((k) => k === w.name) ?? keys.find((k) => fold(k) === fold(w.name));
    // No object at all: nothing can be missing from them.
    return key === undefined && keys.length > 0 ? [] : [{ ...w, key: key ?? w.name }];
  });
}

/** Texts, so that no digit is lost to a float; decimals come from the line itself, and JSON is held against it. */
function ndjson(files: readonly string[], keys: readonly Key[]): Relation {
  const types = keys.map((k) => [k.key, k.json ? "JSON" : "VARCHAR"] as const);
  const columns = keys.map((k, i): Relation["columns"][number] => ({
    name: k.name,
    native: k.json ? "JSON" : "VARCHAR",
    expression: `k${i}`,
    origin: k.json ? { native: "JSON" } : { text: true },
  }));
  const alias = `AS objects(${columns.map((c) => c.expression).join(", ")})`;
  if (!keys.some((k) => k.decimal || k.json)) {
    const shape = types.map(([key, type]) => `${text(key)}: '${type}'`).join(", ");
    return {
      from: `(SELECT * FROM read_ndjson(${list(files)}, columns = {${shape}}, hive_partitioning = false) ${alias})`,
      columns,
    };
  }
  const fields = keys.map((k) => {
    const field = `r.${syntax.ident([k.key])}`;
    return k.decimal ? digits(field, k.key) : k.json ? whole(field, k.key) : field;
  });
  const parsed = `SELECT json AS line, json_transform(json, ${text(JSON.stringify(Object.fromEntries(types)))}) AS r FROM read_ndjson_objects(${list(files)})`;
  return { from: `(SELECT * FROM (SELECT ${fields.join(", ")} FROM (${parsed})) ${alias})`, columns };
}

/** JSON passes unless it holds a number that a float has shortened: one of the line with more digits, of the same float. */
function whole(field: string, key: string): string {
  const bare = (json: string): string => String.raw`regexp_replace(${json}, '"(?:[^"\\]|\\.)*"', '""', 'g')`;
  const numbers = (json: string): string =>
    String.raw`regexp_extract_all(${bare(json)}, '-?[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|-?[0-9]+[eE][+-]?[0-9]+')`;
  const floats = `list_transform(${numbers(`CAST(${field} AS VARCHAR)`)}, lambda f: TRY_CAST(f AS DOUBLE))`;
  const shortened = `strlen(n) > 16 AND CAST(TRY_CAST(n AS DOUBLE) AS VARCHAR) IS DISTINCT FROM n`;
  const lost = `list_filter(${numbers("line")}, lambda n: ${shortened} AND list_contains(${floats}, TRY_CAST(n AS DOUBLE)))`;
  const unsure = text(`cutover: column "${key}": a number in its JSON has more digits than can be kept`);
  return `CASE WHEN ${field} IS NULL OR len(${lost}) = 0 THEN ${field} ELSE error(${unsure}) END`;
}

/**
 * The engine reads a JSON number as a float; its digits stand in the line, behind its key. A key may occur deeper as well:
 * of all numbers behind it, those that are that float must be written alike.
 */
function digits(field: string, key: string): string {
  const written = JSON.stringify(key).replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  const behind = `(?:^|[^\\\\])${written}\\s*:\\s*`;
  const numbers = `regexp_extract_all(line, ${text(`${behind}(-?[0-9][0-9.eE+-]*)`)}, 1)`;
  const alike = `list_distinct(list_filter(${numbers}, lambda n: TRY_CAST(n AS DOUBLE) = TRY_CAST(${field} AS DOUBLE)))`;
  const pointer = text(`/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
  const quoted = `regexp_matches(line, ${text(`${behind}"`)}) AND json_type(line, ${pointer}) = 'VARCHAR'`;
  const unsure = text(`cutover: column "${key}": the digits of its number cannot be told apart from others in the line`);
  return `CASE WHEN ${field} IS NULL OR ${quoted} THEN ${field} WHEN len(${alike}) = 1 THEN ${alike}[1] ELSE error(${unsure}) END`;
}
