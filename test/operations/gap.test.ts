import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cutover, files, query, reconcile, rows, type Source, sql, type Table, table } from "cutover";
import { expect, test } from "vitest";
import { batch, failure, itemsPipeline, picture } from "../support/fixtures.js";
import { type Db, onEveryWarehouse } from "../support/warehouse.js";

type From = { readonly since: { readonly items: bigint | undefined } };
/** A source that has ten new rows at each `seq` up to this one, and is read from the watermark on. */
const upTo = (last: number) => (c: From) => ({
  items: rows(
    Array.from({ length: last }, (_, i) => i + 1)
      .filter((seq) => BigInt(seq) >= (c.since.items ?? 0n))
      .flatMap((seq) => batch(seq * 10 - 9, seq * 10, seq)),
  ),
});
/** Every row that the source has up to `last`, once. */
async function complete(db: Db, last: number): Promise<void> {
  const found = await db.query(
    "SELECT seq::INT AS seq, count(DISTINCT id)::INT AS ids, count(*)::INT AS n FROM items GROUP BY 1 ORDER BY 1",
  );
  expect(found).toEqual(Array.from({ length: last }, (_, i) => ({ seq: i + 1, ids: 10, n: 10 })));
}
const pipelineOf = (db: Db, t: Table) => cutover({ warehouse: db.warehouse, pipeline: "t", tables: { t } });
/** The mistakes in a table, told when the pipeline is made or when it runs. */
async function mistakes(db: Db, t: Table, source: Source<never> = rows<never>([])): Promise<readonly string[]> {
  const e = await failure((async () => db.own(pipelineOf(db, t)).run({ t: source }))(), "CONFIG");
  return e.context.issues.map((i) => i.path);
}

onEveryWarehouse((open) => {
  test("invariant 2: a release that was read from a watermark which a rollback took back is refused", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run(upTo(1));
    await etl.run(upTo(3));
    const release = await etl.begin();
    await release.load(upTo(4));
    await etl.rollback();
    await etl.unhold();
    const before = await picture(db, etl, "items");
    const e = await failure(release.publish(), "GAP");
    expect(e.context).toMatchObject({ watermark: "1", from: "3", pipeline: "items", release: release.id, table: "items" });
    expect(await picture(db, etl, "items")).toEqual(before);
    await release.reject();
    expect((await etl.run(upTo(4))).status).toBe("published");
    await complete(db, 4);
    expect((await etl.audit()).ok).toBe(true);
  });

  test("invariant 2: a release that was read from a watermark is refused when the first load was rolled back", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run(upTo(2));
    const release = await etl.begin();
    await release.load(upTo(3));
    await etl.rollback();
    await etl.unhold();
    const before = await picture(db, etl, "items");
    const e = await failure(release.publish(), "GAP");
    expect(e.context).toMatchObject({ watermark: null, from: "2" });
    expect(await picture(db, etl, "items")).toEqual(before);
    await release.reject();
    await etl.run(upTo(3));
    await complete(db, 3);
  });

  test("invariant 2: a release that was read from a watermark which an adoption lowered is refused", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run(upTo(3));
    const release = await etl.begin();
    await release.load(upTo(4));
    await db.query("DELETE FROM items WHERE seq > 1");
    await etl.adopt({ watermarks: { items: 1n } });
    const before = await picture(db, etl, "items");
    const e = await failure(release.publish(), "GAP");
    expect(e.context).toMatchObject({ watermark: "1", from: "3" });
    expect(await picture(db, etl, "items")).toEqual(before);
    await release.reject();
    await etl.run(upTo(4));
    await complete(db, 4);
    expect((await etl.audit()).ok).toBe(true);
  });

  test("invariant 2: a refused release can be published when a redo has brought its watermark back", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run(upTo(1));
    await etl.run(upTo(3));
    const release = await etl.begin();
    await release.load(upTo(4));
    await etl.rollback();
    await etl.unhold();
    await failure(release.publish(), "GAP");
    await etl.redo();
    expect((await release.publish()).status).toBe("published");
    await complete(db, 4);
  });

  test("invariant 2: a release is published where the watermark moved forward, or back no further than it was read from", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run(upTo(1));
    const early = await etl.begin();
    await early.load(upTo(2));
    await etl.run(upTo(3));
    expect((await early.publish()).status).toBe("nothing-to-do");
    await complete(db, 3);
    await etl.run(upTo(4));
    const again = await etl.begin();
    await etl.rollback();
    await again.load(upTo(5));
    await etl.unhold();
    expect((await again.publish()).status).toBe("published");
    await complete(db, 5);
    expect((await etl.audit()).ok).toBe(true);
  });

  test("invariant 2: in mode partition the cursor is the partition column, or a late row would replace a day by itself", async () => {
    const db = await open();
    const columns = { day: "date", seen: "timestamp", n: "int64" } as const;
    const wrong = table("t", { columns, mode: "partition", partition: "day", cursor: "seen" });
    expect(await mistakes(db, wrong)).toEqual(["tables.t.cursor"]);
    const right = table("t", { columns, mode: "partition", partition: "day", cursor: "day" });
    expect(() => db.own(pipelineOf(db, right))).not.toThrow();
    const none = table("t", { columns, mode: "partition", partition: "day" });
    expect(() => db.own(pipelineOf(db, none))).not.toThrow();
  });

  test("invariant 2: a lookback has a distance in the cursor's own units, also where live tells the type", async () => {
    const db = await open();
    await db.query("CREATE TABLE texts (id BIGINT, c VARCHAR)");
    await db.query("CREATE TABLE numbers (id BIGINT, c BIGINT)");
    await db.query("CREATE TABLE times (id BIGINT, c TIMESTAMP)");
    const read = (name: string, lookback?: number | "10m") =>
      table(name, { key: "id", cursor: "c", ...(lookback === undefined ? {} : { lookback }) });
    const ofText = await mistakes(db, read("texts", 5));
    expect(ofText).toEqual([expect.stringMatching(/^tables\.t\.(lookback|cursor)$/)]);
    expect(await mistakes(db, read("texts", "10m"))).toEqual(ofText);
    expect(await mistakes(db, read("numbers", "10m"))).toEqual(["tables.t.lookback"]);
    const declared = table("declared", { columns: { id: "int64", c: "int64" }, key: "id", cursor: "c", lookback: "10m" });
    expect(await mistakes(db, declared)).toEqual(["tables.t.lookback"]);
    for (const [i, [t, c, since]] of (
      [
        [read("texts"), "x", "x"],
        [read("numbers", 5), 100, 95n],
        [table("fine", { columns: { id: "int64", c: "int64" }, key: "id", cursor: "c", lookback: 5 }), 100, 95n],
        [read("times", "10m"), "2001-01-01T00:10:00", "2001-01-01T00:00:00"],
      ] as const
    ).entries()) {
      const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: `fine ${i}`, tables: { t: t as Table } }));
      await etl.run({ t: rows([{ id: 1, c }]) });
      await etl.run((ctx) => {
        expect((ctx.since as Record<string, unknown>)["t"]).toEqual(since);
        return {};
      });
    }
  });

  for (const strategy of ["in-place", "swap"] as const) {
    test(`invariant 3: a source that gives nothing although its totals tell of rows is refused by reconcile (${strategy})`, async () => {
      const db = await open();
      const etl = itemsPipeline(db, { checks: [reconcile()] });
      await etl.run({ items: rows(batch(1, 5, 1), { totals: { rows: 5 } }) });
      const before = await picture(db, etl, "items");
      const e = await failure(etl.run({ items: rows([], { totals: { rows: 100 } }) }, { strategy }), "CHECKS_FAILED");
      expect(e.context.checks.filter((c) => c.outcome === "fail").map((c) => [c.table, c.check])).toEqual([
        ["items", "reconcile(rows)"],
      ]);
      expect(await picture(db, etl, "items")).toEqual(before);
      expect(await db.litter()).toEqual([]);
      expect((await etl.run({ items: rows(batch(6, 6, 2), { totals: { rows: 1 } }) }, { strategy })).status).toBe("published");
    });
  }

  test("invariant 3: a release whose only load gave nothing although its totals tell of rows is refused by reconcile", async () => {
    const db = await open();
    const etl = itemsPipeline(db, { checks: [reconcile()] });
    await etl.run({ items: rows(batch(1, 5, 1), { totals: { rows: 5 } }) });
    const before = await picture(db, etl, "items");
    const release = await etl.begin();
    await release.load({ items: rows([], { totals: { rows: 100 } }) });
    expect((await release.validate()).ok).toBe(false);
    await failure(release.publish(), "CHECKS_FAILED");
    await release.reject();
    expect(await picture(db, etl, "items")).toEqual(before);
    expect(await db.litter()).toEqual([]);
  });

  test("invariant 3: an empty source with totals of nothing, or with none, has nothing to do", async () => {
    const db = await open();
    const etl = itemsPipeline(db, { checks: [reconcile()] });
    await etl.run({ items: rows(batch(1, 5, 1), { totals: { rows: 5 } }) });
    expect((await etl.run({ items: rows([], { totals: { rows: 0 } }) })).status).toBe("nothing-to-do");
    expect((await etl.run({ items: rows([]) })).status).toBe("nothing-to-do");
  });

  test("invariant 3: a key that lives in another partition is a BAD_ROW for a candidate too, which can go on", async () => {
    const db = await open();
    const t = table("visits", {
      columns: { id: "int64", day: "date", n: "int64" },
      mode: "partition",
      partition: "day",
      key: "id",
    });
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "visits", tables: { t } }));
    const visit = (id: number, d: number, n: number) => ({ id, day: `2001-01-0${d}`, n });
    await etl.run({ t: rows([visit(1, 1, 1), visit(2, 1, 1), visit(3, 2, 1)]) });
    const before = await picture(db, etl, "visits");
    const whole = await failure(etl.run({ t: rows([visit(3, 1, 9)]) }, { strategy: "swap" }), "BAD_ROW");
    expect(whole.message).toContain("partition");
    expect(await db.litter()).toEqual([]);
    const candidate = await etl.clone();
    const e = await failure(candidate.load({ t: rows([visit(3, 1, 9)]) }), "BAD_ROW");
    expect(e.context).toMatchObject({ table: "t", release: candidate.id });
    expect(await picture(db, etl, "visits")).toEqual(before);
    await candidate.load({ t: rows([visit(3, 1, 9), visit(1, 2, 9)]) });
    expect((await candidate.swap()).tables.t).toMatchObject({ rows: 2 });
    expect(await db.litter()).toHaveLength(1); // the version before
    expect((await etl.audit()).ok).toBe(true);
  });

  test("declared columns are all that a load writes: others of live are unknown to files and queries, and keep their values", async () => {
    const db = await open();
    await db.query("CREATE TABLE notes AS SELECT i AS id, i AS v, 'ours ' || i AS note FROM range(1, 4) t(i)");
    const at = join(db.folder, "notes.csv");
    await writeFile(at, "id,v,note\n1,10,theirs\n4,40,theirs\n");
    const sources = (): readonly Source<never>[] => [
      query(sql`SELECT 1::BIGINT AS id, 10::BIGINT AS v, 'theirs' AS note UNION ALL SELECT 4, 40, 'theirs'`),
      files(at),
    ];
    const columns = { id: "int64", v: "int64" } as const;
    const strict = db.own(pipelineOf(db, table("notes", { columns, key: "id" })));
    await strict.adopt();
    const before = await picture(db, strict, "notes");
    for (const source of sources()) {
      const e = await failure(strict.run({ t: source }), "BAD_SOURCE");
      expect(e.context.reason).toContain("note");
      expect(e.context.table).toBe("t");
      expect(await picture(db, strict, "notes")).toEqual(before);
    }
    const loose = db.own(pipelineOf(db, table("notes", { columns, key: "id", onUnknownColumn: "ignore" })));
    for (const source of sources()) {
      const report = await loose.run({ t: source });
      expect(report.tables["t"]).toMatchObject({ updated: 1, inserted: 1, unchanged: 0, rows: 4 });
      expect(report.warnings.map((w) => w.code)).toEqual(["IGNORED_COLUMNS"]);
      expect(await db.query("SELECT id::INT AS id, v::INT AS v, note FROM notes ORDER BY id")).toEqual([
        { id: 1, v: 10, note: "ours 1" },
        { id: 2, v: 2, note: "ours 2" },
        { id: 3, v: 3, note: "ours 3" },
        { id: 4, v: 40, note: null },
      ]);
      await loose.rollback();
      await loose.unhold();
      expect(await db.content("notes")).toEqual(before.contents[0]);
    }
    // Where none are declared, those of live are the table's.
    const all = db.own(pipelineOf(db, table("notes", { key: "id" })));
    await all.run({ t: sources()[0] as Source<never> });
    expect(await db.query("SELECT count(*)::INT AS n FROM notes WHERE note = 'theirs'")).toEqual([{ n: 2 }]);
  });
});
