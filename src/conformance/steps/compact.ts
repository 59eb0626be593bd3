import type { Step } from "../../adapter/steps.js";
import { type CaseDefinition, reason } from "../case.js";
import type { Place } from "../place.js";
import { event, type Ledger, ledgerAt, recording } from "./ledger.js";
import { committed, is } from "./words.js";

const seqs = async (place: Place, { journal }: Ledger, pipeline = "orders"): Promise<readonly unknown[]> => {
  const events = ["published", "held", "key", "key-returned", "summary", "snapshot"];
  const found: Step<"findEvents"> = { kind: "findEvents", journal, pipeline, events, payload: null, release: null, limit: null };
  return (await place.step(found)).rows.map((r) => Number(r["seq"])).reverse();
};

/** A journal that a snapshot makes shorter. */
export const compactCases: readonly CaseDefinition[] = [
  {
    name: "compact removes the events of one pipeline below a number, spares what it is told to, and writes rows in their place",
    invariant: 12,
    also: [2],
    skip: (c) => reason({ "the engine has no transactions": c.transaction === "none" }),
    async run(place) {
      const ledger = await ledgerAt(place);
      const { journal } = ledger;
      const key = `it's "key" \\ 1`;
      const events = [
        event({ seq: 1, release: 1, event: "key", payload: key }),
        event({ seq: 2, release: 1, event: "published" }),
        event({ seq: 3, release: 1, event: "key-returned", payload: key }),
        event({ seq: 4, release: 2, event: "key", payload: "other" }),
        event({ seq: 5, release: 2, event: "published" }),
        event({ seq: 6, release: 2, event: "held" }),
        event({ seq: 7, release: 3, event: "key", payload: key }),
        event({ seq: 8, release: 3, event: "published" }),
        event({ seq: 9, release: 3, event: "held" }),
        event({ seq: 2, pipeline: "lines" }),
        event({ seq: 3, pipeline: "lines", event: "key", payload: "other" }),
      ];
      await place.step(recording(journal, ...events).step);
      const spare: Step<"compact">["spare"] = [
        { events: ["published"], releases: [3] },
        { events: ["key"], among: ["key", "key-returned"] },
      ];
      const common = { journal, pipeline: "orders", below: 9, spare };
      const row = { release: 1, seq: 2, event: "summary", at: 1_000_000n, fence: 1n, payload: '{"a":"it\'s"}' };
      const rows = [row, { ...row, seq: 5, release: 2, at: 2_500_001n }];
      is(Number((await place.step({ kind: "compactable", ...common })).rows[0]?.["rows"]), 5, "rows that compact would remove");
      const steps = [{ id: "compact", step: { kind: "compact" as const, ...common, rows } }];
      const rehearsed = await place.block(steps, { end: "rollback" });
      is([rehearsed.outcome, await seqs(place, ledger)], ["rehearsed", [1, 2, 3, 4, 5, 6, 7, 8, 9]], "a rehearsal");
      await committed(place, steps);
      is(await seqs(place, ledger), [2, 4, 5, 7, 8, 9], "what is left");
      is((await seqs(place, ledger, "lines")).length, 1, "events of another pipeline");
      const found = await place.step({
        ...{ kind: "findEvents", journal, pipeline: "orders", events: ["summary"], payload: null, release: null, limit: null },
      });
      is(
        found.rows.map((r) => [r["release"], r["recorded_at"], r["fence"], r["payload"]]),
        [
          [2n, 2_500_001n, 1n, '{"a":"it\'s"}'],
          [1n, 1_000_000n, 1n, '{"a":"it\'s"}'],
        ],
        "what was written in their place",
      );
      // By number and by time: what was just recorded stays, what is recorded as older goes.
      const later: Step<"compact">["spare"] = [
        { events: ["published", "key"], since: 1_000_000_000n },
        { events: ["summary"], from: 5 },
      ];
      await committed(place, [
        { id: "compact", step: { kind: "compact", journal, pipeline: "orders", below: 10, spare: later, rows: [] } },
      ]);
      is(await seqs(place, ledger), [4, 5, 7, 8], "what is left of it");
    },
  },
];
