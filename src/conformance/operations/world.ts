import assert from "node:assert/strict";
import type { TableRef } from "../../adapter/shapes.js";
import type { Check } from "../../check/checks.js";
import { type CutoverError, type ErrorCode, isCutoverError } from "../../errors/index.js";
import type { Config } from "../../pipeline/config.js";
import type { Pipeline } from "../../pipeline/pipeline.js";
import { rows, type Source } from "../../source/source.js";
import { ident, type Sql, template } from "../../sql/sql.js";
import { table } from "../../table/define.js";
import { allTables } from "../ledger.js";
import { calm, type Place, textOf } from "../place.js";

export interface Item {
  readonly id: number;
  readonly name?: string | null;
  readonly v: number;
  readonly seq: number;
}
type ItemColumn = "id" | "name" | "v" | "seq";
/** Rows by key, with a cursor. */
export const itemsTable = (checks: readonly Check<ItemColumn>[] = []) =>
  table("items", { columns: { id: "int64", name: "string?", v: "int64", seq: "int64" }, key: "id", cursor: "seq", checks });
/** Items `from` to `to`; `v` and `seq` tell which load they are of. */
export const batch = (from: number, to: number, v: number, seq = v): Item[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => ({ id: from + i, name: `n${from + i}`, v, seq }));
/** The same as a source. */
export const load = (from: number, to: number, v: number, seq = v): { readonly items: Source<Item> } => ({
  items: rows(batch(from, to, v, seq)),
});

/** Whole days, without a key. */
export const daysTable = (checks: readonly Check<"day" | "spot" | "n">[] = []) =>
  table("days", { columns: { day: "date", spot: "string", n: "int64" }, mode: "partition", partition: "day", checks });
export const day = (d: number, ...cells: readonly (readonly [string, number])[]) =>
  cells.map(([spot, n]) => ({ day: `2001-01-${String(d).padStart(2, "0")}`, spot, n }));
export const cells = (n: number, value = 1) => Array.from({ length: n }, (_, i) => [`s${i}`, value] as const);

type More = Partial<Omit<Config, "tables">>;
export const itemsPipeline = (place: Place, o: More & { readonly checks?: readonly Check<ItemColumn>[] } = {}) => {
  const { checks, ...rest } = o;
  return place.pipeline({ pipeline: "items", tables: { items: itemsTable(checks) }, ...rest });
};
export const daysPipeline = (place: Place, checks: readonly Check<"day" | "spot" | "n">[] = [], o: More = {}) =>
  place.pipeline({ pipeline: "days", tables: { days: daysTable(checks) }, ...o });
export const bothPipeline = (place: Place, o: More = {}) =>
  place.pipeline({ pipeline: "both", tables: { items: itemsTable(), days: daysTable() }, ...o });

/** A column of a table that the library made, or that the case made by its exact name. */
export const col = (name: string): Sql => ident([name]);
/** The live table, for statements of others. */
export const live = (place: Place, name = "items"): Sql => ident(place.folded(name).path);
/** Somebody else inserts a row. */
export const intrude = (place: Place, id = 900) =>
  place.execute(
    template`INSERT INTO ${live(place)} (${col("id")}, ${col("name")}, ${col("v")}, ${col("seq")}) VALUES (${id}, 'theirs', 7, 0)`,
  );

/** Columns and rows of a table as the kit's own session finds them; null: there is no such table. */
export async function contents(place: Place, name: string | TableRef) {
  const ref = typeof name === "string" ? place.folded(name) : name;
  const shape = await place.session.describe(ref, calm());
  return shape === null ? null : { columns: shape.columns, rows: await place.rows(shape.ref, shape.columns) };
}
/** What live and ledger say, for comparison before and after. */
export async function picture(place: Place, p: Pick<Pipeline, "status">, ...names: readonly string[]) {
  const { live: release, watermarks, tallies, held } = await p.status();
  const found: Record<string, unknown> = {};
  for (const name of names) found[name] = await contents(place, name);
  return { release, watermarks, tallies, held, found };
}
/** The same but for the hold, which a rollback leaves. */
export const still = async (place: Place, p: Pick<Pipeline, "status">, ...names: readonly string[]) => ({
  ...(await picture(place, p, ...names)),
  held: null,
});
/** Tables that the library made beside live and for staged rows. */
export async function litter(place: Place): Promise<readonly string[]> {
  const { beside, ledger } = await allTables(place);
  const name = (path: string): string => path.split(".").at(-1) ?? "";
  return [...beside.filter((t) => name(t).startsWith("_cutover_")), ...ledger.filter((t) => name(t).startsWith("delta_"))];
}

/** The error of a call that must fail with one of these codes. */
export async function failure<C extends ErrorCode>(
  call: Promise<unknown>,
  ...codes: C[]
): Promise<{ [K in C]: CutoverError<K> }[C]> {
  let value: unknown;
  try {
    value = await call;
  } catch (e) {
    if (isCutoverError(e, ...codes)) return e;
    throw new Error(`expected ${codes.join(" or ")}, but it failed with ${String(e)}`, { cause: e });
  }
  throw new Error(`expected ${codes.join(" or ")}, but it resolved: ${textOf(value ?? null)}`);
}
/** The refusal of what the engine cannot do: it names the capability and another way. */
export async function unsupported(call: Promise<unknown>, capability: RegExp, alternative: RegExp): Promise<void> {
  const { context, message } = await failure(call, "UNSUPPORTED");
  assert.match(context.capability, capability, `the refusal names another capability: ${message}`);
  assert.match(context.alternative, alternative, `the refusal names no fitting alternative: ${message}`);
}
export async function whole(p: Pipeline): Promise<void> {
  const { ok, tables } = await p.audit();
  assert.ok(ok, `the tables are not what the ledger recorded: ${textOf(tables)}`);
}

/** Some of what a report tells of a table. */
export const told = (t: object | undefined, ...names: readonly string[]) => names.map((n) => (t as Record<string, unknown>)[n]);

export async function all<T>(from: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const x of from) list.push(x);
  return list;
}
/** A source that runs `then` after `n` of its rows. */
export const after = <R extends object>(given: readonly R[], n: number, then: () => unknown): Source<R> =>
  rows(
    (async function* () {
      for (const [i, row] of given.entries()) {
        if (i === n) await then();
        yield row;
      }
      if (n >= given.length) await then();
    })(),
  );
