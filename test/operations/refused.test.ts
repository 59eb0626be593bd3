import { accepted, between, check, maxDrop, maxGrowth, noRows, notNull, reconcile, rowCount, rows, sql, unique } from "cutover";
import { expect, test } from "vitest";
import { batch, day, daysPipeline, failure, itemsPipeline, picture } from "../support/fixtures.js";
import { onEveryWarehouse } from "../support/warehouse.js";

const refusals = [
  ["rowCount", [rowCount({ max: 10 })], batch(5, 12, 2), "rowCount"],
  ["maxGrowth", [maxGrowth(0.1)], batch(5, 12, 2), "maxGrowth"],
  ["notNull", [notNull("name")], [{ id: 3, name: null, v: 2, seq: 2 }], "notNull(name)"],
  ["unique on a column that is no key", [unique("name")], [{ id: 3, name: "n1", v: 2, seq: 2 }], "unique(name)"],
  ["accepted", [accepted("v", [1, 2])], [{ id: 3, v: 3, seq: 2 }], "accepted(v)"],
  ["between", [between("v", { min: 0, max: 5 })], [{ id: 3, v: 6, seq: 2 }], "between(v)"],
  ["noRows", [noRows("no seven", sql`SELECT * FROM ${sql.self} WHERE v = 7`)], [{ id: 3, v: 7, seq: 2 }], "no seven"],
  ["reconcile", [reconcile()], batch(5, 6, 2), "reconcile(rows)"],
  [
    "JavaScript",
    [
      check("mine", async ({ query, self }) => ({
        pass: Number((await query(sql`SELECT count(*) AS n FROM ${self}`))[0]?.["n"]) === 5,
      })),
    ],
    batch(6, 6, 2),
    "mine",
  ],
] as const;

onEveryWarehouse((open) => {
  for (const [what, checks, load, name] of refusals) {
    test(`invariant 3: a failed check leaves rows and watermark identical, in place and by swap (${what})`, async () => {
      const db = await open();
      await itemsPipeline(db).run({ items: rows(batch(1, 5, 1)) });
      const etl = itemsPipeline(db, { checks: [...checks] as never });
      const before = await picture(db, etl, "items");
      const source = () => rows(load as never[], what === "reconcile" ? { totals: { rows: 3 } } : {});
      const e = await failure(etl.run({ items: source() }, { note: "bad" }), "CHECKS_FAILED");
      const failed = e.context.checks.filter((c) => c.outcome === "fail");
      expect(failed.map((c) => [c.table, c.check, c.severity])).toEqual([["items", name, "error"]]);
      expect(await picture(db, etl, "items")).toEqual(before);
      await failure(etl.run({ items: source() }, { strategy: "swap" }), "CHECKS_FAILED");
      expect(await picture(db, etl, "items")).toEqual(before);
      const release = await etl.begin();
      await release.load({ items: source() });
      expect((await release.validate()).ok).toBe(false);
      expect(release.state).toBe("loaded");
      await failure(release.publish(), "CHECKS_FAILED");
      await release.reject("looks wrong");
      const candidate = await etl.clone();
      await candidate.load({ items: source() });
      expect((await candidate.validate()).checks.filter((c) => c.outcome === "fail").map((c) => c.check)).toEqual([name]);
      await failure(candidate.swap(), "CHECKS_FAILED");
      await candidate.reject();
      expect(await picture(db, etl, "items")).toEqual(before);
      expect(await db.litter()).toEqual([]);
      expect((await etl.audit()).ok).toBe(true);
      expect(await db.query("SELECT count(*)::INT AS n FROM items")).toEqual([{ n: 5 }]);
    });

    test(`invariant 3: the same check lets good rows pass, in place and by swap (${what})`, async () => {
      const db = await open();
      await itemsPipeline(db).run({ items: rows(batch(1, 4, 1)) });
      const etl = itemsPipeline(db, { checks: (what === "maxGrowth" ? [maxGrowth(0.25)] : [...checks]) as never });
      const good = (v: number) =>
        rows([{ id: 5, name: "n5", v, seq: v }], what === "reconcile" ? { totals: { rows: 1, sums: { v } } } : {});
      expect((await etl.run({ items: good(1) })).checks.map((c) => c.outcome)).not.toContain("fail");
      expect((await etl.run({ items: good(2) }, { strategy: "swap" })).checks.map((c) => c.outcome)).not.toContain("fail");
      expect((await etl.check()).ok).toBe(true);
      expect((await etl.status()).live).toBe(3);
    });
  }

  test("invariant 3: a drop in one partition is refused, although the table grows", async () => {
    const db = await open();
    const cells = (n: number) => Array.from({ length: n }, (_, i) => [`p${i}`, i] as const);
    await daysPipeline(db).run({ days: rows([...day(1, ...cells(10)), ...day(2, ...cells(10))]) });
    const etl = daysPipeline(db, [maxDrop(0.2, { per: "partition" })]);
    const before = await picture(db, etl, "days");
    const half = () => rows([...day(2, ...cells(5)), ...day(3, ...cells(50))]);
    for (const strategy of ["in-place", "swap"] as const) {
      const e = await failure(etl.run({ days: half() }, { strategy }), "CHECKS_FAILED");
      expect(e.context.checks[0]).toMatchObject({ outcome: "fail", observed: 0.5 });
      expect(JSON.stringify(e.context.checks[0]?.samples)).toContain("2001-01-02");
      expect(await picture(db, etl, "days")).toEqual(before);
    }
    expect((await etl.run({ days: rows([...day(2, ...cells(8)), ...day(3, ...cells(50))]) })).status).toBe("published");
  });

  test("invariant 3: growth of one partition is refused per partition and not per table", async () => {
    const db = await open();
    const cells = (n: number) => Array.from({ length: n }, (_, i) => [`p${i}`, i] as const);
    await daysPipeline(db).run({ days: rows([...day(1, ...cells(100)), ...day(2, ...cells(10))]) });
    const etl = daysPipeline(db, [maxGrowth(0.2), maxGrowth(0.5, { per: "partition" })]);
    const e = await failure(etl.run({ days: rows(day(2, ...cells(16))) }), "CHECKS_FAILED");
    expect(e.context.checks.map((c) => c.outcome)).toEqual(["pass", "fail"]);
    expect((await etl.run({ days: rows(day(2, ...cells(15))) })).status).toBe("published");
  });

  test("invariant 3: one table's failed check keeps every table of the release as it was", async () => {
    const db = await open();
    const { cutover } = await import("cutover");
    const { daysTable, itemsTable } = await import("../support/fixtures.js");
    const etl = db.own(
      cutover({
        warehouse: db.warehouse,
        pipeline: "both",
        tables: { items: itemsTable(), days: daysTable([between("n", { max: 5 })]) },
      }),
    );
    await etl.run({ items: rows(batch(1, 5, 1)), days: rows(day(1, ["a", 1])) });
    const before = await picture(db, etl, "items", "days");
    await failure(etl.run({ items: rows(batch(1, 9, 2)), days: rows(day(2, ["b", 9])) }), "CHECKS_FAILED");
    expect(await picture(db, etl, "items", "days")).toEqual(before);
  });

  test("invariant 3: rejected and abandoned releases leave nothing behind", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 5, 1)) });
    const before = await picture(db, etl, "items");
    {
      await using release = await etl.begin();
      await release.load({ items: rows(batch(1, 9, 2)) });
      await using candidate = await etl.clone();
      await candidate.load({ items: rows(batch(1, 9, 2)) });
      expect(await picture(db, etl, "items")).toEqual(before);
      expect((await etl.status()).open).toHaveLength(2);
    }
    const rejected = await etl.rebuild();
    await rejected.load({ items: rows(batch(1, 9, 2)) });
    await rejected.reject("not today");
    expect(rejected.state).toBe("rejected");
    expect(await picture(db, etl, "items")).toEqual(before);
    expect((await etl.status()).open).toEqual([]);
    expect(await db.litter()).toEqual([]);
  });

  test("invariant 3: a check in JavaScript that throws refuses the release and keeps its own error", async () => {
    const db = await open();
    await itemsPipeline(db).run({ items: rows(batch(1, 5, 1)) });
    const boom = new Error("the check itself is broken");
    const etl = itemsPipeline(db, { checks: [check("broken", () => Promise.reject(boom))] });
    const before = await picture(db, etl, "items");
    const e = (await etl.run({ items: rows(batch(6, 7, 2)) }).catch((x: unknown) => x)) as Error;
    expect(e.message).toContain("the check itself is broken");
    expect([e, e.cause, (e.cause as Error | undefined)?.cause]).toContain(boom);
    expect(await picture(db, etl, "items")).toEqual(before);
    expect(await db.litter()).toEqual([]);
  });

  test("invariant 3: a release with a warning goes on, and the report says so", async () => {
    const db = await open();
    const checks = [
      between("v", { max: 1 }, { severity: "warn", samples: 2 }),
      check("quiet", async () => ({ pass: false, observed: { n: 3n }, message: "hm" }), { severity: "warn" }),
    ];
    const etl = itemsPipeline(db, { checks });
    const report = await etl.run({ items: rows(batch(1, 5, 2)) });
    expect(report.status).toBe("published");
    expect(report.checks.map((c) => [c.check, c.outcome, c.severity])).toEqual([
      ["between(v)", "warn", "warn"],
      ["quiet", "warn", "warn"],
    ]);
    expect(report.checks[0]?.observed).toBe(5);
    expect(report.checks[0]?.samples).toHaveLength(2);
    expect(report.checks[1]?.message).toBe("hm");
    expect(() => JSON.stringify(report)).not.toThrow();
  });
});
