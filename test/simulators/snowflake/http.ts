import type { IncomingMessage, ServerResponse } from "node:http";
import { gunzipSync, gzipSync } from "node:zlib";

/** A whole body. The driver compresses bodies if it is done in time (http/base.js), so both forms come. */
export async function readBody(req: IncomingMessage): Promise<{ readonly text: string; readonly bytes: number }> {
  const pieces: Buffer[] = [];
  for await (const piece of req) pieces.push(piece as Buffer);
  const raw = Buffer.concat(pieces);
  const plain = req.headers["content-encoding"] === "gzip" && raw.length > 0 ? gunzipSync(raw) : raw;
  return { text: plain.toString("utf8"), bytes: raw.length };
}

export interface Outgoing {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer | string;
  /** The body is compressed already. */
  readonly compressed?: boolean;
}

const worthCompressing = 4096;

/** Sends an answer, in pieces with pauses between them (`slow`, milliseconds), or half of it (`cut`). Returns the bytes sent. */
export async function send(
  req: IncomingMessage,
  res: ServerResponse,
  out: Outgoing,
  how: { readonly slow?: number | undefined; readonly cut?: boolean } = {},
): Promise<number> {
  const accepts = String(req.headers["accept-encoding"] ?? "").includes("gzip");
  const compress = !out.compressed && accepts && out.body.length >= worthCompressing;
  const plain = typeof out.body === "string" ? Buffer.from(out.body) : out.body;
  const body = compress ? gzipSync(plain, { level: 1 }) : plain;
  const encoding = compress || out.compressed ? { "content-encoding": "gzip" } : {};
  res.writeHead(out.status, { "content-type": out.type, "content-length": body.length, ...encoding });
  if (how.cut) {
    const half = body.subarray(0, Math.floor(body.length / 2));
    await new Promise<void>((done) => res.write(half, () => done()));
    res.destroy();
    return half.length;
  }
  if (how.slow === undefined) {
    res.end(body);
    return body.length;
  }
  const piece = Math.max(1, Math.ceil(body.length / 8));
  for (let at = 0; at < body.length && !res.destroyed; at += piece) {
    res.write(body.subarray(at, at + piece));
    await new Promise((r) => setTimeout(r, how.slow));
  }
  res.end();
  return body.length;
}
