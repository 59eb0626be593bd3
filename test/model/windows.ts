import fc from "fast-check";
import { anyway, by, type Draft, name, released } from "./feeds.js";
import type { Row } from "./rows.js";

/** The window from the watermark, one before it that comes again, or one that leaves a gap; with rows beyond it, seldom. */
export const append: fc.Arbitrary<Draft> = fc
  .record({
    by,
    back: fc.constantFrom(null, null, 0, 1, 2, 3, 4, -1),
    length: fc.constantFrom(1, 2, 3, 3, 0),
    rows: fc.array(fc.record({ seq: fc.nat(3), what: name }), { maxLength: 5 }),
    spill: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    anyway,
  })
  .map(
    ({ by: o, back, length, rows, spill, anyway: stubborn }): Draft =>
      (m) => {
        const watermark = m.tables.log.known?.watermark ?? null;
        const start = Math.max(0, (watermark ?? 0) - (back ?? 0));
        const until = start + length;
        const inside = rows.map((r): Row => ({ ...r, seq: start + (spill ? r.seq : r.seq % Math.max(1, length)) }));
        const window = back === null ? { until } : { from: start, until };
        return [...released(m, o, stubborn), { do: "run", by: o, feed: { log: inside }, window }];
      },
  );

/** Back a little, or on: from the start, seldom. */
export const watermark: fc.Arbitrary<Draft> = fc
  .record({ by, table: fc.constantFrom("items" as const, "log" as const), ahead: fc.constantFrom(-2, -1, 1, 2, null), anyway })
  .map(
    ({ by: o, table, ahead, anyway: stubborn }): Draft =>
      (m) => {
        const now = m.tables[table].known?.watermark ?? null;
        if (now === null && !stubborn) return null;
        return [{ do: "setWatermark", by: o, table, to: ahead === null ? null : Math.max(0, (now ?? 0) + ahead) }];
      },
  );
