import type { Warehouse } from "../../adapter/define.js";
import { isCutoverError } from "../../errors/index.js";
import type { Duration } from "../../pipeline/duration.js";
import { cutover } from "../../pipeline/pipeline.js";
import { rows } from "../../source/source.js";
import { table } from "../../table/define.js";

/** Turns that contenders take, one row a turn, and a row that counts them all. */
const turns = table("turns", { columns: { id: "string", n: "int64", seq: "int64" }, key: "id", cursor: "seq" });
export const turnsPipeline = (warehouse: Warehouse, wait: Duration = 0, ledgerSchema = "cutover_ledger") =>
  cutover({ warehouse, pipeline: "turns", ledgerSchema, tables: { turns }, lease: { wait } });

/** One of many who want the same pipeline; data only, so that it can be told to another process. */
export interface Contender {
  readonly who: string;
  /** How many releases it must publish. */
  readonly rounds: number;
  /** How long it waits for the others each time. 0: it asks again by itself. */
  readonly wait: Duration;
  /** Default `cutover_ledger`. */
  readonly ledgerSchema?: string;
}
/** What came of it: its releases, and the codes with which it was turned away. */
export interface Contended {
  readonly releases: readonly number[];
  readonly refusals: readonly string[];
}

/**
 * Publishes until it has had all of its turns. Each turn reads the watermark and counts one further: two who published at the
 * same time would count the same number, and one turn would be lost. Opens and closes its own pipeline for each turn, since a
 * process may have to let the warehouse go before another can come.
 */
export async function contend(warehouse: Warehouse, c: Contender): Promise<Contended> {
  const releases: number[] = [];
  const refusals: string[] = [];
  while (releases.length < c.rounds) {
    const own = turnsPipeline(warehouse, c.wait, c.ledgerSchema);
    try {
      const report = await own.run(({ since }) => {
        const n = (since.turns ?? 0n) + 1n;
        return {
          turns: rows([
            { id: "all", n, seq: n },
            { id: `${c.who} ${releases.length}`, n, seq: n },
          ]),
        };
      });
      releases.push(report.release);
    } catch (e) {
      if (!isCutoverError(e, "LEASE_HELD") || c.wait !== 0) throw e;
      refusals.push(e.code);
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      await own.close();
    }
  }
  return { releases, refusals };
}
