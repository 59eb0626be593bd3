import assert from "node:assert/strict";
import { check } from "../../check/checks.js";
import type { CutoverEvent } from "../../pipeline/events.js";
import type { Pipeline } from "../../pipeline/pipeline.js";
import type { Stage } from "../../pipeline/words.js";
import { rows } from "../../source/source.js";
import { template } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import type { Place } from "../place.js";
import { gate } from "../place.js";
import { needs } from "./needs.js";
import { all, col, failure, itemsPipeline, litter, load, picture, whole } from "./world.js";

type Items = ReturnType<typeof itemsPipeline>;
type Act = readonly [what: string, stage: Stage, act: (p: Items, signal: AbortSignal) => Promise<unknown>];
const plain: readonly Act[] = [
  ["run", "load", (p, signal) => p.run(load(6, 9, 3), { signal })],
  ["run", "publish", (p, signal) => p.run(load(6, 9, 3), { signal })],
  ["rollback", "rollback", (p, signal) => p.rollback({ signal })],
  ["adopt", "adopt", (p, signal) => p.adopt({ signal })],
  ["audit", "audit", (p, signal) => p.audit({ signal })],
  ["check", "validate", (p, signal) => p.check({ signal })],
  ["recover", "recover", (p, signal) => p.recover({ signal })],
];
const candidates: readonly Act[] = [
  ["clone", "clone", (p, signal) => p.clone({ signal })],
  ["run by swap", "load", (p, signal) => p.run(load(6, 9, 3), { signal, strategy: "swap" })],
  ["run by swap", "swap", (p, signal) => p.run(load(6, 9, 3), { signal, strategy: "swap" })],
];

/** Aborts each call when its stage begins; then all is as it was, and a good run works. */
async function abortEach(place: Place, acts: readonly Act[]): Promise<void> {
  const quiet = itemsPipeline(place);
  await quiet.run(load(1, 5, 1));
  await quiet.run(load(3, 7, 2));
  const before = await picture(place, quiet, "items");
  for (const [what, stage, act] of acts) {
    const abort = new AbortController();
    const event = (e: CutoverEvent): void => {
      if (e.type === "stage.start" && e.stage === stage) abort.abort();
    };
    const e = await failure(act(itemsPipeline(place, { observers: [{ event }] }), abort.signal), "CANCELLED");
    assert.equal(e.context.stage, stage, `${what}, cancelled during ${stage}, tells another stage`);
    assert.deepEqual(await picture(place, quiet, "items"), before, `${what}, cancelled during ${stage}, changed something`);
    assert.equal((await quiet.status()).lease, null, `${what}, cancelled during ${stage}, keeps the lease`);
  }
  await quiet.recover();
  assert.deepEqual(await litter(place), [], "cancelled calls leave tables");
  assert.equal((await quiet.run(load(8, 9, 4))).status, "published");
  await whole(quiet);
}

export const cancelledCases: readonly CaseDefinition[] = [
  {
    name: "a call that is cancelled at any stage changes nothing and gives the lease up",
    invariant: 3,
    also: [7],
    skip: needs("blocks"),
    run: (place) => abortEach(place, plain),
  },
  {
    name: "a call on a candidate that is cancelled at any stage changes nothing and gives the lease up",
    invariant: 3,
    also: [7],
    skip: needs("blocks", "candidates", "clones"),
    run: (place) => abortEach(place, candidates),
  },
  {
    name: "a signal that fired before the call cancels it, whatever the call, and opens no source",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      await etl.run(load(3, 7, 2));
      const before = await picture(place, etl, "items");
      const signal = AbortSignal.abort();
      let opened = false;
      const source = rows(() => {
        opened = true;
        return [];
      });
      const calls: readonly ((p: Items) => Promise<unknown>)[] = [
        (p) => p.run({ items: source }, { signal }),
        (p) => p.begin({ signal }),
        (p) => p.rollback({ signal }),
        (p) => p.redo({ signal }),
        (p) => p.hold("x", { signal }),
        (p) => p.unhold({ signal }),
        (p) => p.status({ signal }),
        (p) => p.plan({ strategy: "in-place", signal }),
        (p) => p.audit({ signal }),
        (p) => p.check({ signal }),
        (p) => p.adopt({ signal }),
        (p) => p.recover({ signal }),
        (p) => all(p.history({ signal })),
        (p) => all(p.diff("items", { from: 1, to: 2, signal })),
      ];
      for (const call of calls) await failure(call(etl), "CANCELLED");
      assert.equal(opened, false, "the source was opened");
      assert.deepEqual(await picture(place, etl, "items"), before);
    },
  },
  {
    name: "an abort inside the publishing transaction undoes it",
    invariant: 3,
    skip: needs("blocks", "javascript"),
    async run(place) {
      await itemsPipeline(place).run(load(1, 5, 1));
      const abort = new AbortController();
      const inside = check("inside", async ({ query, self }) => {
        abort.abort();
        await query(template`SELECT COUNT(*) AS ${col("n")} FROM ${self}`);
        return { pass: true };
      });
      const etl = itemsPipeline(place, { checks: [inside] });
      const before = await picture(place, etl, "items");
      const e = await failure(etl.run(load(6, 7, 2), { signal: abort.signal }), "CANCELLED");
      assert.equal(e.context.stage, "publish");
      assert.deepEqual(await picture(place, etl, "items"), before);
      await whole(etl);
    },
  },
  {
    name: "close ends a run in the middle of its source with CLOSED, and waits for it; later calls are CLOSED",
    invariant: 3,
    also: [7],
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      const inside = gate();
      const stuck = rows(async function* () {
        yield { id: 6, v: 2, seq: 2 };
        inside.open();
        await new Promise(() => undefined);
      });
      const ended = failure(etl.run({ items: stuck }), "CLOSED");
      await inside.passed;
      await etl.close();
      await ended;
      const later: readonly ((p: Pipeline) => Promise<unknown>)[] = [
        (p) => p.status(),
        (p) => p.run({}),
        (p) => all(p.history()),
        (p) => p.recover(),
      ];
      for (const call of later) await failure(call(etl as unknown as Pipeline), "CLOSED");
      await etl.close();
      const next = itemsPipeline(place);
      assert.equal((await next.status()).lease, null, "the closed pipeline keeps the lease");
      assert.equal((await next.run(load(6, 7, 3))).tables.items?.rows, 7);
      assert.deepEqual(await litter(place), [], "the closed pipeline leaves tables");
    },
  },
];
