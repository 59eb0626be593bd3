import { DuckDBFault } from "../../adapters/duckdb/errors.js";
import type { Hooks } from "./interpose.js";
import type { Db } from "./warehouse.js";

/** The answer to a call was lost: it may have taken effect. */
export const lost = (): Error => new DuckDBFault("connection lost", { kind: "other", outcome: "unknown" });
export const transient = (): Error => new DuckDBFault("the network failed", { kind: "transient", outcome: "not-applied" });
export const conflict = (): Error => new DuckDBFault("conflict", { kind: "conflict", outcome: "not-applied" });

/** Loses the answer to the next block of that name: `after` it took effect, or `before` it was sent. Once; `then` runs first. */
export function loseAnswer(hooks: Hooks, block: string, when: "before" | "after", then: () => unknown = () => undefined): void {
  const hook = when === "after" ? "afterBlock" : "beforeBlock";
  hooks[hook] = async (b) => {
    if (b !== block) return;
    delete hooks[hook];
    await then();
    throw lost();
  };
}

/** The owner stalled for an hour. */
export async function expire(db: Db): Promise<void> {
  await db.query(`UPDATE ${await leaseOf(db)} SET expires_at = expires_at - INTERVAL 1 HOUR WHERE owner IS NOT NULL`);
}
/** The table of the one lease that there is. */
export async function leaseOf(db: Db): Promise<string> {
  const [lease] = (await db.tables()).filter((t) => t.startsWith("cutover_ledger.lease_"));
  if (lease === undefined) throw new Error("there is no lease");
  return lease;
}
