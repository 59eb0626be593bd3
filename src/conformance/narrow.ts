import type { Capabilities } from "../adapter/capabilities.js";
import { adapterOf, type Warehouse } from "../adapter/define.js";
import type { StepKind } from "../adapter/steps.js";
import { wrapped } from "./wrapped.js";

/**
 * The same warehouse by an adapter that can do less: some capabilities replaced, and the compilers that are dead then left
 * out. What the core refuses on engines that cannot can so be asked on every engine.
 */
export function narrowed(warehouse: Warehouse, less: Partial<Capabilities>): Warehouse {
  const adapter = adapterOf(warehouse);
  if (adapter === null) throw new Error("narrowed() takes a warehouse made by defineAdapter()");
  const c = { ...adapter.capabilities, ...less };
  const dead: Partial<Record<StepKind, boolean>> = {
    clone: c.clone === "none",
    swap: c.swap === "none",
    mark: c.swap === "none" || c.transactionalDdl,
    rename: c.swap === "none" || c.transactionalDdl,
    restore: !c.timeTravel,
    regrant: !c.grants,
  };
  const steps = Object.fromEntries(Object.entries(adapter.steps).filter(([kind]) => dead[kind as StepKind] !== true));
  return wrapped(warehouse, { capabilities: less, steps });
}
