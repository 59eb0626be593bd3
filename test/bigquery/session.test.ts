import type { AtomicBlock, BlockOp, Session, SqlOp } from "cutover/adapter";
import { raw, sqlOp, template } from "cutover/adapter";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { connector } from "../../adapters/bigquery/connect.js";
import type { BigQueryNative } from "../../adapters/bigquery/natives.js";
import { readOptions } from "../../adapters/bigquery/options.js";
import { sessionOn } from "../../adapters/bigquery/session.js";
import { failure, io, type Place, places } from "./links.js";

const here = places();
let place: Place;
let session: Session<BigQueryNative>;
const open = async (): Promise<Session<BigQueryNative>> =>
  sessionOn(await connector(readOptions(place.sim.connectionOptions()))(io()));
beforeAll(async () => {
  place = await here.open();
});
afterAll(() => here.end());
beforeEach(async () => {
  place.sim.faults.clear();
  session = await open();
  await session.execute(sqlOp("CREATE OR REPLACE TABLE t (n INT64, s STRING)"), io());
  await session.execute(sqlOp("CREATE OR REPLACE TABLE lease (fence INT64)"), io());
  await session.execute(sqlOp("INSERT INTO lease (fence) VALUES (1)"), io());
});

const count = () => place.cell("SELECT COUNT(*) AS n FROM t");
const item = (id: string, op: SqlOp, step: BlockOp["step"] = "exchange"): BlockOp => ({ id, step, op });
const fence = item("fence", sqlOp("UPDATE lease SET fence = fence WHERE fence = 1", { expect: { affected: 1 } }), "fence");
const add = (n: number): BlockOp => item(`add${n}`, sqlOp(template`INSERT INTO t (n, s) VALUES (${n}, ${`text ${n}`})`));
const block = (ops: readonly BlockOp[], more: Partial<AtomicBlock> = {}): AtomicBlock => ({
  id: "publish",
  end: "commit",
  timeoutMs: 60_000,
  ops,
  ...more,
});
const rows = item(
  "rows",
  sqlOp("SELECT COUNT(*) AS `rows`, COUNT(*) > 1 AS ok FROM t", { returns: { rows: "int64", ok: "bool" } }),
);

it("names that stand alone are those of its dataset, and values come back exactly", async () => {
  expect(session.home).toEqual(["test-project", "app"]);
  const big = 9_007_199_254_740_993n;
  const inserted = await session.execute(sqlOp(template`INSERT INTO t (n, s) VALUES (${big}, ${"a'b\\c\n"})`), io());
  expect(inserted).toMatchObject({ affected: 1, rows: [] });
  const read = await session.execute(sqlOp("SELECT n, s FROM t", { returns: { n: "int64", s: "string" } }), io());
  expect(read).toMatchObject({ affected: null, rows: [{ n: big, s: "a'b\\c\n" }], bytes: expect.any(Number) });
});

it("streams a result in batches", async () => {
  const numbers = raw("SELECT n FROM UNNEST(GENERATE_ARRAY(1, 25000)) AS n ORDER BY n");
  const returns = [{ name: "n", type: "int64", nullable: false, native: "INT64" }] as const;
  let sum = 0n;
  let batches = 0;
  for await (const batch of session.stream(numbers, returns, io())) {
    batches += 1;
    for (const row of batch) sum += row["n"] as bigint;
  }
  expect({ sum, batches }).toEqual({ sum: 312_512_500n, batches: 3 });
});

it("runs a block as one job, and hands back what each operation came to", async () => {
  const mark = place.sim.counts.mark();
  const done = await session.atomic(block([fence, add(1), add(2), rows]), io());
  expect(done.outcome).toBe("committed");
  expect(done.bytes).toEqual(expect.any(Number));
  expect(done.results.get("fence")?.affected).toBe(1);
  expect(done.results.get("rows")?.rows).toEqual([{ rows: 2n, ok: true }]);
  expect(place.sim.counts.since(mark)).toMatchObject({ jobs: 1, requests: 2 });
  expect(await count()).toBe("2");
});

it("keeps nothing of a block that is refused, and tells what was found", async () => {
  const refused = item("rows", { ...rows.op, expect: { holds: true } });
  const done = await session.atomic(block([add(1), refused, add(2)]), io());
  expect(done).toMatchObject({ outcome: "refused", at: "rows" });
  expect(done.results.get("rows")?.rows).toEqual([{ rows: 1n, ok: false }]);
  expect(done.results.has("add2")).toBe(false);
  expect(await count()).toBe("0");
});

it("keeps nothing of a rehearsal", async () => {
  const done = await session.atomic(block([add(1), rows], { end: "rollback" }), io());
  expect(done.outcome).toBe("rehearsed");
  expect(await count()).toBe("0");
});

it("names the job of a block under a fence by its text, and once more when it is sent on purpose again", async () => {
  const at = place.sim.counts.mark();
  for (let i = 0; i < 2; i++) await session.atomic(block([fence, add(1)]), io());
  const ids = place.sim.counts.since(at).log.map((j) => j.id);
  expect(ids).toEqual([expect.stringMatching(/^cutover_shop_test_[0-9a-f]{24}_0$/), expect.stringMatching(/_1$/)]);
  expect(ids[0]?.slice(0, -1)).toBe(ids[1]?.slice(0, -1));
  expect(await count()).toBe("2");
  const again = await (await open()).atomic(block([fence, add(1)]), io());
  expect(again.outcome).toBe("committed");
  expect(await count()).toBe("2");
});

it("commits once where the answer is lost", async () => {
  place.sim.faults.add({ sql: "BEGIN TRANSACTION" }, { at: "after", drop: true });
  const done = await session.atomic(block([fence, add(3)]), io());
  expect(done.outcome).toBe("committed");
  expect(await count()).toBe("1");
});

it("gives up a block whose service failed, and says truly whether it may have committed", async () => {
  const failed = { reason: "backendError", message: "the service failed" };
  place.sim.faults.add({ sql: "BEGIN TRANSACTION" }, { job: { ...failed, effect: false } });
  expect(await failure(session.atomic(block([fence, add(4)]), io()))).toMatchObject({
    kind: "transient",
    outcome: "not-applied",
  });
  expect(await count()).toBe("0");
  place.sim.faults.add({ sql: "BEGIN TRANSACTION" }, { job: { ...failed, effect: true } });
  expect(await failure(session.atomic(block([fence, add(5)]), io()))).toMatchObject({ kind: "transient", outcome: "unknown" });
  expect(await count()).toBe("1");
});

it("takes two blocks that write the same row for a conflict", async () => {
  const held = place.sim.faults.hold({ sql: "INSERT INTO t" }, "done");
  const first = session.atomic(block([fence, add(6)]), io());
  await held.reached;
  held.release();
  await first;
  const error = item(
    "error",
    sqlOp("SELECT ERROR('Transaction is aborted due to concurrent update against table p:d.t') AS x", {
      returns: { x: "string" },
    }),
  );
  expect(await failure(session.atomic(block([fence, error]), io()))).toMatchObject({ kind: "conflict", outcome: "not-applied" });
});

it("tells the error of a statement, and keeps nothing of the block", async () => {
  const bad = item("bad", sqlOp("SELECT CAST('abc' AS INT64) AS x", { returns: { x: "int64" } }));
  expect(await failure(session.atomic(block([add(1), bad]), io()))).toMatchObject({ kind: "bad-data", outcome: "not-applied" });
  expect(await count()).toBe("0");
});

it("cancels a block that is aborted, and one whose time is over", async () => {
  const struck = place.sim.faults.add({ sql: "BEGIN TRANSACTION" }, { hang: true }, 2);
  const end = new AbortController();
  const running = failure(session.atomic(block([fence, add(7)]), io({ signal: end.signal })));
  while (struck.times === 0) await new Promise((resolve) => setImmediate(resolve));
  end.abort();
  expect(await running).toMatchObject({ kind: "cancelled", outcome: "not-applied" });
  const late = failure(session.atomic(block([fence, add(8)], { timeoutMs: 200 }), io()));
  expect(await late).toMatchObject({ kind: "cancelled", outcome: "not-applied" });
  expect(await count()).toBe("0");
});

it("tells what a block would read, and that it cannot tell where a table is not there yet", async () => {
  const found = await session.estimate?.(block([fence, add(1), rows]), io(), 0);
  expect(found).toEqual({ bytes: expect.any(Number) });
  const missing = item("missing", sqlOp("SELECT n FROM nowhere", { returns: { n: "int64" } }));
  expect(await session.estimate?.(block([missing]), io(), 0)).toEqual({ bytes: null });
  expect(await count()).toBe("0");
});

it("does nothing once it is closed", async () => {
  await session.close();
  await session.close();
  expect(await failure(session.execute(sqlOp("SELECT 1 AS a"), io()))).toMatchObject({ kind: "other", outcome: "not-applied" });
});
