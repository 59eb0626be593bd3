import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ColumnShape } from "../adapter/shapes.js";
import { formatCanonical } from "../table/canonical.js";
import type { ColumnType } from "../table/types.js";

/** Files in a folder that is gone afterwards. */
export async function inFolder<T>(
  body: (file: (name: string, content: string | Uint8Array) => Promise<string>) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "cutover-conformance-"));
  try {
    return await body(async (name, content) => {
      const path = join(folder, name);
      await writeFile(path, content);
      return path;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Whether a text file can hold the value in one way only: bytes have many spellings, and JSON no NaN, one null, and a zero whose
 * sign readers may drop. A JSON number of many digits has a case of its own.
 */
export function writable(format: "csv" | "ndjson", type: ColumnType, v?: unknown): boolean {
  if (type === "bytes") return false;
  if (format === "csv") return true;
  if (typeof v === "number") return Number.isFinite(v) && !Object.is(v, -0);
  return type !== "json" || (v !== "null" && !/\.\d{17}/.test(String(v)));
}

type Rows = readonly (readonly unknown[])[];
const text = (v: unknown, type: ColumnType): string => (Object.is(v, -0) ? "-0.0" : (formatCanonical(v, type) ?? ""));

/** CSV with a header line; texts always quoted, so that the empty one is told from NULL. */
export function csv(columns: readonly ColumnShape[], rows: Rows): string {
  const quoted = (t: string): string => `"${t.replaceAll('"', '""')}"`;
  const field = (v: unknown, type: ColumnType): string =>
    v === null ? "" : type === "string" || type === "json" ? quoted(text(v, type)) : text(v, type);
  const lines = rows.map((r) => columns.map((c, i) => field(r[i], c.type)).join(","));
  return `${[columns.map((c) => quoted(c.name)).join(","), ...lines].join("\n")}\n`;
}

/** One JSON object a line; numbers by their own digits. */
export function ndjson(columns: readonly ColumnShape[], rows: Rows): string {
  const bare = (type: ColumnType): boolean => ["int64", "float64", "bool", "json"].includes(type) || type.startsWith("decimal");
  const field = (v: unknown, type: ColumnType): string =>
    v === null ? "null" : bare(type) ? text(v, type) : JSON.stringify(text(v, type));
  return rows.map((r) => `{${columns.map((c, i) => `${JSON.stringify(c.name)}:${field(r[i], c.type)}`).join(",")}}\n`).join("");
}
