import { files, type RunReport } from "cutover";
import type { Flights } from "./flights.js";
import { type Db, listed } from "./place.js";
import type { Feed, Folder } from "./prepare.js";
import { tallyOf } from "./reader.js";
import { cells, count, type Entry, type Line } from "./timeline.js";

/** What the steps share. */
export interface Stage {
  readonly etl: Flights;
  readonly db: Db;
  readonly feed: Feed;
  readonly entry: Entry;
  readonly signal: AbortSignal;
  /** Every state that a release or a rollback made, as the reader would see it. */
  readonly released: Set<string>;
}

/** Ends the demo: something that was promised is not so. */
export function promise(kept: boolean, what: string): asserts kept {
  if (!kept) throw new Error(`broken promise: ${what}`);
}

/** What readers see now: a released state from now on. */
export async function release(s: Pick<Stage, "db" | "released">): Promise<string> {
  const state = await tallyOf(s.db, "flights");
  s.released.add(state);
  return state;
}

export async function timed<T>(work: () => Promise<T>): Promise<readonly [result: T, took: string]> {
  const start = performance.now();
  const result = await work();
  return [result, `${((performance.now() - start) / 1000).toFixed(2)} s`];
}

/** The error that a call ends with; null when it ends well. */
export const errorOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => null,
    (e: unknown) => e,
  );

/** What a scheduled job does: everything from the watermark, less the lookback, to a day. */
export function increment(s: Stage, until: string, folder: (day: string) => Folder): Promise<RunReport> {
  const { etl, feed, signal } = s;
  return etl.run(({ since }) => ({ flights: files(due(feed, String(since.flights ?? ""), until, folder)) }), { signal });
}
const due = (feed: Feed, since: string, until: string, folder: (day: string) => Folder): string[] =>
  feed.days.filter((day) => day >= since && day <= until).map((day) => feed.file(folder(day), day));

/** Loads up to the last of some days, and tells of the release. */
export async function load(s: Stage, line: Line, days: readonly string[], folder: (day: string) => Folder): Promise<void> {
  const until = days.at(-1) ?? "";
  const [report, took] = await timed(() => increment(s, until, folder));
  await tell(s, line, days, folder, report, took);
}

/** Tells of a release that should have brought these days, and looks whether live now holds exactly the rows of their files. */
export async function tell(
  s: Stage,
  line: Line,
  days: readonly string[],
  folder: (day: string) => Folder,
  report: RunReport,
  took: string,
): Promise<void> {
  await release(s);
  const t = report.tables["flights"];
  const what = days.length > 1 ? `${days[0]} to ${days.at(-1)}` : (days[0] ?? "");
  promise(report.status === "published" && t !== undefined, `${what} is published`);
  const counts = [`+${count(t.inserted)}`, `−${count(t.deleted)}`, `${count(t.unchanged)} same`] as const;
  line(
    row(
      `release ${report.release}`,
      cells([what, 24], [counts[0], -8], [counts[1], -7], [counts[2], -12], [`${count(t.rows)} rows`, -14]),
      took,
    ),
  );
  const live = await tallyOf(s.db, `(SELECT * FROM flights WHERE "day" IN (${listed(days)}))`);
  const paths = days.map((day) => s.feed.file(folder(day), day));
  await s.db.show("delivered", paths, "flights");
  const source = await tallyOf(s.db, "delivered");
  promise(live === source, `${what}: live holds the rows of the files. It has ${live}; they have ${source}`);
}
/** One line of the timeline: what, how, how long. */
export const row = (what: string, how: string, took = ""): string => cells([what, 11], [how, 73], [took, -7]);
