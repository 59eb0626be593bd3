import { files, isCutoverError, sql } from "cutover";
import { delivered } from "./flights.js";
import { firstHalf } from "./prepare.js";
import { tallyOf } from "./reader.js";
import { errorOf, increment, load, promise, release, row, type Stage, tell, timed } from "./stage.js";
import { count, type Line, percent } from "./timeline.js";

const daily = (): "daily" => "daily";
const withLate = (): "with-late" => "with-late";

/** The eight steps. */
export async function story(s: Stage): Promise<void> {
  const { etl, feed, entry, signal } = s;
  const [first = [], second = [], third = [], fourth = [], fifth = [], sixth = []] = feed.parts;
  await entry("1  First load", (line) => load(s, line, first, daily));

  await entry("2  Increments, by day and by month; each looks back two days", async (line) => {
    const single = second.slice(0, Math.min(5, second.length - 1));
    for (const day of single) await load(s, line, [day], daily);
    for (const days of [second.slice(single.length), third, fourth]) await load(s, line, days, daily);
  });

  const corrected = await entry("3  Late corrections to days already loaded", async (line) => {
    const late = files(feed.late.map((day) => feed.file("corrected", day)));
    const [report, took] = await timed(() => etl.run({ flights: late }, { signal }));
    await tell(s, line, feed.late, () => "corrected", report, took);
    return report.release;
  });

  await entry("4  A corrupted batch: half of a day is lost, another has impossible delays", async (line) => {
    await refused(s, line);
    await load(s, line, fifth, daily);
  });

  await entry("5  Blue-green maintenance on a clone", (line) => maintenance(s, line));

  await entry("6  A bad release that passes the checks: its delays are in hours", async (line) => {
    const days = firstHalf(sixth);
    await takenBack(s, line, days);
    await load(s, line, days, withLate);
    await load(s, line, sixth, withLate);
  });

  await entry("7  Diff: what the corrections of step 3 changed", (line) => difference(s, line, corrected));
  await entry("8  Audit", (line) => audited(s, line));
}

async function refused(s: Stage, line: Line): Promise<void> {
  const { etl, feed, signal } = s;
  const standing = async (): Promise<readonly [string, string]> => {
    const { live, watermarks, tallies } = await etl.status({ signal });
    return [await tallyOf(s.db, "flights"), JSON.stringify([live, watermarks, tallies])];
  };
  const before = await standing();
  const batch = files(feed.corrupted.map((day) => feed.file("corrupted", day)));
  const [error, took] = await timed(() => errorOf(etl.run({ flights: batch }, { signal })));
  if (!isCutoverError(error, "CHECKS_FAILED")) throw error ?? new Error("broken promise: checks refuse a corrupted batch");
  line(row("refused", `${feed.corrupted.join(" and ")}: ${error.code}`, took));
  for (const failed of error.context.checks.filter((c) => c.outcome === "fail")) {
    line(row("", `${failed.check}: ${failed.message}`));
    const sample = Object.entries(failed.samples[0] ?? {}).map(([name, value]) => `${name} ${value}`);
    if (sample.length > 0) line(row("", `such as ${sample.join(", ")}`));
  }
  const after = await standing();
  promise(after[0] === before[0], "a refused batch leaves live bit-identical");
  promise(after[1] === before[1], "a refused batch leaves release, watermark and recorded tally");
  line(row("live", `as before: ${after[0]}`));
}
async function maintenance(s: Stage, line: Line): Promise<void> {
  const { etl, signal } = s;
  const before = await tallyOf(s.db, "flights");
  const [candidate, cloning] = await timed(() => etl.clone({ signal }));
  line(row("cloned", "readers stay with live", cloning));

  const { flights } = candidate.refs;
  const [rows, changing] = await timed(async () => {
    await candidate.transform(sql`ALTER TABLE ${flights} ADD COLUMN ${sql.id("late")} BOOLEAN`, { signal });
    await candidate.transform(sql`DELETE FROM ${flights} WHERE TRUE`, { signal });
    const by = sql`${sql.id("origin")}, ${sql.id("destination")}, ${sql.id("date")}`;
    const sorted = sql`SELECT *, ${sql.id("delay")} >= 15 FROM flights ORDER BY ${by}`;
    const { affected } = await candidate.transform(sql`INSERT INTO ${flights} ${sorted}`, { signal });
    return affected;
  });
  line(row("changed", `one column more, ${count(rows)} rows sorted by origin`, changing));

  const [{ ok, checks }, validating] = await timed(() => candidate.validate({ signal }));
  promise(ok, "the candidate passes the checks");
  line(row("validated", `${checks.length} checks passed`, validating));

  const [report, swapping] = await timed(() => candidate.swap({ signal }));
  await release(s);
  line(row("swapped", `release ${report.release}, ${count(report.tables["flights"]?.rows ?? 0)} rows`, swapping));
  const old = await tallyOf(s.db, `(SELECT ${delivered} FROM flights)`);
  promise(old === before, "the swap changes nothing but the new column");
}

async function takenBack(s: Stage, line: Line, days: readonly string[]): Promise<void> {
  const { etl, signal } = s;
  const before = await tallyOf(s.db, "flights");
  const { watermarks } = await etl.status({ signal });
  await load(s, line, days, (day) => (days.includes(day) ? "in-hours" : "with-late"));

  const [usual, now] = await lateShare(s, days[0] ?? "");
  line(row("found", `flights late by 15 minutes or more: ${percent(usual)} until then, ${percent(now)} since`));
  const [back, took] = await timed(() => etl.rollback({ signal }));
  const status = await etl.status({ signal });
  promise((await release(s)) === before, "a rollback restores every row");
  promise(status.watermarks.flights === watermarks.flights, "a rollback restores the watermark");
  line(row("rolled back", `to release ${back.to}, every row; watermark ${status.watermarks.flights}`, took));

  const error = await errorOf(increment(s, days.at(-1) ?? "", withLate));
  if (!isCutoverError(error, "HELD")) throw error ?? new Error("broken promise: a rollback holds the pipeline");
  line(row("held", `the next scheduled run is refused: ${error.code}`));
  await etl.unhold({ signal });
  line(row("unheld", "the files have been mended"));
}

async function lateShare(s: Stage, since: string): Promise<readonly [until: number, since: number]> {
  const share = (days: string): string => `avg(CASE WHEN "day" ${days} '${since}' THEN CAST("late" AS INTEGER) END)`;
  const [[before, after] = []] = await s.db.rows(`SELECT ${share("<")}, ${share(">=")} FROM flights`);
  return [Number(before), Number(after)];
}

async function difference(s: Stage, line: Line, to: number): Promise<void> {
  const counts = { insert: 0, update: 0, delete: 0 };
  const shown: string[] = [];
  const [, took] = await timed(async () => {
    for await (const change of s.etl.diff("flights", { from: to - 1, to, signal: s.signal })) {
      counts[change.op] += 1;
      if (counts[change.op] > 2) continue;
      const { date, origin, destination, delay } = change.op === "delete" ? change.before : change.after;
      shown.push(row(change.op, `${date}  ${origin} to ${destination}  delay ${delay}`));
    }
  });
  promise(counts.insert > 0 && counts.delete > 0, "a diff tells what a release changed");
  line(row(`${to - 1} to ${to}`, `${count(counts.insert)} rows came, ${count(counts.delete)} went`, took));
  for (const example of shown) line(example);
}

async function audited(s: Stage, line: Line): Promise<void> {
  const { etl, db, feed, signal } = s;
  const [audit, took] = await timed(() => etl.audit({ signal }));
  const found = audit.tables["flights"]?.found;
  promise(audit.ok && found !== undefined, "the table holds what the ledger recorded");
  line(row("ledger", `recorded and found: ${count(found.rows)} rows, ${found.checksum}`, took));
  const columns = '"date", "delay", "distance", "origin", "destination"';
  await db.show("source", [feed.source], `(SELECT ${columns} FROM flights)`);
  const live = await tallyOf(db, `(SELECT ${columns} FROM flights)`);
  const source = await tallyOf(db, `(SELECT ${columns} FROM source)`);
  promise(live === source, "after all this the table holds exactly the rows of the source");
  line(row("source", `the same: ${source}`));
  const states = new Map<string, number>();
  for await (const { state } of etl.history({ signal })) states.set(state, (states.get(state) ?? 0) + 1);
  line(row("releases", [...states].map(([state, n]) => `${n} ${state}`).join(", ")));
}
