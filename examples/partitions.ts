// Whole days at a time: files by day, a late correction of one day, half a day refused, one step back.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cutover, files, isCutoverError, maxDrop, notNull, table } from "cutover";
import { duckdb } from "cutover/duckdb";

const visits = table("main.visits", {
  columns: { day: "date", page: "string", visitor: "string", seconds: "int64?" },
  // No key: the same visit may be there twice. A load replaces the days that it has rows of, and no others.
  mode: "partition",
  partition: "day",
  cursor: "day",
  checks: [notNull("day", "page"), maxDrop(0.25, { per: "partition" })],
});

const dir = mkdtempSync(join(tmpdir(), "cutover-example-"));
const etl = cutover({ warehouse: duckdb({ path: join(dir, "web.duckdb") }), pipeline: "visits", tables: { visits } });

function day(name: string, date: string, lines: readonly string[]): string {
  const path = join(dir, `${name}.csv`);
  writeFileSync(path, ["day,page,visitor,seconds", ...lines.map((l) => `${date},${l}`)].join("\n"));
  return path;
}
const show = (r: Awaited<ReturnType<typeof etl.run>>): void => {
  const t = r.tables.visits;
  console.log(
    `release ${r.release}: ${t?.inserted} came, ${t?.deleted} went, ${t?.unchanged} stayed; ${t?.rows} rows up to ${t?.watermark.after}`,
  );
};

try {
  const monday = day("monday", "2026-01-05", ["/home,ada,10", "/home,ada,10", "/shop,bob,95", "/home,cy,"]);
  const tuesday = day("tuesday", "2026-01-06", ["/home,ada,12", "/shop,ada,40", "/home,dot,7", "/shop,cy,33"]);
  show(await etl.run({ visits: files([monday, tuesday]) }));

  // Monday comes again with one more visit: it is replaced, of which only the difference is written.
  const corrected = day("monday-2", "2026-01-05", ["/home,ada,10", "/home,ada,10", "/shop,bob,95", "/home,cy,", "/help,eve,5"]);
  show(await etl.run({ visits: files(corrected) }));

  // Half of Tuesday would be lost: the check looks at each partition, so the other days do not hide it.
  const half = day("tuesday-2", "2026-01-06", ["/home,ada,12", "/shop,ada,40"]);
  try {
    await etl.run({ visits: files(half) });
  } catch (e) {
    if (!isCutoverError(e, "CHECKS_FAILED")) throw e;
    for (const c of e.context.checks) if (c.outcome === "fail") console.log(`refused: ${c.check}: ${c.message}`);
  }

  const back = await etl.rollback();
  console.log(`rolled back to ${back.to}: ${back.tables["visits"]?.rows} rows`);
} finally {
  await etl.close();
  rmSync(dir, { recursive: true, force: true });
}
