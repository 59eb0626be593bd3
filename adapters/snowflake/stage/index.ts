import type { Batch, ColumnShape, FileSet, IoOptions, Sql, TableRef } from "cutover/adapter";
import { lossless } from "../casts.js";
import { complete } from "../describe.js";
import { type Link, perform, run } from "../driver.js";
import { cancelled, fault } from "../errors.js";
import { renderSql } from "../render.js";
import { syntax } from "../syntax.js";
import { columnList, SCRATCH } from "../tables.js";
import { binds, Gathered } from "./binds.js";
import { queryColumns } from "./columns.js";
import { loadFiles } from "./copy.js";
import type { Scratch } from "./scratch.js";
import { spool } from "./spool.js";

const made = (into: TableRef, columns: readonly ColumnShape[]): string =>
  `CREATE OR REPLACE TRANSIENT TABLE ${syntax.ident(into.path)} (${columnList(columns)}) ${SCRATCH}`;

/**
 * Makes `into` anew and fills it.
 * @throws what `classify` explains: `bad-data` for a value that does not fit, `bad-file` for a file.
 */
export async function stage(
  link: Link,
  scratch: Scratch,
  into: TableRef,
  columns: readonly ColumnShape[],
  from: AsyncIterable<Batch> | FileSet | Sql,
  o: IoOptions,
): Promise<{ readonly rows: number }> {
  if (o.signal.aborted) throw cancelled("signal", true);
  complete(into.path);
  if ("~sql" in from) return { rows: await fromQuery(link, into, columns, from, o) };
  if ("urls" in from) {
    await perform(link, made(into, columns), o);
    return { rows: await loadFiles(link, scratch, into, columns, from, o) };
  }
  return { rows: await fromBatches(link, scratch, into, columns, from, o) };
}

async function fromQuery(link: Link, into: TableRef, columns: readonly ColumnShape[], from: Sql, o: IoOptions): Promise<number> {
  const query = renderSql(from);
  const found = await queryColumns(link, query, o);
  const values = columns.map((c) => {
    const there = found.find((f) => f.name === c.name) ?? found.find((f) => f.name.toUpperCase() === c.name.toUpperCase());
    if (there !== undefined) return lossless(syntax.ident(["source", there.name]), { native: there.native }, c);
    throw fault("missing-object", `the query has no column "${c.name}"`, `Add "${c.name}" to the query, or leave it out here.`);
  });
  await perform(link, made(into, columns), o);
  const names = columns.map((c) => syntax.ident([c.name]));
  const text = `INSERT INTO ${syntax.ident(into.path)} (${names.join(", ")}) SELECT ${values.join(", ")} FROM (${query.text}\n) AS "source"`;
  const { affected } = await run(link, { text, binds: query.binds }, o);
  return affected ?? 0;
}

/** Few rows in one statement; many by files, which are uploaded while the source is read. */
async function fromBatches(
  link: Link,
  scratch: Scratch,
  into: TableRef,
  columns: readonly ColumnShape[],
  from: AsyncIterable<Batch>,
  o: IoOptions,
): Promise<number> {
  const gathered = new Gathered(columns);
  const source = from[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      if (o.signal.aborted) throw cancelled("signal", true);
      const next = await source.next();
      ended = next.done === true;
      if (next.done) break;
      gathered.add(next.value);
      if (!gathered.small) {
        await perform(link, made(into, columns), o);
        return await spool(link, scratch, into, columns, gathered, source, o);
      }
    }
  } finally {
    if (!ended) await source.return?.();
  }
  await run(link, binds(into, columns, gathered), o);
  return gathered.rows.length;
}
