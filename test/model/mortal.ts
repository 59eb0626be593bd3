import type { Warehouse } from "cutover";
import { type AdapterSpec, type AtomicBlock, adapterOf, type Capabilities, defineAdapter, type Native } from "cutover/adapter";

/** What is to happen to one owner. Read at each contact with the warehouse, so it can be set between two calls. */
export interface Fortune {
  /** Contacts left until its death; null: it lives on. */
  contacts: number | null;
  dead: boolean;
  /** The connection is lost around the next commit that publishes or moves. */
  lose: "before" | "after" | null;
}
export const fortune = (): Fortune => ({ contacts: null, dead: false, lose: null });

class Died extends Error {
  override readonly name = "Died";
}
class Lost extends Error {
  override readonly name = "Lost";
}
const decisive: ReadonlySet<string> = new Set(["publish", "swap", "rollback", "redo"]);

/** The same warehouse for an owner who can die at any statement, inside a transaction too, and whose connection can be lost. */
export function mortal(warehouse: Warehouse, f: Fortune): Warehouse {
  const adapter = adapterOf(warehouse);
  if (adapter === null) throw new Error("no warehouse");
  const contact = (): void => {
    if (f.contacts !== null && f.contacts-- <= 0) f.dead = true;
    if (f.dead) throw new Died("the process died");
  };
  const met =
    <A extends readonly unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      contact();
      return call(...args);
    };
  const lost = (b: AtomicBlock, side: "before" | "after"): boolean => {
    if (f.lose !== side || b.end !== "commit" || !decisive.has(b.id)) return false;
    f.lose = null;
    return true;
  };
  const within = (b: AtomicBlock): AtomicBlock => {
    if (f.contacts === null && f.lose === null) return b;
    const before = (name: string, body: () => void) => ({
      id: `mortal.${name}`,
      inspect: async () => {
        body();
        return { ok: true };
      },
    });
    const end = before("end", () => {
      contact();
      if (lost(b, "before")) throw new Lost("the connection was lost");
    });
    return { ...b, ops: [...b.ops.flatMap((op, i) => [before(String(i), contact), op]), end] };
  };
  const spec: AdapterSpec<Capabilities, Native> = {
    ...(adapter as AdapterSpec<Capabilities, Native>),
    contract: 1,
    open: async (o) => {
      contact();
      const s = await adapter.open(o);
      return {
        ...s,
        execute: met(s.execute),
        stage: met(s.stage),
        columnsOf: met(s.columnsOf),
        describe: met(s.describe),
        list: met(s.list),
        atomic: async (b, io) => {
          contact();
          const result = await s.atomic(within(b), io);
          contact();
          if (result.outcome === "committed" && lost(b, "after")) throw new Lost("the connection was lost");
          return result;
        },
      };
    },
    classify: (e) => (e instanceof Lost ? { kind: "transient", outcome: "unknown" } : adapter.classify(e)),
  };
  return defineAdapter<Native>()(spec);
}
