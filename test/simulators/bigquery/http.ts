import type { IncomingMessage, ServerResponse } from "node:http";
import { gunzipSync, gzipSync } from "node:zlib";
import { SimError } from "./engine/types.js";
import { errorBody, errors } from "./errors.js";

export interface Outgoing {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The service writes the charset in capitals, so the client takes the body for text and parses it later (teeny-request, index.js). */
const jsonType = "application/json; charset=UTF-8";

export const json = (body: string, status = 200): Outgoing => ({ status, type: jsonType, body });
export const ok = (value: unknown): Outgoing => json(JSON.stringify(value));
export const nothing: Outgoing = { status: 204, type: "", body: "" };
export const refused = (e: SimError): Outgoing => json(errorBody(e), e.status);

/** A whole body of JSON; one above the limit is read to its end and then refused. */
export async function readBody(req: IncomingMessage, limit: number): Promise<{ readonly text: string; readonly bytes: number }> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of req as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes <= limit) pieces.push(piece);
  }
  if (bytes > limit) throw errors.bodyTooLarge();
  const raw = Buffer.concat(pieces);
  const plain = req.headers["content-encoding"] === "gzip" && raw.length > 0 ? gunzipSync(raw) : raw;
  return { text: plain.toString("utf8"), bytes };
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
  const compress = accepts && out.body.length >= worthCompressing;
  const plain = Buffer.from(out.body);
  const body = compress ? gzipSync(plain, { level: 1 }) : plain;
  const type = out.type === "" ? {} : { "content-type": out.type };
  const encoding = compress ? { "content-encoding": "gzip" } : {};
  const length = out.status === 204 ? {} : { "content-length": body.length };
  res.writeHead(out.status, { ...type, ...length, ...encoding, ...out.headers });
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

/** An answer that is no answer of the service's own: a proxy before it, or the error body that such a status has there. */
export function httpError(status: number, reason?: string, message?: string): Outgoing {
  const usual: Record<number, string> = { 429: "rateLimitExceeded", 500: "internalError", 503: "backendError" };
  const named = reason ?? usual[status];
  if (named === undefined)
    return { status, type: "text/html; charset=UTF-8", body: `<html><title>Error ${status}</title></html>` };
  return refused(new SimError(named, status, message ?? `Error ${status}: ${named}`));
}
