import type { Warehouse } from "cutover";
import { ident, raw, type Sql, type TableRef, template } from "cutover/adapter";
import { conformance, type Harness } from "cutover/conformance";
import { duckdb } from "cutover/duckdb";
import { capabilities } from "../../adapters/duckdb/capabilities.js";
import { portable } from "../support/warehouse.js";

/** A place of its own for each case, in memory. */
const inMemory =
  (warehouse: () => Warehouse): Harness["open"] =>
  async () => ({ warehouse: warehouse(), dispose: async () => undefined });

/** What DuckDB tables can bear that a clone and a swap must carry. */
export const decorate = (table: TableRef): readonly Sql[] => [
  template`CREATE INDEX ${ident([`${table.path.at(-1)}_note`])} ON ${ident(table.path)} (${ident(["note"])})`,
  template`COMMENT ON TABLE ${ident(table.path)} IS ${raw("'what it''s for'")}`,
  template`COMMENT ON COLUMN ${ident([...table.path, "note"])} IS ${raw("'a note'")}`,
];
/** One thread: the statements are tiny, and a second one only waits for them. */
export const harness = (over: Partial<Harness> = {}): Harness => ({
  open: inMemory(() => duckdb({ config: { threads: "1" } })),
  capabilities,
  decorate,
  ...over,
});
export const cases = (over: Partial<Harness> = {}) => conformance(harness(over));
export const portableCases = () => cases({ open: inMemory(() => portable(":memory:")) });
