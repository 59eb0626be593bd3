import { type Check, type Config, cutover, rows, type Table, table } from "cutover";
import type { Db } from "./warehouse.js";

export { failure } from "./failure.js";

export interface Item {
  readonly id: number;
  readonly name?: string | null;
  readonly v: number;
  readonly seq: number;
}
export type ItemColumn = "id" | "name" | "v" | "seq";
/** Rows by key, with a cursor. */
export const itemsTable = (checks: readonly Check<ItemColumn>[] = []) =>
  table("items", { columns: { id: "int64", name: "string?", v: "int64", seq: "int64" }, key: "id", cursor: "seq", checks });
export const items = itemsTable();
/** Items `from` to `to`; `v` and `seq` tell which load they are of. */
export const batch = (from: number, to: number, v: number, seq = v): Item[] =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ id: from + i, name: `n${from + i}`, v, seq }));

export interface Day {
  readonly day: string;
  readonly place: string;
  readonly n: number;
}
/** Whole days, without a key. */
export const daysTable = (checks: readonly Check<"day" | "place" | "n">[] = []) =>
  table("days", { columns: { day: "date", place: "string", n: "int64" }, mode: "partition", partition: "day", checks });
export const day = (d: number, ...cells: readonly (readonly [string, number])[]): Day[] =>
  cells.map(([place, n]) => ({ day: `2001-01-${String(d).padStart(2, "0")}`, place, n }));

type More = Partial<Omit<Config, "tables" | "warehouse">>;
export const itemsPipeline = (
  db: Db,
  o: More & { readonly warehouse?: Config["warehouse"]; readonly checks?: readonly Check<ItemColumn>[] } = {},
) => {
  const { checks, ...rest } = o;
  return db.own(cutover({ warehouse: db.warehouse, pipeline: "items", tables: { items: itemsTable(checks) }, ...rest }));
};
export const daysPipeline = (db: Db, checks: readonly Check<"day" | "place" | "n">[] = [], o: More = {}) =>
  db.own(cutover({ warehouse: db.warehouse, pipeline: "days", tables: { days: daysTable(checks) }, ...o }));

/** What live and ledger say, for comparison before and after. */
export async function picture(db: Db, p: { status(): Promise<unknown> }, ...tables: readonly string[]) {
  const { live, watermarks, tallies, held } = (await p.status()) as Record<string, unknown>;
  const contents: (readonly string[])[] = [];
  for (const t of tables) contents.push(await db.content(t));
  return { live, watermarks, tallies, held, contents };
}

export async function all<T>(from: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const x of from) list.push(x);
  return list;
}
/** A source that runs `then` after `n` of its rows. */
export const after = <R extends object>(given: readonly R[], n: number, then: () => unknown) =>
  rows(
    (async function* () {
      for (const [i, row] of given.entries()) {
        if (i === n) await then();
        yield row;
      }
      if (n >= given.length) await then();
    })(),
  );
/** A promise and its resolver: for meeting points. */
export function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}
export type AnyTable = Table;
