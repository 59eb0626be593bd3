import { fileURLToPath } from "node:url";
import { snowflake } from "cutover/snowflake";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { turnsPipeline } from "../../src/conformance/operations/contend.js";
import { later } from "../simulators/shared/waiting.js";
import type { Call, When } from "../simulators/snowflake/faults.js";
import { type Doing, first, itemsPipeline, publish, second, third } from "../support/items-releases.js";
import { long } from "../support/long.js";
import { processes } from "../support/processes.js";
import { type Account, account } from "./place.js";

let a: Account;
const children = processes();
beforeEach(async () => {
  a = await account();
});
afterEach(async () => {
  children.killAll();
  await a.close();
});

const file = fileURLToPath(new URL("./processes-child.ts", import.meta.url));
/** A process of its own, logged in to the simulator. */
const start = (doing: Doing) => children.start(file, { login: a.sim.connectionOptions(), ...doing });
const own = () => itemsPipeline(snowflake(a.sim.connectionOptions()));

/** How many rows live has of each release, in the order of releases. */
const live = async (): Promise<readonly unknown[]> =>
  (await a.sql('SELECT "v", COUNT(*) AS "n" FROM "ITEMS" GROUP BY "v" ORDER BY "v"')).map((r) => [r["v"], r["n"]]);
const journal = async (): Promise<readonly unknown[]> =>
  (await a.sql(`SELECT "release" FROM "cutover_ledger"."journal" WHERE "event" = 'published' ORDER BY "release"`)).map((r) =>
    Number(r["release"]),
  );
/** What holds once everything is settled: recorded and found agree, and nothing is left that no release needs. */
async function settled(): Promise<void> {
  await using etl = own();
  expect((await etl.recover()).dropped).toEqual([]);
  expect((await etl.audit()).ok).toBe(true);
  expect(await etl.status()).toMatchObject({ open: [], lease: null, held: null });
  const beside = await a.sql(
    "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'PUBLIC' AND STARTSWITH(TABLE_NAME, '_cutover_')",
  );
  expect(beside.map((r) => String(r["TABLE_NAME"])).filter((name) => !name.includes("_before_"))).toEqual([]);
}

/** A statement that waits until it is let go, and then has an effect or, with its client, none. */
function held(when: When, fault: { readonly at?: "before" | "after"; readonly drop?: true }) {
  const gate = later<void>();
  const reached = later<Call>();
  a.sim.faults.add(
    {
      ...when,
      where: (call) => {
        reached.resolve(call);
        return true;
      },
    },
    { at: "before", ...fault, hold: gate.promise },
  );
  return { reached: reached.promise, release: () => gate.resolve() };
}
const statement = (stage: string, sql: string): RegExp => new RegExp(`^/\\* cutover items ${stage} \\*/ ${sql}`);

const points = {
  "the transaction in place": statement("publish", "BEGIN"),
  "the transaction that decides on a swap": statement("swap", "BEGIN"),
  "the swap": statement("swap", "ALTER TABLE \\S+ SWAP WITH"),
  "the renaming after the swap": statement("swap", "ALTER TABLE \\S+ RENAME TO"),
} as const;

describe("processes in one account", { timeout: 120_000 }, () => {
  test("invariant 5: eight processes contend for one pipeline: one publishes at a time, and no turn is lost", async () => {
    const rounds = 2;
    const who = ["a", "b", "c", "d", "e", "f", "g", "h"];
    const others = who.map((name) => start({ contend: { who: name, rounds, wait: "100s" } }));
    const told = await Promise.all(others.map((c) => c.end()));
    const releases = told.flatMap((r) => r["releases"] as number[]).sort((x, y) => x - y);
    const turns = who.length * rounds;
    expect(releases).toEqual(Array.from({ length: turns }, (_, i) => i + 1));
    await using etl = turnsPipeline(snowflake(a.sim.connectionOptions()));
    expect((await etl.audit()).ok).toBe(true);
    const { tallies, watermarks, lease } = await etl.status();
    expect({ rows: tallies.turns?.rows, watermark: watermarks.turns, lease }).toEqual({
      rows: turns + 1,
      watermark: String(turns),
      lease: null,
    });
  });

  // Each takes seconds by itself: a part here, all of them in `npm run test:long`.
  for (const strategy of (["in-place", "swap"] as const).slice(0, long ? 2 : 0)) {
    test(`invariant 5: an owner stopped past its lease, about to publish ${strategy}, publishes nothing when it goes on`, async () => {
      await using etl = own();
      await publish(etl, first);
      const point = points[strategy === "swap" ? "the transaction that decides on a swap" : "the transaction in place"];
      const gate = held({ sql: point }, {});
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
      // Its lease is lost, and the time is up that the block had by it: which of the two is told first is left to the moment.
      const { code, state } = await stopped.end();
      expect(["LEASE_LOST", "PUBLISH_FAILED before"]).toContain([code, state].filter(Boolean).join(" "));
      expect(await live()).toEqual(after);
      expect(await journal()).toEqual([1, report.release]);
      await settled();
    });
  }

  const stops = [
    ["the swap", "swap"],
    ["the swap", "in-place"],
    ["the renaming after the swap", "swap"],
  ] as const;
  for (const [point, strategy] of stops.slice(0, long ? 3 : 1)) {
    test(`invariant 5: an owner stopped before ${point} neither publishes twice nor undoes what the next one published ${strategy}`, async () => {
      await using etl = own();
      await publish(etl, first);
      const gate = held({ sql: points[point] }, {});
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
      // Its statement gets through only now.
      gate.release();
      stopped.wake();
      const told = await stopped.end();
      expect(told).toMatchObject({ status: "published" });
      expect(await live()).toEqual(after);
      expect(await journal()).toEqual([1, told["release"], report.release]);
      await settled();
    });
  }

  if (long)
    test("invariant 3: an owner stopped while the answer to its COMMIT was on its way has published once", async () => {
      await using etl = own();
      await publish(etl, first);
      const gate = held({ sql: statement("publish", "COMMIT") }, { at: "after" });
      const stopped = start({ publish: second("in-place") });
      await gate.reached;
      stopped.stop();
      const report = await publish(etl, third("in-place"));
      expect(report).toMatchObject({ status: "published", release: 3 });
      gate.release();
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

  for (const point of (["the swap", "the renaming after the swap"] as const).slice(0, long ? 2 : 1)) {
    test(`invariant 7: kill -9 before ${point}: the next owner finishes it`, async () => {
      await using etl = own();
      await publish(etl, first);
      const gate = held({ sql: points[point] }, { drop: true });
      const dying = start({ publish: second("swap") });
      await gate.reached;
      await dying.kill();
      gate.release();
      const before = await live();
      expect(before).toEqual(
        point === "the swap"
          ? [[1n, 20n]]
          : [
              [1n, 10n],
              [2n, 20n],
            ],
      );
      const { settled: found } = await etl.recover();
      expect(found).toMatchObject([{ as: "published" }]);
      expect(await live()).toEqual([
        [1n, 10n],
        [2n, 20n],
      ]);
      expect(await journal()).toEqual([1, found[0]?.release]);
      await settled();
      // The same rows again change nothing.
      expect(await publish(etl, second("in-place"))).toMatchObject({ status: "nothing-to-do" });
    });
  }

  if (long)
    test("invariant 7: kill -9 inside the transaction: the service ends it, and the next owner publishes once", async () => {
      await using etl = own();
      await publish(etl, first);
      const gate = held({ sql: statement("publish", "COMMIT") }, { drop: true });
      const dying = start({ publish: second("in-place") });
      await gate.reached;
      await dying.kill();
      gate.release();
      expect(await live()).toEqual([[1n, 20n]]);
      // Five minutes pass for sessions whose client is gone.
      expect(await a.sim.expireDetached()).not.toEqual([]);
      expect(await publish(etl, second("in-place"))).toMatchObject({ status: "published", warnings: [{ code: "TOOK_OVER" }] });
      expect(await live()).toEqual([
        [1n, 10n],
        [2n, 20n],
      ]);
      expect(await journal()).toHaveLength(2);
      await settled();
    });
});
