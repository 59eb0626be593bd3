import { check, maxDrop, notNull, reconcile, rowCount } from "cutover";
import { describe, expect, test } from "vitest";
import type { CheckDefinition } from "../../src/check/checks.js";
import { besideLive } from "../../src/ledger/names.js";
import { planApply } from "../../src/plan/apply.js";
import type { Plan, PlannedStep } from "../../src/plan/compile.js";
import { planRehearsal, planSwap, type TableSwap } from "../../src/plan/swap.js";
import { adapters, columnsOf, facts, idOf, inMain, js, matches, names, shape, was } from "./support.js";

describe.each(adapters)("%s: a candidate", (dialect, adapter) => {
  const columns = columnsOf(adapter, { id: "int64!", customer: "string", amount: "decimal(18,2)" });
  const live = shape(adapter, "orders", columns, ["customer"]);
  const at = inMain("orders");
  const to = besideLive(at.path, "candidate", 7);
  const candidate = shape(adapter, to, [...columns, ...columnsOf(adapter, { region: "string" })], ["customer", "region"]);
  const none = { inserted: 0, updated: 0, deleted: 0, unchanged: 0, stale: 0, quarantined: 0 };
  const checks = [
    rowCount({ min: 1 }),
    notNull("id"),
    maxDrop(0.1, { per: "partition" }),
    reconcile(),
    check("mine", async () => ({ pass: true })),
  ];
  const t = (more: Partial<TableSwap> = {}): TableSwap => ({
    alias: "orders",
    id: idOf("orders"),
    live,
    at,
    candidate,
    keepAs: besideLive(at.path, "before", 7),
    key: ["id"],
    partition: "customer",
    hash: "h2",
    watermark: null,
    was: was(),
    staged: 5,
    counts: none,
    raw: names.delta(idOf("orders"), 7, "0r"),
    totals: { rows: 5 },
    checks: checks as unknown as CheckDefinition[],
    ...more,
  });
  const ids = (plan: Plan) => plan.steps.map((s) => s.id);

  test.each([
    ["clone", false],
    ["clone-empty", true],
  ])("%s", async (name, empty) => {
    const plan: Plan = {
      name: "clone",
      atomic: true,
      steps: [{ id: "orders.clone", step: { kind: "clone", from: live, to, depth: 0, empty } }],
    };
    await matches(dialect, name, adapter, plan);
  });
  test("a load into it", async () => {
    const plan = planApply(
      [
        {
          alias: "orders",
          candidate,
          delta: names.delta(idOf("orders"), 7, "0r"),
          given: ["id", "customer"],
          rows: 5,
          scratch: names.scratch(idOf("orders"), 7),
          scope: { keys: ["id"] },
          deletes: null,
          release: 7,
          key: ["id"],
          cursor: null,
        },
      ],
      { lease: names.lease, fence: 9n },
    );
    await matches(dialect, "candidate-load", adapter, plan);
    expect(ids(plan)).toEqual(["fence", "orders.capture", "orders.tally", "orders.exchange"]);
  });
  test("a rehearsal touches nothing and needs no fence", async () => {
    const plan = planRehearsal([t()], js);
    await matches(dialect, "rehearsal", adapter, plan);
    expect(ids(plan)).toEqual(["orders.validate.self", "orders.validate.delta", "orders.check.0", "orders.scan"]);
  });
  test("a swap: live is looked at, the candidate is checked, then they change places", async () => {
    const { plan, published } = planSwap([t()], facts(), js);
    await matches(dialect, "swap", adapter, plan);
    expect(ids(plan)).toEqual([
      "fence",
      "orders.live",
      "orders.validate.self",
      "orders.validate.delta",
      "orders.check.0",
      "orders.scan",
      "checks",
      "orders.swap",
      "record",
    ]);
    expect((plan.steps[1] as PlannedStep).step).toMatchObject({ kind: "scan", expected: { rows: 100, sum: "12345" } });
    expect(published.tables[idOf("orders")]).toMatchObject({
      undo: { kind: "swap", kept: besideLive(at.path, "before", 7).path, fingerprint: live.fingerprint },
      scan: "orders.scan",
    });
  });
  test("a swap into a place where no table is", async () => {
    const { plan, published } = planSwap([t({ live: null, was: null, raw: null, totals: null })], facts(), js);
    await matches(dialect, "swap-new-table", adapter, plan);
    expect(ids(plan)).not.toContain("orders.live");
    expect(published.tables[idOf("orders")]?.undo).toEqual({ kind: "swap", kept: null, fingerprint: null });
  });
});
