import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { type Batch, type ColumnShape, type FileSet, localFiles } from "cutover/adapter";
import { BigQueryFault, fault, misfit } from "../errors.js";
import { records } from "./csv.js";
import { entries, lines } from "./ndjson.js";
import { type Reading, readingOf } from "./texts.js";

const badFile = (message: string, hint: string, cause?: unknown): Error => fault("bad-file", message, hint, cause);

/** Names are the same whatever their case, as columns are. */
export const same = (a: string, b: string): boolean => a === b || a.toLowerCase() === b.toLowerCase();
/** Where a name stands among others: as it is spelled, else whatever its case; -1: nowhere. */
const indexIn = (names: readonly string[], name: string): number => {
  const exact = names.indexOf(name);
  return exact === -1 ? names.findIndex((n) => same(n, name)) : exact;
};

export async function listFiles(set: FileSet): Promise<readonly string[]> {
  const found: string[] = [];
  for (const url of set.urls) found.push(...(await localFiles(url, set.format, badFile)));
  return found;
}

/** The text of a file, part by part. */
async function* textOf(file: string): AsyncGenerator<string> {
  const raw = createReadStream(file, { highWaterMark: 256 * 1024 });
  const source = file.toLowerCase().endsWith(".gz") ? raw.pipe(createGunzip()) : raw;
  raw.on("error", (e) => source.destroy(e));
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    for await (const chunk of source) yield decoder.decode(chunk as Uint8Array, { stream: true });
    yield decoder.decode();
  } catch (e) {
    if (e instanceof BigQueryFault) throw e;
    throw badFile(`"${file}" cannot be read`, `Look at "${file}": it cannot be read to its end in this format.`, e);
  } finally {
    raw.destroy();
  }
}

/** A row of a file as texts; null: NULL, undefined: the file has no such key there. */
type Texts = readonly (string | null | undefined)[];

async function* csvRows(file: string): AsyncGenerator<{ readonly fields: readonly (string | null)[]; readonly line: number }> {
  const bad = (line: number, what: string): Error =>
    badFile(`"${file}", line ${line}: ${what}`, `Look at "${file}": it is no CSV from there on.`);
  yield* records(textOf(file), bad);
}
/** The names in the header line of a CSV file. */
export async function headerOf(file: string): Promise<readonly string[]> {
  for await (const { fields } of csvRows(file)) return fields.map((f) => f ?? "");
  return [];
}

/** The first rows of a CSV file, without its header. */
export async function sampleOf(file: string, most: number): Promise<readonly (readonly (string | null)[])[]> {
  const found: (readonly (string | null)[])[] = [];
  for await (const { fields } of csvRows(file)) if (found.push(fields) > most) break;
  return found.slice(1);
}

async function* fromCsv(file: string, columns: readonly ColumnShape[], shape: string[]): AsyncGenerator<Texts> {
  let places: readonly number[] | null = null;
  for await (const { fields } of csvRows(file)) {
    if (places !== null) {
      yield places.map((at) => fields[at]);
      continue;
    }
    const header = fields.map((f) => f ?? "");
    refuseMixed(shape, header, file);
    places = columns.map((c) => indexIn(header, c.name));
    const absent = columns[places.indexOf(-1)];
    if (absent !== undefined) throw missing(`"${file}"`, absent.name);
  }
}
function refuseMixed(shape: string[], header: readonly string[], file: string): void {
  const names = header.map((n) => n.toLowerCase()).sort();
  if (shape.length === 0) shape.push(file, ...names);
  const [first, ...expected] = shape;
  if (JSON.stringify(expected) === JSON.stringify(names)) return;
  const hint = `Load "${file}" apart from "${first}", or write it with the same columns.`;
  throw badFile(`"${file}" has other columns than "${first}"`, hint);
}

/** Objects as texts: a text without its quotes, all else as it is written. */
export async function* objects(file: string): AsyncGenerator<ReadonlyMap<string, string>> {
  let line = 0;
  for await (const text of lines(textOf(file))) {
    line += 1;
    if (text.trim() === "") continue;
    const found = entries(text);
    if (found !== null) yield found;
    else
      throw badFile(
        `"${file}", line ${line}: no JSON object, or one with a key twice`,
        `Look at "${file}": it holds no JSON object there, or one with a key twice.`,
      );
  }
}
async function* fromNdjson(file: string, columns: readonly ColumnShape[], seen: Set<string>): AsyncGenerator<Texts> {
  const value = (raw: string, json: boolean): string | null =>
    raw === "null" ? null : raw.startsWith('"') && !json ? (JSON.parse(raw) as string) : raw;
  for await (const object of objects(file)) {
    yield columns.map((c) => {
      const raw = object.get(c.name) ?? [...object].find(([key]) => same(key, c.name))?.[1];
      if (raw === undefined) return undefined;
      seen.add(c.name);
      return value(raw, c.type === "json");
    });
  }
}

export const missing = (what: string, name: string): Error =>
  badFile(`${what} has no column "${name}"`, `Add the column "${name}" to ${what}, or take it out of the table's columns.`);

const ROWS = 2048;

/** Rows of local CSV or NDJSON files, as batches; columns by name, others left out. */
export async function* localRows(columns: readonly ColumnShape[], set: FileSet): AsyncGenerator<Batch> {
  const files = await listFiles(set);
  const readings = columns.map(readingOf);
  const [shape, seen]: [string[], Set<string>] = [[], new Set()];
  let batch: unknown[][] = columns.map(() => []);
  let rows = 0;
  let total = 0;
  for (const file of files) {
    const texts = set.format === "csv" ? fromCsv(file, columns, shape) : fromNdjson(file, columns, seen);
    for await (const row of texts) {
      for (let c = 0; c < columns.length; c++)
        batch[c]?.push(canonical(row[c] ?? null, readings[c] as Reading, columns[c] as ColumnShape));
      rows += 1;
      total += 1;
      if (rows < ROWS) continue;
      yield { rows, columns: batch };
      batch = columns.map(() => []);
      rows = 0;
    }
  }
  const absent = columns.find((c) => !seen.has(c.name));
  if (set.format === "ndjson" && total > 0 && absent !== undefined)
    throw missing(files.map((f) => `"${f}"`).join(", "), absent.name);
  if (rows > 0) yield { rows, columns: batch };
}
function canonical(text: string | null, reading: Reading, c: ColumnShape): unknown {
  if (text === null) return null;
  const value = reading(text);
  if (value === undefined) throw misfit(text, c.native, c.name);
  return value;
}
