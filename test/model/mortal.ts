import type { Warehouse } from "cutover";
import type { AtomicBlock } from "cutover/adapter";
import { wrapped } from "../../src/conformance/wrapped.js";

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
  const contact = (): void => {
    if (f.contacts !== null && f.contacts-- <= 0) f.dead = true;
    if (f.dead) throw new Died("the process died");
  };
  const met = async <R>(call: () => Promise<R>): Promise<R> => {
    contact();
    return call();
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
  return wrapped(warehouse, {
    open: (open, o) => met(() => open(o)),
    session: (s) => ({
      execute: (op, o) => met(() => s.execute(op, o)),
      stage: (into, columns, from, o) => met(() => s.stage(into, columns, from, o)),
      columnsOf: (source, o) => met(() => s.columnsOf(source, o)),
      describe: (ref, o, what) => met(() => s.describe(ref, o, what)),
      list: (schema, prefix, o) => met(() => s.list(schema, prefix, o)),
      hasSchema: (schema, o) => met(() => s.hasSchema(schema, o)),
      atomic: async (b, o) => {
        contact();
        const result = await s.atomic(within(b), o);
        contact();
        if (result.outcome === "committed" && lost(b, "after")) throw new Lost("the connection was lost");
        return result;
      },
    }),
    classify: (e, own) => (e instanceof Lost ? { kind: "transient", outcome: "unknown" } : own(e)),
  });
}
