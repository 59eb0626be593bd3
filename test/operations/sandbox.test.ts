import { cutover, rows, type Sandbox, table } from "cutover";
import { expect, test } from "vitest";
import { after, batch, failure, itemsPipeline, itemsTable } from "../support/fixtures.js";
import { onEveryWarehouse } from "../support/warehouse.js";

type Box = Sandbox<{ items: ReturnType<typeof itemsTable> }>;

onEveryWarehouse((open) => {
  test("a sandbox outlives its pipeline, and is dropped beside a running release, which recovery records", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 5, 1)) });
    const [first, second]: [Box, Box] = [await etl.sandbox({ ttl: "1h" }), await etl.sandbox({ ttl: "1h" })];
    await etl.close();
    expect((await first.run({ items: rows(batch(4, 8, 2)) })).tables.items).toMatchObject({ inserted: 3, updated: 2 });
    const other = itemsPipeline(db);
    const events = () => db.query("SELECT event FROM cutover_ledger.journal ORDER BY seq");
    const running = after(batch(6, 9, 2), 2, async () => {
      await failure(other.sandbox({ ttl: "1h" }), "LEASE_HELD");
      await first.drop();
      expect(await schemas()).toEqual([second.schema]);
    });
    const schemas = async () =>
      (await db.query("SELECT schema_name FROM duckdb_schemas() WHERE schema_name LIKE 'cutover_sandbox%'")).map(
        (r) => r["schema_name"],
      );
    expect((await other.run({ items: running })).status).toBe("published");
    expect((await events()).at(-1)).toEqual({ event: "published" });
    await first.drop();
    expect((await events()).at(-1)).toEqual({ event: "sandbox-dropped" });
    await second.close();
    await failure(second.status(), "CLOSED");
    await second.drop();
    expect(await schemas()).toEqual([]);
    expect((await other.audit()).ok).toBe(true);
  });

  test("what cannot be cloned, or was cancelled, leaves no schema and no event", async () => {
    const db = await open();
    await db.query("CREATE TABLE parents (id BIGINT PRIMARY KEY)");
    await db.query("CREATE TABLE items (id BIGINT, name VARCHAR, v BIGINT, seq BIGINT, p BIGINT REFERENCES parents (id))");
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 5, 1)) });
    const before = await db.query("SELECT event, payload FROM cutover_ledger.journal ORDER BY seq");
    const { context } = await failure(etl.sandbox({ ttl: "1h" }), "UNSUPPORTED");
    expect(context).toMatchObject({ capability: "clone into another schema", pipeline: "items" });
    await failure(etl.sandbox({ ttl: "1h", signal: AbortSignal.abort() }), "CANCELLED");
    expect(await db.query("SELECT event, payload FROM cutover_ledger.journal ORDER BY seq")).toEqual(before);
    expect(await db.query("SELECT schema_name FROM duckdb_schemas() WHERE schema_name LIKE 'cutover_sandbox%'")).toEqual([]);
    expect((await etl.status()).lease).toBeNull();
  });

  test("observers tell what is done in a sandbox apart, and its making is a stage", async () => {
    const db = await open();
    const seen: string[] = [];
    const tables = { items: itemsTable(), later: table("later", { columns: { id: "int64" }, key: "id" }) };
    const observers = [
      {
        event: (e: { type: string; pipeline: string; stage?: string }) =>
          void seen.push(`${e.pipeline}: ${e.type} ${e.stage ?? ""}`),
      },
    ];
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "both", tables, observers }));
    await etl.run({ items: rows(batch(1, 5, 1)) });
    seen.length = 0;
    await using box = await etl.sandbox({ ttl: "1h", schema: 'a "rehearsal"' });
    expect([box.name, box.schema]).toEqual(['both in a "rehearsal"', 'a "rehearsal"']);
    expect(seen).toContain("both: stage.start clone");
    expect(seen).toContain("both: stage.end clone");
    seen.length = 0;
    await box.run({ items: rows(batch(6, 6, 2)), later: rows([{ id: 1 }]) });
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.every((s) => s.startsWith('both in a "rehearsal": '))).toBe(true);
    expect((await etl.status()).tallies).toMatchObject({ items: { rows: 5 }, later: null });
  });
});
