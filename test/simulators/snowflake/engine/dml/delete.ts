import { must, takes } from "../cursor.js";
import type { Translation } from "../environment.js";
import { duck } from "../names.js";
import { changed, duckChange, said } from "../run.js";
import { statementTypes } from "../statement-types.js";
import { change, partFor, replace, type Transaction, touched } from "../transactions.js";
import { from } from "../translate/from.js";
import type { SimResult } from "../types.js";
import { nameTarget, target } from "./target.js";

/** `DELETE FROM t [USING …] [WHERE …]` (docs "DELETE"). */
export function remove(t: Translation): (tx: Transaction) => Promise<SimResult> {
  const { c } = t;
  must(c, "DELETE", "FROM");
  const at = target(t, ["DELETE"], "DELETE", true);
  nameTarget(t, at);
  const sources = takes(c, "USING") ? from(t) : null;
  const where = takes(c, "WHERE") ? t.parse.expr(t) : null;
  return async (tx) => {
    const { session, signal } = t.statement;
    const own = await change(session, at.table, tx, signal);
    const sql = `DELETE FROM ${own.name} AS ${duck(at.alias)}${sources ? ` USING ${sources()}` : ""}${where ? ` WHERE ${where.sql()}` : ""}`;
    const rows = await duckChange(session, sql);
    if (rows > 0) touched(at.table, tx, -rows);
    return changed({ "number of rows deleted": rows }, statementTypes.delete, rows);
  };
}

/** `TRUNCATE [TABLE] [IF EXISTS] t`: DML that also forgets the load metadata (docs "TRUNCATE TABLE", "Transactions"). */
export function truncate(t: Translation): (tx: Transaction) => Promise<SimResult> {
  const { c } = t;
  must(c, "TRUNCATE");
  takes(c, "TABLE");
  takes(c, "IF", "EXISTS");
  const at = target(t, ["TRUNCATE", "DELETE"], "TRUNCATE", false);
  return async (tx) => {
    const { session, signal } = t.statement;
    const part = await partFor(session, at.table);
    await replace(session, at.table, tx, signal, part);
    tx.after.push(() => at.table.loads.clear());
    return said("Statement executed successfully.", statementTypes.delete);
  };
}
