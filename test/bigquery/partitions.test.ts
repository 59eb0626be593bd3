import { cutover, notNull, rowCount, rows, table, unique } from "cutover";
import { adapterOf, raw } from "cutover/adapter";
import { bigquery } from "cutover/bigquery";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { type Simulator, startBigQuery } from "../simulators/bigquery/server.js";

let sim: Simulator;
beforeAll(async () => {
  sim = await startBigQuery();
});
afterAll(() => sim.close());

const filtered = "OPTIONS (require_partition_filter = true)";
/** How live is cut. */
const cuts: Readonly<Record<string, string>> = {
  none: "",
  day: `PARTITION BY d ${filtered}`,
  month: `PARTITION BY DATE_TRUNC(d, MONTH) ${filtered}`,
  hour: `PARTITION BY TIMESTAMP_TRUNC(moment, HOUR) ${filtered}`,
  local: `PARTITION BY DATETIME_TRUNC(local, DAY) ${filtered}`,
  range: `PARTITION BY RANGE_BUCKET(n, GENERATE_ARRAY(0, 100, 10)) ${filtered}`,
  ingestion: `PARTITION BY _PARTITIONDATE ${filtered}`,
};
const columns = { id: "int64", v: "string?", d: "date?", moment: "timestamp?", local: "datetime?", n: "int64?" } as const;
const two = (n: number): string => String(n).padStart(2, "0");
/** Every fifth row is in no partition. */
const row = (id: number, v: string, day = 1 + (id % 25)) => ({
  id,
  v,
  d: id % 5 === 0 ? null : `2024-${two(1 + (day % 12))}-${two(day)}`,
  moment: id % 5 === 0 ? null : `2024-01-${two(day)}T00:00:00Z`,
  local: id % 5 === 0 ? null : `2024-01-${two(day)}T00:00:00`,
  n: id % 5 === 0 ? null : day * 3,
});
const many = (): readonly ReturnType<typeof row>[] => Array.from({ length: 500 }, (_, id) => row(id, "x".repeat(2000)));

async function make(name: string, cut: string) {
  const warehouse = bigquery({ ...sim.connectionOptions() });
  const o = { tag: "partitions", signal: new AbortController().signal };
  const session = await adapterOf(warehouse)?.open(o);
  await session?.execute(
    { sql: raw(`CREATE TABLE ${name} (id INT64 NOT NULL, v STRING, d DATE, moment TIMESTAMP, local DATETIME, n INT64) ${cut}`) },
    o,
  );
  await session?.close();
  return warehouse;
}
const job = z.object({
  statistics: z.object({
    parentJobId: z.string().optional(),
    query: z.object({ statementType: z.string(), totalBytesProcessed: z.string() }).optional(),
  }),
});
/** Bytes that the changes of the latest script read: of live, and of what is staged. */
function changing(): number {
  const children = sim.jobs().flatMap((j) => {
    const { statistics } = job.parse(j);
    return statistics.query === undefined ? [] : [{ of: statistics.parentJobId, ...statistics.query }];
  });
  const latest = children.find((c) => c.statementType === "MERGE")?.of;
  const some = children.filter((c) => c.of === latest && ["INSERT", "MERGE"].includes(c.statementType));
  return some.reduce((sum, c) => sum + Number(c.totalBytesProcessed), 0);
}

describe("a table that is cut into partitions", () => {
  const read: Record<string, number> = {};
  it.each(Object.entries(cuts))("%s: is published to, rolled back, redone and told as any other", async (cut, by) => {
    const warehouse = await make(`t_${cut}`, by);
    const t = table(`t_${cut}`, { columns, key: "id", checks: [rowCount({ min: 1 }), notNull("id", "v"), unique("id")] });
    const etl = cutover({ warehouse, pipeline: cut, tables: { t } });
    await etl.run({ t: rows(many()) });
    // A row that is changed, one that goes to another partition, one without, and one that is new.
    const { tables } = await etl.run({ t: rows([row(3, "new"), row(4, "moved", 24), row(10, "none"), row(1003, "came")]) });
    read[cut] = changing();
    expect(tables.t).toMatchObject({ inserted: 1, updated: 3, deleted: 0, rows: 501 });
    await etl.rollback();
    await etl.unhold();
    await etl.redo();
    expect((await etl.audit()).ok).toBe(true);
    const changes = [];
    for await (const change of etl.diff("t", { from: 1, to: 2 })) changes.push(change.op);
    expect(changes.sort()).toEqual(["insert", "update", "update", "update"]);
    await etl.close();
  });
  it("is read in the partitions that a release has to do with, and no others", () => {
    for (const cut of ["day", "month", "hour", "range"]) expect(read[cut], cut).toBeLessThan((read["none"] as number) / 2);
  });
  it("is overwritten by partition, the others left unread", async () => {
    const warehouse = await make("overwritten", cuts["day"] as string);
    const t = table("overwritten", { columns: { ...columns, d: "date" }, mode: "partition", partition: "d" });
    const etl = cutover({ warehouse, pipeline: "overwritten", tables: { t } });
    const some = many().flatMap(({ d, ...r }) => (d === null ? [] : [{ ...r, d }]));
    await etl.run({ t: rows(some) });
    const { tables } = await etl.run({
      t: rows([some[0], some[0], some[0]].flatMap((r) => (r === undefined ? [] : [{ ...r, v: "new" }]))),
    });
    expect(changing()).toBeLessThan((read["none"] as number) / 2);
    expect(tables.t).toMatchObject({ inserted: 3, rows: 400 - 20 + 3 });
    await etl.rollback();
    expect((await etl.audit()).ok).toBe(true);
    await etl.close();
  });
});
