import * as z from "zod";
import type { Interval } from "../../adapter/steps.js";
import type { SqlValue } from "../../sql/sql.js";
import { formatCanonical, parseDatetime, parseTimestamp } from "../../table/canonical.js";
import { floorDiv } from "../../table/decode.js";
import type { Issue, TableDefinition } from "../../table/definition.js";
import { encodeValue, Unfit } from "../../table/encode.js";
import type { ColumnType } from "../../table/types.js";
import { compareCanonical, sinceOf } from "../../table/watermark.js";
import { configError } from "../config.js";
import type { CallOptions, Work } from "../session/work.js";
import { definitionOf } from "./tables.js";

/** What is loaded of tables with a cursor: half-open, of the cursor's type; a `Date` or text for moments. */
export interface LoadWindow {
  /** Inclusive. Default: the watermark less the lookback. */
  readonly from?: SqlValue;
  /** Exclusive. The watermark becomes this, unless it is higher already. */
  readonly until: SqlValue;
  /** `from` may lie beyond the watermark: what lies between is never loaded, and else refused (`GAP`). */
  readonly allowGap?: boolean;
}
/** What a load speaks for. */
export interface LoadOptions extends CallOptions {
  readonly window?: LoadWindow;
  /**
   * By alias, the partitions that a table of mode `partition` is loaded for: those without a row are emptied, and rows of others
   * are refused. The watermark stays where it is.
   */
  readonly partitions?: Readonly<Record<string, readonly SqlValue[]>>;
}
export type Extent = Pick<LoadOptions, "window" | "partitions">;

const bound = z.custom<SqlValue>(
  (v) => ["string", "number", "bigint"].includes(typeof v) || v instanceof Date,
  "expected a value of the cursor's type",
);
/** The shape of the options, for a strict object of options. */
export const extentShape = {
  window: z.strictObject({ from: bound.optional(), until: bound, allowGap: z.boolean().optional() }).optional(),
  partitions: z.record(z.string(), z.array(z.unknown()).min(1).max(1000)).optional(),
};
const extent = z.object(extentShape);

/** @throws CutoverError `CONFIG` where the options are wrong, or contradict each other or the tables. */
export function checkExtent(tables: Readonly<Record<string, TableDefinition>>, o: Extent): void {
  const { error } = extent.safeParse(o);
  if (error !== undefined) throw configError(error.issues.map((i) => ({ path: i.path.join("."), message: i.message })));
  const issues: Issue[] = [];
  if (o.window !== undefined && Object.values(tables).every((d) => d.cursor === null))
    issues.push({ path: "window", message: "no table has a cursor, and a window is one of the cursor's values" });
  for (const alias of Object.keys(o.partitions ?? {})) {
    const d = Object.hasOwn(tables, alias) ? tables[alias] : undefined;
    const path = `partitions.${alias}`;
    if (d === undefined) issues.push({ path, message: `no such table; there are ${Object.keys(tables).join(", ")}` });
    else if (d.mode !== "partition")
      issues.push({ path, message: `the table has mode ${d.mode}, and only mode partition has partitions` });
    else if (o.window !== undefined && d.cursor !== null)
      issues.push({ path, message: `window and partitions.${alias} both say which partitions are loaded; leave one out` });
  }
  if (issues.length > 0) throw configError(issues);
}

/** What the tables that a feed has sources for demand of the options. */
export function checkSources(w: Work, o: Extent, aliases: readonly string[]): void {
  const issues: Issue[] = [];
  const loaded = aliases.map((alias) => [alias, definitionOf(w.ctx, alias)] as const);
  for (const [alias, d] of loaded)
    if (d.mode === "append" && d.key.length === 0 && o.window === undefined)
      issues.push({
        path: "window",
        message: `${alias} is appended to without a key, so only a window tells which of its rows are there already; give a window, or the table a key`,
      });
  for (const alias of Object.keys(o.partitions ?? {}))
    if (!aliases.includes(alias)) issues.push({ path: `partitions.${alias}`, message: "the feed has no source for this table" });
  if (o.window !== undefined && loaded.length > 0 && loaded.every(([, d]) => d.cursor === null))
    issues.push({ path: "window", message: `none of the tables loaded has a cursor: ${aliases.join(", ")}` });
  if (issues.length > 0) throw configError(issues);
}

/** A window in canonical values. */
export interface Bounds extends Interval {
  /** `from` was said, and is not the watermark. */
  readonly given: boolean;
}

const DAY_US = 86_400_000_000n;
/** A moment as a day: whole days are loaded, so the one it lies in belongs to them. */
function dayOf(value: SqlValue, side: "from" | "until"): number | null {
  const us =
    value instanceof Date
      ? Number.isNaN(value.getTime())
        ? null
        : BigInt(value.getTime()) * 1000n
      : typeof value === "string"
        ? (parseTimestamp(value) ?? parseDatetime(value))
        : null;
  if (us === null) return null;
  return Number(side === "from" ? floorDiv(us, DAY_US) : -floorDiv(-us, DAY_US));
}
/** @throws Unfit */
function boundOf(value: SqlValue, type: ColumnType, side: "from" | "until"): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) throw new Unfit("expected a finite number");
  return (type === "date" ? dayOf(value, side) : null) ?? encodeValue(value, type);
}

/**
 * A window in the values of a table's cursor.
 * @throws CutoverError `CONFIG` where it has another type, or ends before it begins.
 */
export function boundsOf(alias: string, o: LoadWindow, type: ColumnType, watermark: string | null, lookback: number): Bounds {
  const encoded = (side: "from" | "until"): unknown => {
    try {
      return boundOf(o[side] ?? null, type, side);
    } catch (e) {
      if (!(e instanceof Unfit)) throw e;
      throw configError([{ path: `window.${side}`, message: `${alias} has a cursor of type ${type}: ${e.message}` }]);
    }
  };
  const until = encoded("until");
  const given = o.from !== undefined;
  const from = given ? encoded("from") : (sinceOf(watermark, lookback, type) ?? null);
  const order = from === null ? -1 : compareCanonical(from, until, type);
  if (given && order >= 0) throw configError([{ path: "window.from", message: "is not before window.until" }]);
  if (order > 0)
    throw configError([
      {
        path: "window.until",
        message: `${alias} has been read up to ${watermark ?? ""}, beyond this; a window for what was read before says window.from`,
      },
    ]);
  return { from, until, given };
}

/** A bound as text, for messages. */
export const shown = (value: unknown, type: ColumnType): string => formatCanonical(value, type) ?? "the start";
