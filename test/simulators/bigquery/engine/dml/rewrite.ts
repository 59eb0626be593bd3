import type { Column, Version } from "../catalog.js";
import type { Duck, Env, Made } from "../env.js";
import { runtime } from "../errors.js";
import { change } from "../execute.js";
import { createPart, type Physical, stored } from "../store.js";

/** A change of rows, written down before it is made: row ids of `from` with new values, `v0`, `v1` … by column. */
export interface Updates {
  /** A table of DuckDB with the columns rid, k and values. */
  readonly name: string;
  /** By number of the clause `k`: the columns that it sets, as values of the table; null: the row goes. */
  readonly clauses: readonly (readonly { readonly column: Column; readonly value: string }[] | null)[];
}

/** A target row that two source rows would change (docs "DML syntax": UPDATE, MERGE). */
export const twice = () => runtime("UPDATE/MERGE must match at most one source row for each target row");

/** The rows of `from` with the updates, as a part of their own; `more`: rows that come in addition. */
export async function rewritten(
  env: Env,
  duck: Duck,
  base: Version,
  from: Physical,
  all: readonly Updates[],
  more: readonly string[],
): Promise<Made & { readonly part: Physical }> {
  const part = await createPart(env.store, duck, base.columns);
  const values = base.columns.map((column) => {
    const arms = all.flatMap((u) =>
      u.clauses.flatMap((set, k) => {
        const found = set?.find((s) => s.column.id === column.id);
        return found ? [`WHEN ${u.name}.k = ${k} THEN ${u.name}.${found.value}`] : [];
      }),
    );
    return arms.length > 0 ? `CASE ${arms.join(" ")} ELSE t.${column.id} END` : `t.${column.id}`;
  });
  const joins = all.map((u) => `LEFT JOIN ${u.name} ON t.rowid = ${u.name}.rid`).join(" ");
  const gone = all.flatMap((u) =>
    u.clauses.flatMap((set, k) => (set === null ? [`(${u.name}.k IS NULL OR ${u.name}.k <> ${k})`] : [])),
  );
  const names = stored(base.columns);
  const kept = `SELECT ${values.join(", ") || "NULL"} FROM ${from.name} t ${joins}${gone.length > 0 ? ` WHERE ${gone.join(" AND ")}` : ""}`;
  part.rows = await change(duck, `INSERT INTO ${part.name} (${names || "nothing"}) ${[kept, ...more].join(" UNION ALL ")}`);
  return { parts: [part], appended: null, part };
}
