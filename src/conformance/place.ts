import { type Adapter, adapterOf, type Warehouse } from "../adapter/define.js";
import type { BlockResult, Inspect, Native, OpResult } from "../adapter/operations.js";
import type { Batch, IoOptions, Session } from "../adapter/session.js";
import type { ColumnShape, TableRef, TableShape } from "../adapter/shapes.js";
import type { Step } from "../adapter/steps.js";
import { CutoverError } from "../errors/index.js";
import type { Config } from "../pipeline/config.js";
import { cutover, type Pipeline } from "../pipeline/pipeline.js";
import { compileBlock, type PlannedStep } from "../plan/compile.js";
import { ident, join, type Row, type Sql, template } from "../sql/sql.js";
import type { Tables } from "../table/define.js";
import { resolveName } from "../table/resolve.js";
import type { ColumnType } from "../table/types.js";
import type { Opened } from "./kit.js";
import { type Ran, runStep } from "./run-step.js";

/** Where a case works: an empty warehouse, a session that looks at it, and short words for what cases do. */
export interface Place {
  readonly warehouse: Warehouse;
  readonly ledgerSchema: string;
  readonly adapter: Adapter;
  /** The kit's own: the core has no part in it. */
  readonly session: Session<Native>;
  /** One more session; closed with the place. */
  open(): Promise<Session<Native>>;
  /** A table that stands where unqualified names do; the name is exact. */
  at(name: string): TableRef;
  /** A name as users write it without quotes, folded as the engine folds. */
  folded(name: string): TableRef;
  /** Makes an empty table. */
  create(ref: TableRef, columns: readonly ColumnShape[]): Promise<void>;
  /** Makes a table with rows: canonical values, one array a row. */
  make(ref: TableRef, columns: readonly ColumnShape[], rows: readonly (readonly unknown[])[]): Promise<void>;
  /** Adds rows to a table, which stays what it is: they are staged beside it and appended. */
  add(ref: TableRef, columns: readonly ColumnShape[], rows: readonly (readonly unknown[])[]): Promise<void>;
  /** The session's `stage`: a scratch table made anew, as the core's deltas are. */
  stage(ref: TableRef, columns: readonly ColumnShape[], rows: readonly (readonly unknown[])[]): Promise<void>;
  /** All rows, as arrays in the order of the columns, sorted by their text. */
  rows(ref: TableRef, columns: readonly ColumnShape[]): Promise<readonly (readonly unknown[])[]>;
  /** Rows of a query, on the kit's session. */
  query(sql: Sql, returns: Readonly<Record<string, ColumnType>>): Promise<readonly Row[]>;
  /** A statement that returns nothing. */
  execute(sql: Sql, session?: Session<Native>): Promise<OpResult>;
  /** The operations of a step, each committed by itself. */
  step(step: Step, session?: Session<Native>): Promise<Ran>;
  /** Steps as one block. */
  block(steps: readonly (PlannedStep | Inspect)[], o?: BlockOptions): Promise<BlockResult>;
  /** @throws Error when there is no such table. */
  describe(ref: TableRef): Promise<TableShape>;
  /** A pipeline on this warehouse, closed with the place. */
  pipeline<T extends Tables>(config: Omit<Config<T>, "warehouse"> & { readonly warehouse?: Warehouse }): Pipeline<T>;
  dispose(): Promise<void>;
}
export interface BlockOptions {
  readonly end?: "commit" | "rollback";
  readonly timeoutMs?: number;
  readonly session?: Session<Native>;
  readonly signal?: AbortSignal;
}

/** Options for a call that nobody cancels. */
export const calm = (tag = "conformance"): IoOptions => ({ tag, signal: new AbortController().signal });

/** Rows as batches of so many. */
export async function* batches(rows: readonly (readonly unknown[])[], width: number, size = 1000): AsyncGenerator<Batch> {
  for (let from = 0; from < rows.length; from += size) {
    const part = rows.slice(from, from + size);
    yield { rows: part.length, columns: Array.from({ length: width }, (_, i) => part.map((r) => r[i])) };
  }
}

export async function openPlace(given: Opened): Promise<Place> {
  const adapter = adapterOf(given.warehouse);
  if (adapter === null) throw notAWarehouse();
  const { capabilities } = adapter;
  const sessions: Session<Native>[] = [];
  const pipelines: { close(): Promise<void> }[] = [];
  const open = async (): Promise<Session<Native>> => {
    const made = await adapter.open(calm("conformance open"));
    sessions.push(made);
    return made;
  };
  const session = await open();
  const query: Place["query"] = async (sql, returns) => (await session.execute({ sql, returns }, calm())).rows;
  const create: Place["create"] = async (ref, columns) => {
    await place.step({ kind: "create", ref, columns, ifNotExists: false, scratch: false });
  };
  const place: Place = {
    warehouse: given.warehouse,
    ledgerSchema: given.ledgerSchema ?? "cutover_ledger",
    adapter,
    session,
    open,
    at: (name) => ({ path: [...session.home.slice(0, capabilities.identifiers.depth - 1), name] }),
    folded: (name) => resolveName(name, session.home, capabilities),
    create,
    async make(ref, columns, rows) {
      await create(ref, columns);
      await place.add(ref, columns, rows);
    },
    async add(ref, columns, rows) {
      const from = { path: [...ref.path.slice(0, -1), "rows_of_the_kit"] };
      await place.stage(from, columns, rows);
      await place.step({ kind: "append", from, to: ref, columns: columns.map((c) => c.name) });
      await place.step({ kind: "drop", ref: from });
    },
    async stage(ref, columns, rows) {
      await session.stage(ref, columns, batches(rows, columns.length), calm());
    },
    async rows(ref, columns) {
      const names = join(
        columns.map((c) => ident(["row", c.name])),
        ", ",
      );
      const returns = Object.fromEntries(columns.map((c) => [c.name, c.type]));
      const found = await query(template`SELECT ${names} FROM ${ident(ref.path)} AS ${ident(["row"])}`, returns);
      return sorted(found.map((r) => columns.map((c) => r[c.name])));
    },
    query,
    execute: (sql, on = session) => on.execute({ sql }, calm()),
    step: (step, on = session) => runStep(adapter, on, step, calm(`conformance ${step.kind}`)),
    block: (steps, o = {}) =>
      (o.session ?? session).atomic(
        compileBlock(adapter, { name: "conformance", atomic: true, steps }, o.end ?? "commit", o.timeoutMs ?? 60_000),
        { ...calm(), ...(o.signal === undefined ? {} : { signal: o.signal }) },
      ),
    async describe(ref) {
      const shape = await session.describe(ref, calm());
      if (shape === null) throw new Error(`there is no table ${ref.path.join(".")}`);
      return shape;
    },
    pipeline(config) {
      const made = cutover({ warehouse: given.warehouse, ledgerSchema: place.ledgerSchema, ...config });
      pipelines.push(made);
      return made;
    },
    async dispose() {
      for (const p of pipelines.splice(0)) await p.close();
      for (const s of sessions.splice(0)) await s.close();
      await given.dispose();
    },
  };
  return place;
}

/** A promise and its resolver: for meeting points. */
export function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

/** Rows in an order of their own: the same rows, as often, give the same list. */
export const sorted = (rows: readonly (readonly unknown[])[]): readonly (readonly unknown[])[] =>
  rows
    .map((r) => [textOf(r), r] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, r]) => r);
export const textOf = (v: unknown): string =>
  JSON.stringify(v, (_k, x: unknown) =>
    typeof x === "bigint"
      ? `${x}n`
      : typeof x === "number" && !(Number.isFinite(x) && !Object.is(x, -0))
        ? `#${Object.is(x, -0) ? "-0" : x}`
        : x instanceof Uint8Array
          ? `bytes ${Buffer.from(x).toString("hex")}`
          : x,
  );

function notAWarehouse(): CutoverError<"CONFIG"> {
  const message = "open() must resolve a warehouse made by defineAdapter()";
  return new CutoverError("CONFIG", message, { issues: [{ path: "warehouse", message }] });
}
