import type { Column } from "../catalog.js";
import { identifier, inParentheses, list, must, oneOf, path, sees, takes } from "../cursor.js";
import { hold, type Translation } from "../environment.js";
import { errors } from "../errors.js";
import { duck } from "../names.js";
import { demand } from "../resolve.js";
import { changed, duckChange, duckRun } from "../run.js";
import { statementTypes } from "../statement-types.js";
import { change, type Transaction, touched } from "../transactions.js";
import { from } from "../translate/from.js";
import type { Expr } from "../translate/model.js";
import type { SimResult } from "../types.js";
import { assigned } from "./assign.js";
import { unsettled } from "./floats.js";
import { unnamed } from "./insert.js";
import { columnNamed, named, nameTarget, type Target, target } from "./target.js";

interface Clause {
  readonly matched: boolean;
  readonly condition: Expr | null;
  readonly action: "UPDATE" | "DELETE" | "INSERT";
  readonly values: readonly { readonly column: Column; readonly value: Expr | null }[];
}

/**
 * `MERGE INTO t USING s ON … WHEN …` (docs "MERGE"). Which clause takes which pair of rows is worked out first, so that a target row that
 * two source rows would change is refused before anything is changed (ERROR_ON_NONDETERMINISTIC_MERGE).
 */
export function merge(t: Translation): (tx: Transaction) => Promise<SimResult> {
  const { c } = t;
  must(c, "MERGE", "INTO");
  const at = target(t, ["INSERT", "UPDATE", "DELETE", "SELECT"], "MERGE", true);
  nameTarget(t, at);
  must(c, "USING");
  const source = from(t);
  must(c, "ON");
  const on = t.parse.expr(t);
  const clauses: Clause[] = [];
  while (sees(c, "WHEN")) clauses.push(clause(t, at));
  if (clauses.length === 0) must(c, "WHEN");
  // docs "MERGE": the privileges of each kind of change.
  for (const k of clauses) demand(t.statement.session, [k.action], at.table, "table");
  const deterministic = t.statement.session.parameters.get("ERROR_ON_NONDETERMINISTIC_MERGE") !== false;
  return async (tx) => {
    const { session, signal } = t.statement;
    const own = await change(session, at.table, tx, signal);
    hold(session, [own]);
    const pairs = `"·M"`;
    const matched = clauses.some((k) => k.matched);
    const values = clauses.flatMap((k, n) =>
      k.values.map(({ column, value }, m) => `${value ? assigned(value, column) : unnamed(t, column)} AS "·${n}_${m}"`),
    );
    const join = clauses.some((k) => !k.matched) ? "RIGHT JOIN" : "JOIN";
    await duckRun(
      session,
      `CREATE OR REPLACE TEMP TABLE ${pairs} AS SELECT ${duck(at.alias)}.rowid AS "·r", ${choice(at, clauses)} AS "·k"${values.map((v) => `, ${v}`).join("")} FROM ${own.name} AS ${duck(at.alias)} ${join} ${source()} ON ${on.sql()}`,
    );
    if (matched) await refuseDuplicates(t, clauses, deterministic, own.name, at);
    await duckRun(session, "BEGIN");
    try {
      const counts = { INSERT: 0, UPDATE: 0, DELETE: 0 };
      for (const [n, k] of clauses.entries()) {
        const columns = k.action === "UPDATE" ? k.values.map((v) => v.column) : [];
        const first = unsettled(own.name, columns, `SELECT "·r" FROM ${pairs} WHERE "·k" = ${n}`);
        if (first !== null) await duckRun(session, first);
        counts[k.action] += await duckChange(session, action(t, at, own.name, pairs, n, k));
      }
      await duckRun(session, "COMMIT");
      if (counts.INSERT + counts.UPDATE + counts.DELETE > 0) touched(at.table, tx, counts.INSERT - counts.DELETE);
      return answer(clauses, counts);
    } catch (error) {
      await session.duck.run("ROLLBACK");
      throw error;
    }
  };
}

function clause(t: Translation, at: Target): Clause {
  const { c } = t;
  must(c, "WHEN");
  const matched = !takes(c, "NOT");
  must(c, "MATCHED");
  const condition = takes(c, "AND") ? t.parse.expr(t) : null;
  must(c, "THEN");
  const word = matched ? oneOf(c, "UPDATE", "DELETE") : oneOf(c, "INSERT");
  if (!word) must(c, matched ? "UPDATE" : "INSERT");
  if (word === "DELETE") return { matched, condition, action: "DELETE", values: [] };
  if (word === "UPDATE") {
    must(c, "SET");
    const values = list(c, () => {
      const column = columnNamed(at, path(c).at(-1) ?? "");
      must(c, "=");
      return { column, value: takes(c, "DEFAULT") ? null : t.parse.expr(t) };
    });
    return { matched, condition, action: "UPDATE", values };
  }
  const columns = sees(c, "(")
    ? inParentheses(c, () => list(c, () => columnNamed(at, identifier(c))))
    : at.columns.filter((col) => col.virtual === null);
  must(c, "VALUES");
  const given = inParentheses(c, () => list(c, () => (takes(c, "DEFAULT") ? null : t.parse.expr(t))));
  if (given.length !== columns.length) throw errors.columnCount(columns.length, given.length);
  return { matched, condition, action: "INSERT", values: columns.map((column, k) => ({ column, value: given[k] ?? null })) };
}

/** The number of the first clause whose condition holds for a pair; NULL where none does. */
function choice(at: Target, clauses: readonly Clause[]): string {
  const row = `${duck(at.alias)}.rowid IS`;
  const arms = clauses.map(
    (k, n) => `WHEN ${row}${k.matched ? " NOT" : ""} NULL${k.condition ? ` AND (${k.condition.sql()})` : ""} THEN ${n}`,
  );
  return `CASE ${arms.join(" ")} END`;
}

/** Deleting a row for two reasons is no contradiction; updating it twice, or both, is (docs "MERGE", Duplicate join behavior). */
async function refuseDuplicates(
  t: Translation,
  clauses: readonly Clause[],
  deterministic: boolean,
  own: string,
  at: Target,
): Promise<void> {
  const updates = clauses.flatMap((k, n) => (k.action === "UPDATE" ? [n] : []));
  if (!deterministic || updates.length === 0) return;
  const { session } = t.statement;
  const twice = `SELECT "·r" FROM "·M" WHERE "·r" IS NOT NULL AND "·k" IS NOT NULL GROUP BY "·r" HAVING count(*) > 1 AND bool_or("·k" IN (${updates.join(", ")})) LIMIT 1`;
  const stored = at.columns.filter((col) => col.virtual === null);
  const found = await duckRun(session, `SELECT ${named(stored)} FROM ${own} WHERE rowid IN (${twice})`);
  if (found.rowCount === 0) return;
  const row = (await found.getRowsJson())[0] ?? [];
  throw errors.duplicateRow(
    row.map((v) => (typeof v === "string" && !/^-?\d+(\.\d+)?$/.test(v) ? JSON.stringify(v) : String(v ?? "NULL"))).join(", "),
  );
}

function action(t: Translation, at: Target, own: string, pairs: string, n: number, k: Clause): string {
  const mine = `${pairs}."·k" = ${n}`;
  if (k.action === "DELETE") return `DELETE FROM ${own} WHERE rowid IN (SELECT "·r" FROM ${pairs} WHERE ${mine})`;
  if (k.action === "UPDATE") {
    const set = k.values.map(({ column }, m) => `${duck(column.name)} = ${pairs}."·${n}_${m}"`).join(", ");
    return `UPDATE ${own} AS "·T" SET ${set} FROM ${pairs} WHERE "·T".rowid = ${pairs}."·r" AND ${mine}`;
  }
  const stored = at.columns.filter((col) => col.virtual === null);
  const written = stored.map((column) => {
    const m = k.values.findIndex((v) => v.column === column);
    return m < 0 ? unnamed(t, column) : `"·${n}_${m}"`;
  });
  return `INSERT INTO ${own} (${named(stored)}) SELECT ${written.join(", ")} FROM ${pairs} WHERE ${mine}`;
}

/** Only the kinds of changes that the statement has clauses for are counted (docs "MERGE"). */
function answer(clauses: readonly Clause[], counts: Readonly<Record<Clause["action"], number>>): SimResult {
  const names = {
    INSERT: "number of rows inserted",
    UPDATE: "number of rows updated",
    DELETE: "number of rows deleted",
  } as const;
  const told: Record<string, number> = {};
  for (const kind of ["INSERT", "UPDATE", "DELETE"] as const) {
    if (clauses.some((k) => k.action === kind)) told[names[kind]] = counts[kind];
  }
  return changed(told, statementTypes.merge, counts.INSERT + counts.UPDATE + counts.DELETE);
}
