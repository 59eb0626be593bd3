import { cutover, isCutoverError, rows } from "cutover";
import { adapterOf, ident, template } from "cutover/adapter";
import { afterEach, expect, test } from "vitest";
import { batch, failure, itemsTable } from "../support/fixtures.js";
import { plainDdl } from "../support/plain-ddl.js";
import { openDb } from "../support/warehouse.js";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A pipeline that keeps one release, on an engine that can read tables as they were. */
async function world() {
  const warehouse = plainDdl();
  const etl = cutover({ warehouse, pipeline: "items", tables: { items: itemsTable() }, keep: 1 });
  const session = await adapterOf(warehouse)?.open({ signal: new AbortController().signal, tag: "test" });
  closing.push(
    () => etl.close(),
    async () => session?.close(),
  );
  const content = async (): Promise<unknown> =>
    (
      await session?.execute(
        { sql: template`SELECT * FROM ${ident(["main", "items"])} ORDER BY id`, returns: { id: "int64", v: "int64" } },
        { signal: new AbortController().signal, tag: "test" },
      )
    )?.rows;
  return { etl, content };
}

test("invariant 12: a release that is no longer kept comes back from the engine's history, as a release that can be rolled back", async () => {
  const { etl, content } = await world();
  await etl.run({ items: rows(batch(1, 5, 1)) });
  await etl.run({ items: rows(batch(3, 8, 2)) });
  const then = await content();
  const status = await etl.status();
  for (const v of [3, 4, 5]) await etl.run({ items: rows(batch(1, 9, v)) });
  const now = await content();
  const passed = await failure(etl.rollback({ to: 2 }), "RETENTION_PASSED");
  expect(passed.message).toContain('restore: "time-travel"');
  const report = await etl.rollback({ to: 2, restore: "time-travel" });
  expect(report).toMatchObject({ from: 5, to: 2, tables: { items: { rows: 8 } } });
  expect(await content()).toEqual(then);
  expect(await etl.status()).toMatchObject({
    live: 6,
    watermarks: status.watermarks,
    held: "release 2 was restored as release 6",
  });
  expect((await etl.audit()).ok).toBe(true);
  await failure(etl.run({ items: rows(batch(9, 9, 9)) }), "HELD");
  await etl.rollback();
  expect(await content()).toEqual(now);
  expect((await etl.audit()).ok).toBe(true);
});

test("what the history cannot tell is refused, and nothing is changed", async () => {
  const { etl, content } = await world();
  await etl.run({ items: rows(batch(1, 5, 1)) });
  await etl.run({ items: rows(batch(3, 8, 2)) });
  await etl.run({ items: rows(batch(3, 8, 3)) }, { strategy: "swap" });
  for (const v of [4, 5]) await etl.run({ items: rows(batch(1, 9, v)) });
  const now = await content();
  const swapped = await failure(etl.rollback({ to: 2, restore: "time-travel" }), "NOT_FOUND");
  expect(swapped.message).toContain("changed places");
  await failure(etl.rollback({ to: 77, restore: "time-travel" }), "NOT_FOUND");
  await failure(etl.rollback({ restore: "time-travel" }), "CONFIG");
  await failure(etl.rollback({ to: 2, dryRun: true, restore: "time-travel" }), "CONFIG");
  await failure(etl.rollback({ to: 2, restore: "undrop" as never }), "CONFIG");
  expect(await content()).toEqual(now);
  expect(await etl.status()).toMatchObject({ live: 5, held: null, open: [] });
  // One that is kept needs no history.
  await etl.rollback({ to: 4, restore: "time-travel" });
  expect((await etl.status()).live).toBe(4);
});

test("an engine that cannot read tables as they were says what to do instead", async () => {
  const db = await openDb("duckdb");
  closing.push(() => db.dispose());
  const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "items", tables: { items: itemsTable() }, keep: 1 }));
  for (const v of [1, 2, 3]) await etl.run({ items: rows(batch(1, 9, v)) });
  const e: unknown = await etl.rollback({ to: 1, restore: "time-travel" }).catch((x: unknown) => x);
  expect(isCutoverError(e, "UNSUPPORTED") && e.context).toMatchObject({
    capability: "time travel",
    alternative: expect.stringContaining("keep"),
  });
});
