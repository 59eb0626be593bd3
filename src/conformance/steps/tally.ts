import type { ColumnShape } from "../../adapter/shapes.js";
import type { Step } from "../../adapter/steps.js";
import { imageShapes } from "../../ledger/shapes.js";
import type { Row } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import { shape, shapes } from "../columns.js";
import { type Place, textOf } from "../place.js";
import { extremes, shown, types } from "../values.js";
import { wide, wideRows } from "./wide.js";
import { around, bags, byKey, capture, type Desk, is, publish, type Rows, type Specs, setUp, tallying } from "./words.js";

const specs: Specs = { id: "int64", v: "string?" };
async function scan(place: Place, name: string, columns: readonly ColumnShape[]): Promise<{ rows: unknown; sum: bigint }> {
  const row = (await place.step({ kind: "scan", on: place.at(name), columns, expected: null })).rows[0];
  return { rows: row?.["rows"], sum: BigInt(String(row?.["sum"])) };
}
const tally = async (desk: Desk, release = 1): Promise<Row> =>
  (await desk.place.step(tallying(desk, release).step)).rows[0] ?? {};
/** Whether a tally was let through, and what it said of live and of what moved. */
async function judged(desk: Desk, o: Partial<Pick<Step<"tally">, "count" | "moved">>, release = 1): Promise<Row> {
  const { ok, rows } = await desk.place.step(tallying(desk, release, o).step);
  return { ok, rows: rows[0]?.["rows"], same: rows[0]?.["same"], moved: rows[0]?.["moved"] };
}

/** The sum of each row by itself: images of as many releases. */
async function sums(place: Place, name: string, columns: readonly ColumnShape[], rows: Rows): Promise<readonly unknown[]> {
  const changes = place.at(name);
  await place.stage(
    changes,
    imageShapes(place.adapter.syntax, columns),
    rows.map((r, i) => [BigInt(i), "after", "insert", ...r]),
  );
  const found: unknown[] = [];
  for (const release of rows.keys()) {
    const step: Step<"tally"> = { kind: "tally", changes, release, columns, stale: null, count: null, moved: null };
    const row = (await place.step(step)).rows[0];
    is(row?.["after_rows"], 1n, "rows of a release with one image");
    found.push(row?.["after_sum"]);
  }
  return found;
}
/** No two rows of the list may have one sum. */
function unlike(found: readonly unknown[], rows: readonly string[], what: string): void {
  for (const [i, sum] of found.entries()) {
    const twin = found.indexOf(sum);
    is(twin === i ? null : [rows[twin], rows[i]], null, `two rows with the same checksum (${what})`);
  }
}

/** Rows and checksums. */
export const tallyCases: readonly CaseDefinition[] = [
  {
    name: "tally counts the images of one release: rows that go, rows that come, and what each is",
    async run(place) {
      const live = [
        [1n, "old"],
        [2n, "goes"],
        [3n, "same"],
      ];
      const delta = [
        [1n, "new", null],
        [2n, null, true],
        [3n, "same", null],
        [4n, "comes", null],
        [5n, "comes", null],
      ];
      const desk = await setUp(place, specs, { live, delta }, { delta: { ...specs, gone: "bool?" } });
      await capture(desk, { ...byKey("id"), deletes: "gone" }, 2);
      await capture(desk, byKey("id"), 3);
      const { before_sum: _b, after_sum: _a, before: _t, ...counts } = await tally(desk, 2);
      const changes = { before_rows: 2n, after_rows: 3n, inserted: 2n, updated: 1n, deleted: 1n, changed: 4n };
      const unasked = { stale: 0n, rows: null, same: true, moved: true, ok: true };
      is(counts, { ...changes, ...unasked }, "what a release changes, and what was not asked for");
      const { before_rows, after_rows, before_sum, after_sum, changed } = await tally(desk, 9);
      is([before_rows, after_rows, before_sum, after_sum, changed], [0n, 0n, "0", "0", 0n], "a release without images");
    },
  },
  {
    name: "tally is what two scans differ by, with every type",
    invariant: 6,
    async run(place) {
      const columns = wide(place);
      await place.stage(place.at("live"), columns, wideRows());
      const more = [[20n, ...(wideRows(2)[0] ?? []).slice(1)]];
      const desk = await around(place, await place.describe(place.at("live")), columns, [...wideRows(1), ...more]);
      const before = await scan(place, "live", columns);
      await publish(desk, byKey("id"));
      const [after, row] = [await scan(place, "live", columns), await tally(desk)];
      const sum = before.sum + BigInt(String(row["after_sum"])) - BigInt(String(row["before_sum"]));
      is(sum, after.sum, "the checksum of live by the images, against that of a full scan");
      const rows = (before.rows as bigint) + (row["after_rows"] as bigint) - (row["before_rows"] as bigint);
      is(rows, after.rows, "the rows of live by the images, against those of a full scan");
    },
  },
  {
    name: "scan does not depend on the order of rows, and counts each copy",
    invariant: 6,
    async run(place) {
      const columns = wide(place);
      const rows = wideRows();
      await place.stage(place.at("forward"), columns, rows);
      await place.stage(place.at("backward"), columns, rows.toReversed());
      const forward = await scan(place, "forward", columns);
      is(await scan(place, "backward", columns), forward, "the same rows in another order");
      await place.stage(place.at("twice"), columns, [...rows, ...rows]);
      const twice = await scan(place, "twice", columns);
      is(twice, { rows: BigInt(rows.length * 2), sum: 2n * forward.sum }, "each row twice");
      await place.create(place.at("none"), columns);
      is(await scan(place, "none", columns), { rows: 0n, sum: 0n }, "no rows");
    },
  },
  {
    name: "tally of bags counts each copy",
    invariant: 6,
    async run(place) {
      const one = [1n, "copy"];
      const desk = await setUp(place, specs, { live: [one], delta: [one, one, one] });
      const before = await scan(place, "live", shapes(place.adapter, specs));
      await capture(desk, bags);
      const row = await tally(desk);
      is([row["after_rows"], BigInt(String(row["after_sum"]))], [2n, 2n * before.sum], "two copies more of one row");
    },
  },
  {
    name: "tally tells every value of every type from every other, and from NULL",
    invariant: 6,
    async run(place, note) {
      for (const [i, type] of types.entries()) {
        const columns = [shape(place.adapter, "v", `${type}?`)];
        const values = [null, ...extremes[type]];
        // Values that the engine itself gives back as one cannot be told apart.
        const table = place.at(`values${i}`);
        await place.stage(
          table,
          columns,
          values.map((v) => [v]),
        );
        const held = new Set((await place.rows(table, columns)).map(textOf)).size;
        if (held < values.length) note(`the engine holds ${held} of ${values.length} values of ${type}`);
        const found = await sums(
          place,
          `changes${i}`,
          columns,
          values.map((v) => [v]),
        );
        if (held === values.length) unlike(found, values.map(shown), type);
      }
    },
  },
  {
    name: "tally tells rows apart whose values run over into the next column",
    invariant: 6,
    async run(place) {
      const columns = shapes(place.adapter, { a: "string?", b: "string?", n: "int64?", x: "bytes?" });
      const texts = [
        ["a", "b"],
        ["ab", ""],
        ["", "ab"],
        ["ab", null],
        [null, "ab"],
        ["a", "|b"],
        ["a|", "b"],
        ["a", ",b"],
        ["a,", "b"],
        ["a", null],
        [null, "a"],
        ["", ""],
        [null, null],
        [null, ""],
        ["", null],
      ];
      const rows = [
        ...texts.map(([a, b]) => [a, b, 1n, null]),
        ...[
          ["1", 11n],
          ["11", 1n],
          ["", 111n],
          ["111", null],
        ].map(([b, n]) => [null, b, n, null]),
        [null, "61", null, null],
        [null, null, null, Uint8Array.of(0x61)],
        [null, null, null, new Uint8Array()],
        [null, "NULL", null, null],
      ];
      unlike(await sums(place, "changes", columns, rows), rows.map(textOf), "texts side by side");
    },
  },
  {
    name: "tally tells rows apart by which column holds a value, and by every column alone",
    invariant: 6,
    async run(place) {
      const columns = shapes(place.adapter, Object.fromEntries(["a", "b", "c", "d"].map((n) => [n, "int64?"] as const)));
      const base = [1n, 2n, 3n, 4n];
      const rows = [
        base,
        ...base.map((_, i) => base.map((v, k) => (k === i ? 9n : v))),
        base.toReversed(),
        [2n, 1n, 3n, 4n],
        [1n, 2n, 3n, null],
      ];
      unlike(await sums(place, "changes", columns, rows), rows.map(textOf), "whole numbers side by side");
    },
  },
  {
    name: "scan refuses a table that does not hold exactly what was expected",
    invariant: 6,
    async run(place) {
      const columns = shapes(place.adapter, specs);
      const on = place.at("live");
      await place.stage(on, columns, [
        [1n, "a"],
        [2n, null],
      ]);
      const { sum } = await scan(place, "live", columns);
      const expecting = async (rows: number, expected: bigint): Promise<boolean> =>
        (await place.step({ kind: "scan", on, columns, expected: { rows, sum: String(expected) } })).ok;
      is(await expecting(2, sum), true, "scanning a table that holds what was expected");
      is(await expecting(3, sum), false, "scanning for another number of rows");
      is(await expecting(2, sum + 1n), false, "scanning for another checksum");
    },
  },
  {
    name: "tally is refused where none of the releases named changed anything",
    invariant: 2,
    async run(place) {
      const desk = await setUp(place, specs, { live: [[1n, "a"]], delta: [[1n, "b"]] });
      const other = await setUp(place, specs, { live: [], delta: [] }, { name: "other" });
      const moved = async (...releases: readonly (readonly [Desk, number])[]): Promise<unknown> => {
        const found = await judged(desk, { moved: releases.map(([d, release]) => ({ changes: d.changes, release })) });
        is(found["ok"], found["moved"], "whether the tally was let through, and its column `moved`");
        return found["moved"];
      };
      is(await moved([desk, 1], [other, 1]), false, "two releases without images");
      await capture(desk, byKey("id"));
      is(await moved([desk, 1]), true, "a release with images");
      is(await moved([other, 1], [desk, 1]), true, "two releases, one with images");
      is(await moved([desk, 2], [other, 1]), false, "other releases");
    },
  },
  {
    name: "tally counts the rows of live, and is refused where there are more or fewer than were told",
    invariant: 6,
    async run(place) {
      const live = [
        [1n, "a"],
        [2n, "a"],
      ];
      const desk = await setUp(place, specs, { live, delta: [[3n, "b"]] });
      await capture(desk, byKey("id"));
      const counting = (rows: number, moved: Step<"tally">["moved"] = null) =>
        judged(desk, { count: { on: desk.live.ref, rows }, moved });
      is(await counting(2), { ok: true, rows: 2n, same: true, moved: true }, "live of two rows, told 2");
      for (const told of [0, 1, 3])
        is(await counting(told), { ok: false, rows: 2n, same: false, moved: true }, `live of two rows, told ${told}`);
      const none = [{ changes: desk.changes, release: 9 }];
      is(await counting(2, none), { ok: false, rows: 2n, same: true, moved: false }, "as many rows, and nothing moved");
      is(await counting(3, none), { ok: false, rows: 2n, same: false, moved: false }, "another number, and nothing moved");
    },
  },
];
