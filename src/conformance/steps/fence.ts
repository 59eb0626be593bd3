import assert from "node:assert/strict";
import type { Inspect } from "../../adapter/operations.js";
import type { TableRef } from "../../adapter/shapes.js";
import type { PlannedStep } from "../../plan/compile.js";
import { ident, raw, template } from "../../sql/sql.js";
import { type CaseDefinition, reason } from "../case.js";
import { type Place, textOf } from "../place.js";
import {
  event,
  eventsOf,
  type Ledger,
  leaseAt,
  leasing,
  ledgerAt,
  overlapping,
  reading,
  readLease,
  recording,
  type Side,
} from "./ledger.js";
import { is } from "./words.js";

const fencing = (lease: TableRef, fence: bigint, free = false): PlannedStep => ({
  id: "fence",
  step: { kind: "fence", lease, fence, free },
});
const events = async (place: Place, ledger: Ledger): Promise<readonly unknown[]> =>
  eventsOf((await place.step(reading(ledger).step)).rows).map((r) => r["event"]);
/** The events that a side of two overlapping blocks read. */
const seen = (side: Side): readonly unknown[] => eventsOf(side.result?.results.get("state")?.rows ?? []).map((r) => r["event"]);
const overlap = (c: { readonly concurrentSessions: boolean; readonly transaction: string }): string | false =>
  reason({
    "the engine has one session at a time": !c.concurrentSessions,
    "the engine has no transactions": c.transaction === "none",
  });

/** Who writes under a fence. */
export const fenceCases: readonly CaseDefinition[] = [
  {
    name: "fence refuses a stale fence, and the block leaves nothing behind",
    invariant: 5,
    skip: (c) => reason({ "the engine has no transactions": c.transaction === "none" }),
    async run(place) {
      const ledger = await ledgerAt(place);
      const { lease, journal } = ledger;
      await place.step(leasing(lease, "anna"));
      is(
        (await place.block([fencing(lease, 1n), recording(journal, event({ event: "first" }))])).outcome,
        "committed",
        "own fence",
      );
      await place.step(leasing(lease, "berta", { instead: 1n }));
      const before = await readLease(place, lease);
      for (const fence of [0n, 1n, 3n]) {
        const result = await place.block([recording(journal, event({ event: "stale" })), fencing(lease, fence)]);
        is(result.outcome, "refused", `a block under fence ${fence} where 2 holds`);
        assert.ok(result.outcome === "refused" && result.at === "fence", "a block with a stale fence is refused at the fence");
      }
      is(await events(place, ledger), ["first"], "the journal after blocks of a stale owner");
      const after = await readLease(place, lease);
      is([after["fence"], after["expires_at"]], [before["fence"], before["expires_at"]], "the lease after those blocks");
    },
  },
  {
    name: "fence refuses a lease that was given up or has expired",
    invariant: 5,
    async run(place) {
      const lease = await leaseAt(place);
      await place.step(leasing(lease, "anna"));
      await place.step({ kind: "free", lease, fence: 1n, releases: 0 });
      is((await place.step(fencing(lease, 1n).step)).ok, false, "a fence whose lease was given up");
      await place.step(leasing(lease, "anna", { ttlMs: 1 }));
      for (let tries = 0; tries < 100_000 && (await readLease(place, lease))["expired"] !== true; tries++);
      is((await place.step(fencing(lease, 2n).step)).ok, false, "a fence whose lease has expired");
    },
  },
  {
    name: "fence with free gives the lease up with the commit, and keeps it where the block is undone",
    invariant: 5,
    also: [3],
    skip: (c) => reason({ "the engine has no transactions": c.transaction === "none" }),
    async run(place) {
      const lease = await leaseAt(place);
      await place.step(leasing(lease, "anna"));
      const before = await readLease(place, lease);
      const holder = async (): Promise<unknown> => (await readLease(place, lease))["owner"];
      const wrong: PlannedStep = { id: "count", step: { kind: "count", on: lease, rows: 9 } };
      is((await place.block([fencing(lease, 1n)])).outcome, "committed", "a block that keeps the lease");
      is(await holder(), "anna", "the owner after a block that keeps the lease");
      is((await place.block([fencing(lease, 1n, true)], { end: "rollback" })).outcome, "rehearsed", "a rehearsal");
      is(await holder(), "anna", "the owner after a rehearsal");
      is((await place.block([fencing(lease, 1n, true), wrong])).outcome, "refused", "a block that is refused after its fence");
      is(await holder(), "anna", "the owner after a block that was refused");
      for (const fence of [0n, 2n])
        is((await place.block([fencing(lease, fence, true)])).outcome, "refused", `a block under fence ${fence} where 1 holds`);
      is(await holder(), "anna", "the owner after a stale owner would have given the lease up");
      is((await place.block([fencing(lease, 1n, true)])).outcome, "committed", "a block that gives the lease up");
      const after = await readLease(place, lease);
      is([after["owner"], after["fence"], after["releases"]], [null, 1n, before["releases"]], "owner, fence and counter then");
      is((await place.block([fencing(lease, 1n)])).outcome, "refused", "a block under a fence that was given up");
      is((await place.step(leasing(lease, "berta"))).ok, true, "taking the lease that was given up");
      is((await readLease(place, lease))["left_by"], null, "left_by, where the owner before had given the lease up");
    },
  },
  {
    name: "two blocks that are open at once under one fence never both commit without one seeing the other",
    invariant: 5,
    skip: overlap,
    async run(place) {
      const ledger = await ledgerAt(place);
      const { lease, journal } = ledger;
      await place.step(leasing(lease, "anna"));
      const look = template`SELECT count(*) AS n FROM ${ident(lease.path)}`;
      const side = (name: string) => (gate: readonly Inspect[]) => [
        ...gate,
        fencing(lease, 1n),
        reading(ledger),
        recording(journal, event({ event: name })),
      ];
      const [a, b] = await overlapping(place, look, side("a"), side("b"));
      const kept = await events(place, ledger);
      is(kept.length, [a, b].filter((s) => s.ending === "done").length, "events in the journal, one for each block committed");
      if (a.ending === "done" && b.ending === "done") {
        assert.ok(
          seen(a).includes("b") || seen(b).includes("a"),
          "both blocks were committed, and neither saw what the other wrote",
        );
      }
    },
  },
  {
    name: "a block under the fence and a takeover that meets it never both go through unseen",
    invariant: 5,
    also: [7],
    skip: overlap,
    async run(place) {
      const ledger = await ledgerAt(place);
      const { lease, journal } = ledger;
      await place.step(leasing(lease, "anna"));
      const look = template`SELECT count(*) AS n FROM ${ident(lease.path)}`;
      const [work, takeover] = await overlapping(
        place,
        look,
        (gate) => [fencing(lease, 1n), ...gate, recording(journal, event({ event: "published" }))],
        (gate) => [...gate, { id: "lease", step: leasing(lease, "berta", { instead: 1n }) }, reading(ledger)],
      );
      const kept = await events(place, ledger);
      is(kept, work.ending === "done" ? ["published"] : [], `the journal after the block was ${work.ending}`);
      if (work.ending === "done" && takeover.ending === "done") {
        is(seen(takeover), ["published"], "what the new owner read; the old one had committed under a fence that was taken");
      }
      const fence = takeover.ending === "done" ? 2n : 1n;
      is((await readLease(place, lease))["fence"], fence, `the fence after the takeover was ${takeover.ending}`);
    },
  },
  {
    name: "the warehouse's clock moves inside a block",
    invariant: 5,
    skip: (c) =>
      reason({
        "the engine has no transactions": c.transaction === "none",
        "a block is one job, with a time limit below the lease's": c.transaction === "script",
      }),
    async run(place) {
      const lease = await leaseAt(place);
      const read = (id: string): PlannedStep => ({ id, step: { kind: "readLease", lease } });
      const moment = raw(place.adapter.syntax.now());
      const wait: Inspect = {
        id: "wait",
        inspect: async (query) => {
          const now = async (): Promise<string> => textOf((await query(template`SELECT ${moment} AS moment`))[0]);
          const first = await now();
          for (let tries = 0; tries < 2000; tries++) if ((await now()) !== first) return { ok: true };
          return { ok: false };
        },
      };
      const interactive = place.adapter.capabilities.transaction === "interactive";
      const result = await place.block([
        read("first"),
        ...(interactive ? [wait] : [read("second"), read("third")]),
        read("last"),
      ]);
      is(result.outcome, "committed", "a block that reads the clock until it has moved");
      const [first, last] = ["first", "last"].map((id) => result.results.get(id)?.rows[0]?.["now"] as bigint);
      assert.ok(
        (last as bigint) > (first as bigint),
        "a lease that runs out during a block must be seen to: the clock stood still",
      );
    },
  },
];
