import type * as DuckDB from "@duckdb/node-api";
import type { DuckDBConnection, DuckDBDataChunk, DuckDBPreparedStatement, DuckDBResult } from "@duckdb/node-api";
import type { ColumnType, IoOptions, OpResult, Row, TypedValue } from "cutover/adapter";
import { brokenView, cancelled, classify } from "./errors.js";
import { syntax } from "./syntax.js";
import { bound, type Decode, decoder } from "./values.js";

/** The driver's module and a connection of ours: all that runs a statement. */
export interface Connection {
  readonly driver: typeof DuckDB;
  readonly raw: DuckDBConnection;
}
export interface Statement {
  readonly text: string;
  readonly values: readonly TypedValue[];
}
export type Returns = Readonly<Record<string, ColumnType>>;

/** An interrupt that comes before the engine has begun is forgotten by it, so it is sent again until the call ends. */
const INSIST_MS = 20;

/**
 * Runs `work` on a connection and interrupts it when the signal fires or the time limit passes.
 * @throws DuckDBFault of kind `cancelled` then.
 */
export async function guarded<T>(c: Connection, o: IoOptions, work: () => Promise<T>): Promise<T> {
  if (o.signal.aborted) throw cancelled("signal", o.signal.reason);
  let why: "signal" | "time" | null = null;
  let insist: NodeJS.Timeout | undefined;
  const stop = (reason: "signal" | "time"): void => {
    why ??= reason;
    c.raw.interrupt();
    insist ??= setInterval(() => c.raw.interrupt(), INSIST_MS);
  };
  const onAbort = (): void => stop("signal");
  o.signal.addEventListener("abort", onAbort, { once: true });
  const limit = o.timeoutMs === undefined ? undefined : setTimeout(() => stop("time"), o.timeoutMs);
  try {
    return await work();
  } catch (e) {
    throw why !== null && classify(e).kind === "cancelled" ? cancelled(why, e) : e;
  } finally {
    o.signal.removeEventListener("abort", onAbort);
    clearTimeout(limit);
    clearInterval(insist);
  }
}

/** Ends an INSERT whose rows must become visible at once; what it returns is counted, not kept. See `visibly` in the steps. */
export const RETURNING = " RETURNING 1";

/** Runs an INSERT that ends with {@link RETURNING}, holding one chunk of its answer at a time. */
async function runCounted(c: Connection, statement: Statement): Promise<OpResult> {
  const { result } = await start(c, statement, undefined, true);
  let affected = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return { affected, rows: [] };
    affected += chunk.rowCount;
  }
}

/** Runs one statement; rows come back in canonical form, by the types asked for or by their own. */
export async function run(c: Connection, statement: Statement, returns?: Returns): Promise<OpResult> {
  if (statement.text.endsWith(RETURNING)) return runCounted(c, statement);
  const { result, decode } = await start(c, statement, returns, false).catch((e: unknown) => {
    throw /^CREATE OR REPLACE VIEW/i.test(statement.text) ? brokenView(e) : e;
  });
  const changed = result.returnType === c.driver.ResultReturnType.CHANGED_ROWS;
  const rows: Row[] = [];
  if (result.returnType === c.driver.ResultReturnType.QUERY_RESULT) {
    for await (const batch of batches(c, result, decode)) for (const row of batch) rows.push(row);
  }
  return { affected: changed ? result.rowsChanged : null, rows };
}

/** Runs a query and hands its rows out chunk by chunk, never holding more than one. */
export async function* stream(
  c: Connection,
  statement: Statement,
  returns: Returns,
  o: IoOptions,
): AsyncGenerator<readonly Row[]> {
  const { result, decode } = await guarded(c, o, () => start(c, statement, returns, true));
  const source = batches(c, result, decode);
  try {
    for (;;) {
      const next = await guarded(c, o, () => source.next());
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await source.return(undefined);
  }
}

async function* batches(c: Connection, result: DuckDBResult, decode: readonly Decode[]): AsyncGenerator<readonly Row[]> {
  const names = result.columnNames();
  let open = true;
  try {
    for (;;) {
      const chunk = await result.fetchChunk();
      open = chunk !== null && chunk.rowCount > 0;
      if (chunk === null || !open) return;
      yield rowsOf(chunk, names, decode);
    }
  } finally {
    // A result that is left half read keeps the database file open until it is collected.
    if (open && result.isStreaming) {
      c.raw.interrupt();
      await result.fetchChunk().catch(() => null);
    }
  }
}

function rowsOf(chunk: DuckDBDataChunk, names: readonly string[], decode: readonly Decode[]): readonly Row[] {
  const rows: Record<string, unknown>[] = Array.from({ length: chunk.rowCount }, () => ({}));
  for (const [column, name] of names.entries()) {
    const vector = chunk.getColumnVector(column);
    const read = decode[column] as Decode;
    for (const [i, row] of rows.entries()) {
      const value = vector.getItem(i);
      const canonical = value === null ? null : read(value);
      if (name === "__proto__") Object.defineProperty(row, name, { value: canonical, enumerable: true });
      else row[name] = canonical;
    }
  }
  return rows;
}

async function start(c: Connection, statement: Statement, returns: Returns | undefined, streaming: boolean) {
  const first = await execute(c, statement, streaming, (p) => foreign(c, p, returns));
  if ("result" in first) {
    const decode = decoders(c, first.result, returns);
    if (decode !== null) return { result: first.result, decode };
  }
  const wrapped = "wrapped" in first ? first.wrapped : asText(statement.text, wantText(c, first.result, returns));
  const second = await execute(c, { ...statement, text: wrapped }, streaming, () => null);
  if (!("result" in second)) throw new Error("unreachable: a wrapped query is run as it is");
  return { result: second.result, decode: decoders(c, second.result, returns) ?? [] };
}

async function execute(
  c: Connection,
  { text, values }: Statement,
  streaming: boolean,
  wrap: (p: DuckDBPreparedStatement) => readonly Output[] | null,
): Promise<{ readonly result: DuckDBResult } | { readonly wrapped: string }> {
  const prepared = await c.raw.prepare(text);
  try {
    values.forEach((v, i) => {
      const { value, type } = bound(v, c.driver);
      if (value === null) prepared.bindNull(i + 1);
      else prepared.bindValue(i + 1, value, type);
    });
    const outputs = wrap(prepared);
    if (outputs !== null) return { wrapped: asText(text, outputs) };
    return { result: streaming ? await prepared.stream() : await prepared.run() };
  } finally {
    prepared.destroySync();
  }
}

/** One column of a result, and whether the engine must write it as text because no canonical type holds it. */
interface Output {
  readonly name: string;
  readonly text: boolean;
}
function foreign(c: Connection, p: DuckDBPreparedStatement, returns: Returns | undefined): readonly Output[] | null {
  if (p.statementType !== c.driver.StatementType.SELECT) return null;
  const outputs: Output[] = [];
  for (let i = 0; i < p.columnCount; i++) {
    // Unknown until parameters are bound: then the result itself is looked at.
    if (p.columnTypeId(i) === c.driver.DuckDBTypeId.INVALID) return null;
    const name = p.columnName(i);
    outputs.push({ name, text: decoder(p.columnType(i), returns?.[name], c.driver) === null });
  }
  return outputs.some((o) => o.text) ? outputs : null;
}
const wantText = (c: Connection, result: DuckDBResult, returns: Returns | undefined): readonly Output[] =>
  result.columnNames().map((name, i) => ({ name, text: decoder(result.columnType(i), returns?.[name], c.driver) === null }));

function decoders(c: Connection, result: DuckDBResult, returns: Returns | undefined): readonly Decode[] | null {
  if (result.returnType !== c.driver.ResultReturnType.QUERY_RESULT) return [];
  const found = result.columnNames().map((name, i) => decoder(result.columnType(i), returns?.[name], c.driver));
  return found.every((d): d is Decode => d !== null) ? found : null;
}

function asText(query: string, outputs: readonly Output[]): string {
  const inner = outputs.map((_, i) => `c${i}`);
  const list = outputs.map((o, i) => `${o.text ? `CAST(c${i} AS VARCHAR)` : `c${i}`} AS ${syntax.ident([o.name])}`);
  return `SELECT ${list.join(", ")} FROM (${query.replace(/;\s*$/, "")}\n) AS q(${inner.join(", ")})`;
}
