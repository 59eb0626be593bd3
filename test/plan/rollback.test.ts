import { describe, expect, test } from "vitest";
import { besideLive } from "../../src/ledger/names.js";
import type { Kept, Undo } from "../../src/ledger/state.js";
import type { PlannedStep } from "../../src/plan/compile.js";
import { firstSwap, type Move, planMove } from "../../src/plan/rollback.js";
import { adapters, columnsOf, facts, idOf, inMain, kept, matches, names, shape } from "./support.js";

describe.each(adapters)("%s: a rollback", (dialect, adapter) => {
  const columns = columnsOf(adapter, { id: "int64!", customer: "string" });
  const live = shape(adapter, "orders", columns, ["customer"]);
  const id = idOf("orders");
  const changes = names.changes(id, "s1").path as string[];
  const images: Undo = { kind: "images", changes, key: ["id"], before: 3, after: 4 };
  const version = besideLive(inMain("orders").path, "before", 5).path as string[];
  const swapped: Undo = { kind: "swap", kept: version, fingerprint: live.fingerprint };
  // What the journal recorded is the fingerprint that the version had as live; under its kept name it has no indexes.
  const back = { ...shape(adapter, "orders", columns, ["customer"]), ref: { path: version } };
  const move = (direction: Move["direction"], releases: readonly Kept[], across: boolean): Move => {
    const [low, high] = [releases[0]?.previous ?? 0, releases.at(-1)?.release ?? 0];
    const what = direction === "undo" ? "undone" : "before";
    const keepAs = besideLive(inMain("orders").path, what, direction === "undo" ? high : 5);
    return {
      direction,
      releases,
      tables: [{ id, alias: "orders", live, back: across ? back : null, copy: null, keepAs, foreign: false, overrule: null }],
      from: direction === "undo" ? high : low,
      to: direction === "undo" ? low : high,
    };
  };
  const golden = async (name: string, m: Move) => {
    const { plan, displaced } = planMove(m, facts());
    await matches(dialect, name, adapter, plan);
    return { ids: plan.steps.map((s) => s.id), steps: plan.steps.map((s) => (s as PlannedStep).step), displaced };
  };

  test("in place: newest first, `after` goes and `before` comes", async () => {
    const { ids, steps, displaced } = await golden(
      "rollback",
      move("undo", [kept(5, images), kept(6, images, { key: "key-6" })], false),
    );
    expect(ids).toEqual(["fence", "orders.6", "orders.5", "record"]);
    expect(steps[1]).toMatchObject({ kind: "exchange", release: 6, remove: "after", removes: 4, inserts: 3, captured: false });
    expect(displaced).toEqual({});
  });
  test("in place, without a key", async () => {
    await golden("rollback-keyless", move("undo", [kept(6, { ...images, key: [] })], false));
  });
  test("over the first load: the table must be what it became, then it is emptied", async () => {
    const { ids, steps } = await golden("rollback-first-load", move("undo", [kept(1, { kind: "fill" }), kept(2, images)], false));
    expect(ids).toEqual(["fence", "orders.2", "orders.1.scan", "orders.1.empty", "record"]);
    expect(steps[2]).toMatchObject({ expected: { rows: 110, sum: "23456" } });
  });
  test("across a swap: older images are exchanged in the version that comes back, and the swap comes last", async () => {
    const { ids, steps, displaced } = await golden(
      "rollback-across-swap",
      move("undo", [kept(3, images), kept(4, images), kept(5, swapped), kept(6, images)], true),
    );
    expect(ids).toEqual(["fence", "orders.live", "orders.4", "orders.3", "orders.swap", "record"]);
    expect(steps[2]).toMatchObject({ live: { ref: { path: version } } });
    expect(steps[4]).toMatchObject({ kind: "swap", candidate: { ref: { path: version } }, at: inMain("orders") });
    expect(displaced).toEqual({
      [id]: { kept: besideLive(inMain("orders").path, "undone", 6).path, fingerprint: live.fingerprint },
    });
  });
  test("redo in place: oldest first, `before` goes and `after` comes", async () => {
    const { ids, steps } = await golden("redo", move("redo", [kept(5, images), kept(6, images, { key: "key-6" })], false));
    expect(ids).toEqual(["fence", "orders.5", "orders.6", "record"]);
    expect(steps[1]).toMatchObject({ remove: "before", removes: 3, inserts: 4 });
  });
  test("redo across a swap: the swap comes first, the version that left is brought on", async () => {
    const { ids, steps } = await golden(
      "redo-across-swap",
      move("redo", [kept(3, images), kept(4, images), kept(5, swapped), kept(6, images)], true),
    );
    expect(ids).toEqual(["fence", "orders.live", "orders.swap", "orders.3", "orders.4", "record"]);
    expect(steps[3]).toMatchObject({ live: { ref: besideLive(inMain("orders").path, "before", 5) } });
  });
  test("of two swaps the older one's version comes back, once", () => {
    const releases = [kept(4, images), kept(5, swapped), kept(6, { ...swapped, kept: ["other"] })];
    expect(firstSwap({ releases }, id)).toBe(5);
    const { plan } = planMove(move("undo", releases, true), facts());
    expect(plan.steps.map((s) => s.id)).toEqual(["fence", "orders.live", "orders.4", "orders.swap", "record"]);
  });
  test("an idempotency key is given back, and taken again by a redo", () => {
    const events = (direction: Move["direction"]) => {
      const { plan } = planMove(move(direction, [kept(6, images, { key: "k" })], false), facts());
      const step = (plan.steps.at(-1) as PlannedStep).step;
      return step.kind === "record" ? step.events.map((e) => [e.event, e.release, e.seq]) : [];
    };
    expect(events("undo")).toEqual([
      ["key-returned", 6, 41],
      ["rolled-back", 5, 42],
    ]);
    expect(events("redo")).toEqual([
      ["key", 6, 41],
      ["redone", 6, 42],
    ]);
  });
});
