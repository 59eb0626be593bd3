import { type CutoverEvent, notNull, rowCount, rows, unique } from "cutover";
import { expect, test } from "vitest";
import { batch, failure, itemsPipeline } from "../support/fixtures.js";
import { onEveryWarehouse } from "../support/warehouse.js";

const trusts = (r: { readonly checks: readonly { readonly check: string; readonly trust: string }[] }) =>
  r.checks.map((c) => `${c.check} ${c.trust}`);

onEveryWarehouse((open) => {
  test("checks: all rows at first, then only those that change, and all again when nothing can be trusted", async () => {
    const db = await open();
    const checks = [rowCount({ min: 1 }), notNull("v"), unique("id"), unique("name")];
    const etl = itemsPipeline(db, { checks, scanEvery: 4 });
    const scan = ["rowCount scan", "notNull(v) scan", "unique(id) scan", "unique(name) scan"];
    const incremental = ["rowCount scan", "notNull(v) incremental", "unique(id) incremental", "unique(name) scan"];
    expect(trusts(await etl.run({ items: rows(batch(1, 5, 1)) }))).toEqual(scan);
    expect(trusts(await etl.run({ items: rows(batch(5, 6, 2)) }))).toEqual(incremental);
    await db.query("INSERT INTO items VALUES (90, 'other', 1, 1)");
    expect(trusts(await etl.run({ items: rows(batch(7, 7, 3)) }))).toEqual(scan);
    const seen = [];
    for (let v = 4; v < 9; v++)
      seen.push(trusts(await etl.run({ items: rows(batch(v + 4, v + 4, v)) })).includes("notNull(v) scan"));
    expect(seen.filter(Boolean)).toHaveLength(1);
    const candidate = await etl.clone();
    await candidate.load({ items: rows(batch(30, 30, 10)) });
    expect(trusts(await candidate.swap())).toEqual(scan);
    // Another definition has not been proven.
    const other = itemsPipeline(db, { checks: [notNull("v", "name")] });
    expect(trusts(await other.run({ items: rows(batch(31, 31, 11)) }))).toEqual(["notNull(v) incremental", "notNull(name) scan"]);
  });

  test("checks: on demand they read live and change nothing; a failure is a result", async () => {
    const db = await open();
    await failure(itemsPipeline(db).check(), "NOT_FOUND");
    await itemsPipeline(db).run({ items: rows(batch(1, 5, 1)) });
    const etl = itemsPipeline(db, { checks: [rowCount({ min: 10 }), unique("name"), notNull("name")] });
    const tables = await db.tables();
    const result = await etl.check({ tables: ["items"] });
    expect(result).toMatchObject({ ok: false });
    expect(result.checks.map((c) => c.outcome)).toEqual(["fail", "pass", "pass"]);
    expect((await etl.check()).digest).toBe(result.digest);
    expect(await db.tables()).toEqual(tables);
    expect(await etl.status()).toMatchObject({ live: 1, lease: null });
  });

  test("events: stages, rows, checks and results in order; observers and loggers that throw fail nothing", async () => {
    const db = await open();
    const events: CutoverEvent[] = [];
    const broken = {
      event: () => {
        throw new Error("observer");
      },
    };
    const shout = () => {
      throw new Error("logger");
    };
    const etl = itemsPipeline(db, {
      checks: [rowCount({ min: 1 })],
      observers: [broken, { event: (e) => void events.push(e) }],
      logger: { debug: shout, info: shout, warn: shout, error: shout },
    });
    await etl.run({ items: rows(batch(1, 5, 1)) });
    const told = events.filter((e) => e.type !== "statement").map((e) => `${e.type} ${"stage" in e ? e.stage : ""}`.trim());
    expect(told).toEqual([
      "stage.start load",
      "rows.staged",
      "stage.end load",
      "stage.start publish",
      "check",
      "stage.end publish",
      "published",
    ]);
    expect(events.every((e) => e.pipeline === "items" && Number.isFinite(e.at))).toBe(true);
    expect(events.find((e) => e.type === "published")).toMatchObject({ release: 1, table: "items", counts: { inserted: 5 } });
    events.length = 0;
    await failure(etl.run({ items: rows([{ id: 1, v: "x" as never, seq: 1 }]) }), "BAD_ROW");
    expect(events.find((e) => e.type === "stage.end")).toMatchObject({ stage: "load", ok: false, code: "BAD_ROW" });
    events.length = 0;
    await etl.run({ items: rows(batch(1, 1, 2)) });
    await etl.rollback();
    expect(events.find((e) => e.type === "rolled-back")).toMatchObject({ from: 2, to: 1 });
  });

  test("reports: stages count statements, and the whole is JSON", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    const report = await etl.run({ items: rows(batch(1, 5, 1)) });
    expect(report.stages.map((s) => s.stage)).toEqual(["load", "publish"]);
    expect(report.stages.every((s) => s.statements > 0)).toBe(true);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });
});
