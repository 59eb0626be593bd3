import type { Db } from "./place.js";

/** What a whole table holds, in one statement: the number of its rows, and the sum of their hashes. */
export async function tallyOf(db: Db, table: string): Promise<string> {
  const [[rows, hash] = []] = await db.rows(`SELECT count(*), ${db.hash} FROM ${table} AS t`);
  return `${Number(rows).toLocaleString("en-US")} rows, hash ${hash}`;
}

/** Reads a table again and again, without pause, and remembers every state that it has seen. */
export class Reader {
  reads = 0;
  readonly failures: string[] = [];
  readonly #seen = new Map<string, number>();
  readonly #loop: Promise<void>;
  #stopped = false;

  constructor(db: Db, table: string) {
    this.#loop = this.#read(db, table);
  }

  async #read(db: Db, table: string): Promise<void> {
    while (!this.#stopped) {
      try {
        const state = await tallyOf(db, table);
        this.#seen.set(state, (this.#seen.get(state) ?? 0) + 1);
        this.reads += 1;
      } catch (e) {
        this.failures.push(String(e));
      }
    }
  }

  /** Different states seen so far. */
  get states(): number {
    return this.#seen.size;
  }

  /** What was seen that is none of these, once for each read. */
  outside(released: ReadonlySet<string>): string[] {
    return [...this.#seen].flatMap(([state, times]) => (released.has(state) ? [] : Array.from({ length: times }, () => state)));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
  }
}
