import { delivered } from "./flights.js";
import { listed, type Place } from "./place.js";
import type { Feed } from "./prepare.js";
import { Reader, tallyOf } from "./reader.js";

const MOST_ROUNDS = 300;
export interface Control {
  readonly reads: number;
  readonly rounds: number;
  /** Reads that saw a state that is neither before nor after a change. */
  readonly half: number;
}

/** The correction of step 3 by two bare statements, back and forth, until the same reader has caught them half-way. */
export async function control(place: Place, feed: Feed, signal: AbortSignal): Promise<Control> {
  const writing = await place.connect();
  const reading = await place.connect();
  await writing.run(`CREATE TABLE bare AS SELECT ${delivered} FROM flights`);
  for (const folder of ["daily", "corrected"] as const) {
    const paths = feed.late.map((day) => feed.file(folder, day));
    await writing.show(folder, paths, "bare");
  }
  const whole = new Set([await tallyOf(writing, "bare")]);
  const reader = new Reader(reading, "bare");
  let rounds = 0;
  try {
    while (reader.outside(whole).length === 0 && rounds < MOST_ROUNDS) {
      signal.throwIfAborted();
      const folder = rounds % 2 === 0 ? "daily" : "corrected";
      await writing.run(`DELETE FROM bare WHERE "day" IN (${listed(feed.late)})`);
      await writing.run(`INSERT INTO bare SELECT * FROM ${folder}`);
      whole.add(await tallyOf(writing, "bare"));
      rounds += 1;
    }
    return { reads: reader.reads, rounds, half: reader.outside(whole).length };
  } finally {
    await reader.stop();
    await writing.run("DROP TABLE IF EXISTS bare");
  }
}
