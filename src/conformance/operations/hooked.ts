import type { Capabilities } from "../../adapter/capabilities.js";
import { type AdapterSpec, adapterOf, defineAdapter, type Warehouse } from "../../adapter/define.js";
import type { Native } from "../../adapter/operations.js";
import type { Session } from "../../adapter/session.js";

/** Where a case stands between the core and the warehouse. What a hook throws, the session throws. */
export interface Hooks {
  beforeOpen?(): void;
  beforeBlock?(block: string): unknown;
  /** Before a statement that commits by itself; `tag` ends in the step's name. */
  beforeStatement?(tag: string): unknown;
}

/** The same warehouse with hooks. They are read at each call, so they can be set between two calls. */
export function hooked(warehouse: Warehouse, hooks: Hooks): Warehouse {
  const adapter = adapterOf(warehouse);
  if (adapter === null) throw new Error("hooked() takes a warehouse made by defineAdapter()");
  const spec: AdapterSpec<Capabilities, Native> = {
    ...(adapter as AdapterSpec<Capabilities, Native>),
    contract: 1,
    open: async (o) => {
      hooks.beforeOpen?.();
      return watched(await adapter.open(o), hooks);
    },
  };
  return defineAdapter<Native>()(spec);
}

/** Method by method, since a session may be an object of a class. */
const watched = (s: Session<Native>, hooks: Hooks): Session<Native> => ({
  home: s.home,
  async execute(op, o) {
    await hooks.beforeStatement?.(o.tag);
    return s.execute(op, o);
  },
  async atomic(block, o) {
    await hooks.beforeBlock?.(block.id);
    return s.atomic(block, o);
  },
  stream: (sql, returns, o) => s.stream(sql, returns, o),
  stage: (into, columns, from, o) => s.stage(into, columns, from, o),
  columnsOf: (source, o) => s.columnsOf(source, o),
  describe: (ref, o) => s.describe(ref, o),
  list: (schema, prefix, o) => s.list(schema, prefix, o),
  close: () => s.close(),
});
