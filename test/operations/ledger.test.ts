import { cutover, isCutoverError, rows } from "cutover";
import { expect, test } from "vitest";
import { all, batch, day, daysTable, failure, itemsPipeline, itemsTable } from "../support/fixtures.js";
import { onEveryWarehouse } from "../support/warehouse.js";

onEveryWarehouse((open) => {
  test("invariant 2: a release number is given out once, however often a release that has one is refused", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 3, 1)) });
    const release = await etl.begin();
    const candidate = await etl.clone();
    for (const r of [release, candidate]) await r.load({ items: rows(batch(4, 5, 2)) });
    await etl.hold("by hand");
    for (let i = 0; i < 3; i++) {
      await failure(release.publish(), "HELD");
      await failure(candidate.swap(), "HELD");
    }
    await failure(etl.run({ items: rows(batch(4, 5, 2)) }), "HELD");
    await etl.unhold();
    expect([release.id, candidate.id, (await etl.begin()).id]).toEqual([2, 3, 4]);
    expect(await etl.run({ items: rows(batch(6, 7, 3)) })).toMatchObject({ status: "published", release: 5 });
    expect((await all(etl.history())).map((r) => r.release)).toEqual([5, 1]);
  });

  test("invariant 2: a load that fails halfway leaves nothing of itself in its release", async () => {
    const db = await open();
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "two", tables: { days: daysTable(), items: itemsTable() } }));
    const release = await etl.begin();
    let fail = true;
    const feed = (n: number) => ({
      days: rows(day(n, ["u", 1], ["w", 2])),
      items: rows(
        (function* () {
          yield* batch(n, n + 1, n);
          if (fail) throw new Error("the source gave up");
        })(),
      ),
    });
    await failure(release.load(feed(1)), "SOURCE");
    fail = false;
    expect(await release.load(feed(1))).toMatchObject({ staged: { days: { rows: 2 }, items: { rows: 2 } } });
    fail = true;
    await failure(release.load(feed(2)), "SOURCE");
    fail = false;
    await release.load(feed(2));
    expect((await release.publish()).tables).toMatchObject({ days: { inserted: 4 }, items: { inserted: 3 } });
    expect(await db.query("SELECT count(*)::INT AS n FROM days")).toEqual([{ n: 4 }]);
    expect(await db.litter()).toEqual([]);
  });

  test("invariant 2: what could not be read again is refused before anything is written", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 3, 1)) });
    const release = await etl.begin();
    const candidate = await etl.clone();
    const load = () => ({ items: rows(batch(3, 5, 2)) });
    const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
      ["note", () => etl.run(load(), { note: 5 as never })],
      ["note", () => etl.run(load(), { note: null as never, strategy: "swap" })],
      ["idempotencyKey", () => etl.run(load(), { idempotencyKey: 5 as never })],
      ["idempotencyKey", () => etl.run(load(), { idempotencyKey: "" })],
      ["strategy", () => etl.run(load(), { strategy: "sideways" as never })],
      ["reason", () => (etl.hold as () => Promise<void>)()],
      ["reason", () => release.reject(5 as never)],
      ["reason", () => candidate.reject(null as never)],
    ];
    for (const [path, call] of calls) {
      const e = await failure(call(), "CONFIG");
      expect(e.context.issues.map((i) => i.path)).toEqual([path]);
    }
    expect(await etl.status()).toMatchObject({ live: 1, held: null, lease: null });
    expect([release.state, candidate.state]).toEqual(["open", "open"]);
    for (const r of [release, candidate]) await r.reject();
    expect(await etl.run(load(), { note: "fine", idempotencyKey: "k" })).toMatchObject({ status: "published" });
    expect(isCutoverError(await etl.status().catch((e: unknown) => e))).toBe(false);
  });
});
