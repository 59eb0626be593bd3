import { randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, rm, stat } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import type { Outgoing } from "../shared/http.js";
import { SimError } from "./engine/types.js";
import { errors } from "./errors.js";

/** A request whose connection ends before it does: nothing came of it, and there is nobody to answer. */
export class Abandoned extends Error {}

/** The first part of a multipart request; the file is read when it is asked for. */
export interface Multipart {
  readonly metadata: string;
  /** Writes the second part to the disk and returns where. `until`: the connection is closed after so many bytes. */
  receive(folder: string, stored: (bytes: number) => void, until?: number): Promise<string>;
}

/**
 * "API uploads", multipart: two parts, the job and the file. The client sends it as a stream without a length, and the file's part ends
 * where the request does (teeny-request, index.js), so only the last boundary is looked for.
 */
export async function multipart(req: IncomingMessage): Promise<Multipart> {
  const boundary = /boundary=(?:"([^"]+)"|([^\s;]+))/.exec(req.headers["content-type"] ?? "");
  const mark = boundary?.[1] ?? boundary?.[2];
  if (mark === undefined) throw malformed("no boundary");
  const pieces = req[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first = await head(pieces, `--${mark}`);
  return {
    metadata: first.metadata,
    receive: async (folder, stored, until) => {
      const file = await create(folder);
      const end = Buffer.from(`\r\n--${mark}--`);
      // the boundary may come in two pieces, with a line's end behind it
      const kept = end.length + 4;
      let tail = first.rest;
      let bytes = 0;
      const write = async (data: Buffer): Promise<void> => {
        await file.handle.write(data);
        bytes += data.length;
        stored(data.length);
        if (until !== undefined && bytes >= until) req.destroy();
      };
      try {
        for (let piece = await next(pieces); piece !== null; piece = await next(pieces)) {
          tail = Buffer.concat([tail, piece]);
          if (tail.length <= kept) continue;
          await write(tail.subarray(0, tail.length - kept));
          tail = tail.subarray(tail.length - kept);
        }
        const at = tail.lastIndexOf(end);
        if (at < 0) throw malformed("the last boundary is missing");
        await write(tail.subarray(0, at));
        if (req.destroyed && !req.complete) throw new Abandoned();
        await file.handle.close();
        return file.path;
      } catch (e) {
        await file.handle.close().catch(() => {});
        await rm(file.path, { force: true });
        throw e;
      }
    },
  };
}

const malformed = (what: string): SimError => errors.configuration(`Failed to parse multipart/related content: ${what}`);

async function next(pieces: AsyncIterator<Buffer>): Promise<Buffer | null> {
  try {
    const { done, value } = await pieces.next();
    return done ? null : value;
  } catch {
    throw new Abandoned();
  }
}

/** The metadata and what follows the headers of the second part. */
async function head(pieces: AsyncIterator<Buffer>, mark: string): Promise<{ metadata: string; rest: Buffer }> {
  const gap = "\r\n\r\n";
  let read: Buffer = Buffer.alloc(0);
  for (;;) {
    const piece = await next(pieces);
    if (piece === null) throw malformed("two parts are needed");
    read = Buffer.concat([read, piece]);
    const body = read.indexOf(gap);
    const second = body < 0 ? -1 : read.indexOf(`\r\n${mark}\r\n`, body);
    const file = second < 0 ? -1 : read.indexOf(gap, second + mark.length);
    if (file >= 0) {
      return { metadata: read.subarray(body + gap.length, second).toString("utf8"), rest: read.subarray(file + gap.length) };
    }
    if (read.length > 20 * 1024 * 1024) throw errors.bodyTooLarge();
  }
}

async function create(folder: string): Promise<{ readonly path: string; readonly handle: FileHandle }> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, randomBytes(8).toString("hex"));
  return { path, handle: await open(path, "w") };
}

/** A resumable upload. */
export interface Upload {
  readonly id: string;
  readonly user: string;
  readonly metadata: string;
  readonly path: string;
  /** Bytes that have been stored. */
  have: number;
  /** The answer to the request that completed it; whoever asks again gets it again. */
  answer: Outgoing | null;
}

export interface Uploads {
  begin(user: string, metadata: string): Promise<Upload>;
  find(id: string, user: string): Upload;
  /** Stores what a request brings. True when the file is whole. */
  store(upload: Upload, req: IncomingMessage, stored: (bytes: number) => void): Promise<boolean>;
}

const step = 256 * 1024;

/** "API uploads", resumable: a session, then the file at once or in chunks; an interrupted one says how far it has come. */
export function uploads(folder: string): Uploads {
  const sessions = new Map<string, Upload>();
  return {
    begin: async (user, metadata) => {
      const { path, handle } = await create(folder);
      await handle.close();
      const upload: Upload = { id: randomBytes(24).toString("base64url"), user, metadata, path, have: 0, answer: null };
      sessions.set(upload.id, upload);
      return upload;
    },
    find: (id, user) => {
      const upload = sessions.get(id);
      if (upload?.user !== user) throw new SimError("notFound", 404, "Not Found");
      return upload;
    },
    store: async (upload, req, stored) => {
      const range = rangeOf(req.headers["content-range"]);
      const asks = range !== null && range.first === null;
      if (range?.first !== null && (range?.first ?? 0) > upload.have)
        throw errors.configuration("Invalid request: bytes are missing");
      // bytes that are there already come again after an interruption
      let skip = asks || range === null ? 0 : upload.have - (range.first ?? 0);
      if (range === null) upload.have = 0;
      const handle = await open(upload.path, "r+");
      try {
        const pieces = req[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
        for (let piece = await next(pieces); piece !== null; piece = await next(pieces)) {
          stored(piece.length);
          const fresh = piece.subarray(Math.min(skip, piece.length));
          skip -= piece.length - fresh.length;
          await handle.write(fresh, 0, fresh.length, upload.have);
          upload.have += fresh.length;
        }
      } finally {
        await handle.close();
      }
      if (range === null) return true;
      if (range.total !== null && upload.have === range.total) return true;
      if (!asks && upload.have % step !== 0)
        throw errors.configuration(`Invalid request: all chunks but the last must be a multiple of ${step} bytes`);
      return false;
    },
  };
}

/** Content-Range: `bytes 0-524287/2000000`, `bytes 0-524287/*`; to ask how far it has come, a star for the range. */
function rangeOf(header: string | undefined): { readonly first: number | null; readonly total: number | null } | null {
  if (header === undefined) return null;
  const found = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(header);
  if (!found) throw errors.configuration(`Invalid Content-Range: ${header}`);
  const [, first, total] = found;
  return { first: first === undefined ? null : Number(first), total: total === "*" ? null : Number(total) };
}

export const sizeOf = async (path: string): Promise<number> => (await stat(path)).size;
