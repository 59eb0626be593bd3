import { setImmediate as breath } from "node:timers/promises";
import { type $ZodObject, safeParse, safeParseAsync } from "zod/v4/core";
import type { Batch } from "../adapter/session.js";
import type { ColumnShape } from "../adapter/shapes.js";
import { CutoverError, isCutoverError } from "../errors/index.js";
import { encoderOf, Unfit } from "../table/encode.js";
import { abortable } from "./abortable.js";
import type { Aside } from "./aside.js";
import type { Stream } from "./source.js";

/** Rows in a batch: a whole number of the vectors that columnar engines fill. */
const BATCH = 10_240;

export interface RowTarget {
  readonly table: string;
  readonly columns: readonly ColumnShape[];
  /** The columns as rows name them. */
  readonly names: readonly string[];
  readonly schema: $ZodObject | null;
  readonly onUnknownColumn: "reject" | "ignore" | "add";
  /** Columns that the schema does not know, as rows name them: their values are taken as they come. */
  readonly beside?: readonly string[];
  /** Told once a load, with the names that were left out. */
  readonly ignored: (names: readonly string[]) => void;
  /** Where rows go that do not fit; without it they are refused. */
  readonly aside?: Aside | null;
  /** Told of every row that is read. */
  readonly passed?: ((item: unknown) => void) | null;
}

/**
 * Rows as batches of canonical values. Each row is parsed; one that does not fit is refused with its number (from 1), or goes
 * aside: then a batch is short, or empty, where no more of those can be held.
 */
export async function* batches(from: Stream<object>, target: RowTarget, signal: AbortSignal): AsyncGenerator<Batch> {
  const add = rowAdder(target);
  let columns = target.columns.map((): unknown[] => []);
  let filled = 0;
  let row = 0;
  const source = guarded(from, target.table, signal);
  try {
    for (;;) {
      // A wait for each row of what is there already would cost more than the row.
      const given = source.next();
      const next = given instanceof Promise ? await given : given;
      if (next.done === true) break;
      row += 1;
      target.passed?.(next.value);
      try {
        const pending = add(next.value, row, columns);
        if (pending !== undefined) await pending;
        filled += 1;
      } catch (e) {
        if (target.aside == null || !isCutoverError(e, "BAD_ROW")) throw e;
        // What it had written before it was found not to fit.
        for (const c of columns) c.length = filled;
        target.aside.put({ row, item: next.value, reason: e.context.reason, column: e.context.column ?? null });
        if (!target.aside.full) continue;
      }
      if (filled < BATCH && target.aside?.full !== true) continue;
      // Timers and signals get their turn, also beside an iterable that never waits.
      await breath();
      signal.throwIfAborted();
      yield { rows: filled, columns };
      columns = target.columns.map(() => []);
      filled = 0;
    }
    if (filled > 0) yield { rows: filled, columns };
  } finally {
    await source.close();
  }
}

/** Runs code of the source: what it throws is the source's error, unless the call was aborted. */
export function reading<R>(table: string, signal: AbortSignal, body: () => R): R {
  try {
    return body();
  } catch (cause) {
    throw sourceError(table, signal, cause);
  }
}
export function sourceError(table: string, signal: AbortSignal, cause: unknown): unknown {
  if (isCutoverError(cause) || signal.aborted) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CutoverError("SOURCE", `the source of ${table} failed: ${reason}`, { table, reason }, { cause });
}

interface Guarded {
  next(): IteratorResult<object> | Promise<IteratorResult<object>>;
  /** Ends a source that has not ended by itself. */
  close(): Promise<void>;
}
/** What the source throws is the source's error; what is thrown while its rows are used is not. */
function guarded(from: Stream<object>, table: string, signal: AbortSignal): Guarded {
  const patience = abortable(signal);
  let done = false;
  const told = (next: IteratorResult<object>): IteratorResult<object> => {
    if (next.done === true) done = true;
    return next;
  };
  const failed = (cause: unknown): never => {
    // One that threw has ended; one that was given up on has not.
    done = !signal.aborted;
    throw sourceError(table, signal, cause);
  };
  const asynchronous = Symbol.asyncIterator in from;
  const iterator = reading(table, signal, () => (asynchronous ? from[Symbol.asyncIterator]() : from[Symbol.iterator]()));
  return {
    next: () => {
      try {
        const given = iterator.next();
        return asynchronous ? patience.wait(given).then(told, failed) : told(given as IteratorResult<object>);
      } catch (cause) {
        return failed(cause);
      }
    },
    close: async () => {
      patience.done();
      if (done) return;
      const closing = Promise.resolve(iterator.return?.());
      // One that was given up on may never answer this either.
      if (signal.aborted) closing.catch(() => undefined);
      else await closing;
    },
  };
}

const inherited: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));
type Refuse = (row: number, reason: string, column?: string, cause?: unknown) => never;

function rowAdder(t: RowTarget): (item: unknown, row: number, into: unknown[][]) => Promise<void> | undefined {
  const { names } = t;
  const known = new Set(names);
  const encoders = t.columns.map((c) => encoderOf(c.type));
  const refuse: Refuse = (row, reason, column, cause) => {
    const at = column === undefined ? "" : `, column ${column}`;
    const message = `row ${row} for ${t.table}${at}: ${reason}`;
    throw new CutoverError(
      "BAD_ROW",
      message,
      { row, ...(column === undefined ? {} : { column }), reason, table: t.table },
      { cause },
    );
  };
  const told = new Set<string>();
  const unknown = (row: number, name: string): void => {
    if (t.onUnknownColumn === "add")
      refuse(row, "the first row of the load has no such column, so it was not added; give it there", name);
    if (t.onUnknownColumn === "reject") refuse(row, "the table has no such column (declare it, or set onUnknownColumn)", name);
    if (told.has(name)) return;
    told.add(name);
    t.ignored([name]);
  };
  // A column may be named like something that every object inherits.
  const guardedNames = names.map((name) => inherited.has(name));
  const required = t.columns.map((c) => !c.nullable);
  const write = (value: Readonly<Record<string, unknown>>, row: number, into: unknown[][]): void => {
    let i = 0;
    try {
      for (; i < names.length; i++) {
        const name = names[i] as string;
        const v = guardedNames[i] && !Object.hasOwn(value, name) ? undefined : value[name];
        const column = into[i] as unknown[];
        if (v !== null && v !== undefined) column.push((encoders[i] as (v: unknown) => unknown)(v));
        else if (required[i]) refuse(row, "a value is missing", name);
        else column.push(null);
      }
    } catch (e) {
      if (e instanceof Unfit) refuse(row, e.message, names[i]);
      throw e;
    }
  };
  const schema = t.schema;
  const add = (item: unknown, row: number, into: unknown[][]): Promise<void> | undefined => {
    if (typeof item !== "object" || item === null)
      return refuse(row, `expected an object, got ${item === null ? "null" : typeof item}`);
    let at = 0;
    // Most rows name their columns in the table's order.
    for (const name in item) if (name !== names[at++] && !known.has(name)) unknown(row, name);
    if (schema === null) return void write(item as Record<string, unknown>, row, into);
    const parsed = parse(schema, item);
    const whole = (r: Parsed): Record<string, unknown> =>
      withBeside(accept(r, row, refuse), item as Record<string, unknown>, t.beside ?? []);
    if (parsed instanceof Promise) return parsed.then((r) => write(whole(r), row, into));
    return void write(whole(parsed), row, into);
  };
  return (item, row, into) => {
    try {
      return add(item, row, into);
    } catch (e) {
      if (isCutoverError(e)) throw e;
      return refuse(row, `reading it threw: ${e instanceof Error ? e.message : String(e)}`, undefined, e);
    }
  };
}

/** What a schema gave, and the values that it does not know. */
function withBeside(
  parsed: Record<string, unknown>,
  item: Readonly<Record<string, unknown>>,
  beside: readonly string[],
): Record<string, unknown> {
  if (beside.length === 0) return parsed;
  return { ...parsed, ...Object.fromEntries(beside.map((name) => [name, Object.hasOwn(item, name) ? item[name] : null])) };
}

type Parsed = ReturnType<typeof safeParse<$ZodObject>> | { readonly threw: unknown };
function parse(schema: $ZodObject, item: object): Parsed | Promise<Parsed> {
  try {
    return safeParse(schema, item);
  } catch (e) {
    // A schema with asynchronous parts says so by this error.
    if (e instanceof Error && e.constructor.name === "$ZodAsyncError") return safeParseAsync(schema, item);
    return { threw: e };
  }
}
function accept(r: Parsed, row: number, refuse: Refuse): Record<string, unknown> {
  if ("threw" in r)
    return refuse(row, `its check threw: ${r.threw instanceof Error ? r.threw.message : String(r.threw)}`, undefined, r.threw);
  if (r.success) return r.data as Record<string, unknown>;
  const first = r.error.issues[0];
  return refuse(
    row,
    first?.message ?? "does not fit",
    first === undefined || first.path.length === 0 ? undefined : String(first.path[0]),
  );
}
