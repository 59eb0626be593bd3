import type { Capabilities } from "../../adapter/capabilities.js";
import { type Adapter, type AdapterSpec, adapterOf, defineAdapter, type Warehouse } from "../../adapter/define.js";
import type { Native, OpResult } from "../../adapter/operations.js";

/** The same warehouse, seen by someone who comes this much later: where the core reads the clock, it reads a later one. */
export function later(warehouse: Warehouse, hours: number): Warehouse {
  const adapter = adapterOf(warehouse) as Adapter;
  const shift = (r: OpResult): OpResult => ({
    ...r,
    rows: r.rows.map((row) => ({ ...row, now: (row["now"] as bigint) + BigInt(hours) * 3_600_000_000n })),
  });
  const spec = adapter as unknown as AdapterSpec<Capabilities, Native>;
  return defineAdapter<Native>()({
    ...spec,
    contract: 1,
    open: async (o) => {
      const session = await adapter.open(o);
      return {
        ...session,
        atomic: async (b, io) => {
          const result = await session.atomic(b, io);
          const clocks = new Set(b.ops.flatMap((op) => ("step" in op && op.step === "readLease" ? [op.id] : [])));
          const results = new Map([...result.results].map(([id, r]) => [id, clocks.has(id) ? shift(r) : r]));
          return { ...result, results };
        },
      };
    },
  });
}
