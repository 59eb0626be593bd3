import type { Column } from "../catalog.js";
import type { Quotas } from "../quota.js";
import { csvRecords } from "./csv.js";
import { members } from "./members.js";
import type { Problems } from "./problems.js";
import { linesOf, textOf } from "./source.js";
import { bad } from "./target.js";
import { fromJson, fromText } from "./texts.js";

export type Row = readonly (string | null)[];

export interface RowOptions {
  readonly ignoreUnknown: boolean;
  readonly skip: number;
  readonly delimiter: string;
  readonly quote: string;
  readonly newlines: boolean;
  readonly jagged: boolean;
  /** null: the default, for which an empty field that is not quoted is NULL. */
  readonly nulls: readonly string[] | null;
  readonly byName: boolean;
  readonly control: boolean;
}

/** Rows of a CSV file that go on together. */
const together = 2_048;

const shownFile = (k: number): string => `file-${String(k).padStart(8, "0")}`;

/** Rows of NDJSON files (docs "Loading JSON data"). */
export async function* jsonRows(
  files: readonly string[],
  columns: readonly Column[],
  o: RowOptions,
  quotas: Quotas,
  problems: Problems,
): AsyncGenerator<readonly Row[]> {
  const places = new Map(columns.map((c, k) => [c.name.toLowerCase(), k]));
  for (const [k, file] of files.entries()) {
    for await (const lines of linesOf(textOf(file, quotas))) {
      const rows: Row[] = [];
      for (const { line, at } of lines) {
        if (line.trim() === "") continue;
        if (line.length > quotas.limit("rowBytes"))
          throw bad(`Error while reading data, error message: JSON row larger than limit at ${at}`);
        const read = jsonRow(line, columns, places, o);
        if (typeof read === "string")
          problems.add(`JSON parsing error in row starting at position ${at}: ${read} File: ${shownFile(k)}`);
        else rows.push(read);
      }
      yield rows;
    }
  }
}

function jsonRow(line: string, columns: readonly Column[], places: ReadonlyMap<string, number>, o: RowOptions): Row | string {
  const all = members(line);
  if (!all) return "Parser terminated before end of string.";
  const raws: (string | undefined)[] = new Array(columns.length).fill(undefined);
  for (const [name, raw] of all) {
    const place = places.get(name) ?? places.get(name.toLowerCase());
    if (place !== undefined) raws[place] = raw;
    else if (!o.ignoreUnknown) return `No such field: ${name}.`;
  }
  const row: (string | null)[] = [];
  for (const [k, column] of columns.entries()) {
    const read = fromJson(raws[k], column.type);
    if ("problem" in read) return `${read.problem}. Field: ${column.name}; Value: ${(raws[k] ?? "").slice(0, 200)}`;
    if (read.text === null && column.required)
      return raws[k] === undefined
        ? `Missing required field: ${column.name}.`
        : `Only optional fields can be set to NULL. Field: ${column.name}; Value: NULL`;
    row.push(read.text);
  }
  return row;
}

/** Rows of CSV files (docs "Loading CSV data"). */
export async function* csvRows(
  files: readonly string[],
  columns: readonly Column[],
  o: RowOptions,
  quotas: Quotas,
  problems: Problems,
): AsyncGenerator<readonly Row[]> {
  for (const [k, file] of files.entries()) {
    let line = 0;
    let places: readonly number[] | null = null;
    let rows: Row[] = [];
    for await (const { fields, at, problem } of csvRecords(textOf(file, quotas), o)) {
      line++;
      const where = (what: string) =>
        problems.add(`Error detected while parsing row starting at position: ${at}. Error: ${what} File: ${shownFile(k)}`);
      if (line <= o.skip) {
        if (o.byName && line === o.skip)
          places = fields.map((f) => columns.findIndex((c) => c.name.toLowerCase() === f.text.toLowerCase()));
        continue;
      }
      if (problem !== undefined) {
        where(problem);
        continue;
      }
      const row = csvRow(fields, columns, places, o);
      if (typeof row === "string") where(row);
      else rows.push(row);
      if (rows.length >= together) {
        yield rows;
        rows = [];
      }
    }
    yield rows;
  }
}

function csvRow(
  fields: readonly { readonly text: string; readonly quoted: boolean }[],
  columns: readonly Column[],
  places: readonly number[] | null,
  o: RowOptions,
): Row | string {
  const extra = places ? places.includes(-1) || fields.length > places.length : fields.length > columns.length;
  if (extra && !o.ignoreUnknown) return "Too many values in row.";
  if (!places && fields.length < columns.length && !o.jagged)
    return `CSV table references column position ${fields.length}, but line contains only ${fields.length} columns.`;
  const row: (string | null)[] = [];
  for (const [k, column] of columns.entries()) {
    const field = fields[places ? places.indexOf(k) : k];
    const read = field === undefined ? { text: null } : csvValue(field, column, o);
    if ("problem" in read) return `${read.problem} for field ${column.name}`;
    if (read.text === null && column.required) return `Required column value for column index: ${k} is missing`;
    row.push(read.text);
  }
  return row;
}

function csvValue(
  field: { readonly text: string; readonly quoted: boolean },
  column: Column,
  o: RowOptions,
): ReturnType<typeof fromText> {
  const { text, quoted } = field;
  if (text.includes("\0") && !o.control) return { problem: "Bad character (ASCII 0) encountered" };
  if (o.nulls === null) {
    if (text === "" && (!quoted || !["STRING", "BYTES"].includes(column.type.kind))) return { text: null };
  } else if (!quoted && o.nulls.includes(text)) return { text: null };
  return fromText(text, column.type);
}
