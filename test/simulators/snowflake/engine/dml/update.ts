import type { Column } from "../catalog.js";
import { list, must, path, takes } from "../cursor.js";
import type { Translation } from "../environment.js";
import { duck } from "../names.js";
import { changed, duckChange, duckRun } from "../run.js";
import { statementTypes } from "../statement-types.js";
import { change, type Transaction, touched } from "../transactions.js";
import { from } from "../translate/from.js";
import type { Expr } from "../translate/model.js";
import type { SimResult } from "../types.js";
import { assigned } from "./assign.js";
import { unsettled } from "./floats.js";
import { unnamed } from "./insert.js";
import { columnNamed, nameTarget, type Target, target } from "./target.js";

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
    return { column, value: () => (value ? assigned(value, column) : unnamed(t, column)) };
  });
  const sources = takes(c, "FROM") ? from(t) : null;
  const where = takes(c, "WHERE") ? t.parse.expr(t) : null;
  return async (tx) => {
    const { session, signal } = t.statement;
    const own = await change(session, at.table, tx, signal);
    const rows = settings.some((s) => s.column.type.name === "REAL")
      ? await byRow(t, own.name, at, settings, sources, where)
      : await duckChange(session, direct(own.name, at, settings, sources, where));
    if (rows > 0) touched(at.table, tx, 0);
    // The service counts rows that more than one source row could have changed beside them.
    return changed({ "number of rows updated": rows, "number of multi-joined rows updated": 0 }, statementTypes.update, rows);
  };
}

interface Setting {
  readonly column: Column;
  readonly value: () => string;
}

function direct(
  own: string,
  at: Target,
  settings: readonly Setting[],
  sources: (() => string) | null,
  where: Expr | null,
): string {
  const set = settings.map((s) => `${duck(s.column.name)} = ${s.value()}`).join(", ");
  return `UPDATE ${own} AS ${duck(at.alias)} SET ${set}${sources ? ` FROM ${sources()}` : ""}${where ? ` WHERE ${where.sql()}` : ""}`;
}

/** The new values first, then into the rows: for floats, see `unsettled`. */
async function byRow(
  t: Translation,
  own: string,
  at: Target,
  settings: readonly Setting[],
  sources: (() => string) | null,
  where: Expr | null,
): Promise<number> {
  const { session } = t.statement;
  const values = settings.map((s, k) => `${s.value()} AS "·${k}"`).join(", ");
  const from = `${own} AS ${duck(at.alias)}${sources ? `, ${sources()}` : ""}`;
  const first = unsettled(
    own,
    settings.map((s) => s.column),
    'SELECT "·r" FROM "·U"',
  );
  const set = settings.map((s, k) => `${duck(s.column.name)} = "·U"."·${k}"`).join(", ");
  await duckRun(
    session,
    `CREATE OR REPLACE TEMP TABLE "·U" AS SELECT ${duck(at.alias)}.rowid AS "·r", ${values} FROM ${from}${where ? ` WHERE ${where.sql()}` : ""}`,
  );
  await duckRun(session, "BEGIN");
  try {
    if (first !== null) await duckRun(session, first);
    const rows = await duckChange(session, `UPDATE ${own} AS "·T" SET ${set} FROM "·U" WHERE "·T".rowid = "·U"."·r"`);
    await duckRun(session, "COMMIT");
    return rows;
  } catch (error) {
    await session.duck.run("ROLLBACK");
    throw error;
  }
}
