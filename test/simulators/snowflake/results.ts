import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { SimColumn, SimResult, SimRow } from "./engine/types.js";

/** Where a result is cut. Bytes of JSON text. */
export interface ChunkSizes {
  /** What comes with the answer itself. */
  readonly first: number;
  /** What one chunk holds. */
  readonly chunk: number;
}

export interface Chunk {
  readonly rows: number;
  readonly body: Buffer;
  readonly size: number;
}

/** A result's rows as text: those of the answer, and the chunks fetched after it. */
export interface Rowset {
  readonly first: string;
  readonly chunks: readonly Chunk[];
  readonly rows: number;
  /** A key that must come with every fetch of a chunk; empty where there are no chunks. */
  readonly key: string;
}

/** Chunks hold rows without the outer brackets, compressed (connection/result/chunk.js puts the brackets around them). */
export async function cut(rows: SimResult["rows"], sizes: ChunkSizes): Promise<Rowset> {
  let first: string | undefined;
  let texts: string[] = [];
  let size = 0;
  let total = 0;
  const chunks: Chunk[] = [];
  const end = (): void => {
    const text = texts.join(",");
    if (first === undefined) first = `[${text}]`;
    else chunks.push({ rows: texts.length, size: Buffer.byteLength(text), body: gzipSync(text, { level: 1 }) });
    texts = [];
    size = 0;
  };
  const take = (batch: readonly SimRow[]): void => {
    for (const row of batch) {
      const text = JSON.stringify(row);
      const limit = first === undefined ? sizes.first : sizes.chunk;
      if (size > 0 && size + text.length > limit) end();
      texts.push(text);
      size += text.length + 1;
      total += 1;
    }
  };
  if (Symbol.asyncIterator in rows) for await (const batch of rows) take(batch);
  else take(rows);
  if (texts.length > 0 || first === undefined) end();
  return { first: first ?? "[]", chunks, rows: total, key: chunks.length > 0 ? randomBytes(32).toString("base64") : "" };
}

/** As services answer: names and types of data_types.js in the driver are lower case. */
export function rowtype(c: SimColumn): Record<string, unknown> {
  return {
    name: c.name,
    database: "",
    schema: "",
    table: "",
    nullable: c.nullable,
    type: c.type.toLowerCase(),
    length: c.length ?? null,
    byteLength: c.length ?? null,
    precision: c.precision ?? null,
    scale: c.scale ?? null,
    collation: null,
  };
}

/** The answer's text. The rows are text already, so they are put in as they are. */
export function answer(data: Record<string, unknown>, rows: Rowset, chunkUrl: (n: number) => string): string {
  const chunks =
    rows.chunks.length === 0
      ? {}
      : {
          // Amazon's names, as on accounts there: the driver sends back whatever headers stand here (connection/result/result.js)
          chunkHeaders: {
            "x-amz-server-side-encryption-customer-algorithm": "AES256",
            "x-amz-server-side-encryption-customer-key": rows.key,
          },
          qrmk: rows.key,
          chunks: rows.chunks.map((c, n) => ({
            url: chunkUrl(n),
            rowCount: c.rows,
            uncompressedSize: c.size,
            compressedSize: c.body.length,
          })),
        };
  const head = JSON.stringify({ ...data, total: rows.rows, returned: rows.rows, ...chunks });
  return `{"data":${head.slice(0, -1)},"rowset":${rows.first}},"code":null,"message":null,"success":true}`;
}
