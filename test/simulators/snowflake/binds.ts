import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PutTarget, SimBind } from "./engine/types.js";

/** What the driver does with many array binds: it writes them as CSV to a temporary stage (connection/bind_uploader.js). */
export const createBindStage = /^\s*CREATE\s+OR\s+REPLACE\s+TEMPORARY\s+STAGE\s+SYSTEM\$BIND\b/i;
const putToBindStage = /^\s*PUT\s+file:\/\/([^'\s]+)'@SYSTEM\$BIND\/([0-9a-f-]+)'/i;
const bindStage = /^@SYSTEM\$BIND\/([0-9a-f-]+)$/;

/** Where a file for the bind stage goes; undefined: it is another PUT. The statement lacks a space before the stage: so the driver writes it. */
export function bindTarget(sql: string, directory: string): PutTarget | undefined {
  const found = putToBindStage.exec(sql);
  if (!found) return undefined;
  const [, file = "", folder = ""] = found;
  return {
    command: "UPLOAD",
    directory: join(directory, folder),
    overwrite: true,
    compress: false,
    files: file,
    sourceCompression: "gzip",
    parallel: 4,
  };
}

/** The binds of a statement from the files of its stage folder: one list a column, all of them text, as CSV is. */
export async function stagedBinds(stage: string, directory: string): Promise<Record<string, SimBind> | undefined> {
  const folder = bindStage.exec(stage)?.[1];
  if (folder === undefined) return undefined;
  const path = join(directory, folder);
  const files = (await readdir(path).catch(() => [])).sort((a, b) => Number(a) - Number(b));
  const columns: (string | null)[][] = [];
  for (const file of files) {
    for (const row of parseCsv(await readFile(join(path, file), "utf8"))) {
      row.forEach((value, n) => {
        columns[n] ??= [];
        columns[n].push(value);
      });
    }
  }
  return Object.fromEntries(columns.map((value, n) => [String(n + 1), { type: "TEXT", value }]));
}

/** Rows of CSV with double quotes: an empty field is NULL, a quoted one is a text, which may be empty. */
export function parseCsv(text: string): (string | null)[][] {
  const rows: (string | null)[][] = [];
  let row: (string | null)[] = [];
  let at = 0;
  while (at < text.length) {
    let value: string | null;
    if (text[at] === '"') {
      let end = at + 1;
      while (text[end] !== '"' || text[end + 1] === '"') end += text[end] === '"' ? 2 : 1;
      value = text.slice(at + 1, end).replaceAll('""', '"');
      at = end + 1;
    } else {
      const end = /[,\n]/g;
      end.lastIndex = at;
      const stop = end.exec(text)?.index ?? text.length;
      value = stop === at ? null : text.slice(at, stop);
      at = stop;
    }
    row.push(value);
    const last = text[at] !== ",";
    at += 1;
    if (last) {
      rows.push(row);
      row = [];
    } else if (at >= text.length || text[at] === "\n") {
      row.push(null);
      rows.push(row);
      row = [];
      at += 1;
    }
  }
  return rows;
}
