import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { turnsPipeline } from "../../src/conformance/operations/contend.js";
import { type Doing, first, itemsPipeline, publish, second, third } from "../support/items-releases.js";
import { long } from "../support/long.js";
import { processes } from "../support/processes.js";
import { type Project, project } from "./place.js";

let p: Project;
const children = processes();
beforeEach(async () => {
  p = await project();
});
afterEach(async () => {
  children.killAll();
  await p.close();
});

const file = fileURLToPath(new URL("./processes-child.ts", import.meta.url));
/** A process of its own, logged in to the simulator. */
function start(doing: Doing) {
  const { authClient: _own, ...login } = p.sim.connectionOptions();
  return children.start(file, { login, token: p.sim.token(), ...doing });
}
const own = () => itemsPipeline(p.warehouse);

/** How many rows live has of each release, in the order of releases. */
const live = async (): Promise<readonly unknown[]> =>
  (await p.sql("SELECT v, COUNT(*) AS n FROM app.items GROUP BY v ORDER BY v")).map((r) => [r["v"], r["n"]]);
const journal = async (): Promise<readonly unknown[]> =>
  (await p.sql("SELECT `release` FROM cutover_ledger.journal WHERE event = 'published' ORDER BY `release`")).map((r) =>
    Number(r["release"]),
  );
/** What holds once everything is settled: recorded and found agree, and nothing is left that no release needs. */
async function settled(): Promise<void> {
  await using etl = own();
  expect((await etl.recover()).dropped).toEqual([]);
  expect((await etl.audit()).ok).toBe(true);
  expect(await etl.status()).toMatchObject({ open: [], lease: null, held: null });
  const beside = await p.sql(
    "SELECT table_name FROM app.INFORMATION_SCHEMA.TABLES WHERE STARTS_WITH(table_name, '_cutover_') ORDER BY table_name",
  );
  expect(beside.map((r) => String(r["table_name"])).filter((name) => !name.includes("_before_"))).toEqual([]);
}

/** A job that waits before it does anything, of a process that is then stopped or killed. */
const points = {
  "the script in place": { sql: /^\/\* cutover items publish \*\// },
  "the script that decides on a swap": { sql: /^\/\* cutover items swap \*\// },
  "the copy job of the swap": { kind: "copy", table: "app.items" },
} as const;

describe("processes in one project", { timeout: 120_000 }, () => {
  test("invariant 5: eight processes contend for one pipeline: one publishes at a time, and no turn is lost", async () => {
    const rounds = 2;
    const who = ["a", "b", "c", "d", "e", "f", "g", "h"];
    const others = who.map((name) => start({ contend: { who: name, rounds, wait: "100s" } }));
    const told = await Promise.all(others.map((c) => c.end()));
    const releases = told.flatMap((r) => r["releases"] as number[]).sort((x, y) => x - y);
    const turns = who.length * rounds;
    expect(releases).toEqual(Array.from({ length: turns }, (_, i) => i + 1));
    await using etl = turnsPipeline(p.warehouse);
    expect((await etl.audit()).ok).toBe(true);
    const { tallies, watermarks, lease } = await etl.status();
    expect({ rows: tallies.turns?.rows, watermark: watermarks.turns, lease }).toEqual({
      rows: turns + 1,
      watermark: String(turns),
      lease: null,
    });
  });

  for (const strategy of (["in-place", "swap"] as const).slice(0, long ? 2 : 1)) {
    test(`invariant 5: an owner stopped past its lease, about to publish ${strategy}, publishes nothing when it goes on`, async () => {
      await using etl = own();
      await publish(etl, first);
      const gate = p.sim.faults.hold(
        points[strategy === "swap" ? "the script that decides on a swap" : "the script in place"],
        "before",
      );
      const stopped = start({ publish: second(strategy) });
      await gate.reached;
      stopped.stop();
      const report = await publish(etl, third(strategy));
      expect(report).toMatchObject({ status: "published", warnings: [{ code: "TOOK_OVER" }] });
      const after = [
        [1n, 20n],
        [3n, 20n],
      ];
      expect(await live()).toEqual(after);
      gate.release();
      stopped.wake();
      const { code, state } = await stopped.end();
      expect(["LEASE_LOST", "PUBLISH_FAILED before"]).toContain([code, state].filter(Boolean).join(" "));
      expect(await live()).toEqual(after);
      expect(await journal()).toEqual([1, report.release]);
      await settled();
    });
  }

  // Each takes seconds by itself: a part here, all of them in `npm run test:long`.
  for (const strategy of (["swap", "in-place"] as const).slice(0, long ? 2 : 0)) {
    test(`invariant 5: an owner stopped before its copy job neither publishes twice nor undoes what the next one published ${strategy}`, async () => {
      await using etl = own();
      await publish(etl, first);
      const gate = p.sim.faults.hold(points["the copy job of the swap"], "before");
      const stopped = start({ publish: second("swap") });
      await gate.reached;
      stopped.stop();
      // The next owner finishes what was decided, and goes on from there.
      const report = await publish(etl, third(strategy));
      expect(report).toMatchObject({ status: "published", tables: { items: { rows: 40 } } });
      const after = [
        [1n, 10n],
        [2n, 10n],
        [3n, 20n],
      ];
      expect(await live()).toEqual(after);
      // Its job gets through only now, and meets the one that was sent in its place.
      gate.release();
      stopped.wake();
      const told = await stopped.end();
      expect(told).toMatchObject({ status: "published" });
      expect(await live()).toEqual(after);
      expect(await journal()).toEqual([1, told["release"], report.release]);
      await settled();
    });
  }

  test("invariant 3: an owner whose script committed before its answer arrived has published once", async () => {
    await using etl = own();
    await publish(etl, first);
    const gate = p.sim.faults.hold(points["the script in place"], "done");
    const stopped = start({ publish: second("in-place") });
    await gate.reached;
    stopped.stop();
    gate.release();
    const report = await publish(etl, third("in-place"));
    expect(report).toMatchObject({ status: "published", release: 3 });
    stopped.wake();
    expect(await stopped.end()).toMatchObject({ status: "published", release: 2 });
    expect(await live()).toEqual([
      [1n, 10n],
      [2n, 10n],
      [3n, 20n],
    ]);
    expect(await journal()).toEqual([1, 2, 3]);
    await settled();
  });

  test("invariant 7: kill -9 before the copy job: the next owner finishes the swap", async () => {
    await using etl = own();
    await publish(etl, first);
    const gate = p.sim.faults.hold(points["the copy job of the swap"], "before");
    const dying = start({ publish: second("swap") });
    await gate.reached;
    await dying.kill();
    expect(await live()).toEqual([[1n, 20n]]);
    const { settled: found } = await etl.recover();
    gate.release();
    expect(found).toMatchObject([{ as: "published" }]);
    const after = [
      [1n, 10n],
      [2n, 20n],
    ];
    expect(await live()).toEqual(after);
    expect(await journal()).toEqual([1, found[0]?.release]);
    await settled();
    // The same rows again change nothing.
    expect(await publish(etl, second("in-place"))).toMatchObject({ status: "nothing-to-do" });
  });
});
