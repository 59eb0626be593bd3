import { cutover, rows, sql, table } from "cutover";
import { ansi, type Syntax } from "cutover/adapter";
import { expect, test } from "vitest";
import { clone } from "../../adapters/duckdb/steps/clone.js";
import { swap } from "../../adapters/duckdb/steps/swap.js";
import { syntax } from "../../adapters/duckdb/syntax.js";
import { wrapped } from "../../src/conformance/wrapped.js";
import { all, batch, failure, itemsPipeline, picture } from "../support/fixtures.js";
import { type Db, onEveryWarehouse } from "../support/warehouse.js";

/** A later version of the adapter, whose checksums are computed in another way. */
function upgraded(db: Db) {
  const later: Syntax = { ...syntax, hashVersion: "later-2", rowHash: (c, alias) => `(${syntax.rowHash(c, alias)} + 1)` };
  return wrapped(db.warehouse, { syntax: later, steps: { ...ansi(later), clone, swap } });
}
const foreign = "INSERT INTO items VALUES (900, 'theirs', 7, 0)";
const theirs = (db: Db) => db.query("SELECT id FROM items WHERE id = 900");

onEveryWarehouse((open) => {
  test("invariant 4: a checksum of an older version stops neither swap nor rollback; rows are counted, and that is told", async () => {
    const db = await open();
    const before = itemsPipeline(db);
    await before.run({ items: rows(batch(1, 3, 1)) });
    await before.run({ items: rows(batch(3, 4, 2)) }, { strategy: "swap" });
    const logged: string[] = [];
    const say = (_c: object, m: string) => void logged.push(m);
    const etl = itemsPipeline(db, { warehouse: upgraded(db), logger: { debug: say, info: say, warn: say, error: say } });
    const report = await etl.run({ items: rows(batch(4, 5, 3)) }, { strategy: "swap" });
    expect(report).toMatchObject({ status: "published", tables: { items: { rows: 5 } } });
    expect(report.warnings.map((w) => w.code)).toEqual(["CHECKSUM"]);
    expect((await etl.audit()).ok).toBe(true);
    expect((await etl.rollback()).to).toBe(2);
    expect(logged).toEqual([]);
    expect((await etl.rollback()).to).toBe(1);
    expect(logged).toHaveLength(1);
    expect((await etl.redo()).to).toBe(2);
    expect((await etl.rollback({ to: 0 })).to).toBe(0);
    expect(await db.content("items")).toEqual([]);
  });

  test("invariant 6: with a checksum of an older version, rows and columns of others still stop a swap", async () => {
    const db = await open();
    const before = itemsPipeline(db);
    await before.run({ items: rows(batch(1, 3, 1)) });
    const etl = itemsPipeline(db, { warehouse: upgraded(db) });
    const candidate = await etl.clone();
    await candidate.load({ items: rows(batch(3, 4, 2)) });
    await db.query(foreign);
    await failure(candidate.swap(), "DRIFTED");
    await db.query("DELETE FROM items WHERE id = 900");
    await db.query("ALTER TABLE items ADD COLUMN theirs VARCHAR");
    await failure(candidate.swap(), "DRIFTED");
  });

  for (const [what, write, o] of [
    ["rows that others inserted", foreign, {}],
    [
      "rows that others changed, found by a full scan,",
      "UPDATE items SET name = 'theirs', id = 900 WHERE id = 2",
      { scanEvery: 1 },
    ],
    ["a column that others added", "ALTER TABLE items ADD COLUMN theirs VARCHAR DEFAULT 'x'", {}],
  ] as const) {
    test(`invariant 6: no rollback goes back over a swap that ${what} came after`, async () => {
      const db = await open();
      const etl = itemsPipeline(db, o);
      await etl.run({ items: rows(batch(1, 3, 1)) });
      await etl.run({ items: rows(batch(3, 4, 2)) }, { strategy: "swap" });
      await db.query(write);
      await etl.run({ items: rows(batch(4, 5, 3)) });
      await etl.run({ items: rows(batch(4, 5, 4)) });
      const before = await picture(db, etl, "items");
      for (const call of [
        () => etl.rollback({ to: 1 }),
        () => etl.rollback({ to: 1, dryRun: true }),
        () => etl.plan({ rollback: { to: 1 } }),
      ]) {
        const e = await failure(call(), "DRIFTED");
        expect(e.context).toMatchObject({ table: "items", release: 3 });
      }
      expect(await picture(db, etl, "items")).toEqual(before);
      if (what.startsWith("a column")) return;
      expect((await etl.rollback({ to: 2 })).to).toBe(2);
      expect(await theirs(db)).toHaveLength(1);
      expect((await etl.redo()).to).toBe(4);
      expect(await theirs(db)).toHaveLength(1);
    });
  }

  test("invariant 4: a rollback over a swap goes on where others wrote before the swap, or since an older one", async () => {
    const db = await open();
    const etl = itemsPipeline(db, { keep: 9 });
    await etl.run({ items: rows(batch(1, 3, 1)) });
    await db.query(foreign);
    await etl.run({ items: rows(batch(3, 4, 2)) });
    await etl.run({ items: rows(batch(4, 5, 3)) }, { strategy: "swap" });
    await etl.run({ items: rows(batch(5, 6, 4)) });
    expect((await etl.rollback({ to: 2 })).to).toBe(2);
    expect(await theirs(db)).toHaveLength(1);
    expect((await etl.redo()).to).toBe(4);
    expect((await etl.audit()).ok).toBe(true);
  });

  test("diff tells apart what the engine takes for equal, and pairs the sides of an update by keys of any type", async () => {
    const db = await open();
    await db.query('CREATE TABLE things (k BLOB, x DOUBLE, s VARCHAR COLLATE "NOCASE")');
    const t = table("things", { columns: { k: "bytes", x: "float64", s: "string" }, key: "k" });
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "things", tables: { t } }));
    const k = (n: number) => new Uint8Array([n]);
    await etl.run({
      t: rows([
        { k: k(1), x: 0, s: "a" },
        { k: k(2), x: 1, s: "a" },
        { k: k(3), x: 1, s: "a" },
      ]),
    });
    await etl.run({
      t: rows([
        { k: k(1), x: -0, s: "a" },
        { k: k(2), x: 1, s: "A" },
      ]),
    });
    const candidate = await etl.clone();
    await candidate.transform(sql`UPDATE ${candidate.refs.t} SET x = 2 WHERE s = 'A' AND x = 1`);
    await candidate.swap();
    const changes = async (from: number, to: number) =>
      (await all(etl.diff("t", { from, to }))).map((c) => [
        c.op,
        "before" in c && c.before.x,
        "after" in c && [c.after.x, c.after.s],
      ]);
    expect(await changes(1, 2)).toEqual([
      ["update", 0, [-0, "a"]],
      ["update", 1, [1, "A"]],
    ]);
    expect((await changes(2, 3)).every(([op]) => op === "update")).toBe(true);
    expect((await changes(1, 3)).map(([op, before, after]) => [op, Object.is(before, 0), after])[0]).toEqual([
      "update",
      true,
      [-0, "a"],
    ]);
  });
});
