import { type Adapter, adapterOf, type Warehouse } from "../adapter/define.js";
import type { Native } from "../adapter/operations.js";
import type { IoOptions, Session } from "../adapter/session.js";
import { configError } from "../pipeline/config.js";
import { explain } from "../pipeline/session/faults.js";

/** @throws CutoverError `CONFIG` for what is no warehouse. */
export function adapterFor(warehouse: Warehouse): Adapter {
  const adapter = typeof warehouse === "object" && warehouse !== null ? adapterOf(warehouse) : null;
  if (adapter === null) throw configError([{ path: "warehouse", message: "expected a warehouse, such as memory()" }]);
  return adapter;
}

/** Runs `body` on a session of its own; errors of the engine are explained as everywhere. */
export async function onSession<R>(
  warehouse: Warehouse,
  what: string,
  body: (adapter: Adapter, session: Session<Native>, io: IoOptions) => Promise<R>,
): Promise<R> {
  const adapter = adapterFor(warehouse);
  const io = { signal: new AbortController().signal, tag: `cutover testing ${what}` };
  try {
    const session = await adapter.open(io);
    try {
      return await body(adapter, session, io);
    } finally {
      await session.close();
    }
  } catch (e) {
    throw explain(adapter, e, { stage: "load", signal: io.signal, where: {} });
  }
}
