import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Observer } from "cutover";
import { type Control, control } from "./control.js";
import { emptyTable, flightsPipeline } from "./flights.js";
import { onDuckdb } from "./on-duckdb.js";
import type { Place } from "./place.js";
import { prepare } from "./prepare.js";
import { Reader } from "./reader.js";
import { release, row, type Stage } from "./stage.js";
import { story } from "./story.js";
import { bold, count, green, red, timeline } from "./timeline.js";

const { values } = parseArgs({
  options: {
    days: { type: "string" },
    "one-in": { type: "string", default: "1" },
    keep: { type: "boolean", default: false },
    on: { type: "string", default: "duckdb" },
  },
});
const days = values.days === undefined ? null : Number(values.days);
if (days !== null && !(Number.isInteger(days) && days >= 18 && days <= 181)) {
  console.error("--days takes a whole number from 18 to 181");
  process.exit(2);
}

const oneIn = Number(values["one-in"]);
if (!(Number.isInteger(oneIn) && oneIn >= 1 && oneIn <= 20)) {
  console.error("--one-in takes a whole number from 1 to 20");
  process.exit(2);
}
const places: Readonly<Record<string, (dir: string) => Promise<Place>>> = {
  duckdb: onDuckdb,
  snowflake: async () => (await import("./on-snowflake.js")).onSnowflake(),
  bigquery: async () => (await import("./on-bigquery.js")).onBigquery(),
};
const open = places[values.on];
if (open === undefined) {
  console.error(`--on takes ${Object.keys(places).join(", ")}`);
  process.exit(2);
}

const started = performance.now();
const dir = mkdtempSync(join(tmpdir(), "cutover-demo-"));
// On exit rather than at the end: also when a second signal, or an error outside of the story, ends the process.
process.on("exit", () => {
  rmSync(values.keep ? join(dir, "feed") : dir, { recursive: true, force: true });
});
const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort(new Error("stopped"));
  });
}

let now = "";
const observer: Observer = {
  event(e) {
    if (e.type === "stage.start") now = e.stage;
    if (e.type === "rows.staged") now = `load, ${count(e.rows)} rows`;
  },
};

try {
  process.exitCode = await demo(await open(dir));
} catch (e) {
  if (!stop.signal.aborted) console.error(e);
  process.exitCode = stop.signal.aborted ? 130 : 1;
}

async function demo(place: Place): Promise<number> {
  console.log(`\n${bold("cutover")}: US flights of 2001, published and taken back under the eyes of a reader\n`);
  try {
    return await show(place);
  } finally {
    await place.close(values.keep);
  }
}

async function show(place: Place): Promise<number> {
  const [db, reading] = [await place.connect(), await place.connect()];
  await db.run(emptyTable);
  // From here to the end this connection counts and hashes the whole table, again and again.
  const reader = new Reader(reading, "flights");
  const entry = timeline(() => [now, `${count(reader.reads)} reads`].filter((t) => t !== "").join(", "));
  const etl = flightsPipeline(place.warehouse, observer);
  try {
    const feed = await entry("0  Preparation: one Parquet file a day", async (line) => {
      const done = await prepare(join(dir, "feed"), days, oneIn, stop.signal);
      line(row("prepared", `${done.days.length} days, ${count(done.rows)} flights`));
      return done;
    });
    const stage: Stage = { etl, db, feed, entry, signal: stop.signal, released: new Set() };
    await release(stage);
    await story(stage);
    await reader.stop();
    const bare = await entry(
      "Control: the corrections of step 3 by two bare statements, before the same reader",
      async (line) => {
        const found = await control(place, feed, stop.signal);
        line(
          row(
            "caught",
            `${count(found.half)} of ${count(found.reads)} reads saw neither before nor after, in ${found.rounds} rounds`,
          ),
        );
        return found;
      },
    );
    return closing(reader, stage, bare, place);
  } finally {
    await reader.stop();
    await etl.close();
  }
}

function closing(reader: Reader, { released }: Stage, bare: Control, { hint }: Place): number {
  const half = reader.outside(released);
  const kept = reader.reads > 0 && reader.failures.length === 0 && half.length === 0 && bare.half > 0;
  console.log(`
reads made                  ${count(reader.reads)}, of ${reader.states} different states
reads failed                ${count(reader.failures.length)}
half-published states seen  ${count(half.length)} (control: ${count(bare.half)})
duration                    ${((performance.now() - started) / 1000).toFixed(0)} s
${kept ? green("every promise kept") : red("a promise was broken")}`);
  for (const failure of [...reader.failures, ...half].slice(0, 5)) console.error(failure);
  if (values.keep) console.log(`\n${hint}`);
  return kept ? 0 : 1;
}
