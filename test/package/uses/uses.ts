// Uses of the API as a project writes them that has installed the package: compiled strictly, and run, by pack.test.ts.
import { DuckDBInstance } from "@duckdb/node-api";
import {
  anomaly,
  between,
  type Candidate,
  check,
  cutover,
  files,
  freshness,
  isCutoverError,
  maxDrop,
  noRows,
  notNull,
  type Observer,
  query,
  type RunReport,
  references,
  rowCount,
  rows,
  sql,
  table,
  unique,
  type Warehouse,
} from "cutover";
import { duckdb } from "cutover/duckdb";
import { failAt, memory, read, seed } from "cutover/testing";
import Fastify from "fastify";
import { Counter, Gauge } from "prom-client";
import * as z from "zod";
import { z as zm } from "zod/mini";

const said: Record<string, unknown> = {};

async function* fetchOrders(o: { updatedFrom?: Date | undefined; signal?: AbortSignal }) {
  o.signal?.throwIfAborted();
  const at = new Date("2026-01-01T00:00:00Z");
  for (const id of [1n, 2n, 3n])
    if (o.updatedFrom === undefined || at >= o.updatedFrom) yield { id, customer: " Ada ", amount: 10.5, updated_at: at };
}

// (1) README
const orders = table("main.orders", {
  columns: z.object({ id: z.bigint(), customer: z.string(), amount: z.number(), updated_at: z.date() }),
  types: { amount: "decimal(18,2)" },
  key: "id",
  cursor: "updated_at",
  lookback: "10m",
  checks: [rowCount({ min: 1 }), notNull("id", "amount"), unique("id"), maxDrop(0.2), between("amount", { min: 0 })],
});
const items = table("main.items", {
  columns: { order_id: "int64", line: "int64", price: "decimal(18,2)?", seq: "int64" },
  key: ["order_id", "line"],
  cursor: "seq",
  checks: [
    references("order_id", orders, "id"),
    noRows("no price", sql`SELECT * FROM ${sql.self} WHERE price IS NULL`),
    check("lines", async ({ query, self }) => ({ pass: (await query(sql`SELECT * FROM ${self} WHERE line < 1`)).length === 0 })),
  ],
});
const days = table("main.days", { columns: { day: "date", total: "float64" }, mode: "partition", partition: "day" });
const config = { pipeline: "orders", tables: { orders, items, days } };
const warehouse = memory();
const etl = cutover({ ...config, warehouse });
await seed(warehouse, "raw.items", {
  columns: { order_id: "int64", line: "int64", price: "decimal(18,2)", seq: "int64" },
  rows: [{ order_id: 1, line: 1, price: "1.50", seq: 1 }],
});
const load = () =>
  etl.run(({ since, signal }) => ({
    orders: rows(fetchOrders({ updatedFrom: since.orders, signal })),
    items: query(sql`SELECT * FROM raw.items WHERE ${sql.since("seq", since.items)}`),
    days: rows([{ day: "2026-01-01", total: 1 }]),
  }));
const report = await load();
report.tables.orders?.updated satisfies number | undefined;
said["run"] = [report.status, report.tables.orders?.inserted, report.tables.items?.inserted];
await seed(warehouse, "raw.items", [{ order_id: 2, line: 1, price: "2.50", seq: 2 }]);
said["increment"] = [(await load()).status, (await etl.status()).watermarks.items];

const instance = await DuckDBInstance.create();
const connection = await instance.connect();
await connection.run(
  "COPY (SELECT 4::BIGINT AS id, ' Bo ' AS customer, 1.25::DECIMAL(18,2) AS amount, TIMESTAMPTZ '2026-01-02 00:00:00+00' AS updated_at) TO 'orders.parquet'",
);
const candidate = await etl.clone({ tables: ["orders"] });
await candidate.load({ orders: files("orders*.parquet") });
await candidate.transform(sql`UPDATE ${candidate.refs.orders} SET customer = trim(customer)`);
const result = await candidate.validate();
if (result.ok) await candidate.swap();
else await candidate.reject();
said["swap"] = (await read(warehouse, orders, { orderBy: "id" })).map((o) => `${o.id} ${o.customer} ${o.amount}`);
for await (const c of etl.diff("items", { from: 1, to: 2 })) if (c.op === "insert") c.after.price satisfies string | null;
said["rollback"] = [(await etl.rollback()).to, (await etl.redo()).to];

// (2) Fastify
const runs = new Counter({ name: "cutover_runs_total", help: "runs", labelNames: ["pipeline", "status"] });
const stage = new Gauge({ name: "cutover_stage_duration_seconds", help: "stage", labelNames: ["pipeline", "stage"] });
const metrics: Observer = {
  event(e) {
    if (e.type === "stage.end") stage.set({ pipeline: e.pipeline, stage: e.stage }, e.ms / 1000);
  },
};
const app = Fastify({ logger: { level: "silent" } });
const stop = new AbortController();
const service = cutover({
  ...config,
  warehouse: duckdb({ instance, maxSessions: 2 }),
  logger: app.log,
  observers: [metrics],
  lease: { wait: "5s" },
});
await cutover({ ...config, warehouse: memory(), logger: console }).close();
app.addHook("onClose", async () => {
  stop.abort();
  await service.close();
});
app.post<{ Params: { day: string } }>("/runs/:day", async (req, reply) => {
  try {
    const r: RunReport = await service.run(
      ({ since, signal }) => ({ orders: rows(() => fetchOrders({ updatedFrom: since.orders, signal })) }),
      { signal: stop.signal, idempotencyKey: req.params.day },
    );
    runs.inc({ pipeline: "orders", status: r.status });
    return r; // JSON-safe
  } catch (e) {
    if (isCutoverError(e, "CHECKS_FAILED")) return reply.code(422).send(e.context.checks.filter((c) => c.outcome === "fail"));
    if (isCutoverError(e, "LEASE_HELD")) return reply.code(409).send({ owner: e.context.owner, expires: e.context.expires });
    if (isCutoverError(e) && e.retryable) return reply.code(503).send({ code: e.code });
    throw e;
  }
});
const answers = [];
for (const day of ["1", "1"]) answers.push((await app.inject({ method: "POST", url: `/runs/${day}` })).json().status);
said["service"] = answers;
await app.close();
connection.closeSync();
instance.closeSync();

// (3) a failure in the middle, and again
const shaky = failAt(memory(), 4);
const there = cutover({ warehouse: shaky, pipeline: "p", tables: { days } });
const failed = await there.run({ days: rows([{ day: "2026-01-01", total: 1 }]) }).catch((e: unknown) => e);
said["failure"] = [
  isCutoverError(failed),
  shaky.failed(),
  (await there.run({ days: rows([{ day: "2026-01-01", total: 1 }]) })).status,
];
await there.close();

// (4) approval across two processes: each has a pipeline of its own
async function propose(by: typeof etl): Promise<{ release: number; digest: string }> {
  const c = await by.rebuild({ tables: ["orders"] });
  await c.load({ orders: files("orders*.parquet") });
  await c.load({ orders: rows(fetchOrders({})) });
  const v = await c.validate();
  if (!v.ok) {
    await c.reject("checks");
    throw new Error("checks");
  }
  await c.hold({ for: "3d" }); // gives the lease up; recover() will not drop it
  return { release: c.id, digest: v.digest };
}
async function approve(by: typeof etl, ticket: { release: number; digest: string }): Promise<RunReport | { digest: string }> {
  const r = await by.resume(ticket.release);
  try {
    return await r.publish({ expect: ticket.digest });
  } catch (e) {
    if (!isCutoverError(e, "STALE_CANDIDATE") || !("rebase" in r)) throw e;
    await r.rebase();
    const { digest } = await r.validate();
    await r.hold({ for: "3d" });
    return { digest }; // another one: a person looks again
  }
}
const ticket = await propose(etl);
await etl.run({ orders: rows([{ id: 9n, customer: "Di", amount: 1, updated_at: new Date("2026-01-03T00:00:00Z") }]) });
const approver = cutover({ ...config, warehouse });
const looked = await approve(approver, ticket);
if (!("digest" in looked)) throw new Error("what had gone stale was published");
const approved = await approve(approver, { ...ticket, digest: looked.digest });
said["approval"] = "release" in approved ? [approved.status, approved.release === ticket.release] : approved;
await approver.close();

await etl.close();
console.log(JSON.stringify(said));

export function mustNotCompile(warehouse: Warehouse) {
  const columns = z.object({ id: z.bigint(), status: z.string(), at: z.date() });
  table("t", {
    columns,
    key: "id",
    cursor: "at",
    checks: [notNull("id", "status"), freshness("at", { maxAge: "1d" }), anomaly("rows")],
  });
  // @ts-expect-error typo in key
  table("t", { columns, key: "idd" });
  // @ts-expect-error typo in cursor
  table("t", { columns, key: "id", cursor: "att" });
  // @ts-expect-error typo in a check
  table("t", { columns, key: "id", checks: [notNull("id", "statuss")] });
  // @ts-expect-error typo in types
  table("t", { columns, key: "id", types: { statuss: "int64" } });
  // @ts-expect-error upsert needs a key
  table("t", { columns });
  // @ts-expect-error partition mode needs a partition
  table("t", { columns, mode: "partition" });
  // @ts-expect-error not a column type
  table("t", { columns: { id: "int" }, key: "id" });
  const a = table("a", { columns, key: "id", cursor: "at" });
  const b = table("b", { columns: { id: "int64", n: "decimal(10,2)?" }, key: "id" });
  const m = table("m", { columns: zm.object({ id: zm.bigint(), at: zm.date() }), key: "id", cursor: "at" }); // zod/mini works
  const p = cutover({ warehouse, pipeline: "p", tables: { a, b, m } });
  // @ts-expect-error a text is no bigint
  p.run({ a: rows([{ id: "1", status: "x", at: new Date() }]) });
  // @ts-expect-error no such table
  p.run({ c: rows([{ id: 1n }]) });
  // @ts-expect-error no such table, in a callback
  p.run(() => ({ c: rows([{ id: 1n }]) }));
  p.run(({ since }) => {
    // @ts-expect-error b has no cursor
    since.b;
    return {};
  });
  p.run(({ since }) => {
    since.m satisfies Date | undefined;
    return { b: rows([{ id: 1 }, { id: 2n, n: "1.10" }]) };
  });
  // @ts-expect-error undefined cannot be bound
  sql`select ${undefined}`;
  // @ts-expect-error release in place has no swap
  p.begin().then((r) => r.swap());
  p.clone({ tables: ["a"] }).then((c: Candidate<{ a: typeof a }>) => c);
  // @ts-expect-error not in this candidate
  p.clone({ tables: ["a"] }).then((c) => c.load({ b: rows([{ id: 1 }]) }));
  // @ts-expect-error rows of another type
  seed(warehouse, b, [{ id: "1" }]);
  read(warehouse, a).then((found) => found[0]?.at satisfies Date | undefined);
  // @ts-expect-error no such column
  read(warehouse, a, { orderBy: "nothing" });
}
