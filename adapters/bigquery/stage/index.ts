import { type Batch, type ColumnShape, type FileSet, type IoOptions, inline, type Sql, type TableRef } from "cutover/adapter";
import { cancelled, fault } from "../errors.js";
import type { Link } from "../link.js";
import { syntax } from "../syntax.js";
import { complete, referenceOf } from "../tables.js";
import { lossless } from "./casts.js";
import { queryColumns } from "./columns.js";
import { linesOf } from "./lines.js";
import { localRows, same } from "./local.js";
import { loadRaw, uris } from "./raw.js";
import { schemaOf } from "./schema.js";
import { spool } from "./spool.js";
import { made, outputOf, told } from "./table.js";

export { columnsOf } from "./columns.js";

/**
 * Makes `into` anew and fills it: rows by one load job, a query by one query job.
 * @throws what `classify` explains: `bad-data` for a value that does not fit, `bad-file` for a file.
 */
export async function stage(
  link: Link,
  into: TableRef,
  columns: readonly ColumnShape[],
  from: AsyncIterable<Batch> | FileSet | Sql,
  o: IoOptions,
): Promise<{ readonly rows: number }> {
  if (o.signal.aborted) throw cancelled("signal", true);
  if ("~sql" in from) return { rows: await fromQuery(link, into, columns, from, o) };
  if (!("urls" in from)) return { rows: await fromBatches(link, into, columns, from, o) };
  const local = uris(from) === null && from.format !== "parquet";
  const rows = local ? fromBatches(link, into, columns, localRows(columns, from), o) : loadRaw(link, into, columns, from, o);
  return { rows: await rows };
}

async function fromQuery(link: Link, into: TableRef, columns: readonly ColumnShape[], from: Sql, o: IoOptions): Promise<number> {
  const text = inline(from, syntax);
  const found = await queryColumns(link, text, o);
  const values = columns.map((c) => {
    const there = found.find((f) => f.name === c.name) ?? found.find((f) => same(f.name, c.name));
    if (there !== undefined) return lossless(syntax.ident(["source", there.name]), { native: there.native }, c);
    throw fault("missing-object", `the query has no column "${c.name}"`, `Add "${c.name}" to the query, or leave it out here.`);
  });
  return made(link, into, columns, `SELECT ${values.join(", ")} FROM (${text}\n) AS \`source\``, o);
}

/**
 * One load job of all rows. Its name is new each time: what it does may be repeated, while one made of the table's name or of the
 * rows would meet the job of an earlier time, whose table is gone since.
 */
async function fromBatches(
  link: Link,
  into: TableRef,
  columns: readonly ColumnShape[],
  from: AsyncIterable<Batch>,
  o: IoOptions,
): Promise<number> {
  const destinationTable = referenceOf(complete(into.path));
  const lines = linesOf(columns);
  let rows = 0;
  const texts = async function* (): AsyncGenerator<string> {
    for await (const batch of from) {
      if (o.signal.aborted) throw cancelled("signal", true);
      rows += batch.rows;
      if (batch.rows > 0) yield lines(batch);
    }
    if (o.signal.aborted) throw cancelled("signal", true);
  };
  const spooled = await spool(texts());
  try {
    // A job that has nothing to load need not make the table.
    if (rows === 0) return await made(link, into, columns, null, o);
    const load = {
      sourceFormat: "NEWLINE_DELIMITED_JSON",
      destinationTable,
      schema: { fields: schemaOf(columns) },
      createDisposition: "CREATE_IF_NEEDED",
      writeDisposition: "WRITE_TRUNCATE",
    };
    const written = outputOf(await told(link.upload({ load }, spooled.body, o), "bad-data"));
    if (written === rows) return rows;
    const hint = "This is a mistake in cutover or in BigQuery: please report it, with the types of the columns.";
    throw fault("corrupt", `${rows} rows were sent, and ${written} were loaded`, hint);
  } finally {
    await spooled.close();
  }
}
