import { type ColumnShape, stored } from "../../adapter/shapes.js";
import { CutoverError, located } from "../../errors/index.js";
import { emptyState, type State } from "../../ledger/state.js";
import { compileStep } from "../../plan/compile.js";
import { differenceParts, published, reversed } from "../../plan/difference.js";
import type { Row, Sql } from "../../sql/sql.js";
import { formatCanonical } from "../../table/canonical.js";
import { rowDecoder } from "../../table/decode.js";
import { findColumn } from "../../table/resolve.js";
import { type Context, closedError } from "../context.js";
import { look } from "../lease/lease.js";
import { type Found, findTables } from "../load/tables.js";
import { type CallOptions, openWork, type Work } from "../session/work.js";
import type { RowChange } from "./reports.js";

/**
 * Which releases to compare; each is live, or one that can still be gone back to. 0: before the first release.
 * `RETENTION_PASSED` for one older than that, `NOT_FOUND` for one that is not among them.
 */
export interface DiffOptions extends CallOptions {
  /** The side called `before`. May be the later one: the changes are then those of going back. */
  readonly from: number;
  /** The side called `after`. */
  readonly to: number;
}

/** The rows by which two releases of a table differ, ordered by key; memory stays bounded. */
export async function* diff(ctx: Context, alias: string, o: DiffOptions): AsyncGenerator<RowChange<Row>> {
  if (ctx.closing.signal.aborted) throw closedError(ctx.settings.pipeline);
  const { w, close } = await openWork(ctx, "audit", o);
  const changes = changesBetween(w, alias, o);
  // Whoever stopped reading may never go on: an abort, or close, ends it here.
  const end = (): void => {
    const ended = changes.return(undefined).then(
      () => close(w.signal.reason),
      () => close(w.signal.reason),
    );
    ctx.running.add(ended);
    ended.finally(() => ctx.running.delete(ended));
  };
  w.signal.addEventListener("abort", end, { once: true });
  let failure: unknown;
  try {
    yield* changes;
    w.signal.throwIfAborted();
  } catch (e) {
    failure = located(w.explain(e), { table: alias });
    throw failure;
  } finally {
    w.signal.removeEventListener("abort", end);
    await close(failure);
  }
}

async function* changesBetween(w: Work, alias: string, o: DiffOptions): AsyncGenerator<RowChange<Row>> {
  for (;;) {
    const state = (await look(w))?.state;
    const rows = await difference(w, state, alias, o);
    if (rows === null) return;
    const first = await rows.next();
    // A release that came between the look and the query would be told as part of the difference.
    const now = (await look(w))?.state;
    if (JSON.stringify(now?.tables) !== JSON.stringify(state?.tables)) {
      await rows.return(undefined);
      continue;
    }
    if (first.done !== true) yield first.value;
    yield* rows;
    return;
  }
}

/** The difference as one query, opened; null: nothing lies between. */
async function difference(
  w: Work,
  state: State | undefined,
  alias: string,
  o: DiffOptions,
): Promise<AsyncGenerator<RowChange<Row>> | null> {
  const found = (await findTables(w, state ?? emptyState, [alias]))[0] as Found;
  const live = found.live;
  if (state === undefined || live === null) throw unknown(w, o.to, [0]);
  const known = published(state);
  const forward = known.indexOf(o.from) <= known.indexOf(o.to);
  const [low, high] = forward ? [o.from, o.to] : [o.to, o.from];
  for (const r of [low, high]) if (!known.includes(r)) throw unknown(w, r, known);
  const parts = differenceParts(state, found.id, live.ref.path, low, high);
  if (parts === null) throw unknown(w, low, known);
  if (parts.length === 0) return null;
  const columns = await commonColumns(w, stored(live.columns), parts);
  const sensitive = w.ctx.adapter.capabilities.identifiers;
  const key = found.definition.key.map((k) => findColumn(columns, k, sensitive)?.name ?? k);
  const [op] = compileStep(w.ctx.adapter, { kind: "difference", parts: forward ? parts : reversed(parts), columns, key });
  if (op === undefined || "native" in op) throw new Error("a difference is one query");
  const count: ColumnShape = { name: "_cutover_n", type: "int64", nullable: false, native: w.ctx.adapter.syntax.type("int64") };
  const keyed = columns.filter((c) => key.includes(c.name));
  const pair = pairing(keyed, rowDecoder(columns, found.definition.columns, sensitive));
  return paired(w, op.sql, [...columns, count], pair);
}

async function* paired(
  w: Work,
  statement: Sql,
  returns: readonly ColumnShape[],
  pair: ReturnType<typeof pairing>,
): AsyncGenerator<RowChange<Row>> {
  for await (const rows of w.session.stream(statement, returns, w.io("diff"))) for (const row of rows) yield* pair.add(row);
  yield* pair.end();
}

/** Versions may differ in columns; they are compared by those that both have. */
async function commonColumns(
  w: Work,
  columns: readonly ColumnShape[],
  parts: NonNullable<ReturnType<typeof differenceParts>>,
): Promise<readonly ColumnShape[]> {
  const others = await Promise.all(parts.map((p) => ("table" in p ? p.table : p.changes)).map((ref) => w.describe(ref)));
  return columns.filter((c) => others.every((o) => o === null || o.columns.some((x) => x.name === c.name)));
}

function unknown(w: Work, release: number, known: readonly number[]): CutoverError {
  const { pipeline } = w.ctx.settings;
  const oldest = Math.min(...known);
  if (release < oldest)
    return new CutoverError("RETENTION_PASSED", `release ${release} of ${pipeline} is no longer kept; the oldest is ${oldest}`, {
      oldest,
      pipeline,
    });
  return new CutoverError(
    "NOT_FOUND",
    `release ${release} of ${pipeline} is not one that is kept; there are ${known.join(", ")}`,
    { what: "release", name: String(release), pipeline },
  );
}

/** A value of a key as text: bytes, and numbers that are not themselves, would not be equal as they are. */
const keyText = (row: Row, column: ColumnShape): string | null => formatCanonical(row[column.name], column.type);

/** Puts the two sides of an update together: rows come ordered by key, those that go before those that come. */
function pairing(
  key: readonly ColumnShape[],
  decode: (row: Row) => Row,
): { add(row: Row): RowChange<Row>[]; end(): RowChange<Row>[] } {
  let gone: Row | null = null;
  const flush = (): RowChange<Row>[] => {
    const before = gone;
    gone = null;
    return before === null ? [] : [{ op: "delete", before: decode(before) }];
  };
  const sameKey = (a: Row, b: Row): boolean => key.length > 0 && key.every((k) => keyText(a, k) === keyText(b, k));
  return {
    add(row) {
      const n = Number(row["_cutover_n"]);
      if (n < 0) {
        const earlier = flush();
        gone = row;
        const copies = Array.from({ length: -n - 1 }, (): RowChange<Row> => ({ op: "delete", before: decode(row) }));
        return [...earlier, ...copies];
      }
      const before = gone;
      if (before !== null && sameKey(before, row)) {
        gone = null;
        const rest = Array.from({ length: n - 1 }, (): RowChange<Row> => ({ op: "insert", after: decode(row) }));
        return [{ op: "update", before: decode(before), after: decode(row) }, ...rest];
      }
      return [...flush(), ...Array.from({ length: n }, (): RowChange<Row> => ({ op: "insert", after: decode(row) }))];
    },
    end: flush,
  };
}
