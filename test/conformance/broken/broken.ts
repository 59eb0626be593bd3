import type { Warehouse } from "cutover";
import { type Adapter, adapterOf, type Native, type Session } from "cutover/adapter";
import { duckdb } from "cutover/duckdb";
import { type Wrap, wrapped } from "../../../src/conformance/wrapped.js";
import { plainDdl } from "../../support/plain-ddl.js";

/** What is changed, given the adapter as it is. */
export type Change = (own: Adapter) => Wrap;

/** An adapter that is wrong on purpose, and the case that must find it out. */
export interface Broken {
  /** What it does wrong, in a few words. */
  readonly what: string;
  /** The name of the case that must fail. */
  readonly fails: string;
  readonly warehouse: () => Warehouse;
}
const changed =
  (engine: () => Warehouse) =>
  (what: string, fails: string, change: Change): Broken => ({
    what,
    fails,
    warehouse: () => {
      const warehouse = engine();
      return wrapped(warehouse, change(adapterOf(warehouse) as Adapter));
    },
  });
/** DuckDB with one thing changed. */
export const broken = changed(() => duckdb());
/** The same, where DDL has no part in transactions. */
export const brokenApart = changed(plainDdl);

/** Changes of its session. */
export const session = (change: (s: Session<Native>) => Partial<Session<Native>>) => (): Wrap => ({ session: change });
