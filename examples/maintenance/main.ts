// A maintenance rehearsed in a sandbox, where it fails and is mended; then done on a candidate, swapped, and taken back.
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { cutover, isCutoverError, query, sql } from "cutover";
import { duckdb } from "cutover/duckdb";
import { maintain, mended, orders, planned, type Shop } from "./maintenance.js";

const instance = await DuckDBInstance.create(":memory:");
const shop: Shop = cutover({ warehouse: duckdb({ instance }), pipeline: "orders", tables: { orders } });
const reader = await instance.connect();

try {
  await grownByHand(reader);
  const { tables } = await shop.adopt();
  console.log(`adopted: ${tables["orders"]?.found.rows} orders; ${await faceOf("main.orders")}`);

  {
    // Dropped at the end of this block, and if this process should die, when its time is over.
    await using box = await shop.sandbox({ ttl: "2h" });
    console.log("rehearsal, as planned");
    try {
      await maintain(box, planned);
    } catch (e) {
      if (!isCutoverError(e)) throw e;
      console.log(`  ${e.code}: it fails, and nobody but us has noticed`);
    }
    console.log("rehearsal, mended");
    const release = await maintain(box, mended);
    console.log(
      `  in the sandbox: ${await faceOf(`${box.schema}.orders`)}; the audit is ${(await box.audit()).ok ? "ok" : "not ok"}`,
    );
    await compare(`${box.schema}.orders`);

    // Tomorrow's load must still fit, and the way back must be open.
    const tomorrow = await box.run({ orders: query(sql`SELECT * FROM incoming WHERE id BETWEEN 120000 AND 120499`) });
    console.log(`  tomorrow: ${tomorrow.tables.orders?.inserted} orders came, as release ${tomorrow.release}`);
    await box.rollback({ to: release });
    await box.rollback({ to: 0 });
    console.log(`  and back: ${await faceOf(`${box.schema}.orders`)}`);
    console.log(`meanwhile live: ${await faceOf("main.orders")}`);
  }

  console.log("in earnest");
  await maintain(shop, mended);
  console.log(`live: ${await faceOf("main.orders")}`);
  await shop.rollback();
  console.log(`rolled back: ${await faceOf("main.orders")}`);
  await shop.redo();
  console.log(`and again: ${await faceOf("main.orders")}`);
  const left = await reader.runAndReadAll(
    "SELECT count(*) FROM duckdb_schemas() WHERE starts_with(schema_name, 'cutover_sandbox')",
  );
  console.log(`sandboxes left: ${left.getRows()[0]?.[0]}`);
} finally {
  await shop.close();
  reader.closeSync();
  instance.closeSync();
}

/** Orders as a shop comes to have them: amounts as text, countries as somebody typed them. The table is older than the pipeline. */
async function grownByHand(c: DuckDBConnection): Promise<void> {
  const amount = "CAST(CAST((i * 104729 % 25000) / 100.0 AS DECIMAL(18,2)) AS VARCHAR)";
  const country = "list_extract(['de', 'DE ', 'fr', 'It', 'US'], CAST(i % 5 + 1 AS INTEGER))";
  const placed = "TIMESTAMP '2026-01-01' + to_seconds(i * 11)";
  await c.run(
    `CREATE VIEW incoming AS SELECT i AS id, 'customer ' || (i * 7919 % 8000) AS customer, ${country} AS country, ${amount} AS amount, ${placed} AS placed_at FROM range(150000) AS r(i)`,
  );
  await c.run("CREATE TABLE orders (id BIGINT NOT NULL, customer VARCHAR, country VARCHAR, amount VARCHAR, placed_at TIMESTAMP)");
  await c.run("INSERT INTO orders FROM incoming WHERE id < 120000");
}
/** What the maintenance is about, of a table. */
async function faceOf(name: string): Promise<string> {
  const [schema, table] = name.split(".");
  const { type, countries, indexes } = (
    await reader.runAndReadAll(
      `SELECT (SELECT data_type FROM duckdb_columns() WHERE schema_name = '${schema}' AND table_name = '${table}' AND column_name = 'amount') AS type, (SELECT count(DISTINCT country) FROM ${name}) AS countries, (SELECT count(*) FROM duckdb_indexes() WHERE schema_name = '${schema}' AND table_name = '${table}') AS indexes`,
    )
  ).getRowObjects()[0] as Record<string, unknown>;
  return `amounts are ${type}, ${countries} spellings of countries, ${indexes} index${indexes === 1n ? "" : "es"}`;
}
/** Live and sandbox side by side: by SQL, since both are there. */
async function compare(sandbox: string): Promise<void> {
  const found = await reader.runAndReadAll(
    `SELECT count(*) FILTER (WHERE l.country <> s.country) AS spelled, count(*) FILTER (WHERE CAST(l.amount AS DECIMAL(18,2)) <> s.amount) AS worth, count(*) AS n FROM main.orders AS l JOIN ${sandbox} AS s USING (id)`,
  );
  const { spelled, worth, n } = found.getRowObjects()[0] as Record<string, unknown>;
  console.log(`  beside live: ${n} orders in both, ${spelled} spelled otherwise, ${worth} of another amount`);
}
