import type { Column } from "../catalog.js";
import { type Cursor, end, identifier, inParentheses, list, must, peek, sees, takes, unexpected } from "../cursor.js";
import type { Env } from "../env.js";
import { invalid } from "../errors.js";
import { change, newX, work } from "../execute.js";
import { createPart } from "../store.js";
import type { Expr, Query } from "../translate/ast.js";
import { analyze } from "../translate/expr.js";
import { newScope, within, type X } from "../translate/model.js";
import { parseExpr } from "../translate/parse-expr.js";
import { parseQuery, seesQuery } from "../translate/parse-query.js";
import { partitionStart } from "../translate/partitions.js";
import { query } from "../translate/query.js";
import type { SimResult } from "../types.js";
import { outcome } from "./outcome.js";
import { assigned, columnOf, type Target, target, targetName, unnamed } from "./target.js";

/** `INSERT [INTO] t [(…)] VALUES … | query` */
export async function insert(c: Cursor, env: Env): Promise<SimResult> {
  must(c, "INSERT");
  takes(c, "INTO");
  const name = targetName(c, false);
  const names =
    sees(c, "(") && !seesQuery(c) ? inParentheses(c, () => list(c, () => ({ at: peek(c), name: identifier(c) }))) : null;
  const rows = takes(c, "VALUES") ? list(c, () => inParentheses(c, () => list(c, () => parseExpr(c)))) : null;
  if (!rows && !seesQuery(c)) throw unexpected(c);
  const q = rows ? null : parseQuery(c);
  end(c);
  const x = await newX(env, q ?? rows);
  const t = target(x, name, "INSERT");
  const columns = names ? names.map((n) => columnOf(t, n.name, n.at)) : t.version.columns.filter((col) => !col.hidden);
  const twice = columns.find((col, k) => columns.indexOf(col) !== k);
  if (twice) throw invalid(`INSERT has columns with duplicate name: ${twice.name}`, name.at);
  const source = rows ? values(x, t, columns, rows, name.at) : selected(x, t, columns, q as Query, name.at);
  await env.planned?.("INSERT");
  if (env.dryRun) return outcome("INSERT", {});
  let inserted = 0;
  await env.tables.write(t.table, "INSERT", async (base) => {
    return await work(env, async (duck) => {
      const part = await createPart(env.store, duck, base.columns);
      inserted = await change(duck, `INSERT INTO ${part.name} ${source}`);
      part.rows = inserted;
      return { parts: null, appended: [part], unchanged: inserted === 0 };
    });
  });
  return outcome("INSERT", { inserted });
}

/** A value for each stored column, in their order, out of those that are given. */
export function completed(
  x: X,
  t: Target,
  columns: readonly Column[],
  given: readonly string[],
  at: Target["relation"] | Expr["at"],
): string[] {
  const token = "line" in at ? at : ({ line: 1, column: 1 } as Expr["at"]);
  return t.version.columns.map((col) => {
    const k = columns.indexOf(col);
    if (k >= 0) return given[k] as string;
    if (col.hidden && t.partition !== null && t.table.partitioning)
      return `TIMESTAMP '${partitionStart(t.table.partitioning, t.partition)}'`;
    return unnamed(x, t.table, col, token);
  });
}

function values(x: X, t: Target, columns: readonly Column[], rows: readonly (readonly Expr[])[], at: Expr["at"]): string {
  const written = rows.map((row) => {
    if (row.length !== columns.length)
      throw invalid(`Inserted row has wrong column count; Has ${row.length}, expected ${columns.length}`, row[0]?.at ?? at);
    const given = within(x, { scope: newScope(null), clause: "INSERT VALUES" }, () =>
      row.map((e, k) => {
        const column = columns[k] as Column;
        return e.k === "default" ? unnamed(x, t.table, column, e.at) : assigned(analyze(x, e), column, "INSERT", e.at);
      }),
    );
    return `SELECT ${completed(x, t, columns, given, at).join(", ")}`;
  });
  return written.join(" UNION ALL ");
}

function selected(x: X, t: Target, columns: readonly Column[], q: Query, at: Expr["at"]): string {
  const rows = query(x, q);
  if (rows.columns.length !== columns.length)
    throw invalid(`Inserted row has wrong column count; Has ${rows.columns.length}, expected ${columns.length}`, at);
  const given = rows.columns.map((o, k) =>
    assigned(
      {
        sql: `s.k${k}`,
        type: o.type,
        ...(o.untyped ? { untyped: true } : {}),
      },
      columns[k] as Column,
      k + 1,
      q.at,
    ),
  );
  return `SELECT ${completed(x, t, columns, given, at).join(", ")} FROM (${rows.sql}) s`;
}
