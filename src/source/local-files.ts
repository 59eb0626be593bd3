import { readdir, stat } from "node:fs/promises";
import { isAbsolute, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { FileSet } from "../adapter/session.js";

const extensions: Readonly<Record<FileSet["format"], RegExp>> = {
  csv: /\.csv(?:\.gz)?$/i,
  ndjson: /\.(?:ndjson|jsonl)(?:\.gz)?$/i,
  parquet: /\.parquet$/i,
};

/**
 * The local files behind a path, a `file:` URL, a folder or a pattern with `*`, `**` and `?`, sorted; none of them empty. Of a folder,
 * those whose endings are of the format.
 * @param bad makes the error of kind `bad-file` that is thrown where there is no file, or an empty one.
 */
export async function localFiles(
  url: string,
  format: FileSet["format"],
  bad: (message: string, hint: string) => Error,
): Promise<readonly string[]> {
  const path = url.startsWith("file:") ? fileURLToPath(url) : resolve(url);
  const there = await stat(path).catch(() => null);
  const found = there?.isDirectory()
    ? (await readdir(path)).filter((name) => extensions[format].test(name)).map((name) => join(path, name))
    : there !== null
      ? [path]
      : await matching(path);
  if (found.length === 0) throw bad(`no file at "${url}"`, `Check "${url}": no file of that name or pattern is there.`);
  for (const file of found) {
    if ((await stat(file)).size === 0)
      throw bad(`"${file}" is empty`, `Write "${file}" again: it has 0 bytes, so it was cut off.`);
  }
  return [...found].sort();
}

async function matching(pattern: string): Promise<readonly string[]> {
  if (!/[*?]/.test(pattern)) return [];
  const parts = pattern.split(sep);
  const fixed = parts.findIndex((p) => /[*?]/.test(p));
  const root = parts.slice(0, fixed).join(sep) || (isAbsolute(pattern) ? sep : ".");
  return walk(root, parts.slice(fixed));
}
async function walk(folder: string, [part, ...rest]: readonly string[]): Promise<readonly string[]> {
  if (part === undefined) return [];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  if (part === "**") found.push(...(await walk(folder, rest)));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (part === "**") {
      if (entry.isDirectory()) found.push(...(await walk(path, [part, ...rest])));
    } else if (patternOf(part).test(entry.name)) {
      if (rest.length === 0 && !entry.isDirectory()) found.push(path);
      else if (rest.length > 0 && entry.isDirectory()) found.push(...(await walk(path, rest)));
    }
  }
  return found;
}
const patternOf = (part: string): RegExp =>
  new RegExp(
    `^${part
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", "[^/]*")
      .replaceAll("?", "[^/]")}$`,
  );
