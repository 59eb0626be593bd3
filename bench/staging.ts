import { DuckDBDataChunk, DuckDBTimestampTZValue } from "@duckdb/node-api";
import { cutover, rows, table } from "cutover";
import { duckdb } from "cutover/duckdb";
import * as z from "zod";
import { bare, figure, type Group, ms, rounds } from "./support.js";

interface Item {
  readonly id: bigint;
  readonly customer: string;
  readonly amount: number;
  readonly updated_at: Date;
  readonly status: string;
}
export function* items(count: number): Generator<Item> {
  for (let i = 0; i < count; i++) yield item(i);
}
const item = (i: number): Item => ({
  id: BigInt(i),
  customer: `customer ${i % 1000}`,
  amount: (i % 10_000) / 7,
  updated_at: new Date(1_767_225_600_000 + (i % 1_000_000) * 1000),
  status: i % 3 === 0 ? "open" : "done",
});
const columns = z.object({ id: z.bigint(), customer: z.string(), amount: z.number(), updated_at: z.date(), status: z.string() });

export const plainItems = table("main.items", {
  columns: { id: "int64", customer: "string", amount: "float64", updated_at: "timestamp", status: "string" },
  key: "id",
  checks: [],
});
const parsedItems = table("main.items", { columns, key: "id", checks: [] });

const CHUNK = 2048;

/** What one would write by hand: a chunk at a time, a column at a time. */
async function append(path: string, all: readonly Item[]): Promise<number> {
  return bare(path, async (c) => {
    await c.run("CREATE TABLE seen (id BIGINT)");
    return ms(async () => {
      await c.run(
        "CREATE TABLE items (id BIGINT, customer VARCHAR, amount DOUBLE, updated_at TIMESTAMP WITH TIME ZONE, status VARCHAR)",
      );
      const appender = await c.createAppender("items");
      const types = [0, 1, 2, 3, 4].map((i) => appender.columnType(i));
      for (let at = 0; at < all.length; at += CHUNK) {
        const part = all.slice(at, at + CHUNK);
        const chunk = DuckDBDataChunk.create(types, part.length);
        chunk.setColumns([
          part.map((r) => r.id),
          part.map((r) => r.customer),
          part.map((r) => r.amount),
          part.map((r) => new DuckDBTimestampTZValue(BigInt(r.updated_at.getTime()) * 1000n)),
          part.map((r) => r.status),
        ]);
        appender.appendDataChunk(chunk);
      }
      appender.closeSync();
    });
  });
}

/** One load of a release by steps: what it stages and looks at, nothing published. */
async function load(path: string, items: typeof plainItems | typeof parsedItems, all: readonly Item[]): Promise<number> {
  const etl = cutover({ warehouse: duckdb({ path }), pipeline: "items", tables: { items } });
  const release = await etl.begin();
  const took = await ms(() => release.load({ items: rows(all) }));
  await release.reject();
  await etl.close();
  return took;
}

/** Objects from JavaScript, by the library and by the driver's appender. */
export const staging: Group = async (scale, dir) => {
  const count = Math.ceil(scale.rows / 10);
  const all = [...items(count)];
  let round = 0;
  const fresh = (): string => `${dir}/staging-${round++}.duckdb`;
  const took = await rounds(scale.runs, {
    raw: () => append(fresh(), all),
    plain: () => load(fresh(), plainItems, all),
    parsed: () => load(fresh(), parsedItems, all),
  });
  return [
    figure(
      { job: `staging by rows() of ${count} objects`, against: "the raw appender by chunks", bar: 1.25 },
      took.map((r) => r.plain / r.raw),
    ),
    figure(
      { job: `staging by rows() of ${count} objects, zod-parsed`, against: "without zod", bar: 1.4 },
      took.map((r) => r.parsed / r.plain),
    ),
  ];
};
