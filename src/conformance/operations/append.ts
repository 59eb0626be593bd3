import assert from "node:assert/strict";
import type { Pipeline } from "../../pipeline/pipeline.js";
import { rows } from "../../source/source.js";
import { raw, template } from "../../sql/sql.js";
import { table } from "../../table/define.js";
import type { CaseDefinition } from "../case.js";
import type { Place } from "../place.js";
import { needs } from "./needs.js";
import { col, contents, failure, live, picture, still, told, whole } from "./world.js";

const columns = { seq: "int64", what: "string?" } as const;
const bags = table("events", { columns, mode: "append", cursor: "seq" });
const keyed = table("events", { columns, mode: "append", key: "seq" });
const event = (seq: number, what: string | null = "x") => ({ seq, what });
const events = (from: number, until: number) => Array.from({ length: until - from }, (_, i) => event(from + i));
const until = (end: number, from?: number) => ({ window: { until: end, ...(from === undefined ? {} : { from }) } });
const open = (place: Place) => place.pipeline({ pipeline: "events", tables: { events: bags } });
/** Rows without the column that tells their release, which grows with every attempt. */
const seen = async (place: Place) => (await contents(place, "events"))?.rows.map((r) => r.slice(0, 2));
const release = async (place: Place) => (await contents(place, "events"))?.rows.map((r) => r.at(-1));
const counts = (r: Awaited<ReturnType<Pipeline["run"]>>) =>
  told(r.tables["events"], "inserted", "updated", "deleted", "unchanged");

/** Loads that add rows and change none. */
export const appendCases: readonly CaseDefinition[] = [
  {
    name: "the release column that a table gets when it is first appended to is no write of others: a rollback goes back over it and over the swap before",
    invariant: 4,
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const upserted = table("events", { columns, key: "seq" });
      const before = place.pipeline({ pipeline: "events", tables: { events: upserted } });
      await before.run({ events: rows(events(0, 2)) });
      await before.run({ events: rows(events(2, 3)) }, { strategy: "swap" });
      const etl = place.pipeline({ pipeline: "events", tables: { events: keyed } });
      await etl.run({ events: rows(events(3, 5)) });
      const now = await picture(place, etl, "events");
      await etl.rollback({ to: 1 });
      assert.deepEqual(await seen(place), [
        [0n, "x"],
        [1n, "x"],
      ]);
      await etl.redo();
      assert.deepEqual(await still(place, etl, "events"), now);
      await whole(etl);
    },
  },
  {
    name: "a first append that fails leaves the release column at most: the books agree, and a swap goes through",
    invariant: 3,
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const upserted = table("events", { columns, key: "seq" });
      await place.pipeline({ pipeline: "events", tables: { events: upserted } }).run({ events: rows(events(0, 2)) });
      const etl = place.pipeline({ pipeline: "events", tables: { events: keyed } });
      await failure(etl.run({ events: rows([event(2), { seq: null as never, what: "no key" }]) }), "BAD_ROW");
      await whole(etl);
      await (await etl.clone()).swap();
      assert.deepEqual(await seen(place), [
        [0n, "x"],
        [1n, "x"],
      ]);
      await whole(etl);
    },
  },
  {
    name: "the same window twice adds nothing, a late row is added, and no row is removed or changed",
    invariant: 2,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      const etl = open(place);
      await etl.run({ events: rows([...events(0, 3), event(2), event(2, null)]) }, until(10));
      const one = await picture(place, etl, "events");
      const again = await etl.run({ events: rows([...events(0, 3), event(2), event(2, null)]) }, until(10, 0));
      assert.equal(again.status, "nothing-to-do");
      assert.deepEqual(await picture(place, etl, "events"), one);
      const late = await etl.run({ events: rows([event(1), event(2), event(2), event(2), event(9, "late")]) }, until(10, 0));
      assert.deepEqual(counts(late), [2, 0, 0, 3]);
      assert.deepEqual(late.tables.events?.watermark, { before: "10", after: "10" });
      const last = await etl.run({ events: rows(events(10, 12)) }, until(12));
      const brought = (n: number, by: number) => Array.from({ length: n }, () => BigInt(by));
      assert.deepEqual((await release(place))?.sort(), [
        ...brought(5, 1),
        ...brought(2, late.release),
        ...brought(2, last.release),
      ]);
      await whole(etl);
      await etl.rollback({ to: 1 });
      assert.deepEqual(await still(place, etl, "events"), { ...one, held: null });
      await etl.redo();
      assert.equal((await seen(place))?.length, 9);
      await whole(etl);
    },
  },
  {
    name: "an append on a candidate adds what one in place does",
    invariant: 2,
    skip: needs("blocks", "candidates", "clones"),
    async run(place) {
      const etl = open(place);
      await etl.run({ events: rows(events(0, 3)) }, until(3));
      const report = await etl.run({ events: rows([...events(1, 5), event(4)]) }, { ...until(5, 1), strategy: "swap" });
      assert.deepEqual(counts(report), [3, 0, 0, 2]);
      assert.deepEqual(report.tables.events?.watermark, { before: "3", after: "5" });
      assert.deepEqual(
        await seen(place),
        [...events(0, 5), event(4)].map((e) => [BigInt(e.seq), e.what]),
      );
      await etl.rollback();
      assert.deepEqual(
        await seen(place),
        events(0, 3).map((e) => [BigInt(e.seq), e.what]),
      );
      await whole(etl);
    },
  },
  {
    name: "an append with a key needs no window, and leaves out the keys that live has",
    invariant: 2,
    skip: needs("blocks"),
    async run(place) {
      const etl = place.pipeline({ pipeline: "events", tables: { events: keyed } });
      await etl.run({ events: rows(events(0, 3)) });
      const report = await etl.run({ events: rows([event(1, "changed"), event(3), event(3)]) });
      assert.deepEqual(counts(report), [1, 0, 0, 1]);
      assert.deepEqual(
        await seen(place),
        events(0, 4).map((e) => [BigInt(e.seq), e.what]),
      );
      assert.equal((await etl.run({ events: rows(events(0, 4)) })).status, "nothing-to-do");
      await whole(etl);
    },
  },
  {
    name: "an append without a window and without a key is refused, and so is a row outside of the window",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const etl = open(place);
      const e = await failure(etl.run({ events: rows(events(0, 3)) }), "CONFIG");
      assert.match(e.message, /window.*key/);
      await etl.run({ events: rows(events(0, 3)) }, until(3));
      const before = await picture(place, etl, "events");
      for (const wrong of [event(2), event(5)])
        await failure(etl.run({ events: rows([event(3), wrong]) }, until(5, 3)), "BAD_ROW");
      assert.deepEqual(await picture(place, etl, "events"), before);
    },
  },
  {
    name: "a table that others fill gets a column that tells whose rows are whose, and theirs are never touched",
    invariant: 6,
    also: [9],
    skip: needs("blocks"),
    async run(place) {
      const etl = open(place);
      const { syntax } = place.adapter;
      const [int, text] = [raw(syntax.type("int64")), raw(syntax.type("string"))];
      await place.execute(
        template`CREATE TABLE ${live(place, "events")} (${col("seq")} ${int}, ${col("what")} ${text}, ${col("extra")} ${text} DEFAULT 'none')`,
      );
      await place.execute(template`INSERT INTO ${live(place, "events")} VALUES (1, 'x', 'theirs')`);
      await etl.adopt();
      const load = () => etl.run({ events: rows([event(1), event(2)]) }, until(10, 0));
      assert.equal((await load()).tables.events?.inserted, 2, "a row of others is not one of ours");
      assert.equal((await load()).status, "nothing-to-do");
      const found = (await contents(place, "events"))?.rows;
      assert.deepEqual(found, [
        [1n, "x", "none", 1n],
        [1n, "x", "theirs", null],
        [2n, "x", "none", 1n],
      ]);
      await whole(etl);
      await etl.rollback();
      assert.deepEqual((await contents(place, "events"))?.rows, [[1n, "x", "theirs", null]]);
    },
  },
];
