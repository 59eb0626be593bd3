import assert from "node:assert/strict";
import { rows } from "../../source/source.js";
import { table } from "../../table/define.js";
import type { CaseDefinition } from "../case.js";
import { gate, type Place } from "../place.js";
import { wrapped } from "../wrapped.js";
import { needs } from "./needs.js";
import { failure, itemsPipeline, litter, load, whole } from "./world.js";

/** The warehouse of a place with so many sessions at most, and how many of them are open. */
function bounded(place: Place, maxSessions: number) {
  const seen = { open: 0, most: 0 };
  const session = (own: { close(): Promise<void> }) => {
    seen.open += 1;
    seen.most = Math.max(seen.most, seen.open);
    return {
      close: async () => {
        await own.close();
        seen.open -= 1;
      },
    };
  };
  return { seen, warehouse: wrapped(place.warehouse, { maxSessions, session }) };
}
/** A source that says when it is being read, and then never ends. */
function stuck() {
  const reading = gate();
  const source = rows(async function* () {
    yield { id: 90, v: 90, seq: 90 };
    reading.open();
    await new Promise(() => undefined);
  });
  return { source, reading: reading.passed };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const embeddingCases: readonly CaseDefinition[] = [
  {
    name: "many pipelines with two sessions: each publishes in its turn, no more are open than two and a heartbeat's, and none after close",
    invariant: 5,
    skip: needs("blocks", "sessions"),
    async run(place) {
      const { seen, warehouse } = bounded(place, 2);
      const many = Array.from({ length: 6 }, (_, i) => {
        const t = table(`t${i}`, { columns: { id: "int64" }, key: "id" });
        return place.pipeline({ warehouse, pipeline: `p${i}`, tables: { t } });
      });
      const reports = await Promise.all(many.map((p) => p.run({ t: rows([{ id: 1 }]) })));
      assert.deepEqual(
        reports.map((r) => r.status),
        many.map(() => "published"),
      );
      assert.ok(seen.most <= 3, `${seen.most} sessions were open at once`);
      await Promise.all(many.map((p) => p.close()));
      assert.equal(seen.open, 0, "sessions are open after close");
    },
  },
  {
    name: "close of a pipeline that waits for a session, or for the lease, ends what waits with CLOSED and leaves the others at work",
    invariant: 3,
    skip: needs("blocks", "sessions"),
    async run(place) {
      await itemsPipeline(place).run(load(1, 5, 1));
      const one = bounded(place, 1);
      const { source, reading } = stuck();
      const working = itemsPipeline(place, { warehouse: one.warehouse });
      const stopped = failure(working.run({ items: source }), "CLOSED");
      await reading;
      const waiting = itemsPipeline(place, { warehouse: one.warehouse });
      const unserved = failure(waiting.run(load(6, 6, 2)), "CLOSED");
      const next = itemsPipeline(place, { warehouse: one.warehouse });
      const status = next.status();
      // In the other warehouse's line for the lease.
      const patient = itemsPipeline(place, { lease: { wait: "120s" } });
      const unleased = [6, 7].map((id) => failure(patient.run(load(id, id, 2)), "CLOSED"));
      for (let i = 0; i < 5; i++) await turn();
      await Promise.all([waiting.close(), patient.close()]);
      await Promise.all([unserved, ...unleased]);
      await Promise.all([working.close(), working.close()]);
      await stopped;
      assert.equal((await status).live, 1, "whoever waited behind a pipeline that was closed was not served");
      assert.equal((await next.run(load(6, 7, 3))).status, "published");
      await next.close();
      assert.equal(one.seen.open, 0, "sessions are open after close");
      await whole(itemsPipeline(place));
      assert.deepEqual(await litter(place), [], "the closed pipelines leave tables");
    },
  },
  {
    name: "close ends a diff that nobody goes on reading, and its reader is told CLOSED",
    invariant: 7,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      await etl.run(load(1, 5, 2));
      const { seen, warehouse } = bounded(place, 8);
      const reader = itemsPipeline(place, { warehouse });
      const changes = reader.diff("items", { from: 1, to: 2 })[Symbol.asyncIterator]();
      assert.equal((await changes.next()).done, false);
      await reader.close();
      assert.equal(seen.open, 0, "sessions are open after close");
      await failure(changes.next(), "CLOSED");
    },
  },
];
