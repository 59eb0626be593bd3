import { cutover, maxDrop, notNull, query, rowCount, rows, sql, table, unique } from "cutover";
import { expect, onTestFinished, test } from "vitest";
import { project } from "./place.js";
import { purposes } from "./purposes.js";

const things = table("app.things", {
  columns: { id: "int64", v: "int64", seq: "int64" },
  key: "id",
  cursor: "seq",
  checks: [rowCount({ min: 1 }), notNull("id", "v"), unique("id"), maxDrop(0.5)],
});
const some = (v: number, n = 5) => rows(Array.from({ length: n }, (_, id) => ({ id, v, seq: v })));

test("every job bears a word that says what it is for, and is of a kind that the page tells", async () => {
  const p = await project();
  onTestFinished(() => p.close());
  await p.sql("CREATE TABLE app.things (id INT64 NOT NULL, v INT64, seq INT64)");
  await p.sql("INSERT INTO app.things VALUES (1, 1, 0)");
  const etl = cutover({ warehouse: p.warehouse, pipeline: "things", tables: { things } });
  const jobs = await p.jobs(async () => {
    await etl.adopt();
    for (const v of [1, 2, 3, 4, 5]) await etl.run({ things: some(v) });
    await etl.run({ things: query(sql`SELECT id, v + 1 AS v, 6 AS seq FROM app.things`) });
    await etl.run({ things: some(7, 20_000) });
    await etl.rollback({ to: 2, restore: "time-travel" });
    await etl.unhold();
    const candidate = await etl.clone();
    await candidate.load({ things: some(8) });
    await candidate.transform(sql`UPDATE ${candidate.refs.things} SET v = 0 WHERE id = 1`);
    await candidate.validate();
    await candidate.swap();
    await etl.rollback();
    await etl.redo();
    await etl.audit();
    await etl.check();
    await etl.recover();
    for await (const _ of etl.history());
    for await (const _ of etl.diff("things", { from: 6, to: 7 }));
  });
  // The first to ask for a lease finds no ledger yet: that job fails before it is known to be a script.
  const seen = jobs
    .filter((j) => j.outcome === "ok")
    .map(({ kind, sql: text, id, statementType }) => {
      const word = /^\/\* cutover \S+ (\S+)/.exec(text)?.[1] ?? /^cutover_things_(\w+?)_/.exec(id)?.[1] ?? "swap";
      return { word, kind: statementType === "SCRIPT" ? "script" : kind };
    });
  const found = Object.fromEntries(
    [...new Set(seen.map((j) => j.word))].map((word) => [
      word,
      [...new Set(seen.filter((j) => j.word === word).map((j) => j.kind))].sort(),
    ]),
  );
  const told = Object.fromEntries(Object.keys(found).map((word) => [word, [...(purposes[word]?.jobs ?? [])].sort()]));
  expect(found).toEqual(told);
  expect(Object.keys(found)).toEqual(expect.arrayContaining(["lease", "stage", "publish", "clone", "swap", "restore"]));
  await etl.close();
}, 60_000);
