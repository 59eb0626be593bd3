import assert from "node:assert/strict";
import { maxDrop, quarantined, rowCount } from "../../check/checks.js";
import type { CheckResult } from "../../check/result.js";
import { quarantineShapes } from "../../ledger/quarantine.js";
import { query, rows } from "../../source/source.js";
import { sql } from "../../sql/sql.js";
import { table } from "../../table/define.js";
import type { CaseDefinition } from "../case.js";
import { ledgerOf } from "../ledger.js";
import { calm, type Place } from "../place.js";
import { needs } from "./needs.js";
import { all, contents, failure, litter, picture, still, unsupported, whole } from "./world.js";

const columns = { id: "int64", name: "string?", v: "int64", seq: "int64" } as const;
const itemsTable = (o: { readonly checks?: readonly ReturnType<typeof rowCount>[] } = {}) =>
  table("items", { columns, key: "id", cursor: "seq", onInvalid: "quarantine", ...o });
const pipeline = (place: Place, o: Parameters<typeof itemsTable>[0] = {}) =>
  place.pipeline({ pipeline: "items", tables: { items: itemsTable(o) } });

/** Rows as a source gives them that knows nothing of the table. */
const given = (...list: readonly unknown[]) => ({ items: rows(list as { id: number; v: number; seq: number }[]) });
const good = (id: number, v = 1, seq = v) => ({ id, name: `n${id}`, v, seq });
const bad = [{ ...good(2), v: "two" }, { ...good(3), id: null }, { ...good(4), more: 1 }, { id: 5, seq: 1 }, 6] as const;
const reasons = ["v", "id", "more", "v", null];

type Waiting = readonly { readonly position: string; readonly column: string | null }[];
const waiting = (p: ReturnType<typeof pipeline>): Promise<Waiting> => all(p.quarantined("items"));
const positions = async (p: ReturnType<typeof pipeline>) => (await waiting(p)).map((q) => q.position);
const ids = async (place: Place) => (await contents(place, "items"))?.rows.map((r) => r[0]) ?? [];

/** Rows that do not fit, kept beside the table instead of refused. */
export const quarantineCases: readonly CaseDefinition[] = [
  {
    name: "rows that do not fit are kept with position and reason, and the others are published with them, once",
    invariant: 2,
    skip: needs("blocks"),
    async run(place) {
      const etl = pipeline(place);
      const report = await etl.run(given(good(1), ...bad, good(7, 2)));
      assert.deepEqual([report.tables.items?.inserted, report.tables.items?.quarantined], [2, 5]);
      assert.deepEqual(
        report.warnings.map((w) => w.code),
        ["QUARANTINED"],
        "rows went to quarantine unseen",
      );
      assert.deepEqual(await ids(place), [1n, 7n]);
      const found = await all(etl.quarantined("items"));
      assert.deepEqual(
        found.map((q) => [q.release, q.position, q.column]),
        reasons.map((column, i) => [1, String(i + 2), column]),
      );
      assert.deepEqual([found[0]?.row, found[4]?.row, found[4]?.text], [{ ...good(2), v: "two" }, null, "6"]);
      assert.ok(found.every((q) => q.reason !== ""));
      const one = await picture(place, etl, "items");
      const again = await etl.run(given(good(1), ...bad, good(7, 2)));
      assert.equal(again.status, "nothing-to-do", "rows that are in quarantine already made a release");
      assert.equal((await waiting(etl)).length, 5, "a row read again is in quarantine twice");
      assert.deepEqual(await picture(place, etl, "items"), one);
      const more = await etl.run(given(...bad, { id: 8, v: "x", seq: 3 }));
      assert.deepEqual([more.status, more.tables.items?.quarantined], ["published", 6], "a new one was not published");
      assert.equal((await waiting(etl)).length, 6);
      assert.deepEqual(await litter(place), [], "staged rows are left");
      await whole(etl);
    },
  },
  {
    name: "a release that is refused or rejected leaves nothing in quarantine; one that is validated and published does",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const etl = pipeline(place, { checks: [rowCount({ max: 3 })] });
      await etl.run(given(good(1)));
      const before = await picture(place, etl, "items");
      await failure(etl.run(given(...bad, good(11), good(12), good(13))), "CHECKS_FAILED");
      const release = await etl.begin();
      const first = await release.load(given(good(11), ...bad));
      assert.deepEqual(first.staged.items, { rows: 1, quarantined: 5 });
      await release.reject();
      assert.deepEqual(await waiting(etl), [], "a refused release left rows in quarantine");
      assert.deepEqual(await picture(place, etl, "items"), before);
      await using next = await etl.begin();
      await next.load(given(bad[0]));
      const second = await next.load(given(good(12), bad[1], bad[2]));
      assert.deepEqual(second.staged.items, { rows: 1, quarantined: 2 }, "a further load counts those of the one before");
      assert.ok((await next.validate()).ok);
      assert.deepEqual(await waiting(etl), [], "the rehearsal left rows in quarantine");
      assert.equal((await next.publish()).tables.items?.quarantined, 3);
      assert.deepEqual(await positions(etl), ["1", "2", "3"]);
      assert.deepEqual(await litter(place), [], "staged rows are left");
      await whole(etl);
    },
  },
  {
    name: "a check says how many rows may be quarantined, by number and by ratio; refused, none is",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const etl = pipeline(place, { checks: [quarantined({ max: 2 }), quarantined({ ratio: 0.5 })] });
      const outcomes = (checks: readonly CheckResult[]) => checks.map((c) => [c.observed, c.outcome]);
      const none = await etl.run(given(good(1)));
      assert.deepEqual(outcomes(none.checks), [
        [0, "pass"],
        [0, "pass"],
      ]);
      const two = await etl.run(given(good(2), good(3), bad[0], bad[1]));
      assert.deepEqual(outcomes(two.checks), [
        [2, "pass"],
        [2, "pass"],
      ]);
      const before = await picture(place, etl, "items");
      const e = await failure(etl.run(given(good(4, 4), bad[2], bad[3], bad[4])), "CHECKS_FAILED");
      assert.deepEqual(outcomes(e.context.checks), [
        [3, "fail"],
        [3, "fail"],
      ]);
      assert.equal((await waiting(etl)).length, 2);
      assert.deepEqual(await picture(place, etl, "items"), before);
      assert.deepEqual(outcomes((await etl.check()).checks), [
        [null, "insufficient"],
        [null, "insufficient"],
      ]);
      await whole(etl);
    },
  },
  {
    name: "a rollback takes what its release put into quarantine, a redo brings it back, and a new run puts it there again",
    invariant: 4,
    skip: needs("blocks"),
    async run(place) {
      const etl = pipeline(place);
      await etl.run(given(good(1), bad[0]));
      const before = await picture(place, etl, "items");
      await etl.run(given(good(2, 2), bad[1], bad[2]));
      assert.equal((await waiting(etl)).length, 3);
      await etl.rollback();
      assert.deepEqual(await still(place, etl, "items"), before);
      assert.equal((await waiting(etl)).length, 1, "rows of a release that was rolled back are waiting");
      await etl.redo();
      assert.equal((await waiting(etl)).length, 3, "the redo did not bring them back");
      await etl.rollback();
      await etl.unhold();
      await etl.run(given(good(2, 2), bad[1], bad[2]));
      assert.equal((await waiting(etl)).length, 3, "those that were rolled back hide those that came again");
      await whole(etl);
    },
  },
  {
    name: "mended rows come into live and leave quarantine together; others stay, and the watermark does not move",
    invariant: 2,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      const etl = pipeline(place);
      await etl.run(given(good(1), ...bad, { ...good(9, 1, 3), v: "old" }, good(7, 2, 4)));
      await etl.run(given(good(9, 5, 5)));
      const before = await picture(place, etl, "items");
      const report = await etl.redrive("items", (q) => {
        if (q.row === null) return "dismiss";
        if (q.column === "more") return null;
        return q.column === "id" ? q.row : { ...q.row, v: 70 };
      });
      assert.deepEqual(
        [report.status, report.redriven.loaded, report.redriven.invalid, report.redriven.left, report.redriven.dismissed],
        ["published", 3, 1, 1, 1],
      );
      assert.deepEqual([report.tables.items?.inserted, report.tables.items?.stale], [2, 1]);
      assert.deepEqual(report.tables.items?.watermark, { before: "5", after: "5" });
      assert.deepEqual(
        (await contents(place, "items"))?.rows.map((r) => [r[0], r[2]]),
        [
          [1n, 1n],
          [2n, 70n],
          [5n, 70n],
          [7n, 2n],
          [9n, 5n],
        ],
      );
      const left = await waiting(etl);
      assert.deepEqual(
        left.map((q) => [q.position, q.column]),
        [
          ["3", "id"],
          ["4", "more"],
          ["7", "v"],
        ],
        "what does not fit, what was left, and what is older than live's row stays",
      );
      await etl.rollback();
      assert.deepEqual(await still(place, etl, "items"), before);
      assert.deepEqual(await positions(etl), ["2", "3", "4", "5", "7"], "what the rolled-back release had settled does not wait");
      await etl.redo();
      assert.deepEqual(await waiting(etl), left);
      assert.equal((await etl.run(given(...bad))).status, "nothing-to-do", "a settled row read again is in quarantine again");
      assert.equal((await etl.redrive("items", () => null)).status, "nothing-to-do");
      assert.deepEqual(await litter(place), [], "staged rows are left");
      await whole(etl);
    },
  },
  {
    name: "rows of a partitioned table are loaded again by their key, beside the others of their partition",
    invariant: 2,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      const days = table("days", {
        columns: { day: "date", spot: "string", n: "int64" },
        mode: "partition",
        partition: "day",
        key: ["day", "spot"],
        checks: [maxDrop(0.1, { per: "partition" })],
        onInvalid: "quarantine",
      });
      const etl = place.pipeline({ pipeline: "days", tables: { days } });
      const of = (spot: string, n: unknown, day: unknown = "2001-01-01") => ({ day, spot, n }) as never;
      await etl.run({ days: rows([of("a", 1), of("b", "x"), of("c", 3), of("d", 1, null)]) });
      const report = await etl.redrive("days", (q) => ({ ...q.row, n: 2 }));
      assert.deepEqual([report.tables.days?.inserted, report.redriven.invalid], [1, 1]);
      assert.deepEqual(
        (await contents(place, "days"))?.rows.map((r) => [r[1], r[2]]),
        [
          ["a", 1n],
          ["b", 2n],
          ["c", 3n],
        ],
      );
      await etl.rollback();
      await whole(etl);
    },
  },
  {
    name: "values in quarantine are read as they were; redacted ones are not there, and must be given to load the row again",
    skip: needs("blocks"),
    async run(place) {
      const people = table("people", {
        columns: { id: "int64", secret: "string?", at: "timestamp?", raw: "bytes?", x: "float64?", n: "int64" },
        key: "id",
        redact: ["secret"],
        onInvalid: "quarantine",
      });
      const etl = place.pipeline({ pipeline: "people", tables: { people } });
      const at = new Date("2001-02-03T04:05:06.789Z");
      const row = { id: 9007199254740993n, secret: "hush", at, raw: new Uint8Array([0, 255]), x: Number.NaN, n: "one" };
      const circle: Record<string, unknown> = { id: 2, secret: "hush", n: 1, at: () => 0 };
      await etl.run({ people: rows([row, circle] as never[]) });
      const [first, second] = await all(etl.quarantined("people"));
      assert.deepEqual(first?.row, { ...row, secret: "[redacted]" });
      assert.equal(second?.row, null);
      assert.ok(
        [first, second].every((q) => !JSON.stringify(q?.text).includes("hush")),
        "a redacted value is in quarantine",
      );
      const masked = await etl.redrive("people", (q) => (q.row === null ? null : { ...q.row, n: 1, x: null }));
      assert.deepEqual([masked.status, masked.redriven.invalid], ["nothing-to-do", 1], "a masked value came into live");
      const mended = await etl.redrive("people", (q) => (q.row === null ? null : { ...q.row, n: 1, x: null, secret: "told" }));
      assert.equal(mended.redriven.loaded, 1);
      assert.deepEqual(
        (await contents(place, "people"))?.rows.map((r) => [r[0], r[1]]),
        [[9007199254740993n, "told"]],
      );
    },
  },
  {
    name: "more rows than memory may hold are put aside on the way, and read in their order",
    invariant: 2,
    skip: needs("blocks"),
    async run(place) {
      const etl = pipeline(place);
      const source = (function* () {
        for (let id = 1; id <= 10_300; id++) yield id % 1000 === 0 ? good(id) : { id, v: "x", seq: 1 };
      })();
      const report = await etl.run({ items: rows(source as Iterable<{ id: number; v: number; seq: number }>) });
      assert.deepEqual([report.tables.items?.rows, report.tables.items?.quarantined], [10, 10_290]);
      let [n, last] = [0, 0];
      for await (const q of etl.quarantined("items")) {
        n += 1;
        assert.ok(Number(q.position) > last, "rows come out of order");
        last = Number(q.position);
      }
      assert.deepEqual([n, last], [10_290, 10_300]);
      assert.deepEqual(await litter(place), [], "staged rows are left");
      await whole(etl);
    },
  },
  {
    name: "a quarantine is refused where rows cannot be put aside: a query, a candidate; and rows are not loaded again without a key",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const etl = pipeline(place);
      await etl.run(given(good(1)));
      const before = await picture(place, etl, "items");
      await unsupported(etl.run({ items: query(sql`SELECT 1 AS id`) }), /query/, /rows\(\)/);
      const bags = table("bags", {
        columns: { day: "date", n: "int64" },
        mode: "partition",
        partition: "day",
        onInvalid: "quarantine",
      });
      const other = place.pipeline({ pipeline: "bags", tables: { bags } });
      await unsupported(other.redrive("bags"), /redrive/, /mend the source/);
      if (place.adapter.capabilities.swap !== "none") {
        await using candidate = await etl.rebuild();
        await unsupported(candidate.load(given(good(2))), /candidate/, /in place/);
      }
      assert.deepEqual(await picture(place, etl, "items"), before);
    },
  },
  {
    name: "a quarantine of another shape is refused before anything is changed; columns that an older one lacks are added",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const etl = pipeline(place);
      await etl.run(given(good(1), bad[0]));
      const before = await picture(place, etl, "items");
      const found = await place.session.list(ledgerOf(place).schema, "quarantine_", calm());
      const [ref] = found;
      assert.ok(ref !== undefined, "there is no quarantine");
      await place.step({ kind: "drop", ref });
      await place.create(ref, [{ name: "row_json", type: "int64", nullable: true, native: place.adapter.syntax.type("int64") }]);
      await unsupported(etl.run(given(good(2), bad[1])), /shape/, /another name/);
      assert.deepEqual(await picture(place, etl, "items"), before);
      await place.step({ kind: "drop", ref });
      const older = ["pipeline", "release", "id", "row_json", "state"];
      await place.create(
        ref,
        quarantineShapes(place.adapter.syntax).filter((c) => older.includes(c.name)),
      );
      await etl.run(given(good(2), bad[1]));
      assert.equal((await waiting(etl)).length, 1);
      await etl.rollback();
      assert.deepEqual(await still(place, etl, "items"), before);
      assert.deepEqual(await litter(place), [], "staged rows are left");
    },
  },
];
