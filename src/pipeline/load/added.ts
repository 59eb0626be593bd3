import type { ColumnShape } from "../../adapter/shapes.js";
import { CutoverError } from "../../errors/index.js";
import type { DeclaredColumn } from "../../table/definition.js";
import { findColumn, folded } from "../../table/resolve.js";
import type { ColumnType } from "../../table/types.js";
import type { Work } from "../session/work.js";
import { type Load, peek, sourceOfLoad } from "./source-shapes.js";
import type { Found } from "./tables.js";

/** A source that is being read, and the table as it is now. */
export interface Grown {
  readonly found: Found;
  readonly load: Load;
}
interface New {
  readonly name: string;
  readonly type: ColumnType;
}

/**
 * Columns of the source that the table has not come to it, where `onUnknownColumn` is `add`: nullable, at the end, and before the
 * release, so that they stay whatever becomes of it. From then on they count as declared.
 * @throws CutoverError `BAD_ROW` for a column of the first row whose type its value does not tell.
 */
export async function withAdded(w: Work, found: Found, load: Load): Promise<Grown> {
  const { definition: d, live } = found;
  if (d.onUnknownColumn !== "add" || (live === null && d.columns === null)) return { found, load };
  const { columns, load: read } = await columnsOf(w, found, load);
  const by = w.ctx.adapter.capabilities.identifiers;
  const declared = d.columns ?? [];
  const undeclared = columns.filter((c) => findColumn(declared, c.name, by) === undefined);
  const there = live?.columns ?? [];
  const known = (name: string): ColumnShape | undefined => findColumn(there, name, by);
  const computed = undeclared.find((c) => known(c.name)?.generated === true);
  if (computed !== undefined) throw unfit(found, computed.name, "the table computes this column; leave it out of the source");
  const fresh = undeclared.filter((c) => known(c.name) === undefined);
  const own = d.releaseColumn;
  const taken = fresh.find((c) => own !== null && findColumn([{ name: own }], c.name, by) !== undefined);
  if (taken !== undefined) throw unfit(found, taken.name, "cutover writes a column of that name itself; set releaseColumn");
  const all = declaredWith(d.columns, undeclared, known);
  const grown = { ...found, definition: { ...d, columns: all } };
  if (live === null || fresh.length === 0) return { found: grown, load: read };
  const shapes = fresh.map(({ name, type }): ColumnShape => {
    const native = w.ctx.adapter.syntax.type(type);
    return { name: folded(name, by.fold), type, native, nullable: true };
  });
  await w.run({ kind: "addColumns", on: live, columns: shapes }, found.alias);
  const message = `${found.alias}: the table has columns more, which the source has: ${shapes.map((c) => c.name).join(", ")}`;
  w.warnings.push({ code: "ADDED_COLUMNS", message });
  return { found: { ...grown, live: await w.describe(live.ref), seenAt: performance.now() }, load: read };
}

/** What is declared, and what the source has beside; null: nothing is declared, and all of live counts. */
function declaredWith(
  declared: readonly DeclaredColumn[] | null,
  undeclared: readonly New[],
  known: (name: string) => ColumnShape | undefined,
): readonly DeclaredColumn[] | null {
  if (declared === null) return null;
  const more = undeclared.map(
    ({ name, type }): DeclaredColumn => ({ name, type: known(name)?.type ?? type, nullable: true, js: "exact" }),
  );
  return [...declared, ...more];
}

/** The columns that a source has: a file or query tells them, of rows the first one. */
async function columnsOf(w: Work, found: Found, load: Load): Promise<{ readonly columns: readonly New[]; readonly load: Load }> {
  if (load.kind !== "rows") {
    const source = sourceOfLoad(w, found.alias, load);
    return { columns: await w.call("columnsOf", found.alias, (o) => w.session.columnsOf(source, o), true), load };
  }
  const { first, stream } = await peek(load.stream, found.alias, w.signal);
  const known = [...(found.definition.columns ?? []), ...(found.live?.columns ?? [])];
  const by = w.ctx.adapter.capabilities.identifiers;
  const columns = Object.entries(first ?? {}).map(([name, value]): New => {
    const there = findColumn(known, name, by);
    return { name, type: there?.type ?? typeOf(value) ?? untold(found, name, value) };
  });
  return { columns, load: { ...load, stream } };
}

/** The type that a value of JavaScript tells; a number may have a fraction in the next row. */
function typeOf(value: unknown): ColumnType | null {
  switch (typeof value) {
    case "string":
      return "string";
    case "number":
      return "float64";
    case "bigint":
      return "int64";
    case "boolean":
      return "bool";
    case "object":
      if (value === null) return null;
      return value instanceof Date ? "timestamp" : value instanceof Uint8Array ? "bytes" : "json";
    default:
      return null;
  }
}
function untold(found: Found, name: string, value: unknown): never {
  const what = value === null || value === undefined ? "has no value" : `is a ${typeof value}`;
  throw unfit(found, name, `it ${what} in the first row, so its type cannot be told; declare the column`);
}
function unfit({ alias }: Found, column: string, reason: string): CutoverError<"BAD_ROW"> {
  const message = `row 1 for ${alias}, column ${column}: ${reason}; nothing was changed`;
  return new CutoverError("BAD_ROW", message, { row: 1, column, reason, table: alias });
}
