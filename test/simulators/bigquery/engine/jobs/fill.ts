import { DuckDBDataChunk, VARCHAR } from "@duckdb/node-api";
import type { Column } from "../catalog.js";
import { held } from "../datatype.js";
import { createPart, type Physical, type Store, stored, withConnection } from "../store.js";
import type { Problems } from "./problems.js";

const most = 2_048;

/** Texts, many rows at once, as a part of a table with these columns; each is cast by DuckDB as engine/jobs/texts.ts wrote it. */
export async function fill(
  store: Store,
  columns: readonly Column[],
  batches: AsyncIterable<readonly (readonly (string | null)[])[]>,
  bad: Problems,
): Promise<Physical> {
  return await withConnection(store, async (duck) => {
    const part = await createPart(store, duck, columns);
    const raw = `raw_${++store.next}`;
    const names = columns.map((_, k) => `r${k}`);
    await duck.run(`CREATE TEMP TABLE ${raw} (${names.map((n) => `${n} VARCHAR`).join(", ") || "r0 VARCHAR"})`);
    const appender = await duck.createAppender(raw, "main", "temp");
    const types = (names.length > 0 ? names : ["r0"]).map(() => VARCHAR);
    let count = 0;
    const append = (rows: readonly (readonly (string | null)[])[]) => {
      const chunk = DuckDBDataChunk.create(types, rows.length);
      chunk.setColumns(types.map((_, k) => rows.map((row) => row[k] ?? null)));
      appender.appendDataChunk(chunk);
    };
    try {
      for await (const rows of batches) {
        for (let from = 0; from < rows.length; from += most) append(rows.slice(from, from + most));
        count += rows.length;
      }
      appender.flushSync();
      bad.check(count + bad.count());
    } finally {
      appender.closeSync();
      if (bad.count() > 0 && count === 0) await duck.run(`DROP TABLE IF EXISTS ${raw}`);
    }
    const cast = columns.map((c, k) => {
      if (c.type.kind === "BYTES") return `unhex(r${k})`;
      // docs "Floating point semantics": no table holds a negative zero.
      if (c.type.kind === "FLOAT64") return `CAST(r${k} AS DOUBLE) + CAST(0 AS DOUBLE)`;
      if (c.type.kind === "BIGNUMERIC") return `bq_big(r${k})`;
      if (c.type.kind === "ARRAY" || c.type.kind === "STRUCT") return `CAST(CAST(r${k} AS JSON) AS ${held(c.type)})`;
      // DuckDB reads short decimals a hundred times as fast.
      if (c.type.kind === "NUMERIC")
        return `CASE WHEN length(split_part(r${k}, '.', 1)) <= 9 THEN CAST(r${k} AS DECIMAL(18,9)) ELSE CAST(r${k} AS ${held(c.type)}) END`;
      return held(c.type) === "VARCHAR" ? `r${k}` : `CAST(r${k} AS ${held(c.type)})`;
    });
    await duck.run(`INSERT INTO ${part.name} (${stored(columns) || "nothing"}) SELECT ${cast.join(", ") || "NULL"} FROM ${raw}`);
    await duck.run(`DROP TABLE ${raw}`);
    part.rows = count;
    return part;
  });
}
