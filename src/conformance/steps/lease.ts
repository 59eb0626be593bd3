import assert from "node:assert/strict";
import type { TableRef } from "../../adapter/shapes.js";
import type { Row } from "../../sql/sql.js";
import { type CaseDefinition, reason } from "../case.js";
import type { Place } from "../place.js";
import { leaseAt, leasing, readLease } from "./ledger.js";
import { endingOf, is } from "./words.js";

const held = ({ owner, process, fence, releases, expires_at, left_by }: Row): Row => ({
  owner,
  process,
  fence,
  releases,
  expires_at,
  left_by,
});

/** Reads the lease until the clock has passed its end. */
async function untilExpired(place: Place, lease: TableRef): Promise<void> {
  for (let tries = 0; tries < 100_000; tries++) if ((await readLease(place, lease))["expired"] === true) return;
  assert.fail("a lease of one millisecond did not expire: `expired` of readLease, or the clock, stands still");
}
const take = async (place: Place, ...step: Parameters<typeof leasing>): Promise<boolean> =>
  (await place.step(leasing(...step))).ok;

/** Who holds the lease, and for how long. */
export const leaseCases: readonly CaseDefinition[] = [
  {
    name: "lease takes a free one; the fence grows by one and the counter by the releases asked for",
    invariant: 5,
    async run(place) {
      const lease = await leaseAt(place);
      const free = { owner: null, process: null, fence: 0n, releases: 0n, expires_at: null, left_by: null };
      is(held(await readLease(place, lease)), free, "new");
      const taken = await place.step(leasing(lease, "anna", { process: "p1", releases: 1, ttlMs: 60_000 }));
      is([taken.ok, taken.affected], [true, 1], "taking a free lease, and the rows it changed");
      const first = await readLease(place, lease);
      is(
        [first["owner"], first["process"], first["fence"], first["releases"], first["expired"]],
        ["anna", "p1", 1n, 1n, false],
        "the lease of its first owner",
      );
      const left = (first["expires_at"] as bigint) - (first["now"] as bigint);
      assert.ok(left > 0n && left <= 60_000_000n, `a lease of 60 s has ${left} µs left, by the warehouse's own clock`);
      await place.step({ kind: "free", lease, fence: 1n, releases: 0 });
      is(await take(place, lease, "berta", { releases: 0 }), true, "taking a lease that was given up");
      const second = await readLease(place, lease);
      is([second["owner"], second["fence"], second["releases"]], ["berta", 2n, 1n], "the lease of its second owner");
    },
  },
  {
    name: "lease is refused while another holds it, and nothing changes",
    invariant: 5,
    async run(place) {
      const lease = await leaseAt(place);
      await place.step(leasing(lease, "anna", { process: "p1" }));
      const before = held(await readLease(place, lease));
      is(await take(place, lease, "berta", { process: "p2" }), false, "taking a lease that another process holds");
      is(await take(place, lease, "berta", { process: "p1", deadProcess: true }), false, "taking one held in the same process");
      is(await take(place, lease, "anna", { process: "p1" }), false, "taking one's own lease again");
      is(held(await readLease(place, lease)), before, "the lease after three refusals");
    },
  },
  {
    name: "lease takes one whose time has passed",
    invariant: 7,
    async run(place) {
      const lease = await leaseAt(place);
      await place.step(leasing(lease, "anna", { ttlMs: 1 }));
      await untilExpired(place, lease);
      is(await take(place, lease, "berta"), true, "taking a lease that has expired");
      const row = await readLease(place, lease);
      is([row["owner"], row["fence"], row["releases"]], ["berta", 2n, 2n], "the lease after a takeover");
    },
  },
  {
    name: "lease takes that of another process only where such a process is known to be dead",
    invariant: 7,
    also: [5],
    async run(place) {
      const lease = await leaseAt(place);
      await place.step(leasing(lease, "anna", { process: "p1" }));
      is(await take(place, lease, "berta", { process: "p2", deadProcess: false }), false, "taking it from one that may live");
      is(await take(place, lease, "berta", { process: "p2", deadProcess: true }), true, "taking it from a dead process");
      is((await readLease(place, lease))["fence"], 2n, "the fence after a takeover");
    },
  },
  {
    name: "lease takes one of its own again by the fence given in instead, and none by another",
    invariant: 7,
    also: [5],
    async run(place) {
      const lease = await leaseAt(place);
      await place.step(leasing(lease, "anna"));
      is(await take(place, lease, "anna", { instead: 0n }), false, "taking a lease by a fence that it does not bear");
      is(await take(place, lease, "anna", { instead: 2n }), false, "taking a lease by a fence that it does not bear yet");
      is(await take(place, lease, "anna", { instead: 1n }), true, "taking a lease by its own fence");
      is((await readLease(place, lease))["fence"], 2n, "the fence after that");
    },
  },
  {
    name: "lease tells who had not given it up, and nobody after a clean end",
    invariant: 7,
    async run(place) {
      const lease = await leaseAt(place);
      const leftBy = async (): Promise<unknown> => (await readLease(place, lease))["left_by"];
      await place.step(leasing(lease, "anna"));
      is(await leftBy(), null, "left_by of the first lease");
      is(await take(place, lease, "berta", { process: "p2", deadProcess: true }), true, "taking it from a dead process");
      is(await leftBy(), "anna", "left_by after a takeover");
      is(await take(place, lease, "carla"), false, "taking a lease that another holds");
      is(await leftBy(), "anna", "left_by after an attempt that was refused");
      await place.step({ kind: "free", lease, fence: 2n, releases: 0 });
      await place.step(leasing(lease, "carla"));
      is(await leftBy(), null, "left_by after the owner before had given it up");
      await place.step({ kind: "renew", lease, fence: 3n, ttlMs: 1 });
      await untilExpired(place, lease);
      await place.step(leasing(lease, "dora"));
      is(await leftBy(), "carla", "left_by after the lease before had expired");
    },
  },
  {
    name: "of two sessions that ask for a lease at the same time exactly one gets it",
    invariant: 5,
    skip: (c) => reason({ "the engine has one session at a time": !c.concurrentSessions }),
    async run(place) {
      const lease = await leaseAt(place);
      const other = await place.open();
      for (let fence = 1n; fence <= 5n; fence++) {
        const endings = await Promise.all([
          endingOf(
            place,
            place.step(leasing(lease, "anna")).then((r) => r.ok),
          ),
          endingOf(
            place,
            place.step(leasing(lease, "berta"), other).then((r) => r.ok),
          ),
        ]);
        const row = await readLease(place, lease);
        is(endings.filter((e) => e === "done").length, 1, `sessions that got the lease (${endings.join(" and ")})`);
        is(row["owner"], endings[0] === "done" ? "anna" : "berta", "the owner after two asked at the same time");
        is([row["fence"], row["releases"]], [fence, fence], "fence and counter, which grow once for each lease taken");
        await place.step({ kind: "free", lease, fence, releases: 0 });
      }
    },
  },
  {
    name: "renew pushes the end on, and refuses another fence and a lease that was given up",
    invariant: 5,
    async run(place) {
      const lease = await leaseAt(place);
      await place.step(leasing(lease, "anna", { ttlMs: 60_000 }));
      const before = await readLease(place, lease);
      is((await place.step({ kind: "renew", lease, fence: 1n, ttlMs: 600_000 })).ok, true, "renewing one's own lease");
      const after = await readLease(place, lease);
      const gained = (after["expires_at"] as bigint) - (before["expires_at"] as bigint);
      assert.ok(gained >= 540_000_000n, `a lease renewed from 60 s to 600 s ends only ${gained} µs later`);
      is({ ...held(after), expires_at: 0 }, { ...held(before), expires_at: 0 }, "all but the end of a renewed lease");
      for (const fence of [0n, 2n]) {
        is((await place.step({ kind: "renew", lease, fence, ttlMs: 1 })).ok, false, `renewing fence 1 as fence ${fence}`);
      }
      is(held(await readLease(place, lease)), held(after), "a lease that others tried to renew");
      await place.step({ kind: "free", lease, fence: 1n, releases: 0 });
      is((await place.step({ kind: "renew", lease, fence: 1n, ttlMs: 1 })).ok, false, "renewing a lease that was given up");
    },
  },
  {
    name: "free gives the lease and unused numbers up, and leaves the lease of another fence alone",
    invariant: 5,
    async run(place) {
      const lease = await leaseAt(place);
      await place.step(leasing(lease, "anna", { releases: 1 }));
      const before = held(await readLease(place, lease));
      await place.step({ kind: "free", lease, fence: 0n, releases: 1 });
      await place.step({ kind: "free", lease, fence: 2n, releases: 1 });
      is(held(await readLease(place, lease)), before, "a lease that a stale owner tried to give up");
      await place.step({ kind: "free", lease, fence: 1n, releases: 1 });
      const freed = await readLease(place, lease);
      is([freed["owner"], freed["fence"], freed["releases"]], [null, 1n, 0n], "owner, fence and counter of a lease given up");
    },
  },
  {
    name: "readLease tells by the warehouse's clock, which moves, whether a lease has expired",
    async run(place) {
      const lease = await leaseAt(place);
      await place.step(leasing(lease, "anna"));
      const before = await readLease(place, lease);
      is(before["expired"], false, "expired, of a lease of an hour");
      await place.step({ kind: "renew", lease, fence: 1n, ttlMs: 1 });
      await untilExpired(place, lease);
      const after = await readLease(place, lease);
      assert.equal(typeof after["now"], "bigint", "`now` of readLease is a timestamp in microseconds");
      assert.ok((after["now"] as bigint) > (before["now"] as bigint), "`now` of readLease moves from statement to statement");
      assert.ok((after["now"] as bigint) >= (after["expires_at"] as bigint), "a lease expires when `now` reaches its end");
    },
  },
];
