import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { type ColumnShape, type FileSet, type IoOptions, stored, type TableRef } from "cutover/adapter";
import { fault } from "../errors.js";
import type { Link } from "../link.js";
import { syntax, text } from "../syntax.js";
import { complete, at as placeOf, referenceOf } from "../tables.js";
import { lossless, type Origin } from "./casts.js";
import { listFiles, missing, same } from "./local.js";
import { refuseMixedFiles } from "./parquet.js";
import { nativeOf } from "./schema.js";
import { factsOf, made, outputOf, told } from "./table.js";

/** Files of Cloud Storage: one `*` at most, no `?` (docs: loading data, wildcard support). */
const bucketed = /^gs:\/\/[^/*?]+\/[^*?[\]]*\*?[^*?[\]]*$/;
/** Files that one load job names. */
const MOST_URIS = 10_000;

/** How the service reads files of others: no value is guessed, cut or rounded there. */
const formats: Readonly<Record<FileSet["format"], Readonly<Record<string, unknown>>>> = {
  csv: {
    sourceFormat: "CSV",
    encoding: "UTF-8",
    skipLeadingRows: 1,
    sourceColumnMatch: "NAME",
    ignoreUnknownValues: true,
    allowQuotedNewlines: true,
    preserveAsciiControlCharacters: true,
  },
  // A line is one text: its numbers keep their digits. No JSON holds the byte that would divide it.
  ndjson: { sourceFormat: "CSV", encoding: "UTF-8", fieldDelimiter: "\u0001", quote: "" },
  parquet: {
    sourceFormat: "PARQUET",
    decimalTargetTypes: ["NUMERIC", "BIGNUMERIC", "STRING"],
    parquetOptions: { enableListInference: true },
  },
};

/** Refuses addresses that the service does not read; all must be of Cloud Storage, or none. */
export function uris(set: FileSet): readonly string[] | null {
  if (!set.urls.some((url) => /^[a-z][a-z0-9+.-]+:\/\//i.test(url) && !url.startsWith("file:"))) return null;
  const other = set.urls.find((url) => !url.startsWith("gs://"));
  if (other !== undefined) {
    const hint = "Copy the files to a bucket of Cloud Storage (gs://…), or name local ones; not both in one load.";
    throw fault("unsupported", `BigQuery does not load "${other}" by a job of its own`, hint);
  }
  const bad = set.urls.find((url) => !bucketed.test(url));
  if (bad !== undefined)
    throw fault("bad-file", `"${bad}" names no files of Cloud Storage`, "Write it as `gs://bucket/path`, with one `*` at most.");
  if (set.urls.length > MOST_URIS)
    throw fault("unsupported", `${set.urls.length} addresses are more than the 10,000 of a load job`, "Name the files by `*`.");
  return set.urls;
}

/**
 * Files as they are, into tables beside `into`; from there each value is cast, and refused where it does not fit. These tables bear
 * the name of `into` before their own, so whoever cleans up after a crash finds them.
 */
export async function loadRaw(
  link: Link,
  into: TableRef,
  columns: readonly ColumnShape[],
  set: FileSet,
  o: IoOptions,
): Promise<number> {
  const at = uris(set);
  const files = at === null ? await listFiles(set) : [];
  await refuseMixedFiles(files);
  const raws: TableRef[] = [];
  try {
    const parts: string[] = [];
    for (const file of at === null ? files : [null]) {
      const raw = {
        path: [...into.path.slice(0, -1), `${into.path.at(-1)}_raw_${randomUUID().replaceAll("-", "").slice(0, 12)}`],
      };
      raws.push(raw);
      await load(link, raw, columns, set, at, file, o);
      parts.push(await selection(link, raw, columns, set, file ?? set.urls.join(", "), o));
    }
    return await made(link, into, columns, parts.join(" UNION ALL "), o);
  } finally {
    for (const raw of raws) await drop(link, raw);
  }
}

async function load(
  link: Link,
  raw: TableRef,
  columns: readonly ColumnShape[],
  set: FileSet,
  at: readonly string[] | null,
  file: string | null,
  o: IoOptions,
): Promise<void> {
  const names = set.format === "ndjson" ? ["line"] : stored(columns).map((c) => c.name);
  const schema = { fields: names.map((name) => ({ name, type: "STRING", mode: "NULLABLE" })) };
  const configuration = {
    ...formats[set.format],
    destinationTable: referenceOf(complete(raw.path)),
    ...(set.format === "parquet" ? {} : { schema }),
    ...(at === null ? {} : { sourceUris: at }),
    createDisposition: "CREATE_IF_NEEDED",
    writeDisposition: "WRITE_TRUNCATE",
  };
  const job =
    file === null
      ? link.run({ load: configuration }, o)
      : link.upload({ load: configuration }, () => createReadStream(file, { highWaterMark: 256 * 1024 }), o);
  outputOf(await told(job, "bad-file"));
}

/** A query for the columns of one raw table. */
async function selection(
  link: Link,
  raw: TableRef,
  columns: readonly ColumnShape[],
  set: FileSet,
  shown: string,
  o: IoOptions,
): Promise<string> {
  const from = syntax.ident(raw.path);
  const list = (value: (c: ColumnShape, i: number) => readonly [expression: string, origin: Origin]): string =>
    columns.map((c, i) => `${lossless(...value(c, i), c)} AS ${syntax.ident([c.name])}`).join(", ");
  switch (set.format) {
    case "csv":
      return `SELECT ${list((c) => [syntax.ident(["raw", c.name]), { text: true }])} FROM ${from} AS \`raw\``;
    case "ndjson": {
      const object = "STARTS_WITH(TO_JSON_STRING(PARSE_JSON(`raw`.`line`, wide_number_mode => 'round')), '{')";
      const refusal = text('cutover: column "line": no JSON object: ');
      const checked = `IF(${object}, TRUE, ERROR(CONCAT(${refusal}, SUBSTR(\`raw\`.\`line\`, 1, 60))))`;
      const members = columns.map((c, i) => `${member(c, shown)} AS \`k${i}\``).join(", ");
      const texts = `SELECT ${members} FROM ${from} AS \`raw\` WHERE ${checked}`;
      return `SELECT ${list((_, i) => [`\`k${i}\``, { text: true }])} FROM (${texts})`;
    }
    default: {
      const { fields } = await factsOf(link, raw, o);
      return `SELECT ${list((c) => {
        const there = fields.find((f) => f.name === c.name) ?? fields.find((f) => same(f.name, c.name));
        if (there === undefined) throw missing(`"${shown}"`, c.name);
        return [syntax.ident(["raw", there.name]), { native: nativeOf(there) }];
      })} FROM ${from} AS \`raw\``;
    }
  }
}

/** The text of a member of a JSON object; of a text what stands between its quotes. */
function member(c: ColumnShape, shown: string): string {
  if (/["\\]/.test(c.name))
    throw fault(
      "unsupported",
      `${shown}: the key ${JSON.stringify(c.name)} cannot be read there`,
      "Rename it, or load the files from here.",
    );
  const path = text(`$."${c.name}"`);
  const whole = `NULLIF(JSON_QUERY(\`raw\`.\`line\`, ${path}), 'null')`;
  return c.type === "json" ? whole : `IFNULL(JSON_VALUE(\`raw\`.\`line\`, ${path}), ${whole})`;
}

/** Takes a table away, whatever the state of things; what stays is found by its name. */
async function drop(link: Link, ref: TableRef): Promise<void> {
  const o = { tag: "cutover cleanup", signal: AbortSignal.timeout(30_000) };
  await link.rest({ method: "DELETE", ...placeOf(complete(ref.path)) }, o).catch(() => undefined);
}
