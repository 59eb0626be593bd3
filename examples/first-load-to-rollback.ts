// From the first load to a rollback: incremental releases from your own rows, a bad batch refused, one step back, one forward.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { between, cutover, isCutoverError, maxDrop, notNull, rowCount, rows, table, unique } from "cutover";
import { duckdb } from "cutover/duckdb";
import * as z from "zod";

const Order = z.object({ id: z.bigint(), customer: z.string(), amount: z.number(), updated_at: z.date() });
type Order = z.infer<typeof Order>;

const orders = table("main.orders", {
  columns: Order,
  types: { amount: "decimal(18,2)" },
  key: "id",
  cursor: "updated_at",
  lookback: "10m",
  checks: [rowCount({ min: 1 }), notNull("id", "customer"), unique("id"), between("amount", { min: 0 }), maxDrop(0.2)],
});

// Your source: anything that yields rows changed since a point in time.
const order = (id: number, customer: string, amount: number, minute: number): Order => ({
  id: BigInt(id),
  customer,
  amount,
  updated_at: new Date(Date.UTC(2026, 0, 1, 9, minute)),
});
const shop: Order[] = [order(1, "ada", 10, 0), order(2, "bob", 20.5, 5), order(3, "cy", 30, 10)];
async function* changedSince(since: Date | undefined): AsyncGenerator<Order> {
  for (const o of shop) if (since === undefined || o.updated_at >= since) yield o;
}

const dir = mkdtempSync(join(tmpdir(), "cutover-example-"));
const etl = cutover({ warehouse: duckdb({ path: join(dir, "shop.duckdb") }), pipeline: "orders", tables: { orders } });
const load = () => etl.run(({ since }) => ({ orders: rows(changedSince(since.orders)) }));
try {
  const first = await load();
  console.log(`release ${first.release}: ${first.tables.orders?.inserted} inserted`);

  // An order changes, another comes. The lookback reads order 3 again: it is unchanged, and nothing happens to it.
  shop[1] = order(2, "bob", 25, 12);
  shop.push(order(4, "dot", 40, 15));
  const second = await load();
  const { inserted, updated, unchanged } = second.tables.orders ?? {};
  console.log(`release ${second.release}: ${inserted} inserted, ${updated} updated, ${unchanged} unchanged`);
  console.log(`nothing new: ${(await load()).status}`);

  // A negative amount is refused; live and watermark stay as they were.
  shop.push(order(5, "eve", -1, 20));
  try {
    await load();
  } catch (e) {
    if (!isCutoverError(e, "CHECKS_FAILED")) throw e;
    for (const c of e.context.checks) if (c.outcome === "fail") console.log(`refused: ${c.check}: ${c.message}`);
  }
  shop.pop();

  for await (const change of etl.diff("orders", { from: 1, to: 2 })) {
    const [before, after] = [change.op === "insert" ? null : change.before, change.op === "delete" ? null : change.after];
    console.log(`${change.op}: ${before?.amount ?? "-"} to ${after?.amount ?? "-"}`);
  }

  // One step back: rows and watermark. The pipeline is held, so that no schedule publishes the same release again.
  const back = await etl.rollback();
  console.log(`rolled back from ${back.from} to ${back.to}: ${back.tables["orders"]?.rows} rows`);
  console.log(`held: ${(await etl.status()).held}`);
  const again = await etl.redo();
  console.log(`redone to ${again.to}: ${again.tables["orders"]?.rows} rows, audit ${(await etl.audit()).ok ? "ok" : "failed"}`);
} finally {
  await etl.close();
  rmSync(dir, { recursive: true, force: true });
}
