import { createWriteStream } from "node:fs";
import { mkdtemp, rm, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Batch, ColumnShape, IoOptions, TableRef } from "cutover/adapter";
import { type Link, run } from "../driver.js";
import { cancelled, fault } from "../errors.js";
import { fromText, syntax } from "../syntax.js";
import type { Gathered } from "./binds.js";
import { put, remove, type Scratch } from "./scratch.js";

/** Characters of a file before it is compressed; some 20 to 60 MB then. Also the most that lies on the local disk. */
const FILE = 256 * 1024 * 1024;

/** How the files are written, in the words of COPY. An empty field is NULL, a quoted one a text. */
export const CSV =
  "(TYPE = CSV COMPRESSION = GZIP FIELD_DELIMITER = ',' RECORD_DELIMITER = '\\n' FIELD_OPTIONALLY_ENCLOSED_BY = '\"' ESCAPE = NONE ESCAPE_UNENCLOSED_FIELD = NONE NULL_IF = () EMPTY_FIELD_AS_NULL = TRUE TRIM_SPACE = FALSE ENCODING = 'UTF8')";

/** In a folder of its own, which only this user can look into. */
export async function inFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "cutover-"));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Rows through compressed files: one is written, uploaded and taken away before the next is begun, so that neither memory nor
 * disk hold more than one. At the end all are loaded at once.
 */
export function spool(
  link: Link,
  scratch: Scratch,
  into: TableRef,
  columns: readonly ColumnShape[],
  gathered: Gathered,
  source: AsyncIterator<Batch>,
  o: IoOptions,
): Promise<number> {
  return inFolder(async (folder) => {
    const at = `${await scratch.stage(into.path.slice(0, -1), o)}/${scratch.folder()}/`;
    try {
      let more = true;
      for (let n = 1; more; n++) {
        const file = join(folder, `${n}.csv.gz`);
        more = await write(file, gathered, source, o);
        await put(link, file, at, false, o);
        await unlink(file);
      }
      return await load(link, at, into, columns, o);
    } finally {
      await remove(link, at);
    }
  });
}

/** One file; false: the source has ended. */
async function write(file: string, gathered: Gathered, source: AsyncIterator<Batch>, o: IoOptions): Promise<boolean> {
  let more = true;
  const lines = async function* (): AsyncGenerator<string> {
    let text = gathered.take();
    let written = text.length;
    if (text !== "") yield text;
    while (written < FILE) {
      if (o.signal.aborted) throw cancelled("signal", true);
      const next = await source.next();
      if (next.done) {
        more = false;
        return;
      }
      text = gathered.lines(next.value);
      written += text.length;
      if (text !== "") yield text;
    }
  };
  await pipeline(lines, createGzip({ level: 1 }), createWriteStream(file, { mode: 0o600, flags: "wx" }));
  return more;
}

async function load(link: Link, at: string, into: TableRef, columns: readonly ColumnShape[], o: IoOptions): Promise<number> {
  const values = columns.map((c, i) => fromText(`$${i + 1}`, c.native));
  const names = columns.map((c) => syntax.ident([c.name])).join(", ");
  const text = `COPY INTO ${syntax.ident(into.path)} (${names}) FROM (SELECT ${values.join(", ")} FROM ${at}) FILE_FORMAT = ${CSV} ON_ERROR = ABORT_STATEMENT`;
  return loaded((await run(link, { text, binds: [] }, o)).rows);
}

/** What COPY tells of each file, summed; it tells of none where there is none. */
export function loaded(rows: readonly Readonly<Record<string, unknown>>[]): number {
  let sum = 0;
  for (const row of rows) {
    if (row["status"] === "LOADED") sum += Number(row["rows_loaded"]);
    else if (typeof row["status"] === "string" && /LOAD|FAIL/.test(row["status"]))
      throw fault("bad-file", `a file was not loaded: ${String(row["first_error"] ?? row["status"])}`, "Look at the file.");
  }
  return sum;
}
