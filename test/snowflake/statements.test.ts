import { type CutoverEvent, cutover, notNull, rowCount, rows, table, unique } from "cutover";
import { snowflake } from "cutover/snowflake";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Simulator, startSnowflake } from "../simulators/snowflake/server.js";
import { purposes } from "./purposes.js";

let sim: Simulator;
beforeAll(async () => {
  sim = await startSnowflake();
});
afterAll(() => sim.close());

const things = (name: string) =>
  table(`public.${name}`, {
    columns: { id: "int64", v: "int64", seq: "int64" },
    key: "id",
    cursor: "seq",
    checks: [rowCount({ min: 1 }), notNull("id", "v"), unique("id")],
  });
const some = (v: number, n = 10) => rows(Array.from({ length: n }, (_, i) => ({ id: i, v, seq: v })));

/** What a piece of work sent, as `step: statement`. */
async function sent(work: () => Promise<unknown>): Promise<readonly string[]> {
  const mark = sim.counts.mark();
  await work();
  return sim.counts.since(mark).log.map((s) => `${/^\/\* cutover \S+ (.*?) \*\//.exec(s.sql)?.[1] ?? "?"}: ${s.sql}`);
}
function pipeline(many: number, name: string) {
  const tables = Object.fromEntries(Array.from({ length: many }, (_, i) => [`t${i}`, things(`${name}_${i}`)]));
  const etl = cutover({ warehouse: snowflake({ ...sim.connectionOptions() }), pipeline: name, tables });
  const feed = (v: number) => Object.fromEntries(Object.keys(tables).map((alias) => [alias, some(v)]));
  return { etl, run: (v: number) => etl.run(feed(v) as never) };
}

describe("statements of an incremental release, after session set-up", () => {
  for (const [many, most] of [
    [1, 15],
    [2, 22],
    [3, 29],
  ] as const) {
    test(`of ${many} table(s): ${most} at most, whichever release it is`, async () => {
      const { etl, run } = pipeline(many, `count${many}`);
      await run(1);
      const counts: number[] = [];
      for (let v = 2; v <= 8; v++) {
        const statements = await sent(() => run(v));
        expect(statements.length, statements.join("\n")).toBeLessThanOrEqual(most);
        counts.push(statements.length);
      }
      expect(Math.min(...counts)).toBe(14 + 7 * (many - 1));
      await etl.close();
    });
  }

  test("a session is set up by one ALTER SESSION, and used again", async () => {
    const { etl, run } = pipeline(1, "setup");
    const first = await sent(() => run(1));
    expect(first.filter((s) => s.includes("ALTER SESSION"))).toHaveLength(1);
    expect((await sent(() => run(2))).filter((s) => s.includes("ALTER SESSION"))).toEqual([]);
    await etl.close();
  });
});

test("every statement names pipeline and step, in its text and its QUERY_TAG, and its purpose is known", async () => {
  const { etl, run } = pipeline(1, "named");
  const mark = sim.counts.mark();
  await run(1);
  await run(2);
  const candidate = await etl.clone();
  await candidate.validate();
  await candidate.swap();
  await etl.rollback();
  await etl.redo();
  await etl.audit();
  await etl.recover();
  for (const s of sim.counts.since(mark).log) {
    // A PUT must begin with its word, and has its tag alone.
    if (s.kind === "PUT") continue;
    const [, name, label] = /^\/\* (cutover \S+) (\S+).*? \*\//.exec(s.sql) ?? [];
    expect(name, s.sql).toBe("cutover named");
    expect(Object.keys(purposes), s.sql).toContain(label);
    expect(s.tag).toBe(`cutover named ${label}`);
  }
  await etl.close();
});

test("what a swap and a rollback cost", async () => {
  const { etl, run } = pipeline(1, "swapped");
  for (const v of [1, 2, 3]) await run(v);
  expect(String(await etl.plan({ strategy: "swap" }))).toMatch(
    /CLONE[\s\S]*COMMENT ON TABLE[\s\S]*'intent'[\s\S]*SWAP WITH[\s\S]*'published'/,
  );
  const candidate = await etl.clone();
  const swap = await sent(() => candidate.swap());
  expect(swap.length).toBeLessThanOrEqual(45);
  const over = await sent(() => etl.rollback());
  expect(over.length).toBeLessThanOrEqual(40);
  await etl.unhold();
  await run(4);
  const inPlace = await sent(() => etl.rollback());
  expect(inPlace.length).toBeLessThanOrEqual(11);
  console.log(`statements: swap ${swap.length}, rollback over it ${over.length}, rollback in place ${inPlace.length}`);
  // Readers see one version or the other: one statement changes the names, and no name is ever without a table.
  expect(swap.filter((s) => /SWAP WITH/.test(s))).toHaveLength(1);
  expect(swap.filter((s) => /OR REPLACE/.test(s) && !/TRANSIENT/.test(s))).toEqual([]);
  await etl.close();
});

test("no DDL is sent inside of a transaction", async () => {
  const { etl, run } = pipeline(1, "inside");
  const statements = await sent(async () => {
    await run(1);
    await run(2);
    const candidate = await etl.clone();
    await candidate.load({ t0: some(3) });
    await candidate.swap();
    await etl.rollback();
    await etl.redo();
  });
  let open = false;
  for (const s of statements) {
    if (/ BEGIN/.test(s)) open = true;
    expect(open && /\*\/ (CREATE|ALTER TABLE|DROP|COMMENT|GRANT|REVOKE|TRUNCATE)/.test(s), s).toBe(false);
    if (/ (COMMIT|ROLLBACK)/.test(s)) open = false;
  }
  await etl.close();
});

test("events name each statement as the service does, so that people find it in the service's history", async () => {
  const named: (string | undefined)[] = [];
  const observers = [{ event: (e: CutoverEvent) => void (e.type === "statement" && named.push(e.nativeId)) }];
  const warehouse = snowflake({ ...sim.connectionOptions() });
  await using etl = cutover({ warehouse, pipeline: "named", tables: { t: things("named") }, observers });
  const mark = sim.counts.mark();
  await etl.run({ t: some(1) });
  const known = sim.counts.since(mark).log.map((s) => s.queryId);
  const told = named.filter((id) => id !== undefined);
  expect(told.length).toBeGreaterThan(4);
  expect(told.filter((id) => !known.includes(id))).toEqual([]);
});
