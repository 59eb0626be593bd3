import type { Resource, SimCell, SimField } from "./engine/types.js";

export type Timestamps = "int64" | "float" | "iso";

/** Which rows of a result, and how. */
export interface Wanted {
  readonly start: number;
  /** null: as many as fit. */
  readonly maxResults: number | null;
  /** Bytes of JSON that an answer may have; one row is sent at least. */
  readonly bytes: number;
  readonly timestamps: Timestamps;
}

export interface Page {
  /** JSON of the list. */
  readonly rows: string;
  readonly count: number;
  /** Where the next page begins; null: that was all. */
  readonly next: number | null;
}

/** The rows of one answer: those that fit into the size of an answer, or as many as are asked for. */
export function page(schema: readonly SimField[], rows: readonly (readonly SimCell[])[], wanted: Wanted): Page {
  const rewrite = rewriter(schema, wanted.timestamps);
  const until = Math.min(rows.length, wanted.start + (wanted.maxResults ?? rows.length));
  const texts: string[] = [];
  let size = 0;
  let at = wanted.start;
  for (; at < until; at += 1) {
    const row = rewrite(rows[at] ?? []);
    const text = JSON.stringify({ f: row.map((v) => ({ v })) });
    size += text.length + 1;
    if (size > wanted.bytes && texts.length > 0) break;
    texts.push(text);
  }
  return { rows: `[${texts.join(",")}]`, count: texts.length, next: at < rows.length ? at : null };
}

/** JSON of an object with such a list in it, which is not parsed for that. */
export function withRows(answer: Resource, rows: string | null): string {
  const text = JSON.stringify(answer);
  return rows === null ? text : `${text.slice(0, -1)},"rows":${rows}}`;
}

/** DataFormatOptions: without an option timestamps are floats of seconds, which lose digits. */
export function timestampsOf(options: { readonly format: string | null; readonly int64: boolean }): Timestamps {
  if (options.format === "ISO8601_STRING") return "iso";
  if (options.format === "INT64") return "int64";
  return options.int64 && options.format === null ? "int64" : "float";
}

type Rewrite = (row: readonly SimCell[]) => readonly SimCell[];

function rewriter(schema: readonly SimField[], timestamps: Timestamps): Rewrite {
  const cells = schema.map((field) => cellRewriter(field, timestamps));
  if (cells.every((c) => c === null)) return (row) => row;
  return (row) => row.map((cell, n) => cells[n]?.(cell) ?? cell);
}

type RewriteCell = (cell: SimCell) => SimCell;

/** null: cells of this column stay as they are. */
function cellRewriter(field: SimField, timestamps: Timestamps): RewriteCell | null {
  const one = timestamps === "int64" ? null : valueRewriter(field, timestamps);
  if (!one) return null;
  if (field.mode !== "REPEATED") return one;
  return (cell) => (Array.isArray(cell) ? cell.map(({ v }: { v: SimCell }) => ({ v: one(v) })) : cell);
}

function valueRewriter(field: SimField, timestamps: Timestamps): RewriteCell | null {
  if (field.type === "TIMESTAMP") {
    const write = timestamps === "float" ? seconds : iso;
    return (cell) => (typeof cell === "string" ? write(cell) : cell);
  }
  if (!field.fields) return null;
  const inner = rewriter(field.fields, timestamps);
  return (cell) => {
    if (cell === null || typeof cell === "string" || Array.isArray(cell) || !("f" in cell)) return cell;
    return { f: inner(cell.f.map(({ v }) => v)).map((v) => ({ v })) };
  };
}

/** As answers show it: 1.672574400123456E9. */
function seconds(micros: string): string {
  const value = Number(micros) / 1e6;
  if (Math.abs(value) < 1e7) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [mantissa = "", exponent = ""] = value.toExponential().split("e");
  return `${mantissa.includes(".") ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
}

function iso(micros: string): string {
  const n = BigInt(micros);
  const rest = ((n % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const whole = new Date(Number((n - rest) / 1000n)).toISOString().slice(0, 19);
  return rest === 0n ? `${whole}Z` : `${whole}.${String(rest).padStart(6, "0").replace(/0+$/, "")}Z`;
}
