// Stages rows in a process of its own, by the adapter or by hand; prints what it took as JSON.
import { once } from "node:events";
import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { BigQuery, type Job as BigQueryJob } from "@google-cloud/bigquery";
import { adapterOf, type Batch, type ColumnShape } from "cutover/adapter";
import { type BigQueryOptions, bigquery } from "cutover/bigquery";
import { authClient } from "../test/simulators/bigquery/client.js";

/** What one side took: milliseconds, and the most memory that it had at once beyond its beginning, in MB. */
export interface Took {
  readonly ms: number;
  readonly memory: number;
}
export interface Job {
  readonly side: "adapter" | "hand";
  readonly rows: number;
  readonly table: string;
  readonly login: {
    readonly projectId: string;
    readonly dataset: string;
    readonly location: string;
    readonly apiEndpoint: string;
  };
  readonly token: string;
}
const job = JSON.parse(process.argv[2] ?? "") as Job;
const { dataset, ...client } = { ...job.login, authClient: authClient(job.token) };

const columns: readonly ColumnShape[] = [
  { name: "id", type: "int64", native: "INT64", nullable: false },
  { name: "customer", type: "string", native: "STRING", nullable: true },
  { name: "amount", type: "float64", native: "FLOAT64", nullable: true },
  { name: "price", type: "decimal(12,2)", native: "NUMERIC(12,2)", nullable: true },
  { name: "updated_at", type: "timestamp", native: "TIMESTAMP", nullable: true },
  { name: "open", type: "bool", native: "BOOL", nullable: true },
];
const BATCH = 2048;
const values: readonly ((i: number) => unknown)[] = [
  (i) => BigInt(i),
  (i) => (i % 10 === 0 ? null : `customer "${i % 1000}"`),
  (i) => (i % 10_000) / 7,
  (i) => `${i % 5000}.25`,
  (i) => 1_767_225_600_000_000n + BigInt(i % 1_000_000) * 1_000_001n,
  (i) => i % 3 === 0,
];
function* batches(): Generator<Batch> {
  for (let from = 0; from < job.rows; from += BATCH) {
    const rows = Math.min(BATCH, job.rows - from);
    yield { rows, columns: values.map((value) => Array.from({ length: rows }, (_, i) => value(from + i))) };
    sample();
  }
}

let start = 0;
let most = 0;
function sample(): void {
  most = Math.max(most, process.memoryUsage.rss());
}

const io = { tag: "bench", signal: new AbortController().signal };
async function byAdapter(): Promise<() => Promise<unknown>> {
  const session = await adapterOf(bigquery({ ...client, dataset } as unknown as BigQueryOptions))?.open(io);
  if (session === undefined) throw new Error("no session");
  return async () => {
    await session.stage({ path: [job.login.projectId, dataset, job.table] }, columns, asAsync(), io);
    await session.close();
  };
}
async function* asAsync(): AsyncGenerator<Batch> {
  yield* batches();
}

/** What one would write by hand. */
async function byHand(): Promise<() => Promise<unknown>> {
  const table = new BigQuery(client as never).dataset(dataset).table(job.table);
  function* lines(): Generator<string> {
    for (const { rows, columns: c } of batches()) {
      let text = "";
      for (let i = 0; i < rows; i++) {
        const micros = c[4]?.[i] as bigint;
        const at = `${new Date(Number(micros / 1000n)).toISOString().slice(0, -1)}${String(micros % 1000n).padStart(3, "0")}Z`;
        const [id, customer, amount, price, open] = [String(c[0]?.[i]), c[1]?.[i], c[2]?.[i], c[3]?.[i], c[5]?.[i]];
        text += `${JSON.stringify({ id, customer, amount, price, updated_at: at, open })}\n`;
      }
      yield text;
    }
  }
  return async () => {
    const fields = [
      { name: "id", type: "INT64", mode: "REQUIRED" },
      { name: "customer", type: "STRING" },
      { name: "amount", type: "FLOAT64" },
      { name: "price", type: "NUMERIC", precision: "12", scale: "2" },
      { name: "updated_at", type: "TIMESTAMP" },
      { name: "open", type: "BOOL" },
    ];
    const upload = table.createWriteStream({
      sourceFormat: "NEWLINE_DELIMITED_JSON",
      schema: { fields },
      writeDisposition: "WRITE_TRUNCATE",
    });
    const begun = once(upload, "job") as Promise<[BigQueryJob]>;
    Readable.from(lines())
      .pipe(createGzip({ level: 1 }))
      .pipe(upload);
    const [load] = await begun;
    await load.promise();
  };
}

const stage = await { adapter: byAdapter, hand: byHand }[job.side]();
start = process.memoryUsage.rss();
most = start;
const timer = setInterval(sample, 20);
const from = performance.now();
await stage();
const ms = performance.now() - from;
clearInterval(timer);
const took: Took = { ms, memory: (most - start) / 1024 / 1024 };
console.log(JSON.stringify(took));
