import assert from "node:assert/strict";
import type { Batch } from "../../adapter/session.js";
import type { TableRef } from "../../adapter/shapes.js";
import { ident, type Row, type Sql, template } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import { shapes } from "../columns.js";
import { heap } from "../heap.js";
import { calm, type Place } from "../place.js";
import { assertUsable, faultOf, id, idsOf, numbers, thrownBy } from "./words.js";

const columns = (place: Place) => shapes(place.adapter, { id: "int64", text: "string" });
/** A text of its own in memory: a repeated one would be a reference to its parts. */
const kilobyte = (n: number): string => Buffer.alloc(1000, `row ${n} `).toString("latin1");

/** A thousand rows of a kilobyte. */
async function wide(place: Place): Promise<TableRef> {
  const ref = place.at("wide");
  const rows = Array.from({ length: 1000 }, (_, i) => [BigInt(i), kilobyte(i)]);
  await place.make(ref, columns(place), rows);
  return ref;
}
/** So many kilobytes as a result, without a table of that size. */
const times = (ref: TableRef, n: number): Sql =>
  template`SELECT ${ident(["a", "id"])} AS ${id}, ${ident(["a", "text"])} AS ${ident(["text"])} FROM ${ident(ref.path)} ${ident(["a"])} CROSS JOIN ${ident(ref.path)} ${ident(["b"])} WHERE ${ident(["b", "id"])} < ${n}`;

const held = (): number => heap() / 1e6;

/** Reading and writing more than fits in memory. */
export const streamCases: readonly CaseDefinition[] = [
  {
    name: "stream hands over every row once",
    async run(place) {
      const ref = await wide(place);
      const seen = new Map<unknown, number>();
      for await (const rows of place.session.stream(times(ref, 20), columns(place), calm())) {
        for (const row of rows) seen.set(row["id"], (seen.get(row["id"]) ?? 0) + 1);
      }
      assert.equal(seen.size, 1000);
      assert.ok([...seen.values()].every((n) => n === 20));
    },
  },
  {
    name: "stream keeps the order that the query asks for",
    async run(place) {
      const ref = await wide(place);
      const found: unknown[] = [];
      const query = template`SELECT ${id} FROM ${ident(ref.path)} ORDER BY ${id} DESC`;
      for await (const rows of place.session.stream(query, shapes(place.adapter, { id: "int64" }), calm()))
        found.push(...rows.map((r) => r["id"]));
      assert.deepEqual(
        found,
        Array.from({ length: 1000 }, (_, i) => BigInt(999 - i)),
      );
    },
  },
  {
    name: "stream of no rows ends at once",
    async run(place) {
      const ref = await numbers(place, "empty");
      const query = template`SELECT ${id} FROM ${ident(ref.path)}`;
      const all: Row[] = [];
      for await (const rows of place.session.stream(query, shapes(place.adapter, { id: "int64" }), calm())) all.push(...rows);
      assert.deepEqual(all, []);
    },
  },
  {
    name: "stream binds parameters",
    invariant: 8,
    async run(place) {
      const ref = await numbers(place, "some", [1n, 2n, 3n]);
      const query = template`SELECT ${id}, ${{ value: "it's", type: "string" }} AS ${ident(["text"])} FROM ${ident(ref.path)} WHERE ${id} = ${2n}`;
      const all: Row[] = [];
      for await (const rows of place.session.stream(query, columns(place), calm())) all.push(...rows.map((r) => ({ ...r })));
      assert.deepEqual(all, [{ id: 2n, text: "it's" }]);
    },
  },
  {
    name: "stream does not hold the whole result in memory",
    invariant: 11,
    timeoutMs: 180_000,
    async run(place, note) {
      const ref = await wide(place);
      const megabytes = 100;
      const before = held();
      let most = 0;
      let largest = 0;
      let count = 0;
      for await (const rows of place.session.stream(times(ref, megabytes), columns(place), calm())) {
        if (count === 0) most = held() - before;
        count += rows.length;
        largest = Math.max(largest, rows.length);
      }
      note(`${most.toFixed(1)} MB held at the first batch of ${megabytes} MB; at most ${largest} rows a batch`);
      assert.equal(count, megabytes * 1000);
      assert.ok(most < megabytes / 3, `at the first batch ${most.toFixed(0)} MB are held of a result of ${megabytes} MB`);
      assert.ok(largest < count / 3, `a batch of ${largest} rows is no batch of ${count}`);
    },
  },
  {
    name: "stage does not hold the whole source in memory",
    invariant: 11,
    timeoutMs: 180_000,
    async run(place, note) {
      const ref = place.at("wide");
      const megabytes = 40;
      const before = held();
      let most = 0;
      const from = async function* (): AsyncGenerator<Batch> {
        for (let b = 0; b < megabytes; b++) {
          const part = Array.from({ length: 1000 }, (_, i) => b * 1000 + i);
          yield { rows: part.length, columns: [part.map(BigInt), part.map(kilobyte)] };
        }
        most = held() - before;
      };
      const { rows } = await place.session.stage(ref, columns(place), from(), calm());
      note(`${most.toFixed(1)} MB held at the end of ${megabytes} MB`);
      assert.equal(rows, megabytes * 1000);
      assert.ok(most < megabytes / 3, `at its end ${most.toFixed(0)} MB of ${megabytes} MB are held`);
    },
  },
  {
    name: "breaking off a stream leaves the session usable",
    async run(place) {
      const ref = await wide(place);
      for (let i = 0; i < 3; i++) {
        for await (const rows of place.session.stream(times(ref, 20), columns(place), calm())) {
          assert.ok(rows.length > 0, "a batch has rows");
          break;
        }
      }
      await assertUsable(place);
      assert.equal((await idsOf(place, ref)).length, 1000);
    },
  },
  {
    name: "what the reader of a stream throws comes out, and leaves the session usable",
    async run(place) {
      const ref = await wide(place);
      const error = new Error("of the reader");
      const read = async (): Promise<void> => {
        for await (const rows of place.session.stream(times(ref, 20), columns(place), calm())) if (rows.length > 0) throw error;
      };
      assert.equal(await thrownBy(read, "the reader threw"), error);
      await assertUsable(place);
    },
  },
  {
    name: "an abort ends a stream, and leaves the session usable",
    async run(place) {
      const ref = await wide(place);
      const controller = new AbortController();
      let count = 0;
      const fault = await faultOf(place, "a stream that was aborted does not end as if it were whole", async () => {
        const o = { tag: "conformance", signal: controller.signal };
        for await (const rows of place.session.stream(times(ref, 50), columns(place), o)) {
          count += rows.length;
          controller.abort();
        }
      });
      assert.equal(fault.kind, "cancelled");
      assert.ok(count < 50_000, "not all rows are handed over first");
      await assertUsable(place);
    },
  },
  {
    name: "an abort before a stream begins keeps it from beginning",
    async run(place) {
      const ref = await wide(place);
      const fault = await faultOf(place, "an aborted stream", async () => {
        const o = { tag: "conformance", signal: AbortSignal.abort() };
        for await (const rows of place.session.stream(times(ref, 1), columns(place), o)) void rows;
      });
      assert.equal(fault.kind, "cancelled");
      await assertUsable(place);
    },
  },
  {
    name: "statements work while a stream is being read",
    skip: (c) => (c.concurrentSessions ? false : "the engine has one session at a time"),
    async run(place) {
      const ref = await wide(place);
      const other = await place.open();
      const some = await numbers(place, "others");
      let batch = 0n;
      let count = 0;
      for await (const rows of place.session.stream(times(ref, 20), columns(place), calm())) {
        count += rows.length;
        if (batch < 3n)
          await other.execute({ sql: template`INSERT INTO ${ident(some.path)} (${id}) VALUES (${batch++})` }, calm());
      }
      assert.equal(count, 20_000);
      assert.equal((await idsOf(place, some)).length, Number(batch));
    },
  },
];
