import { DuckDBInstance } from "@duckdb/node-api";
import { cutover, isCutoverError, rows, sql, table } from "cutover";
import { duckdb } from "cutover/duckdb";
import { expect, onTestFinished, test } from "vitest";

async function withView(more = "") {
  const instance = await DuckDBInstance.create(":memory:");
  const c = await instance.connect();
  const items = table("main.items", { key: "id" });
  const etl = cutover({ warehouse: duckdb({ instance }), pipeline: "items", tables: { items } });
  onTestFinished(() => etl.close());
  await c.run(`CREATE TABLE items(id BIGINT, v INTEGER, name VARCHAR); ${more}`);
  await etl.run({ items: rows([{ id: 1, v: 1, name: "a" }]) });
  await c.run("CREATE VIEW names AS SELECT id, name FROM items");
  return { c, etl, names: async () => (await c.runAndReadAll("SELECT * FROM names")).getRowsJson() };
}
const codeOf = (e: unknown): string => (isCutoverError(e, "UNSUPPORTED") ? e.message : String(e));

test("invariant 3: a swap that would break a view is refused, says so, and leaves the view", async () => {
  const { etl, names } = await withView();
  const candidate = await etl.clone();
  await candidate.transform(sql`ALTER TABLE ${candidate.refs.items} DROP COLUMN name`);
  expect(codeOf(await candidate.swap().catch((e: unknown) => e))).toMatch(/"names"[\s\S]*view on the table needs/);
  expect(await names()).toEqual([["1", "a"]]);
});

test("a column that an index needs is told as that", async () => {
  const { etl } = await withView("CREATE INDEX by_v ON items(v)");
  const candidate = await etl.clone();
  const error = await candidate.transform(sql`ALTER TABLE ${candidate.refs.items} DROP COLUMN v`).catch((e: unknown) => e);
  expect(codeOf(error)).toMatch(/index/);
});
