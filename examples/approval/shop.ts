// Two tables of a shop that are published together, and the steps that two people take.
import { cutover, isCutoverError, notNull, rowCount, rows, sql, table, type Warehouse } from "cutover";

const orders = table("main.orders", {
  columns: { id: "int64", customer: "string", cents: "int64", seq: "int64" },
  key: "id",
  cursor: "seq",
  checks: [rowCount({ min: 1 }), notNull("id", "customer")],
});
const customers = table("main.customers", { columns: { name: "string", country: "string" }, key: "name" });

export const shop = (warehouse: Warehouse) => cutover({ warehouse, pipeline: "shop", tables: { orders, customers } });
type Shop = ReturnType<typeof shop>;

/** What the one hands to the other: by mail, a pull request, a row of a table. */
export interface Ticket {
  readonly release: number;
  readonly digest: string;
}

/** The nightly job, which knows nothing of approvals. */
export async function nightly(etl: Shop, night: number): Promise<number> {
  const report = await etl.run({
    orders: rows([{ id: night, customer: night % 2 === 0 ? "ada " : "bob", cents: 100 * night, seq: night }]),
    customers: rows([{ name: night % 2 === 0 ? "ada" : "bob", country: "uk" }]),
  });
  return report.release;
}

/** Prepares a change of both tables apart from live, and leaves it for somebody to look at. Nothing stays locked. */
export async function propose(etl: Shop): Promise<Ticket> {
  const candidate = await etl.clone();
  await candidate.transform(sql`UPDATE ${candidate.refs.orders} SET customer = trim(customer)`);
  await candidate.transform(sql`UPDATE ${candidate.refs.customers} SET country = upper(country)`);
  const { ok, digest } = await candidate.validate();
  if (!ok) {
    await candidate.reject("checks failed");
    throw new Error("the checks of the proposal failed");
  }
  await candidate.hold({ for: "3d" });
  return { release: candidate.id, digest };
}

/** Publishes exactly what was approved. Where live has moved on since, the change is made again on it, for another look. */
export async function approve(etl: Shop, ticket: Ticket): Promise<{ readonly published: boolean; readonly ticket: Ticket }> {
  const candidate = await etl.resume(ticket.release);
  try {
    await candidate.publish({ expect: ticket.digest });
    return { published: true, ticket };
  } catch (e) {
    if (candidate.strategy !== "swap" || !isCutoverError(e, "STALE_CANDIDATE")) throw e;
    await candidate.rebase();
    const { digest } = await candidate.validate();
    await candidate.hold({ for: "3d" });
    return { published: false, ticket: { release: ticket.release, digest } };
  }
}
