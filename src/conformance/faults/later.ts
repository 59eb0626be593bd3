import type { Warehouse } from "../../adapter/define.js";
import type { Native, Op, OpResult } from "../../adapter/operations.js";
import { wrapped } from "../wrapped.js";

/** The same warehouse, seen by someone who comes this much later: where the core reads the clock, it reads a later one. */
export function later(warehouse: Warehouse, hours: number): Warehouse {
  const shift = (op: Op<Native>, r: OpResult): OpResult => {
    if ("native" in op || op.returns?.["now"] !== "timestamp") return r;
    return { ...r, rows: r.rows.map((row) => ({ ...row, now: (row["now"] as bigint) + BigInt(hours) * 3_600_000_000n })) };
  };
  return wrapped(warehouse, {
    session: (s) => ({
      execute: async (op, o) => shift(op, await s.execute(op, o)),
      atomic: async (b, o) => {
        const result = await s.atomic(b, o);
        const ops = new Map(b.ops.flatMap((item) => ("op" in item ? [[item.id, item.op] as const] : [])));
        const results = [...result.results].map(([id, r]) => {
          const op = ops.get(id);
          return [id, op === undefined ? r : shift(op, r)] as const;
        });
        return { ...result, results: new Map(results) };
      },
    }),
  });
}
