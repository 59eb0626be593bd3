import type { Warehouse } from "cutover";
import type { AtomicBlock } from "cutover/adapter";
import { wrapped } from "../../src/conformance/wrapped.js";

/** Where the tests stand between the library and the warehouse. What a hook throws is thrown by the session. */
export interface Hooks {
  beforeBlock?(block: string): void | Promise<void>;
  /** Inside the transaction, before each of its operations, and once more before it ends: `id` is "end" then. */
  inBlock?(block: string, id: string, index: number): void | Promise<void>;
  afterBlock?(block: string): void | Promise<void>;
  /** Before a statement that commits by itself, and before rows are staged; `tag` ends in the step's name, or in "stage". */
  beforeStatement?(tag: string): void | Promise<void>;
}

/** The same warehouse with hooks. They are read at each call, so they can be set between two calls. */
export function interpose(warehouse: Warehouse, hooks: Hooks): Warehouse {
  const within = (b: AtomicBlock): AtomicBlock => {
    if (hooks.inBlock === undefined) return b;
    const stop = (id: string, index: number) => ({
      id: `hook.${index}`,
      inspect: async () => {
        await hooks.inBlock?.(b.id, id, index);
        return { ok: true };
      },
    });
    return { ...b, ops: [...b.ops.flatMap((op, i) => [stop(op.id, i), op]), stop("end", b.ops.length)] };
  };
  return wrapped(warehouse, {
    session: (s) => ({
      execute: async (op, io) => {
        await hooks.beforeStatement?.(io.tag);
        return s.execute(op, io);
      },
      stage: async (into, columns, from, io) => {
        await hooks.beforeStatement?.(io.tag);
        return s.stage(into, columns, from, io);
      },
      atomic: async (b, io) => {
        await hooks.beforeBlock?.(b.id);
        const result = await s.atomic(within(b), io);
        await hooks.afterBlock?.(b.id);
        return result;
      },
    }),
  });
}
