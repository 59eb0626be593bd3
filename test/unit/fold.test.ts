import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EventName, LedgerEvent, Published } from "../../src/ledger/events.js";
import { afterPublish, apply, fold, readEvents } from "../../src/ledger/fold.js";
import { emptyState, type OpenRelease, type State } from "../../src/ledger/state.js";
import { writeJson } from "../../src/ledger/portable.js";

const AT = "2024-01-01T00:00:00Z";
const key = '["main","t"]';
type Kind = Published["tables"][string]["undo"]["kind"];

/** The payload of a publish onto a state: so many rows go, so many come. */
function publish(s: State, kind: Kind, before: number, after: number, keep = 3): Published {
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
        alias: "t", path: ["db", "main", "t"], hash: "h", watermark: `${s.live + 1}`, staged: after, undo,
        tally: images ? "tally" : null, scan: images ? null : "scan", stale: null, checks: [],
      },
    },
  };
}
const opening = (release: number): OpenRelease => ({
  release, strategy: "in-place", state: "open", at: AT, process: "me", clonedFrom: 0, tables: ["t"], candidates: {}, until: AT,
});

type Command = { readonly do: "publish" | "rollback" | "redo" | "open" | "load" | "validate" | "reject" | "hold" | "unhold" | "adopt"; readonly kind: Kind; readonly n: number };
const commands = fc.array(
  fc.record<Command>({
    do: fc.constantFrom("publish", "publish", "publish", "rollback", "redo", "open", "load", "validate", "reject", "hold", "unhold", "adopt"),
    kind: fc.constantFrom("images", "images", "swap", "fill"),
    n: fc.nat({ max: 5 }),
  }),
  { maxLength: 25 },
);
/** The history that an owner makes by following commands, leaving out what does not apply. */
function history(list: readonly Command[]): { readonly events: LedgerEvent[]; readonly states: State[] } {
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
      case "rollback": {
        const to = s.kept[c.n % Math.max(1, s.kept.length)]?.previous;
        if (to === undefined) break;
        const swapped = s.kept.some((k) => k.release > to && k.tables[key]?.undo.kind === "swap");
        add("rolled-back", to, { from: s.live, to, displaced: swapped ? { [key]: { kept: ["db", "main", `undone_${s.live}`], fingerprint: c.n } } : {} });
        break;
      }
      case "redo": {
        const last = s.undone.at(-1);
        if (last !== undefined) add("redone", last.from, { from: last.to, to: last.from, displaced: {} });
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
        add("adopted", s.live, { tables: { [key]: { path: ["t"], rows: 0, sum: "0", hash: "h", watermark: null, proven: [], changes: null, sinceScan: 0, scan: "x" } }, facts: { x: [{ rows: `${c.n}`, sum: "5" }] } });
    }
  }
  return { events, states };
}

describe("the state is a fold over the journal", () => {
  test("from the last publish it is the same as from the beginning, at every point", () => {
    fc.assert(
      fc.property(commands, (list) => {
        const { events, states } = history(list);
        states.forEach((s, i) => {
          const so = events.slice(0, i + 1);
          expect(fold(so)).toEqual(s);
          const anchor = so.findLastIndex((e) => e.event === "published");
          expect(fold(so.slice(Math.max(anchor, 0)))).toEqual(s);
        });
      }),
    );
  });
  test("what is written to the journal is read back as it was, in any order of rows", () => {
    fc.assert(
      fc.property(commands, fc.infiniteStream(fc.nat()), (list, order) => {
        const { events } = history(list);
        const rows = events.map((e) => ({ event: e.event, release: e.release, seq: e.seq, fence: e.fence, recorded_at: 1_704_067_200_000_000n, payload: writeJson(e.payload, "db") }));
        const shuffled = rows.map((r) => [order.next().value, r] as const).sort((a, b) => Number(a[0]) - Number(b[0]));
        expect(readEvents(shuffled.map(([, r]) => r), "db")).toEqual(events);
      }),
    );
  });
  test("no event of the past changes: folding leaves its inputs alone", () => {
    fc.assert(
      fc.property(commands, (list) => {
        const { events } = history(list);
        const before = structuredClone(events);
        fold(events);
        expect(events).toEqual(before);
      }),
    );
  });
  test("no more than `keep` releases are kept, oldest first, each on the one before", () => {
    fc.assert(
      fc.property(commands, (list) => {
        for (const s of history(list).states) {
          expect(s.kept.length).toBeLessThanOrEqual(3);
          s.kept.forEach((k, i) => {
            expect(k.previous).toBeLessThan(k.release);
            if (i > 0) expect(k.previous).toBe(s.kept[i - 1]?.release);
          });
          if (s.kept.length > 0) expect(s.kept.at(-1)?.release).toBe(s.live);
        }
      }),
    );
  });
  test("nothing is there before the first event", () => {
    expect(fold([])).toEqual(emptyState);
  });
});

describe("rolled back and redone", () => {
  test("the tables are as they were then; redo makes them as they became", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ kind: fc.constantFrom<Kind>("images", "swap"), n: fc.nat({ max: 9 }) }), { minLength: 1, maxLength: 3 }), fc.nat(), (list, pick) => {
        const { states } = history([{ do: "publish", kind: "fill", n: 4 }, ...list.map((c) => ({ do: "publish" as const, ...c }))]);
        const last = states.at(-1) as State;
        const to = pick % (last.live - 1) + 1;
        const displaced = last.kept.some((k) => k.release > to && k.tables[key]?.undo.kind === "swap") ? { [key]: { kept: ["undone"], fingerprint: 1 } } : {};
        const common = { seq: 99, fence: 1n, at: AT };
        const back = apply(last, { ...common, event: "rolled-back", release: to, payload: { from: last.live, to, displaced } });
        expect(back.live).toBe(to);
        expect(back.tables[key]).toEqual(states[to - 1]?.tables[key]);
        expect(back.held).toContain(`${last.live} was rolled back to ${to}`);
        const again = apply(back, { ...common, event: "redone", release: last.live, payload: { from: to, to: last.live, displaced } });
        expect(again.tables).toEqual(last.tables);
        expect(again).toMatchObject({ live: last.live, held: null, undone: [] });
        expect(again.kept.map((k) => k.release)).toEqual(last.kept.map((k) => k.release));
      }),
    );
  });
  test("the version that changed places is known by its new name, and only the oldest swap's", () => {
    const { states } = history([{ do: "publish", kind: "fill", n: 1 }, { do: "publish", kind: "swap", n: 1 }, { do: "publish", kind: "swap", n: 1 }]);
    const back = apply(states[2] as State, { event: "rolled-back", release: 1, seq: 9, fence: 1n, at: AT, payload: { from: 3, to: 1, displaced: { [key]: { kept: ["undone_3"], fingerprint: "f" } } } });
    const kept = back.undone[0]?.releases.map((k) => k.tables[key]?.undo);
    expect(kept).toEqual([{ kind: "swap", kept: ["undone_3"], fingerprint: "f" }, states[2]?.kept[2]?.tables[key]?.undo]);
  });
  test("two rollbacks are taken back one by one", () => {
    const { states } = history([1, 2, 3].map((n) => ({ do: "publish" as const, kind: "images" as const, n })));
    const move = (s: State, event: "rolled-back" | "redone", from: number, to: number): State => apply(s, { event, release: to, seq: 9, fence: 1n, at: AT, payload: { from, to, displaced: {} } });
    const twice = move(move(states[2] as State, "rolled-back", 3, 2), "rolled-back", 2, 1);
    const once = move(twice, "redone", 1, 2);
    expect(once).toMatchObject({ live: 2, held: "release 3 was rolled back to 2" });
    expect(move(once, "redone", 2, 3)).toEqual({ ...states[2], held: null });
  });
  test("a new publish ends what could be redone", () => {
    const { states } = history([{ do: "publish", kind: "fill", n: 1 }, { do: "publish", kind: "images", n: 1 }, { do: "rollback", kind: "images", n: 1 }, { do: "publish", kind: "images", n: 2 }]);
    expect(states[2]?.undone).toHaveLength(1);
    expect(states[3]?.undone).toEqual([]);
  });
});

describe("stale owners", () => {
  const row = (seq: number, fence: bigint, event = "held", payload: unknown = { reason: `${seq}/${fence}` }) => ({ event, release: 1, seq, fence, recorded_at: 0n, payload: JSON.stringify(payload) });
  const read = (rows: ReturnType<typeof row>[]) => readEvents(rows, "db").map((e) => (e.event === "held" ? e.payload.reason : e.event));
  test("what an older fence wrote after a takeover is ignored", () => {
    expect(read([row(1, 1n), row(2, 2n), row(3, 1n), row(4, 2n)])).toEqual(["1/1", "2/2", "4/2"]);
  });
  test("of two events with one number the newer owner's counts", () => {
    expect(read([row(1, 1n), row(2, 1n), row(2, 2n)])).toEqual(["1/1", "2/2"]);
  });
  test("what an owner wrote before the takeover stays", () => {
    expect(read([row(1, 1n), row(2, 1n), row(3, 5n)])).toEqual(["1/1", "2/1", "3/5"]);
  });
  test("fences never fall along what is left, whatever was written", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 8 }), fc.bigInt({ min: 0n, max: 4n }))), (list) => {
        const left = readEvents(list.map(([seq, fence]) => row(seq, fence)), "db").map((e) => e.fence);
        expect(left).toEqual(left.toSorted((a, b) => Number(a - b)));
      }),
    );
  });
  test("rows that are no events are passed over: keys, and kinds of a later version", () => {
    expect(read([row(1, 1n, "key", "k"), row(2, 1n, "toString"), row(3, 1n)])).toEqual(["3/1"]);
  });
  test("a payload that is damaged is told, not skipped", () => {
    expect(() => readEvents([row(1, 1n, "held", { no: 1 })], "db")).toThrow();
  });
});

test("counts come from the facts of the block: whole numbers as text lose nothing", () => {
  const p = publish({ ...emptyState, tables: { [key]: { path: [], rows: 10, sum: "170141183460469231731687303715884105727", hash: "h", watermark: null, proven: [], changes: null, sinceScan: 4 } } }, "images", 3, 5);
  const t = afterPublish(p, 1, AT).tables[key];
  expect(t).toMatchObject({ rows: 12, sum: (170141183460469231731687303715884105727n + 14n).toString(), watermark: "1" });
});
