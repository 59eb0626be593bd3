import assert from "node:assert/strict";
import type { Duration } from "../../pipeline/duration.js";
import { rows } from "../../source/source.js";
import { table } from "../../table/define.js";
import type { CaseDefinition } from "../case.js";
import { expire } from "../ledger.js";
import type { Place } from "../place.js";
import { gate } from "../place.js";
import { type Contended, contend, turnsPipeline } from "./contend.js";
import { needs } from "./needs.js";
import { after, all, contents, failure, itemsPipeline, litter, load, whole } from "./world.js";

const eight = Array.from({ length: 8 }, (_, i) => `contender ${i}`);

/** Every turn was taken once, in one order, and all of them are in live. */
async function everyTurn(place: Place, results: readonly Contended[], rounds: number): Promise<void> {
  const turns = results.length * rounds;
  const releases = results.flatMap((r) => r.releases).sort((a, b) => a - b);
  assert.deepEqual(
    releases,
    Array.from({ length: turns }, (_, i) => i + 1),
    "releases were lost, or two bear one number",
  );
  const found = (await contents(place, "turns"))?.rows ?? [];
  assert.equal(found.length, turns + 1, "turns were lost");
  assert.deepEqual(found.find((r) => r[0] === "all")?.slice(1), [BigInt(turns), BigInt(turns)], "two published at the same time");
  const etl = turnsPipeline(place.warehouse, 0, place.ledgerSchema);
  try {
    await whole(etl);
    assert.equal((await etl.status()).lease, null, "a lease is left");
  } finally {
    await etl.close();
  }
  assert.deepEqual(await litter(place), [], "staged rows are left");
}
const contenders = (place: Place, many: readonly string[], rounds: number, wait: Duration): Promise<readonly Contended[]> =>
  Promise.all(many.map((who) => contend(place.warehouse, { who, rounds, wait, ledgerSchema: place.ledgerSchema })));

export const contentionCases: readonly CaseDefinition[] = [
  {
    name: "eight contenders for one pipeline that wait for each other publish one at a time, and none is starved",
    invariant: 5,
    also: [2],
    skip: needs("blocks"),
    timeoutMs: 180_000,
    async run(place) {
      await everyTurn(place, await contenders(place, eight, 2, "120s"), 2);
    },
  },
  {
    name: "contenders for one pipeline that do not wait are turned away with LEASE_HELD and nothing else",
    invariant: 5,
    also: [2],
    skip: needs("blocks"),
    timeoutMs: 180_000,
    async run(place, note) {
      const results = await contenders(place, eight.slice(0, 4), 1, 0);
      note(`${results.flatMap((r) => r.refusals).length} times turned away`);
      await everyTurn(place, results, 1);
    },
  },
  {
    name: "eight pipelines that share nothing begin at once on an empty warehouse, and none waits for another",
    invariant: 5,
    also: [2],
    skip: needs("blocks"),
    async run(place) {
      const many = eight.map((_, i) => {
        const t = table(`t${i}`, { columns: { id: "int64" }, key: "id" });
        return place.pipeline({ pipeline: `p${i}`, tables: { t } });
      });
      for (const release of [1, 2]) {
        const reports = await Promise.all(many.map((p) => p.run({ t: rows([{ id: release }]) })));
        assert.deepEqual(
          reports.map((r) => [r.status, r.release, r.tables.t?.rows]),
          many.map(() => ["published", release, release]),
        );
      }
      const back = await Promise.all(many.map((p, i) => (i % 2 === 0 ? p.rollback() : p.hold("x").then(() => ({ to: 1 })))));
      assert.deepEqual(
        back.map((r) => r.to),
        many.map(() => 1),
      );
      for (const p of many) await whole(p);
    },
  },
  {
    name: "who only looks is never turned away, whatever is being published",
    invariant: 1,
    also: [5],
    skip: needs("blocks", "sessions"),
    async run(place) {
      const etl = itemsPipeline(place, { lease: { wait: "60s" }, keep: 10 });
      const looker = itemsPipeline(place);
      await etl.run(load(1, 20, 1));
      await etl.run(load(1, 20, 2));
      let on = true;
      const looks = (async () => {
        let n = 0;
        for (; on || n < 2; n++) {
          assert.ok((await looker.audit()).ok, "audit() saw a part of a release");
          await looker.status();
          await looker.check();
          assert.equal((await all(looker.diff("items", { from: 1, to: 2 }))).length, 20);
        }
        return n;
      })();
      try {
        for (let v = 3; v < 6; v++) await etl.run(load(1, 20 + v, v));
        await etl.rollback({ to: 3 });
        await etl.redo();
      } finally {
        on = false;
      }
      assert.ok((await looks) >= 2);
    },
  },
  {
    name: "of many who come when an owner has stalled past its lease, one after the other publishes, and the owner cannot",
    invariant: 5,
    skip: needs("blocks", "sessions"),
    timeoutMs: 180_000,
    async run(place) {
      const first = turnsPipeline(place.warehouse, 0, place.ledgerSchema);
      try {
        await first.run({ turns: rows([{ id: "all", n: 1, seq: 1 }]) });
        const inside = gate();
        const go = gate();
        const stalled = after([{ id: "stalled", n: 99, seq: 99 }], 0, async () => {
          inside.open();
          await go.passed;
        });
        const ended = failure(first.run({ turns: stalled }), "LEASE_LOST");
        await inside.passed;
        await expire(place, "turns");
        const results = await Promise.all(
          eight
            .slice(0, 3)
            .map((who) => contend(place.warehouse, { who, rounds: 1, wait: "120s", ledgerSchema: place.ledgerSchema })),
        );
        go.open();
        await ended;
        const found = (await contents(place, "turns"))?.rows ?? [];
        assert.equal(found.length, results.length + 1);
        assert.deepEqual(found.find((r) => r[0] === "all")?.[1], BigInt(results.length + 1), "two published at the same time");
        assert.equal(
          found.find((r) => r[0] === "stalled"),
          undefined,
        );
        await whole(first);
      } finally {
        await first.close();
      }
    },
  },
];
