import type { Db } from "./warehouse.js";

export interface Readers {
  /** Different answers seen, and errors; ends the reading. */
  stop(): Promise<{ readonly reads: number; readonly seen: readonly string[]; readonly errors: readonly string[] }>;
  /** Resolves when every reader has read once more. */
  turn(): Promise<void>;
}
/** One line that tells the contents of a table. */
export const tally = (table: string): string =>
  `SELECT count(*)::VARCHAR || ':' || coalesce(sum(hash(t)), 0)::VARCHAR AS tally FROM ${table} AS t`;

/** Reads without pause on connections of their own. */
export async function readers(db: Db, sql: string, count = 2): Promise<Readers> {
  const seen = new Set<string>();
  const errors: string[] = [];
  const made = Array.from({ length: count }, () => 0);
  let on = true;
  const loops = made.map(async (_, i) => {
    const c = await db.connect();
    while (on) {
      try {
        const found = (await c.runAndReadAll(sql)).getRowsJson();
        seen.add(JSON.stringify(found));
      } catch (e) {
        errors.push(String(e));
      }
      made[i] = (made[i] ?? 0) + 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  const turn = async (): Promise<void> => {
    const from = [...made];
    while (made.some((n, i) => n < (from[i] ?? 0) + 2)) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    turn,
    stop: async () => {
      on = false;
      await Promise.all(loops);
      return { reads: made.reduce((a, b) => a + b, 0), seen: [...seen], errors };
    },
  };
}
