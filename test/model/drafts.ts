import fc from "fast-check";
import type { Action, Call } from "./actions.js";
import { anyway, by, type Draft, feedDraft, feedOf, released } from "./feeds.js";
import { agrees, type Kept } from "./model.js";
import { begin, release, series, step, whole } from "./stepwise.js";
import { append, watermark } from "./windows.js";
import { write } from "./writes.js";

/** A load, published at once; on hold mostly after lifting it. */
const run: fc.Arbitrary<Draft> = fc.record({ by, feed: feedDraft, once: fc.nat(5), anyway }).map(
  ({ by: o, feed, once, anyway: stubborn }): Draft =>
    (m) => {
      const last = once === 0 ? { once: m.highest + 1 } : {};
      return [...released(m, o, stubborn), { do: "run", by: o, feed: feedOf(m, feed), ...last }];
    },
);
/** Whether it was a first load, which has no redo. */
const first = (k: Kept): boolean => Object.values(k.touches).some((t) => t.undo.kind === "fill");
/** 0: the release before, without naming it; n: the n-th before live. Mostly where a redo is possible afterwards. */
export const rollback: fc.Arbitrary<Draft> = fc
  .record({ by, back: fc.constantFrom(0, 0, 1, 1, 2, 5), overwrite: fc.boolean(), anyway })
  .map(
    ({ by: o, back, overwrite: over, anyway: stubborn }): Draft =>
      (m) => {
        // Mostly where there is something to overwrite.
        const overwrite = over && (stubborn || !agrees(m));
        if (stubborn) return [{ do: "rollback", by: o, to: back === 0 ? null : (m.line.at(-1 - back) ?? 0), overwrite }];
        const way = m.kept.slice(m.kept.findLastIndex(first) + 1);
        const to = way.at(-1 - Math.min(back, way.length - 1))?.previous;
        return to === undefined ? null : [{ do: "rollback", by: o, to: back === 0 ? null : to, overwrite }];
      },
  );
const small: fc.Arbitrary<Draft> = fc
  .record({
    by,
    what: fc.constantFrom("redo", "redo", "redo", "redo", "unhold", "recover", "audit", "hold", "prune", "prune", "discard"),
    anyway,
  })
  .map(
    ({ by: o, what, anyway: stubborn }): Draft =>
      (m) => {
        const idle = (what === "redo" && m.undone.length === 0) || (what === "unhold" && m.held === null);
        if (idle && !stubborn) return null;
        return [what === "hold" ? { do: what, by: o, reason: "month end" } : ({ do: what, by: o } as Action)];
      },
  );
const adopt: fc.Arbitrary<Draft> = fc.record({ by, ahead: fc.option(fc.integer({ min: -2, max: 1 })), anyway }).map(
  ({ by: o, ahead, anyway: stubborn }): Draft =>
    (m) => {
      if (agrees(m) && !stubborn) return null;
      const watermark = m.tables.items.known?.watermark ?? null;
      const given = ahead === null || watermark === null || !m.tables.items.there ? null : Math.max(0, watermark + ahead);
      return [{ do: "adopt", by: o, watermark: given }];
    },
);

/** A run elsewhere, on copies. */
const rehearse: fc.Arbitrary<Draft> = fc.record({ by, feed: feedDraft }).map(
  ({ by: o, feed }): Draft =>
    (m) => [{ do: "rehearse", by: o, feed: feedOf(m, feed) }],
);

/** A call whose owner dies, or whose connection is lost around its commit. */
const fallible: fc.Arbitrary<Draft> = fc.oneof(
  { arbitrary: run, weight: 4 },
  { arbitrary: append, weight: 1 },
  { arbitrary: rollback, weight: 2 },
  { arbitrary: small, weight: 2 },
  { arbitrary: adopt, weight: 1 },
);
const die: fc.Arbitrary<Draft> = fc
  .record({
    at: fc.nat(70),
    one: fc.oneof({ arbitrary: fallible, weight: 9 }, { arbitrary: rehearse, weight: 1 }),
    whole,
    series: fc.boolean(),
  })
  .map(
    ({ at, one, whole: s, series: many }): Draft =>
      (m) => {
        const calls = many ? series(m, s, 2, 2) : one(m);
        if (calls === null) return null;
        return [{ do: "die", at, calls: calls.map((c) => ({ ...c, ...("by" in c ? { by: 2 } : {}) })) as Call[] }];
      },
  );
const lose: fc.Arbitrary<Draft> = fc.record({ side: fc.constantFrom("before", "after"), one: fc.oneof(fallible, step) }).map(
  ({ side, one }): Draft =>
    (m) => {
      const calls = (one(m) ?? []) as Call[];
      const last = calls.at(-1);
      return last === undefined ? null : [...calls.slice(0, -1), { do: "lose", side, call: last }];
    },
);

export const draft: fc.Arbitrary<Draft> = fc.oneof(
  { arbitrary: run, weight: 10 },
  { arbitrary: append, weight: 5 },
  { arbitrary: watermark, weight: 1 },
  { arbitrary: rollback, weight: 6 },
  { arbitrary: small, weight: 10 },
  { arbitrary: release, weight: 4 },
  { arbitrary: begin, weight: 3 },
  { arbitrary: step, weight: 7 },
  { arbitrary: write, weight: 3 },
  { arbitrary: adopt, weight: 2 },
  { arbitrary: rehearse, weight: 1 },
  { arbitrary: die, weight: 5 },
  { arbitrary: lose, weight: 2 },
);
