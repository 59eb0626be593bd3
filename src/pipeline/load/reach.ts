import type { ColumnShape } from "../../adapter/shapes.js";
import type { Interval } from "../../adapter/steps.js";
import { CutoverError } from "../../errors/index.js";
import type { Row } from "../../sql/sql.js";
import { formatCanonical } from "../../table/canonical.js";
import { encodeValue, Unfit } from "../../table/encode.js";
import type { ColumnType } from "../../table/types.js";
import { compareCanonical, laterText } from "../../table/watermark.js";
import { configError } from "../config.js";
import type { Work } from "../session/work.js";
import { type Found, readableWatermark } from "./tables.js";
import { boundsOf, type Extent, shown } from "./window.js";

/** What a load says it speaks for, in one table. */
export type Reach =
  /** What it has rows of. */
  | { readonly by: "rows" }
  | ({ readonly by: "window"; readonly type: ColumnType } & Interval)
  | { readonly by: "partitions"; readonly type: ColumnType; readonly values: readonly unknown[] };

/** A load's reach, and the watermark that must not be lower when it is published; null: any will do. */
export interface Reaching {
  readonly reach: Reach;
  readonly from: string | null;
}
/** How far a table has been read, and what earlier loads of the same release add to that. */
export interface Read {
  readonly watermark: string | null;
  readonly before: (Reaching & { readonly watermark: string | null }) | null;
}

/**
 * What a load speaks for in a table.
 * @throws CutoverError `CONFIG`, `GAP`.
 */
export function reaching(
  w: Work,
  found: Found,
  o: Extent,
  read: Read,
  cursor: ColumnShape | null,
  partition: ColumnShape | null,
): Reaching {
  const { alias, definition: d } = found;
  const named = o.partitions?.[alias];
  const rest = read.before === null ? read.watermark : read.before.from;
  if (named !== undefined && partition !== null) {
    const values = named.map((v, i) => partitionValue(v, partition.type, `partitions.${alias}[${i}]`));
    const own: Reach = { by: "partitions", type: partition.type, values: distinct(values, partition.type) };
    return { reach: joined(alias, d.mode, read.before?.reach ?? null, own), from: null };
  }
  if (o.window === undefined || cursor === null)
    return { reach: joined(alias, d.mode, read.before?.reach ?? null, { by: "rows" }), from: read.watermark };
  const { type } = cursor;
  readableWatermark(w, alias, read.watermark, type);
  const { from, until, given } = boundsOf(alias, o.window, type, read.watermark, d.lookback);
  const start = given ? formatCanonical(from, type) : read.watermark;
  const reached = laterText(read.watermark, read.before?.watermark ?? null, type);
  if (given && o.window.allowGap !== true) requireNoGap(w, alias, reached, start, type);
  const reach = joined(alias, d.mode, read.before?.reach ?? null, { by: "window", type, from, until });
  if (read.watermark === null || o.window.allowGap === true) return { reach, from: null };
  return { reach, from: laterText(read.watermark, start, type) === read.watermark ? start : rest };
}

function requireNoGap(w: Work, alias: string, watermark: string | null, from: string | null, type: ColumnType): void {
  if (watermark === null || from === null || laterText(watermark, from, type) === watermark) return;
  const message = `${alias}: the window begins at ${from}, but the source was read up to ${watermark} only, and the rows between would be skipped; begin there, or say window.allowGap`;
  throw new CutoverError("GAP", message, { watermark, from, table: alias, pipeline: w.ctx.settings.pipeline });
}

function partitionValue(value: unknown, type: ColumnType, path: string): unknown {
  try {
    if (value === null || value === undefined) throw new Unfit("NULL is no partition");
    if (typeof value === "number" && !Number.isFinite(value)) throw new Unfit("expected a finite number");
    return encodeValue(value, type);
  } catch (e) {
    if (e instanceof Unfit) throw configError([{ path, message: e.message }]);
    throw e;
  }
}
const distinct = (values: readonly unknown[], type: ColumnType): readonly unknown[] => [
  ...new Map(values.map((v) => [formatCanonical(v, type), v])).values(),
];

/** Loads into one release speak together for what each of them speaks for. */
function joined(alias: string, mode: string, before: Reach | null, own: Reach): Reach {
  if (before === null || mode === "replace") return own;
  if (before.by === "rows" && own.by === "rows") return own;
  if (before.by === "partitions" && own.by === "partitions")
    return { ...own, values: distinct([...before.values, ...own.values], own.type) };
  if (mode === "upsert") return own;
  const refuse = (reason: string): never => {
    throw configError([{ path: "window", message: `${alias}: ${reason}; load the other in a release of its own` }]);
  };
  if (before.by !== "window" || own.by !== "window")
    return refuse(`a load of this release speaks for ${words[before.by]}, and this one for ${words[own.by]}`);
  const compare = (a: unknown, b: unknown): number => compareCanonical(a, b, own.type);
  if (own.from === null || before.from === null || compare(own.from, before.until) > 0 || compare(before.from, own.until) > 0)
    return refuse("the windows of one release follow each other without a gap");
  if (mode === "append" && compare(own.from, before.until) < 0 && compare(before.from, own.until) < 0)
    return refuse("the windows of appends in one release do not overlap");
  return {
    ...own,
    from: compare(before.from, own.from) <= 0 ? before.from : own.from,
    until: compare(before.until, own.until) >= 0 ? before.until : own.until,
  };
}
const words = { rows: "the rows that it has", window: "a window", partitions: "partitions by name" } as const;

/** Rows that a load has beside what it speaks for. `seen`: a row of `inspect`. */
export function requireInside(alias: string, reach: Reach, mode: string, cursor: string | null, seen: Row): void {
  if (reach.by !== "window" || (mode !== "append" && mode !== "partition")) return;
  const { type, from, until } = reach;
  const [low, high] = [seen["min_cursor"] ?? null, seen["max_cursor"] ?? null];
  const nulls = Number(seen["null_cursors"] ?? 0);
  const below = low !== null && from !== null && compareCanonical(low, from, type) < 0;
  const beyond = high !== null && (Number.isNaN(high) || compareCanonical(high, until, type) >= 0);
  if (nulls === 0 && !below && !beyond) return;
  const what =
    nulls > 0
      ? `${nulls} rows have NULL in ${cursor ?? "the cursor"}`
      : `there are rows from ${shown(low, type)} to ${shown(high, type)}`;
  const reason = `${what}, outside of the window from ${shown(from, type)} until ${shown(until, type)} (exclusive)`;
  throw outside(alias, reason, cursor);
}
/** The partitions that a delta has rows of must be among those named. */
export function requireNamed(alias: string, reach: Reach, partition: string, found: readonly unknown[]): void {
  if (reach.by !== "partitions") return;
  const text = (v: unknown): string | null => formatCanonical(v, reach.type);
  const named = new Set(reach.values.map(text));
  const others = found.map(text).filter((v) => !named.has(v));
  if (others.length === 0) return;
  throw outside(
    alias,
    `there are rows of ${partition} ${others.slice(0, 3).join(", ")}, which partitions.${alias} does not name`,
    partition,
  );
}
function outside(table: string, reason: string, column: string | null): CutoverError<"BAD_ROW"> {
  return new CutoverError("BAD_ROW", `${table}: ${reason}; nothing was changed`, {
    row: null,
    reason,
    table,
    ...(column === null ? {} : { column }),
  });
}

/** The watermark that a load brings: the end of its window, else the highest cursor that is finite and not ahead of the clock. */
export function watermarkAfter(w: Work, found: Found, reach: Reach, cursor: ColumnShape | null, seen: Row): string | null {
  const before = found.state?.watermark ?? null;
  if (cursor === null) return before;
  const { type } = cursor;
  const { alias } = found;
  readableWatermark(w, alias, before, type);
  if (reach.by === "partitions") return null;
  const highest = formatCanonical(seen["max_cursor"], type);
  const settled = formatCanonical(seen["settled_cursor"], type);
  const warn = (message: string): number => w.warnings.push({ code: "FUTURE_CURSOR", message: `${alias}: ${message}` });
  if (reach.by === "window") {
    if (!beyondClock(w, reach.until, type)) return formatCanonical(reach.until, type);
    warn(
      `the window ends at ${shown(reach.until, type)}, after the warehouse's clock; the watermark goes to ${settled ?? before ?? "none"}, the highest cursor loaded`,
    );
    return settled;
  }
  if (highest !== null && highest !== settled) {
    const ahead = type === "float64" ? "rows have a cursor that is no finite number" : "rows are dated in the future";
    warn(`${ahead} (up to ${highest}); they load, but the watermark stays at ${settled ?? before ?? "none"}`);
  }
  return laterText(before, settled, type);
}
const DAY_US = 86_400_000_000n;
function beyondClock(w: Work, until: unknown, type: ColumnType): boolean {
  if (w.clock === null) return false;
  if (type === "timestamp" || type === "datetime") return (until as bigint) > w.clock();
  return type === "date" && BigInt(until as number) * DAY_US > w.clock();
}
