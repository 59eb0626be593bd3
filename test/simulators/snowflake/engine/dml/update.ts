import { list, must, path, takes } from "../cursor.js";
import type { Translation } from "../environment.js";
import { duck } from "../names.js";
import { changed, duckChange } from "../run.js";
import { statementTypes } from "../statement-types.js";
import { change, type Transaction, touched } from "../transactions.js";
import { from } from "../translate/from.js";
import type { SimResult } from "../types.js";
import { assigned } from "./assign.js";
import { unnamed } from "./insert.js";
import { columnNamed, nameTarget, target } from "./target.js";

/** `UPDATE t SET … [FROM …] [WHERE …]` (docs "UPDATE"). Of several rows that join one, any is taken. */
export function update(t: Translation): (tx: Transaction) => Promise<SimResult> {
  const { c } = t;
  must(c, "UPDATE");
  const at = target(t, ["UPDATE"], "UPDATE", true);
  nameTarget(t, at);
  must(c, "SET");
  const settings = list(c, () => {
    const column = columnNamed(at, path(c).at(-1) ?? "");
    must(c, "=");
    const value = takes(c, "DEFAULT") ? null : t.parse.expr(t);
    return { column, sql: () => `${duck(column.name)} = ${value ? assigned(value, column) : unnamed(t, column)}` };
  });
  const sources = takes(c, "FROM") ? from(t) : null;
  const where = takes(c, "WHERE") ? t.parse.expr(t) : null;
  return async (tx) => {
    const { session, signal } = t.statement;
    const own = await change(session, at.table, tx, signal);
    const sql = `UPDATE ${own.name} AS ${duck(at.alias)} SET ${settings.map((s) => s.sql()).join(", ")}${sources ? ` FROM ${sources()}` : ""}${where ? ` WHERE ${where.sql()}` : ""}`;
    const rows = await duckChange(session, sql);
    if (rows > 0) touched(at.table, tx, 0);
    // The service counts rows that more than one source row could have changed beside them.
    return changed({ "number of rows updated": rows, "number of multi-joined rows updated": 0 }, statementTypes.update, rows);
  };
}
