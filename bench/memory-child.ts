// One job in a process of its own; prints the MB that it took at most, beyond its beginning and the engine's limit.
import { setTimeout as sleep } from "node:timers/promises";
import { cutover, query, rows, sql } from "cutover";
import { duckdb } from "cutover/duckdb";
import { items, plainItems } from "./staging.js";

const LIMIT_MB = 512;
const MB = 1024 * 1024;
const [job, size, path = ""] = process.argv.slice(2);
const count = Number(size);
const warehouse = duckdb({ path, config: { memory_limit: `${LIMIT_MB}MiB` } });
const etl = cutover({ warehouse, pipeline: "items", tables: { items: plainItems } });
const change = (from: string) =>
  query(sql`SELECT i AS id, ${from} || i AS customer, i / 7.0::DOUBLE AS amount,
  TIMESTAMPTZ '2026-01-01 00:00:00+00' AS updated_at, 'open' AS status FROM range(${count}) t(i)`);

await etl.run({ items: rows(items(10)) });
const release = await etl.begin();
await release.load({ items: rows(items(1000)) });
await release.reject();
if (job === "diff") {
  await etl.run({ items: change("before ") });
  await etl.run({ items: change("after ") });
}
// The peak of what was prepared must not hide that of the job: samples, not the peak of the process.
const before = process.memoryUsage.rss();
let most = before;
const sample = (): void => {
  most = Math.max(most, process.memoryUsage.rss());
};
function* sampled<T>(from: Iterable<T>): Generator<T> {
  let n = 0;
  for (const each of from) {
    if (++n % 10_000 === 0) sample();
    yield each;
  }
}
const timer = setInterval(sample, 20);
if (job === "diff") {
  const to = (await etl.status()).live ?? 0;
  let n = 0;
  for await (const _ of etl.diff("items", { from: to - 1, to })) if (++n % 10_000 === 0) sample();
  if (n !== count) throw new Error(`${n} changes instead of ${count}`);
} else {
  const load = await etl.begin();
  await load.load({ items: rows(sampled(items(count))) });
  sample();
  await load.reject();
}
clearInterval(timer);
await sleep(0);
console.log(Math.max(0, (most - before) / MB - LIMIT_MB).toFixed(1));
await etl.close();
