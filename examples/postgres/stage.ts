import { randomUUID } from "node:crypto";
import type { Batch, ColumnShape, FileSet, IoOptions, Sql, TableRef } from "cutover/adapter";
import { queryColumns } from "./describe.js";
import type { Block, Statement, Within } from "./driver.js";
import { PostgresFault, sqlstate } from "./errors.js";
import { lossless } from "./lossless.js";
import { around, plain, rendered } from "./render.js";
import { syntax } from "./syntax.js";
import { encode } from "./values.js";

/**
 * Makes `into` anew and fills it. Batches are first copied to a temporary table, each in a transaction of its own: a source
 * may be slow, or read from this very connection.
 * @throws PostgresFault of kind `bad-data` for a value that does not fit its column without loss.
 */
export async function stage(
  within: Within,
  into: TableRef,
  columns: readonly ColumnShape[],
  from: AsyncIterable<Batch> | FileSet | Sql,
  o: IoOptions,
): Promise<{ readonly rows: number }> {
  if ("urls" in from) throw noFiles();
  if ("~sql" in from) {
    const query = rendered(from);
    return within(o, async (block) => replace(block, into, columns, await queryColumns(block, query), query));
  }
  const carrier = syntax.ident(["pg_temp", `_cutover_${randomUUID()}`]);
  const carried = columns.map((c) => ({ name: c.name, native: c.type.startsWith("decimal") ? "numeric" : syntax.type(c.type) }));
  const body = carried.map((c) => `${syntax.ident([c.name])} ${c.native}`).join(", ");
  await within(o, (block) => block.run(plain(`CREATE TEMP TABLE ${carrier} (${body})`)));
  try {
    const copy = plain(`COPY ${carrier} FROM '/dev/blob'`);
    for await (const batch of from) await within(o, (block) => block.run(copy, {}, new Blob(lines(batch, columns))));
    return await within(o, (block) => replace(block, into, columns, carried, plain(`SELECT * FROM ${carrier}`)));
  } finally {
    const calm = { ...o, signal: new AbortController().signal };
    await within(calm, (block) => block.run(plain(`DROP TABLE ${carrier}`)));
  }
}

export const noFiles = (): PostgresFault =>
  new PostgresFault("unsupported", "this adapter reads no files", "Read the file in the application, and load its rows().");

interface Typed {
  readonly name: string;
  readonly native: string;
}
async function replace(
  block: Block,
  into: TableRef,
  columns: readonly ColumnShape[],
  found: readonly Typed[],
  query: Statement,
): Promise<{ readonly rows: number }> {
  const table = syntax.ident(into.path);
  const body = columns.map((c) => `${syntax.ident([c.name])} ${c.native}${c.nullable ? "" : " NOT NULL"}`);
  await block.run(plain(`DROP TABLE IF EXISTS ${table}`));
  await block.run(plain(`CREATE TABLE ${table} (${body.join(", ")})`));
  const values = columns.map((c) => {
    const from = found.find((f) => f.name === c.name);
    if (from !== undefined) return lossless(syntax.ident(["source", c.name]), from.native, c.native, c.name);
    throw new PostgresFault(
      "missing-object",
      `the query has no column "${c.name}"`,
      "Add the column there, or leave it out here.",
    );
  });
  const names = columns.map((c) => syntax.ident([c.name])).join(", ");
  const insert = around(query, `INSERT INTO ${table} (${names}) SELECT ${values.join(", ")} FROM (`, ") AS source");
  const { affected } = await block.run(insert).catch((e: unknown) => {
    throw misfit(e);
  });
  return { rows: affected ?? 0 };
}

/** What {@link lossless} refuses, in its own words. */
function misfit(e: unknown): unknown {
  const said = sqlstate(e) === "22P02" && e instanceof Error ? /"cutover: (.*)"$/s.exec(e.message)?.[1] : undefined;
  return said === undefined ? e : new PostgresFault("bad-data", said, "Mend the source, or the column's type.", e);
}

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };
/** A batch in the text form of COPY. */
function lines(batch: Batch, columns: readonly ColumnShape[]): string[] {
  return Array.from({ length: batch.rows }, (_, row) => {
    const cells = columns.map((c, i) => {
      const text = encode(batch.columns[i]?.[row], c.type);
      return text === null ? "\\N" : text.replace(/[\\\n\r\t]/g, (found) => escapes[found] ?? found);
    });
    return `${cells.join("\t")}\n`;
  });
}
