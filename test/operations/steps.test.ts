import { query, rowCount, rows, sql } from "cutover";
import { expect, test } from "vitest";
import { all, batch, failure, itemsPipeline, picture } from "../support/fixtures.js";
import { onEveryWarehouse } from "../support/warehouse.js";

onEveryWarehouse((open) => {
  test("begin: several loads make one release", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 5, 1)) });
    const release = await etl.begin();
    expect([release.strategy, release.state, release.id]).toEqual(["in-place", "open", 2]);
    expect(await release.load({ items: rows(batch(4, 7, 2)) })).toMatchObject({ release: 2, staged: { items: { rows: 4 } } });
    expect(await release.load({ items: rows(batch(7, 9, 3)) })).toMatchObject({ staged: { items: { rows: 3 } } });
    expect(release.state).toBe("loaded");
    expect(String(await release.plan())).toContain("cutover_ledger");
    expect(await release.validate()).toMatchObject({ ok: true });
    expect(release.state).toBe("validated");
    expect(await release.publish()).toMatchObject({
      release: 2,
      tables: { items: { inserted: 4, updated: 2, rows: 9, watermark: { after: "3" } } },
    });
    expect(release.state).toBe("published");
    await failure(release.publish(), "NOT_OPEN");
    await failure(release.load({ items: rows([]) }), "NOT_OPEN");
    await failure(release.reject(), "NOT_OPEN");
    expect((await etl.audit()).ok).toBe(true);
  });

  test("begin: a load that is refused leaves what was loaded before it, and only that", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 5, 1)) });
    const release = await etl.begin();
    await release.load({
      items: rows([
        { id: 5, v: 2, seq: 2 },
        { id: 6, v: 2, seq: 2 },
      ]),
    });
    await failure(
      release.load({
        items: rows([
          { id: 5, v: 3, seq: 2 },
          { id: 6, v: 3, seq: 2 },
          { id: 7, v: 3, seq: 3 },
        ]),
      }),
      "BAD_ROW",
    );
    const report = await release.publish();
    expect(report.tables.items).toMatchObject({ inserted: 1, updated: 1, rows: 6 });
    expect(await db.query("SELECT id::INT AS id, v::INT AS v FROM items WHERE id >= 5 ORDER BY id")).toEqual([
      { id: 5, v: 2 },
      { id: 6, v: 2 },
    ]);
    expect((await etl.audit()).ok).toBe(true);
    expect(await db.litter()).toEqual([]);
  });

  test("validate: the rehearsal of a release leaves no trace, and tells what publish would", async () => {
    const db = await open();
    await itemsPipeline(db).run({ items: rows(batch(1, 5, 1)) });
    const etl = itemsPipeline(db, { checks: [rowCount({ max: 6 })] });
    const before = await picture(db, etl, "items");
    const release = await etl.begin();
    await release.load({ items: rows(batch(6, 6, 2)) });
    const tables = await db.tables();
    const first = await release.validate();
    const second = await release.validate();
    expect(first).toEqual(second);
    expect(first.digest).not.toBe("");
    expect(await picture(db, etl, "items")).toEqual(before);
    for (const t of (await db.tables()).filter((x) => x.startsWith("cutover_ledger.changes_")))
      expect(await db.content(t)).toEqual([]);
    expect((await db.tables()).filter((t) => !tables.includes(t) && !t.includes("changes_"))).toEqual([]);
    await release.load({ items: rows(batch(7, 7, 2)) });
    const third = await release.validate();
    expect(third).toMatchObject({ ok: false, checks: [{ outcome: "fail", observed: 7 }] });
    expect(release.state).toBe("loaded");
    await release.reject();
  });

  test("begin: a release that waited while others published goes on from what is live then", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 5, 1)) });
    const release = await etl.begin();
    await release.load({ items: rows(batch(5, 8, 2)) });
    const other = await etl.begin();
    await other.load({ items: rows(batch(5, 6, 2)) });
    await etl.run({ items: rows(batch(5, 7, 3)) });
    expect(await other.publish()).toMatchObject({ status: "nothing-to-do", release: 4 });
    expect(other.state).toBe("abandoned");
    expect(await release.publish()).toMatchObject({
      tables: { items: { stale: 3, inserted: 1, updated: 0, rows: 8, watermark: { before: "3", after: "3" } } },
    });
    expect((await etl.audit()).ok).toBe(true);
  });

  test("await using: leaving the block abandons what is not settled, and hides no error", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 5, 1)) });
    const broken = async () => {
      await using release = await etl.begin();
      await release.load({ items: rows(batch(6, 6, 2)) });
      await using candidate = await etl.clone();
      await candidate.load({ items: rows(batch(6, 6, 2)) });
      throw new Error("mine");
    };
    await expect(broken()).rejects.toThrow("mine");
    expect((await all(etl.history())).map((h) => h.state)).toEqual(["abandoned", "abandoned", "published"]);
    expect(await db.litter()).toEqual([]);
  });

  test("plan: prints the statements and runs none, also without a ledger", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    expect((await etl.plan({ strategy: "in-place" })).blocks.length).toBeGreaterThan(0);
    expect(await db.tables()).toEqual([]);
    await etl.run({ items: rows(batch(1, 5, 1)) });
    await etl.run({ items: rows(batch(5, 6, 2)) });
    const before = await picture(db, etl, "items");
    for (const o of [{ strategy: "in-place" }, { strategy: "swap" }, { rollback: {} }, { rollback: { to: 0 } }] as const) {
      const plan = await etl.plan(o);
      expect(plan.blocks.length).toBeGreaterThan(0);
      expect(String(plan)).toMatch(/items/);
    }
    expect(await picture(db, etl, "items")).toEqual(before);
    await failure(etl.plan({ rollback: { to: 9 } }), "NOT_FOUND");
  });

  test("close: ends what runs with CLOSED, waits for it, and later calls say CLOSED", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 5, 1)) });
    let closing: Promise<void> | undefined;
    const endless = rows(
      (async function* () {
        for (let id = 10; ; id++) {
          closing ??= etl.close();
          yield { id, v: 1, seq: 2 };
          await new Promise((resolve) => setImmediate(resolve));
        }
      })(),
    );
    await failure(etl.run({ items: endless }), "CLOSED");
    await closing;
    await failure(etl.status(), "CLOSED");
    await failure(etl.run({}), "CLOSED");
    await failure(all(etl.history()), "CLOSED");
    await etl.close();
    const other = itemsPipeline(db);
    expect((await other.status()).lease).toBeNull();
    expect(await db.query("SELECT count(*)::INT AS n FROM items")).toEqual([{ n: 5 }]);
    expect((await other.run({ items: query(sql`SELECT 6 AS id, 'x' AS name, 1 AS v, 2 AS seq`) })).status).toBe("published");
    expect(await db.litter()).toEqual([]);
  });
});
