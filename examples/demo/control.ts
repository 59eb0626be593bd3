import type { DuckDBInstance } from "@duckdb/node-api";
import type { Feed } from "./prepare.js";
import { Reader, tallyOf } from "./reader.js";
import { listed } from "./stage.js";

const MOST_ROUNDS = 300;
export interface Control {
  readonly reads: number;
  readonly rounds: number;
  /** Reads that saw a state that is neither before nor after a change. */
  readonly half: number;
}

/** The correction of step 3 by two bare statements, back and forth, until the same reader has caught them half-way. */
export async function control(instance: DuckDBInstance, feed: Feed, signal: AbortSignal): Promise<Control> {
  const writing = await instance.connect();
  const reading = await instance.connect();
  await writing.run("CREATE TABLE main.bare AS SELECT * EXCLUDE (late) FROM main.flights");
  const whole = new Set([await tallyOf(writing, "main.bare")]);
  const reader = new Reader(reading, "main.bare");
  let rounds = 0;
  try {
    while (reader.outside(whole).length === 0 && rounds < MOST_ROUNDS) {
      signal.throwIfAborted();
      const folder = rounds % 2 === 0 ? "daily" : "corrected";
      const paths = feed.late.map((day) => feed.file(folder, day));
      await writing.run(`DELETE FROM main.bare WHERE day IN (${listed(feed.late)})`);
      await writing.run(`INSERT INTO main.bare BY NAME SELECT * FROM read_parquet([${listed(paths)}])`);
      whole.add(await tallyOf(writing, "main.bare"));
      rounds += 1;
    }
    return { reads: reader.reads, rounds, half: reader.outside(whole).length };
  } finally {
    await reader.stop();
    await writing.run("DROP TABLE IF EXISTS main.bare");
    reading.closeSync();
    writing.closeSync();
  }
}
