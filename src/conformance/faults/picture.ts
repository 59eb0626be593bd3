import type { ColumnShape, TableRef } from "../../adapter/shapes.js";
import { ledgerNames } from "../../ledger/names.js";
import type { Pipeline } from "../../pipeline/pipeline.js";
import { ident, template } from "../../sql/sql.js";
import { shapes } from "../columns.js";
import { calm, type Place, textOf } from "../place.js";
import { aliases } from "./scenario.js";

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
/** Rows, watermarks and hold: all that an operation may move, and must move together. */
export async function picture(place: Place, p: Pipeline, tables: number): Promise<string> {
  const { watermarks, held, tallies } = await p.status();
  return textOf({ rows: await contents(place, tables), watermarks, held: held === null ? null : "held", tallies });
}

/** The names of all tables, without what numbers tell apart. */
export async function litter(place: Place): Promise<readonly string[]> {
  const { session } = place;
  const schemas = [place.at("x").path.slice(0, -1), ledgerNames(session.home, "cutover_ledger", PIPELINE).schema.path];
  const names: string[] = [];
  for (const path of schemas) {
    const found = await session.list({ path }, "", calm()).catch((e: unknown) => {
      if (place.adapter.classify(e).kind === "missing-object") return [];
      throw e;
    });
    names.push(...found.map((t) => (t.path.at(-1) ?? "").replace(/_(candidate|before|undone)_\d+$/, "_$1")));
  }
  return names.sort();
}

/** Time passes: the lease of an owner who fell silent runs out. */
export async function expire(place: Place): Promise<void> {
  const { lease } = ledgerNames(place.session.home, "cutover_ledger", PIPELINE);
  const past = { value: 0n, type: "timestamp" as const };
  try {
    await place.execute(
      template`UPDATE ${ident(lease.path)} SET ${ident(["expires_at"])} = ${past} WHERE ${ident(["owner"])} IS NOT NULL`,
    );
  } catch (e) {
    // No ledger yet: nobody holds anything.
    if (place.adapter.classify(e).kind !== "missing-object") throw e;
  }
}
