import { cutover, query, sql, table } from "cutover";
import { expect, test } from "vitest";
import { failure } from "../support/fixtures.js";
import { onEveryWarehouse } from "../support/warehouse.js";

onEveryWarehouse((open) => {
  test("invariant 3: a column of the source that the table computes is not added once more", async () => {
    const db = await open();
    await db.query("CREATE TABLE items (id BIGINT, v BIGINT, twice BIGINT GENERATED ALWAYS AS (v * 2))");
    const items = table("items", { columns: { id: "int64", v: "int64" }, key: "id", onUnknownColumn: "add" });
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "items", tables: { items } }));
    const e = await failure(etl.run({ items: query(sql`SELECT 1 AS id, 1 AS v, 2 AS twice`) }), "BAD_ROW");
    expect(e.context.column).toBe("twice");
    await etl.run({ items: query(sql`SELECT 1 AS id, 1 AS v, 'x' AS note`) });
    expect(await db.query("SELECT * FROM items")).toEqual([{ id: "1", v: "1", twice: "2", note: "x" }]);
  });
});
