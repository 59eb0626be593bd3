import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readEvents } from "../../src/ledger/fold.js";

describe("stale owners", () => {
  const row = (seq: number, fence: bigint, event = "held", payload: unknown = { reason: `${seq}/${fence}` }) => ({
    event,
    release: 1,
    seq,
    fence,
    recorded_at: 0n,
    payload: JSON.stringify(payload),
  });
  const read = (rows: ReturnType<typeof row>[]) =>
    readEvents(rows, "db").map((e) => (e.event === "held" ? e.payload.reason : e.event));
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
        const left = readEvents(
          list.map(([seq, fence]) => row(seq, fence)),
          "db",
        ).map((e) => e.fence);
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
