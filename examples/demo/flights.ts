import { between, cutover, maxDrop, notNull, type Observer, type Pipeline, rowCount, table, type Warehouse } from "cutover";

// No columns are declared: they are live's, so that this definition outlives the change of schema in step 5.
const flights = table("flights", {
  // The data has no key (191 rows are exact duplicates), so a load replaces whole days.
  mode: "partition",
  partition: "day",
  cursor: "day",
  lookback: "2d",
  checks: [
    rowCount({ min: 1 }),
    maxDrop(0.2, { per: "partition" }),
    between("delay", { min: -1116, max: 1688 }),
    notNull("day", "date", "delay", "distance", "origin", "destination"),
  ],
});

export type Flights = Pipeline<{ flights: typeof flights }>;
export const flightsPipeline = (warehouse: Warehouse, observer: Observer): Flights =>
  cutover({ warehouse, pipeline: "flights", tables: { flights }, keep: 10, observers: [observer] });

/** The columns that the files have from the first day on. */
export const delivered = '"day", "date", "delay", "distance", "origin", "destination"';

/** Readers come before the first release, so the table is there, and empty. */
export const emptyTable = `CREATE TABLE flights (
  "day" DATE NOT NULL, "date" DATETIME NOT NULL, "delay" BIGINT NOT NULL, "distance" BIGINT NOT NULL,
  "origin" STRING NOT NULL, "destination" STRING NOT NULL)`;
