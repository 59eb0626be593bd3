import { createReadStream } from "node:fs";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { messageOf } from "cutover/adapter";
import { BigQueryFault, fault } from "../errors.js";

/** What was written, compressed: to be read as often as it must be sent. */
interface Spooled {
  readonly body: () => Readable;
  readonly bytes: number;
  close(): Promise<void>;
}

/** Up to here the bytes stay in memory; beyond, in a file. */
const IN_MEMORY = 8 * 1024 * 1024;
/** Largest compressed file that a load job takes (docs: quotas and limits, load jobs: 4 GB for gzip, CSV and JSON). */
const MOST = 4_000_000_000;

/**
 * Compresses lines, and keeps them until all are there: nothing is sent of a source that fails midway, and an upload that fails is
 * repeated.
 * @throws BigQueryFault of kind `unsupported` for more than `most` bytes, `resources` where the disk takes no more.
 */
export async function spool(lines: AsyncIterable<string>, most = MOST): Promise<Spooled> {
  const kept = keeping(most);
  try {
    await pipeline(lines, createGzip({ level: 1, chunkSize: 256 * 1024 }), kept.write);
    return await kept.end();
  } catch (e) {
    await kept.drop();
    throw e;
  }
}

function keeping(most: number) {
  let held: Buffer[] = [];
  let bytes = 0;
  let folder: string | null = null;
  let file: FileHandle | null = null;
  const drop = async (): Promise<void> => {
    await file?.close().catch(() => undefined);
    if (folder !== null) await rm(folder, { recursive: true, force: true });
  };
  return {
    drop,
    async write(chunks: AsyncIterable<Buffer>): Promise<void> {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        if (bytes > most) throw tooMuch();
        if (file === null) held.push(chunk);
        else await onDisk(file.appendFile(chunk));
        if (file !== null || bytes <= IN_MEMORY) continue;
        folder = await onDisk(mkdtemp(join(tmpdir(), "cutover-")));
        file = await onDisk(open(join(folder, "rows.gz"), "wx", 0o600));
        await onDisk(file.appendFile(Buffer.concat(held)));
        held = [];
      }
    },
    async end(): Promise<Spooled> {
      await file?.close();
      file = null;
      const path = folder === null ? null : join(folder, "rows.gz");
      const body = (): Readable =>
        path === null ? Readable.from(held, { objectMode: false }) : createReadStream(path, { highWaterMark: 256 * 1024 });
      return { body, bytes, close: drop };
    },
  };
}

const tooMuch = (): Error =>
  fault(
    "unsupported",
    "the rows are more than the 4 GB, compressed, that one load job takes",
    'Load them in several releases, or write them to Cloud Storage and load them by `files("gs://…")`.',
  );
const onDisk = <T>(work: Promise<T>): Promise<T> =>
  work.catch((e: unknown) => {
    if (e instanceof BigQueryFault) throw e;
    const hint = `Rows are kept in ${tmpdir()} until they are sent; make room there, or set TMPDIR to a folder that has room.`;
    throw fault("resources", messageOf(e), hint, e);
  });
