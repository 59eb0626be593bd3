import { DuckDBDataChunk, VARCHAR } from "@duckdb/node-api";
import type { Column } from "../catalog.js";
import { held } from "../datatype.js";
import { createPart, type Physical, type Store, stored, withConnection } from "../store.js";
import type { Problems } from "./problems.js";

const most = 2_048;

/** Texts, row by row, as a part of a table with these columns; each is cast by DuckDB as engine/jobs/texts.ts wrote it. */
export async function fill(
  store: Store,
  columns: readonly Column[],
  rows: AsyncIterable<readonly (string | null)[]>,
  bad: Problems,
): Promise<Physical> {
  return await withConnection(store, async (duck) => {
    const part = await createPart(store, duck, columns);
    const raw = `raw_${++store.next}`;
    const names = columns.map((_, k) => `r${k}`);
    await duck.run(`CREATE TEMP TABLE ${raw} (${names.map((n) => `${n} VARCHAR`).join(", ") || "r0 VARCHAR"})`);
    const appender = await duck.createAppender(raw, "main", "temp");
    const types = (names.length > 0 ? names : ["r0"]).map(() => VARCHAR);
    let buffer: (string | null)[][] = [];
    let count = 0;
    const flush = () => {
      if (buffer.length === 0) return;
      const chunk = DuckDBDataChunk.create(types, buffer.length);
      chunk.setColumns(types.map((_, k) => buffer.map((row) => row[k] ?? null)));
      appender.appendDataChunk(chunk);
      appender.flushSync();
      buffer = [];
    };
    try {
      for await (const row of rows) {
        count++;
        buffer.push([...row]);
        if (buffer.length >= most) flush();
      }
      flush();
      bad.check(count + bad.count());
    } finally {
      appender.closeSync();
      if (bad.count() > 0 && count === 0) await duck.run(`DROP TABLE IF EXISTS ${raw}`);
    }
    const cast = columns.map((c, k) => {
      if (c.type.kind === "BYTES") return `unhex(r${k})`;
      if (c.type.kind === "ARRAY" || c.type.kind === "STRUCT") return `CAST(CAST(r${k} AS JSON) AS ${held(c.type)})`;
      return held(c.type) === "VARCHAR" ? `r${k}` : `CAST(r${k} AS ${held(c.type)})`;
    });
    await duck.run(`INSERT INTO ${part.name} (${stored(columns) || "nothing"}) SELECT ${cast.join(", ") || "NULL"} FROM ${raw}`);
    await duck.run(`DROP TABLE ${raw}`);
    part.rows = count;
    return part;
  });
}
