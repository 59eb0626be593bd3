import { cutover, isCutoverError, rows } from "cutover";
import { snowflake } from "cutover/snowflake";
import { manyOrders, orders } from "./world.js";

/** A large load by a process that may write small files only; tells how it ended. */
const login = JSON.parse(process.argv[2] as string) as Parameters<typeof snowflake>[0];
const etl = cutover({ warehouse: snowflake(login), pipeline: "p", tables: { orders } });
const end = await etl.run({ orders: rows(manyOrders(60_000)) }).then(
  (report) => ({ report }),
  (e: unknown) => (isCutoverError(e) ? { code: e.code, message: e.message, context: e.context } : { error: String(e) }),
);
await etl.close();
process.stdout.write(JSON.stringify(end));
