import { cutover, rows } from "cutover";
import { duckdb } from "cutover/duckdb";
import { expect, test } from "vitest";
import { wrapped } from "../../src/conformance/wrapped.js";
import { batch, failure, itemsTable } from "../support/fixtures.js";

/** DuckDB as an engine where each call is a job: what it was asked, in order. */
function jobs() {
  const calls: string[] = [];
  const warehouse = wrapped(duckdb({ config: { threads: "1" } }), {
    capabilities: { transaction: "script", estimates: true },
    session: (own) => ({
      execute: (op, o) => {
        calls.push(`execute ${o.tag.split(" ").at(-1)}`);
        return own.execute(op, o);
      },
      atomic: async (block, o) => {
        calls.push(`atomic ${block.id}`);
        return { ...(await own.atomic(block, o)), bytes: 100 };
      },
      stage: (into, columns, from, o) => {
        calls.push("stage");
        return own.stage(into, columns, from, o);
      },
      estimate: async (block) => ({ bytes: 10 * block.ops.length }),
    }),
  });
  return { warehouse, calls };
}
const pipeline = (warehouse: ReturnType<typeof jobs>["warehouse"], more: { maxBytes?: number } = {}) =>
  cutover({ warehouse, pipeline: "items", tables: { items: itemsTable() }, ...more });
const load = (from: number, to: number, v: number) => ({ items: rows(batch(from, to, v)) });

test("where a call is a job, a release costs one for lease and state, one for each delta, and one that publishes", async () => {
  const { warehouse, calls } = jobs();
  const etl = pipeline(warehouse);
  await etl.run(load(1, 5, 1));
  for (const v of [2, 3, 4, 5, 6]) {
    calls.length = 0;
    await etl.run(load(3, 8, v));
    expect(calls).toEqual(["atomic lease", "stage", "atomic publish", "execute drop"]);
  }
  expect((await etl.audit()).ok).toBe(true);
  await etl.close();
});

test("the lease is refused in that one call while another has it, and the refusal names the owner", async () => {
  const { warehouse } = jobs();
  const [one, two] = [pipeline(warehouse), pipeline(warehouse)];
  await one.run(load(1, 5, 1));
  const held = await one.run(async () => {
    const e = await failure(two.run(load(1, 5, 2)), "LEASE_HELD");
    expect(e.context.owner).toContain("pid");
    return load(6, 7, 2);
  });
  expect(held.tables.items?.rows).toBe(7);
  const [a, b] = await Promise.allSettled([one.run(load(1, 9, 3)), two.run(load(1, 9, 3))]);
  expect([a.status, b.status]).toContain("fulfilled");
  expect((await two.audit()).ok).toBe(true);
  await one.close();
  await two.close();
});

test("a block beyond maxBytes is refused before anything is spent; what was read is reported, what would be is planned", async () => {
  const { warehouse, calls } = jobs();
  const etl = pipeline(warehouse);
  await etl.run(load(1, 5, 1));
  const small = pipeline(warehouse, { maxBytes: 30 });
  calls.length = 0;
  const e = await failure(small.run(load(3, 8, 2)), "BUDGET");
  expect(e.context.maxBytes).toBe(30);
  expect(e.context.bytes).toBeGreaterThan(30);
  expect(calls).not.toContain("atomic publish");
  expect((await etl.status()).live).toBe(1);
  const report = await pipeline(warehouse, { maxBytes: 1000 }).run(load(3, 8, 2));
  expect(report.stages.find((s) => s.stage === "publish")?.bytes).toBe(100);
  const text = await etl.plan({ strategy: "in-place" });
  expect(text.blocks[0]?.bytes).toBeGreaterThan(0);
  expect(String(text)).toMatch(/one transaction, at most \d+ bytes read/);
  await etl.close();
});
