import { CutoverError, isCutoverError } from "../../errors/index.js";
import type { State } from "../../ledger/state.js";
import { untilAbort } from "../../source/abortable.js";
import { type Source, sourceOf } from "../../source/source.js";
import type { Tables } from "../../table/define.js";
import { findColumn } from "../../table/resolve.js";
import { cursorOut, sinceOf } from "../../table/watermark.js";
import { configError } from "../config.js";
import type { Work } from "../session/work.js";
import { keyOf, readableWatermark } from "./tables.js";
import { type Bounds, boundsOf, checkSources, type Extent } from "./window.js";

type In<T> = T extends import("../../table/define.js").Table<infer I, infer _O, infer _C> ? I : never;
type Cur<T> = T extends import("../../table/define.js").Table<infer _I, infer _O, infer C> ? C : never;
/** The aliases of tables that declare a `cursor`. */
export type KeysWithCursor<T extends Tables> = { [K in keyof T]: [Cur<T[K]>] extends [never] ? never : K }[keyof T];

/** What a feed that is a function gets: where to read from, for which release, and until when. */
export interface LoadContext<T extends Tables> {
  /** Where to read each table from, inclusive: the watermark less the lookback; undefined on the first run. */
  readonly since: { readonly [K in KeysWithCursor<T>]: Cur<T[K]> | undefined };
  /** Until when, exclusive: the end of the window that the call was given; undefined without one. */
  readonly until: Cur<T[keyof T]> | undefined;
  /** How far each source that cannot rewind has been published, by its own position: what it gives again up to there is live. */
  readonly positions: Readonly<Record<string, string | undefined>>;
  /** The number of the release that the rows are for. */
  readonly release: number;
  /** Fires when the call is cancelled or the pipeline is closed. */
  readonly signal: AbortSignal;
}
/** A source for each table to load, by alias; the others stay as they are. An alias that is not configured is `NOT_FOUND`. */
export type Sources<T extends Tables> = { readonly [K in keyof T]?: Source<In<T[K]>> };
/** Sources by table, or a function of where to read from. */
export type Feed<T extends Tables> = Sources<T> | ((ctx: LoadContext<T>) => Sources<T> | Promise<Sources<T>>);
export type AnyFeed = Readonly<Record<string, Source>> | ((ctx: LoadContext<Tables>) => unknown);

/** The sources of a feed, by alias. `fromStart`: a candidate that is built anew reads everything. */
export async function openFeed(
  w: Work,
  feed: AnyFeed,
  state: State,
  release: number,
  fromStart: boolean,
  o: Extent,
): Promise<readonly (readonly [string, Source])[]> {
  const given = typeof feed === "function" ? await call(w, feed, await loadContext(w, state, release, fromStart, o)) : feed;
  if (typeof given !== "object" || given === null || Array.isArray(given) || sourceOf(given as Source) !== null)
    throw configError([{ path: "feed", message: "expected sources by table, such as { orders: rows(…) }" }]);
  const entries = Object.entries(given as Readonly<Record<string, Source | undefined>>).filter(
    (e): e is [string, Source] => e[1] !== undefined,
  );
  checkSources(
    w,
    o,
    entries.map(([alias]) => alias),
  );
  return entries;
}

async function call(w: Work, feed: (ctx: LoadContext<Tables>) => unknown, ctx: LoadContext<Tables>): Promise<unknown> {
  try {
    return await untilAbort(w.signal, () => feed(ctx));
  } catch (cause) {
    if (isCutoverError(cause) || w.signal.aborted) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CutoverError("SOURCE", `the feed of pipeline ${w.ctx.settings.pipeline} failed: ${reason}`, { reason }, { cause });
  }
}

async function loadContext(
  w: Work,
  state: State,
  release: number,
  fromStart: boolean,
  { window }: Extent,
): Promise<LoadContext<Tables>> {
  const since: Record<string, unknown> = {};
  let until: unknown;
  const positions = Object.entries(w.ctx.tables).flatMap(([alias, d]) => {
    const position = state.positions?.[keyOf(w, d).id];
    return position === undefined ? [] : [[alias, position] as const];
  });
  for (const [alias, d] of Object.entries(w.ctx.tables)) {
    if (d.cursor === null) continue;
    const { ref, id } = keyOf(w, d);
    const watermark = fromStart ? null : (state.tables[id]?.watermark ?? null);
    since[alias] = undefined;
    if (watermark === null && window === undefined) continue;
    const live = await w.describe(ref);
    const column = findColumn(live?.columns ?? [], d.cursor, w.ctx.adapter.capabilities.identifiers);
    const declared = d.columns?.find((c) => c.name === d.cursor);
    const type = column?.type ?? declared?.type ?? "string";
    const js = declared?.js ?? "exact";
    readableWatermark(w, alias, watermark, type);
    since[alias] = cursorOut(sinceOf(watermark, d.lookback, type), type, js);
    if (window === undefined) continue;
    const known = column !== undefined || declared !== undefined;
    const bounds = known ? fitting(alias, window, type, watermark, d.lookback) : null;
    if (bounds === null) continue;
    since[alias] = cursorOut(bounds.from ?? undefined, type, js);
    until ??= cursorOut(bounds.until, type, js);
  }
  // Of a table that does not exist nobody knows the type of its cursor yet: the values are those that were given.
  if (window !== undefined && until === undefined) until = window.until;
  return { since, until, positions: Object.fromEntries(positions), release, signal: w.signal } as LoadContext<Tables>;
}

/** null: the window is of another table's type; refused once the feed has a source for this one. */
function fitting(...of: Parameters<typeof boundsOf>): Bounds | null {
  try {
    return boundsOf(...of);
  } catch (e) {
    if (isCutoverError(e, "CONFIG")) return null;
    throw e;
  }
}
