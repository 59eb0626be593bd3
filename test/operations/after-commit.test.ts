import { between, cutover, query, rows, sql, table } from "cutover";
import { expect, test } from "vitest";
import type { Job } from "../support/child.js";
import { batch, failure, itemsPipeline, picture } from "../support/fixtures.js";
import { type Hooks, interpose } from "../support/interpose.js";
import { killed } from "../support/kill.js";
import { type Db, onEveryWarehouse } from "../support/warehouse.js";

/** The owner stalled for an hour. */
async function expire(db: Db): Promise<void> {
  const [lease] = (await db.tables()).filter((t) => t.startsWith("cutover_ledger.lease_"));
  await db.query(`UPDATE ${lease} SET expires_at = expires_at - INTERVAL 1 HOUR WHERE owner IS NOT NULL`);
}
const foreign = "INSERT INTO items VALUES (900, 'theirs', 7, 0)";

onEveryWarehouse((open, warehouse) => {
  for (const strategy of ["in-place", "swap"] as const) {
    test(`invariants 2 and 12: a date without end in a sample neither fails a published run nor gives its number away (${strategy})`, async () => {
      const db = await open();
      await db.query("CREATE TABLE facts (id BIGINT, v INTEGER, d DATE)");
      await db.query("INSERT INTO facts VALUES (1, 1, DATE '2001-01-01')");
      const t = table("facts", { key: "id", checks: [between("v", { max: 5 }, { severity: "warn" })] });
      const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "facts", tables: { t } }));
      await etl.adopt();
      const report = await etl.run({ t: query(sql`SELECT 2::BIGINT AS id, 9 AS v, DATE 'infinity' AS d`) }, { strategy });
      expect(report).toMatchObject({ status: "published", release: 1, tables: { t: { inserted: 1, rows: 2 } } });
      const [warned] = report.checks;
      expect(warned).toMatchObject({ check: "between(v)", outcome: "warn", observed: 1 });
      expect(warned?.samples).toEqual([{ id: "2", v: "9", d: "infinity" }]);
      const next = await etl.run({ t: query(sql`SELECT 3::BIGINT AS id, 3 AS v, DATE '-infinity' AS d`) }, { strategy });
      expect(next).toMatchObject({ status: "published", release: 2 });
      expect(await etl.status()).toMatchObject({ live: 2, open: [], lease: null });
      expect((await etl.audit()).ok).toBe(true);
      await etl.rollback({ to: 0 });
      expect(await db.query("SELECT id::INT AS id FROM facts")).toEqual([{ id: 1 }]);
    });
  }

  test("invariant 3: a date without end in a sample does not hide why a run was refused", async () => {
    const db = await open();
    await db.query("CREATE TABLE facts (id BIGINT, v INTEGER, d DATE, made TIMESTAMP, seen TIMESTAMPTZ)");
    const t = table("facts", { key: "id", checks: [between("v", { max: 5 })] });
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "facts", tables: { t } }));
    const endless = query(
      sql`SELECT 2::BIGINT AS id, 9 AS v, DATE '-infinity' AS d, TIMESTAMP 'infinity' AS made, TIMESTAMPTZ 'infinity' AS seen`,
    );
    for (const strategy of ["in-place", "swap"] as const) {
      const e = await failure(etl.run({ t: endless }, { strategy }), "CHECKS_FAILED");
      expect(e.context.checks[0]?.samples).toEqual([{ id: "2", v: "9", d: "-infinity", made: "infinity", seen: "infinity" }]);
    }
    expect(await db.content("facts")).toEqual([]);
  });

  for (const [type, native, fine] of [
    ["datetime", "TIMESTAMP", "2001-01-01T00:00:00"],
    ["timestamp", "TIMESTAMPTZ", "2001-01-01T00:00:00Z"],
    ["date", "DATE", "2001-01-01"],
  ] as const) {
    test(`invariants 2 and 12: a cursor without end loads, and does not move the watermark (${native})`, async () => {
      const db = await open();
      const t = table("ends", { columns: { id: "int64", at: `${type}?` }, key: "id", cursor: "at" });
      const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "ends", tables: { t } }));
      const source = {
        TIMESTAMP: sql`SELECT 1::BIGINT AS id, TIMESTAMP '2001-01-01' AS at UNION ALL SELECT 2, TIMESTAMP 'infinity'`,
        TIMESTAMPTZ: sql`SELECT 1::BIGINT AS id, TIMESTAMPTZ '2001-01-01 00:00:00+00' AS at UNION ALL SELECT 2, TIMESTAMPTZ 'infinity'`,
        DATE: sql`SELECT 1::BIGINT AS id, DATE '2001-01-01' AS at UNION ALL SELECT 2, DATE 'infinity'`,
      }[native];
      const report = await etl.run({ t: query(source) });
      expect(report).toMatchObject({ status: "published", release: 1, tables: { t: { rows: 2, watermark: { after: fine } } } });
      expect(report.warnings.map((w) => w.code)).toEqual(["FUTURE_CURSOR"]);
      expect((await etl.status()).watermarks.t).toBe(fine);
      let since: unknown;
      const next = await etl.run((c) => {
        since = c.since.t;
        return { t: rows([{ id: 3, at: fine }]) };
      });
      expect(since).toBe(fine);
      expect(next).toMatchObject({ status: "published", release: 2, tables: { t: { rows: 3, watermark: { after: fine } } } });
      expect(await db.query('SELECT id::INT AS id, isfinite("at") AS fine FROM ends ORDER BY id')).toEqual([
        { id: 1, fine: true },
        { id: 2, fine: false },
        { id: 3, fine: true },
      ]);
    });
  }

  test("invariant 6: a rollback over a swap is refused when others have inserted since, and nothing is changed", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 5, 1)) });
    await etl.run({ items: rows(batch(4, 8, 2)) }, { strategy: "swap" });
    await db.query(foreign);
    const before = [await picture(db, etl, "items"), await db.tables()];
    for (const o of [{}, { dryRun: true }, { to: 0 }]) {
      const e = await failure(etl.rollback(o), "DRIFTED");
      expect(e.context).toMatchObject({ table: "items", expected: { rows: 8 }, found: { rows: 9 } });
      expect([await picture(db, etl, "items"), await db.tables()]).toEqual(before);
    }
    await db.query("DELETE FROM items WHERE id = 900");
    expect(await etl.rollback()).toMatchObject({ from: 2, to: 1 });
    expect((await etl.audit()).ok).toBe(true);
  });

  test("invariant 6: a redo over a swap is refused when others have inserted since, and nothing is changed", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 5, 1)) });
    await etl.run({ items: rows(batch(4, 8, 2)) }, { strategy: "swap" });
    const swapped = await db.content("items");
    await etl.rollback();
    await db.query(foreign);
    const before = [await picture(db, etl, "items"), await db.tables()];
    const e = await failure(etl.redo(), "DRIFTED");
    expect(e.context).toMatchObject({ table: "items", expected: { rows: 5 }, found: { rows: 6 } });
    expect([await picture(db, etl, "items"), await db.tables()]).toEqual(before);
    await db.query("DELETE FROM items WHERE id = 900");
    await etl.redo();
    expect(await db.content("items")).toEqual(swapped);
    expect((await etl.audit()).ok).toBe(true);
  });

  for (const strategy of ["in-place", "swap"] as const) {
    test(`invariant 4: a table that someone dropped is not made anew: a run is refused, and audit tells (${strategy})`, async () => {
      const db = await open();
      const etl = itemsPipeline(db);
      await etl.run({ items: rows(batch(1, 5, 1)) });
      await etl.run({ items: rows(batch(4, 8, 2)) });
      const { watermarks, tallies } = await etl.status();
      await db.query("DROP TABLE items");
      const there = await db.tables();
      const e = await failure(etl.run({ items: rows(batch(9, 9, 3)) }, { strategy }), "NOT_FOUND");
      expect(e.context).toMatchObject({ what: "table", pipeline: "items", table: "items" });
      expect(e.context.name).toContain("items");
      expect(await db.tables()).toEqual(there);
      expect(await etl.audit()).toMatchObject({
        ok: false,
        tables: { items: { recorded: { rows: 8 }, found: { rows: 0 } } },
      });
      expect(await etl.status()).toMatchObject({ live: 2, watermarks, tallies, held: null, lease: null });
    });
  }

  test("invariant 5: what a stale owner still cleans up is nothing that a newer release needs", async () => {
    const db = await open();
    const hooks: Hooks = {};
    const slow = itemsPipeline(db, { warehouse: interpose(db.warehouse, hooks), keep: 2 });
    const quick = itemsPipeline(db, { keep: 2 });
    let v = 0;
    const load = (p: typeof slow) => p.run({ items: rows(batch(1, 10, ++v)) });
    for (let i = 0; i < 3; i++) await load(slow);
    // The owner stalls before each thing that it does after its commit, one after the other.
    const stops: string[] = [];
    for (let k = 0; ; k++) {
      let wanted: readonly string[] = [];
      let met = false;
      let index = -1;
      const stall = async (what: string): Promise<void> => {
        if (index < 0 || met || index++ !== k) return;
        met = true;
        stops.push(what);
        wanted = await db.content("items");
        await expire(db);
        await load(quick);
      };
      hooks.afterBlock = (b) => {
        if (b === "publish" && index < 0) index = 0;
      };
      hooks.beforeBlock = stall;
      hooks.beforeStatement = (tag) => stall(tag.split(" ").at(-1) ?? "");
      expect((await load(slow)).status).toBe("published");
      for (const name of ["afterBlock", "beforeBlock", "beforeStatement"] as const) delete hooks[name];
      if (!met) break;
      const at = stops.at(-1);
      expect([at, (await quick.audit()).ok]).toEqual([at, true]);
      const newest = await db.content("items");
      await quick.rollback();
      expect([at, await db.content("items")]).toEqual([at, wanted]);
      await quick.redo();
      expect([at, await db.content("items")]).toEqual([at, newest]);
      await quick.rollback();
      await quick.unhold();
    }
    expect(stops.length).toBeGreaterThanOrEqual(2);
    await slow.recover();
    expect(await db.litter()).toEqual([]);
    expect((await slow.audit()).ok).toBe(true);
  });

  for (const first of ["hold", "unhold"] as const) {
    const kill: Job["kill"] = { block: "publish", at: 1 };
    test(`invariant 7: what a crash left is settled by the next run, also when ${first} came before it`, {
      timeout: 60_000,
    }, async () => {
      const db = await open();
      await itemsPipeline(db).run({ items: rows(batch(1, 20, 1)) });
      await db.release();
      expect(await killed({ warehouse, path: db.path, what: "run", kill })).toBe("SIGKILL");
      expect((await db.litter()).length).toBeGreaterThan(0);
      const etl = itemsPipeline(db);
      if (first === "hold") await etl.hold("a crash");
      await etl.unhold();
      expect((await etl.run({ items: rows(batch(11, 30, 2)) })).status).toBe("published");
      expect(await db.litter()).toEqual([]);
      expect(await etl.recover()).toEqual({ settled: [], dropped: [] });
      expect((await etl.audit()).ok).toBe(true);
    });
  }
});
