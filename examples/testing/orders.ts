// A user's own pipeline: the nightly load of a shop. Its tests are in orders.test.ts.
import { cutover, isCutoverError, noRows, query, rowCount, sql, table, type Warehouse } from "cutover";

export const orders = table("main.orders", {
  columns: { id: "int64", customer: "string", cents: "int64", seq: "int64" },
  key: "id",
  cursor: "seq",
  checks: [rowCount({ min: 1 }), noRows("orders without a price", sql`SELECT * FROM ${sql.self} WHERE cents <= 0`)],
});
/** What every customer has spent: whole days are not needed, so it is made anew each night, on a candidate. */
export const customers = table("main.customers", { columns: { customer: "string", cents: "int64" }, key: "customer" });

export interface Night {
  readonly status: "loaded" | "nothing new" | "refused";
  /** What is wrong with the data, for the people who own it. */
  readonly complaints: readonly string[];
}

/** One night: what is new in raw.orders, and what follows from it. Safe to run again, whatever happened before. */
export async function night(warehouse: Warehouse): Promise<Night> {
  await using shop = cutover({ warehouse, pipeline: "shop", tables: { orders } });
  await using derived = cutover({ warehouse, pipeline: "customers", tables: { customers } });
  try {
    const report = await shop.run(({ since }) => ({
      orders: query(sql`SELECT id, customer, cents, seq FROM raw.orders WHERE ${sql.since("seq", since.orders)}`),
    }));
    // Also when there was nothing new: last night may have ended between the two.
    await derived.run({
      customers: query(sql`SELECT customer, CAST(sum(cents) AS BIGINT) AS cents FROM main.orders GROUP BY customer`),
    });
    return { status: report.status === "published" ? "loaded" : "nothing new", complaints: [] };
  } catch (e) {
    if (!isCutoverError(e, "CHECKS_FAILED")) throw e;
    const failed = e.context.checks.filter((c) => c.outcome === "fail");
    return { status: "refused", complaints: failed.map((c) => `${c.check}: ${c.observed}`) };
  }
}
