import type { ColumnShape, TableRef } from "../../adapter/shapes.js";
import type { Deletes, Scope } from "../../adapter/steps.js";
import { CutoverError } from "../../errors/index.js";
import { schemaOf } from "../../ledger/names.js";
import { batches, reading } from "../../source/batches.js";
import { opened } from "../../source/opened.js";
import { type Seen, watching } from "../../source/seen.js";
import { type Source, type SourceDefinition, type SourceTotals, type Stream, sourceOf } from "../../source/source.js";
import { scrubbed, scrubber } from "../../source/urls.js";
import { isSql } from "../../sql/sql.js";
import { exactNames } from "../../table/exact.js";
import { findColumn } from "../../table/resolve.js";
import { addExact, laterText } from "../../table/watermark.js";
import { configError } from "../config.js";
import { asideOf, joinAside, requireSiftable, type StagedAside, stageSifted, tellAside } from "../quarantine/aside.js";
import { refuseInSandbox, tracker } from "../release/pending.js";
import type { Work } from "../session/work.js";
import { withAdded } from "./added.js";
import { countFlagged, deletesOf, requireSome } from "./deletes.js";
import { type Reach, type Reaching, reaching, requireInside, watermarkAfter } from "./reach.js";
import { scopeOf } from "./scope.js";
import { type Load, rowTarget, type Shapes, shapesOf } from "./source-shapes.js";
import { type Found, keyOf } from "./tables.js";
import type { Extent } from "./window.js";

/** A staged delta: one row a key, in the ledger. */
export interface Staged {
  readonly found: Found;
  /** The table as it is, or as it will be made. */
  readonly columns: readonly ColumnShape[];
  readonly delta: TableRef;
  /** What was staged before rows of one key were folded: what a source's totals are compared with. */
  readonly raw: TableRef;
  readonly given: readonly string[];
  readonly rows: number;
  readonly rawRows: number;
  /** Loads into this release so far, less one. */
  readonly generation: number;
  readonly totals: SourceTotals | null;
  readonly rewindable: boolean;
  readonly scope: Scope;
  readonly reach: Reach;
  /** Which rows of the delta stand for deleted ones, and how many do. */
  readonly deletes: Deletes | null;
  readonly flagged: number;
  /** The watermark that it brings. */
  readonly watermark: string | null;
  /** The watermark that the source was read from, or where its window began: that of the latest load. null: any will do. */
  readonly from: string | null;
  /** The position of the last row, of a source that cannot rewind; null: it can. */
  readonly position: string | null;
  /** Rows that did not fit, of all loads; null: none. */
  readonly aside: StagedAside | null;
  /** Made of rows that were in quarantine: each tells which, in a column of its own. */
  readonly redriven?: true;
}
/** What a load is of. */
export interface ToStage {
  readonly source: Source;
  readonly release: number;
  /** What the release has already: the rows of this load join it. */
  readonly before: Staged | null;
  /** Which of the loads into a release this is; default the next one. */
  readonly generation?: number;
  readonly extent: Extent;
  /** How far the source has been read; default as the state says. */
  readonly watermark?: string | null;
}

/** Which of the loads into a release this is: each makes tables of its own, so one that fails leaves the others whole. */
interface Turn extends Reaching {
  readonly release: number;
  readonly before: Staged | null;
  readonly generation: number;
}

/**
 * Stages what a source gives for one table; with `before`, its rows join those that the release has already.
 * null: the source was empty.
 */
export async function stageTable(w: Work, asked: Found, o: ToStage): Promise<Staged | null> {
  const { source, release, before, extent } = o;
  const generation = o.generation ?? (before === null ? 0 : before.generation + 1);
  const watermark = o.watermark === undefined ? (asked.state?.watermark ?? null) : o.watermark;
  const load = openSource(w, asked.alias, source);
  requireSiftable(asked, load);
  refuseInSandbox(w, asked.alias, load);
  const hide = load.kind === "files" ? scrubber(load.files.urls) : null;
  let reader = load.kind === "rows" ? opened(load.stream) : null;
  try {
    const given = reader === null || load.kind !== "rows" ? load : { ...load, stream: reader.stream };
    const { found, load: read } = before === null ? await withAdded(w, asked, given) : { found: asked, load: given };
    const shapes = await shapesOf(w, found, read, before?.given ?? null);
    const stream = shapes.stream ?? (read.kind === "rows" && read !== given ? read.stream : undefined);
    if (stream !== undefined) reader = opened(stream);
    const sight = sightOf(w, found, shapes);
    const reached = reaching(w, found, extent, { watermark, before }, sight.cursor, sight.partition);
    return await stageFrom(w, found, load, reader?.stream ?? [], shapes, { release, before, generation, ...reached });
  } catch (e) {
    await reader?.close(w.signal);
    throw hide === null ? e : scrubbed(e, hide);
  }
}

type Rows = Extract<SourceDefinition, { kind: "rows" }>;
/** What `rows()` was told of its stream, as far as it makes no sense. */
function consumedIssues({ rewindable, position, ack }: Rows): readonly { readonly path: string; readonly message: string }[] {
  const say = (path: string, message: string) => [{ path, message }];
  if (typeof rewindable !== "boolean") return say("rewindable", "expected true or false");
  if (position !== null && typeof position !== "function") return say("position", "expected a function of a row");
  if (ack !== null && typeof ack !== "function") return say("ack", "expected a function of a position");
  if (!rewindable && position === null) return say("position", "rewindable: false needs position: how far the source was read");
  return rewindable && ack !== null ? say("ack", "ack needs rewindable: false: a source that is told what it may forget") : [];
}

function openSource(w: Work, alias: string, source: Source): Load {
  const given = sourceOf(source);
  if (given === null) throw configError([{ path: `feed.${alias}`, message: "expected a source: rows(), files() or query()" }]);
  if (given.kind === "query" && !isSql(given.sql))
    throw configError([{ path: `feed.${alias}`, message: "query() takes sql`…`, not text" }]);
  const issues = given.kind === "rows" ? consumedIssues(given).map((i) => ({ ...i, path: `feed.${alias}.${i.path}` })) : [];
  if (issues.length > 0) throw configError(issues);
  return given.kind === "rows" ? { ...given, stream: openRows(w, alias, given.from) } : given;
}

async function stageFrom(
  w: Work,
  found: Found,
  load: Load,
  stream: Stream<object>,
  shapes: Shapes,
  { release, before, generation, reach, from: readFrom }: Turn,
): Promise<Staged | null> {
  const { alias } = found;
  const into = w.names.delta(found.id, release, `${generation}${before === null ? "r" : "i"}`);
  const required = requiredColumns(found);
  // A NULL key gets an error of its own, with a count.
  const columns = shapes.columns.map((c) => ({ ...c, nullable: !required.has(c.name) }));
  const sight = sightOf(w, found, shapes);
  const read = tracker(load);
  const aside = asideOf(found, load, release, generation);
  const watched = watching(
    batches(stream, { ...rowTarget(w, found, shapes.columns, shapes.rowNames ?? null, aside), passed: read.passed }, w.signal),
    { ...sight, cursor: sight.cursor?.name ?? null, partition: sight.partition?.name ?? null, columns },
    w.ctx.adapter.syntax,
    w.clock ?? (() => 0n),
    w.ctx.adapter.capabilities.transaction === "script" ? MANY : FEW,
  );
  const from = load.kind === "files" ? load.files : load.kind === "rows" ? watched.through : load.sql;
  const part = (of: string): TableRef => w.names.delta(found.id, release, `${generation}${of}`);
  const { rows, aside: misfits } =
    aside === null
      ? { ...(await w.call("stage", alias, (o) => w.session.stage(into, columns, from, o), true)), aside: null }
      : await stageSifted(w, alias, { into, columns, from: watched.through, aside, misfits: part("q"), part: part("p") });
  w.ctx.emit(release, { type: "rows.staged", table: alias, rows, quarantined: misfits?.rows ?? 0 });
  if (misfits !== null) tellAside(w, alias, misfits.rows);
  const none = rows === 0 && before === null && misfits === null;
  if (none && reach.by === "rows" && !empties(found) && !promises(found, load.totals)) {
    await w.run({ kind: "drop", ref: into }, alias);
    return null;
  }
  const raw = before === null ? into : await join(w, before, into, columns, w.names.delta(found.id, release, `${generation}r`));
  return settle(w, found, {
    reach,
    from: readFrom,
    before,
    all: shapes.all,
    columns: shapes.columns,
    raw,
    release,
    load,
    generation,
    totals: before === null ? load.totals : addTotals(before.totals, load.totals),
    seen: before === null && load.kind === "rows" ? watched.seen() : null,
    position: read.position(alias) ?? before?.position ?? null,
    rewindable: load.rewindable && (before?.rewindable ?? true),
    aside: await joinAside(w, alias, before?.aside ?? null, misfits),
  });
}

/** Of how many rows the keys are remembered as they pass: where a call is a job of a second or more, of many. */
const FEW = 10_000;
const MANY = 1_000_000;

/** In mode replace no rows are all that there is. */
const empties = (found: Found): boolean => found.definition.mode === "replace" && (found.state?.rows ?? 0) > 0;
/** An empty source whose own totals say otherwise is not "nothing to do": the check must see it. */
const promises = (found: Found, totals: SourceTotals | null): boolean =>
  found.definition.checks.some((c) => c.kind === "reconcile") &&
  ((totals?.rows ?? 0) !== 0 || Object.values(totals?.sums ?? {}).some((sum) => Number(sum) !== 0));

/** Columns that the definition does not allow to be NULL, keys and partition apart. */
function requiredColumns(found: Found): ReadonlySet<string> {
  const { columns, key, partition } = found.definition;
  return new Set((columns ?? []).filter((c) => !c.nullable && !key.includes(c.name) && c.name !== partition).map((c) => c.name));
}

function openRows(w: Work, alias: string, from: (signal: AbortSignal) => unknown): Stream<object> {
  const stream = reading(alias, w.signal, () => from(w.signal));
  const readable = typeof stream === "object" && stream !== null && (Symbol.asyncIterator in stream || Symbol.iterator in stream);
  if (readable) return stream as Stream<object>;
  throw configError([
    { path: `feed.${alias}`, message: "rows() reads an iterable, an async iterable, or a function that opens one" },
  ]);
}

/** The rows of the loads before and of this one, together. */
async function join(w: Work, before: Staged, into: TableRef, columns: readonly ColumnShape[], raw: TableRef): Promise<TableRef> {
  const { alias } = before.found;
  const names = columns.map((c) => c.name);
  if (names.join("\0") !== before.given.join("\0")) {
    const reason = `this load gives ${names.join(", ")}; the one before gave ${before.given.join(", ")}`;
    throw new CutoverError("BAD_SOURCE", `${alias}: loads into one release must give the same columns: ${reason}`, {
      reason,
      table: alias,
    });
  }
  await w.run({ kind: "drop", ref: raw }, alias);
  await w.run({ kind: "create", ref: raw, columns, ifNotExists: false, scratch: true }, alias);
  for (const from of [before.raw, into]) await w.run({ kind: "append", from, to: raw, columns: names }, alias);
  return raw;
}

/** Totals of two loads together; unless both give one, there is none. */
function addTotals(a: SourceTotals | null, b: SourceTotals | null): SourceTotals | null {
  if (a === null || b === null) return null;
  const [x, y] = [a.sums ?? {}, b.sums ?? {}];
  const sums = Object.keys(x).flatMap((c) => {
    const [m, n] = [x[c], y[c]];
    return m === undefined || n === undefined ? [] : [[c, addExact(m, n)] as const];
  });
  const rows = a.rows === undefined || b.rows === undefined ? {} : { rows: a.rows + b.rows };
  return { ...rows, ...(sums.length === 0 ? {} : { sums: Object.fromEntries(sums) }) };
}

/** The tables that one load made. */
export const madeFor = (s: Staged): readonly TableRef[] => [
  ...(s.delta === s.raw ? [s.raw] : [s.raw, s.delta]),
  ...(s.aside === null ? [] : [s.aside.ref]),
];

/** The tables that the loads of a release may have made for a table; some may not exist. */
export function stagedTables(w: Work, id: string, release: number, generations: number): readonly TableRef[] {
  const sifted = Object.values(w.ctx.tables).some((d) => d.onInvalid === "quarantine" && keyOf(w, d).id === id);
  const parts = Array.from({ length: generations }, (_, g) => [
    `${g}r`,
    `${g}f`,
    ...(g === 0 ? [] : [`${g}i`]),
    ...(sifted ? [`${g}q`, `${g}p`] : []),
  ]);
  return parts.flat().map((part) => w.names.delta(id, release, part));
}

interface Unsettled extends Reaching {
  readonly before: Staged | null;
  readonly all: readonly ColumnShape[];
  readonly columns: readonly ColumnShape[];
  readonly raw: TableRef;
  readonly release: number;
  readonly load: Load;
  readonly generation: number;
  readonly totals: SourceTotals | null;
  /** What could be told as the rows passed. */
  readonly seen: Seen | null;
  readonly aside: StagedAside | null;
  readonly position: string | null;
  readonly rewindable: boolean;
}

/** The exact names that a load is looked at by. */
function sightOf(w: Work, found: Found, u: Pick<Shapes, "all" | "columns">) {
  const d = found.definition;
  const sensitive = w.ctx.adapter.capabilities.identifiers;
  const given = (name: string | null): ColumnShape | null =>
    name === null ? null : (findColumn(u.columns, name, sensitive) ?? null);
  return { key: exactNames(d, u.all, sensitive).key, cursor: given(d.cursor), partition: given(d.partition) };
}

/** Looks at what was staged: keys, cursor, partitions; folds it to one row a key. */
export async function settle(w: Work, found: Found, u: Unsettled): Promise<Staged> {
  const { alias } = found;
  const { key, cursor, partition } = sightOf(w, found, u);
  const inspect = { kind: "inspect" as const, delta: u.raw, key, cursor, partition: partition?.name ?? null };
  const seen = u.seen?.facts ?? (await w.run(inspect, alias)).rows[0] ?? {};
  const count = (name: string): number => Number(seen[name] ?? 0);
  if (count("null_keys") > 0) throw badKey(alias, `${count("null_keys")} rows have NULL in the key (${key.join(", ")})`, key[0]);
  if (count("null_partitions") > 0)
    throw badKey(alias, `${count("null_partitions")} rows have NULL in the partition column`, partition?.name);
  const repeated = key.length > 0 && count("keys") < count("rows");
  requireInside(alias, u.reach, found.definition.mode, cursor?.name ?? null, seen);
  const scope = await scopeOf(w, found, u, key, cursor, partition);
  const delta = repeated ? await foldKeys(w, found, u, key, cursor?.name ?? null) : u.raw;
  const deletes = deletesOf(w, found, u.columns);
  const flagged = deletes === null ? 0 : await countFlagged(w, alias, delta, deletes);
  const rows = key.length > 0 ? count("keys") : count("rows");
  if (rows === flagged) requireSome(w, found);
  const { before } = u;
  const reached = watermarkAfter(w, found, u.reach, cursor, seen);
  return {
    found,
    columns: u.all,
    delta,
    raw: u.raw,
    given: u.columns.map((c) => c.name),
    rows,
    rawRows: count("rows"),
    generation: u.generation,
    totals: u.totals,
    rewindable: u.rewindable,
    position: u.position,
    scope,
    reach: u.reach,
    deletes,
    flagged,
    watermark: before === null || cursor === null ? reached : laterText(before.watermark, reached, cursor.type),
    from: u.from,
    aside: u.aside,
  };
}

function badKey(table: string, reason: string, column: string | undefined): CutoverError<"BAD_ROW"> {
  return new CutoverError("BAD_ROW", `${table}: ${reason}; nothing was changed`, {
    row: null,
    reason,
    table,
    ...(column === undefined ? {} : { column }),
  });
}

async function foldKeys(w: Work, found: Found, u: Unsettled, key: readonly string[], cursor: string | null): Promise<TableRef> {
  const to = w.names.delta(found.id, u.release, `${u.generation}f`);
  await w.run({ kind: "drop", ref: to }, found.alias);
  await w.run(
    { kind: "create", ref: to, columns: u.columns.map((c) => ({ ...c, nullable: true })), ifNotExists: false, scratch: true },
    found.alias,
  );
  const { ok, rows } = await w.run({ kind: "fold", from: u.raw, to, key, cursor, columns: u.columns }, found.alias);
  if (ok) return to;
  const secret = found.definition.redact.length > 0;
  const shown = secret ? "" : `, such as (${String(rows[0]?.["sample"])})`;
  const which = cursor === null ? "the table has no cursor to tell which is newer" : `their ${cursor} is the same`;
  throw badKey(
    found.alias,
    `${String(rows[0]?.["ties"])} keys come more than once with different content${shown}; ${which}`,
    key[0],
  );
}

export const changesRef = (w: Work, found: Pick<Found, "id">, columns: readonly ColumnShape[]): TableRef =>
  w.names.changes(found.id, schemaOf(columns));
