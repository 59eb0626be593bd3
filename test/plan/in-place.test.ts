import {
  accepted,
  anomaly,
  between,
  check,
  freshness,
  matches as like,
  maxDrop,
  noRows,
  notNull,
  reconcile,
  references,
  rowCount,
  sql,
  unique,
} from "cutover";
import { describe, expect, test } from "vitest";
import { rowsOf } from "../../src/adapter/shapes.js";
import type { Step } from "../../src/adapter/steps.js";
import type { Plan, PlannedStep } from "../../src/plan/compile.js";
import { planInPlace } from "../../src/plan/in-place.js";
import { columnsOf, facts, idOf, inPlaceAdapters, js, load, matches, names, shape, was } from "./support.js";

const tallies = (plan: Plan): readonly Step<"tally">[] =>
  plan.steps.flatMap((p) => ("step" in p && p.step.kind === "tally" ? [p.step] : []));

describe.each(inPlaceAdapters)("%s: a release in place", (dialect, adapter) => {
  const spec = { id: "int64!", customer: "string", amount: "decimal(18,2)", updated_at: "timestamp" } as const;
  const orders = shape(adapter, "orders", columnsOf(adapter, spec));
  const days = shape(adapter, "days", columnsOf(adapter, { day: "date!", n: "int64", x: "float64" }));
  const scope = { partition: "day", type: "date", values: [19_723, 19_724] } as const;
  const golden = (name: string, tables: Parameters<typeof planInPlace>[0], more = {}) => {
    const { plan, published } = planInPlace(tables, facts(more), js);
    return matches(dialect, name, adapter, plan).then(() => ({ plan, published, ids: plan.steps.map((s) => s.id) }));
  };

  test("the first load of a table that does not exist is a fill", async () => {
    const make = adapter.capabilities.transactionalDdl ? "in-block" : "before";
    const t = load(orders, { make, fill: true, was: null, checks: [rowCount({ min: 1 }), unique("id")] });
    const { ids, published } = await golden("first-load", [t]);
    const created = make === "in-block" ? ["orders.create"] : [];
    expect(ids).toEqual(["fence", ...created, "orders.fill", "orders.scan", "orders.validate.self", "checks", "record"]);
    expect(Object.values(published.tables)[0]).toMatchObject({ undo: { kind: "fill" }, tally: null, scan: "orders.scan" });
  });
  test("an upsert with every kind of check", async () => {
    const checks = [
      rowCount({ min: 1, max: 1000 }),
      notNull("id", "amount"),
      unique("id"),
      between("amount", { min: 0, max: 99.5 }),
      accepted("customer", ["a", "it's"]),
      maxDrop(0.2),
      reconcile(),
      noRows("lost", sql`SELECT * FROM ${sql.self} WHERE customer = ${"x"}`),
      notNull(["customer"], { severity: "warn", samples: 2 }),
      check("mine", async () => ({ pass: true })),
    ];
    const t = load(orders, { cursor: "updated_at", totals: { rows: 5, sums: { amount: "12.50" } }, checks });
    const { ids } = await golden("upsert", [t], { note: "a note", key: "key-1" });
    expect(ids).toEqual([
      "fence",
      "orders.capture",
      "orders.tally",
      "orders.exchange",
      "orders.validate.self",
      "orders.validate.delta",
      "orders.check.0",
      "checks",
      "record",
    ]);
  });
  test("checks in the engine's own words, and against history", async () => {
    const checks = [
      like("customer", /^[A-Z]{2}\d+'?$/),
      freshness("updated_at", { maxAge: "6h" }),
      anomaly("rows"),
      anomaly("changed", { minHistory: 3, ratio: 0.5 }),
      anomaly({ sum: "amount" }, { severity: "warn" }),
    ];
    const observed = { rows: [100, 101, 99, 100, 102], changed: [4, 6, 5], "sum(amount)": [10, 20] };
    const { published } = await golden("checks", [load(orders, { checks, was: was({ observed }) })]);
    expect(published.tables[idOf("orders")]?.checks.map((c) => [c.check, c.remember, c.bound])).toEqual([
      ["matches(customer)", undefined, { max: 0, pattern: "^[A-Z]{2}\\d+'?$" }],
      ["freshness(updated_at)", undefined, { max: 21_600_000 }],
      ["anomaly(rows)", "rows", { min: 90, max: 110, median: 100 }],
      ["anomaly(changed)", "changed", { min: 0, max: 10, median: 5 }],
      ["anomaly(sum(amount))", "sum(amount)", null],
    ]);
  });
  test("rows that do not fit, rows that were in quarantine, and how far a source was read", async () => {
    const quarantine = names.quarantine(idOf("orders"));
    const staged = { ref: names.delta(idOf("orders"), 7, "0q"), rows: 3, fresh: 2 };
    const release = load(orders, { cursor: "updated_at", aside: { quarantine, staged, redriven: true }, position: "offset 9" });
    const { ids, published } = await golden("quarantine", [release]);
    expect(ids.indexOf("orders.settle")).toBeLessThan(ids.indexOf("orders.exchange"));
    const told = published.tables[idOf("orders")];
    expect([told?.quarantined, told?.quarantine, told?.position]).toEqual([3, quarantine.path, "offset 9"]);
  });
  test("a reference to a table of the same release, and to one of nobody's", async () => {
    const lines = shape(adapter, "lines", columnsOf(adapter, { id: "int64!", order_id: "int64", country: "string" }));
    const checks = [references("order_id", "orders", "id"), references("country", "db.main.countries", "code")];
    const of = (lost: number) => ({
      [JSON.stringify(["orders", "id"])]: {
        rows: rowsOf(orders.ref),
        column: "id",
        epoch: [idOf("orders"), lost] as const,
        guarded: true,
      },
      [JSON.stringify(["db.main.countries", "code"])]: {
        rows: rowsOf({ path: ["db", "main", "countries"], filter: "`day` IS NOT NULL" }),
        column: "code",
        epoch: null,
        guarded: false,
      },
    });
    const planned = (lost: number, proven: readonly string[]) => [
      load(orders),
      load(lines, { checks, referred: of(lost), was: was({ proven: [...proven] }) }),
    ];
    const idsOf = (lost: number): readonly string[] =>
      planInPlace(planned(lost, []), facts(), js).published.tables[idOf("lines")]?.checks.map((c) => c.id) ?? [];
    const { published } = await golden("references", planned(3, idsOf(3)));
    const trusts = (p: typeof published) => p.tables[idOf("lines")]?.checks.map((c) => c.trust);
    expect(trusts(published)).toEqual(["incremental", "scan"]);
    // What was proven before the other table lost rows proves nothing after it.
    expect(trusts(planInPlace(planned(4, idsOf(3)), facts(), js).published)).toEqual(["scan", "scan"]);
    expect(published.tables[idOf("orders")]?.loses).toBeUndefined();
    const days = { partition: "id", type: "int64", values: [1n] } as const;
    const replaced = planInPlace([load(orders, { scope: days, partition: "id" })], facts(), js).published;
    expect(replaced.tables[idOf("orders")]?.loses).toBe(true);
  });
  test("checks that were proven read the effective rows", async () => {
    const checks = [notNull("id"), unique("id"), rowCount({ min: 1 })];
    const { published } = planInPlace([load(orders, { checks })], facts(), js);
    const proven = Object.values(published.tables)[0]!.checks.map((c) => c.id);
    const { ids } = await golden("upsert-proven", [load(orders, { checks, was: was({ proven }) })]);
    expect(ids).toContain("orders.validate.changed");
  });
  test("a delta that gives some of the columns", async () => {
    await golden("upsert-some-columns", [load(orders, { given: ["id", "amount"] })]);
  });
  test("a composite key with a cursor", async () => {
    const lines = shape(adapter, "lines", columnsOf(adapter, { order_id: "int64!", line: "string!", seq: "int64", v: "json" }));
    await golden("composite-key", [
      load(lines, { key: ["order_id", "line"], scope: { keys: ["order_id", "line"] }, cursor: "seq" }),
    ]);
  });
  test("partitions without a key", async () => {
    await golden("partition-keyless", [
      load(days, { scope, key: [], partition: "day", checks: [maxDrop(0.1, { per: "partition" })] }),
    ]);
  });
  test("partitions with a key", async () => {
    await golden("partition-with-key", [load(days, { scope, key: ["n"], partition: "day" })]);
  });
  test("a window of partitions, with rows that stand for deleted ones", async () => {
    const interval = { partition: "day", type: "date", interval: { from: 19_723, until: 19_730 } } as const;
    const deletes = { column: "n", equals: { value: null, type: "int64" } } as const;
    await golden("partition-window", [load(days, { scope: interval, key: ["n"], partition: "day", deletes, flagged: 1 })]);
  });
  test("an append, by key and in a window: nothing goes, and rows bear their release", async () => {
    const own = shape(adapter, "events", columnsOf(adapter, { seq: "int64!", what: "string", cutover_release: "int64" }));
    const given = ["seq", "what"];
    const window = { column: "seq", type: "int64", from: 5n, until: 9n } as const;
    const bags = load(own, { scope: { own: "cutover_release", window }, key: [], given });
    const { plan } = await golden("append-window", [bags]);
    const exchange = plan.steps.find((s) => s.id === "events.exchange");
    expect(exchange).toMatchObject({ step: { removes: 0 } });
    await golden("append-key", [load(own, { scope: { own: "cutover_release", window: null }, key: ["seq"], given })]);
  });
  test("a replacement of the whole table", async () => {
    await golden("replace", [load(days, { scope: "all", key: [] })]);
  });
  test("two tables are one transaction: all is captured before anything is exchanged", async () => {
    const { ids } = await golden("two-tables", [load(orders), load(days, { scope, key: [], partition: "day" })]);
    const of = (id: string): number => ids.indexOf(id);
    expect(Math.max(of("orders.tally"), of("days.tally"))).toBeLessThan(Math.min(of("orders.exchange"), of("days.exchange")));
    expect([ids[0], ids.at(-1)]).toEqual(["fence", "record"]);
  });
  test("after foreign writes nothing is counted upon, and all rows are read", async () => {
    const { ids, plan } = await golden("scan-all", [load(orders, { scanAll: true, checks: [unique("id")] })]);
    expect(tallies(plan)[0]?.count).toBeNull();
    expect(ids.indexOf("orders.scan")).toBeGreaterThan(ids.indexOf("orders.exchange"));
  });
  test("where the watermark does not move, a block without effect is refused", async () => {
    const still = { watermark: was().watermark };
    const { plan } = await golden("no-effect", [load(orders, still), load(days, { ...still, scope, key: [] })]);
    const [first, last] = tallies(plan);
    expect([first?.moved, last?.moved?.length]).toEqual([null, 2]);
    const [moves] = tallies(planInPlace([load(orders)], facts(), js).plan);
    expect(moves?.moved).toBeNull();
  });
  test("where nothing is left to do afterwards, the block cleans up and gives the lease up", async () => {
    const changes = names.changes(idOf("orders"), "s");
    const forget = [{ id: "orders.forget", step: { kind: "forget" as const, changes, keep: [5, 6, 7] } }];
    const { ids } = await golden("clean-up", [load(orders)], { forget });
    expect(ids.slice(-2)).toEqual(["orders.forget", "record"]);
  });
  test("hostile names are quoted, hostile values are literals", async () => {
    const evil = shape(adapter, 'or"ders; --', columnsOf(adapter, { 'i"d': "int64!", select: "string" }));
    const t = load(evil, {
      alias: "evil",
      key: ['i"d'],
      scope: { keys: ['i"d'] },
      checks: [accepted("select", ["'; DROP TABLE x; --"])],
    });
    const { plan } = await golden("hostile", [t]);
    expect(plan.steps).toHaveLength(7);
  });
  test("the block begins with the fence and ends with the record, whatever is loaded", () => {
    for (const t of [load(orders), load(orders, { fill: true, was: null }), load(orders, { scanAll: true })]) {
      const { plan } = planInPlace([t], facts(), js);
      const kinds = plan.steps.map((s) => (s as PlannedStep).step.kind);
      expect([kinds[0], kinds.at(-1)]).toEqual(["fence", "record"]);
      expect(plan.atomic).toBe(true);
    }
  });
  test("the record carries the state before, and names the operations that tell the rest", () => {
    const { plan, published } = planInPlace([load(orders, { checks: [unique("id")] })], facts({ key: "k" }), js);
    const record = (plan.steps.at(-1) as PlannedStep).step;
    if (record.kind !== "record") throw new Error("no record");
    expect(record.events.map((e) => [e.event, e.seq, e.release, e.fence])).toEqual([
      ["key", 41, 7, 9n],
      ["published", 42, 7, 9n],
    ]);
    expect(record.events[1]?.facts).toEqual(["orders.tally", "orders.validate.self"]);
    expect(published).toMatchObject({ previous: 6, keep: 3, key: "k", base: { live: 6 } });
    const ids = new Set(plan.steps.map((s) => s.id));
    expect(record.events[1]?.facts.filter((f) => !ids.has(f))).toEqual([]);
  });
  test("deltas of the ledger are what is read, and live is what is written", () => {
    const t = load(orders);
    expect(t.delta.path.slice(0, 2)).toEqual(names.schema.path);
  });
});
