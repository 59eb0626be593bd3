import type { Warehouse } from "../../adapter/define.js";
import { wrapped } from "../wrapped.js";

/** Where a case stands between the core and the warehouse. What a hook throws, the session throws. */
export interface Hooks {
  beforeOpen?(): void;
  beforeBlock?(block: string): unknown;
  /** Before a statement that commits by itself; `tag` ends in the step's name. */
  beforeStatement?(tag: string): unknown;
}

/** The same warehouse with hooks. They are read at each call, so they can be set between two calls. */
export const hooked = (warehouse: Warehouse, hooks: Hooks): Warehouse =>
  wrapped(warehouse, {
    open: async (open, o) => {
      hooks.beforeOpen?.();
      return open(o);
    },
    session: (s) => ({
      async execute(op, o) {
        await hooks.beforeStatement?.(o.tag);
        return s.execute(op, o);
      },
      async atomic(block, o) {
        await hooks.beforeBlock?.(block.id);
        return s.atomic(block, o);
      },
    }),
  });
