import { Readable } from "node:stream";
import { cutover, rows, table } from "cutover";
import { expect, test } from "vitest";
import { transient } from "../support/faults.js";
import { failure } from "../support/fixtures.js";
import { type Hooks, interpose } from "../support/interpose.js";
import { onEveryWarehouse } from "../support/warehouse.js";

type Row = { readonly id: number };
/** Sources that tell whether they were closed. */
const kinds = ["an iterator", "an asynchronous iterator", "a stream of Node"] as const;
function watched(kind: (typeof kinds)[number]) {
  const seen = { opened: 0, closed: 0 };
  const result = { done: false, value: { id: 1 } } as const;
  const end = { done: true, value: undefined } as const;
  const close = <T>(value: T): T => {
    seen.closed += 1;
    return value;
  };
  const open = (): Iterable<Row> | AsyncIterable<Row> => {
    seen.opened += 1;
    if (kind === "an iterator") return { [Symbol.iterator]: () => ({ next: () => result, return: () => close(end) }) };
    if (kind === "an asynchronous iterator")
      return { [Symbol.asyncIterator]: () => ({ next: async () => result, return: async () => close(end) }) };
    return new Readable({
      objectMode: true,
      read() {
        this.push({ id: 1 });
      },
      destroy: (_e, done) => done(close(null)),
    });
  };
  return { seen, source: rows(open) };
}

onEveryWarehouse((open) => {
  for (const kind of kinds) {
    for (const declared of [true, false]) {
      const names = declared ? "declared columns" : "columns read from live";
      test(`a source that was opened (${kind}, ${names}) is closed when its load fails before it is read`, async () => {
        const db = await open();
        await db.query("CREATE TABLE things (id BIGINT)");
        const hooks: Hooks = {};
        const t = declared ? table("things", { columns: { id: "int64" }, key: "id" }) : table("things", { key: "id" });
        const etl = db.own(cutover({ warehouse: interpose(db.warehouse, hooks), pipeline: "things", tables: { t } }));
        await etl.status();
        await etl.recover();
        hooks.beforeStatement = (tag) => {
          if (tag.endsWith(" stage")) throw transient();
        };
        const { seen, source } = watched(kind);
        await failure(etl.run({ t: source as never }), "ADAPTER");
        expect(seen).toEqual({ opened: 1, closed: 1 });
      });
    }
  }

  test("a source of which nothing can come, since the table cannot be made, is closed", async () => {
    const db = await open();
    const t = table("nowhere", { key: "id" });
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "things", tables: { t } }));
    const { seen, source } = watched("an asynchronous iterator");
    await failure(etl.run({ t: source as never }), "CONFIG");
    expect(seen).toEqual({ opened: 1, closed: 1 });
  });
});
