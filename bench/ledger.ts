import { copyFileSync } from "node:fs";
import { ordersOn, prepareOrders, release, writeDelta } from "./orders.js";
import { bare, figure, type Group, median, ms, onCopy, rounds } from "./support.js";

/** A journal of many releases, each as large as a real one, before the last. */
async function lengthen(path: string, releases: number): Promise<void> {
  await bare(path, async (c) => {
    await c.run(`UPDATE cutover_ledger.journal SET seq = seq + ${releases}`);
    await c.run(`INSERT INTO cutover_ledger.journal SELECT j.pipeline, i, i, 'published', j.recorded_at, j.fence, j.payload
      FROM cutover_ledger.journal j, range(1, ${releases + 1}) t(i) WHERE j.event = 'published' QUALIFY row_number() OVER (PARTITION BY i ORDER BY j.seq) = 1`);
    await c.run("CHECKPOINT");
  });
}

/** What the length of history costs. */
export const ledger: Group = async ({ rows, runs }, dir) => {
  const releases = Math.ceil(rows / 100);
  const [empty, long, delta] = [`${dir}/empty.duckdb`, `${dir}/long.duckdb`, `${dir}/ledger.parquet`];
  const size = Math.max(1000, releases);
  await prepareOrders(empty, size);
  const first = `${dir}/before.parquet`;
  await writeDelta(empty, first, size, 10, 1);
  const etl = ordersOn(empty);
  await release(etl, first);
  await etl.close();
  copyFileSync(empty, long);
  await lengthen(long, releases);
  await writeDelta(empty, delta, size, 90, 10);
  const on = (file: string, seen: number[]): Promise<number> =>
    onCopy(file, async (path) => {
      const own = ordersOn(path);
      await own.status();
      seen.push(await ms(() => own.status()));
      const took = await ms(() => release(own, delta));
      await own.close();
      return took;
    });
  const status = { empty: [] as number[], long: [] as number[] };
  const took = await rounds(runs, { empty: () => on(empty, status.empty), long: () => on(long, status.long) });
  const against = "an empty ledger (or 20 ms more)";
  return [
    figure(
      { job: `status with ${releases} releases of journal`, against, bar: 1.3 },
      status.long.map((t, i) => t / (status.empty[i] ?? Number.NaN)),
      median(status.long.map((t, i) => t - (status.empty[i] ?? Number.NaN))),
    ),
    figure(
      { job: `release of 100 rows with ${releases} releases of journal`, against, bar: 1.3 },
      took.map((r) => r.long / r.empty),
      median(took.map((r) => r.long - r.empty)),
    ),
  ];
};
