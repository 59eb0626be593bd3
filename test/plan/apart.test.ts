import { notNull, rowCount } from "cutover";
import { describe, expect, test } from "vitest";
import type { Adapter } from "../../src/adapter/define.js";
import type { CheckDefinition } from "../../src/check/checks.js";
import { besideLive } from "../../src/ledger/names.js";
import type { Kept, Undo } from "../../src/ledger/state.js";
import { type Plan, planText } from "../../src/plan/compile.js";
import { apart, type Placing } from "../../src/plan/intent.js";
import { type Move, planMove } from "../../src/plan/rollback.js";
import { planSwap } from "../../src/plan/swap.js";
import { apartly, columnsOf, facts, idOf, inMain, js, kept, names, shape, was } from "./support.js";

/** What `plan()` shows: the block that decides, the statements that carry it out, the block that reports it. */
async function golden(
  [dialect, adapter]: readonly [string, Adapter],
  name: string,
  f: ReturnType<typeof facts>,
  p: Pick<ReturnType<typeof planSwap>, "plan" | "recorded" | "placings">,
) {
  const plans = apart(p.plan, p.recorded, p.placings, f, adapter.capabilities.grants);
  const text = plans
    .map((p) => planText(adapter, p))
    .map(
      (one) =>
        `-- ${one.name}${one.atomic ? ", one transaction" : ", statement by statement"}\n\n${one.statements.join(";\n")};\n`,
    );
  await expect(text.join("\n")).toMatchFileSnapshot(`golden/${dialect}/${name}.sql`);
  return plans;
}
const ddl = (plan: Plan): readonly string[] =>
  plan.steps.flatMap((s) =>
    "step" in s && ["swap", "mark", "rename", "regrant", "clone", "drop", "create"].includes(s.step.kind) ? [s.step.kind] : [],
  );

describe.each(apartly)("%s: a swap that is apart from its transaction", (dialect, adapter) => {
  const on = [dialect, adapter] as const;
  const columns = columnsOf(adapter, { id: "int64!", customer: "string" });
  const live = shape(adapter, "orders", columns);
  const at = inMain("orders");
  const candidate = shape(adapter, besideLive(at.path, "candidate", 7), columns);
  const f = () => facts({ marker: "9-marker" });
  const undo = (kind: "images" | "swap"): Undo =>
    kind === "images"
      ? { kind, changes: [...names.changes(idOf("orders"), "s1").path], key: ["id"], before: 3, after: 4 }
      : { kind, kept: [...besideLive(at.path, "before", 6).path], fingerprint: live.fingerprint };
  const places = (p: readonly Placing[]) => p.map(({ place }) => place);

  test("candidate and live: everything that can be refused comes before the intent", async () => {
    const t = {
      alias: "orders",
      id: idOf("orders"),
      live,
      at,
      candidate,
      keepAs: besideLive(at.path, "before", 7),
      key: ["id"],
      partition: null,
      hash: "h",
      watermark: null,
      was: was(),
      staged: 5,
      counts: { inserted: 0, updated: 0, deleted: 0, unchanged: 0, stale: 0, quarantined: 0 },
      raw: null,
      totals: null,
      checks: [rowCount({ min: 1 }), notNull("id")] as unknown as CheckDefinition[],
    };
    const p = planSwap([t], f(), js);
    const [mark, decide, swap, done] = await golden(on, "swap-apart", f(), p);
    const grants = adapter.capabilities.grants ? ["regrant"] : [];
    expect([mark, decide, swap, done].map((plan) => ddl(plan as Plan))).toEqual([[...grants, "mark"], [], ["swap"], []]);
    expect(p.plan.steps.at(-1)).toMatchObject({ step: { kind: "record", events: [{ event: "intent" }] } });
    expect(places(p.placings)).toMatchObject([{ marker: "9-marker", was: { version: "17", rows: 100 }, spent: null }]);
  });

  test("a set: one block decides about all tables, then they are swapped one by one, then one block reports", async () => {
    const of = (alias: string) => ({
      alias,
      id: idOf(alias),
      live: shape(adapter, alias, columns),
      at: inMain(alias),
      candidate: shape(adapter, besideLive(inMain(alias).path, "candidate", 7), columns),
      keepAs: besideLive(inMain(alias).path, "before", 7),
      key: ["id"],
      partition: null,
      hash: "h",
      watermark: null,
      was: was({ path: [...inMain(alias).path] }),
      staged: 5,
      counts: { inserted: 0, updated: 0, deleted: 0, unchanged: 0, stale: 0, quarantined: 0 },
      raw: null,
      totals: null,
      checks: [rowCount({ min: 1 })] as unknown as CheckDefinition[],
    });
    const p = planSwap([of("orders"), of("customers")], f(), js);
    const plans = apart(p.plan, p.recorded, p.placings, f(), adapter.capabilities.grants);
    expect(plans.map((plan) => ddl(plan).filter((kind) => kind === "swap"))).toEqual([[], [], ["swap", "swap"], []]);
    expect(p.plan.steps.map((s) => s.id)).toEqual([
      "fence",
      "orders.live",
      "customers.live",
      "orders.validate.self",
      "customers.validate.self",
      "orders.scan",
      "customers.scan",
      "checks",
      "record",
    ]);
    expect(places(p.placings).map(({ alias, marker }) => [alias, marker])).toEqual([
      ["orders", "9-marker"],
      ["customers", "9-marker"],
    ]);
    expect(Object.keys(p.published.tables)).toEqual([idOf("orders"), idOf("customers")]);
  });

  const move = (direction: Move["direction"]): Move => {
    const releases: readonly Kept[] = [kept(5, undo("images")), kept(6, undo("swap"))];
    const back = { ...live, ref: { path: undo("swap").kind === "swap" ? [...besideLive(at.path, "before", 6).path] : [] } };
    const copy = { ...live, ref: besideLive(at.path, direction === "undo" ? "candidate" : "before", 9, "f") };
    const keepAs = besideLive(at.path, direction === "undo" ? "undone" : "before", 6, "f9_");
    const [from, to] = direction === "undo" ? [6, 4] : [4, 6];
    return {
      direction,
      releases,
      tables: [{ id: idOf("orders"), alias: "orders", live, back, copy, keepAs, foreign: false, overrule: null }],
      from,
      to,
    };
  };
  test("going back over it: older images are exchanged in a copy, so that what is kept stays until the swap", async () => {
    const p = planMove(move("undo"), f());
    await golden(on, "rollback-over-a-swap-apart", f(), p);
    expect(places(p.placings)).toMatchObject([
      { candidate: move("undo").tables[0]?.copy?.ref.path, spent: besideLive(at.path, "before", 6).path },
    ]);
  });
  test("going forward again: the copy of live is what the next rollback finds", async () => {
    const p = planMove(move("redo"), f());
    await golden(on, "redo-over-a-swap-apart", f(), p);
    expect(p.displaced[idOf("orders")]?.kept).toEqual(move("redo").tables[0]?.copy?.ref.path);
    expect(places(p.placings)).toMatchObject([{ spent: move("redo").tables[0]?.keepAs.path }]);
  });
});
