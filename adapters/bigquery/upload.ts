import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import { type Answer, type Client, type Request, send } from "./client.js";
import { BigQueryFault, cancelled, fault } from "./errors.js";
import type { JobResource, Service, Submit } from "./jobs.js";
import { patiently } from "./retry.js";

/** A multiple of 256 KiB (docs: resumable uploads, "Upload the data in chunks"). What is no longer goes in one request. */
const CHUNK = 16 * 1024 * 1024;

/**
 * Sends a load job together with its bytes. What is longer than a chunk goes by a resumable upload: the job begins when the last
 * byte has arrived, so a source that fails in mid-stream loads nothing, and a chunk that is lost is sent once more.
 */
export const uploading =
  (s: Service, body: () => Readable, given: AbortSignal): Submit =>
  async (job, signal) => {
    const stream = body();
    const onAbort = (): void => {
      stream.destroy(new DOMException("the call was aborted", "AbortError"));
    };
    // Of what has not been sent to its end nothing comes, so nobody has to wait for it.
    given.addEventListener("abort", onAbort, { once: true });
    try {
      if (given.aborted) throw cancelled("signal", true);
      const chunks = chunksOf(stream);
      const first = await chunks.next();
      const second = first.done === true ? first : await chunks.next();
      const begun = first.done === true ? Buffer.alloc(0) : first.value;
      if (second.done === true) return await whole(s, job, begun, signal);
      return await inChunks(s, job, begun, second.value, chunks, signal);
    } finally {
      given.removeEventListener("abort", onAbort);
      stream.destroy();
    }
  };

/** The bytes of a stream in pieces of one size; the last may be shorter. */
async function* chunksOf(stream: Readable): AsyncGenerator<Buffer, undefined> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const part of stream as AsyncIterable<Uint8Array>) {
    let rest = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
    while (size + rest.length > CHUNK) {
      yield Buffer.concat([...parts, rest.subarray(0, CHUNK - size)]);
      rest = rest.subarray(CHUNK - size);
      parts = [];
      size = 0;
    }
    parts.push(rest);
    size += rest.length;
  }
  if (size > 0) yield Buffer.concat(parts);
  return undefined;
}

const uriOf = (s: Service): string =>
  `${s.client.raw.apiEndpoint ?? "https://bigquery.googleapis.com"}/upload/bigquery/v2/projects/${s.project}/jobs`;

function whole(s: Service, job: JobResource, bytes: Buffer, signal: AbortSignal): Promise<Answer> {
  const boundary = `cutover-${randomUUID()}`;
  const part = (type: string): string => `--${boundary}\r\nContent-Type: ${type}\r\n\r\n`;
  const head = `${part("application/json; charset=UTF-8")}${JSON.stringify(job)}\r\n${part("application/octet-stream")}`;
  const request: Request = {
    method: "POST",
    uri: uriOf(s),
    query: { uploadType: "multipart" },
    headers: { "Content-Type": `multipart/related; boundary=${boundary}` },
    body: Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]),
    timeoutMs: UPLOAD_MS,
  };
  return send(s.client, request, { signal }, [409]);
}
const UPLOAD_MS = 600_000;

async function inChunks(
  s: Service,
  job: JobResource,
  first: Buffer,
  second: Buffer,
  more: AsyncGenerator<Buffer, undefined>,
  signal: AbortSignal,
): Promise<Answer> {
  const opened = await send(
    s.client,
    {
      method: "POST",
      uri: uriOf(s),
      query: { uploadType: "resumable" },
      headers: { "X-Upload-Content-Type": "application/octet-stream" },
      body: JSON.stringify(job),
    },
    { signal },
    [409],
  ).catch((e: unknown) => {
    // No job comes of an upload that was only announced.
    throw e instanceof BigQueryFault ? new BigQueryFault(e.message, { ...e.fault, outcome: "not-applied" }, e) : e;
  });
  if (opened.status === 409) return opened;
  const { location } = opened.headers;
  if (location === undefined) throw fault("transient", "the service opened no upload", "Run again.");
  const upload = { client: s.client, session: new URL(location), signal };
  let offset = 0;
  let chunk = first;
  let next: Buffer | undefined = second;
  for (;;) {
    const total = next === undefined ? offset + chunk.length : null;
    const answer = await put(upload, chunk, offset, total);
    if (answer.status !== 308) return answer;
    if (total !== null) throw fault("transient", "the upload has ended, and the service waits for more", "Run again.");
    offset += chunk.length;
    chunk = next as Buffer;
    const read = await more.next();
    next = read.done === true ? undefined : read.value;
  }
}

interface Upload {
  readonly client: Client;
  readonly session: URL;
  readonly signal: AbortSignal;
}
/** One chunk, until the service has all of it. */
async function put(u: Upload, chunk: Buffer, offset: number, total: number | null): Promise<Answer> {
  let kept = offset;
  let lost = false;
  return patiently(u.signal, async () => {
    if (lost) {
      const state = await ask(u, Buffer.alloc(0), `bytes */${total ?? "*"}`);
      if (state.status !== 308) return state;
      kept = Math.max(keptOf(state), offset);
    }
    while (kept < offset + chunk.length) {
      lost = true;
      const range = `bytes ${kept}-${offset + chunk.length - 1}/${total ?? "*"}`;
      const answer = await ask(u, chunk.subarray(kept - offset), range);
      lost = false;
      if (answer.status !== 308) return answer;
      const now = keptOf(answer);
      if (now <= kept) throw fault("transient", "the service keeps nothing of what is uploaded", "Run again.");
      kept = now;
    }
    return { status: 308, headers: {}, body: null };
  });
}
/** How many bytes have arrived: `Range: bytes=0-99`, or no such header where none have. */
const keptOf = (a: Answer): number => {
  const last = /-(\d+)$/.exec(a.headers["range"] ?? "")?.[1];
  return last === undefined ? 0 : Number(last) + 1;
};
function ask({ client, session, signal }: Upload, body: Buffer, range: string): Promise<Answer> {
  const request: Request = {
    method: "PUT",
    uri: `${session.origin}${session.pathname}`,
    // The client adds a parameter of its own behind a `?` of its own.
    query: Object.fromEntries(session.searchParams),
    headers: { "Content-Range": range, "Content-Length": String(body.length) },
    body,
    timeoutMs: UPLOAD_MS,
  };
  return send(client, request, { signal }, [308, 409]);
}
