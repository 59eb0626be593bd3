import { cutover, rows, table } from "cutover";
import { expect, test } from "vitest";
import { all, batch, failure, gate, itemsPipeline } from "../support/fixtures.js";
import { type Hooks, interpose } from "../support/interpose.js";
import { type Db, onEveryWarehouse } from "../support/warehouse.js";

const bad = () => ({ items: rows([{ id: "no number" } as never]) });
const itemsNamed = (name: string | readonly [string, string]) =>
  table(name, { columns: { id: "int64", name: "string?", v: "int64", seq: "int64" }, key: "id", cursor: "seq" });
const owner = async (db: Db) => (await db.query("SELECT pipeline FROM cutover_ledger.claims")).map((r) => r["pipeline"]);

onEveryWarehouse((open) => {
  test("a claim without a release or a baseline passes to the pipeline that loads the table next", async () => {
    const db = await open();
    const mistyped = itemsPipeline(db, { pipeline: "itmes" });
    await failure(mistyped.run(bad()), "BAD_ROW");
    expect(await owner(db)).toEqual(["itmes"]);
    const etl = itemsPipeline(db);
    expect(await etl.run({ items: rows(batch(1, 2, 1)) })).toMatchObject({ status: "published", release: 1 });
    expect(await owner(db)).toEqual(["items"]);
    expect((await failure(mistyped.run({ items: rows(batch(1, 2, 1)) }), "CLAIMED")).context.by).toBe("items");
    expect((await mistyped.status()).lease).toBeNull();
    expect((await all(etl.history())).map((r) => r.release)).toEqual([1]);
  });

  for (const [what, use] of [
    ["a release", (p) => p.run({ items: rows(batch(1, 2, 1)) })],
    ["a baseline", (p) => p.adopt()],
    [
      "a release that was rolled back",
      async (p) => {
        await p.run({ items: rows(batch(1, 2, 1)) });
        await p.rollback({ to: 0 });
      },
    ],
    [
      "an open release",
      async (p) => {
        const release = await p.begin();
        await release.load({ items: rows(batch(1, 2, 1)) });
      },
    ],
  ] as readonly (readonly [string, (p: ReturnType<typeof itemsPipeline>) => Promise<unknown>])[]) {
    test(`${what} keeps the table for its pipeline`, async () => {
      const db = await open();
      if (what === "a baseline") await db.query("CREATE TABLE items (id BIGINT, name VARCHAR, v BIGINT, seq BIGINT)");
      const first = itemsPipeline(db, { pipeline: "first" });
      await use(first);
      const e = await failure(itemsPipeline(db).run({ items: rows(batch(5, 6, 1)) }), "CLAIMED");
      expect(e.context).toMatchObject({ by: "first", table: "items", pipeline: "items" });
      expect(await owner(db)).toEqual(["first"]);
      expect(await first.status()).toMatchObject({ lease: null });
      await first.unhold();
      if (what !== "an open release") expect((await first.run({ items: rows(batch(7, 8, 2)) })).status).toBe("published");
    });
  }

  test("the table of a first run that is still loading is not taken", async () => {
    const db = await open();
    const first = itemsPipeline(db, { pipeline: "first" });
    const [loading, go] = [gate(), gate()];
    const source = async function* () {
      loading.open();
      await go.passed;
      yield* batch(1, 2, 1);
    };
    const run = first.run({ items: rows(source) });
    await loading.passed;
    await failure(itemsPipeline(db).run({ items: rows(batch(5, 6, 1)) }), "CLAIMED");
    go.open();
    expect((await run).status).toBe("published");
  });

  test("an owner that fell silent in its first run publishes nothing once the table has passed on", async () => {
    const db = await open();
    const first = itemsPipeline(db, { pipeline: "first" });
    const etl = itemsPipeline(db);
    const source = async function* () {
      yield* batch(1, 2, 1);
      const [lease] = (await db.tables()).filter((t) => t.startsWith("cutover_ledger.lease_first"));
      await db.query(`UPDATE ${lease} SET expires_at = expires_at - INTERVAL 1 HOUR`);
      await etl.run({ items: rows(batch(5, 6, 1)) });
    };
    await failure(first.run({ items: rows(source) }), "LEASE_LOST");
    expect(await db.query("SELECT id::INT AS id FROM items ORDER BY 1")).toEqual([{ id: 5 }, { id: 6 }]);
    await failure(first.run({ items: rows(batch(1, 2, 1)) }), "CLAIMED");
  });

  test("of a claim's owner and another who come at the same time one gets the table", async () => {
    const db = await open();
    await failure(itemsPipeline(db, { pipeline: "first" }).run(bad()), "BAD_ROW");
    const hooks: Hooks = {};
    const etl = itemsPipeline(db, { warehouse: interpose(db.warehouse, hooks) });
    let blocks = 0;
    let other: Promise<unknown> = Promise.resolve();
    hooks.beforeBlock = async (block) => {
      // Its own claim, and the claim that passes over: the owner comes back before the last.
      if (block !== "claim" || ++blocks < 2) return;
      delete hooks.beforeBlock;
      other = itemsPipeline(db, { pipeline: "first", lease: { wait: "20s" } }).run({ items: rows(batch(1, 2, 1)) });
      other.catch(() => undefined);
    };
    expect((await etl.run({ items: rows(batch(5, 6, 1)) })).status).toBe("published");
    await failure(other, "CLAIMED");
    expect(await db.query("SELECT id::INT AS id FROM items ORDER BY 1")).toEqual([{ id: 5 }, { id: 6 }]);
  });

  test("one table under two aliases is CONFIG, though the names differ; names that differ beyond ASCII are two tables", async () => {
    const db = await open();
    const make = (tables: Record<string, ReturnType<typeof itemsNamed>>) =>
      db.own(cutover({ warehouse: db.warehouse, pipeline: "x", tables }));
    const twins = make({ a: itemsNamed("items"), b: itemsNamed("main.ITEMS") });
    const e = await failure(twins.run({ a: rows(batch(1, 2, 1)) }), "CONFIG");
    expect(e.context.issues).toEqual([{ path: "tables.b", message: "the same table as tables.a" }]);
    expect(await db.tables()).not.toContain("main.items");
    const two = make({ a: itemsNamed(["main", "É"]), b: itemsNamed(["main", "é"]) });
    await two.run({ a: rows(batch(1, 1, 1)), b: rows(batch(2, 4, 1)) });
    expect((await two.status()).tallies).toMatchObject({ a: { rows: 1 }, b: { rows: 3 } });
    expect((await two.audit()).ok).toBe(true);
  });
});
