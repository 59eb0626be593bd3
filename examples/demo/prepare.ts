import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";

/** One Parquet file a day, in folders: what a source would deliver. */
export interface Feed {
  /** All days, oldest first, as 2001-01-31. */
  readonly days: readonly string[];
  /** The days in six parts: the months, when all are there. */
  readonly parts: readonly (readonly string[])[];
  /** Days of which `daily` holds provisional rows, and `corrected` the final ones. */
  readonly late: readonly string[];
  /** The two days of the corrupted batch: one that is loaded already, and the next. */
  readonly corrupted: readonly string[];
  readonly rows: number;
  /** A Parquet file of the same rows, as they come. */
  readonly source: string;
  file(folder: Folder, day: string): string;
}
/** `daily`: as it comes; `with-late`: the same with one column more; `in-hours`: that, with delays in the wrong unit. */
export type Folder = "daily" | "corrected" | "corrupted" | "with-late" | "in-hours";

// The last minute of a day is written as midnight, that is, the next day's first; it still belongs to the day before.
const DAY = `CAST("date" - INTERVAL '1 minute' AS DATE)`;
const LATE = "delay >= 15 AS late";
const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
const parquet = fileURLToPath(new URL("../data/flights-3m.parquet", import.meta.resolve("vega-datasets")));

/** Writes the feed of the first `count` days, or of all of them; with one of so many flights, by their distance. */
export async function prepare(dir: string, count: number | null, one: number, signal: AbortSignal): Promise<Feed> {
  const instance = await DuckDBInstance.create(":memory:");
  try {
    const db = await instance.connect();
    const chosen = one === 1 ? "TRUE" : `"distance" % ${one} = 0`;
    await db.run(`CREATE TABLE flights AS SELECT ${DAY} AS day, * FROM read_parquet(${text(parquet)}) WHERE ${chosen}`);
    const known = await db.runAndReadAll("SELECT DISTINCT CAST(day AS VARCHAR) FROM flights ORDER BY 1");
    const days = known
      .getRowsJson()
      .map(([day]) => String(day))
      .slice(0, count ?? undefined);
    const source = count === null && one === 1 ? parquet : join(dir, "source.parquet");
    if (source !== parquet) {
      await mkdir(dir, { recursive: true });
      const where = `${chosen} AND ${DAY} <= ${text(days.at(-1) ?? "")}`;
      await db.run(`COPY (SELECT * FROM read_parquet(${text(parquet)}) WHERE ${where}) TO ${text(source)} (FORMAT parquet)`);
    }
    const total = await db.runAndReadAll(`SELECT count(*) FROM read_parquet(${text(source)})`);
    const parts = inSix(days, count === null);
    const loaded = parts.slice(0, 4).flat();
    const late = (parts[2] ?? []).slice(0, 3);
    const corrupted = [...loaded.slice(-1), ...(parts[4] ?? []).slice(0, 1)];
    const file = (folder: Folder, day: string): string => join(dir, folder, `${day}.parquet`);
    const write = async (folder: Folder, of: readonly string[], rowsOf: (day: string) => string): Promise<void> => {
      await mkdir(join(dir, folder), { recursive: true });
      for (const day of of) {
        signal.throwIfAborted();
        const rows = rowsOf(`flights WHERE day = ${text(day)}`);
        await db.run(`COPY (${rows}) TO ${text(file(folder, day))} (FORMAT parquet)`);
      }
    };
    const [, , , , fifth = [], sixth = []] = parts;
    const onTime = [...loaded, ...fifth].filter((day) => !late.includes(day));
    await write("daily", onTime, (day) => `SELECT * FROM ${day}`);
    // Chicago is slow to report: at first half of its flights are missing, and the others have no delay yet.
    const provisional = "* REPLACE (CASE WHEN origin = 'ORD' THEN 0 ELSE delay END AS delay)";
    await write("daily", late, (day) => `SELECT ${provisional} FROM ${day} AND (origin <> 'ORD' OR rowid % 2 = 0)`);
    await write("corrected", late, (day) => `SELECT * FROM ${day}`);
    const [again = "", next = ""] = corrupted;
    await write("corrupted", [again], (day) => `SELECT * FROM ${day} AND rowid % 2 = 0`);
    await write("corrupted", [next], (day) => `SELECT * REPLACE (delay * 60 AS delay) FROM ${day}`);
    // The increments of the last part look back to the days before it.
    await write("with-late", [...loaded, ...fifth].slice(-3).concat(sixth), (day) => `SELECT *, ${LATE} FROM ${day}`);
    const inHours = (day: string): string => `SELECT * REPLACE (delay // 60 AS delay) FROM ${day}`;
    await write("in-hours", firstHalf(sixth), (day) => `SELECT *, ${LATE} FROM (${inHours(day)})`);
    return { days, parts, late, corrupted, rows: Number(total.getRowsJson()[0]?.[0]), source, file };
  } finally {
    instance.closeSync();
  }
}
export const firstHalf = (days: readonly string[]): readonly string[] => days.slice(0, Math.ceil(days.length / 2));

function inSix(days: readonly string[], byMonth: boolean): string[][] {
  const part = (day: string, i: number): number => (byMonth ? Number(day.slice(5, 7)) - 1 : Math.floor((6 * i) / days.length));
  return [0, 1, 2, 3, 4, 5].map((n) => days.filter((day, i) => part(day, i) === n));
}
