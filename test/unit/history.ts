import fc from "fast-check";
import type { EventName, LedgerEvent, Published } from "../../src/ledger/events.js";
import { apply } from "../../src/ledger/fold.js";
import { emptyState, type OpenRelease, type State } from "../../src/ledger/state.js";

export const AT = "2024-01-01T00:00:00Z";
export const key = '["main","t"]';
export type Kind = Published["tables"][string]["undo"]["kind"];

/** The payload of a publish onto a state: so many rows go, so many come. */
export function publish(s: State, kind: Kind, before: number, after: number, keep = 3): Published {
  const undo = {
    images: { kind: "images" as const, changes: ["db", "l", "changes"], key: ["id"], before: 0, after: 0 },
    fill: { kind: "fill" as const },
    swap: { kind: "swap" as const, kept: ["db", "main", `before_${s.live + 1}`], fingerprint: { of: s.live } },
  }[kind];
  const images = kind === "images";
  const rows = (s.tables[key]?.rows ?? 0) - before + after;
  const tally = [{ before_rows: `${before}`, before_sum: `${before * 7}`, after_rows: `${after}`, after_sum: `${after * 7}` }];
  return {
    strategy: kind === "swap" ? "swap" : "in-place",
    previous: s.live,
    keep,
    base: { ...s, undone: [] },
    facts: images ? { tally } : { scan: [{ rows: `${rows}`, sum: `${rows * 7}` }] },
    tables: {
      [key]: {
        alias: "t",
        path: ["db", "main", "t"],
        hash: "h",
        watermark: `${s.live + 1}`,
        staged: after,
        undo,
        changes: null,
        tally: images ? "tally" : null,
        scan: images ? null : "scan",
        checks: [],
      },
    },
  };
}
const opening = (release: number): OpenRelease => ({
  release,
  strategy: "in-place",
  state: "open",
  at: AT,
  process: "me",
  clonedFrom: 0,
  tables: ["t"],
  candidates: {},
  paths: {},
  built: [],
  done: [],
  until: AT,
});

export type Command = {
  readonly do:
    | "publish"
    | "publish-open"
    | "rollback"
    | "redo"
    | "open"
    | "load"
    | "validate"
    | "reject"
    | "hold"
    | "unhold"
    | "adopt";
  readonly kind: Kind;
  readonly n: number;
};
export const commands = fc.array(
  fc.record<Command>({
    do: fc.constantFrom(
      "publish",
      "publish",
      "publish",
      "publish-open",
      "rollback",
      "redo",
      "open",
      "load",
      "validate",
      "reject",
      "hold",
      "unhold",
      "adopt",
    ),
    kind: fc.constantFrom("images", "images", "swap", "fill"),
    n: fc.nat({ max: 5 }),
  }),
  { maxLength: 25 },
);
/** The history that an owner makes by following commands, leaving out what does not apply. */
export function history(list: readonly Command[]): { readonly events: LedgerEvent[]; readonly states: State[] } {
  const events: LedgerEvent[] = [];
  const states: State[] = [];
  let s = emptyState;
  let releases = 0;
  const add = (event: EventName, release: number, payload: unknown): void => {
    const e = { event, release, seq: events.length + 1, fence: 1n, at: AT, payload } as LedgerEvent;
    events.push(e);
    s = apply(s, e);
    states.push(s);
  };
  for (const c of list) {
    const open = s.open[c.n % Math.max(1, s.open.length)]?.release;
    switch (c.do) {
      case "publish":
        add("published", ++releases, publish(s, s.live === 0 ? "fill" : c.kind, 0, c.n));
        break;
      case "publish-open":
        // A release opened earlier may be published after later ones.
        if (open !== undefined) add("published", open, publish(s, s.live === 0 ? "fill" : "images", 0, c.n));
        break;
      case "rollback": {
        const to = s.kept[c.n % Math.max(1, s.kept.length)]?.previous;
        if (to === undefined) break;
        const swapped = s.kept.slice(s.kept.findIndex((k) => k.previous === to)).some((k) => k.tables[key]?.undo.kind === "swap");
        add("rolled-back", to, {
          from: s.live,
          to,
          releases: s.kept.slice(s.kept.findIndex((k) => k.previous === to)).map((k) => k.release),
          displaced: swapped ? { [key]: { kept: ["db", "main", `undone_${s.live}`], fingerprint: c.n } } : {},
        });
        break;
      }
      case "redo": {
        const last = s.undone.at(-1);
        if (last !== undefined)
          add("redone", last.from, {
            from: last.to,
            to: last.from,
            releases: last.releases.map((k) => k.release),
            displaced: {},
          });
        break;
      }
      case "open":
        add("opened", ++releases, opening(releases));
        break;
      case "load":
        if (open !== undefined) add("loaded", open, { until: `u${c.n}` });
        break;
      case "validate":
        if (open !== undefined) add("validated", open, { ok: c.n > 1, until: `u${c.n}` });
        break;
      case "reject":
        if (open !== undefined) add("rejected", open, { strategy: "in-place", reason: "r" });
        break;
      case "hold":
        add("held", s.live, { reason: `r${c.n}` });
        break;
      case "unhold":
        add("unheld", s.live, {});
        break;
      case "adopt":
        add("adopted", s.live, {
          tables: {
            [key]: {
              path: ["t"],
              rows: 0,
              sum: "0",
              hash: "h",
              watermark: null,
              proven: [],
              changes: null,
              sinceScan: 0,
              scan: "x",
            },
          },
          facts: { x: [{ rows: `${c.n}`, sum: "5" }] },
        });
    }
  }
  return { events, states };
}
