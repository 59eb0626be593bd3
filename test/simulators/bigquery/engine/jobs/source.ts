import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import type { Quotas } from "../quota.js";
import { bad } from "./target.js";

/** A file's text, unpacked where it is compressed (docs "Batch loading data": gzip is told by its content). */
export async function* textOf(file: string, quotas: Quotas): AsyncGenerator<string> {
  const packed = await isGzip(file);
  const { size } = await stat(file);
  if (packed && size > quotas.limit("gzipBytes"))
    throw bad(
      `Error while reading data, error message: Input file is compressed and larger than ${quotas.limit("gzipBytes")} bytes`,
    );
  const raw = createReadStream(file, { highWaterMark: 1 << 20 });
  const source = packed ? raw.pipe(createGunzip()) : raw;
  raw.on("error", (e) => source.destroy(e));
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  try {
    for await (const chunk of source) yield decoder.decode(chunk as Uint8Array, { stream: true });
    yield decoder.decode();
  } catch (e) {
    throw bad(`Error while reading data, error message: ${e instanceof Error ? e.message : String(e)}`);
  } finally {
    raw.destroy();
  }
}

export async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

export interface Line {
  readonly line: string;
  /** The byte at which it begins. */
  readonly at: number;
}

/** Lines, as many at once as a piece of the file holds. */
export async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<readonly Line[]> {
  let rest = "";
  let at = 0;
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    yield lines.map((line) => {
      const from = at;
      at += Buffer.byteLength(line) + 1;
      return { line, at: from };
    });
  }
  if (rest !== "") yield [{ line: rest, at }];
}
