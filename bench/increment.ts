// One incremental release against the bare SQL for it, as ratios within one process. `npm run bench [-- --json] [rows] [runs]`
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { cutover, files, notNull, type Pipeline, rowCount, table, unique } from "cutover";
import { duckdb } from "cutover/duckdb";

const json = process.argv.includes("--json");
const [rows = 10_000_000, runs = 5] = process.argv
  .slice(2)
  .filter((a) => /^\d+$/.test(a))
  .map(Number);
const changed = 99_000;
const added = 11_000;

const dir = mkdtempSync(join(tmpdir(), "cutover-bench-"));
const [start, work, delta] = [join(dir, "start.duckdb"), join(dir, "work.duckdb"), join(dir, "delta.parquet")];
const orders = table("main.orders", {
  columns: { id: "int64", customer: "string?", amount: "float64?", updated_at: "datetime?", status: "string?" },
  key: "id",
  cursor: "updated_at",
  checks: [rowCount({ min: 1 }), notNull("id", "amount"), unique("id")],
});
type Orders = Pipeline<{ orders: typeof orders }>;
const pipeline = (path: string): Orders => cutover({ warehouse: duckdb({ path }), pipeline: "orders", tables: { orders } });

const bare = {
  staged: `CREATE TEMP TABLE d AS FROM '${delta}'`,
  apply: ["DELETE FROM orders WHERE id IN (SELECT id FROM d)", "INSERT INTO orders FROM d"],
  // The fastest of three ways to find a key twice: row_number, ahead of GROUP BY … HAVING and count(DISTINCT).
  check: `SELECT count(*), count_if(id IS NULL), count_if(amount IS NULL),
    (SELECT count(*) FROM (SELECT row_number() OVER (PARTITION BY id) AS n FROM orders) WHERE n > 1) FROM orders`,
  merge: `MERGE INTO orders l USING '${delta}' d ON l.id = d.id
    WHEN MATCHED THEN UPDATE SET customer = d.customer, amount = d.amount, updated_at = d.updated_at, status = d.status
    WHEN NOT MATCHED THEN INSERT VALUES (d.id, d.customer, d.amount, d.updated_at, d.status)`,
};

async function prepare(): Promise<void> {
  const instance = await DuckDBInstance.create(start);
  const c = await instance.connect();
  await c.run(`CREATE TABLE orders AS SELECT i::BIGINT AS id, 'customer ' || (i % 1000) AS customer, ((i % 10000) / 7.0)::DOUBLE AS amount,
    TIMESTAMP '2026-01-01' + to_seconds(i % 1000000) AS updated_at, CASE WHEN i % 3 = 0 THEN 'open' ELSE 'done' END AS status FROM range(${rows}) t(i)`);
  const step = Math.floor(rows / changed);
  await c.run(`COPY (SELECT (i * ${step})::BIGINT AS id, 'changed ' || i AS customer, i / 3.0::DOUBLE AS amount, TIMESTAMP '2026-02-01' AS updated_at, 'done' AS status
    FROM range(${changed}) t(i) UNION ALL SELECT ${rows} + i, 'new', 1.5, TIMESTAMP '2026-02-01', 'open' FROM range(${added}) t(i)) TO '${delta}'`);
  c.closeSync();
  instance.closeSync();
  const etl = pipeline(start);
  await etl.adopt();
  await etl.close();
}

async function ms(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}
/** Bare SQL on a fresh copy, warmed by one count. */
async function onCopy(work_: (c: DuckDBConnection) => Promise<number>): Promise<number> {
  copyFileSync(start, work);
  const instance = await DuckDBInstance.create(work);
  const c = await instance.connect();
  await c.run("SELECT count(*) FROM orders");
  const took = await work_(c);
  c.closeSync();
  instance.closeSync();
  return took;
}
const deleteInsert = (c: DuckDBConnection): Promise<number> =>
  ms(async () => {
    for (const sql of ["BEGIN", bare.staged, ...bare.apply, "COMMIT"]) await c.run(sql);
  });

interface Round {
  readonly apply: number;
  readonly checked: number;
  readonly merge: number;
  readonly run: number;
  readonly rollback: number;
}
async function round(): Promise<Round> {
  const both = { apply: 0 };
  const checked = await onCopy(async (c) => {
    both.apply = await deleteInsert(c);
    return both.apply + (await ms(() => c.run(bare.check)));
  });
  const merge = await onCopy((c) => ms(() => c.run(bare.merge)));
  copyFileSync(start, work);
  const etl = pipeline(work);
  await etl.status();
  const run = await ms(() => etl.run({ orders: files(delta) }));
  const rollback = await ms(() => etl.rollback());
  await etl.close();
  return { apply: both.apply, checked, merge, run, rollback };
}

const jobs = [
  {
    job: "run, 110,000 rows into the table, 4 checks",
    against: "DELETE + INSERT and the fastest check",
    bar: 1,
    ratio: (r: Round) => r.run / r.checked,
  },
  { job: "the same", against: "bare MERGE", bar: 2.5, ratio: (r: Round) => r.run / r.merge },
  { job: "rollback of that release", against: "DELETE + INSERT", bar: 1.2, ratio: (r: Round) => r.rollback / r.apply },
];
try {
  await prepare();
  const rounds: Round[] = [];
  for (let i = 0; i < runs; i++) rounds.push(await round());
  const figures = jobs.map(({ job, against, bar, ratio }) => {
    const all = rounds.map(ratio).sort((a, b) => a - b);
    const at = (i: number): number => Number((all[i] ?? Number.NaN).toFixed(2));
    return { job, against, ratio: at(all.length >> 1), bar, min: at(0), max: at(all.length - 1), runs };
  });
  if (json) console.log(JSON.stringify({ jobs: figures }));
  else
    for (const f of figures)
      console.log(`${f.job}: ${f.ratio} × ${f.against} (bar ${f.bar}; ${f.min} to ${f.max} in ${f.runs} runs)`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
