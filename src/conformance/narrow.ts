import type { Capabilities } from "../adapter/capabilities.js";
import { type AdapterSpec, adapterOf, defineAdapter, type Warehouse } from "../adapter/define.js";
import type { Native } from "../adapter/operations.js";

/**
 * The same warehouse by an adapter that can do less: some capabilities replaced, and the compilers that are dead then left
 * out. What the core refuses on engines that cannot can so be asked on every engine.
 */
export function narrowed(warehouse: Warehouse, less: Partial<Capabilities>): Warehouse {
  const adapter = adapterOf(warehouse);
  if (adapter === null) throw new Error("narrowed() takes a warehouse made by defineAdapter()");
  const capabilities: Capabilities = { ...adapter.capabilities, ...less };
  const { clone, swap, regrant, ...portable } = adapter.steps;
  const steps = {
    ...portable,
    ...(capabilities.clone === "none" ? {} : { clone }),
    ...(capabilities.swap === "none" ? {} : { swap }),
    ...(capabilities.grants ? { regrant } : {}),
  };
  const spec = { ...adapter, contract: 1, capabilities, steps } as AdapterSpec<Capabilities, Native>;
  return defineAdapter<Native>()(spec);
}
