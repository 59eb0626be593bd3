import { accounting, type Tidier, tidier } from "./accounting.js";
import type { Catalog } from "./catalog.js";
import { type Quotas, quotas } from "./quota.js";
import { insertDataset } from "./resources.js";
import { openStore } from "./store.js";
import type { Core } from "./transactions.js";
import type { SimEngineOptions } from "./types.js";

export interface OpenCore extends Core {
  readonly quotas: Quotas;
  readonly during: Tidier["during"];
  advance(milliseconds: number): void;
  stats(): Record<string, number>;
  close(): Promise<void>;
}

/** A clock in microseconds that can be put forward, and one that never says the same twice. */
function clock(given: (() => number) | undefined): Pick<Catalog, "now" | "tick"> & { advance(milliseconds: number): void } {
  let last = 0n;
  let ahead = 0n;
  const base = Date.now() - performance.now();
  const wall = () => BigInt(Math.round((given?.() ?? base + performance.now()) * 1000)) + ahead;
  return {
    now: () => {
      const at = wall();
      return at > last ? at : last;
    },
    tick: () => {
      const at = wall();
      last = at > last ? at : last + 1n;
      return last;
    },
    advance: (milliseconds) => {
      ahead += BigInt(Math.round(milliseconds * 1000));
    },
  };
}

/** A project in memory. */
export async function openCore(o: SimEngineOptions): Promise<OpenCore> {
  const store = await openStore();
  const { now, tick, advance } = clock(o.now);
  const location = o.location ?? "US";
  const catalog: Catalog = { project: o.project, location, datasets: new Map(), ids: 0, tick, now };
  for (const datasetId of o.datasets ?? []) insertDataset(catalog, { projectId: o.project, datasetId }, {});
  const open: Core["open"] = new Set();
  const { tidy, during, settled } = tidier(catalog, store, open);
  return {
    catalog,
    store,
    locks: new WeakMap(),
    quotas: quotas(now),
    open,
    tidy,
    during,
    advance,
    stats: () => accounting(catalog, store, open),
    async close() {
      await settled();
      for (const duck of store.idle) duck.disconnectSync();
      store.own.disconnectSync();
      store.instance.closeSync();
    },
  };
}
