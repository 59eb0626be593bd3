import type { ColumnShape, TableRef } from "../../adapter/shapes.js";
import type { Pipeline } from "../../pipeline/pipeline.js";
import { shapes } from "../columns.js";
import { allTables, sandboxes } from "../ledger.js";
import { type Place, textOf } from "../place.js";
import { aliases, type Scenario } from "./scenario.js";

export const PIPELINE = "walk";

/** What readers see: the rows of each table. A table that does not exist yet has none. */
export async function contents(place: Place, tables: number): Promise<string> {
  const columns = shapes(place.adapter, { id: "int64", name: "string?", v: "int64", seq: "int64" }).map((c) => ({
    ...c,
    name: place.folded(c.name).path.at(-1) ?? c.name,
  }));
  const found: unknown[] = [];
  for (const alias of aliases(tables)) found.push(await rowsOf(place, place.folded(alias), columns));
  return textOf(found);
}
async function rowsOf(place: Place, ref: TableRef, columns: readonly ColumnShape[]): Promise<readonly unknown[]> {
  try {
    return await place.rows(ref, columns);
  } catch (e) {
    if (place.adapter.classify(e).kind === "missing-object") return [];
    throw e;
  }
}
/** Rows, watermarks, hold, quarantine: all that an operation may move, and must move together. */
export async function picture(place: Place, p: Pipeline, s: Pick<Scenario, "tables" | "mode" | "quarantine">): Promise<string> {
  const { watermarks, held, pending, ...found } = await p.status();
  // Rows that were appended bear the number of their release, which grows with every attempt.
  const tallies = s.mode === "append" ? null : found.tallies;
  const waiting: string[] = [];
  for (const alias of s.quarantine === true ? aliases(s.tables) : [])
    for await (const q of p.quarantined(alias as never)) waiting.push(`${q.reason} ${q.text}`);
  const told = { watermarks, held: held === null ? null : "held", tallies, pending, waiting };
  return textOf({ rows: await contents(place, s.tables), ...told });
}

/** The names of all tables, without what numbers tell apart. */
export async function litter(place: Place): Promise<readonly string[]> {
  const { beside, ledger } = await allTables(place);
  const name = (path: string): string => path.split(".").at(-1) ?? "";
  const plain = (t: string): string =>
    name(t)
      .replace(/_(candidate|before|undone)_(f\d+_?)?\d*$/, "_$1")
      // Images are named by the table with its schema, which is another in each place.
      .replace(/^quarantine_.*$/, "quarantine")
      .replace(/^changes_.*_([0-9a-f]{8})$/, "changes_$1");
  const schemas = (await sandboxes(place, PIPELINE)).map(() => "sandbox");
  return [...[...beside, ...ledger].map(plain), ...schemas].sort();
}
