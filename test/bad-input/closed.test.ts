import { rows } from "cutover";
import { describe, expect, test } from "vitest";
import { failure, order, refused, type World, world } from "./support.js";

describe("a closed pipeline", () => {
  test.each<[string, (p: World["etl"]) => unknown]>([
    ["run", (p) => p.run({ orders: rows([order(9)]) })],
    ["begin", (p) => p.begin()],
    ["clone", (p) => p.clone()],
    ["rollback", (p) => p.rollback()],
    ["redo", (p) => p.redo()],
    ["hold", (p) => p.hold("x")],
    ["status", (p) => p.status()],
    ["plan", (p) => p.plan({ strategy: "in-place" })],
    ["audit", (p) => p.audit()],
    ["check", (p) => p.check()],
    ["adopt", (p) => p.adopt()],
    ["recover", (p) => p.recover()],
    ["history", (p) => p.history()[Symbol.asyncIterator]().next()],
    ["diff", (p) => p.diff("orders", { from: 1, to: 2 })[Symbol.asyncIterator]().next()],
  ])("%s", async (_, act) => {
    const w = await world();
    const p = w.pipeline({ pipeline: "p", tables: w.etl.tables });
    await p.close();
    const e = await refused(w, () => act(p), "CLOSED");
    expect(e.context).toMatchObject({ pipeline: "p" });
  });
  test("closed twice is closed", async () => {
    const w = await world();
    const p = w.pipeline({ pipeline: "p", tables: w.etl.tables });
    await p.close();
    await expect(p.close()).resolves.toBeUndefined();
  });
  test("in the middle of a run: nothing is published", async () => {
    const w = await world();
    const p = w.pipeline({ pipeline: "p", tables: w.etl.tables });
    let closing: Promise<void> | undefined;
    const source = rows(async function* () {
      yield order(9);
      closing = p.close();
      yield order(10);
    });
    await refused(w, () => p.run({ orders: source }), "CLOSED");
    await closing;
  });
  test("a step of its open release", async () => {
    const w = await world();
    const p = w.pipeline({ pipeline: "p", tables: w.etl.tables });
    const release = await p.begin();
    await p.close();
    await failure(() => release.load({ orders: rows([order(9)]) }), "CLOSED");
    await failure(() => release.publish(), "CLOSED");
    await w.goodRun();
  });
});
