import type { Warehouse } from "cutover";
import { type AdapterSpec, adapterOf, type Capabilities, defineAdapter, type Native, type Session } from "cutover/adapter";
import { duckdb } from "cutover/duckdb";

type Spec = AdapterSpec<Capabilities, Native>;

/** An adapter that is wrong on purpose, and the case that must find it out. */
export interface Broken {
  /** What it does wrong, in a few words. */
  readonly what: string;
  /** The name of the case that must fail. */
  readonly fails: string;
  readonly warehouse: () => Warehouse;
}
/** DuckDB with one thing changed. */
export function broken(what: string, fails: string, change: (spec: Spec) => Partial<Spec>): Broken {
  return {
    what,
    fails,
    warehouse: () => {
      const spec: Spec = { ...(adapterOf(duckdb()) as unknown as Spec), contract: 1 };
      return defineAdapter<Native>()({ ...spec, ...change(spec) });
    },
  };
}
/** Changes of its session. */
export const session =
  (change: (s: Session<Native>) => Partial<Session<Native>>) =>
  (spec: Spec): Partial<Spec> => ({
    open: async (o) => {
      const s = await spec.open(o);
      return { ...s, ...change(s) };
    },
  });
