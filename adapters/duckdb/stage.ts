import { randomUUID } from "node:crypto";
import type { DuckDBDataChunk, DuckDBVector } from "@duckdb/node-api";
import type { Batch, ColumnShape, FileSet, IoOptions, Sql, TableRef } from "cutover/adapter";
import { decimalOf } from "cutover/adapter";
import { lossless, type Origin, type Target } from "./casts.js";
import { sameName } from "./ddl.js";
import { type Connection, guarded, run, type Statement } from "./driver.js";
import { type Encoder, encoder } from "./encode.js";
import { cancelled, fault } from "./errors.js";
import { type Relation, reading, relation } from "./files.js";
import { renderSql } from "./render.js";
import { syntax } from "./syntax.js";

/** Rows of a data chunk: the size of the engine's own vectors. */
const CHUNK = 2048;

const perform = async (c: Connection, text: string, values: Statement["values"] = []): Promise<number> =>
  (await run(c, { text, values })).affected ?? 0;

/**
 * Makes `into` anew and fills it, in one transaction: what fails leaves everything as it was.
 * @throws what {@link classify} explains: `bad-data` for a value that does not fit, `bad-file` for a file.
 */
export async function stage(
  c: Connection,
  into: TableRef,
  columns: readonly ColumnShape[],
  from: AsyncIterable<Batch> | FileSet | Sql,
  o: IoOptions,
): Promise<{ readonly rows: number }> {
  await guarded(c, o, () => perform(c, "BEGIN"));
  try {
    const body = columns.map((k) => `${syntax.ident([k.name])} ${k.native}${k.nullable ? "" : " NOT NULL"}`);
    await guarded(c, o, () => perform(c, `CREATE OR REPLACE TABLE ${syntax.ident(into.path)} (${body.join(", ")})`));
    const rows = await fill(c, into, columns, from, o);
    await perform(c, "COMMIT");
    return { rows };
  } catch (e) {
    await perform(c, "ROLLBACK").catch(() => undefined);
    throw e;
  }
}

async function fill(
  c: Connection,
  into: TableRef,
  targets: readonly Target[],
  from: AsyncIterable<Batch> | FileSet | Sql,
  o: IoOptions,
): Promise<number> {
  if ("~sql" in from) {
    const { text, values } = renderSql(from);
    const inner = `(${text.replace(/;\s*$/, "")}\n)`;
    const described = await guarded(c, o, () => run(c, { text: `DESCRIBE SELECT * FROM ${inner}`, values }));
    const found = described.rows.map((row) => typedColumn(String(row["column_name"]), String(row["column_type"])));
    return guarded(c, o, () => perform(c, insertion(into, targets, { from: inner, columns: found }, "the query"), values));
  }
  if ("urls" in from) {
    const wanted = targets.map((t) => ({ name: t.name, json: t.native === "JSON", decimal: decimalOf(t.type) !== null }));
    const source = await guarded(c, o, () => relation(c, from, wanted));
    const what = source.files.length === 1 ? `"${source.files[0]}"` : `the files ("${source.files[0]}" …)`;
    return guarded(c, o, () => reading(source.files, () => perform(c, insertion(into, targets, source, what))));
  }
  return append(c, into, targets, from, o);
}

const typedColumn = (name: string, native: string): Relation["columns"][number] => ({
  name,
  native,
  expression: syntax.ident([name]),
  origin: { native },
});

/** INSERT by name, each value cast without loss. */
function insertion(into: TableRef, targets: readonly Target[], source: Relation, what: string): string {
  const expressions = targets.map((t) => {
    const column = source.columns.find((k) => k.name === t.name) ?? source.columns.find((k) => sameName(k.name, t.name));
    if (column === undefined) {
      const hint = `Add the column "${t.name}" to ${what}, or take it out of the table's columns.`;
      throw fault("bad-file", `${what} has no column "${t.name}"`, hint);
    }
    return lossless(column.expression, column.origin, t);
  });
  const names = targets.map((t) => syntax.ident([t.name]));
  return `INSERT INTO ${syntax.ident(into.path)} (${names.join(", ")}) SELECT ${expressions.join(", ")} FROM ${source.from} AS source`;
}

/** Rows from JavaScript: chunks of typed vectors where each column can be written straight, else through a table that can. */
async function append(
  c: Connection,
  into: TableRef,
  targets: readonly Target[],
  from: AsyncIterable<Batch>,
  o: IoOptions,
): Promise<number> {
  const direct = all(targets.map((t) => encoder(t, c.driver)));
  if (direct !== null) {
    const rows = await write(c, into.path, direct, from, o);
    await refuseBrokenJson(c, into, targets, o);
    return rows;
  }
  const carriers = targets.map((t) => ({ ...t, native: encoder(t, c.driver) === null ? syntax.type(t.type) : t.native }));
  const encoders = all(carriers.map((t) => encoder(t, c.driver)));
  if (encoders === null) throw new Error("unreachable: every canonical type can be written");
  const path = ["temp", "main", `_cutover_stage_${randomUUID()}`];
  await perform(
    c,
    `CREATE TEMP TABLE ${syntax.ident(path)} (${carriers.map((t) => `${syntax.ident([t.name])} ${t.native}`).join(", ")})`,
  );
  await write(c, path, encoders, from, o);
  const origin = (native: string): Origin => (native === "VARCHAR" ? { text: true } : { native });
  const source = carriers.map((t) => ({ ...typedColumn(t.name, t.native), origin: origin(t.native) }));
  const rows = await guarded(c, o, () =>
    perform(c, insertion(into, targets, { from: syntax.ident(path), columns: source }, "the rows")),
  );
  await perform(c, `DROP TABLE ${syntax.ident(path)}`);
  await refuseBrokenJson(c, into, targets, o);
  return rows;
}
const all = (encoders: readonly (Encoder | null)[]): readonly Encoder[] | null =>
  encoders.every((e): e is Encoder => e !== null) ? encoders : null;

async function write(
  c: Connection,
  path: readonly string[],
  encoders: readonly Encoder[],
  from: AsyncIterable<Batch>,
  o: IoOptions,
): Promise<number> {
  const [database, schema, table] = path;
  const appender = await c.raw.createAppender(table as string, schema ?? null, database ?? null);
  const chunks = chunksOf(c, encoders);
  let rows = 0;
  try {
    for await (const batch of from) {
      if (o.signal.aborted) throw cancelled("signal", o.signal.reason);
      for (let at = 0; at < batch.rows; at += CHUNK) {
        const count = Math.min(CHUNK, batch.rows - at);
        const { chunk, vectors } = chunks(count);
        for (let i = 0; i < encoders.length; i++)
          (encoders[i] as Encoder).write(vectors[i] as DuckDBVector, batch.columns[i] ?? [], at, count);
        appender.appendDataChunk(chunk);
      }
      rows += batch.rows;
    }
  } catch (e) {
    // What is still buffered must not be written when the appender goes.
    appender.clear();
    throw e;
  }
  appender.closeSync();
  return rows;
}

interface Chunk {
  readonly chunk: DuckDBDataChunk;
  readonly vectors: readonly DuckDBVector[];
}
/**
 * Chunks to write into, each good until the next. One serves for all that are full: the engine's memory of a chunk that is
 * done with is freed only when JavaScript's is collected, which knows nothing of its size.
 */
function chunksOf(c: Connection, encoders: readonly Encoder[]): (rows: number) => Chunk {
  const types = encoders.map((e) => e.type);
  const make = (rows: number): Chunk => {
    const chunk = c.driver.DuckDBDataChunk.create(types, rows);
    return { chunk, vectors: encoders.map((_, i) => chunk.getColumnVector(i)) };
  };
  let full: Chunk | null = null;
  return (rows) => {
    if (rows < CHUNK) return make(rows);
    if (full === null) {
      full = make(CHUNK);
      return full;
    }
    full.chunk.reset();
    full.chunk.rowCount = CHUNK;
    return full;
  };
}

/** The appender takes JSON as text, unread; broken text would fail much later, in someone's query. */
async function refuseBrokenJson(c: Connection, into: TableRef, targets: readonly Target[], o: IoOptions): Promise<void> {
  for (const t of targets.filter((k) => k.native === "JSON")) {
    const name = syntax.ident([t.name]);
    const text = `SELECT CAST(${name} AS VARCHAR) AS value FROM ${syntax.ident(into.path)} WHERE NOT json_valid(CAST(${name} AS VARCHAR)) LIMIT 1`;
    const { rows } = await guarded(c, o, () => run(c, { text, values: [] }));
    if (rows.length === 0) continue;
    const hint = "The text is no JSON; mend the source.";
    throw fault(
      "bad-data",
      `cutover: column "${t.name}": value ${String(rows[0]?.["value"]).slice(0, 60)} does not fit JSON`,
      hint,
    );
  }
}
