import { createReadStream } from "node:fs";
import { stat, symlink } from "node:fs/promises";
import { extname, join } from "node:path";
import { createGunzip } from "node:zlib";
import { type FileSet, type IoOptions, localFiles } from "cutover/adapter";
import type { Link } from "../driver.js";
import { fault } from "../errors.js";
import { put, type Scratch } from "./scratch.js";
import { inFolder } from "./spool.js";

const badFile = (message: string, hint: string, cause?: unknown): Error => fault("bad-file", message, hint, cause);

/** Files of one shape at one place of a stage. */
export interface Location {
  /** As SQL, with `@`. */
  readonly at: string;
  /** The names in the header line, in their order; null where they are not known. Only of CSV. */
  readonly header: readonly string[] | null;
  /** How the place is called in messages. */
  readonly shown: string;
  /** Uploaded here, to be taken away again. */
  readonly own: boolean;
}

/** A stage's place as users write it: `@db.schema.stage/path`, names quoted where they must be. */
const staged = /^@(?:"(?:[^"]|"")*"|[\w$~%.])+(?:\/[\w$./=+ -]*)?$/;

/** Where the files are that a set names: local ones are uploaded, those of a stage stay where they are. */
export async function locate(
  link: Link,
  scratch: Scratch,
  schema: readonly string[],
  set: FileSet,
  o: IoOptions,
  /** They will be asked for again: `columnsOf` comes before `stage`. */
  again = false,
): Promise<readonly Location[]> {
  const found: Location[] = [];
  for (const url of set.urls) {
    if (url.startsWith("@")) {
      if (!staged.test(url)) throw badFile(`"${url}" is no place of a stage`, "Write it as `@db.schema.stage/path`.");
      found.push({ at: url.includes(" ") ? `'${url}'` : url, header: null, shown: `"${url}"`, own: false });
    } else if (/^[a-z][a-z0-9+.-]+:\/\//i.test(url) && !url.startsWith("file:")) {
      const hint = "Make an external stage for the bucket (CREATE STAGE … URL = …), and name the files by it: `@stage/path`.";
      throw fault("unsupported", `Snowflake reads no files at "${url}" without a stage`, hint);
    } else found.push(...(await upload(link, scratch, schema, await localFiles(url, set.format, badFile), set.format, again, o)));
  }
  if (set.format === "csv") refuseMixed(found);
  return found;
}

/** Local files by the order of their columns: those of one order go to one place. */
async function upload(
  link: Link,
  scratch: Scratch,
  schema: readonly string[],
  files: readonly string[],
  format: FileSet["format"],
  again: boolean,
  o: IoOptions,
): Promise<readonly Location[]> {
  const groups = new Map<string, { readonly header: readonly string[] | null; readonly files: string[] }>();
  for (const file of files) {
    const header = format === "csv" ? await headerOf(file) : null;
    const key = JSON.stringify(header);
    const group = groups.get(key) ?? { header, files: [] };
    group.files.push(file);
    groups.set(key, group);
  }
  const found: Location[] = [];
  for (const group of groups.values()) found.push(await uploadGroup(link, scratch, schema, group, format, again, o));
  return found;
}

async function uploadGroup(
  link: Link,
  scratch: Scratch,
  schema: readonly string[],
  group: { readonly header: readonly string[] | null; readonly files: readonly string[] },
  format: FileSet["format"],
  again: boolean,
  o: IoOptions,
): Promise<Location> {
  const [first = ""] = group.files;
  const shown = group.files.length === 1 ? `"${first}"` : `${group.files.length} files ("${first}" …)`;
  const stats = await Promise.all(group.files.map((f) => stat(f)));
  const key = JSON.stringify([schema, format, group.files.map((f, i) => [f, stats[i]?.size, stats[i]?.mtimeMs])]);
  const known = scratch.uploaded.get(key);
  if (known !== undefined) {
    if (!again) scratch.uploaded.delete(key);
    return { at: known, header: group.header, shown, own: true };
  }
  const at = `${await scratch.stage(schema, o)}/${scratch.folder()}/`;
  await inFolder(async (folder) => {
    for (const [i, file] of group.files.entries()) {
      // Names that cannot be mistaken, whatever the user's are: a PUT takes `*` for a pattern.
      const gz = file.toLowerCase().endsWith(".gz") ? ".gz" : "";
      const alias = join(folder, `${i}${extname(gz === "" ? file : file.slice(0, -3)) || `.${format}`}${gz}`);
      await symlink(file, alias);
      await put(link, alias, at, format !== "parquet", o);
    }
  });
  if (again) scratch.uploaded.set(key, at);
  return { at, header: group.header, shown, own: true };
}

function refuseMixed(found: readonly Location[]): void {
  const shape = (l: Location): string => JSON.stringify([...(l.header ?? [])].map((n) => n.toUpperCase()).sort());
  const [first, ...others] = found.filter((l) => l.header !== null);
  for (const other of others) {
    if (first === undefined || shape(other) === shape(first)) continue;
    const hint = `Load ${other.shown} apart from ${first.shown}, or write it with the same columns.`;
    throw badFile(`${other.shown} has other columns than ${first.shown}`, hint);
  }
}

/** The header line of a CSV file: names apart by commas, quoted or not. */
async function headerOf(file: string): Promise<readonly string[]> {
  const raw = createReadStream(file);
  const source = file.toLowerCase().endsWith(".gz") ? raw.pipe(createGunzip()) : raw;
  const decoder = new TextDecoder("utf-8");
  let text = "";
  try {
    for await (const chunk of source) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const line = firstLine.exec(text)?.[0];
      if (line !== undefined) return namesOf(line);
    }
  } catch (e) {
    throw badFile(`"${file}" cannot be read`, `Look at "${file}": it cannot be read to its end in this format.`, e);
  } finally {
    raw.destroy();
  }
  return namesOf(text);
}
/** Up to a line break that stands in no quotes. */
const firstLine = /^(?:"(?:[^"]|"")*"|[^"\r\n])*(?=\r?\n)/;
const namesOf = (line: string): readonly string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((m) => m[1]?.replaceAll('""', '"') ?? m[2] ?? "");
