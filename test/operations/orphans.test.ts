import { cutover, rows, sql, table } from "cutover";
import { expect, test } from "vitest";
import { transient } from "../support/faults.js";
import { batch, day, daysTable, failure, itemsPipeline, itemsTable } from "../support/fixtures.js";
import { type Hooks, interpose } from "../support/interpose.js";
import { type Db, onEveryWarehouse } from "../support/warehouse.js";

const leftOver = async (db: Db) => (await db.tables()).filter((t) => /_cutover_|\.delta_|\.changes_/.test(t));

onEveryWarehouse((open) => {
  test("invariant 7: images that a cleanup should have dropped are dropped by recovery, and those in use are not", async () => {
    const db = await open();
    const hooks: Hooks = {};
    const etl = itemsPipeline(db, { keep: 1, warehouse: interpose(db.warehouse, hooks) });
    await etl.run({ items: rows(batch(1, 3, 1)) });
    await etl.run({ items: rows(batch(2, 5, 2)) });
    const candidate = await etl.clone();
    await candidate.transform(sql`ALTER TABLE ${candidate.refs.items} ADD COLUMN extra VARCHAR`);
    await candidate.swap();
    hooks.beforeBlock = (block) => {
      if (block === "clean") throw transient();
    };
    expect((await etl.run({ items: rows(batch(5, 6, 3)) })).warnings[0]?.code).toBe("CLEANUP");
    for (const v of [4, 5, 6]) await etl.run({ items: rows(batch(5, 6, v)) });
    delete hooks.beforeBlock;
    const images = async () => (await leftOver(db)).filter((t) => t.includes(".changes_"));
    await db.query("CREATE TABLE cutover_ledger.changes_of_somebody_else AS SELECT 1 AS a");
    const latest = async (t: string) => Number((await db.query(`SELECT max(_cutover_release) AS r FROM ${t}`))[0]?.["r"] ?? 0);
    const named = (await images()).filter((t) => t.includes("changes_main"));
    const [own] = await Promise.all(named.map(async (t) => [await latest(t), t] as const)).then((all) =>
      all.sort(([x], [y]) => y - x).map(([, t]) => t),
    );
    await db.query(`CREATE TABLE ${own?.slice(0, -8)}00000000 AS FROM ${own}`);
    await etl.recover();
    expect(await images()).toEqual([own, "cutover_ledger.changes_of_somebody_else"].sort());
    expect(await etl.recover()).toEqual({ settled: [], dropped: [] });
    await etl.rollback();
    expect(await db.query("SELECT DISTINCT v::INT AS v FROM items WHERE id IN (5, 6)")).toEqual([{ v: 5 }]);
  });

  test("invariant 7: what stands beside a table is found though the configuration spells the table in another case", async () => {
    const db = await open();
    await db.query("CREATE TABLE items (id BIGINT, name VARCHAR, v BIGINT, seq BIGINT)");
    const hooks: Hooks = {};
    const tables = { items: table("Items", { key: "id", cursor: "seq" }) };
    const etl = db.own(cutover({ warehouse: interpose(db.warehouse, hooks), pipeline: "i", tables }));
    const candidate = await etl.clone();
    hooks.beforeStatement = (tag) => {
      if (tag.endsWith(" drop")) throw transient();
    };
    await failure(candidate.reject(), "ADAPTER");
    delete hooks.beforeStatement;
    expect(await leftOver(db)).toHaveLength(1);
    expect((await etl.recover()).dropped).toHaveLength(1);
    expect(await leftOver(db)).toEqual([]);
  });

  test("invariant 7: a dead candidate of a table that is no longer configured is dropped with its release", async () => {
    const db = await open();
    const [a, b] = [itemsTable(), daysTable()];
    const pipeline = (tables: Record<string, typeof a | typeof b>) =>
      db.own(cutover({ warehouse: db.warehouse, pipeline: "x", tables }));
    const both = pipeline({ a, b });
    await both.run({ a: rows(batch(1, 3, 1)), b: rows(day(1, ["u", 1])) });
    await both.clone({ tables: ["b"] });
    expect((await leftOver(db)).filter((t) => t.includes("_candidate_"))).toHaveLength(1);
    await db.query('UPDATE cutover_ledger.journal SET payload = replace(payload, \'"process":"\', \'"process":"dead \')');
    const one = pipeline({ a });
    await one.run({ a: rows(batch(3, 4, 2)) });
    expect((await one.status()).open).toEqual([]);
    expect((await leftOver(db)).filter((t) => t.includes("_candidate_"))).toEqual([]);
    expect(await one.recover()).toEqual({ settled: [], dropped: [] });
  });

  test("invariant 7: recovery of a pipeline that does not own a table drops nothing beside it, nor its images", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 3, 1)) });
    await etl.run({ items: rows(batch(2, 5, 2)) }, { strategy: "swap" });
    await etl.run({ items: rows(batch(3, 6, 3)) });
    const candidate = await etl.clone();
    const before = await leftOver(db);
    expect(before).toHaveLength(3);
    const other = itemsPipeline(db, { pipeline: "itmes" });
    expect(await other.recover()).toEqual({ settled: [], dropped: [] });
    expect(await leftOver(db)).toEqual(before);
    await candidate.reject();
    expect((await etl.rollback({ to: 1 })).to).toBe(1);
  });
});
