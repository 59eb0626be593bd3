import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { median, usual } from "../../src/check/anomaly.js";

const o = { sigmas: 3.5, ratio: 0 };
const number = fc.double({ min: -1e9, max: 1e9, noNaN: true });
const history = fc.array(number, { minLength: 3, maxLength: 30 });

describe("what is usual", () => {
  test("the example of the handbook: median and MAD, not mean and deviation", () => {
    // NIST/SEMATECH 1.3.5.17 defines it; by hand: median 3, distances 2 1 0 1 97, MAD 1, tolerance 3.5 / 0.6745.
    const { median: m, tolerance } = usual([1, 2, 3, 4, 100], o);
    expect(m).toBe(3);
    expect(tolerance).toBeCloseTo(5.189, 3);
  });
  test("where most values are the same the mean of the distances counts", () => {
    expect(usual([5, 5, 5, 5, 9], o)).toEqual({ median: 5, tolerance: 3.5 * 0.8 * Math.sqrt(Math.PI / 2) });
    expect(usual([7, 7, 7], o).tolerance).toBe(0);
    expect(usual([100, 100, 100], { sigmas: 3.5, ratio: 0.1 }).tolerance).toBe(10);
  });
  test("half of the values lie on either side of the median", () => {
    fc.assert(
      fc.property(history, (h) => {
        const m = median(h);
        expect(h.filter((x) => x < m).length).toBeLessThanOrEqual(h.length / 2);
        expect(h.filter((x) => x > m).length).toBeLessThanOrEqual(h.length / 2);
      }),
    );
  });
  test("it moves with the values, and stretches with them; their order is no matter", () => {
    const whole = fc.integer({ min: -1_000_000, max: 1_000_000 });
    const values = fc.array(whole, { minLength: 3, maxLength: 30 });
    fc.assert(
      fc.property(values, whole, fc.constantFrom(0.25, 0.5, 2, 1024), (h, by, factor) => {
        const plain = usual(h, o);
        const moved = usual(
          h.map((x) => x * factor + by),
          o,
        );
        expect(moved.median).toBe(plain.median * factor + by);
        expect(Math.abs(moved.tolerance - plain.tolerance * factor)).toBeLessThanOrEqual(1e-9 * (1 + moved.tolerance));
        expect(usual(h.toReversed(), o).median).toBe(plain.median);
      }),
    );
  });
  test("fewer than half of the values, however wild, do not move it beyond the others", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 5, maxLength: 15 }),
        fc.array(number, { maxLength: 4 }),
        (calm, wild) => {
          const m = median([...calm, ...wild]);
          expect(m).toBeGreaterThanOrEqual(0);
          expect(m).toBeLessThanOrEqual(100);
        },
      ),
    );
  });
  test("more sigmas and a higher ratio never allow less", () => {
    fc.assert(
      fc.property(
        history,
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (h, sigmas, ratio) => {
          const less = usual(h, { sigmas, ratio }).tolerance;
          expect(usual(h, { sigmas: sigmas + 1, ratio }).tolerance).toBeGreaterThanOrEqual(less);
          expect(usual(h, { sigmas, ratio: ratio + 0.1 }).tolerance).toBeGreaterThanOrEqual(less);
        },
      ),
    );
  });
  test("numbers at the end of the range do not overflow", () => {
    expect(median([Number.MAX_VALUE, Number.MAX_VALUE])).toBe(Number.MAX_VALUE);
  });
});
