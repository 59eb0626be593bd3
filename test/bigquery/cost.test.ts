import { type CutoverEvent, cutover, isCutoverError, notNull, rowCount, rows, table, unique } from "cutover";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LoggedJob } from "../simulators/bigquery/counts.js";
import { type Project, project } from "./place.js";

let p: Project;
beforeAll(async () => {
  p = await project();
});
afterAll(() => p.close());

const things = (name: string) =>
  table(`app.${name}`, {
    columns: { id: "int64", day: "date", v: "int64", seq: "int64" },
    key: ["id", "day"],
    cursor: "seq",
    checks: [rowCount({ min: 1 }), notNull("id", "v"), unique("id", "day")],
  });
/** Ten rows of each of some days. */
const some = (v: number, days: readonly number[]) =>
  rows(
    days.flatMap((d) =>
      Array.from({ length: 10 }, (_, i) => ({ id: i, day: `2026-01-${String(d).padStart(2, "0")}`, v, seq: v })),
    ),
  );
const all = Array.from({ length: 20 }, (_, i) => i + 1);

async function pipeline(many: number, name: string, partitioned = false) {
  const names = Array.from({ length: many }, (_, i) => `${name}_${i}`);
  const cut = partitioned ? " PARTITION BY day CLUSTER BY id OPTIONS (require_partition_filter = TRUE)" : "";
  for (const n of names) await p.sql(`CREATE TABLE app.${n} (id INT64 NOT NULL, day DATE NOT NULL, v INT64, seq INT64)${cut}`);
  const tables = Object.fromEntries(names.map((n, i) => [`t${i}`, things(n)]));
  const etl = cutover({ warehouse: p.warehouse, pipeline: name, tables });
  const feed = (v: number, days: readonly number[]) =>
    Object.fromEntries(Object.keys(tables).map((alias) => [alias, some(v, days)]));
  return { etl, run: (v: number, days = all) => etl.run(feed(v, days) as never) };
}
const shown = (jobs: readonly LoggedJob[]): readonly string[] =>
  jobs.map((j) => `${j.kind} ${/^\/\* cutover \S+ (\S+)/.exec(j.sql)?.[1] ?? ""}`.trim());
const bytes = (jobs: readonly LoggedJob[]): number => jobs.reduce((sum, j) => sum + j.bytesProcessed, 0);

describe("an incremental release costs one short job, one load job for each delta, and one script", () => {
  for (const many of [1, 3])
    test(`of ${many} table(s)`, async () => {
      const { etl, run } = await pipeline(many, `count${many}`);
      await run(1);
      for (let v = 2; v <= 6; v++) {
        const jobs = await p.jobs(() => run(v, [v]));
        console.log(
          `script of ${many} table(s): ${Math.max(...jobs.map((j) => j.sql.length))} characters, ${bytes(jobs)} bytes read`,
        );
        expect(shown(jobs)).toEqual(["query lease", ...Array.from({ length: many }, () => "load"), "query publish"]);
        expect(jobs[0]?.bytesBilled).toBeLessThanOrEqual(30 * 1024 * 1024);
      }
      await etl.close();
    });
});

test("invariant 8: of a partitioned table the partitions of the release are read, and no others, old ones included", async () => {
  const [whole, cut] = [await pipeline(1, "whole"), await pipeline(1, "cut", true)];
  const read = async ({ run }: typeof whole): Promise<number> => {
    await run(1);
    // The lease's job reads the journal, which is of all pipelines.
    return bytes((await p.jobs(() => run(2, [7]))).filter((j) => /^\/\* cutover \S+ publish /.test(j.sql)));
  };
  const [all20, one] = [await read(whole), await read(cut)];
  console.log(`bytes of a release of 1 day of 20: ${all20} unpartitioned, ${one} partitioned`);
  expect(one).toBeLessThan(all20 / 2);
  for (const { etl } of [whole, cut]) {
    expect((await etl.audit()).ok).toBe(true);
    await etl.rollback();
    expect((await etl.audit()).ok).toBe(true);
    await etl.close();
  }
});

test("maxBytes counts the partitions that a release needs, not the whole table, and refuses before anything is spent", async () => {
  const { etl, run } = await pipeline(1, "budget", true);
  await run(1);
  await run(2, [7]);
  const report = await run(3, [7]);
  const publish = report.stages.find((s) => s.stage === "publish")?.bytes ?? 0;
  const tables = { t0: things("budget_0") };
  const within = (maxBytes: number) => cutover({ warehouse: p.warehouse, pipeline: "budget", tables, maxBytes });
  const [enough, little] = [within(publish * 2), within(100)];
  expect((await enough.run({ t0: some(4, [7]) as never })).status).toBe("published");
  const before = await etl.status();
  const jobs = await p.jobs(async () => {
    const e = await little.run({ t0: some(5, [7]) as never }).catch((thrown: unknown) => thrown);
    expect(isCutoverError(e, "BUDGET") && e.context.bytes > e.context.maxBytes).toBe(true);
  });
  expect(shown(jobs).filter((j) => /publish/.test(j))).toEqual([]);
  expect(await etl.status()).toEqual(before);
  // A plan runs nothing: it tells the most that it could be, as if every partition were read.
  const [block] = (await etl.plan({ rollback: {} })).blocks;
  expect(block?.bytes).toBeGreaterThan(publish);
  for (const each of [etl, enough, little]) await each.close();
});

test("what a swap and a rollback cost", async () => {
  const { etl, run } = await pipeline(1, "swapped", true);
  for (const v of [1, 2, 3]) await run(v, v === 1 ? all : [v]);
  const opened = await p.jobs(async () => {
    const candidate = await etl.clone();
    const validated = await p.jobs(() => candidate.validate());
    const swapped = await p.jobs(() => candidate.swap());
    console.log(`jobs: validate ${shown(validated).join(", ")}; swap ${shown(swapped).join(", ")}; ${bytes(swapped)} bytes`);
    // Readers see one version or the other: one copy job overwrites live.
    expect(
      swapped
        .filter((j) => j.kind === "copy")
        .map((j) => j.id.includes("swap"))
        .filter(Boolean),
    ).toHaveLength(1);
    expect(swapped.length).toBeLessThanOrEqual(7);
  });
  console.log(`jobs: clone, validate and swap ${shown(opened).join(", ")}`);
  const over = await p.jobs(() => etl.rollback());
  await etl.unhold();
  await run(4, [4]);
  const inPlace = await p.jobs(() => etl.rollback());
  console.log(`jobs: rollback over it ${shown(over).join(", ")}; in place ${shown(inPlace).join(", ")}, ${bytes(inPlace)} bytes`);
  expect(shown(inPlace)).toEqual(["query lease", "query rollback", "query free"]);
  await etl.close();
});

test("every job bears the pipeline as a label, and its query a comment that names the step", async () => {
  const { etl, run } = await pipeline(1, "named");
  const jobs = await p.jobs(async () => {
    await run(1);
    await run(2, [2]);
    const candidate = await etl.clone();
    await candidate.swap();
    await etl.rollback();
  });
  for (const j of jobs) {
    expect(j.labels).toMatchObject({ cutover: "named" });
    if (j.kind === "query") expect(j.sql).toMatch(/^\/\* cutover named \w+/);
    expect(j.location).toBe("US");
  }
  await etl.close();
});

test("events name each job as the service does, so that people find it in the service's history", async () => {
  const named: (string | undefined)[] = [];
  await p.sql("CREATE TABLE app.tracked (id INT64 NOT NULL, day DATE NOT NULL, v INT64, seq INT64)");
  const observers = [{ event: (e: CutoverEvent) => void (e.type === "statement" && named.push(e.nativeId)) }];
  await using etl = cutover({ warehouse: p.warehouse, pipeline: "tracked", tables: { t: things("tracked") }, observers });
  const jobs = await p.jobs(() => etl.run({ t: some(1, [1]) }));
  const known = jobs.map((j) => j.id);
  const told = named.filter((id) => id !== undefined);
  expect(told.length).toBeGreaterThan(0);
  expect(told.filter((id) => !known.includes(id))).toEqual([]);
  expect(told).toContain(jobs.findLast((j) => j.sql.includes("publish"))?.id);
});
