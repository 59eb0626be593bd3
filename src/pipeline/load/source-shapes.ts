import type { FileSet } from "../../adapter/session.js";
import { type ColumnShape, stored } from "../../adapter/shapes.js";
import { CutoverError } from "../../errors/index.js";
import { untilAbort } from "../../source/abortable.js";
import type { Aside } from "../../source/aside.js";
import { type RowTarget, sourceError } from "../../source/batches.js";
import type { SourceDefinition, Stream } from "../../source/source.js";
import { shownUrl } from "../../source/urls.js";
import type { Sql } from "../../sql/sql.js";
import { findColumn } from "../../table/resolve.js";
import { configError } from "../config.js";
import type { Work } from "../session/work.js";
import { declaredShapes, type Found, madeShapes, ownColumn, withRelease } from "./tables.js";

/** A source that is being read. */
export type Load =
  | (SourceDefinition & { readonly kind: "rows"; readonly stream: Stream<object> })
  | Exclude<SourceDefinition, { kind: "rows" }>;

/** The columns that a load brings, and those of the table. */
export interface Shapes {
  /** The table's columns. */
  readonly all: readonly ColumnShape[];
  /** Those that the source gives. */
  readonly columns: readonly ColumnShape[];
  /** The stream again, where its first row had to be looked at. */
  readonly stream?: Stream<object>;
  /** Names as the first row bears them, where none are declared. */
  readonly rowNames?: readonly string[];
}

/** Matches a source with its table: what is declared must be there, what is unknown is refused or told. */
export async function shapesOf(w: Work, found: Found, load: Load, before: readonly string[] | null): Promise<Shapes> {
  const { definition, live } = found;
  const made = definition.columns === null ? null : declaredShapes(w.ctx, definition.columns, definition);
  const all =
    live !== null ? stored(live.columns) : made === null ? null : madeShapes(w.ctx, definition.columns ?? [], definition);
  // What cutover writes itself no source gives.
  const own = all === null ? null : ownColumn(w.ctx, all, definition);
  const theirs = all?.filter((c) => c.name !== own) ?? null;
  if (load.kind === "rows") {
    if (all === null)
      throw configError([
        { path: `tables.${found.alias}.columns`, message: "the table does not exist; rows() needs declared columns to make it" },
      ]);
    if (before !== null) return { all, columns: pick(all, before) };
    if (made !== null)
      return {
        all,
        columns: pick(
          all,
          made.map((c) => c.name),
          w,
        ),
      };
    const { first, stream } = await peek(load.stream, found.alias, w.signal);
    const given = theirs ?? all;
    return {
      all,
      columns:
        first === null
          ? given
          : pick(
              given,
              Object.keys(first).filter((n) => findColumn(given, n, w.ctx.adapter.capabilities.identifiers)),
              w,
            ),
      stream,
      rowNames: Object.keys(first ?? {}),
    };
  }
  const source = sourceOfLoad(w, found.alias, load);
  const there = await w.call("columnsOf", found.alias, (o) => w.session.columnsOf(source, o), true);
  const fresh = there.map((c) => ({
    ...c,
    nullable: !definition.key.includes(c.name) && c.name !== definition.partition,
    native: w.ctx.adapter.syntax.type(c.type),
  }));
  if (all === null) refuseOwn(w, found, fresh);
  return {
    all: all ?? withRelease(w.ctx, fresh, definition),
    columns: matchColumns(
      w,
      found,
      theirs ?? fresh,
      there,
      made,
      load.kind === "files" ? ` (${load.files.urls.map(shownUrl).join(", ")})` : "",
    ),
  };
}

/** What a file or query is read by. @throws CutoverError `UNSUPPORTED`, `CONFIG`. */
export const sourceOfLoad = (w: Work, alias: string, load: Exclude<Load, { kind: "rows" }>): FileSet | Sql =>
  load.kind === "files" ? checkFormat(w, alias, load.files) : load.sql;

/** A column of the source would take the place of the one that cutover writes itself. */
function refuseOwn(w: Work, found: Found, there: readonly ColumnShape[]): void {
  const own = ownColumn(w.ctx, there, found.definition);
  if (own === null) return;
  const reason = `it has a column ${own}, which cutover writes itself; rename it, or set releaseColumn`;
  throw new CutoverError("BAD_SOURCE", `the source of ${found.alias}: ${reason}`, { reason, table: found.alias });
}

const exactly = { fold: "none", caseSensitive: true } as const;
const pick = (all: readonly ColumnShape[], names: readonly string[], w?: Work): readonly ColumnShape[] =>
  names.flatMap((n) => findColumn(all, n, w?.ctx.adapter.capabilities.identifiers ?? exactly) ?? []);

function checkFormat(w: Work, alias: string, f: FileSet): FileSet {
  const { capabilities, name } = w.ctx.adapter;
  if ((f.format as string) === "")
    throw configError([
      {
        path: `feed.${alias}`,
        message: `the format of ${f.urls.map(shownUrl).join(", ")} cannot be told; say files(…, { format })`,
      },
    ]);
  if (capabilities.files.includes(f.format)) return f;
  const readable = capabilities.files.join(", ") || "none";
  throw new CutoverError("UNSUPPORTED", `${name} reads no ${f.format} files (it reads: ${readable}); use rows()`, {
    capability: `files: ${f.format}`,
    alternative: "rows()",
    table: alias,
  });
}

/** Files and queries match by name. Declared columns must be there; unknown ones are refused or, if so asked, left out and told. */
function matchColumns(
  w: Work,
  found: Found,
  all: readonly ColumnShape[],
  there: readonly ColumnShape[],
  made: readonly ColumnShape[] | null,
  which: string,
): readonly ColumnShape[] {
  const sensitive = w.ctx.adapter.capabilities.identifiers;
  const { alias, definition } = found;
  const unknown = there.filter((c) => !findColumn(made ?? all, c.name, sensitive)).map((c) => c.name);
  const needed =
    made ??
    pick(
      all,
      [
        ...definition.key,
        ...(definition.partition === null ? [] : [definition.partition]),
        ...(definition.cursor === null ? [] : [definition.cursor]),
      ],
      w,
    );
  const missing = needed.filter((c) => !findColumn(there, c.name, sensitive)).map((c) => c.name);
  const given = all.filter((c) => findColumn(there, c.name, sensitive) && (made === null || findColumn(made, c.name, sensitive)));
  // Found by the declared name, and by no column of the table as that is spelled: it would go unread.
  const misspelt = there.filter((c) => {
    const meant = made === null ? undefined : findColumn(made, c.name, sensitive);
    return meant !== undefined && !given.some((g) => findColumn([g], meant.name, sensitive) !== undefined);
  });
  const bad = [
    ...(misspelt.length === 0
      ? []
      : [
          `the table spells ${misspelt.map((c) => c.name).join(", ")} otherwise (names differ by case here), so give the source the table's names`,
        ]),
    ...(missing.length === 0 ? [] : [`it lacks ${missing.join(", ")}`]),
    ...(unknown.length === 0 || definition.onUnknownColumn === "ignore"
      ? []
      : [`the table has no ${unknown.join(", ")} (declare it, or set onUnknownColumn)`]),
  ];
  if (bad.length > 0) {
    const reason = bad.join("; ");
    throw new CutoverError("BAD_SOURCE", `the source of ${alias}${which} has other columns: ${reason}`, { reason, table: alias });
  }
  if (unknown.length > 0) ignored(w, alias, unknown);
  return given;
}
const ignored = (w: Work, alias: string, names: readonly string[]): number =>
  w.warnings.push({
    code: "IGNORED_COLUMNS",
    message: `${alias}: the source has columns that the table has not: ${names.join(", ")}`,
  });

/** What rows are parsed against. */
export function rowTarget(
  w: Work,
  found: Found,
  columns: readonly ColumnShape[],
  rowNames: readonly string[] | null,
  aside: Aside | null,
): RowTarget {
  const { alias, definition } = found;
  const sensitive = w.ctx.adapter.capabilities.identifiers;
  const named = (name: string): string =>
    definition.columns?.find((c) => findColumn([{ name }], c.name, sensitive))?.name ??
    rowNames?.find((n) => findColumn([{ name }], n, sensitive)) ??
    name;
  const required = new Set((definition.columns ?? []).filter((c) => !c.nullable).map((c) => c.name));
  // Otherwise they are counted later, and all of the load is refused.
  const needed = aside === null ? [] : [...definition.key, ...(definition.partition === null ? [] : [definition.partition])];
  const isNeeded = (name: string): boolean => needed.some((n) => findColumn([{ name }], n, sensitive) !== undefined);
  return {
    table: alias,
    // What live cannot hold as NULL, or the definition does not allow as NULL, is missed in the row that lacks it.
    columns: columns.map((c) => ({
      ...c,
      nullable: c.nullable && !isNeeded(c.name) && (definition.columns === null || !required.has(named(c.name))),
    })),
    names: columns.map((c) => named(c.name)),
    schema: definition.schema,
    onUnknownColumn: definition.onUnknownColumn,
    beside: besideSchema(definition),
    ignored: (names: readonly string[]) => void ignored(w, alias, names),
    aside,
  };
}

/** The declared columns that the schema has not: those that were added for a source. */
function besideSchema(d: Found["definition"]): readonly string[] {
  const shape = d.schema?._zod.def.shape;
  return shape === undefined ? [] : (d.columns ?? []).map((c) => c.name).filter((name) => !Object.hasOwn(shape, name));
}

/** The first row of a stream, and all of it again. */
export async function peek(
  from: Stream<object>,
  table: string,
  signal: AbortSignal,
): Promise<{ readonly first: object | null; readonly stream: Stream<object> }> {
  const iterator = Symbol.asyncIterator in from ? from[Symbol.asyncIterator]() : from[Symbol.iterator]();
  let first: IteratorResult<object>;
  try {
    first = await untilAbort(signal, () => iterator.next());
  } catch (e) {
    // One that was given up on has not ended, and may never answer.
    if (signal.aborted) Promise.resolve(iterator.return?.()).catch(() => undefined);
    throw sourceError(table, signal, e);
  }
  let seen: IteratorResult<object> | null = first;
  const again: AsyncIterator<object> = {
    next: async () => {
      const next = seen ?? (await iterator.next());
      seen = null;
      return next;
    },
    return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
  };
  const stream = { [Symbol.asyncIterator]: () => again };
  return { first: first.done === true || typeof first.value !== "object" ? null : first.value, stream };
}
