import assert from "node:assert/strict";
import type { Step } from "../../adapter/steps.js";
import type { PlannedStep } from "../../plan/compile.js";
import type { Row } from "../../sql/sql.js";
import { type CaseDefinition, reason } from "../case.js";
import { shapes } from "../columns.js";
import type { Place } from "../place.js";
import { extremes, large } from "../values.js";
import { event, eventsOf, type Ledger, leasing, ledgerAt, reading, readLease, recording } from "./ledger.js";
import { committed, is } from "./words.js";

/** The events of a state, without what each row says of the lease. */
const read = async (place: Place, ledger: Ledger, anchors: readonly string[] = ["published"], pipeline = "orders") =>
  eventsOf((await place.step(reading(ledger, pipeline, anchors).step)).rows).map(
    ({ release, seq, event, recorded_at, fence, payload }): Row => ({ release, seq, event, recorded_at, fence, payload }),
  );
const seqs = async (...args: Parameters<typeof read>): Promise<readonly unknown[]> => (await read(...args)).map((r) => r["seq"]);

/** The journal: what is written is what is read. */
export const journalCases: readonly CaseDefinition[] = [
  {
    name: "record writes events with the time by the warehouse's clock, and readState reads them",
    invariant: 2,
    async run(place) {
      const ledger = await ledgerAt(place);
      const { lease, journal } = ledger;
      const before = (await readLease(place, lease))["now"] as bigint;
      const events = [
        event({ release: 7, seq: 1, event: "loaded", fence: 2n ** 53n + 1n, payload: '{"a":1}' }),
        event({ seq: 2 }),
      ];
      is((await place.step(recording(journal, ...events).step)).affected, 2, "rows that recording two events wrote");
      const after = (await readLease(place, lease))["now"] as bigint;
      const [first, second] = await read(place, ledger);
      const { recorded_at, ...rest } = first ?? {};
      is(rest, { release: 7n, seq: 1n, event: "loaded", fence: 2n ** 53n + 1n, payload: '{"a":1}' }, "an event as it was read");
      is(second?.["seq"], 2n, "the event after it");
      const at = recorded_at as bigint;
      // Engines keep the journal's time to the microsecond or coarser than the clock itself.
      assert.ok(at >= before - 1000n && at <= after + 1000n, `recorded_at (${at}) lies between ${before} and ${after}`);
    },
  },
  {
    name: "record writes any payload as it is: quotes, placeholders, unicode, a megabyte",
    invariant: 8,
    async run(place) {
      const ledger = await ledgerAt(place);
      const { journal } = ledger;
      const kept = place.at("kept");
      await place.make(kept, shapes(place.adapter, { id: "int64" }), [[1n]]);
      const payloads = [...extremes.string, large.string].map((text) => JSON.stringify({ text, [String(text).slice(0, 20)]: 1 }));
      const names = ["it's", 'a "b"', "{x}", "; DROP TABLE kept; --", "ключ"];
      const events = [
        ...payloads.map((payload, i) => event({ seq: i + 1, payload })),
        ...names.map((name, i) => event({ seq: payloads.length + i + 1, pipeline: "orders", event: name })),
      ];
      await place.step(recording(journal, ...events).step);
      const found = await read(place, ledger);
      is(
        found.slice(0, payloads.length).map((r) => r["payload"]),
        payloads,
        "payloads",
      );
      is(
        found.slice(payloads.length).map((r) => r["event"]),
        names,
        "events with hostile names",
      );
      is(await place.rows(kept, shapes(place.adapter, { id: "int64" })), [[1n]], "a table that a payload named");
    },
  },
  {
    name: "record puts the rows of earlier operations of its block under facts",
    invariant: 2,
    async run(place) {
      const ledger = await ledgerAt(place);
      const { journal } = ledger;
      const live = place.at("live");
      await place.make(live, shapes(place.adapter, { id: "int64", v: "string?" }), [
        [1n, "it's"],
        [2n, null],
        [2n ** 53n + 1n, 'a "b"\\'],
      ]);
      const strange = `it's "strange".count`;
      const steps: PlannedStep[] = [
        { id: "count", step: { kind: "count", on: live, rows: 3 } },
        { id: strange, step: { kind: "count", on: live, rows: 3 } },
        {
          id: "parts",
          step: { kind: "partitions", delta: live, partition: shapes(place.adapter, { v: "string?" })[0] ?? assert.fail() },
        },
      ];
      const payload = JSON.stringify({ note: "it's", list: [1, { a: "}" }] });
      await committed(place, [...steps, recording(journal, event({ payload, facts: ["count", strange, "parts"] }))]);
      const written = String((await read(place, ledger))[0]?.["payload"]);
      const { facts, ...constant } = JSON.parse(written) as { facts: Record<string, Record<string, unknown>[]> };
      is(constant, JSON.parse(payload), "what a payload says beside its facts");
      is(Object.keys(facts).sort(), ["count", strange, "parts"].sort(), "the operations named");
      for (const id of ["count", strange])
        is([String(facts[id]?.[0]?.["rows"]), facts[id]?.[0]?.["ok"]], ["3", true], `facts of ${id}`);
      is(
        facts["parts"]?.map((r) => String(r["value"])).sort(),
        ['a "b"\\', "it's", "null"],
        "facts of an operation with three rows",
      );
    },
  },
  {
    name: "record in a block that is refused or rehearsed writes nothing",
    invariant: 2,
    also: [3],
    skip: (c) => reason({ "the engine has no transactions": c.transaction === "none" }),
    async run(place) {
      const ledger = await ledgerAt(place);
      const { journal } = ledger;
      const wrong: PlannedStep = { id: "count", step: { kind: "count", on: journal, rows: 9 } };
      is((await place.block([recording(journal, event()), wrong])).outcome, "refused", "a block whose last step is refused");
      is((await place.block([recording(journal, event())], { end: "rollback" })).outcome, "rehearsed", "a rehearsal");
      is(await read(place, ledger), [], "the journal after a block that was refused and one that was rehearsed");
    },
  },
  {
    name: "readState begins with the last event that carries the whole state",
    invariant: 2,
    async run(place) {
      const ledger = await ledgerAt(place);
      const { journal } = ledger;
      const names = ["opened", "published", "opened", "snapshot", "opened", "noted"];
      const events = names.map((name, i) => event({ seq: i + 1, event: name }));
      const other = event({ pipeline: "other", seq: 9, event: "published" });
      await place.step(recording(journal, ...events.toReversed(), other).step);
      is(await seqs(place, ledger, ["published", "snapshot"]), [4n, 5n, 6n], "from the last of two anchors on, in order");
      is(await seqs(place, ledger, ["published"]), [2n, 3n, 4n, 5n, 6n], "from the last of one kind on");
      is(await seqs(place, ledger, ["rolled-back"]), [1n, 2n, 3n, 4n, 5n, 6n], "where there is no anchor: all");
      is(await seqs(place, ledger, ["published"], "other"), [9n], "the journal of another pipeline");
      is(await seqs(place, ledger, ["published"], "Orders"), [], "the journal of a pipeline that never was");
    },
  },
  {
    name: "readState reads both events of two owners that took the same number, the older fence first",
    invariant: 5,
    async run(place) {
      const ledger = await ledgerAt(place);
      const { journal } = ledger;
      const twice = [3n, 2n, 10n].map((fence) => event({ seq: 5, fence, event: "published" }));
      await place.step(recording(journal, ...twice, event({ seq: 6, fence: 3n }), event({ seq: 4 })).step);
      const found = (await read(place, ledger)).map((r) => [r["seq"], r["fence"]]);
      is(
        found,
        [
          [5n, 2n],
          [5n, 3n],
          [5n, 10n],
          [6n, 3n],
        ],
        "events by number and fence",
      );
    },
  },
  {
    name: "readState tells the lease in each row, and in one row without an event where there is none",
    invariant: 5,
    async run(place) {
      const ledger = await ledgerAt(place);
      const { lease, journal } = ledger;
      const told = async (pipeline?: string): Promise<readonly Row[]> => (await place.step(reading(ledger, pipeline).step)).rows;
      const ofLease = ({ owner, process, lease_fence, releases, expires_at, left_by, expired }: Row): Row => ({
        ...{ owner, process, fence: lease_fence, releases, expires_at, left_by, expired },
      });
      const held = async (): Promise<Row> => {
        const { now: _, ...row } = await readLease(place, lease);
        return row;
      };
      const nothing = await told();
      is(
        nothing.map((r) => [r["event"], r["seq"], r["payload"], r["owner"], r["lease_fence"]]),
        [[null, null, null, null, 0n]],
        "the state of a pipeline that never was",
      );
      await place.step(leasing(lease, "anna", { releases: 3 }));
      await place.step(leasing(lease, "berta", { instead: 1n, releases: 0 }));
      is((await told()).map(ofLease), [await held()], "the lease, as readLease tells it, where there are no events");
      await place.step(recording(journal, event({ seq: 1, fence: 1n }), event({ seq: 2, fence: 2n })).step);
      const rows = await told();
      is(rows.map(ofLease), [await held(), await held()], "the lease, as readLease tells it, beside each of two events");
      is(
        rows.map((r) => [r["seq"], r["fence"], r["lease_fence"]]),
        [
          [1n, 1n, 2n],
          [2n, 2n, 2n],
        ],
        "numbers and fences of the events, and the fence of the lease",
      );
      is(
        (await told("other")).map((r) => r["event"]),
        [null],
        "events of another pipeline",
      );
      const [row] = rows;
      const left = (row?.["expires_at"] as bigint) - (row?.["now"] as bigint);
      assert.ok(left > 0n && left <= 3_600_000_000n, `a lease of an hour has ${left} µs left, by the warehouse's own clock`);
    },
  },
  {
    name: "findEvents finds kinds of events by payload and release, newest first, from a place on and up to a limit",
    async run(place) {
      const ledger = await ledgerAt(place);
      const { journal } = ledger;
      const key = `it's "key" \\ 1`;
      const events = [
        event({ seq: 1, event: "key", payload: key, release: 1 }),
        event({ seq: 2, event: "key", payload: `${key} `, release: 2 }),
        event({ seq: 3, event: "key-returned", payload: key, release: 1 }),
        event({ seq: 4, event: "published", payload: "{}", release: 2 }),
        event({ seq: 5, event: "key", payload: key, release: 3 }),
        event({ seq: 5, event: "key", payload: key, release: 4, fence: 2n }),
        event({ seq: 6, event: "key", payload: key, release: 3, pipeline: "other" }),
      ];
      await place.step(recording(journal, ...events).step);
      const all: Step<"findEvents"> = {
        kind: "findEvents",
        journal,
        pipeline: "orders",
        events: ["key", "key-returned"],
        payload: null,
        release: null,
        limit: null,
      };
      const found = async (over: Partial<Step<"findEvents">>): Promise<readonly unknown[]> =>
        (await place.step({ ...all, ...over })).rows.map((r) => Number(r["seq"]) * 10 + Number(r["fence"]));
      is(await found({}), [52, 51, 31, 21, 11], "two kinds of events, newest first");
      is(await found({ payload: key }), [52, 51, 31, 11], "with one exact payload");
      is(await found({ release: 1 }), [31, 11], "of one release");
      is(await found({ payload: key, events: ["key"], limit: 2 }), [52, 51], "the newest two");
      is(await found({ before: 5, limit: 2 }), [31, 21], "two from a place on");
      is(await found({ events: ["rejected"] }), [], "of a kind that there is none of");
      is(await found({ pipeline: "other" }), [61], "of another pipeline");
      const [row] = (await place.step({ ...all, events: ["published"] })).rows;
      is(
        [row?.["release"], row?.["event"], row?.["payload"], typeof row?.["recorded_at"]],
        [2n, "published", "{}", "bigint"],
        "a row",
      );
    },
  },
];
