import assert from "node:assert/strict";
import type { ErrorCode } from "../../errors/index.js";
import type { Candidate } from "../../pipeline/candidate/candidate.js";
import type { Source } from "../../source/source.js";
import type { CaseDefinition } from "../case.js";
import { expire } from "../ledger.js";
import { gate, type Place } from "../place.js";
import { type Hooks, hooked } from "./hooked.js";
import { needs } from "./needs.js";
import { after, batch, contents, failure, type Item, itemsPipeline, litter, load, picture, whole } from "./world.js";

type Items = ReturnType<typeof itemsPipeline>;

const blocks = ["publish", "rollback", "redo", "adopt", "record"] as const;
const candidateBlocks = ["clone", "load", "swap"] as const;
type Block = (typeof blocks)[number] | (typeof candidateBlocks)[number];

/** An owner whose lease runs out just before its block, and is taken by another who changes what he finds. */
const stale = (block: Block): CaseDefinition => ({
  name: `an owner whose lease was taken just before the block "${block}" changes nothing by it`,
  invariant: 5,
  skip: (c) =>
    ((candidateBlocks as readonly string[]).includes(block) ? needs("blocks", "candidates", "clones") : needs("blocks"))(c) ||
    (block === "clone" && !c.transactionalDdl ? "the engine clones outside of blocks" : false),
  async run(place) {
    const hooks: Hooks = {};
    const slow = itemsPipeline(place, { warehouse: hooked(place.warehouse, hooks) });
    const quick = itemsPipeline(place);
    await slow.run(load(1, 10, 1));
    await slow.run(load(5, 15, 2));
    const candidate = block === "swap" || block === "load" ? await slow.clone() : null;
    await candidate?.load(load(16, 18, 3));
    // By steps, so that who takes over spares what was staged, and nothing but the fence can refuse it.
    const release = block === "publish" ? await slow.begin() : null;
    await release?.load(load(16, 18, 3));
    if (block === "redo") await slow.rollback();
    let taken: unknown;
    hooks.beforeBlock = async (b) => {
      if (b !== block) return;
      delete hooks.beforeBlock;
      await expire(place);
      await quick.hold("mine now");
      taken = await picture(place, quick, "items");
    };
    const calls: { readonly [B in Block]: () => Promise<unknown> | undefined } = {
      publish: () => release?.publish(),
      rollback: () => slow.rollback(),
      redo: () => slow.redo(),
      adopt: () => slow.adopt(),
      record: () => slow.hold("stale"),
      clone: () => slow.clone(),
      load: () => candidate?.load(load(19, 20, 4)),
      swap: () => candidate?.swap(),
    };
    const ended = Promise.resolve(calls[block]());
    // A clone is a copy that nobody sees: what matters is that it cannot be swapped.
    if (block === "clone") await failure(cloned(ended), "LEASE_LOST", "HELD");
    else await failure(ended, "LEASE_LOST");
    assert.notEqual(taken, undefined, `the call ran no block "${block}"`);
    assert.deepEqual(await picture(place, quick, "items"), taken, "the stale owner changed what the new owner left");
    assert.equal((await quick.status()).held, "mine now");
    await whole(quick);
  },
});

const cloned = async (ended: Promise<unknown>): Promise<unknown> => ((await ended) as Candidate).swap();

/** An owner whose lease is taken while it reads its source, by another who publishes; how its call ended. */
async function overtaken<C extends ErrorCode>(
  place: Place,
  act: (slow: Items, stalled: Source<Item>) => Promise<unknown>,
  ...codes: C[]
) {
  const [slow, quick] = [itemsPipeline(place), itemsPipeline(place)];
  await slow.run(load(1, 10, 1));
  let taken: unknown;
  const stalled = after(batch(5, 15, 2), 4, async () => {
    await expire(place);
    await quick.run(load(1, 3, 3));
    taken = await picture(place, quick, "items");
  });
  const e = await failure(act(slow, stalled), ...codes);
  assert.deepEqual(await picture(place, slow, "items"), taken, "the stale owner changed what the new owner published");
  return { slow, e };
}

export const leaseCases: readonly CaseDefinition[] = [
  ...[...blocks, ...candidateBlocks].map(stale),
  {
    name: "an owner whose lease was taken while it read its source cannot publish, and can run again",
    invariant: 5,
    skip: needs("blocks", "sessions"),
    async run(place) {
      const { slow, e } = await overtaken(place, (p, items) => p.run({ items }), "LEASE_LOST");
      assert.equal(e.retryable, true);
      assert.equal((await slow.run(load(11, 12, 4))).status, "published");
      await slow.recover();
      assert.deepEqual(await litter(place), [], "the stale owner's staged rows are left");
      await whole(slow);
    },
  },
  {
    name: "an owner whose lease was taken while its candidate was loaded cannot swap it in the same step",
    invariant: 5,
    skip: needs("blocks", "candidates", "clones", "sessions"),
    async run(place) {
      const bySwap = (p: Items, items: Source<Item>) => p.run({ items }, { strategy: "swap" });
      const { slow } = await overtaken(place, bySwap, "LEASE_LOST", "STALE_CANDIDATE");
      await whole(slow);
    },
  },
  {
    name: "who comes second is told who works on the pipeline, or waits for it as asked",
    invariant: 5,
    skip: needs("blocks", "sessions"),
    async run(place) {
      const first = itemsPipeline(place);
      const second = itemsPipeline(place);
      const patient = itemsPipeline(place, { lease: { wait: "60s" } });
      await first.run(load(1, 2, 1));
      const inside = gate();
      const go = gate();
      const pause = async (): Promise<void> => {
        inside.open();
        await go.passed;
      };
      const running = first.run({ items: after(batch(3, 4, 2), 1, pause) });
      await inside.passed;
      const { lease } = await second.status();
      for (const call of [
        () => second.run(load(9, 9, 3)),
        () => second.rollback(),
        () => second.hold("x"),
        () => second.begin(),
      ]) {
        const e = await failure(call(), "LEASE_HELD");
        assert.deepEqual([e.context.owner, e.retryable], [lease?.owner, true], "LEASE_HELD names another owner than status()");
      }
      const stop = new AbortController();
      const given = patient.run(load(7, 8, 3), { signal: stop.signal });
      const waiting = patient.run(load(5, 6, 3));
      stop.abort();
      await failure(given, "CANCELLED");
      go.open();
      assert.deepEqual([(await running).release, (await waiting).release], [2, 3]);
      assert.equal((await first.status()).lease, null, "a lease is left");
      await whole(first);
    },
  },
  {
    name: "a lease that nobody renews runs out by the warehouse's clock, and another takes it",
    invariant: 5,
    skip: needs("blocks", "sessions"),
    async run(place) {
      const hooks: Hooks = {};
      const slow = itemsPipeline(place, { warehouse: hooked(place.warehouse, hooks), lease: { ttl: "2s" } });
      const patient = itemsPipeline(place, { lease: { wait: "8s" } });
      await patient.run(load(1, 10, 1));
      hooks.beforeStatement = (tag) => (tag.endsWith(" renew") ? Promise.reject(new Error("the owner stalls")) : undefined);
      const stalled = after(batch(5, 15, 2), 4, () => patient.run(load(20, 22, 3)));
      await failure(slow.run({ items: stalled }), "LEASE_LOST");
      assert.equal((await contents(place, "items"))?.rows.length, 13);
      await whole(patient);
    },
  },
  {
    name: "an owner that works longer than its lease keeps it by its heartbeat",
    invariant: 5,
    skip: needs("blocks", "sessions"),
    async run(place) {
      let renewed = 0;
      const often = gate();
      const hooks: Hooks = {
        beforeStatement: (tag) => {
          // One every third of the lease: the fourth begins past the end of the lease that was taken first.
          if (tag.endsWith(" renew") && ++renewed === 4) often.open();
        },
      };
      const slow = itemsPipeline(place, { warehouse: hooked(place.warehouse, hooks), lease: { ttl: "2s" } });
      const second = itemsPipeline(place);
      await second.run(load(1, 10, 1));
      const long = after(batch(5, 15, 2), 4, async () => {
        await often.passed;
        await failure(second.run(load(20, 22, 3)), "LEASE_HELD");
      });
      // Heartbeats keep no process alive by themselves.
      const awake = setInterval(() => undefined, 60_000);
      try {
        assert.equal((await slow.run({ items: long })).tables.items?.rows, 15);
      } finally {
        clearInterval(awake);
      }
      await whole(second);
    },
  },
];
