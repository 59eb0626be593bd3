import type { ColumnShape, TableRef, TableShape } from "../../adapter/shapes.js";
import { checkColumns, unfitColumn } from "../../check/checks.js";
import { CutoverError } from "../../errors/index.js";
import { schemaOf } from "../../ledger/names.js";
import { tableKey } from "../../ledger/portable.js";
import type { State, TableState } from "../../ledger/state.js";
import { parseCanonical } from "../../table/canonical.js";
import type { DeclaredColumn, TableDefinition } from "../../table/definition.js";
import { unfitDelete, unfitLookback } from "../../table/options.js";
import { findColumn, folded, resolveName } from "../../table/resolve.js";
import type { ColumnType } from "../../table/types.js";
import { configError } from "../config.js";
import type { Context } from "../context.js";
import type { Work } from "../session/work.js";

/** A table of the pipeline, found in the warehouse. */
export interface Found {
  readonly alias: string;
  readonly definition: TableDefinition;
  readonly ref: TableRef;
  /** Its key in the ledger. */
  readonly id: string;
  /** Its columns; nothing else is sure to be in it. null: it does not exist yet. */
  readonly live: TableShape | null;
  /** When it was described, by `performance.now()`. */
  readonly seenAt: number;
  /** null: no release has accounted for it. */
  readonly state: TableState | null;
}

export const keyOf = (w: Work, definition: Pick<TableDefinition, "name">): { readonly ref: TableRef; readonly id: string } => {
  const ref = resolveName(definition.name, w.session.home, w.ctx.adapter.capabilities);
  return { ref, id: tableKey(ref.path, w.names.database, w.ctx.adapter.capabilities.identifiers.caseSensitive) };
};

/** Finds the tables named, or all; refuses what the configuration cannot mean. */
export async function findTables(w: Work, state: State, aliases?: readonly string[]): Promise<readonly Found[]> {
  refuseTwins(w);
  const found: Found[] = [];
  for (const alias of aliases ?? Object.keys(w.ctx.tables)) {
    const definition = definitionOf(w.ctx, alias);
    const { ref, id } = keyOf(w, definition);
    const live = await w.describe(ref, "columns");
    const seenAt = performance.now();
    if (live !== null) checkAgainstLive(w.ctx, alias, definition, live.columns);
    found.push({ alias, definition, ref: live?.ref ?? ref, id, live, seenAt, state: state.tables[id] ?? null });
  }
  return found;
}

/** Two aliases of one table, under names that only the warehouse's rules make the same. */
function refuseTwins(w: Work): void {
  const ids = Object.entries(w.ctx.tables).map(([alias, d]) => [alias, keyOf(w, d).id] as const);
  const issues = ids.flatMap(([alias, id], i) => {
    const first = ids.findIndex(([, other]) => other === id);
    return first < i ? [{ path: `tables.${alias}`, message: `the same table as tables.${ids[first]?.[0]}` }] : [];
  });
  if (issues.length > 0) throw configError(issues);
}

export function definitionOf(ctx: Context, alias: string): TableDefinition {
  const definition = Object.hasOwn(ctx.tables, alias) ? ctx.tables[alias] : undefined;
  if (definition !== undefined) return definition;
  const pipeline = ctx.settings.pipeline;
  const message = `pipeline ${pipeline} has no table ${JSON.stringify(alias)}; it has ${Object.keys(ctx.tables).join(", ")}`;
  throw new CutoverError("NOT_FOUND", message, { what: "table", name: alias, pipeline });
}

const families: readonly (readonly RegExp[])[] = [
  [/^int64$/, /^float64$/, /^decimal/],
  [/^timestamp$/, /^datetime$/],
  [/^string$/, /^json$/],
];
const related = (a: string, b: string): boolean =>
  a === b || families.some((f) => f.some((r) => r.test(a)) && f.some((r) => r.test(b)));

/** What the configuration names must be there, in types that it can mean. */
export function checkAgainstLive(ctx: Context, alias: string, d: TableDefinition, live: readonly ColumnShape[]): void {
  const sensitive = ctx.adapter.capabilities.identifiers;
  const at = `tables.${alias}`;
  const named = [
    ...d.key.map((n) => ["key", n] as const),
    ...(d.cursor === null ? [] : [["cursor", d.cursor] as const]),
    ...(d.partition === null ? [] : [["partition", d.partition] as const]),
    ...(d.deleteWhen === null ? [] : [["deleteWhen.column", d.deleteWhen.column] as const]),
    ...d.checks.flatMap((c, i) => checkColumns(c).map((n) => [`checks[${i}]`, n] as const)),
  ];
  const missing = named
    .filter(([, n]) => d.columns === null && !findColumn(live, n as string, sensitive))
    .map(([what, n]) => ({
      path: `${at}.${what}`,
      message: `the live table has no column ${JSON.stringify(n)}; it has ${live.map((c) => c.name).join(", ")}`,
    }));
  const unfit = (d.columns ?? []).flatMap((c) => {
    const there = findColumn(live, c.name, sensitive);
    const path = `${at}.columns.${c.name}`;
    if (there === undefined)
      return [{ path, message: "the live table has no such column; add it on a candidate (clone, transform, swap)" }];
    if (there.generated) return [{ path, message: "the live table computes this column; leave it out" }];
    return related(c.type, there.type) || there.type === "string"
      ? []
      : [{ path, message: `declared as ${c.type}, but live has ${there.native}` }];
  });
  const unlookable = d.checks.flatMap((c, i) =>
    checkColumns(c).flatMap((n) => {
      const there = findColumn(live, n, sensitive);
      const message = there === undefined ? null : unfitColumn(c, there.type);
      return message === null ? [] : [{ path: `${at}.checks[${i}]`, message }];
    }),
  );
  const cursor = d.cursor === null ? undefined : findColumn(live, d.cursor, sensitive);
  const far = cursor === undefined ? null : unfitLookback(cursor.type, d.lookback, d.lookbackInTime);
  if (far !== null) throw configError([{ path: `${at}.lookback`, message: far }]);
  const own = d.releaseColumn === null ? undefined : findColumn(live, d.releaseColumn, sensitive);
  if (own !== undefined && own.type !== "int64")
    unfit.push({
      path: `${at}.releaseColumn`,
      message: `expected an int64 column for release numbers, but live has ${own.native}`,
    });
  const flag = d.deleteWhen === null ? undefined : findColumn(live, d.deleteWhen.column, sensitive);
  const never = flag === undefined || d.deleteWhen === null ? null : unfitDelete(flag, d.deleteWhen.equals);
  if (never !== null) unfit.push({ path: `${at}.deleteWhen.equals`, message: never });
  const issues = [...missing, ...unfit, ...unlookable];
  if (issues.length > 0) throw configError(issues);
}

/** The column list of a table to be made. Keys, cursors of windows and partitions cannot be NULL. */
export function declaredShapes(
  ctx: Pick<Context, "adapter">,
  declared: readonly DeclaredColumn[],
  d: TableDefinition,
): readonly ColumnShape[] {
  const needed = new Set([...d.key, ...(d.partition === null ? [] : [d.partition])]);
  return declared.map((c) => ({
    name: c.name,
    type: c.type,
    nullable: c.nullable && !needed.has(c.name),
    native: ctx.adapter.syntax.type(c.type),
  }));
}

/** The columns of a table to be made: those declared, and the one that cutover writes itself. */
export function madeShapes(ctx: Context, declared: readonly DeclaredColumn[], d: TableDefinition): readonly ColumnShape[] {
  return withRelease(ctx, declaredShapes(ctx, declared, d), d);
}
export const withRelease = (ctx: Context, columns: readonly ColumnShape[], d: TableDefinition): readonly ColumnShape[] =>
  d.releaseColumn === null ? columns : [...columns, releaseColumn(ctx, d.releaseColumn)];
const releaseColumn = (ctx: Context, name: string): ColumnShape => ({
  name,
  type: "int64",
  nullable: true,
  native: ctx.adapter.syntax.type("int64"),
});
/** The exact name of the column that cutover writes itself, among those of a table; null: the table has none. */
export const ownColumn = (ctx: Context, columns: readonly ColumnShape[], d: TableDefinition): string | null =>
  d.releaseColumn === null ? null : (findColumn(columns, d.releaseColumn, ctx.adapter.capabilities.identifiers)?.name ?? null);

/** A table that was there before it was appended to gets the column that tells which release brought a row. */
export async function withOwnColumn(w: Work, found: Found): Promise<Found> {
  const { definition: d, live } = found;
  if (d.releaseColumn === null || live === null || ownColumn(w.ctx, live.columns, d) !== null) return found;
  const name = folded(d.releaseColumn, w.ctx.adapter.capabilities.identifiers.fold);
  await w.run({ kind: "addColumns", on: live, columns: [releaseColumn(w.ctx, name)] }, found.alias);
  return { ...found, live: await w.describe(live.ref), seenAt: performance.now() };
}

/** Version of a table's checksum: algorithm, encoding, columns. */
export const hashOf = (ctx: Context, columns: readonly ColumnShape[]): string =>
  `${ctx.adapter.syntax.hashVersion}/${schemaOf(columns)}`;

/** Rows that no release accounts for would be lost or doubled unnoticed: a baseline comes first. */
export async function requireBaseline(w: Work, tables: readonly Found[]): Promise<void> {
  for (const t of tables) {
    if (t.live === null || t.state !== null) continue;
    const { rows } = await w.run({ kind: "count", on: t.ref, rows: 0 }, t.alias);
    const there = Number(rows[0]?.["rows"] ?? 0);
    if (there === 0) continue;
    const message = `table ${t.alias} already holds ${there} rows that no release accounts for; call adopt() once to take a baseline`;
    throw new CutoverError("NOT_ADOPTED", message, { rows: there, table: t.alias, pipeline: w.ctx.settings.pipeline });
  }
}

/** A table that the ledger knows and that is gone is not made anew with whatever a load happens to bring. */
export function requireLive(w: Work, found: Pick<Found, "alias" | "ref" | "live">, was: TableState | null): void {
  if (found.live !== null || was === null) return;
  const name = found.ref.path.join(".");
  const message = `${found.alias}: the table ${name} that the ledger knows is gone; restore it, or build it anew by rebuild()`;
  throw new CutoverError("NOT_FOUND", message, { what: "table", name, table: found.alias, pipeline: w.ctx.settings.pipeline });
}

/** A swap can give the cursor another type: then nobody can tell where to read on, and guessing would skip rows. */
export function readableWatermark(w: Work, alias: string, watermark: string | null, type: ColumnType): void {
  if (watermark === null || parseCanonical(watermark, type) !== null) return;
  const alternative = `adopt({ watermarks: { ${alias}: … } }) to say where to read on`;
  const message = `${alias}: the watermark ${watermark} is no value of its cursor's type ${type}, which was another when it was read; use ${alternative}, and on a candidate load before the type is changed`;
  const where = { table: alias, pipeline: w.ctx.settings.pipeline };
  throw new CutoverError("UNSUPPORTED", message, { capability: "a cursor of another type", alternative, ...where });
}
