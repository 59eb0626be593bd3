import type { ColumnShape, TableRef } from "../../adapter/shapes.js";
import type { Scope } from "../../adapter/steps.js";
import type { Seen } from "../../source/seen.js";
import type { Row } from "../../sql/sql.js";
import type { Work } from "../session/work.js";
import { type Reach, requireNamed } from "./reach.js";
import { type Found, ownColumn } from "./tables.js";

/** What was staged, as far as its scope depends on it. */
interface ToScope {
  readonly all: readonly ColumnShape[];
  readonly raw: TableRef;
  readonly reach: Reach;
  readonly seen: Seen | null;
}

/** Engines leave out partitions by constants; of more than these a statement grows too large, and slow. */
const NAMED_PARTITIONS = 1000;

/** The rows of live that a load speaks for. */
export async function scopeOf(
  w: Work,
  found: Found,
  u: ToScope,
  key: readonly string[],
  cursor: ColumnShape | null,
  partition: ColumnShape | null,
): Promise<Scope> {
  const { mode } = found.definition;
  const { reach } = u;
  if (mode === "replace") return "all";
  const own = ownColumn(w.ctx, u.all, found.definition);
  if (own !== null) {
    const window = reach.by !== "window" || cursor === null ? null : { column: cursor.name, ...interval(reach) };
    return { own, window };
  }
  if (partition === null) return { keys: key };
  if (reach.by === "window") {
    const { type, ...bounds } = interval(reach);
    return { partition: partition.name, type, interval: bounds };
  }
  return partitionScope(w, u, partition, found.alias);
}
const interval = ({ type, from, until }: Extract<Reach, { by: "window" }>) => ({ type, from, until });

async function partitionScope(w: Work, u: ToScope, partition: ColumnShape, alias: string): Promise<Scope> {
  const step = { kind: "partitions" as const, delta: u.raw, partition, limit: NAMED_PARTITIONS + 1 };
  const values = u.seen?.partitions ?? (await w.run(step, alias)).rows.map((r: Row) => r["value"]);
  const scope = { partition: partition.name, type: partition.type };
  requireNamed(alias, u.reach, partition.name, values);
  if (u.reach.by === "partitions") return { ...scope, values: u.reach.values };
  return values.length > NAMED_PARTITIONS ? { ...scope, from: u.raw } : { ...scope, values };
}
