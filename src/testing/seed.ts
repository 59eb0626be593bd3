import { randomUUID } from "node:crypto";
import type { Adapter, Warehouse } from "../adapter/define.js";
import type { Native } from "../adapter/operations.js";
import type { Batch, IoOptions, Session } from "../adapter/session.js";
import { type ColumnShape, stored, type TableRef } from "../adapter/shapes.js";
import { runStep } from "../conformance/run-step.js";
import { configError } from "../pipeline/config.js";
import { declaredShapes } from "../pipeline/load/tables.js";
import { batches, type RowTarget } from "../source/batches.js";
import { definitionOf, type RowIn, type Table } from "../table/define.js";
import type { TableDefinition, TableName } from "../table/definition.js";
import { checkTable } from "../table/options.js";
import { findColumn, resolveName } from "../table/resolve.js";
import type { ColumnSpec } from "../table/types.js";
import { guessed } from "./guess.js";
import { onSession } from "./on-session.js";

/** Rows with the columns of the table that is made for them. */
export interface SeedRows<C extends Readonly<Record<string, ColumnSpec>>> {
  /** Types by name: `{ id: "int64", note: "string?" }`. */
  readonly columns: C;
  readonly rows: readonly RowIn<C>[];
}

/**
 * Adds rows to a table, for tests; one that does not exist is made, and so is its schema. Types come from the table: as it is in the
 * warehouse, as `table()` declares it, or as `columns` say; else they are guessed from the values (a whole number is int64, a Date
 * a timestamp).
 *
 * Meant for what your code reads. A pipeline refuses rows of its own table that no release accounts for (`NOT_ADOPTED`), until
 * `adopt()`.
 * @example
 * await seed(warehouse, "raw.orders", [{ id: 1, customer: "Ada", at: new Date() }]);
 * await seed(warehouse, "raw.empty", { columns: { id: "int64", note: "string?" }, rows: [] });
 * @returns How many rows were added.
 * @throws CutoverError `BAD_ROW`: a value does not fit its column. `CONFIG`: a type cannot be guessed.
 */
export function seed<In extends object>(warehouse: Warehouse, into: Table<In>, rows: readonly NoInfer<In>[]): Promise<number>;
export function seed<const C extends Readonly<Record<string, ColumnSpec>>>(
  warehouse: Warehouse,
  into: TableName,
  given: SeedRows<C>,
): Promise<number>;
export function seed(warehouse: Warehouse, into: TableName, rows: readonly object[]): Promise<number>;
export function seed(
  warehouse: Warehouse,
  into: TableName | Table,
  given: readonly object[] | SeedRows<Readonly<Record<string, ColumnSpec>>>,
): Promise<number> {
  const { definition, rows } = understood(into, given);
  return onSession(warehouse, "seed", async (adapter, session, io) => {
    const ref = resolveName(definition.name, session.home, adapter.capabilities);
    const live = await session.describe(ref, io, "columns");
    const declared = definition.columns ?? (live === null ? guessed(rows) : []);
    const columns = live === null ? declaredShapes({ adapter }, declared, definition) : stored(live.columns);
    if (live === null) {
      const schema = { path: ref.path.slice(0, -1) };
      if (!isHome(session, schema)) await runStep(adapter, session, { kind: "createSchema", ref: schema, ifNotExists: true }, io);
      await runStep(adapter, session, { kind: "create", ref, columns, ifNotExists: false, scratch: false }, io);
    }
    if (rows.length === 0) return 0;
    const given = [...new Set([...declared.map((c) => c.name), ...rows.flatMap(Object.keys)])];
    const nameOf = (c: ColumnShape): string =>
      given.find((n) => findColumn([c], n, adapter.capabilities.identifiers) !== undefined) ?? c.name;
    const target: RowTarget = {
      table: ref.path.slice(-1).join(),
      columns,
      names: columns.map(nameOf),
      schema: definition.schema,
      onUnknownColumn: "reject",
      ignored: () => undefined,
    };
    await append(adapter, session, live?.ref ?? ref, columns, batches(rows, target, io.signal), io);
    return rows.length;
  });
}

const isHome = ({ home }: Session<Native>, schema: TableRef): boolean =>
  schema.path.join(".") === home.slice(-schema.path.length).join(".");

/** By way of a table beside it: staging makes its table anew. */
async function append(
  adapter: Adapter,
  session: Session<Native>,
  to: TableRef,
  columns: readonly ColumnShape[],
  rows: AsyncIterable<Batch>,
  io: IoOptions,
): Promise<void> {
  const from: TableRef = { path: [...to.path.slice(0, -1), `cutover_seed_${randomUUID().slice(0, 8)}`] };
  try {
    await session.stage(from, columns, rows, io);
    await runStep(adapter, session, { kind: "append", from, to, columns: columns.map((c) => c.name) }, io);
  } finally {
    await runStep(adapter, session, { kind: "drop", ref: from }, io);
  }
}

function understood(
  into: TableName | Table,
  given: readonly object[] | SeedRows<Readonly<Record<string, ColumnSpec>>>,
): { readonly definition: TableDefinition; readonly rows: readonly object[] } {
  const said = typeof given === "object" && given !== null && "columns" in given ? given : null;
  const rows: unknown = said === null ? given : said.rows;
  if (!Array.isArray(rows)) throw configError([{ path: "rows", message: "expected an array of rows" }]);
  const columns = said === null ? {} : { columns: said.columns };
  const known = isName(into) ? named(into, columns) : definitionOf(into);
  if (known === null) throw configError([{ path: "into", message: "expected a table made by table(), or the name of one" }]);
  if (known.issues.length > 0) throw configError(known.issues);
  return { definition: known.definition, rows };
}
const isName = (v: unknown): v is TableName => typeof v === "string" || Array.isArray(v);

/** How it is loaded does not matter here. */
function named(name: TableName, o: Record<string, unknown>): ReturnType<typeof checkTable> {
  const { definition, issues } = checkTable(name, o);
  return { definition, issues: issues.filter((i) => i.path !== "key") };
}
