import assert from "node:assert/strict";
import type { BlockResult, Inspect } from "../../adapter/operations.js";
import { type ColumnShape, stored, type TableRef, type TableShape } from "../../adapter/shapes.js";
import { imageColumns, type Scope, type Step } from "../../adapter/steps.js";
import type { PlannedStep } from "../../plan/compile.js";
import { ident, join, raw, type Sql, template } from "../../sql/sql.js";
import type { ColumnType } from "../../table/types.js";
import { shapes } from "../columns.js";
import { batches, calm, type Place, sorted, textOf } from "../place.js";

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
  readonly deletes?: string;
  readonly prune?: Sql;
}
export const byKey = (...key: string[]): Load => ({ scope: { keys: key }, key });
export const bags: Load = { scope: "all", key: [] };

/** The columns of a table of images. */
export const imageShapes = (place: Place, columns: readonly ColumnShape[]): readonly ColumnShape[] => [
  ...shapes(place.adapter, { [imageColumns.release]: "int64?", [imageColumns.image]: "string?", [imageColumns.op]: "string?" }),
  ...stored(columns).map(({ name, type, native }) => ({ name, type, native, nullable: true })),
];

/** A delta and a table of images for a table that is there already. */
export async function around(place: Place, live: TableShape, delta: readonly ColumnShape[], rows: Rows): Promise<Desk> {
  const name = live.ref.path.at(-1);
  const desk = { place, live, delta: place.at(`${name}_delta`), changes: place.at(`${name}_changes`) };
  await place.make(desk.delta, delta, rows);
  await place.create(desk.changes, imageShapes(place, live.columns));
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

/** Puts rows into a table that stands already. */
export async function stage(place: Place, ref: TableRef, columns: readonly ColumnShape[], rows: Rows): Promise<void> {
  await place.session.stage(ref, columns, batches(rows, columns.length), calm());
}

export const content = (desk: Desk): Promise<Rows> => desk.place.rows(desk.live.ref, stored(desk.live.columns));
/** Every image: release, image, operation, and the values of the table's columns. */
export const images = (desk: Desk): Promise<Rows> => desk.place.rows(desk.changes, imageShapes(desk.place, desk.live.columns));

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
    deletes: load.deletes ?? null,
    prune: load.prune ?? null,
  };
  return { id: "capture", step };
}
export const tallying = (desk: Desk, release = 1): PlannedStep => ({
  id: "tally",
  step: { kind: "tally", changes: desk.changes, release, columns: stored(desk.live.columns) },
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
/** Captures and commits; the number of stale rows. */
export async function capture(desk: Desk, load: Load, release = 1): Promise<unknown> {
  const result = await committed(desk.place, [capturing(desk, load, release)]);
  return result.results.get("capture")?.rows[0]?.["stale"];
}
/** How many images of each kind a release has. */
export interface Counts {
  readonly before: number;
  readonly after: number;
}
/** Captures and exchanges in one block, as a release in place does. */
export async function publish(desk: Desk, load: Load, release = 1): Promise<Counts> {
  const result = await committed(desk.place, [
    capturing(desk, load, release),
    tallying(desk, release),
    exchanging(desk, load, {
      release,
      remove: "before",
      removes: { sameAs: "tally", column: "before_rows" },
      inserts: { sameAs: "tally", column: "after_rows" },
      captured: true,
    }),
  ]);
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
