import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { afterPublish, apply, fold, readEvents } from "../../src/ledger/fold.js";
import { writeJson } from "../../src/ledger/portable.js";
import { emptyState, type State } from "../../src/ledger/state.js";
import { AT, commands, history, type Kind, key, publish } from "./history.js";

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
        const rows = events.map((e) => ({
          event: e.event,
          release: e.release,
          seq: e.seq,
          fence: e.fence,
          recorded_at: 1_704_067_200_000_000n,
          payload: writeJson(e.payload, "db"),
        }));
        const shuffled = rows.map((r) => [order.next().value, r] as const).sort((a, b) => Number(a[0]) - Number(b[0]));
        expect(
          readEvents(
            shuffled.map(([, r]) => r),
            "db",
          ),
        ).toEqual(events);
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
            expect(k.previous).not.toBe(k.release);
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
      fc.property(
        fc.array(fc.record({ kind: fc.constantFrom<Kind>("images", "swap"), n: fc.nat({ max: 9 }) }), {
          minLength: 1,
          maxLength: 3,
        }),
        fc.nat(),
        (list, pick) => {
          const { states } = history([
            { do: "publish", kind: "fill", n: 4 },
            ...list.map((c) => ({ do: "publish" as const, ...c })),
          ]);
          const last = states.at(-1) as State;
          const to = (pick % (last.live - 1)) + 1;
          const displaced = last.kept.some((k) => k.release > to && k.tables[key]?.undo.kind === "swap")
            ? { [key]: { kept: ["undone"], fingerprint: 1 } }
            : {};
          const common = { seq: 99, fence: 1n, at: AT };
          const releases = last.kept.map((k) => k.release).filter((r) => r > to);
          const back = apply(last, {
            ...common,
            event: "rolled-back",
            release: to,
            payload: { from: last.live, to, releases, displaced },
          });
          expect(back.live).toBe(to);
          expect(back.tables[key]).toEqual(states[to - 1]?.tables[key]);
          expect(back.held).toContain(`${last.live} was rolled back to ${to}`);
          const again = apply(back, {
            ...common,
            event: "redone",
            release: last.live,
            payload: { from: to, to: last.live, releases, displaced },
          });
          expect(again.tables).toEqual(last.tables);
          expect(again).toMatchObject({ live: last.live, held: null, undone: [] });
          expect(again.kept.map((k) => k.release)).toEqual(last.kept.map((k) => k.release));
        },
      ),
    );
  });
  test("the version that changed places is known by its new name, and only the oldest swap's", () => {
    const { states } = history([
      { do: "publish", kind: "fill", n: 1 },
      { do: "publish", kind: "swap", n: 1 },
      { do: "publish", kind: "swap", n: 1 },
    ]);
    const back = apply(states[2] as State, {
      event: "rolled-back",
      release: 1,
      seq: 9,
      fence: 1n,
      at: AT,
      payload: { from: 3, to: 1, releases: [2, 3], displaced: { [key]: { kept: ["undone_3"], fingerprint: "f" } } },
    });
    const kept = back.undone[0]?.releases.map((k) => k.tables[key]?.undo);
    expect(kept).toEqual([{ kind: "swap", kept: ["undone_3"], fingerprint: "f" }, states[2]?.kept[2]?.tables[key]?.undo]);
  });
  test("two rollbacks are taken back one by one", () => {
    const { states } = history([1, 2, 3].map((n) => ({ do: "publish" as const, kind: "images" as const, n })));
    const move = (s: State, event: "rolled-back" | "redone", from: number, to: number): State =>
      apply(s, {
        event,
        release: to,
        seq: 9,
        fence: 1n,
        at: AT,
        payload: { from, to, releases: [Math.max(from, to)], displaced: {} },
      });
    const twice = move(move(states[2] as State, "rolled-back", 3, 2), "rolled-back", 2, 1);
    const once = move(twice, "redone", 1, 2);
    expect(once).toMatchObject({ live: 2, held: "release 3 was rolled back to 2" });
    expect(move(once, "redone", 2, 3)).toEqual({ ...states[2], held: null });
  });
  test("a new publish ends what could be redone", () => {
    const { states } = history([
      { do: "publish", kind: "fill", n: 1 },
      { do: "publish", kind: "images", n: 1 },
      { do: "rollback", kind: "images", n: 1 },
      { do: "publish", kind: "images", n: 2 },
    ]);
    expect(states[2]?.undone).toHaveLength(1);
    expect(states[3]?.undone).toEqual([]);
  });
});

test("counts come from the facts of the block: whole numbers as text lose nothing", () => {
  const p = publish(
    {
      ...emptyState,
      tables: {
        [key]: {
          path: [],
          rows: 10,
          sum: "170141183460469231731687303715884105727",
          hash: "h",
          watermark: null,
          proven: [],
          changes: null,
          sinceScan: 4,
        },
      },
    },
    "images",
    3,
    5,
  );
  const t = afterPublish(p, 1, AT).tables[key];
  expect(t).toMatchObject({ rows: 12, sum: (170141183460469231731687303715884105727n + 14n).toString(), watermark: "1" });
});
