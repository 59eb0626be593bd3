import { ordersOf, ordersOn, release } from "./orders.js";
import { bare, figure, type Group, ms, rounds } from "./support.js";

/** A table that does not exist yet, from a Parquet file. */
export const firstLoad: Group = async ({ rows, runs }, dir) => {
  const file = `${dir}/first.parquet`;
  let round = 0;
  const fresh = (): string => `${dir}/first-${round++}.duckdb`;
  await bare(":memory:", (c) => c.run(`COPY (${ordersOf(rows)}) TO '${file}'`));
  const took = await rounds(runs, {
    bare: () => bare(fresh(), (c) => ms(() => c.run(`CREATE TABLE orders AS FROM '${file}'`))),
    run: async () => {
      const etl = ordersOn(fresh());
      await etl.status();
      const took = await ms(() => release(etl, file));
      await etl.close();
      return took;
    },
  });
  return [
    figure(
      { job: `first load by files() of ${rows} rows, 4 checks`, against: "CREATE TABLE AS", bar: 2 },
      took.map((r) => r.run / r.bare),
    ),
  ];
};
