import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Batch,
  type BlockOp,
  type ColumnShape,
  type ColumnType,
  type IoOptions,
  type Row,
  type Session,
  type SqlOp,
  type Step,
  type StepKind,
  sqlOp,
  type TableRef,
  type TableShape,
  type Warehouse,
} from "cutover/adapter";
import { type DuckDBOptions, duckdb } from "cutover/duckdb";
import { afterEach } from "vitest";
import { adapterOf } from "../../src/adapter/define.js";

export const io = (signal: AbortSignal = new AbortController().signal): IoOptions => ({ signal, tag: "test" });

const clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of clean.splice(0).reverse()) await undo();
});

export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "cutover-duckdb-"));
  clean.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
export const adapter = (warehouse: Warehouse) => {
  const found = adapterOf(warehouse);
  if (found === null) throw new Error("no adapter");
  return found;
};

/** A session with the few words that tests need. */
export interface Desk {
  readonly session: Session;
  readonly warehouse: Warehouse;
  q(text: string): Promise<readonly Row[]>;
  ref(...path: string[]): TableRef;
  shape(...path: string[]): Promise<TableShape>;
  steps<K extends StepKind>(...steps: Step<K>[]): Promise<BlockOp[]>;
  block(ops: readonly BlockOp[], end?: "commit" | "rollback"): ReturnType<Session["atomic"]>;
}
export async function open(options: DuckDBOptions | Warehouse = {}): Promise<Desk> {
  const warehouse = "contract" in options ? options : duckdb(options);
  const a = adapter(warehouse);
  const session = (await a.open(io())) as Session;
  clean.push(() => session.close());
  const ref = (...path: string[]): TableRef => ({ path: [...session.home.slice(0, 3 - path.length), ...path] });
  return {
    session,
    warehouse,
    ref,
    q: async (text) => (await session.execute(sqlOp(text), io())).rows,
    shape: async (...path) => {
      const found = await session.describe(ref(...path), io());
      if (found === null) throw new Error(`no table ${path.join(".")}`);
      return found;
    },
    steps: async (...steps) =>
      steps.flatMap((step) => {
        const compile = a.steps[step.kind] as (s: typeof step) => readonly SqlOp[];
        return compile(step).map((op, i) => ({ id: `${step.kind}.${i}`, step: step.kind, op }));
      }),
    block: (ops, end = "commit") => session.atomic({ id: "test", end, timeoutMs: 20_000, ops }, io()),
  };
}

export const column = (name: string, type: ColumnType, native: string, nullable = true): ColumnShape => ({
  name,
  type,
  native,
  nullable,
});
export async function* batches(...rows: (readonly unknown[])[]): AsyncGenerator<Batch> {
  const [first] = rows;
  if (first !== undefined) yield { rows: rows.length, columns: first.map((_, i) => rows.map((row) => row[i])) };
}
/** The fault that a failing call is explained as. */
export async function faultOf(desk: { readonly warehouse: Warehouse }, work: Promise<unknown>) {
  const error: unknown = await work.then(
    () => new Error("nothing was thrown"),
    (e: unknown) => e,
  );
  return { ...adapter(desk.warehouse).classify(error), message: error instanceof Error ? error.message : String(error) };
}
export const kindOf = async (desk: { readonly warehouse: Warehouse }, work: Promise<unknown>): Promise<string> =>
  (await faultOf(desk, work)).kind;
