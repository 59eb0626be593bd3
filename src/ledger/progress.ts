import * as z from "zod";
import type { Facts } from "../check/planned.js";
import type { Staged } from "../pipeline/load/load.js";
import type { TableCounts } from "../pipeline/look/reports.js";
import type { Row, Sql } from "../sql/sql.js";
import { isSql } from "../sql/sql.js";

/** What a load staged, as the journal keeps it: all of it but the table as it was found, which is looked up again. */
export type SavedLoad = Omit<Staged, "found">;

const ref = z.looseObject({ path: z.array(z.string()) });
/** What everybody reads of it; the rest is told by the load's own types. */
const staged = z.looseObject({
  delta: ref,
  raw: ref,
  columns: z.array(z.looseObject({ name: z.string(), type: z.string(), native: z.string(), nullable: z.boolean() })),
  given: z.array(z.string()),
  rows: z.number(),
  rawRows: z.number(),
  generation: z.number(),
  flagged: z.number(),
  watermark: z.string().nullable(),
});
const savedLoad = z.custom<SavedLoad>((v) => staged.safeParse(v).success, { error: "expected what a load staged" });
const statement = z.custom<Sql>((v) => isSql(v), { error: "expected SQL" });

export const counts = z.object({
  inserted: z.number(),
  updated: z.number(),
  deleted: z.number(),
  unchanged: z.number(),
  stale: z.number(),
  quarantined: z.number(),
});

/** What one load brought for one table. */
export const broughtTo = z.object({
  /** The table's key in the ledger, and live's exact name. */
  id: z.string(),
  path: z.array(z.string()),
  staged: savedLoad,
  /** The operation of the block that tells what became of the rows, in a candidate. */
  tally: z.string(),
  counts,
  /** How far the candidate's table has been read. */
  watermark: z.string().nullable(),
});
export type BroughtTo = z.infer<typeof broughtTo>;

/** What was done to a release, by one step: enough to do it again. */
export const done = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("load"), tables: z.record(z.string(), broughtTo) }),
  z.object({ kind: z.literal("transform"), statement }),
]);
export type Done = z.infer<typeof done>;

/** What became of staged rows, by the tally of their images. By key, rows that stand for deleted ones are among them. */
function countsIn(tally: Row, { rows, flagged, scope }: SavedLoad): TableCounts {
  const n = (name: string): number => Number(tally[name] ?? 0);
  const [inserted, updated, deleted, stale] = [n("inserted"), n("updated"), n("deleted"), n("stale")];
  const keyed = scope !== "all" && "keys" in scope;
  const [staged, gone] = keyed ? [rows, flagged > 0 ? deleted : 0] : [rows - flagged, 0];
  const unchanged = Math.max(0, staged - inserted - updated - stale - gone);
  return { inserted, updated, deleted, stale, unchanged, quarantined: 0 };
}

/** A step with what only its block could tell. */
export function settled(d: Done, facts: Facts): Done {
  if (d.kind !== "load") return d;
  const tables = Object.entries(d.tables).map(([alias, t]) => {
    const row = facts[t.tally]?.[0];
    return [alias, row === undefined ? t : { ...t, counts: countsIn(row, t.staged) }] as const;
  });
  return { ...d, tables: Object.fromEntries(tables) };
}
