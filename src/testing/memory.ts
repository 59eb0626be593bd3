import { duckdb } from "cutover/duckdb";
import type { Warehouse } from "../adapter/define.js";
import { configError } from "../pipeline/config.js";

/** How {@link memory} makes its warehouse. */
export interface MemoryOptions {
  /** The most sessions that all pipelines on it use at once, beside one for heartbeats. Default 8. */
  readonly maxSessions?: number;
}

/**
 * A warehouse in memory, for tests: DuckDB, so `@duckdb/node-api` must be installed. Each is empty at first and has nothing to do with
 * any other; its data lives as long as the value, whichever pipelines on it are closed.
 * @example
 * const warehouse = memory();
 * const etl = cutover({ warehouse, pipeline: "orders", tables: { orders } });
 * await etl.run({ orders: rows([{ id: 1, customer: "Ada" }]) });
 * await read(warehouse, orders); // [{ id: 1n, customer: "Ada" }]
 * @throws CutoverError `CONFIG` when an option is wrong.
 */
export function memory(options: MemoryOptions = {}): Warehouse {
  const { maxSessions, ...rest } = options;
  const issues = Object.keys(rest).map((path) => ({ path, message: "is no option of memory(); there is maxSessions" }));
  if (issues.length > 0) throw configError(issues);
  return duckdb(maxSessions === undefined ? {} : { maxSessions });
}
