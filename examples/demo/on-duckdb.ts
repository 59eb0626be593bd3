import { rmSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { duckdb } from "cutover/duckdb";
import { type Db, listed, type Place } from "./place.js";

/** A DuckDB file in that folder. */
export async function onDuckdb(dir: string): Promise<Place> {
  const file = join(dir, "flights.duckdb");
  const instance = await DuckDBInstance.create(file);
  return {
    warehouse: duckdb({ instance }),
    connect: async (): Promise<Db> => {
      const c = await instance.connect();
      return {
        run: async (sql) => void (await c.run(sql)),
        rows: async (sql) => (await c.runAndReadAll(sql)).getRowsJson(),
        hash: "CAST(sum(hash(t)) AS VARCHAR)",
        show: async (name, paths) =>
          void (await c.run(`CREATE OR REPLACE TEMP VIEW ${name} AS SELECT * FROM read_parquet([${listed(paths)}])`)),
      };
    },
    close: async (keep) => {
      instance.closeSync();
      if (!keep) rmSync(file, { force: true });
    },
    hint: `The database is left in ${file}; look at it with the DuckDB shell:\n  duckdb ${file} "SELECT release, event, recorded_at FROM cutover_ledger.journal ORDER BY seq"\n  duckdb ${file} "SUMMARIZE flights"`,
  };
}
