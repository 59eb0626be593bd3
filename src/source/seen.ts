import type { Batch } from "../adapter/session.js";
import type { ColumnShape } from "../adapter/shapes.js";
import type { Syntax } from "../adapter/syntax.js";
import type { Row } from "../sql/sql.js";
import type { ColumnType } from "../table/types.js";

/** What is to be seen of rows on their way into a delta, by column. */
export interface Sight {
  readonly columns: readonly ColumnShape[];
  readonly key: readonly string[];
  readonly cursor: string | null;
  readonly partition: string | null;
}
/** What the step `inspect` would find, and the partitions, in ascending order. */
export interface Seen {
  readonly facts: Row;
  readonly partitions: readonly unknown[];
}

/** Of so many rows the keys are remembered as they are; of more, in `most`, a number for each, which two keys may share. */
const EXACT = 10_000;

/** Types of which JavaScript tells two values apart, and orders them, as engines do. */
const alike: ReadonlySet<ColumnType> = new Set(["int64", "bool", "date", "time", "timestamp", "datetime"]);

/**
 * Watches rows pass, so that a small load need not be looked at in the warehouse. `seen` is null where it could not tell: too
 * many rows, or columns whose values an engine may take for equal, or order, in its own way.
 * @param most beyond so many rows their keys are too many to remember
 * @param clock microseconds since 1970-01-01 by the warehouse's clock
 */
export function watching(
  from: AsyncIterable<Batch>,
  sight: Sight,
  syntax: Syntax,
  clock: () => bigint,
  most: number,
): { readonly through: AsyncIterable<Batch>; readonly seen: () => Seen | null } {
  const place = (name: string | null): number => sight.columns.findIndex((c) => c.name === name);
  const told = (c: ColumnShape | undefined, texts: boolean): boolean =>
    c !== undefined &&
    syntax.fromNative(c.native) === c.type &&
    (alike.has(c.type) || (texts && c.type === "string" && plainText(c, syntax)));
  const of = (names: readonly (string | null)[], texts: boolean): boolean =>
    names.every((n) => n === null || told(sight.columns[place(n)], texts));
  const able = of([...sight.key, sight.partition], true) && of([sight.cursor], false);
  const keyAt = sight.key.map(place);
  const [cursorAt, partitionAt] = [place(sight.cursor), place(sight.partition)];
  const keys = new Set<string>();
  const numbers = new Set<number>();
  const partitions = new Map<string, unknown>();
  let [rows, nullKeys, nullPartitions, nullCursors] = [0, 0, 0, 0];
  let min: unknown = null;
  let max: unknown = null;
  let settled: unknown = null;
  const higher = (a: unknown, b: unknown): unknown => (a === null || (b as bigint) > (a as bigint) ? b : a);
  const latest = clockIn(sight.columns[cursorAt]?.type, clock);
  const row = (columns: Batch["columns"], i: number): void => {
    const key = keyAt.map((at) => columns[at]?.[i] ?? null);
    if (key.includes(null)) nullKeys += 1;
    const text = key.map(textOf).join("");
    if (rows <= EXACT) keys.add(text);
    else numbers.add(hashed(text));
    const cursor = columns[cursorAt]?.[i] ?? null;
    if (cursor === null) nullCursors += 1;
    else {
      if (min === null || (cursor as bigint) < (min as bigint)) min = cursor;
      max = higher(max, cursor);
      if (latest === null || (cursor as bigint) <= latest()) settled = higher(settled, cursor);
    }
    if (partitionAt < 0) return;
    const partition = columns[partitionAt]?.[i] ?? null;
    if (partition === null) nullPartitions += 1;
    else partitions.set(textOf(partition), partition);
  };
  const watched = async function* (): AsyncGenerator<Batch> {
    for await (const batch of from) {
      rows += batch.rows;
      if (keys.size > 0 && rows > EXACT) {
        for (const k of keys) numbers.add(hashed(k));
        keys.clear();
      }
      if (able && rows <= most) for (let i = 0; i < batch.rows; i++) row(batch.columns, i);
      else numbers.clear();
      yield batch;
    }
  };
  // Keys that share a number may be one key or two: then the warehouse is asked.
  const known = (): boolean => able && rows <= most && (rows <= EXACT || keyAt.length === 0 || numbers.size === rows);
  const facts = (): Row => ({
    rows: BigInt(rows),
    null_keys: BigInt(nullKeys),
    keys: BigInt(keyAt.length === 0 || rows > EXACT ? rows : keys.size),
    null_partitions: BigInt(nullPartitions),
    null_cursors: BigInt(cursorAt < 0 ? 0 : nullCursors),
    min_cursor: min,
    max_cursor: max,
    settled_cursor: settled,
  });
  const ascending = (): unknown[] => [...partitions.values()].sort((a, b) => ((a as bigint) < (b as bigint) ? -1 : 1));
  return { through: watched(), seen: () => (known() ? { facts: facts(), partitions: ascending() } : null) };
}

/** Padded and collated types compare texts in their own way. */
const plainText = (c: ColumnShape, syntax: Syntax): boolean =>
  c.type === "string" && (c.native === syntax.type("string") || /^VARCHAR\(\d+\)$/i.test(c.native));

/** 53 bits of a text, by two rounds of FNV-1a. */
function hashed(text: string): number {
  let [low, high] = [0x811c9dc5, 0xc9dc5118];
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    low = Math.imul(low ^ c, 0x01000193);
    high = Math.imul(high ^ (c + i), 0x01000197);
  }
  return (high >>> 11) * 0x1_0000_0000 + (low >>> 0);
}

const textOf = (v: unknown): string => {
  if (v === null) return "null";
  const text = String(v);
  return `${text.length}:${text}`;
};

const DAY_US = 86_400_000_000n;
/** The clock in the cursor's own unit; null: its values are no moments. */
function clockIn(type: ColumnType | undefined, clock: () => bigint): (() => bigint | number) | null {
  if (type === "timestamp" || type === "datetime") return clock;
  return type === "date" ? () => Number(clock() / DAY_US) : null;
}
