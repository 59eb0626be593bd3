import assert from "node:assert/strict";
import type { BlockResult, Inspect } from "../../adapter/operations.js";
import { type ColumnShape, stored, type TableRef, type TableShape } from "../../adapter/shapes.js";
import type { Deletes, Scope, Step } from "../../adapter/steps.js";
import { imageShapes } from "../../ledger/shapes.js";
import type { PlannedStep } from "../../plan/compile.js";
import { ident, join, raw, type Sql, template } from "../../sql/sql.js";
import type { ColumnType } from "../../table/types.js";
import { shapes } from "../columns.js";
import { type Place, sorted, textOf } from "../place.js";

export type Specs = Readonly<Record<string, ColumnType | `${ColumnType}?`>>;
export type Rows = readonly (readonly unknown[])[];

/** What was found must be what was wanted, to the bit; the message says both. */
export function is(found: unknown, wanted: unknown, what: string): void {
  const short = (v: unknown): string => {
    const text = textOf(v) ?? "undefined";
    return text.length > 600 ? `${text.slice(0, 600)} …` : text;
  };
  assert.deepEqual(found, wanted, `${what}: found ${short(found)}, not ${short(wanted)}`);
}
/** The same rows, each as often, in any order. */
export const bag = (found: Rows, wanted: Rows, what: string): void => is(sorted(found), sorted(wanted), what);

/** A table, rows that come, and a place for images. */
export interface Desk {
  readonly place: Place;
  readonly live: TableShape;
  readonly delta: TableRef;
  readonly changes: TableRef;
}
/** How a load is captured and exchanged. */
export interface Load {
  readonly scope: Scope;
  readonly key: readonly string[];
  readonly given?: readonly string[];
  readonly cursor?: string;
  /** A column that is TRUE for a delete, or which value of it. */
  readonly deletes?: string | Deletes;
  readonly prune?: Sql;
}
export const byKey = (...key: string[]): Load => ({ scope: { keys: key }, key });
export const bags: Load = { scope: "all", key: [] };

/** A delta and a table of images for a table that is there already. */
export async function around(place: Place, live: TableShape, delta: readonly ColumnShape[], rows: Rows): Promise<Desk> {
  const name = live.ref.path.at(-1);
  const desk = { place, live, delta: place.at(`${name}_delta`), changes: place.at(`${name}_changes`) };
  await place.stage(desk.delta, delta, rows);
  await place.create(desk.changes, imageShapes(place.adapter.syntax, live.columns));
  return desk;
}
/** Live with rows, and a delta with rows, of the same columns unless the delta's are given. */
export async function setUp(
  place: Place,
  specs: Specs,
  rows: { readonly live: Rows; readonly delta: Rows },
  o: { readonly delta?: Specs; readonly name?: string } = {},
): Promise<Desk> {
  const columns = shapes(place.adapter, specs);
  const ref = place.at(o.name ?? "live");
  await place.make(ref, columns, rows.live);
  return around(place, await place.describe(ref), shapes(place.adapter, o.delta ?? specs), rows.delta);
}
/** A text in the engine's own quotes. */
export const text = (place: Place, value: string): string => place.adapter.syntax.literal({ value, type: "string" });
/** A table by statements, for what `create` cannot say: each column with what follows its type. */
export async function createWith(
  place: Place,
  name: string,
  columns: Readonly<Record<string, readonly [ColumnType, string]>>,
): Promise<TableRef> {
  const ref = place.at(name);
  const body = Object.entries(columns).map(
    ([column, [type, rest]]) => template`${ident([column])} ${raw(`${place.adapter.syntax.type(type)} ${rest}`)}`,
  );
  await place.execute(template`CREATE TABLE ${ident(ref.path)} (${join(body, ", ")})`);
  return ref;
}

export const content = (desk: Desk): Promise<Rows> => desk.place.rows(desk.live.ref, stored(desk.live.columns));
/** Every image: release, image, operation, and the values of the table's columns. */
export const images = (desk: Desk): Promise<Rows> =>
  desk.place.rows(desk.changes, imageShapes(desk.place.adapter.syntax, desk.live.columns));

export const deletesOf = (deletes: Load["deletes"]): Deletes | null =>
  typeof deletes === "string" ? { column: deletes, equals: { value: true, type: "bool" } } : (deletes ?? null);
export function capturing(desk: Desk, load: Load, release = 1): PlannedStep {
  const step: Step<"capture"> = {
    kind: "capture",
    live: desk.live,
    delta: desk.delta,
    given: load.given ?? stored(desk.live.columns).map((c) => c.name),
    rows: null,
    changes: desk.changes,
    scope: load.scope,
    release,
    key: load.key,
    cursor: load.cursor ?? null,
    deletes: deletesOf(load.deletes),
    prune: load.prune ?? null,
  };
  return { id: "capture", step };
}
export const tallying = (
  desk: Desk,
  release = 1,
  more: Partial<Pick<Step<"tally">, "stale" | "count" | "moved">> = {},
): PlannedStep => ({
  id: "tally",
  step: {
    kind: "tally",
    changes: desk.changes,
    release,
    columns: stored(desk.live.columns),
    stale: null,
    count: null,
    moved: null,
    ...more,
  },
});
export function exchanging(
  desk: Desk,
  load: Load,
  o: Pick<Step<"exchange">, "remove" | "removes" | "inserts"> & { readonly captured?: boolean; readonly release?: number },
): PlannedStep {
  const step: Step<"exchange"> = {
    kind: "exchange",
    live: desk.live,
    changes: desk.changes,
    release: o.release ?? 1,
    key: load.key,
    remove: o.remove,
    removes: o.removes,
    inserts: o.inserts,
    rows: null,
    captured: o.captured ?? false,
    prune: load.prune ?? null,
  };
  return { id: "exchange", step };
}

/** A block that must be committed. */
export async function committed(place: Place, steps: readonly (PlannedStep | Inspect)[]): Promise<BlockResult> {
  const result = await place.block(steps);
  if (result.outcome === "refused") {
    assert.fail(`the block was refused at ${result.at}: ${textOf(result.results.get(result.at) ?? null)}`);
  }
  return result;
}
/** Captures and commits. */
export async function capture(desk: Desk, load: Load, release = 1): Promise<void> {
  await committed(desk.place, [capturing(desk, load, release)]);
}
/** Captures and commits an upsert by cursor; how many of its rows the tally of that block calls stale. */
export async function captureStale(desk: Desk, load: Load & { readonly cursor: string }, release = 1): Promise<unknown> {
  const { live, delta } = desk;
  const stale = { live, delta, key: load.key, cursor: load.cursor, prune: load.prune ?? null };
  const result = await committed(desk.place, [capturing(desk, load, release), tallying(desk, release, { stale })]);
  return result.results.get("tally")?.rows[0]?.["stale"];
}
/** How many images of each kind a release has. */
export interface Counts {
  readonly before: number;
  readonly after: number;
}
/** The steps of a release in place: captured and exchanged. */
export const publishing = (
  desk: Desk,
  load: Load,
  release: number,
  count: Step<"tally">["count"] = null,
): readonly PlannedStep[] => [
  capturing(desk, load, release),
  tallying(desk, release, { count }),
  exchanging(desk, load, {
    release,
    remove: "before",
    removes: { sameAs: "tally", column: "before_rows" },
    inserts: { sameAs: "tally", column: "after_rows" },
    captured: true,
  }),
];
/** Captures and exchanges in one block. */
export async function publish(desk: Desk, load: Load, release = 1): Promise<Counts> {
  const result = await committed(desk.place, publishing(desk, load, release));
  const row = result.results.get("tally")?.rows[0] ?? {};
  return { before: Number(row["before_rows"]), after: Number(row["after_rows"]) };
}
/** Exchanges what was captured in an earlier block. */
export const exchange = (desk: Desk, load: Load, remove: "before" | "after", n: Counts, release = 1): Promise<BlockResult> =>
  desk.place.block([
    exchanging(desk, load, { release, remove, removes: n[remove], inserts: n[remove === "before" ? "after" : "before"] }),
  ]);

/** How something ended that may have to give way to another. */
export type Ending = "done" | "refused" | "conflict";
export async function endingOf(place: Place, work: Promise<boolean>): Promise<Ending> {
  try {
    return (await work) ? "done" : "refused";
  } catch (e) {
    if (place.adapter.classify(e).kind === "conflict") return "conflict";
    throw e;
  }
}
