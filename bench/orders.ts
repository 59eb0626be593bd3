import { cutover, files, notNull, type Pipeline, rowCount, table, unique } from "cutover";
import { duckdb } from "cutover/duckdb";
import { bare } from "./support.js";

export const orders = table("main.orders", {
  columns: { id: "int64", customer: "string?", amount: "float64?", updated_at: "datetime?", status: "string?" },
  key: "id",
  cursor: "updated_at",
  checks: [rowCount({ min: 1 }), notNull("id", "amount"), unique("id")],
});
type Orders = Pipeline<{ orders: typeof orders }>;
export const ordersOn = (path: string): Orders =>
  cutover({ warehouse: duckdb({ path }), pipeline: "orders", tables: { orders } });

/** The same rows every time. */
export const ordersOf = (rows: number): string =>
  `SELECT i::BIGINT AS id, 'customer ' || (i % 1000) AS customer, ((i % 10000) / 7.0)::DOUBLE AS amount,
    TIMESTAMP '2026-01-01' + to_seconds(i % 1000000) AS updated_at, CASE WHEN i % 3 = 0 THEN 'open' ELSE 'done' END AS status
    FROM range(${rows}) t(i)`;

/** `changed` updates spread over the table and `added` rows behind it, as a Parquet file. */
export function writeDelta(path: string, file: string, rows: number, changed: number, added: number): Promise<unknown> {
  const step = Math.max(1, Math.floor(rows / changed));
  const updates = `SELECT (i * ${step})::BIGINT AS id, 'changed ' || i AS customer, i / 3.0::DOUBLE AS amount,
    TIMESTAMP '2026-02-01' AS updated_at, 'done' AS status FROM range(${changed}) t(i)`;
  const inserts = `SELECT ${rows} + i, 'new', 1.5, TIMESTAMP '2026-02-01', 'open' FROM range(${added}) t(i)`;
  return bare(path, (c) => c.run(`COPY (${updates} UNION ALL ${inserts}) TO '${file}'`));
}

/** A database with that many orders, adopted by a pipeline: what both sides start from. */
export async function prepareOrders(path: string, rows: number): Promise<void> {
  await bare(path, (c) => c.run(`CREATE TABLE orders AS ${ordersOf(rows)}`));
  const etl = ordersOn(path);
  await etl.adopt();
  await etl.close();
}

/** A release of that file's rows. */
export const release = (etl: Orders, file: string): ReturnType<Orders["run"]> => etl.run({ orders: files(file) });
