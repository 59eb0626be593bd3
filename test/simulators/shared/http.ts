import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { gunzipSync, gzipSync } from "node:zlib";

/** A whole body, compressed or not; one above the limit is read to its end, and then null. `bytes`: on the wire. */
export async function readBody(
  req: IncomingMessage,
  limit = Number.POSITIVE_INFINITY,
): Promise<{ readonly text: string; readonly bytes: number } | null> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of req as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes <= limit) pieces.push(piece);
  }
  if (bytes > limit) return null;
  const raw = Buffer.concat(pieces);
  const plain = req.headers["content-encoding"] === "gzip" && raw.length > 0 ? gunzipSync(raw) : raw;
  return { text: plain.toString("utf8"), bytes };
}

export interface Outgoing {
  readonly status: number;
  /** Empty: none is named. */
  readonly type: string;
  readonly body: Buffer | string;
  readonly headers?: Readonly<Record<string, string>>;
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
  const type = out.type === "" ? {} : { "content-type": out.type };
  const encoding = compress || out.compressed ? { "content-encoding": "gzip" } : {};
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

/** Listens on a free port of this machine. `close` cuts the connections that are open. */
export async function listen(server: Server): Promise<{ readonly port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  // an idle connection is the client's to close: a race between both ends would be a fault that no test asked for
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.on("connection", (socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
}
