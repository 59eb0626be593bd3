// A service that embeds cutover: npx tsx --conditions=cutover-source examples/fastify/main.ts
import { DuckDBInstance } from "@duckdb/node-api";
import { duckdb } from "cutover/duckdb";
import { service } from "./service.js";
import { ordersOf, type Shop } from "./shop.js";

const { DATABASE = ":memory:", PORT = "3000", ORDERS = "10000", SHOP_SLOW_ON, SHOP_WRONG_ON } = process.env;
const shop: Shop = { orders: Number(ORDERS), slow: SHOP_SLOW_ON, wrong: SHOP_WRONG_ON };

// The service's own database: it reads from it while cutover loads, and closes it itself.
const instance = await DuckDBInstance.create(DATABASE);
const connection = await instance.connect();
const summary = async (): Promise<unknown> => {
  const found = await connection.runAndReadAll(
    "SELECT count(*)::INTEGER AS orders, count(DISTINCT day)::INTEGER AS days, max(day) AS day FROM main.orders",
  );
  return found.getRowObjectsJson()[0];
};
const app = service({
  warehouse: duckdb({ instance, maxSessions: 4 }),
  fetchOrders: (day, signal) => ordersOf(shop, day, signal),
  summary,
});

let stopping = false;
for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.on(signal, async () => {
    if (stopping) return;
    stopping = true;
    await app.close();
    connection.closeSync();
    instance.closeSync();
    app.log.info("closed");
  });
await app.listen({ port: Number(PORT), host: "127.0.0.1" });
