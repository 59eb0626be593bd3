import type { TableRef, TableShape } from "../adapter/shapes.js";
import { payloadText } from "../ledger/events.js";
import type { Place } from "../ledger/intent.js";
import type { TableState } from "../ledger/state.js";
import type { Plan, PlannedStep } from "./compile.js";
import { fence, type ReleaseFacts } from "./release.js";

/** A version that takes live's place in a step of its own: between the block that decides it and the one that reports it. */
export interface Placing {
  readonly place: Place;
  readonly live: TableShape | null;
  readonly candidate: TableShape;
}
export interface PlacingOptions {
  readonly alias: string;
  readonly live: TableShape | null;
  readonly candidate: TableShape;
  readonly at: TableRef;
  readonly keepAs: TableRef;
  readonly marker: string;
  readonly was: TableState | null;
  readonly spent?: TableRef | null;
}
export function placing(o: PlacingOptions): Placing {
  const { live, candidate, was } = o;
  const there = live === null || was === null ? null : { rows: was.rows, sum: was.sum, hash: was.hash };
  const place: Place = {
    alias: o.alias,
    path: [...o.at.path],
    candidate: [...candidate.ref.path],
    keepAs: live === null ? null : [...o.keepAs.path],
    marker: o.marker,
    was: there === null ? null : { version: live?.version ?? null, ...there },
    fingerprint: live?.fingerprint ?? null,
    spent: o.spent == null ? null : [...o.spent.path],
  };
  return { place, live, candidate };
}

/** The record of what was done becomes that of what is about to be: the facts of the block go with it. */
export function intend(recorded: PlannedStep, placings: readonly Placing[], begun = false): PlannedStep {
  const { step } = recorded;
  const main = step.kind === "record" ? step.events.at(-1) : undefined;
  if (step.kind !== "record" || main === undefined) throw new Error("only a record can be intended");
  const events = step.events.map(({ release, event, payload }) => ({ release, event, payload }));
  const payload = payloadText(
    "intent",
    { events, places: placings.map((p) => p.place), ...(begun ? { begun } : {}) },
    step.journal.path[0] ?? "",
  );
  return { ...recorded, step: { ...step, events: [{ ...main, event: "intent", payload }] } };
}

/** The statements between the two blocks. `mark` stands before the block that decides. */
export const marking = (placings: readonly Placing[], grants: boolean): Plan => ({
  name: "mark",
  atomic: false,
  steps: placings.flatMap(({ place, live, candidate }): PlannedStep[] => [
    ...(grants && live !== null
      ? [
          {
            id: `${place.alias}.regrant`,
            step: {
              kind: "regrant" as const,
              ref: candidate.ref,
              before: candidate.fingerprint,
              after: live.fingerprint,
              owner: false,
            },
          },
        ]
      : []),
    { id: `${place.alias}.mark`, step: { kind: "mark", table: candidate, marker: place.marker } },
  ]),
});

export const swapping = (p: Placing): PlannedStep => ({
  id: `${p.place.alias}.swap`,
  step: {
    kind: "swap",
    live: p.live,
    candidate: p.candidate,
    at: { path: p.place.path },
    keepAs: { path: p.place.keepAs ?? p.place.candidate },
    marker: p.place.marker,
  },
});

/** All of it, as `plan()` shows it. */
export const apart = (
  decide: Plan,
  recorded: PlannedStep,
  placings: readonly Placing[],
  f: Pick<ReleaseFacts, "lease" | "fence">,
  grants: boolean,
): readonly Plan[] => [
  marking(placings, grants),
  decide,
  { name: "swap", atomic: false, steps: placings.map(swapping) },
  { name: "done", atomic: true, steps: [fence(f), recorded] },
];
