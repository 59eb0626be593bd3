// Stages rows in a process of its own, by the adapter or by hand; prints what it took as JSON.
import { createWriteStream, readdirSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { adapterOf, type Batch, type ColumnShape } from "cutover/adapter";
import { snowflake } from "cutover/snowflake";
import driver from "snowflake-sdk";

/** What one side took: milliseconds, and the most that it had at once beyond its beginning, in MB. */
export interface Took {
  readonly ms: number;
  readonly memory: number;
  readonly disk: number;
}
export interface Job {
  readonly side: "adapter" | "hand";
  readonly rows: number;
  readonly table: string;
  readonly login: { readonly account: string; readonly database: string; readonly schema: string };
}
const job = JSON.parse(process.argv[2] ?? "") as Job;

const columns: readonly ColumnShape[] = [
  { name: "id", type: "int64", native: "NUMBER(19,0)", nullable: false },
  { name: "customer", type: "string", native: "VARCHAR", nullable: true },
  { name: "amount", type: "float64", native: "FLOAT", nullable: true },
  { name: "price", type: "decimal(12,2)", native: "NUMBER(12,2)", nullable: true },
  { name: "updated_at", type: "timestamp", native: "TIMESTAMP_LTZ(6)", nullable: true },
  { name: "open", type: "bool", native: "BOOLEAN", nullable: true },
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

const MB = 1024 * 1024;
const onDisk = (folder: string): number =>
  readdirSync(folder, { withFileTypes: true, recursive: true }).reduce((sum, entry) => {
    const there = entry.isFile() ? statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false }) : undefined;
    return sum + (there?.size ?? 0);
  }, 0);
let start = { memory: 0, disk: 0 };
let most = start;
const now = () => ({ memory: process.memoryUsage.rss(), disk: onDisk(tmpdir()) });
function sample(): void {
  const { memory, disk } = now();
  most = { memory: Math.max(most.memory, memory), disk: Math.max(most.disk, disk) };
}

async function byAdapter(): Promise<() => Promise<unknown>> {
  const session = await adapterOf(snowflake(job.login))?.open(io);
  if (session === undefined) throw new Error("no session");
  const path = [job.login.database, job.login.schema, job.table];
  return async () => {
    await session.stage({ path }, columns, asAsync(), io);
    await session.close();
  };
}
const io = { tag: "bench", signal: new AbortController().signal };
async function* asAsync(): AsyncGenerator<Batch> {
  yield* batches();
}

/** What one would write by hand. */
async function byHand(): Promise<() => Promise<unknown>> {
  driver.configure({ logLevel: "OFF", additionalLogToConsole: false });
  const connection = driver.createConnection(job.login);
  await connection.connectAsync(() => undefined);
  const run = (sqlText: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      connection.execute({ sqlText, complete: (e, _, rows) => (e ? reject(e) : resolve(rows)) });
    });
  const field = (text: unknown): string => (text === null ? "" : `"${String(text).replaceAll('"', '""')}"`);
  async function* lines(): AsyncGenerator<string> {
    for (const { rows, columns: c } of batches()) {
      let text = "";
      for (let i = 0; i < rows; i++) {
        const micros = c[4]?.[i] as bigint;
        const at = `${new Date(Number(micros / 1000n)).toISOString().slice(0, -1)}${String(micros % 1000n).padStart(3, "0")}Z`;
        text += `${c[0]?.[i]},${field(c[1]?.[i])},${c[2]?.[i]},${c[3]?.[i]},${at},${c[5]?.[i]}\n`;
      }
      yield text;
    }
  }
  return async () => {
    const file = join(tmpdir(), "rows.csv.gz");
    await pipeline(lines, createGzip({ level: 1 }), createWriteStream(file));
    await run("CREATE TEMPORARY STAGE by_hand");
    await run(`PUT 'file://${file}' @by_hand AUTO_COMPRESS = FALSE`);
    await rm(file);
    const list = columns.map((col) => `"${col.name}" ${col.native}`).join(", ");
    await run(`CREATE TRANSIENT TABLE ${job.table} (${list})`);
    await run(`COPY INTO ${job.table} FROM @by_hand FILE_FORMAT = (TYPE = CSV FIELD_OPTIONALLY_ENCLOSED_BY = '"')`);
    await new Promise((done) => connection.destroy(done));
  };
}

const stage = await { adapter: byAdapter, hand: byHand }[job.side]();
start = now();
most = start;
const timer = setInterval(sample, 20);
const from = performance.now();
await stage();
const ms = performance.now() - from;
clearInterval(timer);
const took: Took = { ms, memory: (most.memory - start.memory) / MB, disk: (most.disk - start.disk) / MB };
console.log(JSON.stringify(took));
